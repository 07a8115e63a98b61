"""A picture of images and their translations by CycleGAN.

    python -m benchmarks.papers.translated_images --data DIR --picture translations.png

The data of ``cyclegan.py``: chests with pneumonia to normal ones, of which 100 are kept, or
(``--set horse2zebra64``) horses to zebras, of which 50 are kept. 1,000 rounds, as many as AUG's
translators have there; one seed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np

from benchmarks.lib.environment import one_thread
from benchmarks.papers.cyclegan import BATCH, IMAGES, ROUNDS, draw
from gan_resample import CycleGANSampler
from gan_resample.evaluation import TranslationDisplay

FEW = {"horse2zebra64": 50, "pneumonia_mnist": 100}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--picture", type=Path, required=True)
    parser.add_argument("--set", choices=IMAGES, default="pneumonia_mnist")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="few images and rounds")
    options = parser.parse_args()
    mpl.use("Agg")
    job = {"data": options.set, "few": FEW[options.set], "seed": options.seed}
    X, y, X_test, y_test = draw(job | {"folder": options.data, "quick": options.quick})
    sampler = CycleGANSampler(
        max_iter=3 if options.quick else ROUNDS // 2,
        batch_size=BATCH[options.set],
        device="cpu",
        random_state=options.seed,
    )
    with one_thread():
        sampler.fit(X, y)
        for name, rows in (("training", X[y == 0]), ("test", X_test[y_test == 0])):
            moved = np.abs(sampler.translate(rows, to=1).astype(float) - rows).mean()
            print(f"{name} images: {len(rows)}, mean change of a pixel {moved:.1f} of 255")
        print(f"spread {sampler.std_ratio_[1]:.2f}, distance {sampler.distance_[1]:.2f}")
        shown = TranslationDisplay.from_estimator(sampler, X_test[y_test == 0], to=1, n_images=12)
    shown.figure_.savefig(options.picture, dpi=100)


if __name__ == "__main__":
    main()
