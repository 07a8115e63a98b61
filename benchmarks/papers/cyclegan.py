"""The joint CycleGAN's table: few rows of one class, compared with other remedies.

    python -m benchmarks.papers.cyclegan --data DIR --json reproduce_cyclegan.json

``DIR`` holds ``horse2zebra64.npz``, ``pneumonia_mnist.npz`` (X_train, y_train, X_test, y_test) and
``tabular/``. Finished runs are kept in the JSON file, and the same command continues with missing
runs; ``--table`` only prints, and says what is missing.

Data: all horses and 25, 50, 75 or 100 zebras (64 x 64 pixels); all pneumonias and 100 normal
chests (28 x 28); both with their own test images. Five tables, 70 % of the rows for training. Each
seed has its own draw of the few rows, or split, and its own training. On a CPU horse2zebra is run
with 50 zebras and one seed only; on a GPU (``--device cuda``) everything is run, with translators
at full width.

Rows: the same network everywhere, that of CycleGANClassifier, trained for 1,000 rounds: of real
rows at their frequencies ("vanilla"), weighted by the inverse of class sizes ("cost weights") or
of effective numbers ("class-balanced"), with probabilities divided by the priors afterwards
("threshold scaling"), on rows over- or undersampled at random, on SMOTE's (of pixels, or SMOTENC);
"ALT" and "AUG" are CycleGANClassifier with 2,000 rounds, of which the classifier has half. Each
round of every classifier sees equally many rows, real and translated together (all of them if
undersampling leaves fewer).
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from imblearn.over_sampling import SMOTE, SMOTENC, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score, f1_score, roc_auc_score
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks.lib.environment import versions
from benchmarks.lib.public_tables import is_categorical, prepare, read_table
from benchmarks.lib.runs import Record, Runs, carry_out, command_line, mean_and_spread
from gan_resample import CollapseWarning, CycleGANClassifier, TinyClassWarning
from gan_resample.core.classifier import BaseGameClassifier
from gan_resample.core.parameters import game_param
from gan_resample.cyclegan.networks import ImageNets, TableNets
from gan_resample.engine.game import ClassifyingGame
from gan_resample.evaluation.run.methods import class_balanced_weights

Array = NDArray[Any]

IMAGES = {"horse2zebra64": 1, "pneumonia_mnist": 0}  # the class of which few are kept
TABLES = ("german_credit", "us_crime", "vehicle1", "wine_quality", "yeast4")
BATCH = {"horse2zebra64": 8, "pneumonia_mnist": 16}  # real rows per round of ALT and AUG
TABLE_BATCH = 128
ROUNDS = 2000  # of ALT and AUG; a classifier alone has half as many
BETAS = (0.9, 0.99, 0.999, 0.9999)
KEY = ("data", "few", "row", "seed")
ROWS = (
    "vanilla",
    "cost weights",
    "threshold scaling",
    *(f"class-balanced, beta {beta}" for beta in BETAS),
    "oversampling",
    "undersampling",
    "SMOTE",
    "ALT",
    "AUG",
)
SLIDES = {  # F1 of the slides' table for horse2zebra
    25: {"vanilla": ".0500", "ALT": ".8040", "AUG": ".8500"},
    50: {"vanilla": ".5580", "ALT": ".8320", "AUG": ".8620"},
    75: {"vanilla": ".7180", "ALT": ".8020", "AUG": ".8780"},
    100: {"vanilla": ".7680", "ALT": ".8220", "AUG": ".8520"},
}
BEST_BASELINE = {
    25: ".8263 (class-balanced)",
    50: ".8522 (oversampling and cost weights)",
    75: ".8699 (cost weights)",
    100: ".8735 (oversampling and cost weights)",
}


# ---- the network alone --------------------------------------------------------------------------


class AloneGame(ClassifyingGame):
    """The joint game's classifier on real rows at their frequencies, classes weighted or not."""

    moves: ClassVar[Mapping[str, str]] = {"classifier": "classifier"}
    weights: Tensor

    def __init__(
        self,
        *,
        shape: Sequence[int],
        counts: Sequence[int],
        hidden_layer_sizes: Sequence[int],
        class_weights: Sequence[float] | None,
        **others: Any,
    ) -> None:
        super().__init__()
        table = len(shape) == 1
        build: Any = TableNets(hidden_layer_sizes).classifier if table else ImageNets.classifier
        self.classifier = build(shape[0] if table else tuple(shape), len(counts))
        weights = [1.0] * len(counts) if class_weights is None else class_weights
        self.register_buffer("weights", torch.tensor(weights, dtype=torch.float32))

    def turns(self, x: Tensor, y: Tensor) -> Iterator[Mapping[str, Tensor]]:
        loss = cross_entropy(self.classifier(x), y, reduction="none")
        yield {"classifier": (self.weights[y] * loss).mean()}

    @property
    def predictor(self) -> nn.Module:
        return self.classifier


