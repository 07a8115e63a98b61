"""Compare doing nothing, class weights and four over-samplers on three thinned data sets.

    python examples/compare_samplers.py            # or: make demo
    python examples/compare_samplers.py --quick    # a few seconds, numbers without meaning

Everything happens inside an imbalanced-learn pipeline under cross-validation, so that no generated
row and no scaling ever sees a test row. The data come with scikit-learn, all seeds are fixed and
the closing paragraph is written from the numbers.
"""

from __future__ import annotations

import argparse
import textwrap
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from imblearn.metrics import geometric_mean_score
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import Pipeline
from joblib import Parallel, delayed, parallel_config
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from gan_resample import GAMOClassifier, GAMOSampler, SpreadSMOTE

Array = NDArray[Any]

SEED = 0
FOLDS = 5
ROUNDS = 800  # the default of GAMOSampler and GAMOClassifier
METRICS = ("balanced acc.", "g-mean", "macro F1", "ROC AUC", "Brier")
LOWER_IS_BETTER = {"Brier"}
PAIRS = (
    ("GAMO", "nothing"),
    ("GAMO", "SMOTE"),
    ("GAMO", "SpreadSMOTE"),
    ("SpreadSMOTE", "SMOTE"),
)


@dataclass(frozen=True)
class Table:
    """A data set and how many rows of each class a training fold keeps."""

    name: str
    X: Array
    y: Array
    counts: tuple[int, ...]


@dataclass(frozen=True)
class ThinnedFolds:
    """Stratified folds: the training part is thinned, the test part has all classes alike."""

    counts: tuple[int, ...]
    n_splits: int

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        return self.n_splits

    def split(self, X: Array, y: Array, groups: Any = None) -> Iterator[tuple[Array, Array]]:
        rng = np.random.default_rng(SEED)
        folds = StratifiedKFold(self.n_splits, shuffle=True, random_state=SEED)
        for train, test in folds.split(X, y):
            alike = [np.bincount(y[test]).min()] * len(self.counts)
            yield pick(train, y, self.counts, rng), pick(test, y, alike, rng)


def pick(rows: Array, y: Array, counts: Sequence[int], rng: np.random.Generator) -> Array:
    """Take ``counts[label]`` random rows of each label."""
    groups = [rows[y[rows] == label] for label in range(len(counts))]
    return np.concatenate(
        [rng.permutation(group)[:n] for group, n in zip(groups, counts, strict=True)]
    )


def load_tables() -> list[Table]:
    return [
        Table("digits", *load_digits(return_X_y=True), (120, 60, 30, 23, 15, 11, 8, 6, 5, 5)),
        Table("breast cancer", *load_breast_cancer(return_X_y=True), (14, 280)),
        Table("wine", *load_wine(return_X_y=True), (15, 40, 6)),
    ]


# ---- what is compared ---------------------------------------------------------------------------


def make_samplers(table: Table, rounds: int) -> dict[str, Any]:
    neighbours = min(5, min(table.counts) - 1)  # SMOTE raises where a class is too small for 5
    return {
        "random oversampling": RandomOverSampler(random_state=SEED),
        "SMOTE": SMOTE(k_neighbors=neighbours, random_state=SEED),
        "SpreadSMOTE": SpreadSMOTE(random_state=SEED),
        "GAMO": GAMOSampler(max_iter=rounds, device="cpu", random_state=SEED),
    }


def make_pipelines(table: Table, rounds: int, trees: int) -> dict[tuple[str, str], Pipeline]:
    """(classifier, method) -> pipeline."""
    classifiers = {
        "logistic regression": LogisticRegression(max_iter=2000),
        "random forest": RandomForestClassifier(trees, random_state=SEED),
    }
    cases = {}
    for name, clf in classifiers.items():
        cases[name, "nothing"] = make_pipeline(clf)
        cases[name, "class weights"] = make_pipeline(
            clone(clf).set_params(class_weight="balanced")
        )
        for method, sampler in make_samplers(table, rounds).items():
            cases[name, method] = make_pipeline(clf, sampler)
    game = GAMOClassifier(max_iter=rounds, device="cpu", random_state=SEED)
    cases["GAMOClassifier", "its own game"] = make_pipeline(game)
    return cases


