"""
Uncertain rows: what PGAN generates and selects
===============================================

:class:`~gan_resample.PGANSampler` mixes rows of a class such that its classifier doubts them and
its critic does not. ``select="uncertain"`` keeps those of which the classifier is least sure.
"""

# %%
# The rows
# --------
# Two crescents, 300 rows and 30. Generated rows lie in the convex hull of the smaller one, which
# reaches into the larger. With the paper's learning rate for the move against the classifier they
# lie there; with a tenth of it the critic keeps them at the crescent, on lines between few rows.
# The most uncertain ones are copies of a single row that lies among the other class: selection by
# uncertainty multiplies noise as well as hard rows.
import os

import matplotlib.pyplot as plt
import numpy as np
from imblearn.datasets import make_imbalance
from sklearn.datasets import make_moons

from gan_resample import PGANClassifier, PGANSampler
from gan_resample.evaluation import GameHistoryDisplay, ResamplingDisplay
from gan_resample.evaluation.metrics import generated as metrics

QUICK = os.environ.get("GAN_RESAMPLE_QUICK") == "1"  # few rounds, for the tests of this project

X, y = make_moons(600, noise=0.15, random_state=0)
X, y = make_imbalance(X, y, sampling_strategy={1: 30}, random_state=0)

few = {"max_iter": 20, "init_iter": 10} if QUICK else {}
settings = {
    "the paper's rate": {"adversarial_rate": 1.0},
    "a tenth of it": {},
    "and uncertain": {"select": "uncertain"},
}
figure, axes = plt.subplots(1, 3, figsize=(9, 3.4), sharex=True, sharey=True, layout="constrained")
for ax, (title, own) in zip(axes, settings.items(), strict=True):
    sampler = PGANSampler(random_state=0, **own, **few)
    ResamplingDisplay.from_estimator(sampler, X, y, ax=ax)
    ax.set_title(title, fontsize=10)
for legend in figure.legends[1:]:
    legend.remove()
plt.show()

# %%
# The game
# --------
# First the auto-encoder is trained, with the generator as its decoder, then the game is played.
# The critic's loss is its penalty minus its estimate of the distance of generated rows from real
# ones.
sampler = PGANSampler(random_state=0, **few).fit(X, y)
GameHistoryDisplay.from_estimator(sampler, figures=["encoder_loss", "critic_loss"])
plt.show()
print(f"share of generated rows that the critic accepts: {sampler.acceptance_[1]:.2f}")

# %%
# How unsure a classifier is
# --------------------------
# Four measures for any ``predict_proba``, each 0 for a certain prediction and 1 for a uniform one.
# For two classes the first two are the same.
proba = PGANClassifier(random_state=0, **few).fit(X, y).predict_proba(X)
for name in ("least_confidence", "margin_of_confidence", "ratio_of_confidence", "entropy"):
    print(f"{name:21} {getattr(metrics, name)(proba):.3f}")
doubt = metrics.entropy(proba, reduction="none")
plt.figure(figsize=(4.5, 3.4), layout="constrained")
plt.scatter(*X.T, c=doubt, cmap="viridis", s=12)
plt.colorbar(label="entropy")
plt.show()
print(f"unsure of {np.mean(doubt > 0.5):.0%} of the rows")
