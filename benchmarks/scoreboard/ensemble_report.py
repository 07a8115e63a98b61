"""Tables of ``ensemble.py``: differences to the plain model decided at the prior, in points.

    python -m benchmarks.scoreboard.ensemble_report ensemble.jsonl

A difference is the mean over splits and classifiers of a table, then over tables, with the 95 %
t-interval over tables. Brier score and log loss are times 100 too; negative is better there. On a
table where no class is below the share, no row is generated: members then see bootstrap samples if
the variant takes them, else what ``--unresampled`` says. ``--only-resampled`` leaves such tables
out of every variant's mean.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from benchmarks.lib.output import markdown_table, rst_table
from benchmarks.scoreboard.ensemble import KEY, STAGES, Variant
from benchmarks.scoreboard.parts import SCORED, Record, load
from gan_resample.evaluation.results.intervals import over_data

TITLES = ("variant", "draws", "tables", "bal. acc.", "AUC", "AP", "Brier", "log loss", "cost")
VARIANTS = {
    name: variant
    for stage in STAGES
    for name, variant in stage.items()
    if isinstance(variant, Variant)
}
DRAWS = {name: variant.draws for name, variant in VARIANTS.items()}
BAGGED = {name for name, variant in VARIANTS.items() if variant.bootstrap}
SPLIT = [name for name in KEY if name != "variant"]


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("records", type=Path, help="file of records")
    add("--reference", default="plain", metavar="NAME", help="variant that others are minus")
    add("--reference-draws", type=int, help="default: of the reference, 4 or what it has")
    add("--unresampled", choices=["seeds", "bags"], default="seeds",
        help="members where no row is generated: the rows as they are, or drawn anew")  # fmt: skip
    add("--only-resampled", action="store_true", help="tables where the base generates rows")
    add("--corrected", choices=["after", "first", "never"], default="after",
        help="probabilities: after the mean, each member before it, or not")  # fmt: skip
    add("--all-draws", action="store_true", help="of each variant, not only of the base")
    add("--seeds", type=int, nargs="+", help="only these seeds of the split")
    add("--rows", nargs="+", metavar="VARIANT:DRAWS", help="only these, in this order")
    add("--rst", metavar="TITLE", help="one table of all classifiers in reStructuredText")
    return parser.parse_args(arguments)


def scores_of(records: list[Record], options: argparse.Namespace) -> pd.DataFrame:
    """One line for each split, classifier, variant and number of draws."""
    records = [r for r in records if "about" not in r and "failed" not in r]
    if options.seeds is not None:
        records = [r for r in records if r["seed"] in options.seeds]
    place = {tuple(r[name] for name in KEY): r for r in records}
    kinds = {"after": "scores", "first": "corrected_first", "never": "uncorrected"}
    kind = kinds[options.corrected]
    lines = []
    for record in records:
        told = record
        if "scores" not in record:  # no class was below the share
            instead = "eight bags" if record["variant"] in BAGGED else options.unresampled
            told = place.get((*(record[name] for name in SPLIT), instead))
        if told is None:
            raise SystemExit(f"run {instead!r} first: {record} generated no row")
        generated = told is record and record["generated"] > 0
        if generated and kind not in told:
            raise SystemExit(f"no probabilities corrected {options.corrected!r} in {record}")
        found = {int(draws): each for draws, each in told[kind if generated else "scores"].items()}
        for draws in DRAWS.get(record["variant"], found):
            about = {name: record[name] for name in KEY} | {"draws": draws}
            about["seconds"] = told["seconds"] * draws / max(found)
            about["generated"] = record["generated"]
            lines.append(about | found[min(draws, max(found))])
    scores = pd.DataFrame(lines)
    if options.only_resampled:
        base = scores[(scores["variant"] == "spread") & (scores["generated"] > 0)]
        scores = scores[scores["table"].isin(base["table"].unique())]
    return scores


def against(scores: pd.DataFrame, options: argparse.Namespace) -> pd.DataFrame:
    """Return ``scores`` minus those of the reference on the same split, and the ratio of costs."""
    reference = scores[scores["variant"] == options.reference]
    draws = options.reference_draws
    if draws is None:
        draws = 4 if (reference["draws"] == 4).any() else reference["draws"].max()
    columns = [*SCORED, "seconds"]
    if reference.empty:
        raise SystemExit(f"there are no records of {options.reference!r}")
    reference = reference[reference["draws"] == draws].set_index(SPLIT)[columns]
    both = scores.join(reference.add_suffix(" of reference"), on=SPLIT, how="inner")
    for name in SCORED:
        both[name] = 100 * (both[name] - both[f"{name} of reference"])
    return both


def chosen_rows(gaps: pd.DataFrame, options: argparse.Namespace) -> Iterator[tuple[str, int]]:
    """Yield variants with their numbers of draws, in the order of the table."""
    if options.rows:
        for name, _, draws in (row.rpartition(":") for row in options.rows):
            if not ((gaps["variant"] == name) & (gaps["draws"] == int(draws))).any():
                raise SystemExit(f"there are no records of {name!r} with {draws} draws")
            yield name, int(draws)
        return
    for variant in (name for stage in STAGES for name in stage):
        numbers = sorted(gaps.loc[gaps["variant"] == variant, "draws"].unique())
        for draws in numbers if options.all_draws or variant == "spread" else numbers[-1:]:
            yield variant, draws


def lines_of(gaps: pd.DataFrame, options: argparse.Namespace) -> Iterator[list[str]]:
    for variant, draws in chosen_rows(gaps, options):
        part = gaps[(gaps["variant"] == variant) & (gaps["draws"] == draws)]
        tables = part.groupby("table")[list(SCORED)].mean()
        cells = [over_data(tables[name].to_numpy()) for name in SCORED]
        told = [f"{each.mean:+.2f} ± {(each.high - each.low) / 2:.2f}" for each in cells]
        # of medians, table by table: a fit may be shorter than the clock can tell, and a machine
        # that pauses is timed too
        each = part.groupby(["table", "classifier"])[["seconds", "seconds of reference"]].median()
        cost = each["seconds"].sum() / each["seconds of reference"].sum()
        yield [variant, str(draws), str(len(tables)), *told, f"{cost:.1f}"]


def report(records: list[Record], options: argparse.Namespace) -> str:
    """Return a table of all classifiers together, and one of each."""
    scores = scores_of(records, options)
    gaps = against(scores, options)
    if options.rst is not None:
        return rst_table(options.rst, TITLES, lines_of(gaps, options))
    parts = [("all classifiers", gaps), *gaps.groupby("classifier")]
    return "\n\n".join(
        f"{name}\n{markdown_table(TITLES, lines_of(part, options))}" for name, part in parts
    )


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    print(report(load(options.records), options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
