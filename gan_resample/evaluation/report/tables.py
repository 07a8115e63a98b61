"""Tables of the page: for one data set, and over all of them with a diagram of ranks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from gan_resample.evaluation.displays.ranks import RankDisplay
from gan_resample.evaluation.metrics.fidelity import FIDELITY
from gan_resample.evaluation.report.findings import (
    chance,
    interval,
    margin,
    number,
    sentence_case,
)
from gan_resample.evaluation.results.calibration import calibration
from gan_resample.evaluation.results.intervals import Difference, mean_ranks
from gan_resample.evaluation.results.over_datasets import bayesian, shared_means
from gan_resample.evaluation.results.rank_tests import FEWEST_DATA, FEWEST_SAMPLERS, SharedMeans
from gan_resample.evaluation.results.results import Results
from gan_resample.evaluation.results.tables import cell_means, fidelity

__all__ = [
    "columns_as_read",
    "likeness_table",
    "probability_table",
    "rank_display",
    "score_tables",
]

Record = dict[str, Any]

KINDS = {"number": "numbers", "category": "categories", "id": "identifiers, which are no features"}
MOST_NAMES = 200
# the main score may depend on a threshold; none of these does
BESIDES = ("roc_auc", "average_precision", "brier_score")


# ---- of one data set ----------------------------------------------------------------------------


def columns_as_read(about: Record) -> Record:
    """Names of the columns of each kind, and sentences on what was guessed.

    Parameters
    ----------
    about : dict
        Description of the data set; ``notes`` are sentences on its file, if it was read from one.
    """
    kinds = about.get("kinds", {})
    groups = []
    for kind, title in KINDS.items():
        names = [name for name, read in kinds.items() if read["kind"] == kind]
        more = len(names) - MOST_NAMES
        told = ", ".join(names[:MOST_NAMES]) + (f", and {more} more" if more > 0 else "")
        if names:
            groups.append((title, len(names), told))
    guessed = [*about.get("notes", ())]
    for name, read in kinds.items():
        guessed += [f"{name}: {read[words]}" for words in ("told", "warning") if read[words]]
    return {"groups": groups, "guessed": guessed}


def probability_table(results: Results, data: str) -> list[Record]:
    """Rows of classifier, sampler and calibration, before and after correction of the priors."""
    found = calibration(results, data)
    if found.empty:
        return []
    return [
        {
            "names": names,
            "cells": [cell for kind in ("", "corrected_") for cell in _side(row, kind)],
        }
        for names, row in found.loc[data].iterrows()
    ]


def _side(row: pd.Series, kind: str) -> Iterator[Record]:
    if f"{kind}brier_score" in row:
        gap = [row.get(f"{kind}{name}", np.nan) for name in ("difference", "low", "high")]
        yield {
            "text": number(row[f"{kind}brier_score"], 1),
            "title": interval(Difference(*gap), 1),
            "verdict": row.get(f"{kind}verdict", ""),
        }
    for name in ("slope", "intercept"):
        yield {"text": _signed_if(name, row[f"{kind}{name}"]), "title": "", "verdict": ""}


def _signed_if(name: str, value: float) -> str:
    if not np.isfinite(value):
        return "–"
    value = round(value, 2) + 0.0  # no "-0.00"
    return f"{value:+.2f}".replace("-", "−") if name == "intercept" else f"{value:.2f}"


def likeness_table(results: Results, data: str) -> Record:
    """Headings and rows: the use of generated rows to classifiers, then their similarity.

    Use is the main score, averaged over classifiers, beside that of doing nothing.
    """
    found = fidelity(results)
    own = found.xs(data, level="data") if data in found.index else found.iloc[:0]
    score = results.scores[0]
    nothing = [results.baseline] if results.baseline else []
    means: Any = cell_means(results, score).xs(data, level="data")
    worth = means[[*nothing, *own.index]].dropna().mean()
    shown = own.reindex([*nothing, *own.index])
    unit = results.unit(score)
    return {
        "columns": [(sentence_case(results.title(score)), "mean over classifiers")]
        + [(name.replace("_", " "), words) for name, words in FIDELITY.items()],
        "rows": [
            (name, [number(worth[name], unit), *map(_share, row)])
            for name, row in shown.iterrows()
            if len(own)
        ],
    }


def _share(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "–"


# ---- over all data sets -------------------------------------------------------------------------


def rank_display(results: Results) -> RankDisplay | None:
    """Draw the ranks of the main score, if there is enough to rank."""
    n_data, n_samplers = shared_means(results).means.shape
    if n_data < FEWEST_DATA or n_samplers < FEWEST_SAMPLERS:
        return None
    return RankDisplay.from_comparison(results)


def score_tables(results: Results) -> Iterator[Record]:
    """Tables of the main score, ROC AUC, average precision and Brier score, as far as available.

    A score that fewer than five data sets share has no table.
    """
    main = results.scores[0]
    for score in [main, *(name for name in BESIDES if name in results.scores[1:])]:
        shared = shared_means(results, score)
        if len(shared.means) >= FEWEST_DATA:
            yield {
                "title": sentence_case(results.title(score)),
                "margin": margin(results, score),
                "n_data": len(shared.means),
                "n_asked": shared.n_asked,
                "left_out": ", ".join(shared.left_out),
                "without": ", ".join(shared.without),
                "partial": ", ".join(shared.partial),
                "rows": list(_sampler_rows(results, score, shared)),
            }


def _sampler_rows(results: Results, score: str, shared: SharedMeans) -> Iterator[Record]:
    """Yield a row for each sampler, the best mean rank first."""
    up, unit = results.greater_is_better(score), results.unit(score)
    ranks, _ = mean_ranks(shared.means, up)
    told: Any = pd.DataFrame()
    if results.baseline in shared.means:
        told = bayesian(results, score=score)
    for name, rank in ranks.sort_values(kind="stable").items():
        row = {"name": name, "rank": f"{rank:.2f}", "verdict": "", "cells": [""] * 5}
        if name in told.index:
            row |= _compared(told.loc[name], up, unit, whole=not results.too_early)
        yield row


def _compared(found: pd.Series, up: bool, unit: int, *, whole: bool) -> Record:
    mean = Difference(found["difference"], found["low"], found["high"], whole=whole)
    median = Difference(found["median"], found["median_low"], found["median_high"])
    chances = [chance(found[name]) for name in ("p_worse", "p_equal", "p_better")]
    # with fewer than six data sets the median has no interval, and is not shown
    middle = interval(median, unit) if np.isfinite(median.low) else ""
    return {"verdict": mean.verdict(up), "cells": [interval(mean, unit), middle, *chances]}
