"""Seconds and memory of samplers on large, wide and very imbalanced tables, beside SMOTE's.

Every fit has a process of its own on one thread, timed in CPU seconds. Memory is the largest
amount that this process held, with the libraries, the data and the new rows.

    python -m benchmarks.speed.scale --json docs/results/scale.json --report docs/results/scale.inc

Measure on an idle machine with 8 GiB of memory; it takes some minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from imblearn.over_sampling import SMOTE
from numpy.typing import NDArray

from benchmarks.lib.environment import one_thread, versions
from benchmarks.lib.output import markdown_table, rst_table, write_json
from gan_resample import GAMOSampler, SpreadSMOTE

GIB = 2**30
ROUNDS = 100  # of GAMO
SAMPLERS = ("SMOTE", "SpreadSMOTE", "GAMOSampler")
TITLE = "Large tables: CPU seconds of fit_resample on one thread, and memory (2 GiB wanted)"
HEADER = (
    *("table", "rows of the classes", "sampler", "new rows", "seconds", "wanted, s"),
    *("GiB", "GiB beyond the data"),
)


@dataclass(frozen=True)
class Case:
    """Gaussian classes side by side: rows of each, columns, and how long a fit may take."""

    counts: tuple[int, ...]
    n_features: int
    wanted: float | None = None

    @property
    def data_gib(self) -> float:
        """What the table takes in float64, in GiB."""
        return 8 * sum(self.counts) * self.n_features / GIB

    def rows(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        y = np.repeat(np.arange(len(self.counts)), self.counts)
        X = np.random.default_rng(0).standard_normal((len(y), self.n_features))
        X += y[:, None]
        return X, y


CASES: Mapping[str, Case] = {
    "200,000 x 50": Case((198_000, 2_000), 50, wanted=60),
    "1,000,000 x 30": Case((990_000, 10_000), 30, wanted=180),
    "400 x 5,000": Case((360, 40), 5_000),
    "100 classes": Case((1_000, *[100] * 99), 30),
    "1:10,000": Case((100_000, 10), 30),
}


def make(name: str) -> Any:
    """Make a sampler by name."""
    if name == "GAMOSampler":
        return GAMOSampler(max_iter=ROUNDS, device="cpu", random_state=0)
    return {"SMOTE": SMOTE, "SpreadSMOTE": SpreadSMOTE}[name](random_state=0)


def fit(case: Case, name: str) -> dict[str, float]:
    """Resample a case in this process: ``new_rows``, CPU ``seconds``, peak ``gib``."""
    warnings.simplefilter("ignore")
    with one_thread():
        make(name).fit_resample(*Case((60, 30), 3).rows())  # what the first use loads
        X, y = case.rows()
        start = time.process_time()
        X_new, _ = make(name).fit_resample(X, y)
        seconds = time.process_time() - start
    return {"new_rows": len(X_new) - len(X), "seconds": seconds, "gib": peak_gib()}


def peak_gib() -> float:
    """Return the largest memory that this process has held."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / GIB


def fit_apart(table: str, name: str) -> dict[str, float]:
    """Resample a case in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.speed.scale", "--one", table, name]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} failed on {table}:\n{done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def line(table: str, name: str, found: Mapping[str, float]) -> tuple[str, ...]:
    """Return a line of the table."""
    case = CASES[table]
    counts = [f"{n:,}" for n in case.counts]
    told = " and ".join(counts) if len(counts) == 2 else f"{counts[0]}, others {counts[1]}"
    wanted = f"{case.wanted:.0f}" if case.wanted and name != "SMOTE" else "-"
    beyond = found["gib"] - case.data_gib
    return (
        *(table, told, f"{name} ({ROUNDS} rounds)" if name == "GAMOSampler" else name),
        *(f"{found['new_rows']:,}", f"{found['seconds']:.3g}", wanted),
        *(f"{found['gib']:.2f}", f"{beyond:.2f}"),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--samplers", nargs="+", choices=SAMPLERS, default=SAMPLERS)
    parser.add_argument("--one", nargs=2, metavar=("CASE", "SAMPLER"), help="fit in this process")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    parser.add_argument("--report", type=Path, help="write the table for the documentation")
    options = parser.parse_args(arguments)
    if options.one:
        table, name = options.one
        print(json.dumps(fit(CASES[table], name)))
        return 0
    found: dict[str, dict[str, dict[str, float]]] = {}
    lines = []
    for table in options.cases:
        for name in options.samplers:
            one = found.setdefault(table, {})[name] = fit_apart(table, name)
            lines.append(line(table, name, one))
            print(*lines[-1], sep=" | ", file=sys.stderr, flush=True)
            if options.json:
                write_json(options.json, {"cases": found, "versions": versions()})
    print(markdown_table(HEADER, lines))
    if options.report:
        options.report.write_text(rst_table(TITLE, HEADER, lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
