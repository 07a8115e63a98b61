"""Tables of ``scoreboard.py``: ranks and differences by half, by classifier, and of networks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import pandas as pd

from gan_resample.evaluation import Comparison
from gan_resample.evaluation.fidelity import FIDELITY
from gan_resample.evaluation.intervals import mean_ranks as rank
from gan_resample.evaluation.intervals import over_data
from gan_resample.evaluation.probabilities import calibration

SCORES = ("balanced_accuracy", "roc_auc", "average_precision", "brier_score")
HEADINGS = ("balanced accuracy", "ROC AUC", "average precision", "Brier score × 100")
TIE = 0.25  # points
# neighbours take no class weights
UNRANKED = ("class_weight",)

# what a game adds to rows made without one, and what rows add to a threshold
GAMES = ("gamo", "dvaan", "pgan", "cyclegan")
PAIRS = (*((game, "spread") for game in GAMES), ("gamo", "threshold"), ("spread", "threshold"))

TableMaker = Callable[[str, Sequence[str], list[list[str]]], str]


# ---- differences --------------------------------------------------------------------------------


def told(gaps: pd.Series, score: str) -> str:
    """Mean ± half-width of the 95 % interval over tables, in points; tables won/tied/lost."""
    gaps = 100 * gaps.dropna()
    if gaps.empty:
        return ""
    better = -gaps if score == "brier_score" else gaps
    won, lost = int((better > TIE).sum()), int((better < -TIE).sum())
    found = over_data(gaps.to_numpy())
    margin = "" if pd.isna(found.high) else f" ± {found.high - found.mean:.2f}"
    return f"{found.mean:+.2f}{margin} ({won}/{len(gaps) - won - lost}/{lost})"


def by_table(cells: pd.DataFrame, ours: str, theirs: str) -> pd.Series:
    """Differences of two columns, averaged over the cells of each table where both are there."""
    return (cells[ours] - cells[theirs]).dropna().groupby(level="data").mean()


def against(comparison: Comparison, ours: str, theirs: str, scores: Sequence[str]) -> list[str]:
    return [told(by_table(comparison.cell_means(s), ours, theirs), s) for s in scores]


# ---- samplers -----------------------------------------------------------------------------------


def samplers(comparison: Comparison, other: str) -> list[list[str]]:
    """Return a row for each sampler: mean rank, differences to another one, seconds a fit."""
    ranks = mean_ranks(comparison)
    seconds = comparison.samplings.groupby("sampler")["seconds"].median()
    order = [*ranks.index, *(name for name in UNRANKED if name in comparison.samplers)]
    return [
        [
            name,
            f"{ranks[name]:.2f}" if name in ranks else "",
            *(against(comparison, name, other, SCORES) if name != other else [""] * len(SCORES)),
            f"{seconds[name]:.2g}" if seconds.get(name, 0) > 0 else "",
        ]
        for name in order
    ]


def mean_ranks(comparison: Comparison, score: str = "balanced_accuracy") -> pd.Series:
    """Mean ranks over tables, of means over classifiers; 1 is best."""
    means = comparison.shared_means(score, samplers=ranked(comparison)).means
    ranks, _ = rank(means, comparison.greater_is_better(score))
    return ranks.sort_values(kind="stable")


def ranked(comparison: Comparison) -> list[str]:
    """Samplers that run with every classifier: ranks need all of them in every cell."""
    return [name for name in comparison.samplers if name not in UNRANKED]


def classifiers(comparison: Comparison, others: Sequence[str]) -> Iterator[list[str]]:
    """Yield balanced accuracy and Brier score of each sampler and classifier minus others'."""
    for classifier in comparison.classifiers:
        for name in comparison.samplers:
            if name in others:
                continue
            row = [classifier, name]
            for score in ("balanced_accuracy", "brier_score"):
                cells = comparison.cell_means(score)
                own = cells[cells.index.get_level_values("classifier") == classifier]
                row += [told(by_table(own, name, other), score) for other in others]
            yield row


