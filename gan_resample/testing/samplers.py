"""The laws that every sampler obeys, with or without a game."""

from __future__ import annotations

import pickle
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from gan_resample.testing.data import blobs, global_state_kept, mixed_frame, require

__all__ = ["SAMPLER_LAWS", "check_sampler", "run_sampler_law"]

Array = NDArray[Any]
Law = Callable[[Any], None]


def check_sampler(sampler: Any) -> None:
    """Check that a sampler keeps what this package promises about rows; takes seconds.

    The common checks of scikit-learn and imbalanced-learn test other things: run
    ``sklearn.utils.estimator_checks.parametrize_with_checks`` and
    ``imblearn.utils.estimator_checks.parametrize_with_checks`` too. The laws of its game, if it
    has one, are those of :func:`check_game`.

    Parameters
    ----------
    sampler : sampler
        An over-sampler that takes arrays, sparse matrices and pandas tables of mixed columns, such
        as a :class:`~gan_resample.core.rows.BaseRowSampler`, with few rounds if it trains. It is
        cloned, and its ``sampling_strategy`` and ``random_state`` are set.

    Raises
    ------
    TypeError
        If ``sampler`` is not a sampler, but its class, say.
    AssertionError
        If a law does not hold; the message says what to do. An error raised by the sampler itself
        is passed on, with a note that names the law.

    Examples
    --------
    >>> from gan_resample import SpreadSMOTE
    >>> from gan_resample.testing import check_sampler
    >>> check_sampler(SpreadSMOTE(k_neighbors=3))
    """
    if isinstance(sampler, type) or not hasattr(sampler, "fit_resample"):
        raise TypeError(
            f"check_sampler takes a sampler, an object with fit_resample, but got {sampler!r}: "
            "make one of a class; for a game there is check_game"
        )
    for law in SAMPLER_LAWS:
        run_sampler_law(law, sampler)


