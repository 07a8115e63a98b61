"""Ideas to improve the game, each compared with SpreadSMOTE, on the development half only.

    python -m benchmarks.scoreboard.ideas --data DIR --json docs/results/ideas.json

``idea_samplers.py`` and ``idea_games.py`` hold the ideas, ``families.py`` says which tables are
for development.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from numpy.typing import NDArray

from benchmarks.lib.public_tables import read_labelled
from benchmarks.lib.runs import Record, Runs, carry_out, command_line
from benchmarks.scoreboard.families import halves
from benchmarks.scoreboard.idea_games import GAMES, PerFeature, classifier
from benchmarks.scoreboard.idea_samplers import RULES, Judged, Reach, Rows, reaches, relabelled
from benchmarks.scoreboard.report import told
from gan_resample import GAMOSampler, SpreadSMOTE
from gan_resample.datasets import DataSet, as_dataset
from gan_resample.evaluation.metrics.scores import SCORES, Prediction
from gan_resample.evaluation.run.fold import impute, make_model
from gan_resample.evaluation.run.methods import choose_classifiers, choose_methods, with_seed
from gan_resample.evaluation.run.smote import fit_resample

Array = NDArray[Any]

MAX_ROWS, N_FOLDS = 1000, 3
CLASSIFIERS = ("logistic", "knn", "boosting")
WITHOUT_A_GAME: dict[str, dict[str, Any]] = {
    "no game: length 1.5": {"scale": 1.5},
    "no game: length 2": {"scale": 2.0},
    "no game: ten neighbours": {"k_neighbors": 10},
}
JUDGED = ("balanced_accuracy", "roc_auc", "average_precision", "brier_score")


# ---- one fold -----------------------------------------------------------------------------------


def sampled(X: pd.DataFrame, y: Array, seed: int) -> Iterator[tuple[str, Rows]]:
    """Yield the rows of every idea; all share one game."""
    gamo = GAMOSampler(random_state=seed)
    played = gamo.fit_resample(X, y)
    yield "SpreadSMOTE", SpreadSMOTE(random_state=seed).fit_resample(X, y)
    yield "GAMOSampler", played
    smote = with_seed(choose_methods(["smote"])["smote"].sampler, seed)
    yield "SMOTE", fit_resample(smote, X, y)[:2]
    for name, settings in WITHOUT_A_GAME.items():
        yield name, SpreadSMOTE(random_state=seed, **settings).fit_resample(X, y)
    for name, rule in RULES.items():
        sampler = Judged(random_state=seed)
        sampler.game, sampler.rule = gamo.game_, partial(rule, sampler)
        yield name, sampler.fit_resample(X, y)
    for name, wide in reaches(gamo.game_, X, y, seed).items():
        reach = Reach(k_neighbors=10, random_state=seed)
        reach.wide = wide
        yield name, reach.fit_resample(X, y)
    yield "a scale for each feature", PerFeature(random_state=seed).fit_resample(X, y)
    yield "rows of others by M's odds", relabelled(X, y, seed)


def play(folder: Path, name: str, fold: int) -> list[Record]:
    """Score every idea on one fold of one table."""
    torch.set_num_threads(1)
    data = as_dataset(name, *read_labelled(folder, name, MAX_ROWS, 0))
    split = data.splits(N_FOLDS, 1, 0)[fold]
    X, X_test = impute(data.X.iloc[split.train], data.X.iloc[split.test])
    y, y_test = data.codes[split.train], data.codes[split.test]
    about = {"data": name, "fold": fold}
    records = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for idea, (rows, labels) in sampled(X, y, fold):
            for kind, model in choose_classifiers(CLASSIFIERS).items():
                fitted = make_model(with_seed(model, fold), rows).fit(rows, labels)
                found = score(fitted.predict_proba(X_test), y_test, data)
                records.append(about | {"idea": idea, "classifier": kind} | found)
        for idea, (game, settings) in GAMES.items():
            start = time.perf_counter()
            P = classifier(game, fold, settings).fit(X, y).predict_proba(X_test)
            seconds = {"seconds": round(time.perf_counter() - start, 2)}
            found = score(P, y_test, data)
            records.append(about | {"idea": idea, "classifier": "own"} | found | seconds)
    return records


def score(P: Array, y: Array, data: DataSet) -> dict[str, float]:
    found = Prediction(y, P.argmax(axis=1), P, None, len(data.labels))
    return {name: round(SCORES[name](found), 5) for name in JUDGED}


# ---- the table ----------------------------------------------------------------------------------


def report(runs: Runs, jobs: list[Record], table: Callable[..., str]) -> str:
    """Differences to the geometry without a game, of samplers and of classifiers."""
    records = pd.DataFrame(runs.records)
    parts = []
    for title, reference, own in (
        ("samplers, mean of three classifiers", "SpreadSMOTE", records["classifier"] != "own"),
        ("classifiers", next(iter(GAMES)), records["classifier"] == "own"),
    ):
        keys = ["data", "fold", "classifier"]
        wide = records[own].pivot(index=keys, columns="idea", values=list(JUDGED))
        ideas = [i for i in records[own]["idea"].unique() if i != reference]
        rows = [[idea, *_gaps(wide, idea, reference)] for idea in ideas]
        heading = ["idea", "folds", *(name.replace("_", " ") for name in JUDGED)]
        parts.append(table(f"Minus {reference} ({title})", heading, rows))
    return "\n".join(parts)


def _gaps(wide: pd.DataFrame, idea: str, reference: str) -> list[str]:
    gaps = pd.DataFrame({s: wide[s][idea] - wide[s][reference] for s in JUDGED}).dropna()
    means = gaps.groupby(level="data").mean()
    n_folds = len(gaps.groupby(level=["data", "fold"]))
    return [str(n_folds), *(told(means[s], s) for s in JUDGED)]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = command_line(__doc__, "docs/results/ideas.json", ["development"])
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1])
    options = parser.parse_args(arguments)
    names = [path.name.removesuffix(".csv.gz") for path in options.data.glob("tabular/*.csv.gz")]
    jobs = [
        {"data": name, "fold": fold, "gives": [{"data": name, "fold": fold}]}
        for fold in options.folds
        for name in halves(names)[0]
    ]
    carry_out(options, jobs, partial(_run, options.data), report)
    return 0


def _run(folder: Path, job: Record) -> list[Record]:
    return play(folder, job["data"], job["fold"])


if __name__ == "__main__":
    sys.exit(main())
