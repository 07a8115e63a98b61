"""The command ``gan-resample``: compare samplers on a table, or resample one.

gan-resample compare DATA --target COLUMN --out DIR
gan-resample resample IN --target COLUMN --sampler spread --out OUT
"""

from __future__ import annotations

import argparse
import shlex
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gan_resample

__all__ = ["main"]

DIED, USAGE_ERROR, STOPPED = 1, 2, 130


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="gan-resample", description="Find out whether resampling helps on a table."
    )
    parser.add_argument("--version", action="version", version=gan_resample.__version__)
    commands = parser.add_subparsers(required=True, metavar="compare | resample")
    _add_compare(commands)
    _add_resample(commands)
    return parser.parse_args(arguments)


def _add_compare(commands: Any) -> None:
    command = commands.add_parser(
        "compare",
        help="cross-validate samplers and classifiers; write a report",
        description="Cross-validate samplers and classifiers on tables and write a report. The "
        "same command again goes on where it stopped.",
        epilog="samplers: none, class_weight, threshold, random, smote, spread, and one for each "
        "game (gamo, dvaan, cyclegan, pgan); only where named: undersample, borderline, "
        "svm_smote, kmeans_smote, adasyn, prior, class_balanced_0.9, ..._0.99, ..._0.999, "
        "..._0.9999; classifiers: logistic, knn, forest, boosting, mlp; only where named: "
        "balanced_bagging, easy_ensemble, and one for each game (those and egan)",
    )
    add = command.add_argument
    add("data", metavar="DATA", help="CSV, CSV.gz or Parquet file, a folder of them, or a bundled "
        "set: digits, breast_cancer, wine")  # fmt: skip
    _add_columns(command)
    add("--samplers", type=_names, metavar="A,B", help="default: all but those only where named")
    add("--classifiers", type=_names, metavar="A,B", help="default: the five of scikit-learn")
    add("--cv", type=int, default=5, metavar="N", help="folds (5)")
    add("--repeats", type=int, default=1, metavar="N", help="how often folds are drawn anew (1)")
    add("--n-jobs", type=int, default=-1, metavar="N", help="processes (-1: one for each core)")
    _add_game(command)
    add("--out", type=Path, metavar="DIR",
        help="where results and report.html go (gan-resample-report/NAME of DATA)")  # fmt: skip
    command.set_defaults(run=run_compare)


def _add_resample(commands: Any) -> None:
    command = commands.add_parser(
        "resample",
        help="write a table with generated rows",
        description="Write a table with its rows first and generated ones below. Cells come back "
        "as they are read: texts as they were, numbers without zeros before or behind them.",
        epilog="samplers: random, smote, spread, and one for each game (gamo, dvaan, cyclegan, "
        "pgan)",
    )
    add = command.add_argument
    add("data", type=Path, metavar="IN", help="CSV, CSV.gz or Parquet file")
    _add_columns(command)
    add("--sampler", required=True, metavar="NAME", help="what generates the rows")
    add("--mark", default="synthetic", metavar="COLUMN",
        help="name of the added column, 1 on generated rows, else 0 (synthetic)")  # fmt: skip
    _add_game(command)
    add("--out", type=Path, required=True, metavar="OUT", help="CSV, CSV.gz or Parquet file")
    command.set_defaults(run=run_resample)


