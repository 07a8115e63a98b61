"""Colours and axes that the displays share."""

from __future__ import annotations

from typing import Any

__all__ = ["GENERATED", "INK", "OTHERS", "PALE", "REAL", "plain"]

INK, PALE, REAL, GENERATED, OTHERS = "#1f2933", "#d5dae1", "#0b3c5d", "#e07a2f", "#b8bec6"


def plain(ax: Any) -> None:
    """Leave two spines, pale, and small tick labels."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color("#8a97a6")
    ax.tick_params(labelsize=8, color="#8a97a6")