@dataclass(kw_only=True, eq=False, repr=False)
class AloneClassifier(BaseGameClassifier):
    """Plays :class:`AloneGame` with the joint classifier's settings."""

    class_weights: Sequence[float] | None = game_param(None, "array-like", None)

    _game = AloneGame

    def _plan_training(self, shape, deficits):
        return replace(super()._plan_training(shape, deficits), optimizer={"betas": (0.5, 0.999)})


# ---- data ---------------------------------------------------------------------------------------


def draw(job: Record) -> tuple[Any, Array, Any, Array]:
    """Training rows and test rows; the rare class is 1."""
    rng, folder = np.random.default_rng(job["seed"]), Path(job["folder"])
    if job["data"] in TABLES:
        found = read_table(folder, job["data"], 600 if job["quick"] else 1_000_000, job["seed"])
        X, X_test, y, y_test = train_test_split(
            found.X, found.y, train_size=0.7, stratify=found.y, random_state=job["seed"]
        )
        X, X_test = prepare(X, X_test)
        return X, y, X_test, y_test
    data, rare = images(folder / f"{job['data']}.npz"), IMAGES[job["data"]]
    y, y_test = ((data[f"y_{part}"] == rare).astype(int) for part in ("train", "test"))
    few = rng.permutation(np.flatnonzero(y == 1))[: 12 if job["quick"] else job["few"]]
    many = np.flatnonzero(y == 0)[: 60 if job["quick"] else None]
    kept = np.sort(np.concatenate([few, many]))
    return data["X_train"][kept], y[kept], data["X_test"], y_test


@lru_cache(maxsize=1)  # unpacking takes seconds
def images(file: Path) -> dict[str, Array]:
    return dict(np.load(file))


def resample(row: str, X: Any, y: Array, seed: int) -> tuple[Any, Array]:
    """Rows that the network alone is trained on."""
    samplers = {
        "oversampling": RandomOverSampler,
        "undersampling": RandomUnderSampler,
        "SMOTE": SMOTE,
    }
    if row not in samplers:
        return X, y
    sampler = samplers[row](random_state=seed)
    if isinstance(X, np.ndarray):
        flat, y = sampler.fit_resample(X.reshape(len(X), -1), y)
        return flat.reshape(-1, *X.shape[1:]).astype(X.dtype), y
    if row == "SMOTE" and (mask := is_categorical(X)).any():
        sampler = SMOTENC(np.flatnonzero(mask).tolist(), random_state=seed)
    return sampler.fit_resample(X, y)


# ---- runs ---------------------------------------------------------------------------------------


