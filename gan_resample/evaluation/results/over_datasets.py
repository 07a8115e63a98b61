"""Results over data sets: ranks, differences, tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from gan_resample.evaluation.results import rank_tests
from gan_resample.evaluation.results.intervals import mean_ranks, over_data
from gan_resample.evaluation.results.rank_tests import RankTest, SharedMeans, default_rope
from gan_resample.evaluation.results.results import Results, check_name
from gan_resample.evaluation.results.tables import cell_means

__all__ = [
    "bayesian",
    "choose_samplers",
    "friedman",
    "overall",
    "partial_samplers",
    "shared_means",
]

# Samplers that do not apply to a classifier are left out only if they are fewer than this share.
# At least three of four or more then stay, which Friedman's test needs, and a classifier that runs
# with doing nothing alone, as it balances inside, does not exclude all the others.
FEW = 1 / 3


def overall(results: Results, score: str | None = None) -> pd.DataFrame:
    """See :meth:`Comparison.overall`."""
    score = results.choose_score(score)
    up = results.greater_is_better(score)
    means = cell_means(results, score)
    ranks, n_ranked = mean_ranks(means.drop(columns=partial_samplers(results)), up)
    found = pd.DataFrame({"mean_rank": ranks.reindex(results.samplers), "n_ranked": n_ranked})
    if results.baseline is not None:
        gaps = means.sub(means[results.baseline], axis=0).groupby(level="data").mean()
        whole = not results.too_early
        told = {
            name: replace(over_data(gaps[name].dropna().to_numpy()), whole=whole) for name in gaps
        }
        found["n_data"] = gaps.notna().sum()
        found["difference"] = {name: gap.mean for name, gap in told.items()}
        found["low"] = {name: gap.low for name, gap in told.items()}
        found["high"] = {name: gap.high for name, gap in told.items()}
        found["verdict"] = {
            name: gap.verdict(up) for name, gap in told.items() if name != results.baseline
        }
    return found.loc[results.samplers]


def friedman(
    results: Results,
    score: str | None = None,
    classifier: str | None = None,
    samplers: Iterable[str] | None = None,
) -> RankTest:
    """See :meth:`Comparison.friedman`."""
    score = results.choose_score(score)
    shared = shared_means(results, score, classifier, samplers)
    return rank_tests.friedman(shared, greater_is_better=results.greater_is_better(score))


def bayesian(
    results: Results,
    reference: str | None = None,
    score: str | None = None,
    classifier: str | None = None,
    rope: float | None = None,
    *,
    samplers: Iterable[str] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """See :meth:`Comparison.bayesian`."""
    score = results.choose_score(score)
    reference = results.baseline if reference is None else reference
    if reference is None:
        raise ValueError("doing nothing did not run: name the reference, one of the samplers")
    check_name(reference, results.samplers)
    if samplers is None and reference in partial_samplers(results, classifier):
        samplers = results.samplers  # as the reference was named
    return rank_tests.signed_rank(
        shared_means(results, score, classifier, samplers),
        reference,
        rope=default_rope(results.known_as(score)) if rope is None else rope,
        greater_is_better=results.greater_is_better(score),
        seed=seed,
    )


def shared_means(
    results: Results,
    score: str | None = None,
    classifier: str | None = None,
    samplers: Iterable[str] | None = None,
) -> SharedMeans:
    """See :meth:`Comparison.shared_means`."""
    if classifier is not None:
        check_name(classifier, results.classifiers)
    named = choose_samplers(results, samplers)
    partial = partial_samplers(results, classifier) if named is None else []
    cells = cell_means(results, score)[named or results.samplers].drop(columns=partial)
    if classifier is not None:
        cells = cells[cells.index.get_level_values("classifier") == classifier]
    return replace(rank_tests.shared_means(cells), partial=tuple(partial))


def partial_samplers(results: Results, classifier: str | None = None) -> list[str]:
    """See :meth:`Comparison.partial_samplers`."""
    rows = results.rows
    if classifier is not None:
        rows = rows[rows["classifier"] == classifier]
    met = rows.groupby(["sampler", "classifier"])["status"].agg(set)
    lacking = met.map(lambda found: "n/a" in found and "ok" not in found).unstack()
    lacking = lacking.loc[:, lacking.mean() < FEW]
    return [name for name in results.samplers if lacking.loc[name].any()]


def choose_samplers(results: Results, samplers: Iterable[str] | None) -> list[str] | None:
    """See :meth:`Comparison.choose_samplers`."""
    if samplers is None:
        return None
    if isinstance(samplers, str) or not isinstance(samplers, Iterable):
        raise TypeError(
            f"samplers={samplers!r} must be a list of names, such as {results.samplers[:2]}"
        )
    names = list(samplers)
    for name in names:
        check_name(name, results.samplers)
    if not names or len(set(names)) < len(names):
        raise ValueError(f"samplers={names} must name one or more, each once; None takes all")
    return names
