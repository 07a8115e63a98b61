"""
Tuning a sampler inside a pipeline
==================================

A sampler is an estimator like any other: ``GridSearchCV`` sets its parameters, and those of its
encoder, by name. The table is a small mixed one, generated here, which shows what happens to
dtypes.
"""

# %%
# A mixed table
# -------------
# Whole numbers, floats, a string column, an ordered category and a boolean; about one customer in
# ten leaves.
import os

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from imblearn.pipeline import Pipeline
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.preprocessing import OneHotEncoder

from gan_resample import GAMOSampler, TableEncoder

QUICK = os.environ.get("GAN_RESAMPLE_QUICK") == "1"  # few rounds, for the tests of this project

rng = np.random.default_rng(0)
n = 600
X = pd.DataFrame(
    {
        "age": rng.integers(18, 80, n),
        "calls": pd.array(rng.poisson(2, n), dtype="Int64"),
        "bill": rng.gamma(4, 12, n).round(2).astype("float32"),
        "region": rng.choice(["north", "south", "west"], n),
        "plan": pd.Categorical(
            rng.choice(["basic", "plus", "gold"], n, p=[0.5, 0.3, 0.2]),
            categories=["basic", "plus", "gold"],
            ordered=True,
        ),
        "paperless": rng.random(n) < 0.6,
    }
)
risk = 0.6 * X["calls"].astype(float) - 0.03 * X["age"] - 1.2 * (X["plan"] == "gold") - 2.4
y = np.where(rng.random(n) < 1 / (1 + np.exp(-risk)), "leaves", "stays")
print(pd.Series(y).value_counts().to_string())

# %%
# The search
# ----------
# The sampler comes *before* the one-hot encoding: :class:`~gan_resample.GAMOSampler` takes the
# table as it is and returns rows of the same kind. Its ``encoder`` has to be given explicitly for
# its parameters to have names. ``snap`` says which numeric columns have only observed values in
# generated rows.

one_hot = make_column_transformer(
    (OneHotEncoder(handle_unknown="ignore"), ["region", "plan", "paperless"]),
    remainder="passthrough",
)
pipeline = Pipeline(
    [
        ("sampler", GAMOSampler(encoder=TableEncoder(), random_state=0)),
        ("one_hot", one_hot),
        ("clf", RandomForestClassifier(20 if QUICK else 100, random_state=0)),
    ]
)
grid = {
    "sampler__max_iter": [5, 10] if QUICK else [200, 600],
    "sampler__encoder__snap": ["auto", False],
}
folds = StratifiedKFold(3, shuffle=True, random_state=0)
search = GridSearchCV(pipeline, grid, scoring="balanced_accuracy", cv=folds).fit(X, y)

results = pd.DataFrame(search.cv_results_)
columns = [f"param_{name}" for name in grid] + ["mean_test_score", "std_test_score"]
print(results[columns].round(3).to_string(index=False))

# %%
# Differences well below the standard deviation over folds are noise. The choice below is then a
# matter of luck, and the cheaper setting is as good.
print(search.best_params_)

# %%
# The result
# ----------
# The fitted sampler says which rows it made and how. Real rows come first and unchanged; names and
# dtypes are those of the input.
sampler = search.best_estimator_["sampler"]
X_new, y_new = sampler.fit_resample(X, y)
made = X_new[sampler.synthetic_mask_]
print(f"{len(X)} real rows, {len(made)} generated")
print(pd.DataFrame({"before": X.dtypes, "after": X_new.dtypes}).to_string())
print(made.head(4).to_string())

# %%
# ``ess_`` is the effective number of real rows in the mixture of a generated one, ``coverage_``
# the share of the rows of the class that are used, ``std_ratio_`` the standard deviation of
# generated rows over that of the class: near 0 they have collapsed (a warning says so), near 1
# they vary as much.
for name in ("ess_", "coverage_", "std_ratio_"):
    values = {str(label): round(value, 2) for label, value in getattr(sampler, name).items()}
    print(f"{name:10} {values}")

# %%
# ``history_`` has the mean loss of every move for each epoch. Losses of a game need not fall: the
# players work against each other, so look for losses that stay at zero or diverge.
history = pd.DataFrame(sampler.history_)
losses = [name for name in history if name.endswith("_loss")]

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
for name in losses:
    label = name.removesuffix("_loss").replace("_", " ")
    left.plot(history["rounds"], history[name], marker="o", ms=3, label=label)
left.set(
    title="losses of the game", xlabel="rounds", ylabel="mean loss of an epoch", ylim=(0, None)
)
left.legend(fontsize=8)

stayed = X[y == "stays"]
left_us = X[y == "leaves"]
for rows, style in (
    (stayed, {"s": 6, "c": "#9aa3ad", "label": "stays, real"}),
    (made, {"s": 8, "c": "#e07a2f", "alpha": 0.6, "lw": 0, "label": "leaves, generated"}),
    (left_us, {"s": 30, "c": "#0b3c5d", "ec": "white", "lw": 0.6, "label": "leaves, real"}),
):
    right.scatter(rows["age"], rows["bill"], **style)
right.set(title="real and generated rows", xlabel="age", ylabel="bill")
right.legend(fontsize=8)
plt.show()
