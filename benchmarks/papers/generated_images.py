"""A picture of generated Fashion-MNIST images by class, and figures of them for each mixer.

    python -m benchmarks.papers.generated_images --data DIR --picture fashion.png --markdown FILE

Default settings, the paper's counts (4000 of class 0 ... 40 of class 9), one seed. All samplers
are measured in the same features, which belong to none of them: the last hidden layer of a plain
classifier, trained with class weights and another seed. Near-copies are relative to the training
images, the other figures to 100 test images per class; means over the classes in play.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl

from benchmarks.lib.environment import one_thread
from benchmarks.lib.output import markdown_table
from benchmarks.lib.plain_network import PlainClassifier
from benchmarks.papers.gamo import draw, hidden
from gan_resample import GAMOSampler, SpreadSMOTE
from gan_resample.evaluation import GenerationDisplay
from gan_resample.evaluation.metrics.generated import generation_scores

BESIDE_TEST = ("frechet", "precision", "recall", "density", "coverage")


def judge(sampler: Any, features: Any, data: Sequence[Any]) -> list[str]:
    """Return mean figures over the classes."""
    X, y, X_test, y_test = data
    seen, unseen = (
        generation_scores(sampler, *pair, features=features, random_state=1).mean()
        for pair in ((X, y), (X_test, y_test))
    )
    return [f"{value:.2f}" for value in (*unseen[list(BESIDE_TEST)], seen["near_copies"])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--picture", type=Path, required=True)
    parser.add_argument("--markdown", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="few images and rounds")
    options = parser.parse_args()
    mpl.use("Agg")
    data = draw(options.data / "fashion_mnist.npz", options.seed, options.quick)
    rounds: dict[str, Any] = {"max_iter": 3} if options.quick else {}
    few: dict[str, Any] = rounds | ({"decoder_iter": 3} if options.quick else {})
    settings = few | {"random_state": options.seed, "device": "cpu"}
    samplers = {
        f"GAMO, {mixer}": GAMOSampler(mixer=mixer, **settings)
        for mixer in ("spread", "neighbours", "class")
    } | {"SpreadSMOTE on pixels": SpreadSMOTE(random_state=options.seed)}
    rows = []
    first = samplers["GAMO, spread"]
    with one_thread():
        judging = PlainClassifier(random_state=options.seed + 1, device="cpu", **rounds)
        judging.balanced = True
        judging.fit(*data[:2])
        for name, sampler in samplers.items():
            sampler.fit(*data[:2])
            rows.append([name, *judge(sampler, partial(hidden, judging), data)])
            print(rows[-1], flush=True)
        shown = GenerationDisplay.from_estimator(first, *data[:2], n_images=10, random_state=0)
    shown.figure_.savefig(options.picture, dpi=100)
    options.markdown.write_text(
        markdown_table(["sampler", *BESIDE_TEST, "near copies"], rows) + "\n"
    )


if __name__ == "__main__":
    main()
