"""Cross-validated comparison of samplers, classifiers and data sets, in one call."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import imblearn
import numpy as np
import sklearn
import torch
from sklearn.metrics import get_scorer

import gan_resample
from gan_resample.datasets import DataSet, Split
from gan_resample.evaluation.comparison import Comparison
from gan_resample.evaluation.metrics.scores import SCORES, Score
from gan_resample.evaluation.results.unfinished import missing
from gan_resample.evaluation.run.fold import Task
from gan_resample.evaluation.run.methods import (
    Method,
    check_numbers,
    choose_classifiers,
    choose_methods,
    describe,
)
from gan_resample.evaluation.run.parallel import keys, play_missing, task_key
from gan_resample.evaluation.run.schedule import TimeLimit
from gan_resample.evaluation.run.splits import choose_splitter, lacking, split_tables
from gan_resample.evaluation.run.store import Store
from gan_resample.evaluation.run.tables import choose_datasets

__all__ = ["compare"]


def compare(
    datasets: Any,
    samplers: Any = None,
    classifiers: Any = None,
    cv: Any = 5,
    repeats: int = 1,
    *,
    scoring: Any = None,
    n_jobs: int | None = None,
    random_state: int = 0,
    groups: Any = None,
    store: Any = None,
    max_iter: int | None = None,
    time_limit: float | None = None,
    verbose: int = 0,
) -> Comparison:
    """Cross-validate every sampler with every classifier on every data set.

    In each training fold numbers are imputed by the median and standardised, and texts are imputed
    by the most frequent one; for samplers that take missing values, after they have run. The
    sampler runs once for all classifiers. Texts then become one-hot columns, numbers are
    standardised again, and the classifier is trained. Test rows are only scored.

    Parameters
    ----------
    datasets : str, (X, y), DataSet, mapping or list
        What to compare on: a bundled name (``"digits"``, ``"breast_cancer"``, ``"wine"``, thinned
        to be imbalanced), a pair of table and labels, a ``gan_resample.datasets.DataSet``, a
        mapping of names to pairs, or a list of names and data sets.
    samplers : list of str or mapping, default=None
        Names, or a mapping of names of your own to over- or under-samplers with ``fit_resample``
        (or to names). Known names: ``none`` (rows as they are), ``class_weight``, ``threshold``
        (tuned by inner cross-validation for two classes, arg-max of probability / prior for more),
        ``random``, ``smote``, ``spread``, ``spread_ensemble``
        (:class:`~gan_resample.SpreadEnsembleClassifier` round the classifier, decided as
        ``prior``) and one for each game, such as ``gamo``; None: all these. By name only:
        ``undersample``, ``borderline``, ``svm_smote``, ``kmeans_smote``, ``adasyn``, ``prior``
        (arg-max of probability / prior), the controls of ``spread_ensemble``, ``bagging``
        (bootstrap samples) and ``bagged_random`` (repeated rows), and
        ``class_balanced_0.9``, ``_0.99``, ``_0.999``, ``_0.9999`` (weights by the effective
        number of rows, Cui et al. 2019).
    classifiers : list of str or mapping, default=None
        Names, or a mapping of names to scikit-learn classifiers. Known names: ``logistic``,
        ``knn``, ``forest``, ``boosting``, ``mlp``; and, with the sampler ``none`` only as they
        balance inside, ``balanced_bagging``, ``easy_ensemble`` and the classifier of each game,
        such as ``gamo``. None: the first five.
    cv : int, cross-validation splitter or iterable, default=5
        Number of stratified folds, at least 2 and at most the rows of the smallest class, an
        object with ``split(X, y)``, or pairs of row numbers (training, test). With ``groups``, a
        class must be in as many groups as there are folds.
    repeats : int, default=1
        How often the folds are drawn, if ``cv`` is a number.
    scoring : list of str or mapping, default=None
        Scores by name (the first is the main one), or a mapping of names to scorers
        ``scorer(model, X, y)``. None: ``balanced_accuracy``, ``geometric_mean``, ``f1_macro``,
        ``roc_auc``, ``average_precision``, ``brier_score`` and ``log_loss``. Other names are those
        of scikit-learn's scorers, with which greater is better. On thinned data sets neither these
        nor your own scorers are weighted to the class shares of the training parts. A scorer that
        raises an error gives NaN and a note.
    n_jobs : int, default=None
        Processes, each with one thread, as joblib counts them: None is 1, or as
        ``joblib.parallel_config`` says; -1 is one for each core. Does not change the results.
        With a Dask cluster (``joblib.parallel_config("dask")``) all its workers are used.
    random_state : int, default=0
        Seed of folds, and of samplers and classifiers without a ``random_state`` of their own.
    groups : array-like of shape (n_rows,) or mapping, default=None
        What rows belong together, the rows of a patient, say; for several data sets a mapping of
        their names to groups. No group stands in training and test part alike: folds are drawn by
        ``StratifiedGroupKFold``, and a splitter is given the groups. Inner cross-validation, as
        ``threshold`` has it, does not know them.
    store : path-like, default=None
        SQLite file to which results are written one by one. With the same file a stopped
        comparison continues; failed cells are tried again. Calls that run at the same time with
        the same file share the work, and each returns all results. None: results stay in memory.
        With a file, results belong to the contents of all settings: nested parameters, arrays,
        weights, and the code of your own functions and classes with the variables that it reads
        (lambdas too). A setting whose contents cannot be described, such as an open file, is
        refused.
    max_iter : int, default=None
        Rounds of every game chosen by name. None: each game's default.
    time_limit : float, default=None
        Minutes, above 0, after which no sampler begins; one that runs, and its classifiers, end.
        Methods take turns, a fold of each before a second of any, and at least one fit is made.
        ``results`` then has rows of status ``"missing"``, everything else is computed from the
        splits that every compared method has, and the same call with a ``store`` goes on. None:
        no limit.
    verbose : int, default=0
        1 shows a progress bar, and an estimate of the time when each method has run once.

    Returns
    -------
    comparison : Comparison
        ``results`` holds a row for each data set, split, sampler and classifier.

    Raises
    ------
    ValueError
        For an unknown name, a table that cannot be used, a class with fewer rows than folds or in
        fewer groups, groups that do not fit the rows or that a splitter divides, or a store with
        results of another version, other data, other splits or other settings.
    RuntimeError
        If a process died, for example for lack of memory; finished cells are in the store.

    Warns
    -----
    UserWarning
        If a test part that a splitter made, or one of groups, has no row of some class.

    Notes
    -----
    With two classes the smaller one is the positive class. A failed cell records its error; the
    others run.

    Examples
    --------
    >>> from gan_resample.evaluation import compare
    >>> found = compare("wine", ["none", "smote"], ["knn"], cv=2)
    >>> found.results[["sampler", "classifier", "status"]].drop_duplicates().to_numpy().tolist()
    [['none', 'knn', 'ok'], ['smote', 'knn', 'ok']]
    """
    check_numbers(repeats, random_state, max_iter, n_jobs)
    limit = TimeLimit(time_limit)
    tables = choose_datasets(datasets, groups)
    methods = choose_methods(samplers, max_iter)
    chosen = choose_classifiers(classifiers, max_iter)
    scores = _choose_scores(scoring)
    cv = choose_splitter(cv, repeats)
    splits = split_tables(tables, cv, repeats, random_state)
    tasks = list(_tasks(tables, splits, methods, chosen, scores, random_state))
    settings, gaps = _settings(tables, splits, methods, chosen, scores, cv, random_state)
    _check_gaps(gaps, store)
    with closing(Store(store)) as kept:
        kept.agree(settings)
        play_missing(tasks, kept, n_jobs, verbose, limit)
        records = kept.records()
    asked = [key for task in tasks for key in keys(task)]
    there = [key for key in asked if key in records or not limit.reached]
    _check_records([records.get(key) for key in there], scores, store)
    samplings = [(*task_key(task), "") for task in tasks]
    about = _about_all(tables, splits, methods, scores, settings)
    return Comparison(
        [records.get(key) or missing(key) for key in asked],
        [records.get(key) or missing(key) for key in samplings],
        about | {"settings": {"cv": str(cv), "repeats": repeats, "random_state": random_state}},
    )


# ---- arguments ----------------------------------------------------------------------------------


def _choose_scores(scoring: Any) -> dict[str, Score | Callable[..., float]]:
    if scoring is None:
        return dict(SCORES)
    if isinstance(scoring, str):
        scoring = [scoring]
    if not isinstance(scoring, Iterable):
        raise TypeError(f"scoring={scoring!r} must be names, or a mapping of names to scorers")
    if not isinstance(scoring, Mapping):
        scoring = {name: name for name in scoring}
    if wrong := [
        value for value in scoring.values() if not (isinstance(value, str) or callable(value))
    ]:
        raise TypeError(f"a score is a name or a scorer(model, X, y), but got {wrong[0]!r}")
    if not scoring:
        raise ValueError(f"no score named: known are {', '.join(SCORES)} and scikit-learn's")
    return {
        str(name): SCORES[value]
        if isinstance(value, str) and value in SCORES
        else get_scorer(value)
        for name, value in scoring.items()
    }


def _check_gaps(gaps: Sequence[str], store: Any) -> None:
    """Raise ValueError for settings that a store cannot distinguish from others."""
    if store is not None and gaps:
        raise ValueError(
            f"a store tells results apart by what their settings hold, but nothing can be told of "
            f"{gaps[0]}: leave it out, make it of plain values, or leave store=None"
        )


def _check_records(
    records: Sequence[Mapping[str, Any] | None], scores: Mapping[str, Any], store: Any
) -> None:
    """Raise ValueError if another program has changed the records in a store."""
    if not all(_is_whole(record, scores) for record in records):
        raise ValueError(
            f"records in {store} are gone, or lack scores or recalls: another program has changed "
            "that file; remove it, or name another place"
        )


def _is_whole(record: Mapping[str, Any] | None, scores: Mapping[str, Any]) -> bool:
    if record is None or record["status"] != "ok":
        return record is not None
    found, recalls = record.get("scores"), record.get("recalls")
    return isinstance(found, dict) and scores.keys() <= found.keys() and isinstance(recalls, list)


def versions() -> dict[str, str]:
    """Versions on which results depend."""
    return {
        "gan_resample": gan_resample.__version__,
        "scikit-learn": sklearn.__version__,
        "imbalanced-learn": imblearn.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def store_versions() -> dict[str, str]:
    """Versions that all results of a store must share.

    Without torch's build (``+cpu``, ``+cu130``) and Python's patch version: these change results
    no more than another machine does, by rounding.
    """
    major, minor, _ = platform.python_version_tuple()
    torch_release = torch.__version__.partition("+")[0]
    return versions() | {"torch": torch_release, "python": f"{major}.{minor}"}


def _settings(
    tables: Sequence[DataSet],
    splits: Mapping[str, Sequence[Split]],
    methods: Mapping[str, Method],
    classifiers: Mapping[str, Any],
    scores: Mapping[str, Any],
    cv: Any,
    seed: int,
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Return the settings that all results of a store share, and those it cannot describe."""
    gaps: list[str] = []

    def told(kind: str, values: Mapping[str, Any]) -> dict[str, str]:
        return {n: describe(value, f"{kind} {n!r}", gaps) for n, value in values.items()}

    ours = list(SCORES.values())
    own = [name for name, score in scores.items() if any(score is each for each in ours)]
    by_number = isinstance(cv, int)  # these folds follow from cv and seed
    settings = {
        "version of": store_versions(),
        "data": {data.name: data.fingerprint() for data in tables},
        "sampler": told("sampler", methods),
        "classifier": told("classifier", classifiers),
        "splits of": {} if by_number else {name: _hash(own) for name, own in splits.items()},
        "score": {name: scores[name].title for name in own}
        | told("score", {name: score for name, score in scores.items() if name not in own}),
        "argument": {
            "cv": str(cv) if by_number else type(cv).__name__,
            "random_state": str(seed),
            "scores": ", ".join(scores),
        },
    }
    return settings, gaps


