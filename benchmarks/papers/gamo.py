"""GAMO's table: thinned MNIST and Fashion-MNIST, with the paper's figures.

    python -m benchmarks.papers.gamo --data DIR --json reproduce_gamo.json

``DIR`` holds ``mnist.npz`` and ``fashion_mnist.npz`` (X_train, y_train, X_test, y_test). Finished
runs are kept in the JSON file, and the same command continues with missing runs; ``--table`` only
prints, and says what is missing. On a GPU (``--device cuda``) all runs have the paper's 25,000
rounds. On a CPU the convolutional ones have 5,000 in every seed, and four rows have the full
length in one seed.

Data, as in the authors' code: 4000, 2000, ..., 40 training images of class 0 ... 9, drawn *with
replacement* from the first 4000 of the class, and 100 test images from its first 800, also with
replacement. Each seed has its own draw and training.

Networks: those of the authors' code, perceptrons on MNIST, convolutions on Fashion-MNIST. All rows
train the same network with the same least-squares loss. "paper": its optimizer, batch and rounds,
the last weights. "default": those of GAMOClassifier (800 rounds of 64 images, moving average).

Rows: "none" is the network alone; "class weights" weighs its loss; "random", "SMOTE" and
"SpreadSMOTE" balance the pixels beforehand. "in features": the vectors of the last hidden layer of
the network "none" are balanced, and a new linear layer learns from them. With the paper's
Algorithm 1 ("paper"), GAMO's classifier makes two steps per round, on real rows and on generated
ones; all others make one.
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
from imblearn.over_sampling import SMOTE, RandomOverSampler
from numpy.typing import NDArray
from torch import nn

from benchmarks.lib.environment import versions
from benchmarks.lib.plain_network import PlainClassifier, hidden
from benchmarks.lib.runs import Record, Runs, carry_out, command_line, mean_and_spread
from gan_resample import CollapseWarning, GAMOClassifier, SpreadSMOTE
from gan_resample.evaluation.metrics.generated import acsa, gmean
from gan_resample.gamo import PAPER_SETTINGS

Array = NDArray[Any]

COUNTS = (4000, 2000, 1000, 750, 500, 350, 200, 100, 60, 40)
QUICK_COUNTS = (40, 20, 10, 10, 8, 8, 6, 6, 6, 6)
PAPER_ROUNDS, CPU_CONV_ROUNDS = PAPER_SETTINGS["max_iter"], 5000
KEY = ("data", "settings", "rounds", "row", "seed")
IN_FEATURES = {"SMOTE in features": SMOTE, "SpreadSMOTE in features": SpreadSMOTE}
IN_PIXELS = {"random": RandomOverSampler, "SMOTE": SMOTE, "SpreadSMOTE": SpreadSMOTE}
GAMES: dict[str, dict[str, Any]] = {
    "GAMO without D": {"mixer": "class", "with_discriminator": False},
    "GAMO, class mixer": {"mixer": "class"},
    "GAMO, neighbours": {"mixer": "neighbours"},
    "GAMO, spread": {"mixer": "spread"},
}
ROWS = ("none", "class weights", *IN_PIXELS, *IN_FEATURES, *GAMES)
# trained together: the rows in features need the network of "none"
GROUPS = [
    ("none", *IN_FEATURES),
    *((row,) for row in ROWS if row != "none" and row not in IN_FEATURES),
]
PAPER = {  # ACSA / GM of its tables, least squares
    ("mnist", "none"): ".88 / .86",
    ("mnist", "SMOTE"): ".89 / .89",
    ("mnist", "GAMO without D"): ".88 / .87",
    ("mnist", "GAMO, class mixer"): ".91 / .90",
    ("fashion_mnist", "none"): ".81 / .79",
    ("fashion_mnist", "GAMO without D"): ".82 / .80",
    ("fashion_mnist", "GAMO, class mixer"): ".83 / .81",
}


# ---- data ---------------------------------------------------------------------------------------


def draw(file: Path, seed: int, quick: bool) -> tuple[Array, Array, Array, Array]:
    """Draw thinned training images and test images, pixels in [0, 1], with their labels."""
    rng = np.random.default_rng(seed)
    data = np.load(file)
    X_train, X_test = (data[name].astype(np.float32) / 255 for name in ("X_train", "X_test"))
    counts, n_test = (QUICK_COUNTS, 10) if quick else (COUNTS, 100)
    train = _draw(rng, data["y_train"], 4000, counts)
    test = _draw(rng, data["y_test"], 800, [n_test] * len(counts))
    return X_train[train], data["y_train"][train], X_test[test], data["y_test"][test]


def _draw(rng: np.random.Generator, y: Array, first: int, counts: Any) -> Array:
    pools = (np.flatnonzero(y == label)[:first] for label in range(len(counts)))
    return np.concatenate([rng.choice(p, n) for p, n in zip(pools, counts, strict=True)])


# ---- rows ---------------------------------------------------------------------------------------


def settings_of(job: Record) -> dict[str, Any]:
    shared = {"device": job["device"], "random_state": job["seed"], "max_iter": job["rounds"]}
    if job["data"] == "mnist":
        shared["feature_extractor"] = nn.Flatten()
    own = PAPER_SETTINGS | {"ema_decay": 0} if job["settings"] == "paper" else {}
    return own | shared


def balance(sampler: Any, X: Array, y: Array, seed: int) -> tuple[Array, Array]:
    """Over-sample images; imbalanced-learn's samplers need them flattened."""
    rows = X if sampler is SpreadSMOTE else X.reshape(len(X), -1)
    rows, y = sampler(random_state=seed).fit_resample(rows, y)
    return rows.reshape(-1, *X.shape[1:]), y


