"""How good the games are after how many rounds: the curves from which defaults are chosen.

    python -m benchmarks.scoreboard.rounds --data DIR --half development
    python -m benchmarks.scoreboard.rounds --data DIR --images mnist fashion_mnist
    python -m benchmarks.scoreboard.rounds --report rounds.jsonl

``DIR`` as for the scoreboard, whose tables and halves these are: at most 1,000 rows of each, three
folds. Samplers balance the classes and are scored by three classifiers with their default
settings, games that classify by themselves; decisions and probabilities are those that a user
gets. Images are thinned to 900, and flat for the classifiers beside a sampler, of which boosting
is left out.

A curve is one fit that is continued (``warm_start``); where the course of a game depends on how
many rounds it is to play, each point is a fit of its own. Curves are appended to a file as they
come, and the same command goes on with what is missing.

The rule, written down before the curves were seen: a default is replaced by the smallest number of
rounds for which the 95 % t-interval over tables leaves out a loss of half a point against today's
default in each of balanced accuracy, ROC AUC and Brier score (times 100). Where there is none, it
stays.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.lib.output import markdown_table, rst_table
from benchmarks.scoreboard.parts import (
    SCORED,
    Part,
    Record,
    load,
    part_of,
    run_missing,
    table_names,
)
from gan_resample.evaluation.results.intervals import Difference, over_data
from gan_resample.evaluation.run.fold import make_model
from gan_resample.evaluation.run.methods import choose_classifiers, choose_methods, with_seed
from gan_resample.evaluation.run.smote import fit_resample

COUNTS = (400, 200, 100, 75, 50, 35, 20, 10, 6, 4)  # a tenth of those of GAMO's paper
N_TEST = 50  # images of a class
JUDGES = ("logistic", "forest", "boosting")
SAMPLERS = ("gamo", "dvaan", "pgan", "cyclegan")
CLASSIFIERS = ("gamo", "dvaan", "pgan", "cyclegan", "egan")
# the course of these depends on how many rounds they are to play: warm-ups and phases
OF_PLANNED_ROUNDS = (("sampler", "dvaan"), ("classifier", "dvaan"), ("classifier", "cyclegan"))
ROUNDS = (50, 100, 200, 400, 800)
SHORT = ("bal. acc.", "AUC", "AP", "Brier", "log loss")
FOLDS = 3
LOSS = 0.5  # points
SETTINGS = ("half", "max_rows", "rounds", "against", "images")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--report", type=Path, metavar="FILE", help="tabulate these records, and run nothing")
    add("--rst", metavar="TITLE", help="the table in reStructuredText")
    add("--data", type=Path, metavar="DIR", help="folder that holds tabular/")
    add("--half", choices=["development", "confirmation"], default="development")
    add("--records", type=Path, default=Path("rounds.jsonl"), help="appended to")
    add("--samplers", nargs="*", default=SAMPLERS, metavar="NAME")
    add("--classifiers", nargs="*", default=CLASSIFIERS, metavar="NAME")
    add("--rounds", nargs="+", type=int, default=[*ROUNDS], help="fewer than those of --against")
    add("--against", type=int, metavar="N", help="rounds to compare with; default: a game's own")
    add("--images", nargs="*", default=[], metavar="NAME", help="NAME.npz, in place of tables")
    add("--tables", nargs="+", metavar="NAME", help="default: all of the half")
    add("--seeds", type=int, default=3, help="of splits and games")
    add("--folds", type=int, default=FOLDS, choices=[1, 2, 3], help="played of each seed's three")
    add("--max-rows", type=int, default=1000, help="stratified cap")
    options = parser.parse_args(arguments)
    if options.report is None and options.data is None:
        parser.error("say where the tables are: --data DIR")
    return options


def jobs_of(options: argparse.Namespace) -> Iterator[Record]:
    games = [("sampler", name) for name in options.samplers]
    games += [("classifier", name) for name in options.classifiers]
    names = options.images or table_names(options)
    splits = product(range(options.folds), range(options.seeds))  # a fold of each seed comes first
    for (fold, seed), (kind, game), table in product(splits, games, names):
        place = {"table": table, "seed": seed, "fold": (seed + fold) % FOLDS}
        yield {"kind": kind, "game": game} | place


def run(job: Record, options: argparse.Namespace) -> Record:
    """Score a game after each number of rounds; the last is what others are set against."""
    seed, fold = job["seed"], job["fold"]
    if options.images:
        part = image_part(options.data / f"{job['table']}.npz", FOLDS * seed + fold)
    else:
        part = part_of(options.data, job["table"], options.max_rows, FOLDS, seed, fold)
    if job["kind"] == "sampler":
        [game] = [method.sampler for method in choose_methods([job["game"]]).values()]
    else:
        [game] = choose_classifiers([job["game"]]).values()
    most = options.against or game.max_iter
    if most is None:
        raise SystemExit(f"{job['game']} has other rounds for other rows: name one, --against N")
    numbers = [n for n in sorted(options.rounds) if n < most] + [most]
    goes_on = (job["kind"], job["game"]) not in OF_PLANNED_ROUNDS
    curve, played, seconds = {}, 0, 0.0
    game = with_seed(game, seed).set_params(warm_start=goes_on)
    for number in numbers:
        start = time.process_time()
        game.set_params(max_iter=number - played)
        fitted, scores = play(game, part, seed)
        if goes_on:
            played = number
            seconds += fitted - start
        else:
            seconds = fitted - start
        curve[number] = {"seconds": seconds, **scores}
    return {"curve": curve}


def play(game: Any, part: Part, seed: int) -> tuple[float, Record]:
    """Fit a game, going on if it does; return the CPU time after the fit, and the scores.

    Those of a sampler are means over its judges.
    """
    if not hasattr(game, "fit_resample"):
        game.fit(part.X, part.y)
        end = time.process_time()
        return end, part.score(game.predict_proba(part.X_test), decide_at_prior=False)
    X, y, _ = fit_resample(game, part.X, part.y)
    end = time.process_time()
    X_test, judges = part.X_test, JUDGES
    if isinstance(X, np.ndarray):
        X, X_test = (pd.DataFrame(images.reshape(len(images), -1)) for images in (X, X_test))
        judges = JUDGES[:2]
    found = []
    for judge in choose_classifiers(judges).values():
        model = with_seed(make_model(judge, X), seed).fit(X, y)
        found.append(part.score(model.predict_proba(X_test), decide_at_prior=False))
    return end, pd.DataFrame(found).mean().to_dict()


def image_part(file: Path, seed: int) -> Part:
    """Draw thinned training images and as many test images of each class."""
    rng, data = np.random.default_rng(seed), np.load(file)
    found: list[Any] = []
    for name, counts in (("train", COUNTS), ("test", [N_TEST] * len(COUNTS))):
        y = data[f"y_{name}"]
        drawn = [
            rng.choice(np.flatnonzero(y == label), n, replace=False)
            for label, n in enumerate(counts)
        ]
        at = np.concatenate(drawn)
        found += [data[f"X_{name}"][at].astype(np.float32) / 255, y[at]]
    return Part(*found)


def report(records: Sequence[Record], title: str | None = None) -> str:
    """Return differences to the default number of rounds, in points, for each game."""
    lines = [
        {name: record[name] for name in ("kind", "game", "table", "seed", "fold")}
        | {"rounds": int(number), "default": number == [*record["curve"]][-1]}
        | point
        for record in records
        if "about" not in record
        for number, point in record["curve"].items()
    ]
    scores, place = pd.DataFrame(lines), ["kind", "game", "table", "seed", "fold"]
    base = scores[scores["default"]].set_index(place).drop(columns=["rounds", "default"])
    both = scores.join(base.add_suffix(" of default"), on=place)
    rows = []
    for (kind, game, rounds), part in both[~both["default"]].groupby(["kind", "game", "rounds"]):
        cells = {
            name: over_data(
                (part[name] - part[f"{name} of default"]).groupby(part["table"]).mean() * 100
            )
            for name in SCORED
        }
        told = [f"{cell.mean:+.2f} ± {(cell.high - cell.low) / 2:.2f}" for cell in cells.values()]
        cost = (part["seconds"] / part["seconds of default"]).median()
        kept = "yes" if no_loss(cells) else "no"
        n_tables = str(part["table"].nunique())
        rows.append([f"{kind} {game}", str(rounds), n_tables, *told, f"{cost:.2f}", kept])
    titles = ("game", "rounds", "tables", *SHORT, "cost", f"no loss of {LOSS}")
    return markdown_table(titles, rows) if title is None else rst_table(title, titles, rows)


def no_loss(cells: Mapping[str, Difference]) -> bool:
    """Whether the intervals leave out a loss of half a point in the three scores of the rule."""
    higher = all(cells[name].low > -LOSS for name in ("balanced_accuracy", "roc_auc"))
    return higher and cells["brier_score"].high < LOSS


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    if options.report is not None:
        print(report(load(options.report), options.rst))
        return 0
    settings = {name: getattr(options, name) for name in SETTINGS}
    run_missing(options.records, settings, jobs_of(options), partial(run, options=options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
