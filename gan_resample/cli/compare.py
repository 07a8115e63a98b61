"""``gan-resample compare``: cross-validate samplers on tables, and write a report."""

from __future__ import annotations

import argparse
import shlex
import textwrap
import warnings
from collections.abc import Mapping
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


def add_command(commands: Any) -> None:
    """Add ``compare`` and its options to the parsers of commands."""
    command = commands.add_parser(
        "compare",
        help="cross-validate samplers and classifiers; write a report",
        description="Cross-validate samplers and classifiers on tables and write a report. The "
        "same command again goes on where it stopped. Missing values are imputed in each training "
        "fold: numbers by the median, categories by the most frequent one.",
        epilog="samplers: none, class_weight, threshold, random, smote, spread, spread_ensemble, "
        f"and one for each game ({games_with('Sampler')}); only where named: undersample, "
        "borderline, svm_smote, kmeans_smote, adasyn, prior, bagging, bagged_random, "
        "class_balanced_0.9, ..._0.99, ..._0.999, ..._0.9999; "
        "classifiers: logistic, knn, forest, boosting, mlp; only where named: balanced_bagging, "
        f"easy_ensemble, and one for each game ({games_with('Classifier')}). {EPILOG}",
    )
    add = command.add_argument
    add("data", metavar="DATA", help=".csv, .tsv, .csv.gz, .zip (of one CSV), .parquet or "
        ".feather file, a folder of them, or a bundled set: digits, breast_cancer, "
        "wine")  # fmt: skip
    add_columns(command)
    add("--groups", metavar="COL", help="column that says which rows belong together, those of a "
        "patient, say: no feature, and folds do not divide its groups")  # fmt: skip
    add("--samplers", type=_names, metavar="A,B", help="default: all but those only where named")
    add("--classifiers", type=_names, metavar="A,B", help="default: the five of scikit-learn")
    add("--cv", type=int, default=5, metavar="N", help="folds (5)")
    add("--repeats", type=int, default=1, metavar="N", help="how often folds are drawn anew (1)")
    add("--n-jobs", type=int, default=-1, metavar="N", help="processes (-1: one for each core)")
    add("--time-limit", type=float, metavar="MINUTES", help="after these no fit begins; the "
        "report is on the folds that every method has, and the same command goes on "
        "(no limit)")  # fmt: skip
    add_game(command)
    add("--out", type=Path, metavar="DIR", help="where results and report.html go "
        "(gan-resample-report/NAME of DATA); no files but its own are replaced")  # fmt: skip
    command.set_defaults(
        run=run,
        when_stopped="; finished cells are kept, and the same command goes on",
    )


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def run(options: argparse.Namespace) -> None:
    import matplotlib as mpl

    from gan_resample.evaluation import compare
    from gan_resample.evaluation.results.results import results_of
    from gan_resample.evaluation.run.methods import check_numbers
    from gan_resample.evaluation.run.schedule import check_time_limit
    from gan_resample.files.writing import REPORT, RESULTS, STORE, check_folder

    mpl.use("Agg")
    name = Path(options.data).resolve().name.split(".")[0]
    out = options.out or Path("gan-resample-report") / name
    check_numbers(options.repeats, options.seed, options.max_iter, options.n_jobs)
    check_time_limit(options.time_limit)
    tables, notes = _read_datasets(options, out)
    check_folder(out)
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
        time_limit=options.time_limit,
        verbose=1,
    )
    told = results_of(comparison).about  # the page shows these too
    told["command"] = shlex.join(["gan-resample", *options.arguments])
    for about in told["data"]:
        about["notes"] = notes.get(about["name"], [])
    _write_tables(comparison, out)
    print_findings(comparison)
    print(f"every score: {out / RESULTS[0]}")
    print(comparison.to_html(out / REPORT))


def _write_tables(comparison: Any, out: Path) -> None:
    """Write scores and summary, and keep their digests in the store."""
    from contextlib import closing

    from gan_resample.evaluation.run.store import Store
    from gan_resample.files.writing import RESULTS, STORE, refuse_foreign_results, write_results

    results, summary = (out / name for name in RESULTS)
    with closing(Store(out / STORE)) as store:
        refuse_foreign_results(out, store.written)  # again: the comparison may have taken hours
        write_results(comparison.results, results, index=False, sign=store.sign)
        write_results(comparison.summary(), summary, index=True, sign=store.sign)


def _refuse_other_data(path: Path, names: set[str]) -> None:
    """Raise if the folder holds results of other tables, so that their report is kept."""
    from contextlib import closing

    from gan_resample.evaluation.run.store import Store

    if not path.exists():
        return
    with closing(Store(path)) as store:
        held = store.data
    if held and not names & set(held):
        raise ValueError(
            f"the results in {path} are of {', '.join(held)}, not of {', '.join(sorted(names))}: "
            "choose another place for the results"
        )


