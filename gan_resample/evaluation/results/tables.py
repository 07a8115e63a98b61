"""Tables of cells: a summary, the means of a score, the similarity of generated rows."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from gan_resample.evaluation.metrics.fidelity import FIDELITY
from gan_resample.evaluation.results.differences import difference_of
from gan_resample.evaluation.results.intervals import Difference
from gan_resample.evaluation.results.records import SPLIT
from gan_resample.evaluation.results.results import CELL, Cell, Results, kept

__all__ = ["cell_means", "fidelity", "summary"]

Record = dict[str, Any]


@kept
def summary(results: Results) -> pd.DataFrame:
    """See :meth:`Comparison.summary`."""
    cells = list(product(results.data, results.classifiers, results.samplers))
    index = pd.MultiIndex.from_tuples(cells, names=CELL)
    return pd.DataFrame([_summary_of_cell(results, cell) for cell in cells], index=index)


def _summary_of_cell(results: Results, cell: Cell) -> Record:
    every = results.cells[cell]
    ran = every[every["status"] == "ok"]
    statuses = set(every["status"])
    told = [text for name in ("note", "error") for text in every[name].unique() if text]
    found: Record = {
        "status": statuses.pop() if len(statuses) == 1 else f"{len(every) - len(ran)} failed",
        "note": "; ".join(told),
        "n_splits": len(ran),
        # the first game in a process also loads torch: the median ignores that
        "fit_seconds": ran["fit_seconds"].median(),
    }
    for score in results.scores:
        found |= {score: ran[score].mean(), f"{score}_std": ran[score].std()}
        if results.baseline is not None:
            gap = _difference_to_nothing(results, cell, results.baseline, score)
            found |= {
                f"{score}_difference": gap.mean,
                f"{score}_low": gap.low,
                f"{score}_high": gap.high,
                f"{score}_p": gap.p,
                f"{score}_verdict": gap.verdict(results.greater_is_better(score)),
            }
    return found


def _difference_to_nothing(results: Results, cell: Cell, nothing: str, score: str) -> Difference:
    data, classifier, sampler = cell
    if sampler == nothing:
        return Difference(np.nan, np.nan, np.nan)
    ours = results.split_scores(*cell, score)
    return difference_of(
        results, data, ours, results.split_scores(data, classifier, nothing, score)
    )


def cell_means(results: Results, score: str | None = None) -> pd.DataFrame:
    """See :meth:`Comparison.cell_means`."""
    return _means(results, results.choose_score(score))


@kept
def _means(results: Results, score: str) -> pd.DataFrame:
    wide = results.rows.pivot(
        index=["data", "classifier", *SPLIT], columns="sampler", values=score
    )
    cells = ["data", "classifier"]
    found = {cell: _mean_of_shared(rows) for cell, rows in wide.groupby(level=cells)}
    order = pd.MultiIndex.from_product([results.data, results.classifiers], names=cells)
    return pd.DataFrame(found).T.reindex(index=order, columns=results.samplers)


def _mean_of_shared(rows: pd.DataFrame) -> pd.Series:
    """Means over the splits (rows) in which every sampler (column) ran that ran in any."""
    ran = rows.dropna(axis="columns", how="all")
    shared = ran.dropna()
    return (shared if len(shared) else ran).mean()


@kept
def fidelity(results: Results) -> pd.DataFrame:
    """See :meth:`Comparison.fidelity`."""
    own = results.samplings.dropna(subset=["fidelity"])
    rows = pd.DataFrame(own["fidelity"].tolist(), index=own.index, columns=[*FIDELITY])
    found = rows.groupby([own["data"], own["sampler"]], sort=False).mean()
    cells = product(results.data, results.samplers)
    return found.reindex([cell for cell in cells if cell in found.index])
