"""``gan-resample resample``: append generated rows to a table."""

from __future__ import annotations

import argparse
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gan_resample.cli.options import (
    EPILOG,
    Columns,
    add_columns,
    add_game,
    games_with,
    say,
    say_kinds,
)

__all__ = ["add_command"]

WHOLE = re.compile(r"\s*[+-]?[0-9]+\s*")  # a whole number, as it is written
IMPUTE = (
    "name a sampler that keeps them, such as spread, or impute them first, for example with "
    "sklearn.impute.SimpleImputer: generated rows would be made from imputed values"
)
# the comparison has other advice, since it imputes
AS_MISSING = (
    "correct or impute them (cells that --missing names are refused too, since generated rows "
    "would be made from imputed values), or treat the column as a category"
)


def add_command(commands: Any) -> None:
    """Add ``resample`` and its options to the parsers of commands."""
    command = commands.add_parser(
        "resample",
        help="write a table with generated rows",
        description="Write a table followed by generated rows. Cells of real rows stay as they "
        "are. Generated rows lack values about as often as the rows of their class; smote and "
        "its relatives refuse missing values, except in --id columns.",
        epilog="samplers: random, smote, spread, and one for each game "
        f"({games_with('Sampler')}). {EPILOG}",
    )
    add = command.add_argument
    add("data", type=Path, metavar="IN",
        help=".csv, .tsv, .csv.gz, .zip (of one CSV), .parquet or .feather file")  # fmt: skip
    add_columns(command)
    add("--sampler", required=True, metavar="NAME", help="what generates the rows")
    add("--mark", default="synthetic", metavar="COLUMN",
        help="name of the added column: 1 for generated rows, else 0 (synthetic)")  # fmt: skip
    add_game(command)
    add("--out", type=Path, required=True, metavar="OUT", help="a file of one of these kinds; an "
        "existing file is never replaced")  # fmt: skip
    command.set_defaults(run=run, when_stopped=": nothing was written")


def run(options: argparse.Namespace) -> None:
    from imblearn.under_sampling.base import BaseUnderSampler

    from gan_resample.datasets import as_dataset
    from gan_resample.evaluation.run.methods import choose_methods, with_seed
    from gan_resample.files.reading import (
        labels_of_one_number,
        read_table,
        separate_target,
        usual_target,
    )
    from gan_resample.files.writing import check_table_file, refuse_inputs, write_table

    [method] = choose_methods([options.sampler], options.max_iter).values()
    if method.sampler is None or isinstance(method.sampler, BaseUnderSampler):
        raise ValueError(f"{options.sampler} generates no rows: name another sampler")
    refuse_inputs([options.out], [options.data])
    check_table_file(options.out)
    asked, name = Columns.asked(options), str(options.data)
    table = read_table(options.data, asked.missing)
    asked = replace(asked, target=asked.target or usual_target(table.frame))
    named = asked.find(name, [*table.frame.columns])
    X, y = separate_target(table.frame, named.target, named.drop, name=name)
    written = [column for column in table.frame.columns if column not in named.drop]
    _refuse_mark(options.mark, written)
    balanced = y.value_counts().nunique() == 1  # nothing may be generated then
    _refuse_foreign(options.out, table, written, options.mark, balanced=balanced)
    _refuse_columns(name, X, named, method.sampler)
    say([*table.told, *labels_of_one_number(table, str(y.name))])
    features, real = X.drop(columns=[*named.ids]), table.frame[written]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "column ", UserWarning)  # said below, once
        data = as_dataset(
            name, X, y, categorical=named.categorical, id_columns=named.ids, tested=False
        )
        say_kinds(name, data.kinds)
        made, note = _generate(with_seed(method.sampler, options.seed), data, features, y)
    n_new = len(made)
    if balanced and not n_new:
        note = f"each class has {y.value_counts().max()} rows already: there was nothing to add"
    result = _as_read(table, real, made, text=options.out.name.lower())
    result[options.mark] = [0] * len(y) + [1] * n_new
    write_table(result, options.out, keep=True)
    print(f"{len(y)} rows and {n_new} generated ones, marked in {options.mark!r}")
    print(*filter(None, [note]), options.out, sep="\n")


