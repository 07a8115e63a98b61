"""What the benchmarks share: one thread, versions, tables, files."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from threadpoolctl import threadpool_limits

import gan_resample

PACKAGES = ("numpy", "scipy", "scikit-learn", "imbalanced-learn", "torch", "skorch")


def one_thread() -> AbstractContextManager[Any]:
    """Keep torch, BLAS and OpenMP to one thread; small networks are slower with more."""
    torch.set_num_threads(1)
    return threadpool_limits(1)


def versions() -> dict[str, str]:
    """Return the versions of Python, this package and what it stands on."""
    own = {"python": platform.python_version(), "gan_resample": gan_resample.__version__}
    return own | {name: version(name) for name in PACKAGES}


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a Markdown table, padded so that it can be read as plain text."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in cells
    ]
    lines.insert(1, " | ".join("-" * width for width in widths))
    return "\n".join(f"| {line} |" for line in lines)


def rst_table(title: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a reStructuredText table with a title."""
    lines = [f".. list-table:: {title}", "   :header-rows: 1", ""]
    for row in (header, *rows):
        for place, cell in enumerate(row):
            lines.append(f"   {'* ' if not place else '  '}- {cell}".rstrip())
    return "\n".join(lines) + "\n"


def write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")
