"""Compare the speed of two versions of the package, each in a checkout of its own.

Every sampler and classifier is fitted with its defaults, by the old version and by this one in
turn, each time in a new process, on one thread and timed in CPU seconds; a figure is the median.
A fit is told apart into its rounds and the cost of one, and set beside that of a random forest
with scikit-learn's defaults on the same rows.

    git worktree add ../old 40a4275
    python -m benchmarks.speed.two_versions --old ../old --json two_versions.json
    python -m benchmarks.speed.two_versions --report two_versions.json
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.lib.environment import versions
from benchmarks.lib.output import markdown_table, rst_table, write_json

HERE = Path(__file__).resolve()
NEW = HERE.parents[2]
GAMES = ("GAMO", "DVAAN", "PGAN")
CASES = (
    *(f"{game}{kind}:{data}" for game in GAMES for kind in ("Sampler", "Classifier")
      for data in ("digits", "10k")),
    *(f"CycleGAN{kind}:{data}" for kind in ("Sampler", "Classifier")
      for data in ("one pair", "nine pairs")),
    "EGANClassifier:digits",
    "EGANClassifier:10k",
    "SpreadSMOTE:10k",
)  # fmt: skip
# of the time of the old version, wished for before anything was made faster
WANTED = {"GAMO": ".20", "DVAAN": ".35", "PGAN": ".50", "EGAN": ".60"}
WANTED_OF_PAIRS = {"nine pairs": ".30", "one pair": ".60"}
TITLE = (
    "Default fits, the old version and this one: CPU seconds of one thread, medians of "
    "interleaved fits"
)
HEADER = (
    *("fit", "old, s", "new, s", "new / old", "wanted", "rounds"),
    *("old, ms a round", "new", "of a round", "in forests", "fits"),
)


def fit(tree: Path, case: str, max_iter: int | None) -> dict[str, Any]:
    """Fit a case with the version in ``tree``: its CPU ``seconds``, ``rounds`` and ``forest``."""
    command = [sys.executable, str(HERE.parent / "one_fit.py"), case]
    command += [] if max_iter is None else [str(max_iter)]
    environment = os.environ | {"PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{case} failed in {tree}:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(case: str, trees: Mapping[str, Path], fits: int, max_iter: int | None) -> Any:
    """Fit a case with both versions in turn: version -> all seconds, and the rounds."""
    found: dict[str, Any] = {name: {"seconds": [], "forest": []} for name in trees}
    for number in range(fits):
        for name in list(trees)[:: 1 if number % 2 else -1]:
            one = fit(trees[name], case, max_iter)
            for timed in ("seconds", "forest"):
                found[name][timed].append(one[timed])
            found[name]["rounds"] = one["rounds"]
    return found


def line(case: str, found: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a line of the table."""
    old, new = (median(found[name]["seconds"]) for name in ("old", "new"))
    pairs = zip(found["new"]["seconds"], found["old"]["seconds"], strict=True)
    ratios = sorted(a / b for a, b in pairs)
    rounds = [found[name]["rounds"] for name in ("old", "new")]
    forests = new / median(found["new"]["forest"] + found["old"]["forest"])
    costs = ["-", "-", "-", "-"]
    if all(rounds):
        costs = [" to ".join(map(str, dict.fromkeys(rounds)))]
        costs += [f"{1e3 * s / n:.2f}" for s, n in zip((old, new), rounds, strict=True)]
        costs += [f"{median(ratios) * rounds[0] / rounds[1]:.2f}"]
    told = f"{median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    estimator, _, data = case.partition(":")
    game = estimator.removesuffix("Sampler").removesuffix("Classifier")
    wanted = WANTED_OF_PAIRS.get(data, WANTED.get(game, "-"))
    cells = (f"{estimator}, {data}", f"{old:.3g}", f"{new:.3g}", told, wanted)
    return (*cells, *costs, f"{forests:.2g}", str(len(ratios)))


def report(files: Sequence[Path]) -> str:
    """Return the table of records as reStructuredText; a later record of a case replaces one."""
    found: dict[str, Any] = {}
    for path in files:
        found |= json.loads(path.read_text())["cases"]
    return rst_table(TITLE, HEADER, [line(case, each) for case, each in sorted(found.items())])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--report", type=Path, nargs="+", help="tabulate records, and run nothing")
    parser.add_argument("--old", type=Path, help="checkout of the old version")
    parser.add_argument("--cases", nargs="+", default=CASES, help="such as GAMOSampler:digits")
    parser.add_argument("--fits", type=int, default=5, help="of each case by each version")
    parser.add_argument("--max-iter", type=int, help="rounds of a fit, in place of the default")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    options = parser.parse_args(arguments)
    if options.report:
        print(report(options.report))
        return 0
    if options.old is None:
        parser.error("say where the old version is: --old DIR")
    trees = {"old": options.old.resolve(), "new": NEW}
    found = {}
    for case in options.cases:
        found[case] = compare(case, trees, options.fits, options.max_iter)
        print(*line(case, found[case]), sep=" | ", file=sys.stderr, flush=True)
        if options.json:
            write_json(options.json, {"cases": found, "versions": versions()})
    print(markdown_table(HEADER, [line(case, each) for case, each in found.items()]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
