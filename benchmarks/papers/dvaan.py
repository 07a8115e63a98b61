"""DVAAN's table: pairs of classes with few positives, with the paper's figures.

    python -m benchmarks.papers.dvaan --data DIR --json reproduce_dvaan.json

``DIR`` holds ``mnist.npz``, ``fashion_mnist.npz``, ``cifar10.npz`` (X_train, y_train, X_test,
y_test) and ``tabular/``. Finished runs are kept in the JSON file, and the same command continues
with missing runs; ``--table`` only prints, and says what is missing.

Data: MNIST 5 and 6, Fashion-MNIST sandal and sneaker, CIFAR-10 cat and dog, the first of each pair
positive (of CIFAR-10 3500 cats, 3000 dogs and 250 test images a class). All negatives are kept,
and one positive for each 5, 10 or 50 of them. The paper's fourth data set, TIS, is not available;
three tables replace it: splice (EI against the rest), coil_2000 and us_crime, 70 % of the rows for
training, positives thinned to 1:10 if there are more. Each seed has its own draw and training.

Networks: "flat" are perceptrons on the pixels (256 and 128 wide; discriminator 128 and 64); "conv"
the paper's convolutions, at full width on a GPU (``--device cuda``), at a quarter on a CPU and
then for MNIST 1:10 only. On a CPU there are 1,000 rounds of 64 images (flat) and 500 (conv). All
rows train the same networks with the settings of DVAANClassifier, except for those given here.

Rows: "VAE-GAN" has one prior for both classes (mu = 0) and no pool; "balanced batches" draws
equally many rows of each class. "DVAAN mu" has a fixed mu, "DVAAN a" no pool, "DVAAN" both.
"PAPER_SETTINGS" are those of gan_resample.dvaan, with the losses and the rule for mu as corrected
there. "discriminator alone" learns from real rows only, with or without class weights.
"""

from __future__ import annotations

import argparse
import math
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks.lib.environment import versions
from benchmarks.lib.public_tables import prepare, read_table
from benchmarks.lib.runs import Record, Runs, carry_out, command_line, mean_and_spread
from gan_resample import BoundaryWarning, CollapseWarning, DVAANClassifier, TinyClassWarning
from gan_resample.dvaan import PAPER_SETTINGS, DVAANGame
from gan_resample.engine.batches import balanced_batches
from gan_resample.nn.modules import MLP

Array = NDArray[Any]

RATIOS = (5, 10, 50)
PAIRS = {"mnist": (5, 6), "fashion_mnist": (5, 7), "cifar10": (3, 5)}  # positive, negative
TABLES = ("splice", "coil_2000", "us_crime")
SHORT = {"flat": 1000, "conv": 500}  # rounds of 64 images on a CPU; otherwise the default
KEY = ("data", "ratio", "networks", "row", "seed")
VAE_GAN = {"mu": 0.0, "adapt_mu": False, "augment": None}
ROWS: dict[str, dict[str, Any]] = {
    "discriminator alone": {},
    "discriminator alone, class weights": {},
    "VAE-GAN": VAE_GAN,
    "VAE-GAN, balanced batches": VAE_GAN,
    "DVAAN mu": {"adapt_mu": False},
    "DVAAN a": {"augment": None},
    "DVAAN": {},
    "DVAAN, PAPER_SETTINGS": {k: v for k, v in PAPER_SETTINGS.items() if k != "width_multiplier"},
}
PAPER = {  # AUC of its table 1, at 1:5
    "VAE-GAN": (".9152", ".8712", ".8987"),
    "VAE-GAN, balanced batches": (".9617", ".8835", ".9219"),
    "DVAAN mu": (".9628", ".9034", ".9337"),
    "DVAAN a": (".9776", ".9175", ".9483"),
    "DVAAN": (".9871", ".9233", ".9617"),
}


# ---- methods ------------------------------------------------------------------------------------


class BalancedGame(DVAANGame):
    """DVAAN's game on mini-batches with equally many rows of each class."""

    def batches(self, y: Tensor, size: int) -> Iterator[Tensor]:
        return balanced_batches(y, size)


