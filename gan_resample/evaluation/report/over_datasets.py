"""The page's section over all data sets: a diagram of ranks, and a table for each score."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from gan_resample.evaluation.displays.ranks import RankDisplay
from gan_resample.evaluation.report.findings import chance, interval, margin, sentence_case
from gan_resample.evaluation.results.intervals import Difference, mean_ranks
from gan_resample.evaluation.results.over_datasets import OverData
from gan_resample.evaluation.results.rank_tests import FEWEST_DATA, FEWEST_SAMPLERS, SharedMeans

__all__ = ["rank_display", "score_tables"]

Record = dict[str, Any]

# the main score may depend on a threshold; of these none does
BESIDES = ("roc_auc", "average_precision", "brier_score")


def rank_display(comparison: OverData) -> RankDisplay | None:
    """Draw the main score's ranks, where there is enough to rank."""
    n_data, n_samplers = comparison.shared_means().means.shape
    if n_data < FEWEST_DATA or n_samplers < FEWEST_SAMPLERS:
        return None
    return RankDisplay.from_comparison(comparison)


def score_tables(comparison: OverData) -> Iterator[Record]:
    """Tables of the main score, of ROC AUC, average precision and Brier score, if they are there.

    None of a score that fewer than five data sets share.
    """
    main = comparison.scores[0]
    for score in [main, *(name for name in BESIDES if name in comparison.scores[1:])]:
        shared = comparison.shared_means(score)
        if len(shared.means) >= FEWEST_DATA:
            yield {
                "title": sentence_case(comparison.title(score)),
                "margin": margin(comparison, score),
                "n_data": len(shared.means),
                "n_asked": shared.n_asked,
                "left_out": ", ".join(shared.left_out),
                "without": ", ".join(shared.without),
                "partial": ", ".join(shared.partial),
                "rows": list(_rows(comparison, score, shared)),
            }


def _rows(comparison: OverData, score: str, shared: SharedMeans) -> Iterator[Record]:
    """Yield a row for each sampler, the best mean rank first."""
    up, unit = comparison.greater_is_better(score), comparison.unit(score)
    ranks, _ = mean_ranks(shared.means, up)
    told: Any = pd.DataFrame()
    if comparison.baseline in shared.means:
        told = comparison.bayesian(score=score)
    for name, rank in ranks.sort_values(kind="stable").items():
        row = {"name": name, "rank": f"{rank:.2f}", "verdict": "", "cells": [""] * 5}
        if name in told.index:
            row |= _compared(told.loc[name], up, unit)
        yield row


def _compared(found: pd.Series, up: bool, unit: int) -> Record:
    mean = Difference(found["difference"], found["low"], found["high"])
    median = Difference(found["median"], found["median_low"], found["median_high"])
    chances = [chance(found[name]) for name in ("p_worse", "p_equal", "p_better")]
    # below six data sets the median has no interval, and is then not told
    middle = interval(median, unit) if np.isfinite(median.low) else ""
    return {"verdict": mean.verdict(up), "cells": [interval(mean, unit), middle, *chances]}
