"""What a comparison found: numbers, pictures and a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    """Results of :func:`compare`, which are read, not written."""

    def __init__(
        self, records: Sequence[Record], samplings: Sequence[Record], about: Record
    ) -> None:
        self._results = Results.from_records(records, samplings, about)

    @property
    def results(self) -> pd.DataFrame:
        """A row for each data set, split, sampler and classifier.

        ``data``, ``repeat``, ``fold``, ``sampler``, ``classifier``, ``status`` (``"ok"``,
        ``"failed"`` or ``"n/a"``), ``note`` (what had to give way), ``error``, ``warned`` (names
        of warnings), ``fit_seconds`` (sampler and classifier) and the scores.
        """
        return self._results.rows

    @property
    def recalls(self) -> pd.DataFrame:
        """Tidy recalls.

        ``data``, ``repeat``, ``fold``, ``sampler``, ``classifier``, ``label``, ``recall`` (NaN
        where the test part lacks the class).
        """
        return self._results.recalls

    @property
    def samplings(self) -> pd.DataFrame:
        """A row for each data set, split and sampler.

        ``status``, ``seconds``, ``n_generated``, ``note``, ``history`` (of a game), ``rows`` (of
        the first split, projected to two principal components) and ``fidelity``.
        """
        return self._results.samplings

    @property
    def about(self) -> Record:
        """Data sets, settings and versions."""
        return self._results.about

    @property
    def scores(self) -> list[str]:
        """Names of the scores; the first is the main one."""
        return self._results.scores

    # ---- names in the order in which they were asked for ----

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
        """Whether there are samplers beside doing nothing, whose gaps to it are reported."""
        return self._results.judged

    # ---- scores ----

    def choose_score(self, score: str | None) -> str:
        """Name of a score, the main one for None; raise ValueError for an unknown name."""
        return self._results.choose_score(score)

    def known_as(self, score: str) -> str:
        """Name that the package has for a score, whatever the user called it; "" for others."""
        return self._results.known_as(score)

    def greater_is_better(self, score: str) -> bool:
        """Whether greater values are better, as of all scikit-learn scorers and callables."""
        return self._results.greater_is_better(score)

    def unit(self, score: str) -> int:
        """Return 100 for a share, which is told in points, and 1 for other scores."""
        return self._results.unit(score)

    def title(self, score: str) -> str:
        """Name of a score in words."""
        return self._results.title(score)

    # ---- cells ----

    def summary(self) -> pd.DataFrame:
        """Means, spreads and differences to doing nothing of every cell.

        Returns
        -------
        summary : DataFrame
            Indexed by data set, classifier and sampler. For each score: its mean over the splits,
            ``<score>_std``, and, where doing nothing ran, ``<score>_difference`` to it, paired
            over splits, with the ends ``<score>_low`` and ``<score>_high`` of its 95 % interval
            (corrected for the rows splits share), the p-value ``<score>_p`` of the same t-test,
            two-sided, and a ``<score>_verdict``. Besides ``n_splits``, ``fit_seconds``,
            ``status`` and ``note``.
        """
        return tables.summary(self._results)

    def difference(
        self, data: str, classifier: Any, sampler: Any, other: Any, score: str | None = None
    ) -> Difference:
        """Difference of two samplers on one data set, paired over the splits where both ran.

        ``classifier`` may be a pair, of the first and the second sampler's classifier.
        """
        return differences.difference(self._results, data, classifier, sampler, other, score)

    def difference_of(self, data: str, ours: pd.Series, theirs: pd.Series) -> Difference:
        """Difference of two series of scores by split, paired where both are there."""
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
        """Means of a score: data sets and classifiers down, samplers across.

        Of the splits where every sampler ran that ran at all, if there are any, so that nobody
        gains by failing in the hard ones.
        """
        return tables.cell_means(self._results, score)

    def reliability_sums(self, kind: str = "calibration") -> dict[Cell, Sums]:
        """Calibration bins by data set, classifier and sampler, summed over splits.

        ``kind`` is "calibration", or "corrected": with the shift of the class mix undone, NaN
        where that is unknown.
        """
        return calibration.reliability_sums(self._results, kind)

    def fidelity(self) -> pd.DataFrame:
        """Likeness of generated rows to real ones: means over splits, by data set and sampler.

        Returns
        -------
        fidelity : DataFrame
            ``precision``, ``recall``, ``density``, ``coverage``, ``near_copies`` and ``foreign``
            (nearer to another class than to their own), beside training rows, of classes with
            more than five real and five generated rows. None of these says whether the rows help
            a classifier.
        """
        return tables.fidelity(self._results)

    # ---- over data sets ----

    def overall(self, score: str | None = None) -> pd.DataFrame:
        """Mean rank and mean difference to doing nothing of each sampler, over all data sets.

        Returns
        -------
        overall : DataFrame
            Indexed by sampler: ``mean_rank`` over those cells (data set and classifier) where
            every ranked sampler ran (``n_ranked`` of them), NaN where :meth:`partial_samplers` has
            the sampler; ``difference`` to doing nothing averaged over classifiers, then over the
            ``n_data`` data sets where the sampler ran, with ``low``, ``high`` and ``verdict``
            where these are at least two.
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
            For an unknown or repeated name, and fewer than five data sets or three samplers to
            compare.
        TypeError
            For samplers that are no list of names.
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
        """Probabilities that each sampler is worse than one, practically equal, or better.

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
            What is practically equal: differences of at most this, in units of the score (0.01 is
            1 point of a share). None: 0.005 for the Brier score, 0.01 for all others.
        samplers : iterable of str, default=None
            Which to compare, the reference among them; None: all but those that
            :meth:`partial_samplers` names, or all where the reference is one of these.
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
            For an unknown or repeated name, a rope that is no number above 0, fewer than five data
            sets to compare on, and where doing nothing did not run and no reference is named.
        TypeError
            For samplers that are no list of names.
        ImportError
            Where baycomp is not installed.
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
        """Means of a score that may be compared over data sets.

        Unless ``samplers`` are named, those that :meth:`partial_samplers` finds are left out. So
        is a sampler that is missing on more than half of the data sets; then only cells where
        every other one ran count, and are averaged over classifiers.

        Returns
        -------
        shared : SharedMeans
            ``means`` with data sets down and samplers across, ``left_out``, ``n_asked``,
            ``without`` and ``partial``.
        """
        return over_datasets.shared_means(self._results, score, classifier, samplers)

    def partial_samplers(self, classifier: str | None = None) -> list[str]:
        """Samplers that are not ranked, so that every classifier they do not apply to counts.

        A cell where a sampler does not apply to a classifier (status ``"n/a"``, as of weights to
        neighbours) has no score, and only cells where every sampler ran are compared. Where a
        classifier lacks fewer than a third of the samplers, these are left out and the classifier
        stays; where it lacks more (one that balances inside runs with doing nothing alone), the
        classifier is left out.

        Parameters
        ----------
        classifier : str, default=None
            The only one that counts; None: all count.
        """
        return over_datasets.partial_samplers(self._results, classifier)

    def choose_samplers(self, samplers: Iterable[str] | None) -> list[str] | None:
        """List the samplers asked for, None for None; raise an error for anything else."""
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
        return calibration.calibration(self._results)

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
        return write_report(self._results, Path(path), pictures)
