"""What a comparison found over data sets: ranks, differences, tests."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from gan_resample.evaluation.figures import Figures
from gan_resample.evaluation.intervals import mean_ranks, over_data
from gan_resample.evaluation.statistics import (
    RankTest,
    SharedMeans,
    default_rope,
    friedman,
    shared_means,
    signed_rank,
)

__all__ = ["OverData"]


class OverData(Figures):
    """The numbers of a comparison, over data sets too; see :class:`Comparison`."""

    def overall(self, score: str | None = None) -> pd.DataFrame:
        """Mean rank and mean difference to doing nothing of each sampler, over all data sets.

        Returns
        -------
        overall : DataFrame
            Indexed by sampler: ``mean_rank`` over those cells (data set and classifier) where
            every sampler ran (``n_ranked`` of them); ``difference`` to doing nothing averaged over
            classifiers, then over the ``n_data`` data sets where the sampler ran, with ``low``,
            ``high`` and ``verdict`` where these are at least two.
        """
        score = score or self.scores[0]
        up = self.greater_is_better(score)
        means = self.cell_means(score)
        ranks, n_ranked = mean_ranks(means, up)
        found = pd.DataFrame({"mean_rank": ranks, "n_ranked": n_ranked})
        if self.baseline is not None:
            gaps = means.sub(means[self.baseline], axis=0).groupby(level="data").mean()
            told = {name: over_data(gaps[name].dropna().to_numpy()) for name in gaps}
            found["n_data"] = gaps.notna().sum()
            found["difference"] = {name: gap.mean for name, gap in told.items()}
            found["low"] = {name: gap.low for name, gap in told.items()}
            found["high"] = {name: gap.high for name, gap in told.items()}
            found["verdict"] = {
                name: gap.verdict(up) for name, gap in told.items() if name != self.baseline
            }
        return found.loc[self.samplers]

    def friedman(
        self,
        score: str | None = None,
        classifier: str | None = None,
        samplers: Sequence[str] | None = None,
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
        samplers : sequence of str, default=None
            Which to rank; None: all.

        Returns
        -------
        found : RankTest
            ``statistic``, ``p``, ``mean_ranks`` (1 is best), ``critical_difference``, ``pairs``
            (p-values of Nemenyi's test), ``n_data`` and ``left_out``.

        Raises
        ------
        ValueError
            For an unknown name, and fewer than five data sets or three samplers to compare.
        """
        score = score or self.scores[0]
        shared = self.shared_means(score, classifier, samplers)
        return friedman(shared, greater_is_better=self.greater_is_better(score))

    def bayesian(
        self,
        reference: str | None = None,
        score: str | None = None,
        classifier: str | None = None,
        rope: float | None = None,
        *,
        samplers: Sequence[str] | None = None,
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
        samplers : sequence of str, default=None
            Which to compare, the reference among them; None: all.
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
            For an unknown name, a rope of 0 or less, fewer than five data sets to compare on, and
            where doing nothing did not run and no reference is named.
        ImportError
            Where baycomp is not installed.
        """
        score = score or self.scores[0]
        reference = reference or self.baseline
        if reference is None:
            raise ValueError("doing nothing did not run: name the reference, one of the samplers")
        return signed_rank(
            self.shared_means(score, classifier, samplers),
            reference,
            rope=default_rope(self.known_as(score)) if rope is None else rope,
            greater_is_better=self.greater_is_better(score),
            seed=seed,
        )

    def shared_means(
        self,
        score: str | None = None,
        classifier: str | None = None,
        samplers: Sequence[str] | None = None,
    ) -> SharedMeans:
        """Means of a score that may be compared over data sets.

        A sampler that is missing on more than half of the data sets is left out; then only cells
        where every other one ran count, and are averaged over classifiers.

        Returns
        -------
        shared : SharedMeans
            ``means`` with data sets down and samplers across, ``left_out`` and ``n_asked``.
        """
        asked = [(score, self.scores), (classifier, self.classifiers)]
        for name, known in [*asked, *((name, self.samplers) for name in samplers or ())]:
            if name is not None and name not in known:
                raise ValueError(f"{name!r} is not in the comparison: known are {known}")
        cells = self.cell_means(score)[list(samplers or self.samplers)]
        if classifier is not None:
            cells = cells[cells.index.get_level_values("classifier") == classifier]
        return shared_means(cells)