def _written(path: Path) -> set[str] | None:
    """Return digests of what was written beside a store; None if there is no store."""
    from contextlib import closing

    from gan_resample.evaluation.run.store import Store, is_store

    if not is_store(path):
        return None
    with closing(Store(path)) as store:
        return store.written


# ---- tables -------------------------------------------------------------------------------------


def _read_datasets(options: argparse.Namespace, out: Path) -> tuple[list[Any], dict[str, Any]]:
    """Return the tables that DATA names, and for each name what was guessed about its file.

    DATA is a bundled data set, a file, or a folder.
    """
    from gan_resample.datasets import BUNDLED, load_bundled
    from gan_resample.evaluation.run.store_file import is_store
    from gan_resample.files.reading import table_files
    from gan_resample.files.writing import (
        REPORT,
        RESULTS,
        STORE,
        refuse_foreign_results,
        refuse_inputs,
        written_by_comparison,
    )

    path, columns = Path(options.data), Columns.asked(options)
    bundled = options.data in BUNDLED and not path.is_file()
    if bundled and columns != Columns():
        raise ValueError(
            f"{options.data} is a bundled set, whose columns are known: leave out --target, "
            "--drop, --categorical, --id, --groups and --missing"
        )
    if not bundled and not path.exists():
        raise FileNotFoundError(
            f"no such file or folder: {path}; bundled names are {', '.join(BUNDLED)}"
        )
    files = {} if bundled else table_files(path, written_by_comparison(path, is_store))
    refuse_inputs((out / name for name in (*RESULTS, REPORT, STORE)), files.values())
    refuse_foreign_results(out, _written(out / STORE))
    if bundled:
        return [load_bundled(options.data)], {}
    return _make_datasets(path, files, columns)


def _make_datasets(
    path: Path, files: Mapping[str, Path], asked: Columns
) -> tuple[list[Any], dict[str, Any]]:
    """Read files; each of several tables may have only some of the columns that are named."""
    from gan_resample.dataset_columns import read_columns
    from gan_resample.datasets import as_dataset
    from gan_resample.files.reading import labels_of_one_number, read_table, separate_target

    tables = {name: read_table(file, asked.missing) for name, file in files.items()}
    every = {column: None for table in tables.values() for column in table.frame.columns}
    named = asked.find(path, [*every])
    parts, kinds, told = {}, {}, {}
    for name, table in tables.items():
        own = named.of(table.frame.columns)
        X, y = separate_target(table.frame, named.target, own.drop, name=name)
        X, groups = _separate_groups(X, y, own.groups, name)
        parts[name] = (X, y, groups, own)
        told[name] = [*table.told, *labels_of_one_number(table, str(y.name))]
        if groups is not None:
            told[name].append(
                f"the {groups.nunique()} groups of {own.groups!r} in {name} are each in the "
                "training part or in the test part of a fold, never in both"
            )
        if len(tables) > 1:
            kinds[name] = read_columns(X, own.categorical, own.ids)[0]
    _refuse_columns(path, kinds)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "column ", UserWarning)  # printed below
        found = [
            as_dataset(name, X, y, categorical=own.categorical, id_columns=own.ids, groups=groups)
            for name, (X, y, groups, own) in parts.items()
        ]
    for data in found:
        say(told[data.name])
        say_kinds(data.name, data.kinds)
    return found, told


def _separate_groups(X: Any, y: Any, column: str | None, name: str) -> tuple[Any, Any]:
    """Split off the column of groups, if there is one: no feature."""
    if column is None:
        return X, None
    if column == y.name:
        raise ValueError(
            f"column {column!r} of {name} is named by --groups, and taken for the target: name "
            "the column with the labels by --target"
        )
    if column not in X.columns:
        raise ValueError(f"{name} has no column {column!r} of groups (--groups)")
    return X.drop(columns=column), X[column]


def _refuse_columns(path: Path, kinds: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise one error for the columns of all tables."""
    from gan_resample.encoding.kinds import refuse_columns

    told: dict[str, Any] = {}
    for name, own in kinds.items():
        for column, kind in own.items():
            if kind.kind == "refused" and column not in told:
                told[column] = replace(kind, reason=f"of {name} {kind.reason}")
    refuse_columns(told, what=str(path))


# ---- output -------------------------------------------------------------------------------------


def print_findings(comparison: Any) -> None:
    """Print the main score as a table, and the findings."""
    from gan_resample.evaluation.report.findings import findings, number, overall_findings
    from gan_resample.evaluation.results.results import results_of

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
        for sentence in findings(results_of(comparison), data):
            print(textwrap.fill(sentence, 100), end="\n\n")
    for sentence in overall_findings(results_of(comparison)):
        print(textwrap.fill(sentence, 100), end="\n\n")
