"""What a comparison found: numbers, pictures and a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gan_resample.evaluation.figures import Figures
from gan_resample.evaluation.plots import ComparisonDisplay
from gan_resample.evaluation.report import write_report

__all__ = ["Comparison"]


class Comparison(Figures):
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
        ``note``, ``history`` (of a game) and ``rows`` (of the first split, projected to two
        principal components).
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

    def to_html(self, path: Any) -> Path:
        """Write one self-contained page.

        Parameters
        ----------
        path : path-like
            The file; its folder must exist.

        Returns
        -------
        path : Path
        """
        return write_report(self, Path(path))
