"""The object that holds the results of a comparison: numbers, pictures and a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pandas as pd

from gan_resample.evaluation.displays.comparison import ComparisonDisplay
from gan_resample.evaluation.metrics.reliability import Sums
from gan_resample.evaluation.report.page import write_report
from gan_resample.evaluation.results import calibration, differences, over_datasets, tables
from gan_resample.evaluation.results.intervals import Difference
from gan_resample.evaluation.results.rank_tests import RankTest, SharedMeans
from gan_resample.evaluation.results.results import Cell, Results

__all__ = ["Comparison"]

Record = dict[str, Any]


class Comparison:
    """Results of :func:`compare`; read-only: frames and ``about`` are copies.

    If a time limit left fits undone, ``results``, ``recalls`` and ``samplings`` hold all that ran,
    and everything else is of the splits in which every compared method ran.
    """

    def __init__(
        self, records: Sequence[Record], samplings: Sequence[Record], about: Record
    ) -> None:
        self._everything = Results.from_records(records, samplings, about)
        self._results = self._everything.compared(records, samplings)

    @property
    def results(self) -> pd.DataFrame:
        """A row for each data set, split, sampler and classifier.

        ``data``, ``repeat``, ``fold``, ``sampler``, ``classifier``, ``status`` (``"ok"``,
        ``"failed"``, ``"n/a"``, or ``"missing"`` after a time limit), ``note`` (what was changed
        to make it run), ``error``, ``warned`` (names of warnings), ``fit_seconds`` (sampler and
        classifier) and the scores.
        """
        return self._everything.rows.copy()

    @property
    def recalls(self) -> pd.DataFrame:
        """Tidy recalls.

        ``data``, ``repeat``, ``fold``, ``sampler``, ``classifier``, ``label``, ``recall`` (NaN
        if the test part lacks the class).
        """
        return self._everything.recalls.copy()

    @property
    def samplings(self) -> pd.DataFrame:
        """A row for each data set, split and sampler.

        ``status``, ``seconds``, ``n_generated``, ``note``, ``history`` (of a game), ``rows`` (of
        the first split, projected to two principal components) and ``fidelity``.
        """
        return self._everything.samplings.copy()

    @property
    def about(self) -> Record:
        """Data sets, settings and versions."""
        return deepcopy(self._results.about)

    @property
    def scores(self) -> list[str]:
        """Names of the scores; the first is the main one."""
        return self._results.scores

    # ---- names, in the order in which they were given ----

    @property
    def data(self) -> list[str]:
        """Names of the data sets."""
        return self._results.data

    @property
    def samplers(self) -> list[str]:
        """Names of the samplers."""
        return self._results.samplers

    @property
    def classifiers(self) -> list[str]:
        """Names of the classifiers."""
        return self._results.classifiers

    @property
    def baseline(self) -> str | None:
        """Name of the sampler that does nothing, if it ran."""
        return self._results.baseline

    @property
    def judged(self) -> bool:
        """Whether there are samplers besides doing nothing, to report their differences to it."""
        return self._results.judged

    # ---- scores ----

    def choose_score(self, score: str | None) -> str:
        """Name of a score, the main one for None; raise ValueError for an unknown name."""
        return self._results.choose_score(score)

    def known_as(self, score: str) -> str:
        """Name that the package has for a score, whatever the user called it; "" if none."""
        return self._results.known_as(score)

    def greater_is_better(self, score: str) -> bool:
        """Whether greater values are better, as for all scikit-learn scorers and callables."""
        return self._results.greater_is_better(score)

    def unit(self, score: str) -> int:
        """Return 100 for a share, which is reported in points, and 1 for other scores."""
        return self._results.unit(score)

    def title(self, score: str) -> str:
        """Name of a score in words."""
        return self._results.title(score)

    # ---- cells ----

    def summary(self) -> pd.DataFrame:
        """Means, standard deviations and differences to doing nothing, of every cell.

        Returns
        -------
        summary : DataFrame
            Indexed by data set, classifier and sampler. For each score: its mean over the splits,
            ``<score>_std``, and, if doing nothing ran, the ``<score>_difference`` to it, paired
            over splits, with the ends ``<score>_low`` and ``<score>_high`` of its 95 % interval
            (corrected for the rows that splits share), the two-sided p-value ``<score>_p`` of the
            same t-test, and a ``<score>_verdict``. Also ``n_splits``, ``fit_seconds``, ``status``
            and ``note``.
        """
        return tables.summary(self._results)

    def difference(
        self, data: str, classifier: Any, sampler: Any, other: Any, score: str | None = None
    ) -> Difference:
        """Difference of two samplers on one data set, paired over the splits where both ran.

        ``classifier`` may be a pair: the first sampler's classifier and the second's.
        """
        return differences.difference(self._results, data, classifier, sampler, other, score)

    def difference_of(self, data: str, ours: pd.Series, theirs: pd.Series) -> Difference:
        """Difference of two series of scores by split, paired over the splits that both have."""
        return differences.difference_of(self._results, data, ours, theirs)

    def paired(
        self, data: str, classifier: Any, sampler: Any, other: Any, score: str | None = None
    ) -> pd.DataFrame:
        """Scores of two samplers, ``ours`` and ``theirs``, over the splits where both ran."""
        return differences.paired(self._results, data, classifier, sampler, other, score)

    def split_scores(self, data: str, classifier: str, sampler: str, score: str) -> pd.Series:
        """Scores of a cell by repeat and fold."""
        return self._results.split_scores(data, classifier, sampler, score).copy()

    def cell_means(self, score: str | None = None) -> pd.DataFrame:
        """Means of a score: a row per data set and classifier, a column per sampler.

        They are over the splits in which all samplers ran (leaving out those that never ran), if
        there are any, so that no sampler gains by failing in hard splits.
        """
        return tables.cell_means(self._results, score)

    def reliability_sums(self, kind: str = "calibration") -> dict[Cell, Sums]:
        """Calibration bins by data set, classifier and sampler, summed over splits.

        ``kind`` is "calibration", or "corrected": with the shift of the class shares undone, NaN
        if that shift is unknown.
        """
        return calibration.reliability_sums(self._results, kind)

    def fidelity(self) -> pd.DataFrame:
        """Similarity of generated rows to real ones: means over splits, by data set and sampler.

        Returns
        -------
        fidelity : DataFrame
            ``precision``, ``recall``, ``density``, ``coverage``, ``near_copies`` and ``foreign``
            (nearer to another class than to their own), compared with training rows, for classes
            with more than five real and five generated rows. None of these says whether the rows
            help a classifier.
        """
        return tables.fidelity(self._results)

    # ---- over data sets ----

    def overall(self, score: str | None = None) -> pd.DataFrame:
        """Mean rank and mean difference to doing nothing of each sampler, over all data sets.

        Returns
        -------
        overall : DataFrame
            Indexed by sampler: ``mean_rank`` over the ``n_ranked`` cells (data set and classifier)
            in which every ranked sampler ran, NaN for samplers in :meth:`partial_samplers`;
            ``difference`` to doing nothing, averaged over classifiers, then over the ``n_data``
            data sets on which the sampler ran, with ``low``, ``high`` and ``verdict`` if there are
            at least two data sets.
        """
        return over_datasets.overall(self._results, score)

    def friedman(
        self,
        score: str | None = None,
        classifier: str | None = None,
        samplers: Iterable[str] | None = None,
    ) -> RankTest:
        """Test whether samplers differ in their ranks over data sets, and which do.

        Friedman's test with Nemenyi's post-hoc test (Demšar 2006), over the data sets and cells
        that :meth:`shared_means` keeps.

        Parameters
        ----------
        score : str, default=None
            A score's name; None: the main one.
        classifier : str, default=None
            A classifier's name; None: means over the classifiers with which every sampler ran.
        samplers : iterable of str, default=None
            Which to rank; None: all but those that :meth:`partial_samplers` names.

        Returns
        -------
        found : RankTest
            ``statistic``, ``p``, ``mean_ranks`` (1 is best), ``critical_difference``, ``pairs``
            (p-values of Nemenyi's test), ``n_data`` and ``left_out``.

        Raises
        ------
        ValueError
            For an unknown or repeated name, and if there are fewer than five data sets or three
            samplers to compare.
        TypeError
            If ``samplers`` is not a list of names.
        """
        return over_datasets.friedman(self._results, score, classifier, samplers)

    def bayesian(
        self,
        reference: str | None = None,
        score: str | None = None,
        classifier: str | None = None,
        rope: float | None = None,
        *,
        samplers: Iterable[str] | None = None,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Probabilities that each sampler is worse than, equal to or better than the reference.

        The Bayesian signed-rank test (Benavoli et al. 2017) over the data sets and cells that
        :meth:`shared_means` keeps.

        Parameters
        ----------
        reference : str, default=None
            The sampler to compare to; None: doing nothing.
        score : str, default=None
            A score's name; None: the main one.
        classifier : str, default=None
            A classifier's name; None: means over the classifiers with which every sampler ran.
        rope : float, default=None
            Largest difference that is practically none, in units of the score (0.01 is 1 point of
            a share). None: 0.005 for the Brier score, 0.01 for all others.
        samplers : iterable of str, default=None
            Which to compare, including the reference; None: all but those that
            :meth:`partial_samplers` names, or all if the reference is one of these.
        seed : int, default=0
            Seed of the draws from the posterior.

        Returns
        -------
        found : DataFrame
            Indexed by sampler: ``p_worse``, ``p_equal``, ``p_better``; the mean ``difference``
            and the ``median`` one with the ends of their 95 % intervals (``low``, ``high``;
            ``median_low``, ``median_high``); ``n_data``. Empty intervals are NaN.

        Raises
        ------
        ValueError
            For an unknown or repeated name, a rope that is not a number above 0, and fewer than
            five data sets; also if no reference is named and doing nothing did not run.
        TypeError
            If ``samplers`` is not a list of names.
        ImportError
            If baycomp is not installed.
        """
        return over_datasets.bayesian(
            self._results, reference, score, classifier, rope, samplers=samplers, seed=seed
        )

    def shared_means(
        self,
        score: str | None = None,
        classifier: str | None = None,
        samplers: Iterable[str] | None = None,
    ) -> SharedMeans:
        """Means of a score that can be compared over data sets.

        Unless ``samplers`` are named, those in :meth:`partial_samplers` are left out, and so are
        samplers that are missing on more than half of the data sets. The means are over the
        classifiers of the cells in which every other sampler ran.

        Returns
        -------
        shared : SharedMeans
            ``means`` with a row per data set and a column per sampler, ``left_out``, ``n_asked``,
            ``without`` and ``partial``.
        """
        return over_datasets.shared_means(self._results, score, classifier, samplers)

    def partial_samplers(self, classifier: str | None = None) -> list[str]:
        """Samplers that are not ranked, because they do not apply to some classifiers.

        A sampler may not apply to a classifier (status ``"n/a"``, as class weights with nearest
        neighbours), and only cells in which every sampler ran are compared. If fewer than a third
        of the samplers do not apply to a classifier, these samplers are left out and the
        classifier is kept. If more do not (classifiers that balance inside run with doing nothing
        alone), the classifier is left out.

        Parameters
        ----------
        classifier : str, default=None
            The only classifier to look at; None: all.
        """
        return over_datasets.partial_samplers(self._results, classifier)

    def choose_samplers(self, samplers: Iterable[str] | None) -> list[str] | None:
        """Return the samplers as a list, None for None; raise an error for anything else."""
        return over_datasets.choose_samplers(self._results, samplers)

    # ---- pictures and page ----

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
            Indexed by data set, classifier and sampler, for cells with probabilities, from all
            test parts together. ``slope`` of the log-odds of the truth over those of the
            prediction (Cox 1958; 1 is perfect). ``intercept`` of the line with slope 1 (0 is
            perfect; below 0 the class is predicted with too high probabilities). Both are NaN if
            the predictions separate the classes. Log-odds beyond ±7 count as ±7, as 0 and 1 have
            none; if more than half of the predictions lie beyond ±6 (0.0025 and 0.9975) the slope
            is NaN. With more than two classes each class counts against the rest, and the
            intercept is NaN: it would be 0 for any model. ``brier_score`` and, if doing nothing
            ran, its ``difference`` to that with ``low``, ``high`` and ``verdict``. The same names
            with ``corrected_`` in front are for the probabilities as
            :class:`gan_resample.PriorCorrectedClassifier` corrects them: equal if the class shares
            were not shifted, NaN if they are unknown, because the classifier balances inside, or
            has a sampler or class weights in its parts.
        """
        return calibration.calibration(self._results)

    def to_html(self, path: Any, *, pictures: bool = True) -> Path:
        """Write a self-contained page and return its path.

        Parameters
        ----------
        path : path-like
            The file, in a folder that exists. Only an earlier, unchanged page is replaced.
        pictures : bool, default=True
            False leaves out the pictures of single data sets, which make the page large if there
            are many.

        Raises
        ------
        FileExistsError
            If there is something else at that place.
        OSError
            If nothing can be written there; FileNotFoundError if there is no such folder.
        """
        return write_report(self._results, Path(path), pictures)
