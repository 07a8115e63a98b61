"""How fast convolutional GAMO is beside the plain classifier, and what was tried to speed it up.

    python -m benchmarks.speed.images --json speed_images.json

Both train the same networks on the same batches of 28 by 28 grey images, with the paper's counts
and settings but for the batch size. What is compared runs in one process in interleaved turns; a
figure is the median over the turns, in wall time, since threads are among the things tried.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.lib.environment import versions
from benchmarks.lib.output import markdown_table, write_json
from benchmarks.lib.plain_network import PlainClassifier
from gan_resample import CollapseWarning, GAMOClassifier
from gan_resample.gamo import PAPER_SETTINGS

COUNTS = (4000, 2000, 1000, 750, 500, 350, 200, 100, 60, 40)
LAYOUTS = {"channels last": torch.channels_last, "channels first": torch.contiguous_format}
NETS = {"GAMO": GAMOClassifier, "plain": PlainClassifier}


def make_step(kind: Any, counts: Any, batch_size: int, layout: torch.memory_format) -> Any:
    """Return a function that plays one round of a net past its first."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(len(counts)), counts)
    X = rng.random((len(y), 1, 28, 28), dtype=np.float32)
    settings = PAPER_SETTINGS | {"max_iter": 1, "batch_size": batch_size, "random_state": 0}
    net = kind(**settings, ema_decay=0, device="cpu").fit(X, y).net_
    net.module_.train()
    for module in net.module_.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.Module.to(module, memory_format=layout)  # type: ignore[call-overload]
    net.initialize_optimizer()  # whose state has the layout of the weights
    x, codes = torch.as_tensor(2 * X - 1), torch.as_tensor(y)

    def step() -> None:
        rows = torch.randint(len(x), (batch_size,))
        net.train_step((x[rows], codes[rows]))

    return step


def seconds(steps: Mapping[Any, Callable[[], None]], turns: int, rounds: int) -> dict[Any, float]:
    """Median wall seconds of a round of each, in turns, after one turn that warms up."""
    found: dict[Any, list[float]] = {name: [] for name in steps}
    for turn in range(turns + 1):
        for name in list(steps)[:: 1 if turn % 2 else -1]:
            start = time.perf_counter()
            for _ in range(rounds):
                steps[name]()
            if turn:
                found[name].append((time.perf_counter() - start) / rounds)
    return {name: median(values) for name, values in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that it runs")
    options = parser.parse_args()
    warnings.simplefilter("ignore", CollapseWarning)  # nothing is trained here
    turns, rounds, counts = (1, 1, (20, 10, 5)) if options.quick else (9, 5, COUNTS)
    batches = (32,) if options.quick else (32, 64, 128)
    results = []
    for threads in options.threads:
        torch.set_num_threads(threads)
        for batch in batches:
            steps = {
                (layout, name): make_step(kind, counts, batch, LAYOUTS[layout])
                for layout in LAYOUTS
                for name, kind in NETS.items()
            }
            took = seconds(steps, turns, rounds)
            for layout in LAYOUTS:
                game, plain = (took[layout, name] for name in NETS)
                results.append((threads, batch, layout, 1 / game, 1 / plain, game / plain))
    header = ["threads", "batch", "layout", "GAMO, rounds/s", "plain, rounds/s", "time ratio"]
    body = [
        (*row[:3], *(f"{value:.1f}" for value in row[3:5]), f"{row[5]:.2f}") for row in results
    ]
    print(markdown_table(header, body))
    if options.json:
        write_json(options.json, {"versions": versions(), "header": header, "rows": results})


if __name__ == "__main__":
    main()
