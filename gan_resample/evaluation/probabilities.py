"""What resampling does to probabilities, and how much of it a correction of the priors undoes."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from gan_resample.evaluation.figures import CELL, Figures
from gan_resample.evaluation.intervals import NO_DIFFERENCE, Difference
from gan_resample.evaluation.reliability import Sums, calibration_line

__all__ = ["calibration", "warning_of_probabilities"]

Record = dict[str, Any]


def calibration(comparison: Figures) -> pd.DataFrame:
    """See :meth:`Comparison.calibration`."""
    sums = {kind: comparison.reliability_sums(kind) for kind in ("calibration", "corrected")}
    cells = product(comparison.data, comparison.classifiers, comparison.samplers)
    found = {
        cell: _line("", sums["calibration"][cell])
        | _line("corrected_", sums["corrected"][cell])
        | _brier(comparison, cell, "brier_score", "")
        | _brier(comparison, cell, "brier_score_corrected", "corrected_")
        for cell in cells
        if cell in sums["calibration"]
    }
    if not found:
        return pd.DataFrame(index=pd.MultiIndex.from_arrays([[], [], []], names=CELL))
    return pd.DataFrame.from_dict(found, orient="index").rename_axis(CELL)


def _line(prefix: str, sums: Sums) -> Record:
    line = calibration_line(sums)
    return {f"{prefix}intercept": line.intercept, f"{prefix}slope": line.slope}


def _brier(comparison: Figures, cell: tuple[str, str, str], score: str, prefix: str) -> Record:
    """Mean Brier score of a cell and its difference to that of doing nothing."""
    if "brier_score" not in comparison.scores:
        return {}
    data, classifier, sampler = cell
    found: Record = {f"{prefix}brier_score": comparison.split_scores(*cell, score).mean()}
    nothing = comparison.baseline
    if nothing is not None:
        gap = Difference(np.nan, np.nan, np.nan, np.nan)
        if sampler != nothing:
            gap = comparison.difference(data, classifier, sampler, nothing, score)
        found |= {
            f"{prefix}difference": gap.mean,
            f"{prefix}low": gap.low,
            f"{prefix}high": gap.high,
            f"{prefix}verdict": gap.verdict(greater_is_better=False),
        }
    return found


def warning_of_probabilities(comparison: Figures, data: str) -> str:
    """Warn where a sampler worsens the Brier score beyond noise, and say what a correction saves.

    Beyond noise: the 95 % interval of the difference to doing nothing lies above 0.
    """
    if "brier_score" not in comparison.scores or comparison.baseline is None:
        return ""
    cells = product([data], comparison.classifiers, comparison.samplers)
    verdicts = {cell: _verdicts(comparison, cell) for cell in cells}
    own = pd.DataFrame.from_dict(verdicts, orient="index").rename_axis(CELL)
    worse, still = (own[own[name] == "worse"] for name in own)
    if not (own["before"] != "").any():
        return ""
    if worse.empty:
        better = own.index[own["before"] == "better"]
        rest = f"; better with {_counted(better)}" if len(better) else ""
        return f"Probabilities, by the Brier score: nothing is worse than doing nothing{rest}."
    told = (
        "Warning: probabilities are worse than those of doing nothing, by the Brier score, with "
        f"{_counted(worse.index)}. With the shift of the class mix undone "
        "(PriorCorrectedClassifier) "
    )
    if still.empty:
        return f"{told}there is {NO_DIFFERENCE} left."
    return f"{told}they are still worse with {_counted(still.index)}."


def _verdicts(comparison: Figures, cell: tuple[str, str, str]) -> Record:
    plain = _brier(comparison, cell, "brier_score", "")
    mended = _brier(comparison, cell, "brier_score_corrected", "")
    return {"before": plain["verdict"], "after": mended["verdict"]}


def _counted(cells: pd.Index) -> str:
    """List samplers, with the number of classifiers each stands with."""
    counts = pd.Series(cells.get_level_values("sampler")).value_counts(sort=False)
    return ", ".join(
        f"{name} ({n} classifier{'s' if n > 1 else ''})" for name, n in counts.items()
    )
