"""Tables of the scoreboard: ranks and differences by half, by classifier, and of networks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product

import pandas as pd

from gan_resample.evaluation import Comparison
from gan_resample.evaluation.metrics.fidelity import FIDELITY
from gan_resample.evaluation.results.intervals import mean_ranks as rank
from gan_resample.evaluation.results.intervals import over_data
from gan_resample.evaluation.run.methods import choose_classifiers
from gan_resample.priors.class_mix import balances_inside

SCORES = ("balanced_accuracy", "roc_auc", "average_precision", "brier_score")
HEADINGS = ("balanced accuracy", "ROC AUC", "average precision", "Brier score × 100")
TIE = 0.25  # points
TWO_SCORES = ("balanced_accuracy", "brier_score")  # of tables with many columns
LINE = ("difference", "slope", "intercept")  # columns of Comparison.calibration
# neighbours take no class weights
UNRANKED = ("class_weight",)

# what games add to rows made without one, and what generated rows add to a threshold
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
    """Differences of two columns, averaged over the cells of each table that have both."""
    return (cells[ours] - cells[theirs]).dropna().groupby(level="data").mean()


def against(comparison: Comparison, ours: str, theirs: str, scores: Sequence[str]) -> list[str]:
    return [told(by_table(comparison.cell_means(s), ours, theirs), s) for s in scores]


# ---- samplers -----------------------------------------------------------------------------------


def samplers(comparison: Comparison, other: str, ranks: pd.Series) -> list[list[str]]:
    """Return a row for each sampler: mean rank, differences to another one, seconds a fit."""
    seconds = comparison.samplings.groupby("sampler")["seconds"].median()
    order = [*ranks.index, *(name for name in comparison.samplers if name not in ranks)]
    return [
        [
            name,
            f"{ranks[name]:.2f}" if name in ranks else "",
            *(against(comparison, name, other, SCORES) if name != other else [""] * len(SCORES)),
            f"{seconds[name]:.2g}" if seconds.get(name, 0) > 0 else "",
        ]
        for name in order
    ]


def mean_ranks(comparison: Comparison) -> tuple[pd.Series, int]:
    """Mean ranks in balanced accuracy, 1 being best, and over how many tables.

    Ranks are of means over classifiers, on the tables that the ranked samplers share.
    """
    means = comparison.shared_means("balanced_accuracy", samplers=ranked(comparison)).means
    ranks, n_tables = rank(means)
    return ranks.sort_values(kind="stable"), n_tables


def ranked(comparison: Comparison) -> list[str]:
    """Samplers that run with every classifier: ranks need all of them in every cell."""
    return [name for name in comparison.samplers if name not in UNRANKED]


def classifiers(comparison: Comparison, others: Sequence[str]) -> Iterator[list[str]]:
    """Yield balanced accuracy and Brier score of each sampler and classifier minus others'."""
    names = [name for name in comparison.samplers if name not in others]
    for classifier, name in product(ordinary(comparison), names):
        row = [classifier, name]
        for score in TWO_SCORES:
            own = comparison.cell_means(score).xs(classifier, level="classifier")
            row += [told(own[name] - own[other], score) for other in others]
        if any(row[2:]):
            yield row


def ordinary(comparison: Comparison) -> list[str]:
    """Classifiers that run with every sampler: those that do not balance inside."""
    chosen = choose_classifiers(comparison.classifiers)
    return [name for name, classifier in chosen.items() if not balances_inside(classifier)]


def balancing(comparison: Comparison, others: Sequence[str]) -> Iterator[list[str]]:
    """Yield classifiers that balance inside: two scores, and the same minus others'.

    They run without samplers only. The mean over ordinary classifiers on the same table is
    subtracted.
    """
    usual = ordinary(comparison)
    for classifier in comparison.classifiers:
        if classifier in usual:
            continue
        levels: list[str] = []
        gaps: list[str] = []
        for score in TWO_SCORES:
            cells = comparison.cell_means(score)
            own = cells.xs(classifier, level="classifier")[comparison.baseline or ""]
            theirs = cells[cells.index.get_level_values("classifier").isin(usual)]
            theirs = theirs.groupby(level="data").mean()
            levels.append(shown(100 * own.mean()))
            gaps += [told(own - theirs[other], score) for other in others]
        yield [classifier, *levels, *gaps]


