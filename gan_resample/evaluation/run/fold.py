"""One split of one table under one method: impute, resample once, train and score classifiers.

A sampler that takes missing values gets them, and imputation comes after it. Test rows are only
used for scoring: imputation, scaling, sampler, encoding and classifier learn from the training
rows alone.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.under_sampling.base import BaseUnderSampler
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from gan_resample.datasets import DataSet, Split
from gan_resample.encoding.extremes import ClipExtremes
from gan_resample.evaluation.metrics.fidelity import fidelity
from gan_resample.evaluation.metrics.projection import project
from gan_resample.evaluation.metrics.reliability import CORRECTED, reliability
from gan_resample.evaluation.metrics.scores import SCORES, Prediction, Score
from gan_resample.evaluation.run.methods import Method, encodes_itself, with_seed
from gan_resample.evaluation.run.smote import NotApplicable, fit_resample, keeps_missing
from gan_resample.priors.class_mix import balances_inside, hides_its_mix, last_step, own_weights
from gan_resample.priors.correction import shift_priors

__all__ = ["Outcome", "Task", "run_task"]

Array = NDArray[Any]

# when missing values were imputed: in the note of a record
BEFORE, AFTER = "imputed before sampling", "sampled with missing values, imputed after"
Record = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """The unit of work of one process, and of what a stopped comparison keeps."""

    data: DataSet
    split: Split
    name: str
    method: Method
    classifiers: Mapping[str, Any]
    scores: Mapping[str, Score | Any]
    seed: int
    shown: bool  # whether to keep rows for a picture

    def only(self, names: Collection[str]) -> Task:
        """Return the same task for the named classifiers."""
        chosen = {name: value for name, value in self.classifiers.items() if name in names}
        return replace(self, classifiers=chosen)


@dataclass(frozen=True)
class Outcome:
    """The results of a task: a record of the sampler, and one of each classifier."""

    sampler: Record
    classifiers: list[Record]


def run_task(task: Task) -> Outcome:
    """Run a task with one thread; errors become records, warnings are counted."""
    begun = time.perf_counter()
    data, split = task.data, task.split
    about = {"data": data.name, "repeat": split.repeat, "fold": split.fold, "sampler": task.name}
    with _one_thread(), _caught() as met:
        train, y = data.X.iloc[split.train], data.y[split.train]
        X, X_test = impute(train, data.X.iloc[split.test])
        missing = train.isna().reset_index(drop=True)
        sampled, rows = _attempt(partial(resample, task, X, y, missing), met)
        records = []
        for name, classifier in task.classifiers.items():
            record, found = sampled, None
            if rows:
                record, found = _attempt(
                    partial(train_and_score, task, classifier, rows, X_test), met
                )
            records.append(about | {"classifier": name} | record | (found or {}))
        if rows:
            sampled |= rows.figures() | _look_at(rows, task.shown, met)
    took = {"task_seconds": time.perf_counter() - begun}
    return Outcome(about | sampled | took, records)


def _look_at(rows: Rows, shown: bool, met: list[Any]) -> Record:
    """Measure and project generated rows; an error here costs these figures only."""
    points = None
    if shown:
        _, points = _attempt(partial(project, rows.X, rows.y, rows.n_real), met)
    _, likeness = _attempt(rows.fidelity, met)
    return {"rows": points, "fidelity": likeness}


def _attempt(step: Callable[[], Any], met: list[Any]) -> tuple[Record, Any]:
    """Run a step; return a record of it, and its result (None if it failed or does not apply)."""
    met.clear()
    record: Record = {"status": "ok"}
    result = None
    try:
        result = step()
    except NotApplicable as reason:
        record = {"status": "n/a", "note": str(reason)}
    except Exception as error:  # a user's estimator may raise anything: the cell records it
        record = {"status": "failed", "error": f"{type(error).__name__}: {error}"}
    return record | {"warned": sorted({warning.category.__name__ for warning in met})}, result


# ---- rows ---------------------------------------------------------------------------------------


def impute(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fill numbers with the median and texts with the most frequent one; standardise numbers.

    Samplers that measure distances (SMOTE) need one scale for all columns, and a single cell of
    1e20 must not set it.
    """
    texts = train.columns[train.dtypes == "category"]
    numbers = train.columns.difference(texts, sort=False)
    fill = {"keep_empty_features": True}
    median = SimpleImputer(strategy="median", **fill)
    scaled = make_pipeline(median, ClipExtremes(), StandardScaler())
    parts = [
        ("numbers", scaled, numbers),
        ("texts", SimpleImputer(strategy="most_frequent", **fill), texts),
    ]
    imputer = ColumnTransformer(parts, verbose_feature_names_out=False)
    imputer.set_output(transform="pandas").fit(train)
    filled = [imputer.transform(part).reset_index(drop=True) for part in (train, test)]
    kinds = dict.fromkeys(numbers, "float64") | dict.fromkeys(texts, "category")
    first, second = (frame[train.columns].astype(kinds) for frame in filled)
    return first, second


