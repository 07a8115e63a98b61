"""What resampling does to probabilities, and how much of it a correction of the priors undoes."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from gan_resample.evaluation.metrics.reliability import Sums, calibration_line
from gan_resample.evaluation.results.intervals import NO_DIFFERENCE, Difference
from gan_resample.evaluation.results.tables import CELL, Cell, Figures

__all__ = ["calibration", "warning_of_probabilities"]

Record = dict[str, Any]

VERDICTS = ("better", "worse", NO_DIFFERENCE)  # of a difference that has an interval


def calibration(comparison: Figures, data: str | None = None) -> pd.DataFrame:
    """See :meth:`Comparison.calibration`; of all data sets, or of one."""
    sums = {kind: comparison.reliability_sums(kind) for kind in ("calibration", "corrected")}
    asked = comparison.data if data is None else [data]
    cells = product(asked, comparison.classifiers, comparison.samplers)
    binary = [about["name"] for about in comparison.about["data"] if len(about["labels"]) == 2]
    found = {
        cell: _line("", sums["calibration"][cell], cell[0] in binary)
        | _line("corrected_", sums["corrected"][cell], cell[0] in binary)
        | _brier(comparison, cell, "")
        | _brier(comparison, cell, "corrected_")
        for cell in cells
        if cell in sums["calibration"]
    }
    if not found:
        return pd.DataFrame(index=pd.MultiIndex.from_arrays([[], [], []], names=CELL))
    return pd.DataFrame.from_dict(found, orient="index").rename_axis(CELL)


def _line(prefix: str, sums: Sums, binary: bool) -> Record:
    line = calibration_line(sums)
    # pooled over all classes, what is promised is what comes: 1 a row, whatever the model
    intercept = line.intercept if binary else np.nan
    return {f"{prefix}intercept": intercept, f"{prefix}slope": line.slope}


def _brier(comparison: Figures, cell: Cell, prefix: str) -> Record:
    """Mean Brier score of a cell and its difference to that of doing nothing."""
    score = _brier_score(comparison)
    if score is None:
        return {}
    values = comparison.split_scores(*cell, f"{score}_corrected" if prefix else score)
    found: Record = {f"{prefix}brier_score": values.mean()}
    nothing = comparison.baseline
    if nothing is not None:
        gap = Difference(np.nan, np.nan, np.nan)
        if cell[-1] != nothing:
            gap = comparison.difference_of(
                cell[0], values, comparison.split_scores(*cell[:2], nothing, score)
            )
        found |= {
            f"{prefix}difference": gap.mean,
            f"{prefix}low": gap.low,
            f"{prefix}high": gap.high,
            f"{prefix}verdict": gap.verdict(greater_is_better=False),
        }
    return found


def _brier_score(comparison: Figures) -> str | None:
    """Name that the Brier score has in this comparison."""
    names = (n for n in comparison.scores if comparison.known_as(n) == "brier_score")
    return next(names, None)


def warning_of_probabilities(comparison: Figures, data: str) -> str:
    """Warn where a sampler worsens the Brier score beyond noise, and say what a correction saves.

    Beyond noise: the 95 % interval of the difference to doing nothing lies above 0.
    """
    if _brier_score(comparison) is None or comparison.baseline is None:
        return ""
    cells = list(product([data], comparison.classifiers, comparison.samplers))
    index = pd.MultiIndex.from_tuples(cells, names=CELL)
    before, after = (
        pd.Series([_brier(comparison, c, kind)[f"{kind}verdict"] for c in cells], index)
        for kind in ("", "corrected_")
    )
    judged = before[before.isin(VERDICTS)]
    if judged.empty:
        untold = "without intervals, nothing can be said of them"
        return f"Probabilities, by the Brier score: {untold}." if (before != "").any() else ""
    worse = judged.index[judged == "worse"]
    if worse.empty:
        better = judged.index[judged == "better"]
        told = f"better with {_counted(better)}; " if len(better) else ""
        rest = " elsewhere" if len(better) else ""
        return (
            "Probabilities, by the Brier score, against doing nothing: "
            f"{told}{NO_DIFFERENCE}{rest}."
        )
    return (
        "Warning: probabilities are worse than those of doing nothing, by the Brier score, with "
        f"{_counted(worse)}.{_mended(after[worse])}"
    )


def _mended(after: pd.Series) -> str:
    """Say which of these stay worse with the shift undone; nothing where that is unknown."""
    known = after[after.isin(VERDICTS)]
    if known.empty:
        return ""
    still = known.index[known == "worse"]
    told = f"they are still worse with {_counted(still)}" if len(still) else "they no longer are"
    unknown = after.index.difference(known.index, sort=False)
    rest = f"; of {_counted(unknown)} it is unknown" if len(unknown) else ""
    return f" With the shift of the class mix undone (PriorCorrectedClassifier) {told}{rest}."


def _counted(cells: pd.Index) -> str:
    """List samplers, with the number of classifiers each stands with."""
    counts = pd.Series(cells.get_level_values("sampler")).value_counts(sort=False)
    return ", ".join(
        f"{name} ({n} classifier{'s' if n > 1 else ''})" for name, n in counts.items()
    )
