"""
Does resampling help on this table?
===================================

One call cross-validates every way to treat imbalance with every classifier, with samplers inside
the training folds, and says of each whether it differs from doing nothing. ``gan-resample compare
mydata.csv --target y`` does the same on the command line.
"""

# %%
# One call
# --------
# The bundled breast cancer set, thinned to 14 malignant against 280 benign rows in each training
# fold. Samplers and classifiers are given by name, or as objects under names of your own.
import os

import matplotlib.pyplot as plt
from imblearn.over_sampling import BorderlineSMOTE
from sklearn.datasets import load_wine
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression

from gan_resample import GAMOSampler, SpreadSMOTE
from gan_resample.evaluation import GameHistoryDisplay, ResamplingDisplay, compare

QUICK = os.environ.get("GAN_RESAMPLE_QUICK") == "1"  # few rounds, for the tests of this project

comparison = compare(
    "breast_cancer",
    {
        "none": None,
        "threshold": "threshold",
        "smote": "smote",
        "borderline": BorderlineSMOTE(),
        "spread": SpreadSMOTE(),
    },
    {
        "logistic": LogisticRegression(max_iter=2000),
        "trees": ExtraTreesClassifier(10 if QUICK else 100),
    },
    cv=3 if QUICK else 5,
    repeats=1 if QUICK else 4,
)

# %%
# Differences, with their intervals
# ---------------------------------
# The intervals are corrected for the rows that folds share. Grey ones contain zero: no difference
# was found.
comparison.plot_difference()
plt.show()

# %%
# The same as a frame, for the main score. ``comparison.results`` has a row for every split, and
# ``comparison.to_html("report.html")`` writes everything on one page.
columns = ["difference", "low", "high", "verdict"]
table = comparison.summary()[[f"balanced_accuracy_{name}" for name in columns]]
table.columns = columns
table.round(3)

# %%
# Probabilities
# -------------
# Balancing the classes does not improve probabilities: below the dotted line those of the minority
# are too high.
comparison.plot_calibration()
plt.show()

# %%
# What a sampler adds
# -------------------
# Real rows and generated ones, on the principal components of the real ones.
X, y = load_wine(return_X_y=True)
kept = (y != 2) | (X[:, 0] > 13.3)  # few rows of the third class
sampler = GAMOSampler(max_iter=20 if QUICK else 400, random_state=0).fit(X[kept], y[kept])
ResamplingDisplay.from_estimator(sampler, X[kept], y[kept])
plt.show()

# %%
# The losses of each player over the rounds of the game.
GameHistoryDisplay.from_estimator(sampler)
plt.show()