@dataclass(frozen=True)
class Rows:
    """Training rows, the first ``n_real`` of them real."""

    X: pd.DataFrame
    y: Array
    n_real: int
    seconds: float = 0.0
    note: str = ""
    history: list[Record] = field(default_factory=list)
    imputed: bool = False  # though no sampler saw them
    told_apart: bool = True  # False: some rows may be generated, but it is unknown which

    def figures(self) -> Record:
        history = [{k: float(v) for k, v in row.items()} for row in self.history]
        return {
            "seconds": self.seconds,
            "n_generated": len(self.y) - self.n_real if self.told_apart else None,
            "note": self.note,
            "history": history,
        }

    def fidelity(self) -> dict[str, float] | None:
        """Similarity of generated rows to real ones, on the scale that classifiers see."""
        if self.n_real == len(self.y):
            return None
        x = make_encoder(self.X).fit(self.X[: self.n_real]).transform(self.X)
        return fidelity(x, self.y, self.n_real)


def resample(task: Task, X: pd.DataFrame, y: Array, missing: pd.DataFrame) -> Rows:
    """Resample the training part ``X``, in which the cells that are ``missing`` were imputed."""
    lacks = bool(missing.to_numpy().any())
    if task.method.sampler is None:
        note = BEFORE if lacks and task.method.generates_inside else ""
        return Rows(X, y, len(y), note=note, imputed=lacks)
    sampler = with_seed(task.method.sampler, task.seed)
    kept = lacks and keeps_missing(sampler)
    seen = _without(X, missing) if kept else X
    start = time.perf_counter()
    X_new, y_new, note = fit_resample(sampler, seen, y)
    seconds = time.perf_counter() - start
    if not isinstance(X_new, pd.DataFrame):
        X_new = pd.DataFrame(X_new, columns=X.columns).astype(X.dtypes)
    if kept:
        X_new = X_new.fillna({c: X[c][missing[c]].iloc[0] for c in X if missing[c].any()})
    told = [note, AFTER if kept else BEFORE] if lacks else [note]
    # over-samplers return real rows first, under-samplers make none; others may do anything
    over = isinstance(sampler, BaseOverSampler)
    known = over or isinstance(sampler, BaseUnderSampler)
    history = getattr(sampler, "history_", [])
    note, n_real = "; ".join(filter(None, told)), len(y) if over else len(y_new)
    return Rows(X_new, y_new, n_real, seconds, note, history, told_apart=known)


def _without(X: pd.DataFrame, missing: pd.DataFrame) -> pd.DataFrame:
    """Return rows with cells missing; columns without any other value stay imputed."""
    some = missing & ~missing.all()
    return X.mask(some)


# ---- classifiers --------------------------------------------------------------------------------


def make_encoder(X: pd.DataFrame) -> ColumnTransformer:
    """Make an encoder: one-hot columns for texts, standardised numbers."""
    texts = X.columns[X.dtypes == "category"]
    onehot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    numbers = X.columns.difference(texts, sort=False)
    return ColumnTransformer([("numbers", StandardScaler(), numbers), ("texts", onehot, texts)])


def make_model(classifier: Any, X: pd.DataFrame) -> Pipeline:
    """Make a pipeline of encoder and classifier; classifiers of games encode by themselves."""
    encode = "passthrough" if encodes_itself(classifier) else make_encoder(X)
    return Pipeline([("encode", encode), ("classifier", clone(classifier))])