def run_sampler_law(law: Law, sampler: Any) -> None:
    """Check one law, on a clone with ``random_state=0``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of tiny classes and few rounds, which are intended
            law(clone(sampler).set_params(random_state=0))
    except Exception as error:
        error.add_note(f"{type(sampler).__name__}, law: {law.__doc__}")
        raise


# ---- rows, counts, containers -------------------------------------------------------------------


def real_rows_come_first(sampler: Any) -> None:
    """Check that real rows come first and unchanged, and generated ones are finite."""
    X, y = blobs()
    X_new, y_new = sampler.fit_resample(X, y)
    _require_first(X_new[: len(X)], X, y_new[: len(y)], y)
    require(np.isfinite(X_new).all(), "a generated row is not finite: none came in, none goes out")
    if hasattr(sampler, "synthetic_mask_"):
        require(
            sampler.synthetic_mask_.tolist() == [False] * len(X) + [True] * (len(X_new) - len(X)),
            "synthetic_mask_ does not say which rows are generated",
        )


def sources_are_real_rows(sampler: Any) -> None:
    """Check that ``source_indices_``, if there is one, names a real row, or -1, for each new one.

    A class of one row is repeated, so it is that row's.
    """
    X, y = blobs((30, 1, 12))
    X_new, y_new = sampler.fit_resample(X, y)
    if not hasattr(sampler, "source_indices_"):
        return
    sources, labels = np.asarray(sampler.source_indices_), y_new[len(X) :]
    require(
        sources.shape == (len(X_new) - len(X),)
        and np.issubdtype(sources.dtype, np.integer)
        and ((sources >= -1) & (sources < len(X))).all(),
        f"source_indices_ has shape {sources.shape} and dtype {sources.dtype} for "
        f"{len(X_new) - len(X)} generated rows: it holds for each the position of a real row, or "
        "-1; _draw_rows sets them as _sources",
    )
    lone = sources[labels == 1]
    require(
        np.isin(lone, (-1, np.flatnonzero(y == 1)[0])).all(),
        "source_indices_ names rows of other classes for the repeated row of a class",
    )


def counts_follow_the_strategy(sampler: Any) -> None:
    """Check that each class gets as many rows as sampling_strategy asks for."""
    X, y = blobs()
    for strategy, expected in (
        ("auto", {0: 60, 1: 60, 2: 60}),
        ("minority", {0: 60, 1: 20, 2: 60}),
        ("not minority", {0: 60, 1: 60, 2: 8}),
        ({2: 25}, {0: 60, 1: 20, 2: 25}),
        ({0: 70, 2: 9}, {0: 70, 1: 20, 2: 9}),
    ):
        _require_counts(sampler, strategy, X, y, expected)
    _require_counts(sampler, 0.5, X[y < 2], y[y < 2], {0: 60, 1: 30})


def balanced_rows_come_back(sampler: Any) -> None:
    """Check that balanced rows are returned, and that a fit then sets all its attributes."""
    X, y = blobs((10, 10))
    usual = clone(sampler).fit(*blobs((10, 6)))
    X_new, y_new = sampler.fit_resample(X, y)
    require(len(X_new) == len(X), f"{len(X_new)} rows came back of {len(X)} balanced ones")
    _require_first(X_new, X, y_new, y)
    missing = sorted(_fitted(usual) - _fitted(sampler))
    require(
        not missing,
        f"{missing} are not set where no class lacks a row: set them in _learn_nothing",
    )


def arrays_keep_their_dtype(sampler: Any) -> None:
    """Check that the dtypes of an array and of its labels are kept."""
    X, y = blobs()
    for dtype in (np.float32, np.int64, np.int8, bool):
        rows = np.clip(X * 4, -100, 100).astype(dtype)
        X_new, _ = clone(sampler).fit_resample(rows, y)
        require(
            X_new.dtype == dtype,
            f"rows of {np.dtype(dtype)} came back as {X_new.dtype}: generated rows are given back "
            "by encoder_.inverse_transform",
        )
        _require_first(X_new[: len(X)], rows, y, y)
    for names in (["b", "a", "c"], [30, -4, 7], [2.0, 1.0, 5.0]):
        labels = np.array(names)[y]
        _, y_new = clone(sampler).fit_resample(X, labels)
        require(
            y_new.dtype == labels.dtype and Counter(y_new.tolist()) == dict.fromkeys(names, 60),
            f"labels {names} came back as {sorted(set(y_new.tolist()))} of {y_new.dtype}",
        )


def sparse_tables_keep_their_format(sampler: Any) -> None:
    """Check that a sparse table keeps its class, and real rows come first."""
    X, y = blobs()
    for kind in (sparse.csr_matrix, sparse.csc_array):
        table = kind(np.where(X > 3, X, 0))
        X_new, _ = clone(sampler).fit_resample(table, y)
        require(type(X_new) is kind, f"{kind.__name__} came back as {type(X_new).__name__}")
        _require_first(X_new[: len(X)].toarray(), table.toarray(), y, y)


def frames_keep_columns_and_dtypes(sampler: Any) -> None:
    """Check that a frame keeps its columns, dtypes, categories, constants and target."""
    table, target = mixed_frame()
    X_new, y_new = sampler.fit_resample(table.copy(), target.copy())
    require(
        list(X_new.columns) == list(table.columns) and X_new.dtypes.equals(table.dtypes),
        f"columns or dtypes of a frame have changed: {X_new.dtypes.to_dict()}, and were "
        f"{table.dtypes.to_dict()}",
    )
    require(
        X_new.iloc[: len(table)].equals(table) and y_new.iloc[: len(table)].equals(target),
        "the first rows of a frame are not the real ones, unchanged",
    )
    require(y_new.name == target.name, f"the target {target.name!r} came back as {y_new.name!r}")
    made, real = X_new.iloc[len(table) :], table
    require(len(made) == 80, f"{len(made)} rows were generated, and 80 are lacking")
    for name in ("colour", "town", "code", "member", "maybe", "count", "one"):
        odd = set(made[name]) - set(real[name])
        require(
            not odd,
            f"column {name!r} holds {sorted(odd, key=str)[:3]}, which no real row has: "
            "categories, counts and constants are snapped to what was seen",
        )
    for name in ("amount", "share", "small", "visits", "rate"):
        require(
            made[name].between(real[name].min(), real[name].max()).all(),
            f"column {name!r} leaves the range of the real rows",
        )


def a_class_of_one_row_is_repeated(sampler: Any) -> None:
    """Check that a class of one row is repeated exactly, and a constant column stays constant."""
    X, y = blobs((30, 1, 12))  # the lone row is in the middle, as at an end it would be clipped
    X[:, 2] = 7.25
    X_new, y_new = sampler.fit_resample(X, y)
    made, labels = X_new[len(X) :], y_new[len(X) :]
    require(
        (made[:, 2] == 7.25).all(),
        "a column that is 7.25 in all real rows is not so in generated ones",
    )
    require(
        (made[labels == 1] == X[y == 1]).all(),
        "a class of one row was not repeated exactly: nothing says how such rows vary; return it "
        "from _draw_rows, as LoneRowsMixin does",
    )


# ---- seeds, copies, the caller's data -----------------------------------------------------------


def seeds_decide(sampler: Any) -> None:
    """Check that equal seeds give equal rows, others do not, and global state does not change."""
    X, y = blobs()
    with global_state_kept("fit_resample"):
        one = clone(sampler).fit_resample(X, y)[0]
    two = clone(sampler).fit_resample(X, y)[0]
    other = clone(sampler).set_params(random_state=1).fit_resample(X, y)[0]
    require(
        np.array_equal(one, two),
        "two fits with random_state=0 gave different rows: draw from the stream handed over",
    )
    require(not np.array_equal(one, other), "random_state=0 and random_state=1 gave the same rows")


def inputs_are_not_touched(sampler: Any) -> None:
    """Check that the caller's arrays and frames do not change, and may be read-only."""
    X, y = blobs()
    X.flags.writeable = y.flags.writeable = False
    clone(sampler).fit_resample(X, y)
    table, target = mixed_frame()
    rows, labels = table.copy(), target.copy()
    sampler.fit_resample(table, target)
    require(
        table.equals(rows) and target.equals(labels),
        "fit_resample changed the caller's frame: copy before writing",
    )