def make_pipeline(clf: Any, sampler: Any = "passthrough") -> Pipeline:
    return Pipeline([("scale", StandardScaler()), ("sampler", sampler), ("clf", clf)])


def make_scorers(table: Table) -> dict[str, Any]:
    return {
        "balanced acc.": "balanced_accuracy",
        "g-mean": make_scorer(geometric_mean_score),
        "macro F1": "f1_macro",
        "ROC AUC": "roc_auc_ovr",
        "Brier": partial(brier_as_trained, counts=np.asarray(table.counts)),
    }


def brier_as_trained(model: Any, X: Array, y: Array, counts: Array) -> float:
    """Brier score, 0 to 1, with test rows weighted to the class mix of the training folds.

    On balanced test rows any balancing would look like better calibration, only because the test
    is balanced too.
    """
    error = np.square(model.predict_proba(X) - np.eye(len(counts))[y]).sum(axis=1) / 2
    return float(np.average(error, weights=counts[y]))


def warm_up(table: Table, jobs: int) -> None:
    """Start the processes and import everything there, so that it counts in no fit's time."""
    sampler = make_samplers(table, rounds=1)["GAMO"]
    Parallel()(delayed(sampler.fit)(table.X, table.y) for _ in range(2 * jobs))


def compare(tables: Sequence[Table], rounds: int, trees: int, folds: int) -> pd.DataFrame:
    """One row for each table, classifier, method and fold; metrics times 100."""
    tasks = [
        (table, names, pipeline, fold)
        for table in tables
        for names, pipeline in make_pipelines(table, rounds, trees).items()
        for fold in range(folds)
    ]
    scores = Parallel(return_as="generator")(
        delayed(score_fold)(table, pipeline, fold, folds) for table, _, pipeline, fold in tasks
    )
    results = []
    with tqdm(total=len(tasks), unit="fit") as bar:
        for (table, names, _, fold), values in zip(tasks, scores, strict=True):
            bar.set_description(f"{table.name}: {', '.join(names)}")
            bar.update()
            where = {"data": table.name, "classifier": names[0], "method": names[1], "fold": fold}
            results.append(where | values)
    return pd.DataFrame(results)


def score_fold(table: Table, pipeline: Pipeline, fold: int, folds: int) -> dict[str, float]:
    splits = list(ThinnedFolds(table.counts, folds).split(table.X, table.y))
    scores = cross_validate(
        pipeline,
        table.X,
        table.y,
        cv=splits[fold : fold + 1],  # one fold at a time keeps both cores busy
        scoring=make_scorers(table),
        error_score="raise",
    )
    metrics = {metric: 100 * scores[f"test_{metric}"].item() for metric in METRICS}
    return metrics | {"fit [s]": scores["fit_time"].item()}


# ---- the table on the terminal ------------------------------------------------------------------


def print_table(table: Table, results: pd.DataFrame, folds: int) -> None:
    rows = results[results["data"] == table.name]
    grouped = rows.groupby(["classifier", "method"], sort=False)[[*METRICS, "fit [s]"]]
    mean, spread = grouped.mean(), grouped.std()
    best = {m: mean[m].min() if m in LOWER_IS_BETTER else mean[m].max() for m in METRICS}
    print_heading(table, folds)
    for (classifier, method), values in mean.iterrows():
        if method in ("nothing", "its own game"):
            print(classifier)
        sd = spread.loc[(classifier, method)]
        cells = [cell(values[m], sd[m], values[m] == best[m]) for m in METRICS]
        print(f"  {method:20}" + "".join(cells) + f"{values['fit [s]']:9.2f}")


def print_heading(table: Table, folds: int) -> None:
    _, test = next(ThinnedFolds(table.counts, folds).split(table.X, table.y))
    counts = ", ".join(map(str, table.counts))
    print(f"\n{table.name.upper()}: training folds of {counts} rows of its classes,")
    print(f"{folds} test folds of about {len(test)} rows, as many of each class\n")
    print(f"{'':22}" + "".join(f"{name:>13}" for name in METRICS) + f"{'fit [s]':>10}")


def cell(mean: float, spread: float, is_best: bool) -> str:
    return f"{mean:6.1f} ±{spread:4.1f}{'*' if is_best else ' '}"


# ---- the closing paragraph, from the numbers ----------------------------------------------------


