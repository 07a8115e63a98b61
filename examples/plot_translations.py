"""
Rows of one class out of rows of another: CycleGAN
==================================================

:class:`~gan_resample.CycleGANSampler` does not mix rows of the small class: it translates rows of
the large one. It should keep what both classes have in common, and change what distinguishes them.
"""

# %%
# Two clouds
# ----------
# Both classes have the same distribution along the first axis, and differ in the second. A
# translation keeps the position on the first and moves along the second; the lines join rows and
# translations.
import os

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits

from gan_resample import CycleGANSampler
from gan_resample.evaluation import GameHistoryDisplay, TranslationDisplay

QUICK = os.environ.get("GAN_RESAMPLE_QUICK") == "1"  # few rounds, for the tests of this project
few = {"max_iter": 20} if QUICK else {}

rng = np.random.default_rng(0)
X = rng.normal(size=(330, 2)) * [3, 1]
X[300:, 1] += 6
y = np.repeat(["large", "small"], [300, 30])

sampler = CycleGANSampler(random_state=0, **few)
X_new, y_new = sampler.fit_resample(X, y)
made, parents = X_new[sampler.synthetic_mask_], X[sampler.source_indices_]

figure, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
pairs = np.stack([parents, made], axis=1)[:40]
ax.plot(*pairs.T, color="#d5dae1", lw=0.8, zorder=0)
ax.scatter(*X[y == "large"].T, s=9, color="#b8bec6", label="real, large")
ax.scatter(*X[y == "small"].T, s=16, color="#0b3c5d", label="real, small")
ax.scatter(*made.T, s=9, color="#e07a2f", alpha=0.6, label="translated")
ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()
along = np.corrcoef(parents[:, 0], made[:, 0])[0, 1]
print(f"correlation of the first column before and after: {along:.2f}")
print(f"distance to real rows: {sampler.distance_['small']:.2f} of that among them")

# %%
# The losses
# ----------
# The translators start near the identity, so that their cycle loss is small, and the
# discriminators make them move.
GameHistoryDisplay.from_estimator(sampler)
plt.show()

# %%
# Least squares
# -------------
# CycleGAN's own code minimises squared errors. If two classes are far apart the discriminators are
# soon right about every row, and their outputs are constant around the translated ones:
# translators that start near the identity get no gradient. Cross-entropy, as on the authors'
# slides, keeps a gradient.
literal = CycleGANSampler(loss="ls", random_state=0, **few).fit(X, y)
print(f"distance with least squares: {literal.distance_['small']:.2f}")

# %%
# A table
# -------
# Which columns change, and by how much. "size" and "colour" distinguish the classes; "age" does
# not, and should not change.
n = 400
rare = np.arange(n) < 40
table = pd.DataFrame(
    {
        "age": rng.normal(50, 10, n),
        "size": rng.normal(10, 2, n) + 5 * rare,
        "colour": np.where(rare, "green", rng.choice(["red", "blue"], n)),
        "town": rng.choice(["Ulm", "Bonn", "Kiel"], n),
    }
)
labels = np.where(rare, "rare", "common")
sampler = CycleGANSampler(random_state=0, **few).fit(table, labels)
TranslationDisplay.from_estimator(sampler, table[~rare], to="rare")
plt.show()

# %%
# Images
# ------
# Ones become sevens. The classifier of the same game is
# :class:`~gan_resample.CycleGANClassifier`.
digits = load_digits()
ones, sevens = (np.flatnonzero(digits.target == digit) for digit in (1, 7))
kept = np.concatenate([ones, sevens[:30]])
images, names = (digits.images[kept, None] * 15).astype(np.uint8), digits.target[kept]
sampler = CycleGANSampler(batch_size=16, random_state=0, **({"max_iter": 1000} | few))
sampler.fit(images, names)
TranslationDisplay.from_estimator(sampler, images[names == 1], to=7, n_images=12)
plt.show()
