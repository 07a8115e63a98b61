"""eGAN's table: CIFAR-10 airplanes and very few automobiles, beside a constant prediction.

    python -m benchmarks.papers.egan --data DIR --json reproduce_egan.json

``DIR`` holds ``cifar10.npz`` (X_train, y_train, X_test, y_test), with 5,000 airplanes, 2,500
automobiles and 250 test images of each. Finished runs are kept in the JSON file, and the same
command continues with missing runs; ``--table`` only prints, and says what is missing.

Roles: automobiles are the minority here, since only of airplanes does the file have the paper's
5,000 majority images; in the paper it is the other way round. Each seed has its own draw and
training. If there are ten minority images or more, a fifth of both classes is held out, and one of
the states after every 50 rounds is chosen by the balanced accuracy on it (the first on a tie);
with fewer images there is no choice.

Networks: the paper's discriminator without a backbone, at a quarter of its width, without
pretraining; the paper has a DenseNet121 trained on ImageNet, which was not available. Batches of
128, Adam at 1e-4, the rounds of 30 epochs. "weight 0" is the paper's discriminator, which never
sees a real minority image; "weight 1" is the default. "no generator": the same discriminator on
real images alone, both classes with the same weight. Predicting the minority always has an F1 of
.667 on these test images. "best epoch": the maximum over all states, on the *test* images, of each
figure separately, as in the paper.
"""

from __future__ import annotations

import argparse
import math
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score, precision_recall_fscore_support, roc_auc_score
from skorch.callbacks import Callback
from torch import Tensor

from benchmarks.lib.environment import versions
from benchmarks.lib.runs import Record, Runs, carry_out, command_line, mean_and_spread
from gan_resample import EGANClassifier, TinyClassWarning
from gan_resample.egan import EGANGame

Array = NDArray[Any]

MAJORITY, MINORITY = 0, 1  # airplane, automobile
RATIOS = {"1:2500": (2, 5000), "1:1000": (5, 5000), "1:500": (10, 5000), "1:50": (100, 5000)}
RATIOS["1:1"] = (500, 500)
REPEATED = ("1:500", "1:50")  # in all seeds, the others in one
ROWS = ("weight 0", "weight 1", "no generator")
EPOCHS, BATCH = 30, 128
KEY = ("ratio", "row", "seed")
FIGURES = ("precision", "recall", "f1", "ba", "auc")
CONSTANT_F1 = 2 / 3  # F1 of always predicting the minority, on a balanced test set
PAPER = {  # maxima of precision, recall and F1 over 100 epochs, on the test images
    "1:2500": ".72 / .94 / .69",
    "1:1000": ".72 / .96 / .69",
    "1:500": ".75 / .95 / .70",
    "1:50": ".78 / .97 / .69",
    "1:1": ".82 / .98 / .72",
}


class AloneGame(EGANGame):
    """The same discriminator without a generator's images; one player, one move."""

    moves: ClassVar[Mapping[str, str]] = {"discriminator": "discriminator"}

    def turns(self, x: Tensor, y: Tensor) -> Iterator[Mapping[str, Tensor]]:
        rows = torch.cat([x, self.draw_minority()])
        on_majority, on_minority = self.discriminator(rows).split([len(x), len(rows) - len(x)])
        on_majority = torch.nn.functional.cross_entropy(on_majority, y)
        yield {"discriminator": on_majority + self.mean(on_minority, self.labels)}


class AloneClassifier(EGANClassifier):
    _game = AloneGame


class Watch(Callback):
    """Keeps P(minority) of held-out and of test images, for each state."""

    def __init__(self, **images: Tensor) -> None:
        self.images = images
        self.seen: dict[str, list[Array]] = {name: [] for name in images}

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        net.module_.eval()
        with torch.inference_mode():
            for name, x in self.images.items():
                parts = x.to(net.device).split(500)
                logits = torch.cat([net.module_.logits(part) for part in parts])
                self.seen[name].append(logits.softmax(dim=1)[:, 1].cpu().numpy())


def images(file: Path) -> dict[str, Array]:
    data = dict(np.load(file))
    for part in ("train", "test"):
        kept = np.isin(data[f"y_{part}"], (MAJORITY, MINORITY))
        data[f"X_{part}"], data[f"y_{part}"] = data[f"X_{part}"][kept], data[f"y_{part}"][kept]
    return data


def draw(job: Record) -> tuple[Array, Array, Array, Array]:
    """Thinned training images and held-out ones; none of the latter if the minority is small."""
    data, rng = images(Path(job["file"])), np.random.default_rng(job["seed"])
    few, many = RATIOS[job["ratio"]]
    if job["quick"]:
        few, many = min(few, 20), min(many, 100)
    train, out = [], []
    for label, n in ((MAJORITY, many), (MINORITY, few)):
        own = rng.permutation(np.flatnonzero(data["y_train"] == label))[:n]
        n_out = n // 5 if few >= 10 else 0
        out.append(own[:n_out])
        train.append(own[n_out:])
    rows = [np.concatenate(each) for each in (train, out)]
    X, y = data["X_train"], data["y_train"]
    return X[rows[0]], y[rows[0]], X[rows[1]], y[rows[1]]


