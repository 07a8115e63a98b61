"""The scoreboard: every sampler on a table of each family, in two halves: to choose, to confirm.

    python benchmarks/scoreboard.py --data DIR

``DIR/tabular`` holds ``<name>.csv.gz`` with a last column ``target``, and ``index.json``, which
lists the ``categorical`` columns of each table. ``_families.py`` says which tables run and which
half each belongs to. Results go to a store as they come, so that the command goes on where it was
stopped; without a store it starts from the results that are kept beside the documentation, and
then has nothing to run but what was asked for besides.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from _families import halves
from _gsmote import GSMOTE
from _kept import keep, unpack
from _networks import networks
from _report import rst_table, table
from _scoreboard_report import failures, ranked, report
from _tables import read_labelled

from gan_resample.datasets import DataSet, as_dataset
from gan_resample.evaluation import Comparison, RankDisplay, compare
from gan_resample.evaluation.statistics import FEWEST_DATA

KEPT = Path(__file__).parents[1] / "docs" / "results"
STORE = "scoreboard.sqlite.gz"

SAMPLERS = (
    *("none", "class_weight", "threshold", "random", "smote", "borderline", "gsmote"),
    *("spread", "gamo", "dvaan", "pgan", "cyclegan"),
)
CLASSIFIERS = ("logistic", "knn", "boosting")
BEFORE_NETWORKS = ("none", "smote", "spread")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="DIR", help="folder that holds tabular/")
    add("--tables", nargs="+", metavar="NAME", help="default: one of each family")
    add("--half", choices=["both", "development", "confirmation"], default="both")
    add("--samplers", nargs="*", default=SAMPLERS, metavar="NAME")
    add("--classifiers", nargs="*", default=CLASSIFIERS, metavar="NAME")
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
    return parser.parse_args(arguments)


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


def run(options: argparse.Namespace) -> tuple[dict[str, Comparison], dict[str, Comparison]]:
    """Play what the store lacks, for all tables together; then read it half by half."""
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
    unpack(options.kept / STORE, options.store)
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


def write(boards: Mapping[str, Comparison], text: str, options: argparse.Namespace) -> None:
    """Keep store, tables, page and, of enough tables, a diagram of ranks."""
    keep(options.store, options.kept / STORE)
    (options.kept / "scoreboard.inc").write_text(text)
    board = boards["all"]
    board.about["command"] = "python benchmarks/scoreboard.py --data DIR"
    board.to_html(options.kept / "scoreboard.html", pictures=False)
    if len(board.data) >= FEWEST_DATA:
        display = RankDisplay.from_comparison(board, samplers=ranked(board))
        display.figure_.savefig(options.kept / "scoreboard.png", dpi=150)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    boards, nets = run(options)
    if not boards:
        return 0
    print(report(boards, nets, lambda title, *rest: f"\n{title}\n{table(*rest)}"))
    print(
        *(line for found in (boards, nets) if found for line in failures(found["all"])), sep="\n"
    )
    if options.keep:
        write(boards, report(boards, nets, rst_table), options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
