"""Speed of the games: ratios with limits, growth, rows per second, and one limit in seconds.

Everything runs on one thread. Contestants run in one process, in interleaved rounds, timed in CPU
seconds, and a ratio is the median over rounds: other jobs on the machine then slow down both
sides. The exit status is 1 if a limit is broken (not with ``--quick``, which only shows that the
script runs).

    python -m benchmarks.speed --json speed.json
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np
import torch
from imblearn.over_sampling import SMOTE
from numpy.typing import NDArray
from sklearn.datasets import make_classification
from torch import Tensor

from benchmarks.lib.environment import one_thread, versions
from benchmarks.lib.output import markdown_table, write_json
from benchmarks.speed.textbook_gamo import TextbookGAMO
from gan_resample import CollapseWarning, GAMOSampler, SpreadSMOTE
from gan_resample.engine.net import GameNet
from gan_resample.gamo import PAPER_SETTINGS
from gan_resample.mixing.neighbours import nearest_neighbours

Rows = tuple[NDArray[np.float64], NDArray[np.int64]]

BIN30 = (10_000, 100)
TAB30 = (4000, 2000, 1000, 750, 500, 350, 200, 100, 60, 40)
PAPER = PAPER_SETTINGS | {"max_iter": 1}


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    ``rounds`` of interleaved contestants, ``steps`` in each (``epoch`` where an epoch is timed),
    ``fits`` of whole samplers with the settings ``sampler``, ``sizes`` along each axis of growth,
    ``large`` rows in the largest class.
    """

    rounds: int
    steps: int
    epoch: int
    fits: int
    sizes: int
    large: int
    sampler: Mapping[str, Any]


FULL = Effort(rounds=15, steps=100, epoch=316, fits=3, sizes=4, large=100_000, sampler={})
QUICK = Effort(rounds=2, steps=4, epoch=4, fits=1, sizes=2, large=2000, sampler={"max_iter": 5})


@dataclass(frozen=True)
class Figure:
    """A measured number with its limit; ``low`` and ``high`` are quartiles over rounds."""

    name: str
    measured: float
    low: float
    high: float
    limit: float

    @property
    def holds(self) -> bool:
        return self.measured <= self.limit


# ---- measuring ---------------------------------------------------------------------------------


def interleave(
    contestants: Mapping[str, Callable[[], object]], rounds: int
) -> dict[str, list[float]]:
    """CPU seconds of every contestant in each of ``rounds`` rounds, after one that warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        names = list(contestants)
        for name in names if number % 2 else reversed(names):
            start = time.process_time()
            contestants[name]()
            if number:
                seconds[name].append(time.process_time() - start)
    return seconds


def compare(
    name: str, limit: float, ours: Callable[[], object], theirs: Callable[[], object], rounds: int
) -> Figure:
    """Median and quartiles of the ratio of ours to theirs."""
    seconds = interleave({"ours": ours, "theirs": theirs}, rounds)
    ratios = [a / b for a, b in zip(seconds["ours"], seconds["theirs"], strict=True)]
    return figure(name, ratios, limit)


def figure(name: str, values: Sequence[float], limit: float) -> Figure:
    low, _, high = quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3
    return Figure(name, median(values), low, high, limit)


def make_rows(counts: Sequence[int], n_features: int = 30) -> Rows:
    """Gaussian classes side by side, of ``counts`` rows."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(len(counts)), counts)
    return rng.standard_normal((len(y), n_features)) + y[:, None], y


def trained(data: Rows, **settings: Any) -> tuple[GameNet, Tensor, Tensor]:
    """Return a net after its first round, with the encoded rows that it plays on."""
    X, y = data
    defaults: dict[str, Any] = {"max_iter": 1, "device": "cpu", "random_state": 0}
    sampler = GAMOSampler(**defaults | settings)
    net = sampler.fit(X, y).net_
    net.module_.train()
    x = torch.as_tensor(sampler.encoder_.transform(X), dtype=torch.float32)
    return net, x, torch.as_tensor(y)


def steps(step: Callable[..., object], x: Tensor, y: Tensor, size: int, n_steps: int) -> Any:
    """Make a function that takes ``n_steps`` steps on batches drawn before the clock starts."""
    batches = [torch.randint(len(x), (size,)) for _ in range(n_steps)]
    pairs = [(x[rows], y[rows]) for rows in batches]

    def run() -> None:
        for pair in pairs:
            step(*pair)

    return run


def net_steps(data: Rows, n_steps: int, **settings: Any) -> Any:
    net, x, y = trained(data, **settings)
    return steps(lambda *batch: net.train_step(batch), x, y, net.batch_size, n_steps)


# ---- ratios to hold ----------------------------------------------------------------------------


