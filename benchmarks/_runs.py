"""Finished runs of a long benchmark, kept in a JSON file: a rerun does only what is missing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from joblib import Parallel, delayed, parallel_config

Record = dict[str, Any]


class Runs:
    """Records in a JSON file, told apart by the values of ``key``."""

    def __init__(self, path: Path, key: Iterable[str]) -> None:
        self.path, self.key = path, tuple(key)
        self.records: list[Record] = json.loads(path.read_text()) if path.exists() else []

    def __contains__(self, wanted: Mapping[str, Any]) -> bool:
        return bool(self.select(**{name: wanted[name] for name in self.key}))

    def select(self, **values: Any) -> list[Record]:
        return [r for r in self.records if all(r[name] == v for name, v in values.items())]

    def add(self, records: Iterable[Record]) -> None:
        """Append and write at once; a killed run leaves the old file or the new one."""
        self.records += [record for record in records if record not in self]
        draft = self.path.with_suffix(".part")
        draft.write_text(json.dumps(self.records, indent=1) + "\n")
        os.replace(draft, self.path)

    def play(
        self, jobs: Iterable[Record], run: Callable[[Record], list[Record]], n_jobs: int
    ) -> None:
        """Run what is missing, each job on one thread, and keep every result as it comes."""
        missing = [job for job in jobs if any(r not in self for r in job["gives"])]
        with parallel_config(backend="loky", n_jobs=n_jobs, inner_max_num_threads=1):
            work = Parallel(return_as="generator_unordered")(delayed(run)(job) for job in missing)
            for done, records in enumerate(work, start=1):
                self.add(records)
                told = ", ".join(str(records[0][name]) for name in self.key)
                print(f"{done} of {len(missing)}: {told}", flush=True)


def mean_and_spread(values: list[float], digits: int = 3) -> str:
    """Give the mean, with the standard deviation where there are several; empty for none."""
    if not values:
        return ""
    parts = [mean(values), stdev(values)] if len(values) > 1 else values
    return " ± ".join(f"{part:.{digits}f}".removeprefix("0") for part in parts)
