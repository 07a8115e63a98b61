"""Tests over several data sets: Friedman with Nemenyi's post-hoc, and the Bayesian signed rank.

Ranks are tested with scipy; the Bayesian test is that of baycomp, by its authors. autorank, which
combines the two, was tried (version 1.3.0) and not used: it does not return Friedman's statistic,
prints at every call, uses another test for two samplers, runs the Bayesian test for all pairs
instead of those with one reference (a second each), and its critical difference diagram cuts off
long names.

References
----------
J. Demšar. Statistical comparisons of classifiers over multiple data sets. Journal of Machine
Learning Research 7 (2006).

A. Benavoli, G. Corani, J. Demšar, M. Zaffalon. Time for a change: a tutorial for comparing
multiple classifiers through Bayesian analysis. Journal of Machine Learning Research 18 (2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from gan_resample.evaluation.results.intervals import LEVEL, mean_ranks, over_data

__all__ = [
    "FEWEST_DATA",
    "FEWEST_SAMPLERS",
    "RankTest",
    "SharedMeans",
    "default_rope",
    "friedman",
    "shared_means",
    "signed_rank",
]

Array = NDArray[Any]

FEWEST_DATA = 5  # with fewer, the result of either test would rest on its assumptions alone
FEWEST_SAMPLERS = 3  # with two, Friedman's test would be a sign test
# Draws from the posterior. With so many the standard error of a probability is at most 0.007, and
# the loop of baycomp takes seconds, not a minute, for four scores of ten samplers.
N_SAMPLES = 5_000
ROPE = 0.01  # for Benavoli et al. 2017, a difference of 1 point of accuracy is practically none
# An error of 0.07 in a calibrated probability costs 0.005 of the Brier score (and 0.01 of the log
# loss at probabilities near 0.5). One point would hide most of the effect of resampling on the
# Brier score: with a minority of one in ten, predicting the shares scores 0.09.
ROPES = {"brier_score": 0.005}


def default_rope(score: str) -> float:
    """Return the half-width of "practically equal", in the units of the score.

    0.01, which is 1 point of a share; 0.005 for the Brier score.
    """
    return ROPES.get(score, ROPE)


# ---- means
# ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SharedMeans:
    """Means that can be compared: over cells in which every sampler ran.

    Attributes
    ----------
    means : DataFrame
        A row per data set and a column per sampler, without missing values.
    left_out : tuple of str
        Samplers that are missing on more than half of the data sets.
    n_asked : int
        Number of data sets before those without a shared cell were dropped.
    without : tuple of str
        Classifiers that ran on no data set with every sampler: they are not in the means.
    partial : tuple of str
        Samplers that were left out because they do not apply to some classifier; see
        :meth:`Comparison.shared_means`.
    """

    means: pd.DataFrame
    left_out: tuple[str, ...]
    n_asked: int
    without: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()


def shared_means(cells: pd.DataFrame) -> SharedMeans:
    """Average over classifiers: on each data set, those with which every sampler ran.

    A sampler without results on more than half of the data sets is left out first: otherwise all
    these data sets would be lost. On each data set the classifiers are then the same for all
    samplers.

    Parameters
    ----------
    cells : DataFrame
        Means of a score as from :meth:`Comparison.cell_means`: a row per data set and classifier,
        a column per sampler, NaN if nothing ran.
    """
    ran = cells.notna().groupby(level="data", sort=False).any()
    kept = ran.mean() >= 0.5
    tried = cells.loc[:, kept].dropna(how="all")
    complete = tried.dropna()
    means = complete.groupby(level="data", sort=False).mean()
    classifiers = (rows.index.unique("classifier") for rows in (tried, complete))
    without = next(classifiers).difference(next(classifiers), sort=False)
    left_out = kept.index[~kept]
    return SharedMeans(means, tuple(map(str, left_out)), len(ran), tuple(map(str, without)))


# ---- ranks --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RankTest:
    """Friedman's test and Nemenyi's post-hoc test (Demšar 2006).

    Attributes
    ----------
    statistic : float
        Friedman's chi-square with one degree of freedom less than there are samplers, corrected
        for ties.
    p : float
        Its p-value: the probability of ranks at least as far apart if all samplers were equally
        good.
    mean_ranks : Series
        Indexed by sampler; 1 is best, ties share their mean rank.
    critical_difference : float
        Two mean ranks further apart than this differ, at a level of 5 % for all pairs together.
    pairs : DataFrame
        p-values of Nemenyi's test for pairs of samplers, 1 on the diagonal.
    n_data : int
        Number of data sets.
    left_out : tuple of str
        Samplers left out for any reason; see :class:`SharedMeans`.
    """

    statistic: float
    p: float
    mean_ranks: pd.Series
    critical_difference: float
    pairs: pd.DataFrame
    n_data: int
    left_out: tuple[str, ...] = ()

    @property
    def significant(self) -> bool:
        """Whether Friedman's test finds a difference at 5 %."""
        return self.p < 1 - LEVEL

    def apart(self, sampler: str) -> list[str]:
        """Samplers that differ from this one; none if Friedman's test finds no difference."""
        gaps = (self.mean_ranks - self.mean_ranks[sampler]).abs()
        return [str(name) for name in gaps.index[gaps > self._reach]]

    def groups(self) -> list[list[str]]:
        """Largest groups of at least two samplers without a difference inside, best rank first."""
        ranks = self.mean_ranks.sort_values(kind="stable")
        found: list[list[str]] = []
        for rank in ranks:
            behind = ranks - rank
            group = [str(name) for name in ranks.index[(behind >= 0) & (behind <= self._reach)]]
            if len(group) > 1 and not any(set(group) <= set(other) for other in found):
                found.append(group)
        return found

    @property
    def _reach(self) -> float:
        # Demšar uses the post-hoc test only if Friedman's test rejects
        return self.critical_difference if self.significant else np.inf