def fit(job: Record, X: Any, y: Array) -> Any:
    row, seed = job["row"], job["seed"]
    batch = BATCH.get(job["data"], TABLE_BATCH)
    rounds = 8 if job["quick"] else ROUNDS
    shared = {"device": job["device"], "random_state": seed}
    joint = shared | {"max_iter": rounds, "batch_size": batch}
    if job["device"] != "cpu":
        joint["width_multiplier"] = 1.0
    if row in ("ALT", "AUG"):
        return CycleGANClassifier(mode=row.lower(), **joint).fit(X, y)
    X, y = resample(row, X, y, seed)
    counts, weights = np.bincount(y), None
    if row == "cost weights":
        weights = (len(y) / (len(counts) * counts)).tolist()
    elif row.startswith("class-balanced"):
        weights = class_balanced_weights(counts, float(row.split()[-1])).tolist()
    alone = shared | {"max_iter": rounds // 2, "batch_size": 2 * batch}
    return AloneClassifier(class_weights=weights, **alone).fit(X, y)


def run(job: Record) -> list[Record]:
    """Train and test one row; "vanilla" gives "threshold scaling" too."""
    torch.set_num_threads(1)
    for kind in (CollapseWarning, TinyClassWarning):
        warnings.simplefilter("ignore", kind)
    X, y, X_test, y_test = draw(job)
    start = time.perf_counter()
    clf = fit(job, X, y)
    found = {"seconds": round(time.perf_counter() - start, 1), "rounds": clf.n_iter_}
    if job["row"] in ("ALT", "AUG"):
        found |= {"std_ratio": clf.std_ratio_[1], "distance": clf.distance_[1]}
    found |= {"rare": int(y.sum()), "others": int((y == 0).sum()), "device": job["device"]}
    P = clf.predict_proba(X_test)
    records = []
    for gives in job["gives"]:
        if gives["row"] == "threshold scaling":
            P = P / np.bincount(y)
            P = P / P.sum(axis=1, keepdims=True)
        own = {name: gives[name] for name in KEY}
        records.append(own | scores(y_test, P[:, 1]) | found | versions())
    return records


def scores(y: Array, p: Array) -> Record:
    chosen = (p > 0.5).astype(int)
    return {
        "f1": float(f1_score(y, chosen, zero_division=0.0)),
        "ba": float(balanced_accuracy_score(y, chosen)),
        "auc": float(roc_auc_score(y, p)),
    }


def jobs_of(options: argparse.Namespace) -> Iterator[Record]:
    """Yield the jobs to run, one seed after another, so that early tables are complete."""
    on_cpu = options.device == "cpu"
    for seed in range(options.seeds):
        for data in options.sets:
            counts: tuple[Any, ...] = ("",)
            if data == "pneumonia_mnist":
                counts = (100,)
            elif data == "horse2zebra64":
                counts = (50,) if on_cpu else (25, 50, 75, 100)
                if on_cpu and seed:
                    continue
            for few in counts:
                for row in ROWS:
                    # ALT takes as long as AUG: on a CPU only the better mode of the slides
                    if row == "threshold scaling" or (
                        on_cpu and data == "horse2zebra64" and row == "ALT"
                    ):
                        continue
                    yield make_job(options, data, few, row, seed)


def make_job(options: argparse.Namespace, data: str, few: Any, row: str, seed: int) -> Record:
    job = {"data": data, "few": few, "row": row, "seed": seed}
    also = {"folder": str(options.data), "device": options.device, "quick": options.quick}
    gives = [dict(job)]
    if row == "vanilla":
        gives.append(job | {"row": "threshold scaling"})
    return job | also | {"gives": gives}


# ---- table --------------------------------------------------------------------------------------


def report(runs: Runs, jobs: list[Record], write: Any) -> str:
    """Return a table for each data set, formatted by ``write(title, header, rows)``."""
    cases = dict.fromkeys((job["data"], job["few"]) for job in jobs)
    parts = [write(*of_images(runs, *case)) for case in cases if case[0] in IMAGES]
    if tables := [data for data, _ in cases if data in TABLES]:
        for name, title in (("ba", "balanced accuracy"), ("f1", "F1"), ("auc", "ROC AUC")):
            rows = [[row, *(cell(runs, data, "", row, name) for data in tables)] for row in ROWS]
            header = ["row", *tables]
            parts.append(write(f"Tables: {title}, mean ± sd (seeds)", header, rows))
    return "\n\n".join(parts)


def of_images(runs: Runs, data: str, few: int) -> tuple[str, list[str], list[list[str]]]:
    slides = SLIDES[few] if data == "horse2zebra64" else {}
    header = ["row", *(["slides' F1"] if slides else []), "F1", "balanced accuracy", "ROC AUC"]
    rows = []
    for row in ROWS:
        own = [cell(runs, data, few, row, name) for name in ("f1", "ba", "auc")]
        rows.append([row, *([slides.get(row, "")] if slides else []), *own])
    title = f"{data}, {few} of the rare class: test images, mean ± sd (seeds)"
    if slides:
        title += f"; the slides' best baseline has F1 {BEST_BASELINE[few]}"
    return title, header, rows


def cell(runs: Runs, data: str, few: Any, row: str, name: str) -> str:
    found = runs.select(data=data, few=few, row=row)
    figure = mean_and_spread([record[name] for record in found])
    return f"{figure} ({len(found)})" if found else ""


def main() -> None:
    options = command_line(__doc__, "reproduce_cyclegan.json", (*IMAGES, *TABLES)).parse_args()
    if options.quick:
        options.seeds = 1
    carry_out(options, list(jobs_of(options)), run, report)


if __name__ == "__main__":
    main()