def fit_row(job: Record, X: Array, y: Array) -> GAMOClassifier:
    """Train the network of one row; on a balanced set GAMO's classifier learns alone."""
    settings, row = settings_of(job), job["rows"][0]
    if row in GAMES:
        return GAMOClassifier(**(settings | GAMES[row])).fit(X, y)
    if row in IN_PIXELS:
        X, y = balance(IN_PIXELS[row], X, y, job["seed"])
    plain = PlainClassifier(**settings)
    plain.balanced = row == "class weights"
    return plain.fit(X, y)


def linear(n_in: int, n_out: int) -> nn.Module:
    return nn.Linear(n_in, n_out)


def run(job: Record) -> list[Record]:
    """Train and test the row of a job; with "none" also the rows "in features"."""
    torch.set_num_threads(1)
    warnings.simplefilter(
        "ignore", CollapseWarning
    )  # the figures of these warnings are in the record
    X, y, X_test, y_test = draw(Path(job["file"]), job["seed"], job["quick"])
    start = time.perf_counter()
    clf = fit_row(job, X, y)
    seconds = time.perf_counter() - start
    records = [record(job, job["rows"][0], y_test, clf.predict(X_test), seconds, clf)]
    for row in job["rows"][1:]:
        start = time.perf_counter()
        H, labels = IN_FEATURES[row](random_state=job["seed"]).fit_resample(hidden(clf, X), y)
        settings = settings_of(job) | {"classifier": linear, "feature_extractor": None}
        head = GAMOClassifier(**settings).fit(H, labels)
        predicted = head.predict(hidden(clf, X_test))
        records.append(record(job, row, y_test, predicted, time.perf_counter() - start + seconds))
    return records


def record(
    job: Record, row: str, y: Array, predicted: Array, seconds: float, clf: Any = None
) -> Record:
    key = {name: job[name] for name in KEY if name != "row"}
    found: Record = key | {"row": row, "acsa": acsa(y, predicted), "gm": gmean(y, predicted)}
    found["recalls"] = [float(np.mean(predicted[y == label] == label)) for label in np.unique(y)]
    found |= {"seconds": round(seconds, 1), "device": job["device"], "versions": versions()}
    for name in ("ess_", "coverage_", "std_ratio_"):
        if values := getattr(clf, name, None):
            found[name.strip("_")] = round(float(np.mean(list(values.values()))), 4)
    return found


def jobs_of(options: argparse.Namespace) -> Iterator[Record]:
    """Yield the jobs to run, one seed after another, so that early tables are complete."""
    for seed in range(options.seeds):
        for data in options.sets:
            for settings, rounds in arrangements(data, options):
                for rows in GROUPS:
                    yield make_job(options, data, settings, rounds, rows, seed)
    if "fashion_mnist" in options.sets and options.device == "cpu" and not options.quick:
        for rows in (GROUPS[0], ("GAMO, class mixer",)):
            yield make_job(options, "fashion_mnist", "paper", PAPER_ROUNDS, rows, 0)


def arrangements(data: str, options: argparse.Namespace) -> list[tuple[str, int]]:
    if options.quick:
        return [("paper", 4), ("default", 4)]
    short = options.device == "cpu" and data == "fashion_mnist"
    default = GAMOClassifier().max_iter
    return [("default", default), ("paper", CPU_CONV_ROUNDS if short else PAPER_ROUNDS)]


def make_job(
    options: argparse.Namespace, data: str, settings: str, rounds: int, rows: Any, seed: int
) -> Record:
    job = {"data": data, "settings": settings, "rounds": rounds, "rows": rows, "seed": seed}
    gives = [{name: job.get(name) for name in KEY} | {"row": row} for row in rows]
    file = str(options.data / f"{data}.npz")
    return job | {"file": file, "device": options.device, "quick": options.quick, "gives": gives}


# ---- table --------------------------------------------------------------------------------------


def report(runs: Runs, jobs: list[Record], write: Any) -> str:
    """Return a table for each data set, formatted by ``write(title, header, rows)``."""
    parts = []
    for data in dict.fromkeys(job["data"] for job in jobs):
        own = [job for job in jobs if job["data"] == data]
        columns = list(dict.fromkeys((job["settings"], job["rounds"]) for job in own))
        titles = [f"{settings}, {rounds:,} rounds" for settings, rounds in columns]
        header = ["row", "in the paper", *titles]
        rows = [
            [row, PAPER.get((data, row), ""), *cells(runs, data, row, columns)] for row in ROWS
        ]
        parts.append(write(f"{data}: ACSA / GM, mean ± sd (seeds)", header, rows))
    return "\n\n".join(parts)


def cells(runs: Runs, data: str, row: str, columns: Any) -> Iterator[str]:
    for settings, rounds in columns:
        found = runs.select(data=data, row=row, settings=settings, rounds=rounds)
        figures = [mean_and_spread([r[name] for r in found]) for name in ("acsa", "gm")]
        yield f"{' / '.join(figures)} ({len(found)})" if found else ""


def main() -> None:
    parser = command_line(__doc__, "reproduce_gamo.json", ("mnist", "fashion_mnist"))
    options = parser.parse_args()
    if absent := [s for s in options.sets if not (options.data / f"{s}.npz").is_file()]:
        parser.error(f"{options.data} holds no {absent[0]}.npz")
    if options.quick:
        options.seeds = 1
    carry_out(options, list(jobs_of(options)), run, report)


if __name__ == "__main__":
    main()