def friedman(shared: SharedMeans, *, greater_is_better: bool = True) -> RankTest:
    """Test whether samplers differ in their ranks over data sets, and which do.

    Parameters
    ----------
    shared : SharedMeans
        Of at least five data sets and three samplers.
    greater_is_better : bool, default=True
        False: the lowest mean has rank 1.

    Raises
    ------
    ValueError
        For fewer data sets or samplers.
    """
    means = shared.means
    _check_data_sets(means)
    if means.shape[1] < FEWEST_SAMPLERS:
        raise ValueError(
            f"Friedman's test needs at least {FEWEST_SAMPLERS} samplers that ran, but got "
            f"{list(means)}: the Bayesian test compares two"
        )
    ranks, n_data = mean_ranks(means, greater_is_better)
    statistic, p = _chi_square(means)
    k = len(ranks)
    spread = np.sqrt(k * (k + 1) / (12 * n_data))
    distance = np.abs(ranks.to_numpy()[:, None] - ranks.to_numpy()) / spread
    return RankTest(
        statistic=statistic,
        p=p,
        mean_ranks=ranks,
        critical_difference=float(spread * stats.studentized_range.ppf(LEVEL, k, np.inf)),
        pairs=pd.DataFrame(
            stats.studentized_range.sf(distance, k, np.inf), ranks.index, ranks.index
        ),
        n_data=n_data,
        left_out=shared.left_out + shared.partial,
    )


def _chi_square(means: pd.DataFrame) -> tuple[float, float]:
    with np.errstate(invalid="ignore"):
        found = stats.friedmanchisquare(*means.to_numpy().T)
    if np.isnan(found.statistic):  # 0 / 0, if all samplers tie on every data set
        return 0.0, 1.0
    return float(found.statistic), float(found.pvalue)


# ---- differences --------------------------------------------------------------------------------


def signed_rank(
    shared: SharedMeans,
    reference: str,
    *,
    rope: float = ROPE,
    greater_is_better: bool = True,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare each sampler with one by the Bayesian signed-rank test (Benavoli et al. 2017).

    Parameters
    ----------
    shared : SharedMeans
        Of at least five data sets.
    reference : str
        The sampler that the others are compared to.
    rope : float, default=0.01
        Half-width of the region of practical equivalence, in the units of the score, above 0:
        samplers that differ by less are practically equal.
    greater_is_better : bool, default=True
        False: lower means are better.
    seed : int, default=0
        Seed of the 5 000 draws from the posterior, the same for every sampler. The global random
        state is not changed.

    Returns
    -------
    found : DataFrame
        Indexed by sampler, the reference left out. ``p_worse``, ``p_equal`` and ``p_better`` than
        the reference by more than the rope, summing to 1; the mean ``difference`` to it with the
        ends ``low`` and ``high`` of its t-interval over data sets; the ``median`` difference with
        ``median_low`` and ``median_high``, which assume no distribution (order statistics; NaN
        with fewer than six data sets, for which no such interval reaches 95 %); ``n_data``.
        Differences are negative if the sampler scores lower.

    Raises
    ------
    ValueError
        If there are fewer data sets or no such reference, or the rope is not above 0.
    ImportError
        If baycomp is not installed.
    """
    means = shared.means
    _check_data_sets(means)
    if reference not in means:
        raise ValueError(f"no sampler {reference!r} to compare to: those that ran are {[*means]}")
    if not (isinstance(rope, Real) and rope > 0):
        raise ValueError(
            f"rope={rope!r} must be a number above 0: it says what is practically equal"
        )
    sign = 1 if greater_is_better else -1
    rows = {
        name: _probabilities(sign * means[reference], sign * means[name], rope, seed)
        | _differences((means[name] - means[reference]).to_numpy())
        for name in means
        if name != reference
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("sampler")


def _probabilities(theirs: pd.Series, ours: pd.Series, rope: float, seed: int) -> dict[str, float]:
    try:
        from baycomp import SignedRankTest
    except ImportError as error:
        raise ImportError(
            "the Bayesian signed-rank test needs baycomp, which is not installed: "
            'pip install "gan-resample[compare]"'
        ) from error
    posterior = SignedRankTest(
        theirs.to_numpy(), ours.to_numpy(), rope, nsamples=N_SAMPLES, random_state=seed
    )
    names = ("p_worse", "p_equal", "p_better")
    return {name: float(p) for name, p in zip(names, posterior.probs(), strict=True)}


def _differences(gaps: Array) -> dict[str, float]:
    mean = over_data(gaps)
    middle = stats.quantile_test(gaps).confidence_interval(LEVEL)
    return {
        "difference": mean.mean,
        "low": mean.low,
        "high": mean.high,
        "median": float(np.median(gaps)),
        "median_low": float(middle.low),
        "median_high": float(middle.high),
        "n_data": len(gaps),
    }


def _check_data_sets(means: pd.DataFrame) -> None:
    if len(means) < FEWEST_DATA:
        raise ValueError(
            f"tests over data sets need at least {FEWEST_DATA} on which every sampler ran, but "
            f"got {len(means)}: add data sets, or name fewer samplers"
        )
