"""The findings of a comparison in sentences, written from its numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gan_resample.evaluation.report.unfinished import unfinished, unfinished_whole
from gan_resample.evaluation.results.calibration import brier_verdicts
from gan_resample.evaluation.results.differences import difference, paired
from gan_resample.evaluation.results.intervals import NO_DIFFERENCE, Difference, over_data
from gan_resample.evaluation.results.over_datasets import (
    bayesian,
    friedman,
    overall,
    partial_samplers,
    shared_means,
)
from gan_resample.evaluation.results.rank_tests import FEWEST_DATA, FEWEST_SAMPLERS, default_rope
from gan_resample.evaluation.results.results import Results
from gan_resample.evaluation.results.tables import cell_means, summary

__all__ = [
    "chance",
    "findings",
    "interval",
    "margin",
    "number",
    "overall_findings",
    "probability_finding",
    "sentence_case",
]

FEW_SPLITS = 5
VERDICTS = ("better", "worse", NO_DIFFERENCE)  # on a difference that has an interval


def number(value: float, unit: int, *, signed: bool = False) -> str:
    """Format a score, in points if ``unit`` is 100; see :meth:`Results.unit`."""
    if not np.isfinite(value):
        return ""
    digits = 1 if unit == 100 else 3
    value = round(float(unit * value), digits) + 0.0  # no "-0.0"
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    return text.replace("-", "−")


def interval(gap: Difference, unit: int) -> str:
    """Format a difference with its interval."""
    mean, low, high = (number(value, unit, signed=True) for value in (gap.mean, gap.low, gap.high))
    return f"{mean} [{low}, {high}]" if low else mean


def sentence_case(text: str) -> str:
    """Capitalise the first letter; keep the others, as in "ROC AUC"."""
    return text[:1].upper() + text[1:]


def findings(results: Results, data: str) -> list[str]:
    """Sentences about one data set."""
    cells: Any = summary(results).loc[data]
    progress = results.progress.get(data)
    begun = [] if progress is None else [unfinished(progress, results.samplers)]
    if not cells["n_splits"].any():
        return begun or ["No cell ran: the table below says why."]
    about = results.about_data(data)
    with_rows = set(results.samplers) - set(results.about["without_rows"])
    claims = [*_against_nothing(results, cells), probability_finding(results, data)]
    if about.get("lacking"):
        told = [_lacking(about["lacking"])]
    elif _nothing_generated(results, about, with_rows):
        told = [
            "Every class has as many rows already, so no row was generated: nothing can be said "
            "of resampled rows."
        ]
        if set(results.samplers) - with_rows - {results.baseline}:
            told += claims
    elif progress is not None and progress.too_few:
        told = [_best(results, data)]
    else:
        told = [_best(results, data), *claims]
    told = [*begun, *told]
    told += [_cost(results, data), _trouble(cells)]
    return [sentence for sentence in told if sentence]


def _lacking(missing: Mapping[str, int]) -> str:
    parts = [f"{n} without {label}" for label, n in missing.items()]
    return (
        f"Warning: some test parts have no row of a class ({', '.join(parts)}). Balanced accuracy "
        "and other means over classes leave it out there, so nothing is called better or worse: "
        "choose folds whose test parts hold every class."
    )


def _nothing_generated(
    results: Results, about: Mapping[str, Any], with_rows: Collection[str]
) -> bool:
    """Whether the table is balanced, and its samplers, if any, are known to have made no row."""
    found = results.samplings
    own = found[(found["data"] == about["name"]) & (found["status"] == "ok")]
    made = own.loc[own["sampler"].isin(with_rows), "n_generated"]
    return len(made) > 0 and len(set(about["counts"])) == 1 and bool((made == 0).all())


def _best(results: Results, data: str) -> str:
    """Compare the best cell with resampled rows to the best one without."""
    score = results.scores[0]
    means: Any = cell_means(results).loc[data]
    inside = results.about.get("generate_inside", ())
    without = [name for name in results.about["without_rows"] if name not in inside]
    with_rows = [name for name in means if name not in without]
    up = results.greater_is_better(score)
    picks = [_extreme(means[group], up) for group in (with_rows, without) if group]
    picks = [pick for pick in picks if pick is not None]
    title = results.title(score)
    if not picks:
        return ""
    unit = results.unit(score)
    if len(picks) == 1:
        ((clf, sampler),) = picks
        return (
            f"The best {title} is that of {clf} with {sampler} "
            f"({number(means.loc[clf, sampler], unit)})."
        )
    (clf, sampler), (other_clf, other) = picks
    asked = data, (clf, other_clf), sampler, other
    ours, theirs = paired(results, *asked).mean()
    gap = difference(results, *asked)
    return (
        f"The best {title} with resampled rows is that of {clf} with {sampler} "
        f"({number(ours, unit)}), the best with the rows as they are that of {other_clf} with "
        f"{other} ({number(theirs, unit)}). The difference is {interval(gap, unit)}: "
        f"{_said(gap.verdict(up))}. (Both were picked after the fact, which flatters both.)"
    )


def _extreme(means: Any, up: bool) -> Any:
    stacked = means.stack().dropna()
    if stacked.empty:
        return None
    return stacked.idxmax() if up else stacked.idxmin()


def _said(verdict: str) -> str:
    return {"better": "resampling is better", "worse": "resampling is worse"}.get(verdict, verdict)


def _against_nothing(results: Results, cells: Any) -> list[str]:
    """Return sentences on the samplers that help, and on the number of classifiers."""
    score = results.scores[0]
    if results.baseline is None:
        return ["Doing nothing was not among the samplers: there is no difference to it."]
    if not results.judged:
        return ["No sampler was asked for beside doing nothing: there is no difference to it."]
    title = sentence_case(results.title(score))
    told = [f"{title} against doing nothing: {_verdicts(cells, score)}."]
    if 0 < (few := int(cells["n_splits"].max())) < FEW_SPLITS:
        told.append(
            f"{few} test parts make wide intervals: more folds or repeats narrow them."
            if few > 1
            else "One test part gives no interval, so nothing is better or worse beyond noise."
        )
    return told


def _verdicts(cells: Any, score: str) -> str:
    parts = [
        f"{verdict} with {counts}"
        for verdict in ("better", "worse")
        if (counts := _counted(cells, f"{score}_verdict", verdict))
    ]
    rest = f"{NO_DIFFERENCE} {'elsewhere' if parts else 'with any sampler and classifier'}"
    return "; ".join([*parts, rest])


def _counted(cells: Any, column: str, verdict: str) -> str:
    """List the samplers with a verdict, each with the share of classifiers that it holds for."""
    by_sampler = {"level": "sampler", "sort": False}
    found = (cells[column] == verdict).groupby(**by_sampler).sum()
    ran = (cells["n_splits"] > 0).groupby(**by_sampler).sum()
    return ", ".join(f"{name} ({n} of {ran[name]} classifiers)" for name, n in found.items() if n)


def probability_finding(results: Results, data: str) -> str:
    """Return a warning if a sampler worsens the Brier score, and what a correction changes.

    Beyond noise: the 95 % interval of the difference to doing nothing lies above 0.
    """
    verdicts = brier_verdicts(results, data)
    before = verdicts["before"]
    judged = before[before.isin(VERDICTS)]
    if judged.empty:
        untold = "without intervals, nothing can be said of them"
        return f"Probabilities, by the Brier score: {untold}." if (before != "").any() else ""
    worse = judged.index[judged == "worse"]
    if worse.empty:
        better = judged.index[judged == "better"]
        told = f"better with {_with_classifiers(better)}; " if len(better) else ""
        rest = " elsewhere" if len(better) else ""
        return (
            "Probabilities, by the Brier score, against doing nothing: "
            f"{told}{NO_DIFFERENCE}{rest}."
        )
    return (
        "Warning: probabilities are worse than those of doing nothing, by the Brier score, with "
        f"{_with_classifiers(worse)}.{_mended(verdicts.loc[worse, 'after'])}"
    )


def _mended(after: pd.Series) -> str:
    """Sentence on those that stay worse with the shift undone; "" if that is unknown."""
    known = after[after.isin(VERDICTS)]
    if known.empty:
        return ""
    worse = known.index[known == "worse"]
    told = "they no longer are"
    if len(worse):
        told = f"they are still worse with {_with_classifiers(worse)}"
    unknown = after.index.difference(known.index, sort=False)
    rest = f"; of {_with_classifiers(unknown)} it is unknown" if len(unknown) else ""
    return f" With the shift of the class mix undone (PriorCorrectedClassifier) {told}{rest}."


def _with_classifiers(cells: pd.Index) -> str:
    """Names of samplers, each with its number of classifiers."""
    counts = pd.Series(cells.get_level_values("sampler")).value_counts(sort=False)
    return ", ".join(
        f"{name} ({n} classifier{'s' if n > 1 else ''})" for name, n in counts.items()
    )


def _cost(results: Results, data: str) -> str:
    """Return a sentence on the median seconds of one run of each sampler."""
    found = results.samplings
    ran = found[(found["data"] == data) & (found["seconds"] > 0)]
    seconds = ran.groupby("sampler", sort=False)["seconds"].median()
    if seconds.empty:
        return ""
    parts = [f"{name} {value:.2g} s" for name, value in seconds.items()]
    return f"Median time of a sampler in one fold: {', '.join(parts)}."


def _trouble(cells: Any) -> str:
    failed = int(cells["status"].str.contains("failed").sum())
    fell_back = int(cells["note"].str.contains("fell back").sum())
    parts = [f"{_cells(failed)} failed in a fold or in all of them"] * bool(failed)
    parts += [f"{_cells(fell_back)} fell back to something simpler"] * bool(fell_back)
    return f"{' and '.join(parts)}: the table says why." if parts else ""


def _cells(count: int) -> str:
    return f"{count} cell{'s' * (count > 1)}"


def overall_findings(results: Results) -> list[str]:
    """Sentences about all cells together."""
    ranked = overall(results)
    told: list[str] = [whole] if (whole := unfinished_whole(results)) else []
    if len(results.samplers) == 1:
        return told  # nothing to compare over data sets
    others = ranked[ranked.index != results.baseline]
    measured = "difference" in others and others["difference"].notna().any()
    if len(results.data) > 1 and measured:
        told.append(_mean_differences(results, ranked))
    if ranked["n_ranked"].iloc[0] > 1:
        ranks = ranked["mean_rank"].dropna().sort_values()
        parts = [f"{name} {rank:.1f}" for name, rank in ranks.items()]
        told.append(
            f"Mean ranks in {results.title(results.scores[0])} (1 is best) over the "
            f"{ranked['n_ranked'].iloc[0]} cells of data set and classifier where every sampler "
            f"ran: {', '.join(parts)}.{_not_ranked(partial_samplers(results))}"
        )
    return told + (_tested(results) if len(results.data) > 1 else [])


def _tested(results: Results) -> list[str]:
    """At most two sentences: Friedman's test, and the Bayesian one against doing nothing."""
    shared = shared_means(results)
    n_data, n_samplers = shared.means.shape
    told = []
    if n_data < FEWEST_DATA:
        told.append(
            f"Tests over data sets need at least {FEWEST_DATA} on which every sampler ran: here "
            f"are {n_data}."
        )
    else:
        if n_samplers >= FEWEST_SAMPLERS:
            told.append(_ranked(results))
        if n_samplers > 1 and results.baseline in shared.means:
            told.append(_chances(results))
    if told:
        told[-1] += _not_ranked(shared.partial)
    if told and shared.left_out:
        told[-1] += f" Left out, on most data sets without a result: {_listed(shared.left_out)}."
    if told and shared.without:
        told[-1] += f" Left out, since some sampler never ran with it: {_listed(shared.without)}."
    return told


