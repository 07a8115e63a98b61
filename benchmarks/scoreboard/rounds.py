"""How good the games are after how many rounds: the curves from which defaults are chosen.

    python -m benchmarks.scoreboard.rounds --data DIR --half development
    python -m benchmarks.scoreboard.rounds --report rounds.jsonl

``DIR`` as for the scoreboard, whose tables and halves these are: at most 1,000 rows of each, one
of three folds for each seed. Samplers balance the classes and are scored by three classifiers with
their default settings, games that classify by themselves; decisions and probabilities are those
that a user gets. Records are appended to a file as they come, and the same command goes on with
what is missing: numbers of rounds come one after another, each over all tables.

The rule, written down before the curves were seen: a default is replaced by the smallest number of
rounds for which the 95 % t-interval over tables leaves out a loss of half a point against today's
default in each of balanced accuracy, ROC AUC and Brier score (times 100). Where there is none, it
stays.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path

import pandas as pd

from benchmarks.lib.output import markdown_table
from benchmarks.scoreboard.parts import (
    SCORED,
    Part,
    Record,
    load,
    part_of,
    run_missing,
    table_names,
)
from gan_resample.evaluation.results.intervals import over_data
from gan_resample.evaluation.run.fold import make_model
from gan_resample.evaluation.run.methods import choose_classifiers, choose_methods, with_seed
from gan_resample.evaluation.run.smote import fit_resample

JUDGES = ("logistic", "forest", "boosting")
SAMPLERS = ("gamo", "dvaan", "pgan", "cyclegan")
CLASSIFIERS = ("gamo", "dvaan", "pgan", "cyclegan", "egan")
ROUNDS = (100, 200, 400, 800, 50, 1500, 3000)  # beside today's default, which comes first
DEFAULT = 0  # stands for the default number of rounds
FOLDS = 3
SETTINGS = ("half", "max_rows")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--report", type=Path, metavar="FILE", help="tabulate these records, and run nothing")
    add("--data", type=Path, metavar="DIR", help="folder that holds tabular/")
    add("--half", choices=["development", "confirmation"], default="development")
    add("--records", type=Path, default=Path("rounds.jsonl"), help="appended to")
    add("--samplers", nargs="*", default=SAMPLERS, metavar="NAME")
    add("--classifiers", nargs="*", default=CLASSIFIERS, metavar="NAME")
    add("--rounds", nargs="+", type=int, default=ROUNDS)
    add("--tables", nargs="+", metavar="NAME", help="default: all of the half")
    add("--seeds", type=int, default=3, help="of splits and games; each is another fold")
    add("--max-rows", type=int, default=1000, help="stratified cap")
    options = parser.parse_args(arguments)
    if options.report is None and options.data is None:
        parser.error("say where the tables are: --data DIR")
    return options


def jobs_of(options: argparse.Namespace) -> Iterator[Record]:
    games = [("sampler", name) for name in options.samplers]
    games += [("classifier", name) for name in options.classifiers]
    each = (range(options.seeds), (DEFAULT, *options.rounds), games, table_names(options))
    for seed, rounds, (kind, game), table in product(*each):
        yield {"kind": kind, "game": game, "rounds": rounds, "table": table, "seed": seed}


def run(job: Record, options: argparse.Namespace) -> Record:
    """Fit one game and score it; the scores of a sampler are means over its judges."""
    seed = job["seed"]
    place = (options.data, job["table"], options.max_rows, FOLDS, seed)
    part, rounds = part_of(*place, seed % FOLDS), job["rounds"] or None
    start = time.process_time()
    if job["kind"] == "classifier":
        [game] = choose_classifiers([job["game"]], rounds).values()
        scores = score(game, part, part.X, part.y, seed)
        return {"seconds": time.process_time() - start, "scores": scores}
    [method] = choose_methods([job["game"]], rounds).values()
    X, y, _ = fit_resample(with_seed(method.sampler, seed), part.X, part.y)
    seconds = time.process_time() - start
    judges = choose_classifiers(JUDGES).values()
    found = pd.DataFrame([score(judge, part, X, y, seed) for judge in judges])
    return {"seconds": seconds, "scores": found.mean().to_dict()}


def score(classifier: object, part: Part, X: pd.DataFrame, y: object, seed: int) -> Record:
    model = with_seed(make_model(classifier, X), seed).fit(X, y)
    return part.score(model.predict_proba(part.X_test), decide_at_prior=False)


def report(records: Sequence[Record]) -> str:
    """Return differences to the default number of rounds, in points, for each game."""
    lines = [
        {name: r[name] for name in ("kind", "game", "rounds", "table", "seed", "seconds")}
        | r["scores"]
        for r in records
        if "about" not in r
    ]
    scores, place = pd.DataFrame(lines), ["kind", "game", "table", "seed"]
    base = scores[scores["rounds"] == DEFAULT].set_index(place).drop(columns="rounds")
    both = scores.join(base.add_suffix(" of default"), on=place, how="inner")
    rows = []
    for (kind, game, rounds), part in both.groupby(["kind", "game", "rounds"]):
        gaps = {
            name: 100 * (part[name] - part[f"{name} of default"]).groupby(part["table"]).mean()
            for name in SCORED
        }
        cells = [over_data(gaps[name].to_numpy()) for name in SCORED]
        told = [f"{cell.mean:+.2f} ± {(cell.high - cell.low) / 2:.2f}" for cell in cells]
        cost = (part["seconds"] / part["seconds of default"]).median()
        n_tables = str(part["table"].nunique())
        rows.append([f"{kind} {game}", str(rounds or "default"), n_tables, *told, f"{cost:.2f}"])
    titles = ("game", "rounds", "tables", "bal. acc.", "AUC", "AP", "Brier", "log loss", "cost")
    return markdown_table(titles, rows)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    if options.report is not None:
        print(report(load(options.report)))
        return 0
    settings = {name: getattr(options, name) for name in SETTINGS}
    run_missing(options.records, settings, jobs_of(options), partial(run, options=options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
