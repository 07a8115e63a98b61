"""Finished runs of a long benchmark, kept in a JSON file: a rerun does only missing runs.

Also the command line of such benchmarks.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from joblib import Parallel, delayed, parallel_config

from benchmarks.lib.output import markdown_table, rst_table

Record = dict[str, Any]


class Runs:
    """Records in a JSON file, identified by the values of ``key``."""

    def __init__(self, path: Path, key: Iterable[str]) -> None:
        self.path, self.key = path, tuple(key)
        self.records: list[Record] = json.loads(path.read_text()) if path.exists() else []

    def __contains__(self, wanted: Mapping[str, Any]) -> bool:
        return bool(self.select(**{name: wanted[name] for name in self.key}))

    def select(self, **values: Any) -> list[Record]:
        return [r for r in self.records if all(r[name] == v for name, v in values.items())]

    def add(self, records: Iterable[Record]) -> None:
        """Append and write immediately; a killed run leaves the old file or the new one."""
        self.records += [record for record in records if record not in self]
        self.records.sort(key=self._place)
        draft = self.path.with_suffix(".part")
        draft.write_text(json.dumps(self.records, indent=1) + "\n")
        os.replace(draft, self.path)

    def _place(self, record: Record) -> list[tuple[str, Any]]:
        """Key by which the records in the file are sorted, whatever the order of the runs."""
        values = (record.get(name) for name in self.key)
        return [(type(value).__name__, 0 if value is None else value) for value in values]

    def play(
        self, jobs: Iterable[Record], run: Callable[[Record], list[Record]], n_jobs: int
    ) -> None:
        """Run missing jobs, each on one thread, and store every result immediately."""
        missing = [job for job in jobs if any(r not in self for r in job["gives"])]
        with parallel_config(backend="loky", n_jobs=n_jobs, inner_max_num_threads=1):
            work = Parallel(return_as="generator_unordered")(delayed(run)(job) for job in missing)
            for done, records in enumerate(work, start=1):
                self.add(records)
                told = ", ".join(str(records[0][name]) for name in self.key)
                print(f"{done} of {len(missing)}: {told}", flush=True)


def mean_and_spread(values: list[float], digits: int = 3) -> str:
    """Format the mean, with the standard deviation of several values; empty for none."""
    if not values:
        return ""
    parts = [mean(values), stdev(values)] if len(values) > 1 else values
    return " ± ".join(f"{part:.{digits}f}".removeprefix("0") for part in parts)


def command_line(doc: str, json_file: str, sets: Sequence[str]) -> argparse.ArgumentParser:
    """Make the parser of a reproduction's command line; ``sets`` are the default data sets."""
    parser = argparse.ArgumentParser(description=doc.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--json", type=Path, default=Path(json_file))
    parser.add_argument("--sets", nargs="+", choices=sets, default=list(sets))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="a few rounds, to see that it runs")
    parser.add_argument("--rst", type=Path, help="also write the table as reStructuredText")
    parser.add_argument("--table", action="store_true", help="run nothing, print what there is")
    return parser


def carry_out(
    options: argparse.Namespace,
    jobs: list[Record],
    run: Callable[[Record], list[Record]],
    report: Callable[[Runs, list[Record], Callable[..., str]], str],
) -> None:
    """Run missing jobs, and print the table and what is still missing."""
    runs = Runs(options.json, jobs[0]["gives"][0])
    if not options.table:
        runs.play(jobs, run, options.jobs)
    print(report(runs, jobs, lambda title, *rest: f"{title}\n{markdown_table(*rest)}"))
    gone = [record for job in jobs for record in job["gives"] if record not in runs]
    print(
        *("missing: " + ", ".join(str(record[name]) for name in runs.key) for record in gone),
        sep="\n",
    )
    if options.rst:
        options.rst.write_text(report(runs, jobs, rst_table))
