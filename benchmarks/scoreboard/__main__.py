"""The scoreboard: every sampler on a table of each family, in two halves.

    python -m benchmarks.scoreboard --data DIR

``DIR/tabular`` holds ``<name>.csv.gz`` with a last column ``target``, and ``index.json``, which
lists the ``categorical`` columns of each table. ``families.py`` says which tables run and which
half each belongs to. The development half is for choices, the confirmation half is run once.
Results go to a store one by one, so that a stopped command continues; without a store it starts
from the results kept beside the documentation, if these were made with the same settings and
versions, and then runs only what they lack.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.lib.output import markdown_table, rst_table
from benchmarks.lib.public_tables import read_labelled
from benchmarks.scoreboard.families import halves
from benchmarks.scoreboard.geometric_smote import GSMOTE
from benchmarks.scoreboard.kept import keep, restore
from benchmarks.scoreboard.networks import networks
from benchmarks.scoreboard.page import KEPT, build, write_about
from benchmarks.scoreboard.report import failures, report
from gan_resample.datasets import DataSet, as_dataset
from gan_resample.evaluation import Comparison, compare
from gan_resample.evaluation.results.results import results_of
from gan_resample.evaluation.run.compare import store_versions

SAMPLERS = (
    *("none", "class_weight", "threshold", "random", "smote", "borderline", "gsmote"),
    *("spread", "gamo", "dvaan", "pgan", "cyclegan"),
)
CLASSIFIERS = ("logistic", "knn", "boosting")
BEFORE_NETWORKS = ("none", "smote", "spread")
# options that all results of a store share, and all options that say what is run
SETTINGS = ("folds", "max_rows", "seed", "max_iter")
CHOICES = (*SETTINGS, "repeats", "tables", "half", "samplers", "classifiers")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="DIR", help="folder that holds tabular/")
    add("--tables", nargs="+", metavar="NAME", help="default: one of each family")
    add("--half", choices=["both", "development", "confirmation"], default="both")
    add("--samplers", nargs="*", default=SAMPLERS, metavar="NAME", help="none: networks only")
    add("--classifiers", nargs="+", default=CLASSIFIERS, metavar="NAME")
    add("--no-networks", dest="networks", action="store_false",
        help="leave out GAMOClassifier and its rivals")  # fmt: skip
    add("--folds", type=int, default=3)
    add("--repeats", type=int, default=1)
    add("--max-rows", type=int, default=2000, help="stratified cap")
    add("--seed", type=int, default=0, help="of the cap, the splits, samplers and classifiers")
    add("--jobs", type=int, default=2, help="processes")
    add("--max-iter", type=int, help="rounds of every game, to try the command")
    add("--store", type=Path, default=Path("reports/scoreboard.sqlite"))
    add("--kept", type=Path, default=KEPT, help="folder of the results to start from")
    add("--keep", action="store_true", help="write results, tables and page to that folder")
    options = parser.parse_args(arguments)
    if not (options.samplers or options.networks):
        parser.error("nothing to run: name --samplers, or leave out --no-networks")
    if options.keep and not options.samplers:
        parser.error("--keep writes a page of samplers: name some, or leave out --samplers")
    options.command = command(options, parser)
    return options


def command(options: argparse.Namespace, parser: argparse.ArgumentParser) -> str:
    """Return the command that gives the same results, wherever it runs."""
    words = ["python", "-m", "benchmarks.scoreboard", "--data", "DIR"]
    for name in CHOICES:
        value = getattr(options, name)
        if value != parser.get_default(name):
            values = value if isinstance(value, list) else [value]
            words += [f"--{name.replace('_', '-')}", *map(str, values)]
    return shlex.join(words if options.networks else [*words, "--no-networks"])


def table_names(options: argparse.Namespace) -> dict[str, list[str]]:
    """Return the tables to run in each half."""
    names = [path.name.removesuffix(".csv.gz") for path in options.data.glob("tabular/*.csv.gz")]
    if not names:
        raise SystemExit(f"{options.data} has no tables: --data names the folder of tabular/")
    found = dict(zip(("development", "confirmation"), halves(names), strict=True))
    if options.half != "both":
        found = {options.half: found[options.half]}
    if options.tables is None:
        return found
    if unknown := sorted(set(options.tables) - set(names)):
        raise SystemExit(f"{options.data} has no tables {unknown}: it has {', '.join(names)}")
    chosen = {half: [t for t in options.tables if t in own] for half, own in found.items()}
    others = [t for t in options.tables if not any(t in own for own in chosen.values())]
    return {half: own for half, own in (chosen | {"neither half": others}).items() if own}


def read(options: argparse.Namespace, names: Sequence[str]) -> list[DataSet]:
    return [
        as_dataset(name, *read_labelled(options.data, name, options.max_rows, options.seed))
        for name in names
    ]


def samplers(options: argparse.Namespace) -> dict[str, Any]:
    return {name: GSMOTE() if name == "gsmote" else name for name in options.samplers}


def settings_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that all results of a store share, except for the tables."""
    return {name: getattr(options, name) for name in SETTINGS} | store_versions()


def run(options: argparse.Namespace) -> tuple[dict[str, Comparison], dict[str, Comparison]]:
    """Run what the store lacks, for all tables together; then read it half by half."""
    halves_ = {half: read(options, names) for half, names in table_names(options).items()}
    parts = {"all": [data for own in halves_.values() for data in own]} | halves_
    settings: dict[str, Any] = {
        "cv": options.folds,
        "repeats": options.repeats,
        "n_jobs": options.jobs,
        "random_state": options.seed,
        "store": options.store,
        "max_iter": options.max_iter,
        "verbose": 1,
    }
    options.store.parent.mkdir(parents=True, exist_ok=True)
    if reason := restore(options.kept / "scoreboard", options.store, settings_of(options)):
        print(f"{reason}: everything runs anew", file=sys.stderr)
    boards, nets = {}, {}
    if options.networks:  # first: they run samplers that the boards tell the seconds of
        chosen = networks(options.max_iter)
        nets = {
            part: compare(data, list(BEFORE_NETWORKS), chosen, **settings)
            for part, data in parts.items()
        }
    if options.samplers:
        asked, classifiers = samplers(options), list(options.classifiers)
        boards = {p: compare(data, asked, classifiers, **settings) for p, data in parts.items()}
    return boards, nets


def write(
    boards: Mapping[str, Comparison], nets: Mapping[str, Comparison], options: argparse.Namespace
) -> None:
    """Keep the results and their tables as text, and make page and picture from them."""
    page = boards["all"]
    parts = (f"{half} ({len(b.data)})" for half, b in boards.items() if half != "all")
    about = results_of(page).about
    about["command"] = options.command
    about["settings"] |= {"max_rows": options.max_rows, "tables": " and ".join(parts)}
    keep(options.store, options.kept / "scoreboard", settings_of(options))
    found = {"samplers": boards} | ({"networks": nets} if nets else {})
    write_about(options.kept, found)
    (options.kept / "scoreboard.inc").write_text(report(boards, nets, rst_table))
    build(options.kept)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    boards, nets = run(options)
    print(report(boards, nets, lambda title, *rest: f"\n{title}\n{markdown_table(*rest)}"))
    print(
        *(line for found in (boards, nets) if found for line in failures(found["all"])), sep="\n"
    )
    if options.keep:
        write(boards, nets, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
