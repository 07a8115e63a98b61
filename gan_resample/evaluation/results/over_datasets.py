"""What a comparison found over data sets: ranks, differences, tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from gan_resample.evaluation.results.intervals import mean_ranks, over_data
from gan_resample.evaluation.results.rank_tests import (
    RankTest,
    SharedMeans,
    default_rope,
    friedman,
    shared_means,
    signed_rank,
)
from gan_resample.evaluation.results.tables import Figures, check_name

__all__ = ["OverData"]

# Samplers are left out for a classifier's sake only where it lacks fewer than this share of them:
# of four or more then at least three stay, which Friedman's test needs, and a classifier that
# runs with doing nothing alone, since it balances inside, never costs all the others.
FEW = 1 / 3


class OverData(Figures):
    """The numbers of a comparison, over data sets too; see :class:`Comparison`."""

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
        score = self.choose_score(score)
        up = self.greater_is_better(score)
        means = self.cell_means(score)
        ranks, n_ranked = mean_ranks(means.drop(columns=self.partial_samplers()), up)
        found = pd.DataFrame({"mean_rank": ranks.reindex(self.samplers), "n_ranked": n_ranked})
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
        score = self.choose_score(score)
        shared = self.shared_means(score, classifier, samplers)
        return friedman(shared, greater_is_better=self.greater_is_better(score))

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
        score = self.choose_score(score)
        reference = self.baseline if reference is None else reference
        if reference is None:
            raise ValueError("doing nothing did not run: name the reference, one of the samplers")
        check_name(reference, self.samplers)
        if samplers is None and reference in self.partial_samplers(classifier):
            samplers = self.samplers  # it was named
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
        if classifier is not None:
            check_name(classifier, self.classifiers)
        named = self.choose_samplers(samplers)
        partial = self.partial_samplers(classifier) if named is None else []
        cells = self.cell_means(score)[named or self.samplers].drop(columns=partial)
        if classifier is not None:
            cells = cells[cells.index.get_level_values("classifier") == classifier]
        return replace(shared_means(cells), partial=tuple(partial))

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
        rows = self.results
        if classifier is not None:
            rows = rows[rows["classifier"] == classifier]
        met = rows.groupby(["sampler", "classifier"])["status"].agg(set)
        lacking = met.map(lambda found: "n/a" in found and "ok" not in found).unstack()
        lacking = lacking.loc[:, lacking.mean() < FEW]
        return [name for name in self.samplers if lacking.loc[name].any()]

    def choose_samplers(self, samplers: Iterable[str] | None) -> list[str] | None:
        """List the samplers asked for, None for None; refuse what is no list of known names."""
        if samplers is None:
            return None
        if isinstance(samplers, str) or not isinstance(samplers, Iterable):
            raise TypeError(
                f"samplers={samplers!r} must be a list of names, such as {self.samplers[:2]}"
            )
        names = list(samplers)
        for name in names:
            check_name(name, self.samplers)
        if not names or len(set(names)) < len(names):
            raise ValueError(f"samplers={names} must name one or more, each once; None takes all")
        return names