# ---- what is refused ----------------------------------------------------------------------------


def _refuse_mark(mark: str, columns: Iterable[str]) -> None:
    if not mark.strip():
        raise ValueError("--mark must name the column that marks generated rows: it is empty")
    if mark.strip() in map(str.strip, columns):
        raise ValueError(f"there is a column {mark!r} already: name another with --mark")


def _refuse_columns(name: str, X: Any, named: Columns, sampler: Any) -> None:
    """Raise on all columns that cannot be generated at once.

    Missing values are among the reasons unless the sampler keeps them.
    """
    from gan_resample.dataset_columns import read_columns
    from gan_resample.encoding.kinds import ColumnKind, option, refuse_columns
    from gan_resample.evaluation.run.smote import keeps_missing

    kinds, _ = read_columns(X, named.categorical, named.ids)
    looked_at = {} if keeps_missing(sampler) else {**kinds}
    for column, kind in looked_at.items():
        missing = int(X[column].isna().sum())
        if missing and kind.kind in ("number", "category"):
            reason = f"has {missing} missing value{'s' * (missing > 1)}"
            kinds[column] = ColumnKind("refused", reason=reason, advice=IMPUTE)
        elif kind.odd:
            advice = f"{AS_MISSING} ({option('--categorical', [column])})"
            kinds[column] = replace(kind, advice=advice, odd=())
    refuse_columns(kinds, what=name)


def _refuse_foreign(
    path: Path, table: Any, columns: Sequence[str], mark: str, *, balanced: bool
) -> None:
    """Raise before anything runs if a file exists and cannot equal what will be written.

    Whether the generated rows are equal is checked at the end: see ``keep`` of ``write_table``.
    """
    from gan_resample.files.reading import read_table
    from gan_resample.files.writing import holds_something

    if not holds_something(path):
        return
    try:
        there = read_table(path)
    except (ValueError, OSError):
        there = None
    if there is not None and [*there.frame.columns] == [*columns, mark]:
        n, marks = len(table.frame), there.frame[mark].tolist()
        n_made = len(marks) - n
        if (n_made > 0 or balanced) and marks == [0] * n + [1] * n_made:
            ours, theirs = _cells(table, path.name), _cells(there, path.name).head(n)
            if _as_csv(ours[[*columns]]) == _as_csv(theirs[[*columns]]):
                say([f"{path} exists and stays: if the generated rows differ, nothing is written"])
                return
    raise FileExistsError(
        f"--out {path} exists, and is not what this command writes, the rows of the table and "
        f"generated ones with {mark!r} as the last column: name another file, or remove it"
    )


def _cells(table: Any, name: str) -> Any:
    """Return the cells of real rows as they will be written: verbatim from text to text."""
    from gan_resample.files.text import COLUMNAR

    cells = None if name.lower().endswith(COLUMNAR) else table.texts()
    return table.frame if cells is None else cells


def _as_csv(cells: Any) -> str:
    return str(cells.to_csv(index=False))


# ---- generated rows -----------------------------------------------------------------------------