def _not_ranked(partial: Sequence[str]) -> str:
    if not partial:
        return ""
    return f" Left out, since some classifier cannot be trained with it: {_listed(partial)}."


def _ranked(results: Results) -> str:
    test = friedman(results)
    begun = (
        f"Friedman's test of the ranks in {results.title(results.scores[0])} over "
        f"{test.n_data} data sets (means over the classifiers with which every sampler ran)"
    )
    if not test.significant:
        return f"{begun}: {NO_DIFFERENCE} (p = {test.p:.2g})."
    best, second = test.mean_ranks.sort_values(kind="stable").index[:2]
    told = (
        f"{begun} finds a difference (p = {test.p:.2g}). By Nemenyi's test, with a critical "
        f"difference of {test.critical_difference:.2f} between mean ranks, {best}, with the best "
        f"one ({test.mean_ranks[best]:.1f}), differs from {_listed(test.apart(best))}"
    )
    nothing = results.baseline
    if nothing is None or nothing not in test.mean_ranks or nothing == best:
        return f"{told}. {_gap(results, best, second, str(second))}."
    return (
        f"{told}; doing nothing ({test.mean_ranks[nothing]:.1f}) differs from "
        f"{_listed(test.apart(nothing))}. {_gap(results, best, nothing, 'doing nothing')}."
    )


