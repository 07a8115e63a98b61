"""
SMOTE, SpreadSMOTE and GAMO in a pipeline
=========================================

A two-feature table with one minority row in twenty, three ways to over-sample it, and the effect
on a random forest. SMOTE interpolates between neighbours and stays on the segments between them;
:class:`~gan_resample.SpreadSMOTE` and :class:`~gan_resample.GAMOSampler` also leave the convex
hull along the differences of neighbours, the first by a fixed length, the second by a length that
is learned in a game.
"""

# %%
# The data
# --------
# Two interleaved half circles with noise; 20 rows of one against 400 of the other.
import os

import matplotlib.pyplot as plt
import numpy as np
from imblearn.datasets import make_imbalance
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline
from matplotlib.colors import ListedColormap
from sklearn.datasets import make_moons
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.model_selection import RepeatedStratifiedKFold, cross_validate
from sklearn.preprocessing import StandardScaler

from gan_resample import GAMOSampler, SpreadSMOTE

QUICK = os.environ.get("GAN_RESAMPLE_QUICK") == "1"  # few rounds, for the tests of this project

X, y = make_moons(2000, noise=0.25, random_state=0)
X, y = make_imbalance(X, y, sampling_strategy={0: 400, 1: 20}, random_state=0)

# %%
# The pipelines
# -------------
# imbalanced-learn's ``Pipeline`` calls a sampler in ``fit`` only: under cross-validation, test
# rows are never resampled and never seen by a sampler.

samplers = {
    "nothing": "passthrough",
    "SMOTE": SMOTE(random_state=0),
    "SpreadSMOTE": SpreadSMOTE(random_state=0),
    "GAMO": GAMOSampler(max_iter=20 if QUICK else 400, random_state=0),
}
pipelines = {
    name: Pipeline(
        [
            ("scale", StandardScaler()),
            ("sampler", sampler),
            ("clf", RandomForestClassifier(20 if QUICK else 100, random_state=0)),
        ]
    )
    for name, sampler in samplers.items()
}

# %%
# What the rows and the forest look like
# --------------------------------------
# The shade is the forest's probability of the minority class, and the line is where it is one
# half. Generated values are clipped to the observed range of each column, so some rows line up at
# the edges of the data.

GREY, BLUE, ORANGE = "#9aa3ad", "#0b3c5d", "#e07a2f"
shades = ListedColormap(plt.colormaps["Blues"](np.linspace(0, 0.45, 11)))

fig, axes = plt.subplots(2, 2, figsize=(9, 7.4), sharex=True, sharey=True, layout="constrained")
for ax, (name, pipeline) in zip(axes.flat, pipelines.items(), strict=True):
    pipeline.fit(X, y)
    region = {"ax": ax, "response_method": "predict_proba", "grid_resolution": 150}
    DecisionBoundaryDisplay.from_estimator(pipeline, X, cmap=shades, alpha=0.8, **region)
    DecisionBoundaryDisplay.from_estimator(
        pipeline, X, plot_method="contour", levels=[0.5], colors=BLUE, linewidths=1, **region
    )
    ax.scatter(*X[y == 0].T, s=8, c=GREY, label="majority, real")
    if name != "nothing":
        scale, sampler = pipeline["scale"], pipeline["sampler"]
        rows, _ = sampler.fit_resample(scale.transform(X), y)
        made = scale.inverse_transform(rows[len(X) :])
        ax.scatter(*made.T, s=8, c=ORANGE, alpha=0.7, lw=0, label="minority, generated")
    ax.scatter(*X[y == 1].T, s=36, c=BLUE, ec="white", lw=0.7, label="minority, real")
    ax.set(title=name, xlabel="", ylabel="")
axes[0, 1].legend(loc="upper right", fontsize=9)
plt.show()

# %%
# What it does to the scores
# --------------------------
# Balanced accuracy depends on decisions at a probability of one half, where a model of rare events
# says "no" to nearly everything; balancing changes that. The Brier score measures whether the
# probabilities are right for data like these, and doing nothing is usually best.

folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=1 if QUICK else 2, random_state=0)
scoring = {"balanced accuracy": "balanced_accuracy", "Brier score": "neg_brier_score"}
scores = {
    name: cross_validate(pipeline, X, y, cv=folds, scoring=scoring)
    for name, pipeline in pipelines.items()
}
for name, score in scores.items():
    accuracy, brier = score["test_balanced accuracy"], -score["test_Brier score"]
    print(
        f"{name:12} balanced accuracy {accuracy.mean():.3f} ± {accuracy.std():.3f}   "
        f"Brier score {brier.mean():.3f} ± {brier.std():.3f}   "
        f"fit {score['fit_time'].mean():5.2f} s"
    )

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 2.6), sharey=True, layout="constrained")
for ax, (title, sign, better) in zip(
    axes, [("balanced accuracy", 1, "higher"), ("Brier score", -1, "lower")], strict=True
):
    values = [sign * score[f"test_{title}"] for score in scores.values()]
    ax.errorbar(
        [v.mean() for v in values],
        range(len(values)),
        xerr=[v.std() for v in values],
        fmt="o",
        color=BLUE,
        ecolor=GREY,
        capsize=3,
    )
    ax.set(title=f"{title} ({better} is better)", xlabel="mean ± standard deviation over folds")
axes[0].set_yticks(range(len(scores)), list(scores))
axes[0].invert_yaxis()
plt.show()

# %%
# Before you over-sample, try the plain classifier with another threshold
# (:class:`sklearn.model_selection.TunedThresholdClassifierCV`): it moves the same decision and
# does not change the probabilities. See :doc:`/when_not_to_oversample`.
