"""Calibration of each cell, before and after the shift of class shares is undone."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from gan_resample.evaluation.metrics.reliability import Sums, calibration_line
from gan_resample.evaluation.results.differences import difference_of
from gan_resample.evaluation.results.intervals import Difference
from gan_resample.evaluation.results.results import CELL, Cell, Results, kept

__all__ = ["brier_verdicts", "calibration", "reliability_sums"]

Record = dict[str, Any]


def reliability_sums(results: Results, kind: str = "calibration") -> dict[Cell, Sums]:
    """See :meth:`Comparison.reliability_sums`."""
    return _sums(results)[kind]


@kept
def _sums(results: Results) -> dict[str, dict[Cell, Sums]]:
    found: dict[str, dict[Cell, Any]] = {"calibration": {}, "corrected": {}}
    for cell, bins in results.bins:
        for kind, own in found.items():
            own[cell] = own.get(cell, 0) + bins[kind]
    return {kind: {cell: Sums(*sums) for cell, sums in own.items()} for kind, own in found.items()}


def calibration(results: Results, data: str | None = None) -> pd.DataFrame:
    """See :meth:`Comparison.calibration`; for all data sets, or for one."""
    sums = {kind: reliability_sums(results, kind) for kind in ("calibration", "corrected")}
    asked = results.data if data is None else [data]
    cells = product(asked, results.classifiers, results.samplers)
    binary = [about["name"] for about in results.about["data"] if len(about["labels"]) == 2]
    found = {
        cell: _line("", sums["calibration"][cell], cell[0] in binary)
        | _line("corrected_", sums["corrected"][cell], cell[0] in binary)
        | _brier(results, cell, "")
        | _brier(results, cell, "corrected_")
        for cell in cells
        if cell in sums["calibration"]
    }
    if not found:
        return pd.DataFrame(index=pd.MultiIndex.from_arrays([[], [], []], names=CELL))
    return pd.DataFrame.from_dict(found, orient="index").rename_axis(CELL)


def _line(prefix: str, sums: Sums, binary: bool) -> Record:
    line = calibration_line(sums)
    # summed over all classes, predicted and true frequencies are both 1 per row, for any model
    intercept = line.intercept if binary else np.nan
    return {f"{prefix}intercept": intercept, f"{prefix}slope": line.slope}


@kept
def _brier(results: Results, cell: Cell, prefix: str) -> Record:
    """Mean Brier score of a cell and its difference to that of doing nothing."""
    score = _brier_score(results)
    if score is None:
        return {}
    values = results.split_scores(*cell, f"{score}_corrected" if prefix else score)
    found: Record = {f"{prefix}brier_score": values.mean()}
    nothing = results.baseline
    if nothing is not None:
        gap = Difference(np.nan, np.nan, np.nan)
        if cell[-1] != nothing:
            theirs = results.split_scores(*cell[:2], nothing, score)
            gap = difference_of(results, cell[0], values, theirs)
        found |= {
            f"{prefix}difference": gap.mean,
            f"{prefix}low": gap.low,
            f"{prefix}high": gap.high,
            f"{prefix}verdict": gap.verdict(greater_is_better=False),
        }
    return found


def _brier_score(results: Results) -> str | None:
    """Name of the Brier score in these results."""
    return next((n for n in results.scores if results.known_as(n) == "brier_score"), None)


def brier_verdicts(results: Results, data: str) -> pd.DataFrame:
    """Verdicts on the Brier score of each cell of a data set, against doing nothing.

    Returns
    -------
    verdicts : DataFrame
        Indexed by data set, classifier and sampler: the :meth:`Difference.verdict` ``before`` and
        ``after`` the shift of class shares is undone. Empty if there is no Brier score or doing
        nothing did not run.
    """
    cells = list(product([data], results.classifiers, results.samplers))
    if _brier_score(results) is None or results.baseline is None:
        cells = []
    found = {
        name: [_brier(results, cell, prefix)[f"{prefix}verdict"] for cell in cells]
        for name, prefix in (("before", ""), ("after", "corrected_"))
    }
    return pd.DataFrame(found, index=pd.MultiIndex.from_tuples(cells, names=CELL))
