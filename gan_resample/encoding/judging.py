"""Judge the columns of a table, and tell which are refused, guessed, or hold odd cells."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_resample.encoding.columns import column_mask, is_frame
from gan_resample.encoding.gaps import Cells, Numbers
from gan_resample.encoding.kinds import ID, ColumnKind, judge_column

__all__ = ["judge_columns", "refuse_cells", "warn_of_columns", "warn_of_gaps", "warn_of_unseen"]

Array = NDArray[Any]
Name = Callable[[int], str]  # a column's index -> its name in messages

IMPUTE = "impute first, for example with sklearn.impute.SimpleImputer"
# scikit-learn's message for a cell that is neither a number nor text, which its checks expect
NO_NUMBER = "argument must be a string or a real number"


def judge_columns(X: Any, categorical: Any, ids: Any, name: Name) -> list[ColumnKind]:
    """Judge every column; raise on those that cannot be encoded, and warn of guesses.

    Parameters
    ----------
    X : data frame or array of shape (n_rows, n_columns)
    categorical, ids : array-like of str, int or bool, or None
        ``categorical_features`` and ``id_columns`` of the encoder.
    name : callable
        Index of a column -> its name in messages.

    Raises
    ------
    ValueError, TypeError
        If a column cannot be encoded, or something listed is not a column.
    """
    listed = column_mask(categorical, X, "categorical_features")
    of_ids = column_mask(ids, X, "id_columns")
    if (listed & of_ids).any():
        both = ", ".join(map(name, np.flatnonzero(listed & of_ids).tolist()))
        raise ValueError(f"column(s) {both} stand in both categorical_features and id_columns")
    if of_ids.all():
        raise ValueError("id_columns lists every column of X: nothing is left to encode")
    in_frame = is_frame(X)
    kinds = [
        ID
        if of_ids[j]
        else judge_column(
            X.iloc[:, j] if in_frame else X[:, j], listed=bool(listed[j]), in_frame=in_frame
        )
        for j in range(X.shape[1])
    ]
    _refuse_columns(kinds, name, in_frame=in_frame)
    for said in ("told", "warning"):
        clauses = {j: clause for j, kind in enumerate(kinds) if (clause := getattr(kind, said))}
        warn_of_columns(clauses, name)
    return kinds


def _refuse_columns(kinds: Sequence[ColumnKind], name: Name, *, in_frame: bool) -> None:
    refused = {j: kind for j, kind in enumerate(kinds) if kind.kind == "refused"}
    if not refused:
        return
    told = [f"column {name(j)} {kind.reason}: {kind.advice}" for j, kind in refused.items()]
    if not in_frame and any(kind.alien for kind in refused.values()):
        raise TypeError(f"{NO_NUMBER}: {'; '.join(told)}")
    if len(told) > 1:
        told = [f"X has {len(told)} columns that TableEncoder cannot encode:", *told]
    raise ValueError("\n  ".join(told))


def warn_of_columns(clauses: Mapping[int, str], name: Name) -> None:
    """Warn of columns, if there are any: index -> a clause about the column."""
    if clauses:
        told = "; ".join(f"column {name(j)} {clause}" for j, clause in clauses.items())
        warnings.warn(told, UserWarning, stacklevel=4)


def refuse_cells(
    numbers: dict[int, Numbers],
    categories: dict[int, Cells],
    name: Name,
    *,
    missing: bool,
    empty: bool,
) -> None:
    """Raise on infinite values; on ``missing`` ones, or else ``empty`` columns, if asked to.

    All columns are named at once.
    """
    lacking = {j: int(read.missing.sum()) for j, read in (numbers | categories).items()}
    infinite = {j: read.n_infinite for j, read in numbers.items()}
    told = [_tell_cells(infinite, "infinite value (inf)", "clip or drop them first", name)]
    if missing:
        told.insert(0, _tell_cells(lacking, "missing value (NaN)", IMPUTE, name))
    elif empty:
        columns = [name(j) for j, read in (numbers | categories).items() if read.missing.all()]
        told += [f"column {column} has no value at all: leave it out" for column in columns]
    if any(told):
        raise ValueError("\n".join(filter(None, told)))


def _tell_cells(counts: Mapping[int, int], what: str, advice: str, name: Name) -> str:
    """Return a sentence on the columns whose cells cannot be encoded; "" if there are none.

    ``counts`` are the cells of each column, ``what`` their kind and how numpy writes it, such as
    "infinite value (inf)".
    """
    what, _, short = what.partition(" (")
    found = {j: n for j, n in sorted(counts.items()) if n}
    told = [f"column {name(j)} has {n} {what}{'s' * (n > 1)}" for j, n in found.items()]
    if len(told) > 1:
        each = ", ".join(f"{name(j)} ({n})" for j, n in found.items())
        told = [f"columns {each} have {what}s"]
    return "".join(f"{t} ({short}, which TableEncoder cannot encode: {advice}" for t in told)


def warn_of_gaps(missing: Mapping[int, NDArray[np.bool_]], name: Name) -> None:
    """Warn of missing cells in columns that had none in ``fit``: index -> which are missing."""
    if lacking := [name(j) for j, mask in missing.items() if mask.any()]:
        warnings.warn(
            f"column(s) {', '.join(lacking)} have missing values, but had none in fit: numbers "
            "are encoded as the mean, categories as no category at all",
            UserWarning,
            stacklevel=3,
        )


def warn_of_unseen(
    Z: Array, spans: Sequence[tuple[int, int]], columns: Mapping[int, Cells], name: Name
) -> None:
    """Warn of the categorical ``columns`` whose ``spans`` of the encoded rows are all zero."""
    unseen = [
        name(j)
        for (start, stop), (j, read) in zip(spans, columns.items(), strict=False)
        if not (Z[:, start:stop].any(axis=1) | read.missing).all()
    ]
    if unseen:
        warnings.warn(
            f"column(s) {', '.join(unseen)} hold categories that were not seen in fit: they "
            "are encoded as no category at all",
            UserWarning,
            stacklevel=3,
        )
