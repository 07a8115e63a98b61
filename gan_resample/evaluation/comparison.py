"""What a comparison found: numbers, pictures and a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from gan_resample.evaluation.displays.comparison import ComparisonDisplay
from gan_resample.evaluation.report.page import write_report
from gan_resample.evaluation.results.calibration import calibration
from gan_resample.evaluation.results.over_datasets import OverData

__all__ = ["Comparison"]


class Comparison(OverData):
    """Results of :func:`compare`.

    Attributes
    ----------
    results : DataFrame
        A row for each data set, split, sampler and classifier: ``data``, ``repeat``, ``fold``,
        ``sampler``, ``classifier``, ``status`` (``"ok"``, ``"failed"`` or ``"n/a"``), ``note``
        (what had to give way), ``error``, ``warned`` (names of warnings), ``fit_seconds`` (sampler
        and classifier) and the scores.
    recalls : DataFrame
        Tidy recalls: ``data``, ``repeat``, ``fold``, ``sampler``, ``classifier``, ``label``,
        ``recall`` (NaN where the test part lacks the class).
    samplings : DataFrame
        A row for each data set, split and sampler: ``status``, ``seconds``, ``n_generated``,
        ``note``, ``history`` (of a game), ``rows`` (of the first split, projected to two principal
        components) and ``fidelity``.
    about : dict
        Data sets, settings and versions.
    scores : list of str
        Names of the scores; the first is the main one.
    """

    def plot_box(self, data: str | None = None, score: str | None = None) -> ComparisonDisplay:
        """Box plots of a score over splits; see :class:`ComparisonDisplay`."""
        return ComparisonDisplay(self, data=data, score=score).plot("box")

    def plot_difference(
        self, data: str | None = None, score: str | None = None
    ) -> ComparisonDisplay:
        """Differences to doing nothing with their intervals."""
        return ComparisonDisplay(self, data=data, score=score).plot("difference")

    def plot_recall(self, data: str | None = None) -> ComparisonDisplay:
        """Recall of every class."""
        return ComparisonDisplay(self, data=data).plot("recall")

    def plot_calibration(self, data: str | None = None) -> ComparisonDisplay:
        """Calibration curves."""
        return ComparisonDisplay(self, data=data).plot("calibration")

    def calibration(self) -> pd.DataFrame:
        """Slope, intercept and Brier score of each cell, before and after correction.

        Returns
        -------
        calibration : DataFrame
            Indexed by data set, classifier and sampler, of cells with probabilities. ``slope`` of
            the log-odds of the truth over those of the prediction (Cox 1958; 1 is perfect) and
            ``intercept`` of the line with slope 1 (0 is perfect; below 0 the class is promised too
            often), of the test parts together; NaN where they separate the classes. Log-odds
            beyond ±7 count as ±7 (0 and 1 have none), and where more than half of the predictions
            lie beyond ±6 (.0025 and .9975) the slope is NaN. Of more than two classes every class
            counts against the rest, and the intercept is NaN: it would be 0 for any model.
            ``brier_score`` and, where doing nothing ran, its ``difference`` to it with ``low``,
            ``high`` and ``verdict``. The same with ``corrected_`` before the name, of what
            :class:`gan_resample.PriorCorrectedClassifier` makes of the probabilities: equal where
            the class mix was not shifted, NaN where nobody knows it: the
            classifier balances by itself, or holds a sampler or class weights in its parts.
        """
        return calibration(self)

    def to_html(self, path: Any, *, pictures: bool = True) -> Path:
        """Write one self-contained page.

        Parameters
        ----------
        path : path-like
            The file, in a folder that exists. An earlier page is replaced, no other file is.
        pictures : bool, default=True
            False leaves out those of single data sets, which make the page of many a heavy one.

        Returns
        -------
        path : Path

        Raises
        ------
        FileExistsError
            Where there is something else at that place.
        OSError
            Where nothing can be written there; FileNotFoundError where the folder is not there.
        """
        return write_report(self, Path(path), pictures)