def run(job: Record) -> list[Record]:
    """Train one row, and evaluate its last and its chosen state on the test images."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", TinyClassWarning)  # the counts are in the record
    X, y, X_out, y_out = draw(job)
    data = images(Path(job["file"]))
    n_majority = int((y == MAJORITY).sum())
    rounds = 4 if job["quick"] else EPOCHS * math.ceil(n_majority / BATCH)
    kind = AloneClassifier if job["row"] == "no generator" else EGANClassifier
    weight = 0.0 if job["row"] == "weight 0" else 1.0
    watched = {"test": torch.as_tensor(_encode(data["X_test"]))}
    if len(y_out):
        watched["held_out"] = torch.as_tensor(_encode(X_out))
    start = time.perf_counter()
    clf = kind(
        real_minority_weight=weight,
        max_iter=rounds,
        batch_size=BATCH,
        width_multiplier=0.25,
        learning_rate=1e-4,
        device=job["device"],
        callbacks=[Watch(**watched)],
        random_state=job["seed"],
    ).fit(X, y)
    seconds = time.perf_counter() - start
    seen = dict(clf.net_.callbacks_)["Watch"].seen
    y_test = (data["y_test"] == MINORITY).astype(int)
    states = [figures(y_test, P) for P in seen["test"]]
    found: Record = {name: job[name] for name in KEY}
    found |= {"minority": int((y == MINORITY).sum()), "majority": n_majority, "rounds": rounds}
    found |= {"last": states[-1], "states": len(states), "held_out": len(y_out)}
    found["best"] = {name: max(state[name] for state in states) for name in FIGURES}
    if len(y_out):
        scores = [balanced_accuracy_score(y_out, P >= 0.5) for P in seen["held_out"]]
        found["chosen"] = states[int(np.argmax(scores))] | {"state": int(np.argmax(scores))}
    return [found | {"seconds": round(seconds, 1), "device": job["device"], **versions()}]


def _encode(X: Array) -> Array:
    """Encode bytes as the default ImageEncoder does."""
    return (X.astype(np.float32) / 127.5) - 1


def figures(y: Array, P: Array) -> dict[str, float]:
    predicted = P >= 0.5
    scores = precision_recall_fscore_support(y, predicted, average="binary", zero_division=0)
    found = dict(zip(("precision", "recall", "f1"), map(float, scores[:3]), strict=True))
    found["ba"] = float(balanced_accuracy_score(y, predicted))
    return found | {"auc": float(roc_auc_score(y, P))}


def jobs_of(options: argparse.Namespace) -> Iterator[Record]:
    """Yield the jobs to run, one seed after another, so that early tables are complete."""
    for seed in range(options.seeds):
        for ratio in RATIOS:
            if seed and ratio not in REPEATED:
                continue
            for row in ROWS:
                job: Record = {"ratio": ratio, "row": row, "seed": seed}
                also = {"file": str(options.data / "cifar10.npz"), "device": options.device}
                yield job | also | {"quick": options.quick, "gives": [dict(job)]}


def report(runs: Runs, jobs: list[Record], write: Any) -> str:
    """Return a table of the states, formatted by ``write(title, header, rows)``."""
    header = ["ratio", "row", "state", "precision / recall / F1", "constant's F1"]
    header += ["balanced accuracy", "AUC", "seeds"]
    rows = []
    for ratio in dict.fromkeys(job["ratio"] for job in jobs):
        constant = mean_and_spread([CONSTANT_F1])
        rows.append([ratio, "the paper", "best epoch", PAPER[ratio], constant, "", "", "5 folds"])
        for row in ROWS:
            found = runs.select(ratio=ratio, row=row)
            for state, name in (("last", "last"), ("chosen", "chosen"), ("best", "best epoch")):
                own = [record[state] for record in found if state in record]
                told = cells(own) if own else ["", "", ""]
                rows.append([ratio, row, name, told[0], constant, *told[1:], str(len(own))])
    title = "CIFAR-10, airplane against automobile (the minority): test images, mean ± sd"
    return write(title, header, rows)


def cells(states: list[dict[str, float]]) -> list[str]:
    told = [mean_and_spread([state[name] for state in states]) for name in FIGURES]
    return [" / ".join(told[:3]), *told[3:]]


def main() -> None:
    parser = command_line(__doc__, "reproduce_egan.json", ("cifar10",))
    options = parser.parse_args()
    if not (options.data / "cifar10.npz").is_file():
        parser.error(f"{options.data} holds no cifar10.npz")
    if options.quick:
        options.seeds = 1
    carry_out(options, list(jobs_of(options)), run, report)


if __name__ == "__main__":
    main()