def difference(
    results: pd.DataFrame, one: tuple[str, str], other: tuple[str, str], metric: str
) -> pd.DataFrame:
    """Mean and standard error, over folds, of ``one`` minus ``other``; a row for each data set."""
    wide = results.pivot(index=["data", "fold"], columns=["classifier", "method"], values=metric)
    found = (wide[one] - wide[other]).groupby("data").agg(["mean", "sem"])
    return found.loc[results["data"].unique()]


def differences(results: pd.DataFrame, one: str, other: str, metric: str) -> pd.DataFrame:
    """The same for two methods under both classifiers."""
    parts = []
    for classifier in ("logistic regression", "random forest"):
        part = difference(results, (classifier, one), (classifier, other), metric)
        parts.append(part.rename(index=lambda data, clf=classifier: f"{data} with {clf}"))
    return pd.concat(parts)


def tell(found: pd.DataFrame) -> str:
    """Say where the first is higher than, level with or lower than the second."""
    clear = found["mean"].abs() > found["sem"]
    groups = {
        "higher": found[clear & (found["mean"] > 0)],
        "no detectable difference": found[~clear],
        "lower": found[clear & (found["mean"] < 0)],
    }
    said = []
    for name, group in groups.items():
        rounded = group.round(1) + 0.0  # no "-0.0"
        cases = [f"{row.Index} {row.mean:+.1f} ±{row.sem:.1f}" for row in rounded.itertuples()]
        if cases:
            said.append(f"{name} in {len(cases)} of {len(found)} ({', '.join(cases)})")
    return "; ".join(said) + "."


def summary(results: pd.DataFrame) -> list[str]:
    folds = results["fold"].nunique()
    lines = [
        "What the numbers say. Differences are paired over folds, mean ± standard error. Within "
        "one standard error counts as no detectable difference, a lenient line: the "
        f"{folds} folds share rows."
    ]
    for one, other in PAIRS:
        found = differences(results, one, other, "balanced acc.")
        lines.append(f"{one} against {other}, balanced accuracy: {tell(found)}")
    for rival in (("logistic regression", "class weights"), ("random forest", "SpreadSMOTE")):
        found = difference(results, ("GAMOClassifier", "its own game"), rival, "balanced acc.")
        lines.append(f"GAMOClassifier against {' with '.join(rival)}: {tell(found)}")
    return [*lines, calibration(results), cost(results)]


def calibration(results: pd.DataFrame) -> str:
    parts = []
    for method in ("class weights", "random oversampling", "SMOTE", "SpreadSMOTE", "GAMO"):
        found = differences(results, method, "nothing", "Brier")
        worse = (found["mean"] > found["sem"]).sum()
        better = (found["mean"] < -found["sem"]).sum()
        parts.append(
            f"{method} worse in {worse} and better in {better} of {len(found)} cases "
            f"(mean {found['mean'].mean():+.1f})"
        )
    return f"Calibration, Brier score against doing nothing: {'; '.join(parts)}."


def cost(results: pd.DataFrame) -> str:
    seconds = results.groupby("method")["fit [s]"].mean()
    return (
        f"Cost: a fit took {seconds['GAMO']:.1f} s with GAMO, {seconds['SpreadSMOTE']:.2f} s with "
        f"SpreadSMOTE and {seconds['nothing']:.2f} s with nothing, classifier included."
    )


# ---- the picture --------------------------------------------------------------------------------

SHOWN = ("SMOTE", "SpreadSMOTE", "GAMO")
REAL, GENERATED, OTHERS = "#0b3c5d", "#e07a2f", "#b8bec6"


def generate(table: Table, rounds: int) -> tuple[Array, Array, dict[str, tuple[Array, Array]]]:
    """The first training fold, and what each sampler adds to it, in the table's own units."""
    train, _ = next(ThinnedFolds(table.counts, FOLDS).split(table.X, table.y))
    X, y = table.X[train], table.y[train]
    samplers = make_samplers(table, rounds)
    made = Parallel()(delayed(new_rows)(samplers[name], X, y) for name in SHOWN)
    return X, y, dict(zip(SHOWN, made, strict=True))


def new_rows(sampler: Any, X: Array, y: Array) -> tuple[Array, Array]:
    scale = StandardScaler().fit(X)
    X_new, y_new = sampler.fit_resample(scale.transform(X), y)
    return scale.inverse_transform(X_new[len(X) :]), y_new[len(X) :]