class AloneGame(DVAANGame):
    """The discriminator without a game; ``balanced``: rows have weights ``n / (c n_i)``."""

    moves: ClassVar[Mapping[str, str]] = {"discriminator": "discriminator"}
    weights: Tensor

    def __init__(self, *, balanced: bool, counts: Sequence[int], **others: Any) -> None:
        super().__init__(counts=counts, **(others | {"augment": None}))
        weights = sum(counts) / (len(counts) * torch.tensor(counts, dtype=torch.float32))
        self.register_buffer("weights", weights if balanced else torch.ones_like(weights))
        self.recognition.requires_grad_(False)
        self.decoder.requires_grad_(False)

    def turns(self, x: Tensor, y: Tensor) -> Iterator[Mapping[str, Tensor]]:
        loss = cross_entropy(self.logits(x), y, reduction="none")
        yield {"discriminator": (self.weights[y] * loss).mean()}


class BalancedClassifier(DVAANClassifier):
    _game: ClassVar[Any] = BalancedGame


class AloneClassifier(DVAANClassifier):
    _game: ClassVar[Any] = AloneGame
    balanced = False

    @property
    def _game_params(self) -> Sequence[str]:
        return (*super()._game_params, "balanced")


class WeightedClassifier(AloneClassifier):
    balanced = True


KINDS = {
    "discriminator alone": AloneClassifier,
    "discriminator alone, class weights": WeightedClassifier,
    "VAE-GAN, balanced batches": BalancedClassifier,
}


def flat_recognition(n_in: Sequence[int], n_out: int) -> nn.Module:
    layers = MLP(math.prod(n_in), n_out, (256, 128), nn.ReLU, norm=nn.LayerNorm)
    return nn.Sequential(nn.Flatten(), layers)


def flat_decoder(n_in: int, n_out: Sequence[int]) -> nn.Module:
    layers = MLP(n_in, math.prod(n_out), (128, 256), nn.ReLU, norm=nn.LayerNorm)
    return nn.Sequential(layers, nn.Tanh(), nn.Unflatten(1, tuple(n_out)))


def flat_features(n_in: Sequence[int], n_out: int) -> nn.Module:
    slope = partial(nn.LeakyReLU, 0.2)
    layers = MLP(math.prod(n_in), 64, (128,), slope, norm=nn.LayerNorm)
    return nn.Sequential(nn.Flatten(), layers, slope(), nn.LayerNorm(64))


FLAT = {
    "recognition": flat_recognition,
    "decoder": flat_decoder,
    "feature_extractor": flat_features,
}


# ---- data ---------------------------------------------------------------------------------------


def draw(job: Record) -> tuple[Any, Array, Any, Array]:
    """Training rows with few positives, and test rows; labels are 1 for positives."""
    rng = np.random.default_rng(job["seed"])
    folder = Path(job["folder"])
    if job["networks"] == "table":
        return draw_table(folder, job["data"], job["seed"], rng, job["quick"])
    data, pair = images(folder / f"{job['data']}.npz"), PAIRS[job["data"]]
    found: list[Any] = []
    for part in ("train", "test"):
        X, y = data[f"X_{part}"], data[f"y_{part}"]
        kept = np.isin(y, pair)
        found += [X[kept], (y[kept] == pair[0]).astype(int)]
    X, y, X_test, y_test = found
    kept = thin(rng, y, job["ratio"], 200 if job["quick"] else None)
    return X[kept], y[kept], X_test, y_test


@lru_cache(maxsize=1)  # unpacking takes seconds
def images(file: Path) -> dict[str, Array]:
    return dict(np.load(file))


def draw_table(
    folder: Path, name: str, seed: int, rng: np.random.Generator, quick: bool
) -> tuple[Any, Array, Any, Array]:
    found = read_table(folder, name, 600 if quick else 1_000_000, seed)
    y = (found.y > 0).astype(int)
    if name == "splice":  # three classes, the largest first: EI is one of the two others
        y = (found.y == found.y.max()).astype(int)
    X, X_test, y, y_test = train_test_split(
        found.X, y, train_size=0.7, stratify=y, random_state=seed
    )
    kept = thin(rng, y, 10)
    X, X_test = prepare(X.iloc[kept], X_test)
    return X, y[kept], X_test, y_test


def thin(rng: np.random.Generator, y: Array, ratio: int, most: int | None = None) -> Array:
    """Keep all negatives (or ``most``) and one positive for every ``ratio`` of them, if any."""
    positive, negative = (np.flatnonzero(y == code) for code in (1, 0))
    negative = negative[:most]
    few = rng.permutation(positive)[: max(4, round(len(negative) / ratio))]
    return np.sort(np.concatenate([few, negative]))


# ---- runs ---------------------------------------------------------------------------------------


