"""Make the page and the picture of the scoreboard from the results that are kept as text.

    python -m benchmarks.scoreboard.page

``make docs`` does so. No data and no training are needed: ``scoreboard/page.json`` in the folder
of the kept results holds what else the page needs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gan_resample.evaluation
from benchmarks.lib.output import write_json
from benchmarks.scoreboard.kept import kept_records
from benchmarks.scoreboard.report import mean_ranks, ranked
from gan_resample.evaluation import Comparison, RankDisplay
from gan_resample.evaluation.metrics.scores import SCORES
from gan_resample.evaluation.results.rank_tests import FEWEST_DATA, FEWEST_SAMPLERS

__all__ = ["KEPT", "build", "is_fresh", "read_comparisons", "write_about"]

KEPT = Path(__file__).parents[2] / "docs" / "results"
ABOUT = Path("scoreboard") / "page.json"


def write_about(folder: Path, found: Mapping[str, Mapping[str, Comparison]]) -> None:
    """Store what does not follow from the records.

    Parameters
    ----------
    folder : Path
        Folder of the kept results.
    found : mapping of name -> part -> Comparison
        Comparisons by name, of "all" tables and of each half.
    """
    abouts, parts = {}, {}
    for name, own in found.items():
        abouts[name] = own["all"].about | {"scores": own["all"].scores}
        parts = {part: comparison.data for part, comparison in own.items() if part != "all"}
    write_json(folder / ABOUT, {"halves": parts, "comparisons": abouts})


def read_comparisons(folder: Path) -> dict[str, dict[str, Comparison]]:
    """Return the kept comparisons: name -> "all" and each half -> Comparison."""
    kept = json.loads((folder / ABOUT).read_text())
    records = {_key(record): record for record in kept_records(folder / "scoreboard")}
    found = {}
    for name, about in kept["comparisons"].items():
        about["scores"] = {score: SCORES[score] for score in about["scores"]}
        tables = [data["name"] for data in about["data"]]
        parts = {"all": tables} | kept["halves"]
        found[name] = {part: _of_tables(records, about, own) for part, own in parts.items()}
    return found


def _key(record: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(record[n] for n in ("data", "repeat", "fold", "sampler", "classifier"))


def _of_tables(
    records: Mapping[tuple[Any, ...], Any], about: Mapping[str, Any], tables: Sequence[str]
) -> Comparison:
    """Return the comparison on some tables, its records in the order in which they were run."""
    splits = sorted({key[:3] for key in records if key[0] in tables}, key=lambda s: s[1:])
    splits = [split for name in tables for split in splits if split[0] == name]
    tasks = [(*split, sampler) for split in splits for sampler in about["samplers"]]
    cells = [(*task, classifier) for task in tasks for classifier in about["classifiers"]]
    own = {"data": [data for data in about["data"] if data["name"] in tables]}
    return Comparison(
        [records[cell] for cell in cells],
        [records[(*task, "")] for task in tasks],
        dict(about) | own,
    )


def build(folder: Path = KEPT) -> list[Path]:
    """Write page and picture of the kept results to their folder, and return the files."""
    boards = read_comparisons(folder)["samplers"]
    page, picture = folder / "scoreboard.html", folder / "scoreboard.png"
    boards["all"].to_html(page, pictures=False)
    return [page, picture] if draw_ranks(boards, picture) else [page]


def is_fresh(folder: Path = KEPT) -> bool:
    """Whether the page exists and is newer than the results and the code that make it."""
    page, results = folder / "scoreboard.html", folder / "scoreboard"
    code = Path(gan_resample.evaluation.__file__).parent
    sources = [*results.rglob("*.json"), *results.rglob("*.tsv"), *code.rglob("*.[ph]*")]
    times = [file.stat().st_mtime for file in sources if "__pycache__" not in file.parts]
    return page.exists() and page.stat().st_mtime >= max(times)


def draw_ranks(boards: Mapping[str, Comparison], picture: Path) -> bool:
    """Draw the ranks of the confirmation half, or of all tables if those are too few."""
    for half in ("confirmation", "all"):
        if half in boards and can_rank(boards[half]):
            display = RankDisplay.from_comparison(boards[half], samplers=ranked(boards[half]))
            title = display.ax_.title
            title.set_text(f"{half} ({display.test_.n_data} tables): {title.get_text()}")
            display.figure_.savefig(picture, dpi=150)
            return True
    print(
        f"{picture} is not drawn: ranks need {FEWEST_DATA} tables that {FEWEST_SAMPLERS} samplers "
        "share",
        file=sys.stderr,
    )
    return False


def can_rank(board: Comparison) -> bool:
    ranks, n_tables = mean_ranks(board)
    return n_tables >= FEWEST_DATA and len(ranks) >= FEWEST_SAMPLERS


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kept", type=Path, default=KEPT, help="folder of the kept results")
    for file in build(parser.parse_args(arguments).kept):
        print(file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
