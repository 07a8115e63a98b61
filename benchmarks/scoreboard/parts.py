"""Tables of one half of the scoreboard, parted for training and testing, and records of studies.

A study appends records to a text file as they come, and goes on with what is missing there.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.lib.environment import one_thread, versions
from benchmarks.lib.public_tables import read_labelled
from benchmarks.scoreboard.families import halves
from gan_resample.datasets import DataSet, as_dataset
from gan_resample.evaluation.metrics.scores import SCORES, Prediction
from gan_resample.evaluation.run.fold import impute

Array = NDArray[Any]
Record = dict[str, Any]

SCORED = ("balanced_accuracy", "roc_auc", "average_precision", "brier_score", "log_loss")


@dataclass(frozen=True)
class Part:
    """One split of a table, imputed and scaled; class codes, the largest class first."""

    X: pd.DataFrame
    y: Array
    X_test: pd.DataFrame
    y_test: Array

    @property
    def prior(self) -> Array:
        return np.bincount(self.y) / len(self.y)

    def score(self, P: Array, *, decide_at_prior: bool = True) -> dict[str, float]:
        """Score probabilities, decided at the prior or for the largest of them."""
        decided = (P / self.prior if decide_at_prior else P).argmax(axis=1)
        found = Prediction(self.y_test, decided, P, None, len(self.prior))
        return {name: SCORES[name](found) for name in SCORED}


def table_names(options: argparse.Namespace) -> list[str]:
    names = [path.name.removesuffix(".csv.gz") for path in options.data.glob("tabular/*.csv.gz")]
    own = dict(zip(("development", "confirmation"), halves(names), strict=True))[options.half]
    return [name for name in own if options.tables is None or name in options.tables]


@cache
def read(folder: Path, name: str, max_rows: int) -> DataSet:
    return as_dataset(name, *read_labelled(folder, name, max_rows, seed=0))


@cache
def part_of(folder: Path, name: str, max_rows: int, n_folds: int, seed: int, fold: int) -> Part:
    data = read(folder, name, max_rows)
    split = data.splits(n_folds, 1, seed)[fold]
    X, X_test = impute(data.X.iloc[split.train], data.X.iloc[split.test])
    return Part(X, data.codes[split.train], X_test, data.codes[split.test])


# ---- records ------------------------------------------------------------------------------------


def load(path: Path) -> list[Record]:
    """Read records; a line that a killed run left half-written is passed over."""
    found = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return found


def run_missing(
    path: Path, settings: Record, jobs: Iterable[Record], run: Callable[[Record], Record]
) -> None:
    """Run the jobs that a file has no records of, and append what they find.

    Raises
    ------
    SystemExit
        The file holds records that were made with other settings.
    """
    jobs, records = [*jobs], load(path)
    for about in (record["about"] for record in records if "about" in record):
        if (then := {name: about[name] for name in settings}) != settings:
            raise SystemExit(f"{path} holds records of {then}, not of {settings}: name another")
    key = [*jobs[0]] if jobs else []
    done = {tuple(r[name] for name in key) for r in records if "about" not in r}
    jobs = [job for job in jobs if tuple(job.values()) not in done]
    warnings.simplefilter("ignore")  # small classes and iterations, thousands of times
    with path.open("a") as file, one_thread():
        # a line of its own even after a torn one
        file.write(f"\n{json.dumps({'about': settings | versions()})}\n")
        start = time.perf_counter()
        for number, job in enumerate(jobs, start=1):
            file.write(json.dumps(job | run(job)) + "\n")
            file.flush()
            if number % 100 == 0 or number == len(jobs):
                minutes = (time.perf_counter() - start) / 60
                print(f"{number} of {len(jobs)}, {minutes:.1f} min: {job}", flush=True)