def settings_of(job: Record) -> dict[str, Any]:
    settings = {"device": job["device"], "random_state": job["seed"]}
    on_cpu, networks = job["device"] == "cpu", job["networks"]
    if on_cpu and networks in SHORT:
        settings |= {"max_iter": SHORT[networks], "batch_size": 64}
    if job["quick"]:
        settings["max_iter"] = 6
    if networks == "conv":
        settings["width_multiplier"] = 0.25 if on_cpu else 1.0
    return settings | (FLAT if networks == "flat" else {})


def run(job: Record) -> list[Record]:
    """Train and test one row."""
    torch.set_num_threads(1)
    for kind in (BoundaryWarning, CollapseWarning, TinyClassWarning):
        warnings.simplefilter("ignore", kind)  # their figures are in the record
    X, y, X_test, y_test = draw(job)
    row = job["row"]
    start = time.perf_counter()
    clf = KINDS.get(row, DVAANClassifier)(**(settings_of(job) | ROWS[row])).fit(X, y)
    seconds = time.perf_counter() - start
    P = clf.predict_proba(X_test)[:, 1]
    found: Record = {name: job[name] for name in KEY}
    found |= {"auc": float(roc_auc_score(y_test, P)), "rounds": clf.n_iter_}
    found["ba"] = float(balanced_accuracy_score(y_test, P > 0.5))
    found |= {"positives": int(y.sum()), "negatives": int((y == 0).sum())}
    if row not in ("discriminator alone", "discriminator alone, class weights"):
        path = [epoch["mu"] for epoch in clf.history_]
        found["mu"] = [round(value, 3) for value in (min(path), path[-1], max(path))]
        found["acceptance"] = clf.acceptance_[1]
    return [found | {"seconds": round(seconds, 1), "device": job["device"], **versions()}]


def jobs_of(options: argparse.Namespace) -> Iterator[Record]:
    """Yield the jobs to run, one seed after another, so that early tables are complete."""
    on_cpu = options.device == "cpu"
    for seed in range(options.seeds):
        for data in options.sets:
            if data in TABLES:
                cases: list[tuple[Any, str]] = [("", "table")]
            else:
                cases = [(ratio, "flat") for ratio in RATIOS]
                full = not on_cpu and data != "cifar10"
                cases += [(ratio, "conv") for ratio in (RATIOS if full else ())]
                cases += [(10, "conv")] if on_cpu and data == "mnist" else []
            for ratio, networks in cases:
                for row in ROWS:
                    yield make_job(options, data, ratio, networks, row, seed)


def make_job(
    options: argparse.Namespace, data: str, ratio: Any, networks: str, row: str, seed: int
) -> Record:
    job = {"data": data, "ratio": ratio, "networks": networks, "row": row, "seed": seed}
    also = {"folder": str(options.data), "device": options.device, "quick": options.quick}
    return job | also | {"gives": [dict(job)]}


# ---- table --------------------------------------------------------------------------------------


def report(runs: Runs, jobs: list[Record], write: Any) -> str:
    """Return a table for each data set, formatted by ``write(title, header, rows)``."""
    parts = []
    for data in dict.fromkeys(job["data"] for job in jobs if job["networks"] != "table"):
        own = [job for job in jobs if job["data"] == data]
        columns = list(dict.fromkeys((job["ratio"], job["networks"]) for job in own))
        header = ["row", "paper, 1:5", *(f"1:{ratio}, {nets}" for ratio, nets in columns)]
        place = list(PAIRS).index(data)
        rows = [
            [row, PAPER[row][place] if row in PAPER else "", *cells(runs, data, row, columns)]
            for row in ROWS
        ]
        parts.append(write(f"{data}: AUC on test images, mean ± sd (seeds)", header, rows))
    if tables := list(dict.fromkeys(job["data"] for job in jobs if job["networks"] == "table")):
        rows = [
            [row, *(next(cells(runs, t, row, [("", "table")])) for t in tables)] for row in ROWS
        ]
        parts.append(write("Tables: AUC on test rows, mean ± sd (seeds)", ["row", *tables], rows))
    return "\n\n".join(parts)


def cells(runs: Runs, data: str, row: str, columns: Any) -> Iterator[str]:
    for ratio, networks in columns:
        found = runs.select(data=data, row=row, ratio=ratio, networks=networks)
        figure = mean_and_spread([r["auc"] for r in found], digits=4)
        yield f"{figure} ({len(found)})" if found else ""


def main() -> None:
    options = command_line(__doc__, "reproduce_dvaan.json", (*PAIRS, *TABLES)).parse_args()
    if options.quick:
        options.seeds = 1
    carry_out(options, list(jobs_of(options)), run, report)


if __name__ == "__main__":
    main()
