"""Sentences on what a time limit left undone."""

from __future__ import annotations

from collections.abc import Sequence

from gan_resample.evaluation.results.results import Results
from gan_resample.evaluation.results.unfinished import FEWEST_SPLITS, Progress

__all__ = ["unfinished", "unfinished_whole"]


def unfinished(progress: Progress, samplers: Sequence[str]) -> str:
    """Return what is compared on a data set, and what is missing."""
    lacking = ", ".join(
        f"{name} {progress.lacking[name]}" for name in samplers if progress.lacking.get(name)
    )
    missing = f"Test parts that are missing because of the time limit: {lacking}."
    if not progress.n_shared:
        return f"Unfinished: nothing has run on this data set yet. {missing}"
    without = f"; not compared yet: {', '.join(progress.absent)}" if progress.absent else ""
    told = (
        f"Unfinished: everything is computed from {progress.n_shared} of {progress.n_splits} test "
        f"parts, in which every compared method ran{without}. {missing}"
    )
    if progress.too_few:
        told += f" Nothing is called better or worse on fewer than {FEWEST_SPLITS} test parts."
    return told


def unfinished_whole(results: Results) -> str:
    """Return how many fits are missing, "" if none is."""
    n = sum(sum(progress.lacking.values()) for progress in results.progress.values())
    if not n:
        return ""
    n_data, of = len(results.progress), len(results.data)
    where = f", on {n_data} of {of} data sets" if of > 1 else ""
    early = ""
    if results.too_early and of > 1:
        early = (
            " Nothing is called better or worse over all data sets before each has "
            f"{FEWEST_SPLITS} test parts."
        )
    return (
        f"The time limit was reached before {n} fit{'s' * (n > 1)} of a sampler{where}: scores, "
        f"ranks and tests may still change. The same command goes on.{early}"
    )
