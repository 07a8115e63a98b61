"""Tables of ``quality.py``: balanced accuracy by table, and differences with their intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.lib.environment import versions
from benchmarks.lib.output import markdown_table
from benchmarks.lib.public_tables import Table, is_categorical

METRICS = ("BA", "G-mean", "AUC", "AP", "Brier")
CLASSIFIERS = ("LR", "RF", "HGB")
METHODS = ("nothing", "prior", "random", "SMOTE", "SpreadSMOTE", "GAMOSampler")
TIE = 0.25  # points
SIZES = ("table", "rows", "columns", "categorical", "rows of each class")

# pairs of methods whose difference is reported
PAIRS = [
    *((method, "SMOTE") for method in METHODS if method != "SMOTE"),
    ("GAMOSampler", "SpreadSMOTE"),
    ("GAMOSampler", "prior"),
    ("SpreadSMOTE", "prior"),
]

# chosen before any result was seen: the best of the earlier study, and the net without a game
RIVALS = (
    ("RF", "prior"),
    ("RF", "SpreadSMOTE"),
    ("HGB", "SpreadSMOTE"),
    ("RF", "SMOTE"),
    ("HGB", "SMOTE"),
    ("LR", "SMOTE"),
    ("network", "SMOTE"),
    ("network", "SpreadSMOTE"),
)


def difference(ours: pd.Series, theirs: pd.Series, metric: str) -> str:
    """Mean over tables of ours minus theirs ± its 95 % interval, and tables won/tied/lost."""
    gaps = ours - theirs
    better = -gaps if metric == "Brier" else gaps
    won, lost = int((better > TIE).sum()), int((better < -TIE).sum())
    margin = np.nan
    if len(gaps) > 1:
        margin = gaps.sem() * stats.t.ppf(0.975, len(gaps) - 1)
    return f"{gaps.mean():+.2f} ± {margin:.2f} ({won}/{len(gaps) - won - lost}/{lost})"


def differences(
    scores: pd.DataFrame, pairs: Sequence[tuple[str, str]], metrics: Sequence[str]
) -> Iterator[list[str]]:
    """One line for each (method, other method): differences of the means over classifiers."""
    means = scores.groupby(["method", "table"])[list(metrics)].mean()
    for ours, theirs in pairs:
        gaps = [difference(means.loc[ours][m], means.loc[theirs][m], m) for m in metrics]
        yield [f"{ours} - {theirs}", *gaps]


def by_table(scores: pd.DataFrame) -> str:
    """Balanced accuracy, mean of the classifiers, for every table and method."""
    columns = [*METHODS, "GAMOClassifier"]
    means = scores.pivot_table(index="table", columns="method", values="BA")[columns]
    rows = [
        [name, *map("{:.1f}".format, line)]
        for name, line in zip(means.index, means.to_numpy(), strict=True)
    ]
    rows.append(["mean", *map("{:.1f}".format, means.mean())])
    return markdown_table(["table", *columns], rows)


def absolute(scores: pd.DataFrame) -> str:
    """Means over tables of every pair of classifier and method, best balanced accuracy first."""
    means = scores.groupby(["classifier", "method"])[[*METRICS, "seconds"]].mean()
    means = means.sort_values("BA", ascending=False)
    rows = [
        [*pair, *map("{:.1f}".format, line[:-1]), f"{line[-1]:.3f}"]
        for pair, line in zip(means.index, means.to_numpy(), strict=True)
    ]
    return markdown_table(["classifier", "method", *METRICS, "seconds a fit"], rows)


def by_classifier(scores: pd.DataFrame) -> str:
    """Differences to SMOTE and between the spread samplers, for every classifier."""
    rows = []
    for name in CLASSIFIERS:
        own = scores[scores["classifier"] == name]
        rows += [[name, *line] for line in differences(own, PAIRS, ("BA", "AUC", "AP", "Brier"))]
    return markdown_table(["classifier", "methods", "BA", "AUC", "AP", "Brier"], rows)


def against_rivals(scores: pd.DataFrame) -> str:
    means = scores.groupby(["classifier", "method", "table"])[list(METRICS)].mean()
    ours = means.xs(("GAMOClassifier", "GAMOClassifier"))
    rows = []
    for rival in RIVALS:
        theirs = means.xs(rival)
        name = f"{rival[0]} on rows of {rival[1]}" if rival[1] != "prior" else f"{rival[0]}, prior"
        rows.append([name, *(difference(ours[m], theirs[m], m) for m in METRICS)])
    return markdown_table(["GAMOClassifier minus", *METRICS], rows)


def warned(scores: pd.DataFrame) -> str:
    """In how many folds of which table there were warnings."""
    folds = scores.drop_duplicates(["table", "fold"])
    words = folds.set_index("table")["warned"].str.split().explode().dropna()
    sizes = words.groupby([words.index, words]).size().rename_axis(["table", "warning"])
    rows = sizes.reset_index(name="n").itertuples(index=False, name=None)
    counts = [f"{word} in {n} ({name})" for name, word, n in rows]
    return f"Folds with warnings: {', '.join(counts) or 'none'}."


def markdown(scores: pd.DataFrame, tables: Sequence[Table], command: str, seed: int) -> str:
    """Return the whole report."""
    sampled = scores[scores["classifier"].isin(CLASSIFIERS)]
    shared = pd.concat([sampled, scores[scores["method"] == "GAMOClassifier"]])
    lines = differences(sampled, PAIRS, METRICS)
    about = ", ".join(f"{name} {number}" for name, number in versions().items())
    sizes = [
        [
            t.name,
            *t.X.shape,
            is_categorical(t.X).sum(),
            "/".join(map(str, np.bincount(t.y))),
        ]
        for t in tables
    ]
    return "\n\n".join(
        [
            f"Command: `{command}`  \nVersions: {about}  \nSeed: {seed} of cap, splits, samplers "
            "and classifiers; fold k of a table has seed 1000 seed + k.",
            markdown_table(SIZES, sizes),
            f"Balanced accuracy (%), mean of {', '.join(CLASSIFIERS)}:",
            by_table(shared),
            "Differences in points, mean over tables ± 95 % t-interval over tables (tables won / "
            f"tied within {TIE} / lost), mean of {', '.join(CLASSIFIERS)}; a lower Brier score "
            "wins:",
            markdown_table(["methods", *METRICS], lines),
            "The same by classifier:",
            by_classifier(sampled),
            "The classifier of the game:",
            against_rivals(scores),
            "Means over tables; seconds are CPU seconds of the sampler, or of the network:",
            absolute(scores),
            warned(scores),
        ]
    )
