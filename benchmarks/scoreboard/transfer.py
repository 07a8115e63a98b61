"""The gain from a pretrained feature extractor: Fashion-MNIST classes 0 to 4, then 5 to 9.

    python -m benchmarks.scoreboard.transfer --data DIR --json transfer.json

``DIR`` holds ``fashion_mnist.npz`` (X_train, y_train, X_test, y_test). Finished runs are kept in
the JSON file, and the same command continues with missing runs; ``--table`` only prints.

A small convolutional network (16 channels, 128 features) learns classes 0 to 4 (t-shirt, trouser,
pullover, dress, coat; 6,000 images each, 1,500 rounds of 64). Its features are then used for
classes 5 to 9 (sandal, shirt, sneaker, bag, boot) with 1000, 300, 100, 30 and 10 images. Four
classifiers learn from these for 600 rounds of 64 with a learning rate of 1e-3, otherwise by their
defaults: the network alone with class weights, and those of GAMO, PGAN (its auto-encoder has 300
more) and eGAN. "from nothing": the same network, untrained. "fine-tuned": all its layers learn, at
a tenth of the rate. "last layer": the convolutions stay frozen. "frozen": all of it does. The test
images are all 5,000 of the five classes. Each seed has its own pretraining, draw and training.
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
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from torch import nn

from benchmarks.lib.environment import versions
from benchmarks.lib.plain_network import PlainClassifier
from benchmarks.lib.runs import Record, Runs, carry_out, command_line, mean_and_spread
from gan_resample import CollapseWarning, EGANClassifier, GAMOClassifier, PGANClassifier
from gan_resample.evaluation.metrics.generated import acsa
from gan_resample.nn.convnets import ConvNet

Array = NDArray[Any]

OLD, COUNTS = range(5), {5: 1000, 6: 300, 7: 100, 8: 30, 9: 10}
ROUNDS, PRETRAINING, BATCH, RATE = 600, 1500, 64, 1e-3
WIDTH, FEATURES = 16, 128
KEY = ("row", "features", "seed")
ROWS = {
    "class weights": PlainClassifier,
    "GAMO": GAMOClassifier,
    "PGAN": PGANClassifier,
    "eGAN": EGANClassifier,
}
ARRANGEMENTS = ("from nothing", "fine-tuned", "last layer", "frozen")
SLOW = {"lr": RATE / 10}
# learning rates of the features, which are a player or a part of one
FINE_TUNED: dict[str, dict[str, Any]] = {
    "class weights": {"network_optimizer__param_groups": [("0.*", SLOW)]},
    "GAMO": {"feature_extractor_optimizer__lr": RATE / 10},
    "PGAN": {"feature_extractor_optimizer__lr": RATE / 10},
    "eGAN": {
        "discriminator_optimizer__param_groups": [("0.*", SLOW)],
        "generator_optimizer__param_groups": [("encoder.0.*", SLOW)],
    },
}


def convolutions(n_in: Any, n_out: int) -> nn.Module:
    """Return the network that is pretrained; it suggests its own width."""
    return nn.Sequential(ConvNet(n_in, FEATURES, WIDTH), nn.Tanh())


def draw(job: Record) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Images of the old classes, thinned ones of the new, and test images of the new."""
    data, rng = np.load(job["file"]), np.random.default_rng(job["seed"])
    X, y, X_test, y_test = (data[k] for k in ("X_train", "y_train", "X_test", "y_test"))
    share = 100 if job["quick"] else 1
    old = np.isin(y, OLD).nonzero()[0][::share]
    few = [
        rng.permutation(np.flatnonzero(y == k))[: max(5, n // share)] for k, n in COUNTS.items()
    ]
    new, test = np.concatenate(few), np.isin(y_test, list(COUNTS)).nonzero()[0][::share]
    return X[old], y[old], X[new], y[new], X_test[test], y_test[test]


def run(job: Record) -> list[Record]:
    """Pretrain, and train one classifier in each arrangement of its features."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", CollapseWarning)
    X_old, y_old, X, y, X_test, y_test = draw(job)
    shared: dict[str, Any] = {"batch_size": BATCH, "learning_rate": RATE, "device": job["device"]}
    shared["random_state"] = job["seed"]
    rounds = 4 if job["quick"] else PRETRAINING
    first = PlainClassifier(feature_extractor=convolutions, max_iter=rounds, **shared)
    body = first.fit(X_old, y_old).game_.feature_extractor
    records = []
    for arrangement in ARRANGEMENTS:
        own = settings_of(job["row"], arrangement, body)
        start = time.perf_counter()
        clf = ROWS[job["row"]](**shared, **own, max_iter=4 if job["quick"] else ROUNDS)
        clf.balanced = True  # for the network alone; the games have their own weights
        predicted = clf.fit(X, y).predict(X_test)
        seconds = time.perf_counter() - start
        found: Record = {"row": job["row"], "features": arrangement, "seed": job["seed"]}
        found |= {"acsa": acsa(y_test, predicted), "seconds": round(seconds, 1)}
        found["f1"] = float(f1_score(y_test, predicted, average="macro"))
        found["recalls"] = [float(np.mean(predicted[y_test == k] == k)) for k in COUNTS]
        records.append(found | {"device": job["device"], "versions": versions()})
    return records


def settings_of(row: str, arrangement: str, body: nn.Module) -> dict[str, Any]:
    if arrangement == "from nothing":
        return {"feature_extractor": convolutions}
    if arrangement == "fine-tuned":
        return {"feature_extractor": body, "net_params": FINE_TUNED[row]}
    return {"feature_extractor": body, "freeze": "all" if arrangement == "frozen" else 1}


def jobs_of(options: argparse.Namespace) -> Iterator[Record]:
    """Yield the jobs to run, one seed after another, so that early tables are complete."""
    for seed in range(options.seeds):
        for row in ROWS:
            job: Record = {"row": row, "seed": seed, "device": options.device}
            job |= {"file": str(options.data / "fashion_mnist.npz"), "quick": options.quick}
            gives = [{"row": row, "features": each, "seed": seed} for each in ARRANGEMENTS]
            yield job | {"gives": gives}


def report(runs: Runs, jobs: list[Record], write: Any) -> str:
    """Return the table, formatted by ``write(title, header, rows)``."""
    rows = [[row, *(cell(runs, row, each) for each in ARRANGEMENTS)] for row in ROWS]
    title = "Fashion-MNIST, classes 5 to 9: average accuracy / macro F1, mean ± sd (seeds)"
    return write(title, ["row", *ARRANGEMENTS], rows)


def cell(runs: Runs, row: str, arrangement: str) -> str:
    found = runs.select(row=row, features=arrangement)
    figures = [mean_and_spread([r[name] for r in found]) for name in ("acsa", "f1")]
    return f"{' / '.join(figures)} ({len(found)})" if found else ""


def main() -> None:
    parser = command_line(__doc__, "transfer.json", ("fashion_mnist",))
    options = parser.parse_args()
    if not Path(options.data / "fashion_mnist.npz").is_file():
        parser.error(f"{options.data} holds no fashion_mnist.npz")
    if options.quick:
        options.seeds = 1
    carry_out(options, list(jobs_of(options)), run, report)


if __name__ == "__main__":
    main()