def _hash(splits: Sequence[Split]) -> str:
    digest = hashlib.sha256()
    for split in splits:
        for rows in (split.train, split.test):
            digest.update(np.asarray(rows, dtype=np.int64).tobytes() + b"|")
    return digest.hexdigest()[:16]


def _about_all(
    tables: Sequence[DataSet], splits: Any, methods: Any, scores: Any, settings: Any
) -> dict[str, Any]:
    """Return what a report tells of a comparison beside its scores."""
    return {
        "scores": {n: s if isinstance(s, Score) else None for n, s in scores.items()},
        "data": [_about(data, splits[data.name]) for data in tables],
        "samplers": settings["sampler"],
        "baseline": next((name for name, m in methods.items() if m.does_nothing), None),
        "without_rows": [name for name, m in methods.items() if m.sampler is None],
        "generate_inside": [name for name, m in methods.items() if m.generates_inside],
        "classifiers": settings["classifier"],
        "versions": versions(),
    }


def _about(data: DataSet, splits: Sequence[Split]) -> dict[str, Any]:
    sizes = data.counts if data.thinned is None else data.thinned
    return {
        "name": data.name,
        "rows": len(data.y),
        "columns": data.X.shape[1],
        "categorical": int((data.X.dtypes == "category").sum()),
        "missing": int(data.X.isna().to_numpy().sum()),
        "repeated": int(data.X.duplicated().sum()),
        "groups": None if data.groups is None else len(np.unique(data.groups)),
        "labels": [str(label) for label in data.labels],
        "counts": [int(size) for size in sizes],
        "thinned": data.thinned is not None,
        "lacking": lacking(data, splits),
        "test_to_train": float(np.mean([split.test_to_train for split in splits])),
        "kinds": {
            str(column): {"kind": kind.kind, "told": kind.told, "warning": kind.warning}
            for column, kind in data.kinds.items()
        },
    }


def _tasks(
    tables: Sequence[DataSet],
    splits: Mapping[str, Sequence[Split]],
    methods: Mapping[str, Method],
    classifiers: Mapping[str, Any],
    scores: Mapping[str, Any],
    random_state: int,
) -> Iterator[Task]:
    """Yield the tasks in the order in which results are listed: games last."""
    for games in (False, True):
        wanted = {name: each for name, each in methods.items() if each.plays_a_game is games}
        for data in tables:
            for number, split in enumerate(splits[data.name]):
                state = np.random.SeedSequence([random_state, number]).generate_state(1)
                seed = int(state[0] >> 1)
                for name, method in wanted.items():
                    yield Task(data, split, name, method, classifiers, scores, seed, number == 0)