def shown(figure: float) -> str:
    return "" if pd.isna(figure) else f"{figure:.2f}"


def probabilities(comparison: Comparison) -> Iterator[list[str]]:
    """Yield calibration before and after correction of the priors, for cells that have both.

    Differences to doing nothing are means over tables, slope and intercept medians.
    """
    found = comparison.calibration()
    found = found[found.index.get_level_values("classifier").isin(ordinary(comparison))]
    for name, own in found.groupby(level="sampler", sort=False):
        pairs = {f: own[[f, f"corrected_{f}"]].dropna() for f in LINE}
        row = [str(name)]
        for kind in ("", "corrected_"):
            gap, *medians = (pairs[figure][f"{kind}{figure}"] for figure in LINE)
            row.append(told(gap.groupby(level="data").mean(), "brier_score"))
            row += [shown(figures.median()) for figures in medians]
        yield row


def likeness(comparison: Comparison) -> Iterator[list[str]]:
    """Yield the similarity of generated rows and the gain of classifiers from them."""
    found = comparison.fidelity()
    if found.empty:
        return
    cells = comparison.cell_means()
    for name, row in found.groupby(level="sampler", sort=False).mean().iterrows():
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
    """Yield GAMOClassifier minus each network that it is compared with."""
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
    """Write all tables; ``boards`` and ``nets``, one may be empty, hold halves and "all"."""
    parts: list[str] = []
    for half, board in boards.items():
        parts += by_half(half, board, table)
    for half, net in nets.items():
        title = f"{half} ({len(net.data)} tables): GAMOClassifier minus"
        parts.append(table(title, ["rival", *HEADINGS], list(networks(net))))
    if boards:
        parts += by_classifier(boards["all"], table)
        parts += of_rows(boards["all"], table)
    return "\n".join(parts)


def by_half(half: str, board: Comparison, table: TableMaker) -> Iterator[str]:
    """Yield ranks and differences, and what a game adds."""
    other = "smote" if "smote" in board.samplers else board.samplers[0]
    ranks, n_ranked = mean_ranks(board)
    n = len(board.data)
    told_ranks = "" if n_ranked == n else f", ranks of the {n_ranked} that all share"
    heading = ["sampler", "mean rank", *HEADINGS, "seconds"]
    title = f"{half} ({n} tables{told_ranks}): minus {other}"
    yield table(title, heading, samplers(board, other, ranks))
    pairs = [(a, b) for a, b in PAIRS if {a, b} <= set(board.samplers)]
    rows = [[f"{a} - {b}", *against(board, a, b, SCORES)] for a, b in pairs]
    if rows:
        yield table(f"{half}: what a game adds", ["pair", *HEADINGS], rows)


def by_classifier(board: Comparison, table: TableMaker) -> Iterator[str]:
    """Yield differences by classifier, if there is something to subtract."""
    known = board.samplers if ordinary(board) else []
    others = [name for name in ("none", "threshold") if name in known]
    gaps = [f"{score} - {other}" for score in ("BA", "Brier") for other in others]
    if rows := list(classifiers(board, others)):
        yield table("all: by classifier", ["classifier", "sampler", *gaps], rows)
    if board.baseline is not None and (rows := list(balancing(board, others))):
        title = "all: classifiers that balance inside, and minus the mean of the other classifiers"
        yield table(title, ["classifier", "BA", "Brier", *gaps], rows)


def of_rows(board: Comparison, table: TableMaker) -> Iterator[str]:
    """Yield the effect on probabilities, and the similarity of generated rows to real ones."""
    if board.baseline is None:
        return
    if rows := list(probabilities(board)):
        names = ["Brier - none", "slope", "intercept"]
        heading = ["sampler", *names, *(f"corrected: {name}" for name in names)]
        yield table("all: probabilities", heading, rows)
    if rows := list(likeness(board)):
        heading = ["sampler", "BA - none", *(name.replace("_", " ") for name in FIDELITY)]
        yield table("all: generated rows", heading, rows)


def failures(board: Comparison) -> list[str]:
    """Return the cells that failed."""
    failed = board.results[board.results["status"] == "failed"]
    columns = ["sampler", "data", "error"]
    counts = failed.groupby(columns, as_index=False).size()
    rows = counts.itertuples(index=False, name=None)
    return [f"{sampler} on {data}: {n} cells, {error}" for sampler, data, error, n in rows]