def probabilities(comparison: Comparison) -> Iterator[list[str]]:
    """Yield calibration before and after correction of the priors, of all cells.

    Differences to doing nothing are means over tables, slope and intercept medians.
    """
    found = calibration(comparison)
    for name in comparison.samplers:
        own = found.xs(name, level="sampler")
        row = [name]
        for kind in ("", "corrected_"):
            gaps = own[f"{kind}difference"].dropna().groupby(level="data").mean()
            row += [
                told(gaps, "brier_score"),
                *(f"{own[kind + figure].median():.2f}" for figure in ("slope", "intercept")),
            ]
        yield row


def likeness(comparison: Comparison) -> Iterator[list[str]]:
    """Yield figures of generated rows beside what they are worth."""
    found = comparison.fidelity().groupby(level="sampler", sort=False).mean()
    cells = comparison.cell_means()
    for name, row in found.iterrows():
        worth = told(by_table(cells, str(name), "none"), "balanced_accuracy")
        yield [str(name), worth, *(f"{row[figure]:.2f}" for figure in FIDELITY)]


# ---- networks -----------------------------------------------------------------------------------

#: Name in a table -> classifier and the sampler before it.
RIVALS = {
    "network": ("network", "none"),
    "network, class weights": ("network_weighted", "none"),
    "network on SMOTE rows": ("network", "smote"),
    "network on SpreadSMOTE rows": ("network", "spread"),
    "fresh SpreadSMOTE rows, no game": ("fresh_spread", "none"),
}


def networks(nets: Comparison) -> Iterator[list[str]]:
    """Yield GAMOClassifier minus each of its rivals."""
    for name, (classifier, sampler) in RIVALS.items():
        row = [name]
        for score in SCORES:
            cells = nets.cell_means(score)
            ours = cells.xs("gamo", level="classifier")["none"]
            row.append(told(ours - cells.xs(classifier, level="classifier")[sampler], score))
        yield row


# ---- all together -------------------------------------------------------------------------------


def report(
    boards: Mapping[str, Comparison],
    nets: Mapping[str, Comparison],
    table: TableMaker,
) -> str:
    """Write all tables; ``boards`` and ``nets`` have an entry for each half, and "all"."""
    parts = []
    everything = boards["all"]
    known = everything.samplers
    other = "smote" if "smote" in known else known[0]
    for half, board in boards.items():
        n = len(board.data)
        heading = ["sampler", "mean rank", *HEADINGS, "seconds"]
        parts.append(table(f"{half} ({n} tables): minus {other}", heading, samplers(board, other)))
        pairs = [(a, b) for a, b in PAIRS if {a, b} <= set(board.samplers)]
        rows = [[f"{a} - {b}", *against(board, a, b, SCORES)] for a, b in pairs]
        if rows:
            parts.append(table(f"{half}: what a game adds", ["pair", *HEADINGS], rows))
    for half, net in nets.items():
        n = len(net.data)
        title = f"{half} ({n} tables): GAMOClassifier minus"
        parts.append(table(title, ["rival", *HEADINGS], list(networks(net))))
    others = [name for name in ("none", "threshold") if name in everything.samplers]
    heading = [f"{score} - {other}" for score in ("BA", "Brier") for other in others]
    rows = list(classifiers(everything, others))
    parts.append(table("all: by classifier", ["classifier", "sampler", *heading], rows))
    if everything.baseline is not None:
        heading = ["Brier - none", "slope", "intercept"]
        heading = ["sampler", *heading, *(f"corrected: {name}" for name in heading)]
        parts.append(table("all: probabilities", heading, list(probabilities(everything))))
        heading = ["sampler", "BA - none", *(name.replace("_", " ") for name in FIDELITY)]
        parts.append(table("all: generated rows", heading, list(likeness(everything))))
    return "\n".join(parts)


def failures(board: Comparison) -> list[str]:
    """Cells that failed, for all to see."""
    failed = board.results[board.results["status"] == "failed"]
    counts = failed.groupby(["sampler", "data", "error"]).size()
    return [f"{s} on {d}: {n} cells, {e}" for (s, d, e), n in counts.items()]