def _generate(sampler: Any, data: Any, X: Any, y: Any) -> tuple[Any, str]:
    """Return generated rows with the dtypes of ``X`` and the target, and a note."""
    import numpy as np
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from gan_resample.encoding.extremes import ClipExtremes
    from gan_resample.evaluation.run.smote import fit_resample, measures_raw_distances

    texts = data.X.columns[data.X.dtypes == "category"]
    numbers = data.X.columns.difference(texts, sort=False)
    table = X.copy()
    table[texts] = data.X[texts]
    if scaled := measures_raw_distances(sampler) and len(numbers) > 0:
        # as in the comparison: distances need one scale for all columns
        scaler = make_pipeline(ClipExtremes(), StandardScaler()).fit(data.X[numbers])
        table[numbers] = data.X[numbers]
        table = table.astype(dict.fromkeys(numbers, "float64"))
        table[numbers] = scaler.transform(data.X[numbers])
    X_new, labels, note = fit_resample(sampler, table, data.y)
    made, labels = X_new.iloc[len(y) :].reset_index(drop=True), labels[len(y) :]
    if scaled:
        values = scaler.inverse_transform(made[numbers])
        for at, name in enumerate(numbers):
            made[name] = _spelled(values[:, at], X[name])
    for name in texts:  # samplers saw strings: back to what was read
        there = X[name].notna()
        found = dict(zip(data.X[name][there].astype(str), X[name][there], strict=True))
        filled = made[name].notna()
        made[name] = made[name][filled].astype(str).map(found).reindex(made.index)
    classes, first = np.unique(data.y, return_index=True)
    made = made.astype(X.dtypes)
    made[y.name] = y.iloc[first[np.searchsorted(classes, labels)]].to_numpy()
    return made, note


def _spelled(values: Any, column: Any) -> Any:
    """Return numbers in the spelling of a column."""
    from decimal import Decimal

    from gan_resample.encoding.clock import as_times
    from gan_resample.encoding.columns import values_of
    from gan_resample.encoding.decimals import learn_places, round_to
    from gan_resample.encoding.numerals import learn_form
    from gan_resample.encoding.times import holds_times

    if holds_times(column):
        return as_times(values, column)
    if column.dtype.kind in "iu":  # Python's numbers, which do not overflow on the way back
        low, high = int(column.min()), int(column.max())
        return [min(max(round(value), low), high) for value in values.tolist()]
    if column.dtype.kind == "f":
        places = learn_places(values_of(column))
        return values if places is None else round_to(values, places)
    form = learn_form(column.tolist())
    if form is None:
        return values
    cells = [form.read(cell) for cell in column]
    low, high = min(cells), max(cells)  # rounding may step over them
    return [form.write(min(max(Decimal(repr(v)), low), high)) for v in values.tolist()]


def _as_read(table: Any, real: Any, made: Any, *, text: str) -> Any:
    """Append generated rows to the real ones; from text to text, real cells stay verbatim.

    A generated cell that equals a real one is written in the same way. Columns that identify rows
    are empty in generated rows.
    """
    import pandas as pd

    from gan_resample.encoding.columns import nullable
    from gan_resample.files.text import COLUMNAR

    cells = None if text.endswith(COLUMNAR) else table.texts()
    columns = {}
    for name in real.columns:
        own = made.get(name)
        if cells is not None:
            columns[name] = [*cells[name], *_verbatim(own, real[name], cells[name], len(made))]
        elif own is not None:
            columns[name] = pd.concat([real[name], own], ignore_index=True)
        else:
            as_id = real[name].astype(nullable(real[name].dtype))
            columns[name] = as_id.reindex(range(len(real) + len(made)))
    return pd.DataFrame(columns)


def _verbatim(made: Any, real: Any, cells: Any, n_made: int) -> Iterable[Any]:
    if made is None:
        return [""] * n_made
    there, cells = real.notna().to_numpy(), cells.to_numpy()
    written = dict(zip(real[there].tolist(), cells[there].tolist(), strict=True))
    missing = next(iter(cells[~there]), "")  # as the first missing cell is written
    lacking = made.isna().tolist()
    values = made.tolist()
    if all(WHOLE.fullmatch(cell) for cell in written.values()):
        # floats only since cells are missing
        values = [_whole(value) for value in values]
    return [
        missing if lacks else written.get(value, value)
        for value, lacks in zip(values, lacking, strict=True)
    ]


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