def _add_columns(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--target", metavar="COL", help="column with the labels (target, else the last one)")
    add("--drop", type=_names, default=[], metavar="A,B", help="columns to leave out")
    add("--categorical", type=_names, default=[], metavar="A,B",
        help="columns of numbers that are categories; texts always are")  # fmt: skip


def _add_game(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--max-iter", type=int, metavar="N", help="rounds of every game (its default)")
    add("--seed", type=int, default=0, metavar="N", help="of all that is random (0)")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, 1 when a process died, 2 for a usage error, 130 when stopped."""
    options = parse(arguments)
    options.arguments = sys.argv[1:] if arguments is None else arguments
    try:
        options.run(options)
    except (ValueError, TypeError, OSError, ImportError) as error:
        print(f"gan-resample: {error}", file=sys.stderr)
        return USAGE_ERROR
    except RuntimeError as error:
        print(f"gan-resample: {error}", file=sys.stderr)
        return DIED
    except KeyboardInterrupt:
        print("\nstopped; finished cells are kept, and the same command goes on", file=sys.stderr)
        return STOPPED
    return 0


# ---- compare ------------------------------------------------------------------------------------


def run_compare(options: argparse.Namespace) -> None:
    import matplotlib as mpl

    from gan_resample.datasets import RESULTS, STORE
    from gan_resample.evaluation import compare

    mpl.use("Agg")
    tables = read_datasets(options)
    out = (
        options.out
        or Path("gan-resample-report") / Path(options.data).resolve().name.split(".")[0]
    )
    _make_folder(out)
    _refuse_other_data(out / STORE, {data.name for data in tables})
    comparison = compare(
        tables,
        options.samplers,
        options.classifiers,
        options.cv,
        options.repeats,
        n_jobs=options.n_jobs,
        random_state=options.seed,
        store=out / STORE,
        max_iter=options.max_iter,
        verbose=1,
    )
    comparison.about["command"] = shlex.join(["gan-resample", *options.arguments])
    results, summary = (out / name for name in RESULTS)
    comparison.results.to_csv(results, index=False)
    comparison.summary().to_csv(summary)
    print_findings(comparison)
    print(f"every score: {results}")
    print(comparison.to_html(out / "report.html"))


def _refuse_other_data(path: Path, names: set[str]) -> None:
    """Leave the report alone that was made of other tables in the same folder."""
    from contextlib import closing

    from gan_resample.evaluation.store import Store

    if not path.exists():
        return
    with closing(Store(path)) as store:
        held = store.data
    if held and not names & set(held):
        raise ValueError(
            f"the results in {path} are of {', '.join(held)}, not of {', '.join(sorted(names))}: "
            "choose another place for the results"
        )


def read_datasets(options: argparse.Namespace) -> list[Any]:
    """Return the tables that DATA names: a bundled set, a file, or the files of a folder.

    Of several tables each has some of the columns that are named.
    """
    from gan_resample import datasets

    path, named = Path(options.data), {*options.drop, *options.categorical}
    if options.data in datasets.BUNDLED and not path.is_file():
        if options.target or named:
            raise ValueError(
                f"{options.data} is a bundled set, whose columns are known: leave out --target, "
                "--drop and --categorical"
            )
        return [datasets.load_bundled(options.data)]
    frames = {name: datasets.read_frame(f) for name, f in datasets.table_files(path).items()}
    columns = {column for frame in frames.values() for column in frame.columns}
    if unknown := sorted(named - columns):
        raise ValueError(
            f"{path} has no column {', '.join(map(repr, unknown))}; its columns are "
            f"{', '.join(map(str, sorted(columns)))}"
        )
    found = []
    for name, frame in frames.items():
        drop = [column for column in options.drop if column in frame.columns]
        X, y = datasets.separate_target(frame, options.target, drop, name=name)
        own = [column for column in options.categorical if column in X.columns]
        found.append(datasets.as_dataset(name, X, y, categorical=own))
    return found


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
        (path / ".writable").touch()
        (path / ".writable").unlink(missing_ok=True)  # of another call with the same folder
    except OSError as error:
        raise OSError(f"cannot write to --out {path}: {error.strerror}") from error


def print_findings(comparison: Any) -> None:
    """Print the main score as a table, and what the numbers say."""
    from gan_resample.evaluation.words import findings, number, overall_findings

    score = comparison.scores[0]
    unit = comparison.unit(score)
    means: Any = comparison.cell_means()
    print(f"\nMean {comparison.title(score)}{', of 100' if unit == 100 else ''}\n")
    for data in comparison.data:
        print(f"{data:>16.16}" + "".join(f"{name:>14}" for name in comparison.samplers))
        for classifier in comparison.classifiers:
            cells = [number(value, unit) or "–" for value in means.loc[data, classifier]]
            print(f"{classifier:>16.16}" + "".join(f"{cell:>14}" for cell in cells))
        print()
        for sentence in findings(comparison, data):
            print(textwrap.fill(sentence, 100), end="\n\n")
    for sentence in overall_findings(comparison):
        print(textwrap.fill(sentence, 100), end="\n\n")


# ---- resample -----------------------------------------------------------------------------------


def run_resample(options: argparse.Namespace) -> None:
    from gan_resample import datasets
    from gan_resample.evaluation.methods import choose_methods, with_seed

    [method] = choose_methods([options.sampler], options.max_iter).values()
    if method.sampler is None:
        raise ValueError(f"{options.sampler} generates no rows: name another sampler")
    frame = datasets.read_frame(options.data)
    X, y = datasets.separate_target(frame, options.target, options.drop, name=str(options.data))
    data = datasets.as_dataset(str(options.data), X, y, categorical=options.categorical)
    _refuse_missing(X)
    if options.mark in [*X.columns, y.name]:
        raise ValueError(f"there is a column {options.mark!r} already: name another with --mark")
    _check_out(options.out, options.data)

    table, n_new, note = _resampled(with_seed(method.sampler, options.seed), data, X, y)
    table = table[[name for name in frame.columns if name in table]]
    table[options.mark] = [0] * len(y) + [1] * n_new
    _write(table, options.out)
    print(f"{len(y)} rows and {n_new} generated ones, marked in {options.mark!r}")
    print(*filter(None, [note]), options.out, sep="\n")


def _resampled(sampler: Any, data: Any, X: Any, y: Any) -> tuple[Any, int, str]:
    """Return the table with generated rows below, dtypes as read; their number; and a note."""
    import numpy as np
    import pandas as pd
    from sklearn.preprocessing import StandardScaler

    from gan_resample.evaluation.smote import fit_resample, measures_raw_distances

    texts = data.X.columns[data.X.dtypes == "category"]
    numbers = data.X.columns.difference(texts, sort=False)
    table = X.copy()
    table[texts] = data.X[texts]
    if scaled := measures_raw_distances(sampler) and len(numbers) > 0:
        # as in the comparison: distances need one scale for all columns
        scaler = StandardScaler().fit(data.X[numbers])
        table = table.astype(dict.fromkeys(numbers, "float64"))
        table[numbers] = scaler.transform(data.X[numbers])
    X_new, codes, note = fit_resample(sampler, table, data.codes)
    made, codes = X_new.iloc[len(y) :].copy(), codes[len(y) :]
    if scaled:
        made[numbers] = scaler.inverse_transform(made[numbers])
        whole = [name for name in numbers if X[name].dtype.kind in "iu"]
        made[whole] = made[whole].round()
    for name in texts:  # samplers saw strings: back to what was read
        values = dict(zip(data.X[name].astype(str), X[name], strict=True))
        made[name] = made[name].astype(str).map(values)
    _, first = np.unique(data.codes, return_index=True)
    made = made.astype(X.dtypes)
    made[y.name] = y.iloc[first[codes]].to_numpy()
    return pd.concat([X.join(y), made], ignore_index=True), len(codes), note


def _refuse_missing(X: Any) -> None:
    missing = X.isna().sum()
    if missing.any():
        told = ", ".join(f"{name} ({n})" for name, n in missing[missing > 0].items())
        raise ValueError(
            f"columns with missing values: {told}; new rows would be made of guesses: impute them "
            "first, for example with sklearn.impute.SimpleImputer, or leave them out (--drop)"
        )


def _check_out(path: Path, source: Path) -> None:
    from gan_resample.datasets import SUFFIXES

    if path.resolve() == source.resolve():
        raise ValueError(f"--out {path} is the table itself: name another file")
    if not path.name.lower().endswith(SUFFIXES):
        raise ValueError(f"--out {path} must end in {', '.join(SUFFIXES)}")
    _make_folder(path.parent)


def _write(table: Any, path: Path) -> None:
    if path.name.lower().endswith(".parquet"):
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False)