def draw(digits: Table, table: Table, rounds: int, path: Path) -> None:
    figure = plt.figure(figsize=(11, 7), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=(0.62, 1))
    draw_digits(top, *generate(digits, rounds))
    draw_scatters(bottom, *generate(table, rounds))
    figure.savefig(path, dpi=150)
    plt.close(figure)


def draw_digits(figure: Any, X: Array, y: Array, made: dict[str, tuple[Array, Array]]) -> None:
    labels = range(4, 10)
    strips = [strip(rows, of, labels) for rows, of in ((X, y), *made.values())]
    height, width = strips[0].shape
    ax = figure.subplots()
    ax.imshow(np.vstack(strips), cmap="gray_r", aspect="equal")
    ax.set_yticks(height * np.arange(len(strips)) + 3.5, ["real", *made], fontsize=11)
    counts = np.bincount(y)
    centres = width / len(labels) * (np.arange(len(labels)) + 0.5) - 2
    ax.set_xticks(centres, [f"“{label}”, {counts[label]} real rows" for label in labels])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_title("Digits: real rows of the six rarest classes, and generated ones", fontsize=13)


def strip(rows: Array, of: Array, labels: Sequence[int], n_each: int = 4) -> Array:
    """The first images of each label beside each other, with gaps."""
    tiles = []
    for label in labels:
        images = rows[of == label][:n_each].reshape(-1, 8, 8)
        tiles += [np.pad(image, ((0, 3), (0, 1)), constant_values=np.nan) for image in images]
        tiles.append(np.full((11, 3), np.nan))
    return np.hstack(tiles)


def draw_scatters(figure: Any, X: Array, y: Array, made: dict[str, tuple[Array, Array]]) -> None:
    figure.suptitle(
        f"Breast cancer: {sum(y == 0)} real malignant rows, and those generated from them",
        fontsize=13,
    )
    scale = StandardScaler().fit(X)
    project = PCA(2, random_state=SEED).fit(scale.transform(X))
    axes = figure.subplots(1, len(made), sharex=True, sharey=True)
    for ax, (name, (rows, _)) in zip(axes, made.items(), strict=True):
        for points, style in (
            (X[y == 1], {"s": 10, "c": OTHERS, "label": "benign, real"}),
            (rows, {"s": 10, "c": GENERATED, "alpha": 0.55, "lw": 0, "label": "generated"}),
            (
                X[y == 0],
                {"s": 34, "c": REAL, "ec": "white", "lw": 0.6, "label": "malignant, real"},
            ),
        ):
            ax.scatter(*project.transform(scale.transform(points)).T, **style)
        ax.set(title=name, xlabel="first principal component")
    axes[0].set_ylabel("second principal component")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)


# ---- command line -------------------------------------------------------------------------------


def parse(args: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two folds and a few rounds")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "output")
    parser.add_argument("--jobs", type=int, help="processes, each with one thread (2; quick: 1)")
    return parser.parse_args(args)


def main(args: Sequence[str] | None = None) -> None:
    options = parse(args)
    start = time.perf_counter()
    mpl.use("Agg")
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    rounds, trees, folds = (4, 5, 2) if options.quick else (ROUNDS, 100, FOLDS)
    tables = load_tables()
    jobs = options.jobs or (1 if options.quick else 2)
    with parallel_config("loky", n_jobs=jobs, inner_max_num_threads=1):
        warm_up(tables[-1], jobs)
        results = compare(tables, rounds, trees, folds)
        draw(tables[0], tables[1], rounds, options.out / "real_against_generated.png")
    results.to_csv(options.out / "compare_samplers.csv", index=False)

    print(
        f"\nMean ± standard deviation over {folds} folds, times 100; * marks the best of a column."
    )
    print("Brier: lower is better, test rows weighted to the class mix of the training folds.")
    for table in tables:
        print_table(table, results, folds)
    print()
    for line in summary(results):
        print(textwrap.fill(line, 100), end="\n\n")
    for name in ("real_against_generated.png", "compare_samplers.csv"):
        print(f"saved {options.out / name}")
    print(f"{time.perf_counter() - start:.0f} s in all, with {rounds} rounds a game")


if __name__ == "__main__":
    main()