def _gap(results: Results, best: str, other: str, called: str) -> str:
    """Return a sentence on a difference over data sets, with its interval."""
    means = shared_means(results).means
    gap = over_data((means[best] - means[other]).to_numpy())
    told = interval(gap, results.unit(results.scores[0]))
    return f"The mean difference of {best} to {called} is {told}"


def _chances(results: Results) -> str:
    score = results.scores[0]
    found = bayesian(results)
    parts = [
        f"{name} {chance(row.p_worse)}, {chance(row.p_equal)}, {chance(row.p_better)}"
        for name, row in found.iterrows()
    ]
    return (
        f"Probabilities of being worse than doing nothing by more than {margin(results, score)}"
        f", practically equal, and better by more than that (Bayesian signed-rank test over "
        f"{found['n_data'].iloc[0]} data sets): {'; '.join(parts)}."
    )


def chance(p: float) -> str:
    """Format a probability estimated from draws: never as certain as "0.00" or "1.00"."""
    if 0.005 <= p < 0.995:
        return f"{p:.2f}"
    return "<0.01" if p < 0.5 else ">0.99"


def margin(results: Results, score: str) -> str:
    """Format the half-width of "practically equal" in the unit in which the score is reported."""
    rope = default_rope(results.known_as(score))
    return f"{100 * rope:g} point" if results.unit(score) == 100 else f"{rope:g}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none of the others"


def _mean_differences(results: Results, ranked: Any) -> str:
    score = results.scores[0]
    unit, n_data = results.unit(score), len(results.data)
    parts = [
        f"{name} {interval(Difference(row.difference, row.low, row.high), unit)}"
        f"{', ' + row.verdict if row.verdict in ('better', 'worse') else ''}"
        f"{f' ({row.n_data:.0f} data sets)' if row.n_data < n_data else ''}"
        for name, row in ranked.iterrows()
        if name != results.baseline and np.isfinite(row.difference)
    ]
    return (
        f"{sentence_case(results.title(score))}, difference to doing nothing, mean over "
        f"classifiers and over {n_data} data sets, with 95 % intervals over data sets: "
        f"{'; '.join(parts)}."
    )