def train_and_score(task: Task, classifier: Any, rows: Rows, X_test: pd.DataFrame) -> Record:
    """Train one classifier on the rows and score it on the test part."""
    if balances_inside(classifier) and not task.method.does_nothing:
        raise NotApplicable("balances the classes by itself: see sampler none")
    model = make_model(with_seed(classifier, task.seed), rows.X)
    start = time.perf_counter()
    model, note = task.method.fit(model, rows.X, rows.y, task.seed)
    seconds = time.perf_counter() - start + rows.seconds
    found = predict(model, task, X_test)
    values, told = score_all(task, found, model, X_test)
    samples = rows.imputed and balances_inside(classifier)  # no other method goes with it
    notes = (BEFORE if samples else rows.note, note, *told)
    record = {
        "note": "; ".join(filter(None, notes)),
        "fit_seconds": seconds,
        "scores": values,
        "recalls": found.recalls.tolist(),
        "reliability": None if found.P is None else reliability(found),
    }
    if _mix_is_known(task.method, classifier):
        record["corrected"] = corrected(task, classifier, rows, found)
    return record


def _mix_is_known(method: Method, classifier: Any) -> bool:
    """Whether it is known for which class shares the fitted classifier's probabilities hold."""
    # classifiers combine weights of rows and of classes in different ways
    twice = method.weigh and getattr(last_step(classifier), "class_weight", None)
    return not (twice or method.corrects or hides_its_mix(classifier))


def corrected(task: Task, classifier: Any, rows: Rows, found: Prediction) -> Record | None:
    """Score the probabilities with the shift of the class shares undone; None if unknown.

    As :class:`gan_resample.PriorCorrectedClassifier` does.
    """
    before, after = (_codes(task.data, y) for y in (task.data.y[task.split.train], rows.y))
    n = len(task.data.labels)
    weights = task.method.class_weights(np.bincount(after, minlength=n))
    seen = weights * np.bincount(after, own_weights(last_step(classifier), rows.y), minlength=n)
    prior = np.bincount(before, minlength=n) / len(before)
    seen = seen / seen.sum()
    if found.P is None or np.allclose(prior, seen):
        return None
    repaired = replace(found, P=shift_priors(found.P, seen, prior))
    scores = {name: SCORES[name](repaired) for name in CORRECTED}
    return {"scores": scores, "reliability": reliability(repaired)}


def _codes(data: DataSet, y: Array) -> Array:
    return pd.Index(data.labels).get_indexer(pd.Index(y))


def score_all(
    task: Task, found: Prediction, model: Any, X_test: pd.DataFrame
) -> tuple[dict[str, float], list[str]]:
    """Compute every score; NaN and a note for a user's scorer that raises."""
    values, notes = {}, []
    y_test = task.data.y[task.split.test]
    for name, score in task.scores.items():
        if isinstance(score, Score):
            values[name] = score(found)
            continue
        try:
            values[name] = float(score(model, X_test, y_test))
        except Exception as error:  # only this score is lost
            values[name] = float("nan")
            notes.append(f"no {name}: {error}")
    return values, notes


def predict(model: Any, task: Task, X_test: pd.DataFrame) -> Prediction:
    """Predict labels and, if the model has them, probabilities of every class of the table."""
    data, test = task.data, task.split.test
    known = pd.Index(data.labels)
    P = None
    if hasattr(model, "predict_proba"):
        P = np.zeros((len(test), len(known)))
        P[:, known.get_indexer(pd.Index(model.classes_))] = model.predict_proba(X_test)
    predicted = known.get_indexer(pd.Index(model.predict(X_test)))
    return Prediction(data.codes[test], predicted, P, task.split.weight, len(known))


# ---- settings -----------------------------------------------------------------------------------


@contextmanager
def _one_thread() -> Iterator[None]:
    """Use one thread for BLAS, OpenMP and torch: it is processes that run in parallel."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _caught() -> Iterator[list[Any]]:
    with warnings.catch_warnings(record=True) as met:
        warnings.simplefilter("always")
        # usual if a test part holds a rare category
        warnings.filterwarnings("ignore", "Found unknown categories")
        yield met