def copies_are_the_same(sampler: Any) -> None:
    """Check that clones have the same parameters and no fit, and pickles can be used."""
    X, y = blobs()
    params = sampler.get_params(deep=False)
    fitted = clone(sampler).fit(X, y)
    then = {name: repr(value) for name, value in fitted.get_params(deep=False).items()}
    require(
        then == {name: repr(value) for name, value in params.items()},
        "fit changed a parameter: keep what is worked out in an attribute that ends in _",
    )
    fresh = clone(fitted)
    require(
        not _fitted(fresh), f"a clone of a fitted sampler has {sorted(_fitted(fresh))} already"
    )
    loaded = pickle.loads(pickle.dumps(fitted))
    require(_fitted(loaded) == _fitted(fitted), "a pickle has lost fitted attributes")
    one, two = fresh.fit_resample(X, y)[0], clone(loaded).fit_resample(X, y)[0]
    require(np.array_equal(one, two), "a pickled sampler, cloned, gave other rows")


def sample_goes_on(sampler: Any) -> None:
    """Check that ``sample``, if there is one, draws the same rows as ``fit_resample``."""
    if not hasattr(sampler, "sample"):
        return
    X, y = blobs()
    _require_refused(sampler, [1], NotFittedError, "before fit")
    at_once = clone(sampler).fit_resample(X, y)[0][len(X) :]
    fitted = clone(sampler).fit(X, y)
    wanted = fitted.sampling_strategy_
    labels = np.repeat(list(wanted), list(wanted.values()))
    loaded = pickle.loads(pickle.dumps(fitted))
    for each in (fitted, loaded):
        require(
            np.array_equal(each.sample(labels), at_once),
            "fit and one sample gave other rows than fit_resample, or a pickle other ones: draw "
            "from the stream alone, and keep what is drawn from in fitted attributes",
        )
    again = fitted.sample(labels)
    require(not np.array_equal(again, at_once), "a second sample repeats the first")
    one, two = (each.sample(labels, random_state=4) for each in (fitted, loaded))
    require(np.array_equal(one, two), "sample(labels, random_state=4) is not the same twice")
    require(fitted.sample([]).shape == (0, X.shape[1]), "sample([]) is not an empty table")
    _require_refused(fitted, [0], ValueError, "for a class that lacks no row")
    _require_refused(fitted, [7], ValueError, "for a label that fit has not seen")
    table, target = mixed_frame()
    rows = fitted.fit(table, target).sample(["rare"] * 3)
    require(
        len(rows) == 3 and rows.dtypes.equals(table.dtypes),
        "sample does not give rows in the columns and dtypes seen in fit",
    )


SAMPLER_LAWS: tuple[Law, ...] = (
    real_rows_come_first,
    sources_are_real_rows,
    counts_follow_the_strategy,
    balanced_rows_come_back,
    arrays_keep_their_dtype,
    sparse_tables_keep_their_format,
    frames_keep_columns_and_dtypes,
    a_class_of_one_row_is_repeated,
    seeds_decide,
    inputs_are_not_touched,
    copies_are_the_same,
    sample_goes_on,
)


def _fitted(sampler: Any) -> set[str]:
    return {name for name in vars(sampler) if name.endswith("_") and not name.startswith("_")}


def _require_first(X_new: Any, X: Any, y_new: Any, y: Any) -> None:
    require(
        np.array_equal(X_new, X) and np.array_equal(y_new, y),
        "the first rows or labels are not the real ones, unchanged: put generated rows below, and "
        "do not decode real ones",
    )


def _require_counts(sampler: Any, strategy: Any, X: Array, y: Array, expected: Any) -> None:
    _, y_new = clone(sampler).set_params(sampling_strategy=strategy).fit_resample(X, y)
    found = Counter(y_new.tolist())
    require(
        found == expected,
        f"sampling_strategy={strategy!r} gave {dict(found)} rows where {expected} were asked for: "
        "generate sampling_strategy_, no more and no less",
    )


def _require_refused(sampler: Any, labels: Any, error: type[Exception], when: str) -> None:
    try:
        sampler.sample(labels)
    except error:
        return
    raise AssertionError(f"sample must raise {error.__name__} {when}, and gave rows instead")
