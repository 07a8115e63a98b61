"""
Rows near the boundary: DVAAN's latent space
============================================

:class:`~gan_resample.DVAANSampler` gives each class a place of its own in a latent space, and
generates rows from between two places. Here it is fitted to two clouds.
"""

# %%
# The rows
# --------
# 300 rows of one class and 30 of another. Generated rows lie between the classes, most of them
# nearer to their own. ``boundary_share`` is the share drawn near the boundary; the others are
# drawn from the prior of the class.
import os

import matplotlib.pyplot as plt
import numpy as np

from gan_resample import DVAANSampler
from gan_resample.evaluation import GameHistoryDisplay, LatentDisplay, ResamplingDisplay

QUICK = os.environ.get("GAN_RESAMPLE_QUICK") == "1"  # few rounds, for the tests of this project

rng = np.random.default_rng(0)
X = np.concatenate([rng.normal(size=(300, 2)), rng.normal(size=(30, 2)) + 4])
y = np.repeat([0, 1], [300, 30])

few = {"max_iter": 20} if QUICK else {}
figure, axes = plt.subplots(1, 3, figsize=(9, 3.4), sharex=True, sharey=True, layout="constrained")
for ax, share in zip(axes, (1.0, 0.5, 0.0), strict=True):
    sampler = DVAANSampler(boundary_share=share, random_state=0, **few)
    shown = ResamplingDisplay.from_estimator(sampler, X, y, ax=ax)
    ax.set_title(f"boundary_share={share}", fontsize=10)
for legend in figure.legends[1:]:
    legend.remove()
plt.show()

# %%
# The latent space
# ----------------
# Each class has a component of the prior, marked by a cross. Candidates are drawn between the
# crosses, on the side of the smaller class; those whose decoded rows the discriminator also takes
# for that class are kept. The line is where its decision changes.
sampler = DVAANSampler(random_state=0, **few).fit(X, y)
LatentDisplay.from_estimator(sampler, X, y)
plt.show()
print(f"share of candidates that are kept: {sampler.acceptance_[1]:.2f}")

# %%
# How far apart
# -------------
# ``mu``, the distance of the crosses from the middle, is fixed for the first fifth of the rounds.
# Then it rises while classification is harder than before, and falls while reconstruction is.
GameHistoryDisplay.from_estimator(sampler, figures=["mu"])
plt.show()

# %%
# The autoencoder must not learn from its own rows
# ------------------------------------------------
# In the paper generated rows train all networks. The decoder then learns its own rows as if they
# were real ones of the smaller class, round after round, and even the middle of that class drifts
# towards the other.
literal = DVAANSampler(pool_trains="all", boundary_share=0.0, random_state=0, **few)
ResamplingDisplay.from_estimator(literal, X, y)
plt.show()
