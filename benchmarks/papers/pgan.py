"""Polarity-GAN's table: thinned MNIST and Fashion-MNIST, with the paper's figures.

    python -m benchmarks.papers.pgan --data DIR --json reproduce_pgan.json

``DIR`` holds ``mnist.npz`` and ``fashion_mnist.npz`` (X_train, y_train, X_test, y_test). Finished
runs are kept in the JSON file, and the same command continues with missing runs; ``--table`` only
prints, and says what is missing.

Data: 5000, 4000, 3000, 2000, 1500, 1000, 500, 250, 100, 50 training images of class 0 ... 9, drawn
without replacement, and the 10,000 standard test images. Each seed has its own draw and training.

Networks: perceptrons on MNIST (256, 128 units), the convolutions of GAMO's code on Fashion-MNIST.
The paper fine-tunes a ResNet-50 with ImageNet weights; these were not available, so features are
trained here on the same images, without pretraining. All rows train the same network for 5,000
rounds of 32 images with Adam at 2e-4; the paper gives neither rounds nor batch.

Rows: "none" is the network alone, with PGAN's loss; "class weights" weighs it. "SMOTE + SVM":
SMOTE balances the vectors of the last hidden layer of the network "none", and a support vector
machine (RBF) learns from them. "GAMO" and "PGAN" have their ``PAPER_SETTINGS`` except for the
rounds; "rate .1" has two defaults of PGANClassifier instead: the generator's move against the
classifier has a tenth of the others' learning rate, and a class mixes 1,024 rows at most. The
auto-encoder's 300 rounds come on top of PGAN's.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from imblearn.over_sampling import SMOTE
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from sklearn.svm import SVC
from torch import nn

from benchmarks.lib.environment import versions
from benchmarks.lib.plain_network import PlainClassifier, hidden
from benchmarks.lib.runs import Record, Runs, carry_out, command_line, mean_and_spread
from gan_resample import CollapseWarning, GAMOClassifier, PGANClassifier, gamo, pgan
from gan_resample.evaluation.metrics import generated as metrics

Array = NDArray[Any]

COUNTS = (5000, 4000, 3000, 2000, 1500, 1000, 500, 250, 100, 50)
QUICK_COUNTS = (40, 20, 10, 10, 8, 8, 6, 6, 6, 6)
ROUNDS, BATCH = 5000, 32
KEY = ("data", "row", "seed")
UNCERTAINTIES = (
    "least_confidence",
    "margin_of_confidence",
    "ratio_of_confidence",
    "entropy",
)
LITERAL = pgan.PAPER_SETTINGS | {"ema_decay": 0}
GAMES: dict[str, tuple[Any, dict[str, Any]]] = {
    "GAMO": (GAMOClassifier, gamo.PAPER_SETTINGS | {"ema_decay": 0}),
    "PGAN": (PGANClassifier, LITERAL),
    "PGAN, rate .1": (PGANClassifier, LITERAL | {"adversarial_rate": 0.1, "max_anchors": 1024}),
}
ROWS = ("none", "class weights", "SMOTE + SVM", *GAMES)
# trained together: the support vector machine needs the network of "none"
GROUPS = [("none", "SMOTE + SVM"), *((row,) for row in ROWS if row in ("class weights", *GAMES))]
PAPER = {  # macro F1 / average accuracy
    ("mnist", "none"): ".86 / .91 (ResNet-50)",
    ("mnist", "SMOTE + SVM"): ".82 / -",
    ("mnist", "PGAN"): ".91 / .93",
    ("fashion_mnist", "none"): ".81 / .80 (ResNet-50)",
    ("fashion_mnist", "SMOTE + SVM"): ".69 / -",
    ("fashion_mnist", "PGAN"): ".90 / .90",
}


def draw(file: Path, seed: int, quick: bool) -> tuple[Array, Array, Array, Array]:
    """Thinned training images and the test images, pixels in [0, 1], with their labels."""
    rng = np.random.default_rng(seed)
    data = np.load(file)
    X_train, X_test = (data[name].astype(np.float32) / 255 for name in ("X_train", "X_test"))
    y, y_test = data["y_train"], data["y_test"]
    counts = QUICK_COUNTS if quick else COUNTS
    kept = [rng.permutation(np.flatnonzero(y == k))[:n] for k, n in enumerate(counts)]
    train, last = np.concatenate(kept), 200 if quick else len(y_test)
    return X_train[train], y[train], X_test[:last], y_test[:last]


def settings_of(job: Record) -> dict[str, Any]:
    rounds = 4 if job["quick"] else ROUNDS
    shared = {"device": job["device"], "random_state": job["seed"], "max_iter": rounds}
    shared |= {"batch_size": BATCH, "learning_rate": 2e-4}
    if job["data"] == "mnist":
        shared["feature_extractor"] = nn.Flatten()
    return shared


def fit_row(row: str, settings: dict[str, Any], X: Array, y: Array) -> Any:
    """Train the network of one row."""
    if row in GAMES:
        kind, own = GAMES[row]
        if row.startswith("PGAN") and settings["max_iter"] < ROUNDS:
            settings = settings | {"init_iter": 4}
        return kind(**(own | settings)).fit(X, y)
    plain = PlainClassifier(loss="ce", hidden_layer_sizes=(256, 128), ema_decay=0, **settings)
    plain.balanced = row == "class weights"
    return plain.fit(X, y)


def run(job: Record) -> list[Record]:
    """Train and test the row of a job; with "none" also the support vector machine."""
    torch.set_num_threads(1)
    warnings.simplefilter(
        "ignore", CollapseWarning
    )  # the figures of these warnings are in the record
    X, y, X_test, y_test = draw(Path(job["file"]), job["seed"], job["quick"])
    start = time.perf_counter()
    clf = fit_row(job["rows"][0], settings_of(job), X, y)
    seconds = time.perf_counter() - start
    P = clf.predict_proba(X_test)
    records = [record(job, job["rows"][0], y_test, P.argmax(axis=1), seconds)]
    records[0] |= {name: getattr(metrics, name)(P) for name in UNCERTAINTIES}
    for name in ("ess_", "coverage_", "std_ratio_"):
        if values := getattr(clf, name, None):
            records[0][name.strip("_")] = round(float(np.mean(list(values.values()))), 4)
    for row in job["rows"][1:]:
        start = time.perf_counter()
        sampler = SMOTE(k_neighbors=min(5, min(np.bincount(y)) - 1), random_state=job["seed"])
        H, labels = sampler.fit_resample(hidden(clf, X), y)
        predicted = SVC(cache_size=1000).fit(H, labels).predict(hidden(clf, X_test))
        records.append(record(job, row, y_test, predicted, time.perf_counter() - start + seconds))
    return records


def record(job: Record, row: str, y: Array, predicted: Array, seconds: float) -> Record:
    found: Record = {name: job[name] for name in KEY if name != "row"} | {"row": row}
    found |= {"f1": float(f1_score(y, predicted, average="macro"))}
    found |= {"acsa": metrics.acsa(y, predicted), "gm": metrics.gmean(y, predicted)}
    found["recalls"] = [float(np.mean(predicted[y == label] == label)) for label in np.unique(y)]
    return found | {"seconds": round(seconds, 1), "device": job["device"], "versions": versions()}


def jobs_of(options: argparse.Namespace) -> Iterator[Record]:
    """Yield the jobs to run, one seed after another, so that early tables are complete."""
    for seed in range(options.seeds):
        for data in options.sets:
            for rows in GROUPS:
                job = {"data": data, "rows": rows, "seed": seed, "device": options.device}
                job |= {"file": str(options.data / f"{data}.npz"), "quick": options.quick}
                gives = [{"data": data, "row": row, "seed": seed} for row in rows]
                yield job | {"gives": gives}


def report(runs: Runs, jobs: list[Record], write: Any) -> str:
    """Return a table for each data set, formatted by ``write(title, header, rows)``."""
    parts = []
    for data in dict.fromkeys(job["data"] for job in jobs):
        header = ["row", "in the paper", "F1 / average accuracy (seeds)", "LC / MC / RC / EN"]
        rows = [[row, PAPER.get((data, row), ""), *cells(runs, data, row)] for row in ROWS]
        title = f"{data}: macro F1 / average accuracy, mean ± sd, and mean uncertainties"
        parts.append(write(title, header, rows))
    return "\n\n".join(parts)


def cells(runs: Runs, data: str, row: str) -> tuple[str, str]:
    found = runs.select(data=data, row=row)
    if not found:
        return "", ""
    figures = " / ".join(mean_and_spread([r[name] for r in found]) for name in ("f1", "acsa"))
    unsure = [[r[name] for r in found if name in r] for name in UNCERTAINTIES]
    means = [mean_and_spread([float(np.mean(each))], digits=2) for each in unsure if each]
    return f"{figures} ({len(found)})", " / ".join(means)


def main() -> None:
    parser = command_line(__doc__, "reproduce_pgan.json", ("mnist", "fashion_mnist"))
    options = parser.parse_args()
    if absent := [s for s in options.sets if not (options.data / f"{s}.npz").is_file()]:
        parser.error(f"{options.data} holds no {absent[0]}.npz")
    if options.quick:
        options.seeds = 1
    carry_out(options, list(jobs_of(options)), run, report)


if __name__ == "__main__":
    main()