def play_bare(net: GameNet, x: Tensor, y: Tensor, n_rounds: int) -> None:
    """Play the same rounds as the net does, in a plain loop without skorch."""
    game, optimizers = net.module_, net.optimizers()
    groups = {move: o.param_groups for move, o in optimizers.items()}
    movers = {move: [p for group in g for p in group["params"]] for move, g in groups.items()}
    n_rows = n_rounds * net.batch_size
    order = torch.cat([torch.randperm(len(x)) for _ in range(n_rows // len(x) + 1)])
    for rows in order[:n_rows].split(net.batch_size):
        for turn in game.turns(x[rows], y[rows]):
            *_, last = turn
            for move, loss in turn.items():
                optimizers[move].zero_grad()
                loss.backward(inputs=movers[move], retain_graph=move != last)
            for move in turn:
                optimizers[move].step()


def driven_or_bare(effort: Effort, mixer: str) -> Figure:
    """Compare an epoch that skorch drives with a bare loop of the same step."""
    net, x, y = trained(make_rows(BIN30), mixer=mixer, batch_size=32)
    net.set_params(max_iter=effort.epoch)
    name = f"epoch of GameNet / bare loop, mixer={mixer!r}"

    def bare() -> None:
        play_bare(net, x, y, effort.epoch)

    return compare(name, 1.10, lambda: net.fit_loop(x, y), bare, effort.rounds)


def engine_or_textbook(effort: Effort) -> Figure:
    """Compare a step at the paper's settings with the textbook's."""
    data = make_rows(TAB30)
    net, x, y = trained(data, **PAPER)
    ours = steps(lambda *batch: net.train_step(batch), x, y, net.batch_size, effort.steps)
    textbook = steps(TextbookGAMO(x, y).step, x, y, net.batch_size, effort.steps)
    return compare("step of GameNet / textbook step", 0.70, ours, textbook, effort.rounds)


def spread_or_smote(effort: Effort) -> Figure:
    """Compare SpreadSMOTE with imbalanced-learn's SMOTE, 10,000 rows at 100:1."""
    X, y = make_classification(
        10_000, 30, n_informative=10, weights=[100 / 101], flip_y=0, random_state=0
    )
    ours, theirs = (kind(random_state=0) for kind in (SpreadSMOTE, SMOTE))
    name = "SpreadSMOTE / SMOTE, fit_resample, 10,000 x 30, 100:1"
    fits = (partial(each.fit_resample, X, y) for each in (ours, theirs))
    return compare(name, 5.0, *fits, effort.rounds)


def neighbours(effort: Effort) -> Figure:
    """CPU seconds to find the neighbours of each row of one class."""
    rows = torch.randn(effort.large, 30, generator=torch.Generator().manual_seed(0))
    seconds = interleave({"": lambda: nearest_neighbours(rows, 5)}, 1)[""]
    return figure(f"neighbours within {effort.large:,} x 30, seconds", seconds, 60.0)


def many_anchors(effort: Effort) -> Figure:
    """Compare a class of 100,000 rows, thinned to 1,000 anchors, with a class of 1,000."""
    settings = PAPER | {"max_anchors": 1000}
    n = effort.large
    large = net_steps(make_rows((n + 1, n)), effort.steps, **settings)
    small = net_steps(make_rows((n + 1, 1000)), effort.steps, **settings)
    name = f"step with n_i = {n:,}, max_anchors=1000 / n_i = 1,000"
    return compare(name, 1.2, large, small, effort.rounds)


def batch_of_512(effort: Effort, mixer: str) -> Figure:
    """Compare the time of a real row in batches of 512 and of 32."""
    few = max(effort.steps // 8, 1)  # the same time on both sides, more or less
    large = net_steps(make_rows(BIN30), few, mixer=mixer, batch_size=512)
    small = net_steps(make_rows(BIN30), 8 * few, mixer=mixer, batch_size=32)
    seconds = interleave({"large": large, "small": small}, effort.rounds)
    pairs = zip(seconds["large"], seconds["small"], strict=True)
    ratios = [(a / (few * 512)) / (b / (8 * few * 32)) for a, b in pairs]
    return figure(f"time a row at batch 512 / at 32, mixer={mixer!r}", ratios, 0.75)


def default_fit(effort: Effort) -> Figure:
    """CPU seconds of the default sampler on 10,000 rows at 100:1."""
    X, y = make_classification(
        10_000, 30, n_informative=10, weights=[100 / 101], flip_y=0, random_state=0
    )
    sampler = GAMOSampler(device="cpu", random_state=0, **effort.sampler)
    seconds = interleave({"": lambda: sampler.fit_resample(X, y)}, effort.fits)[""]
    return figure("GAMOSampler().fit_resample, 10,000 x 30, 100:1, seconds", seconds, 5.0)


def figures(effort: Effort) -> list[Figure]:
    mixers = ("spread", "class")
    return [
        *(driven_or_bare(effort, mixer) for mixer in mixers),
        engine_or_textbook(effort),
        spread_or_smote(effort),
        neighbours(effort),
        many_anchors(effort),
        *(batch_of_512(effort, mixer) for mixer in mixers),
        default_fit(effort),
    ]


# ---- growth and rows a second ------------------------------------------------------------------

GROWTH: Mapping[str, Mapping[int, tuple[Sequence[int], int]]] = {
    "rows (a tenth in the minority)": {
        n: ((n - n // 10, n // 10), 30) for n in (1000, 4000, 16_000, 64_000)
    },
    "features": {d: ((1000, 100), d) for d in (10, 30, 100, 300)},
    "minority rows (of 22,000)": {
        n: ((22_000 - n, n), 30) for n in (100, 1000, 4000, 10_000)
    },
    "classes (1,000 rows and 100 in each other)": {
        c: ((1000, *[100] * (c - 1)), 30) for c in (2, 5, 10, 30)
    },
}  # fmt: skip


def growth(effort: Effort) -> dict[str, dict[str, float]]:
    """Time of a default fit along each axis: seconds at the smallest size, then ratios to it."""
    found = {}
    for axis, cases in GROWTH.items():
        sizes = list(cases.items())[: effort.sizes]
        fits = {str(size): fit_of(make_rows(*case), effort) for size, case in sizes}
        seconds = interleave(fits, effort.fits)
        smallest = next(iter(seconds.values()))
        found[axis] = {"seconds at the smallest": median(smallest)} | {
            size: median(a / b for a, b in zip(values, smallest, strict=True))
            for size, values in seconds.items()
        }
    return found


def fit_of(data: Rows, effort: Effort) -> Callable[[], object]:
    sampler = GAMOSampler(device="cpu", random_state=0, **effort.sampler)
    return lambda: sampler.fit(*data)


def rows_a_second(effort: Effort) -> dict[str, float]:
    """Generated rows a CPU second, to balance 10,000 : 100."""
    X, y = make_rows(BIN30)
    n_rows = BIN30[0] - BIN30[1]
    labels = np.ones(n_rows, dtype=int)
    settings: dict[str, Any] = {"device": "cpu", "random_state": 0} | dict(effort.sampler)
    games = {
        mixer: GAMOSampler(mixer=mixer, **settings).fit(X, y) for mixer in ("spread", "class")
    }
    plain = SpreadSMOTE(random_state=0).fit(X, y)
    contestants = {
        "SMOTE().fit_resample": lambda: SMOTE(random_state=0).fit_resample(X, y),
        "SpreadSMOTE().fit_resample": lambda: SpreadSMOTE(random_state=0).fit_resample(X, y),
        "SpreadSMOTE().sample": lambda: plain.sample(labels, random_state=0),
        "GAMOSampler().sample": lambda: games["spread"].sample(labels, random_state=0),
        "GAMOSampler(mixer='class').sample": lambda: games["class"].sample(labels, random_state=0),
    }
    seconds = interleave(contestants, effort.rounds)
    return {name: n_rows / median(values) for name, values in seconds.items()}


# ---- output ------------------------------------------------------------------------------------


def gigaflops() -> float:
    """Speed of a matrix product, to tell a busy machine from a slow program."""
    a = torch.randn(1024, 1024)
    seconds = interleave({"": lambda: a @ a}, 10)[""]
    return 2 * 1024**3 / min(seconds) / 1e9


def print_report(
    found: Sequence[Figure], grown: Mapping[str, Mapping[str, float]], speeds: Mapping[str, float]
) -> None:
    header = ("benchmark", "measured", "quartiles", "limit", "holds")
    rows = [
        (f.name, f"{f.measured:.2f}", f"{f.low:.2f} to {f.high:.2f}", f"{f.limit:.2f}",
         "yes" if f.holds else "NO")
        for f in found
    ]  # fmt: skip
    print(markdown_table(header, rows))
    print("\nTime of GAMOSampler().fit, as a ratio to the smallest size\n")
    for axis, values in grown.items():
        first, *sizes = values
        cells = [f"{values[first]:.2f} s", *(f"{values[size]:.2f}" for size in sizes)]
        print(markdown_table((axis, *sizes), [cells]), end="\n\n")
    print("Generated rows a second, 10,000 : 100, 30 features\n")
    smote = speeds["SMOTE().fit_resample"]
    calls = [(name, f"{speed:,.0f}", f"{speed / smote:.2f}") for name, speed in speeds.items()]
    print(markdown_table(("call", "rows a second", "/ SMOTE"), calls))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    parser.add_argument(
        "--quick", action="store_true", help="a smoke run; its numbers mean nothing"
    )
    options = parser.parse_args(arguments)
    effort = QUICK if options.quick else FULL
    # a net after a few rounds may have collapsed; nothing here depends on it
    warnings.simplefilter("ignore", CollapseWarning)
    with one_thread():
        peak = gigaflops()
        found, grown, speeds = figures(effort), growth(effort), rows_a_second(effort)
    print_report(found, grown, speeds)
    print(f"\nmatrix product before the runs: {peak:.0f} GFLOP/s; {versions()}")
    if options.json:
        content = {
            "figures": [asdict(f) | {"holds": f.holds} for f in found],
            "growth": grown,
            "rows_a_second": speeds,
            "gigaflops": peak,
            "quick": options.quick,
            "versions": versions(),
        }
        write_json(options.json, content)
    return int(not options.quick and not all(f.holds for f in found))


if __name__ == "__main__":
    sys.exit(main())
