"""Parts of the page on a data set: how it was read, probabilities, likeness of generated rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from gan_resample.evaluation.metrics.fidelity import FIDELITY
from gan_resample.evaluation.report.findings import interval, number, sentence_case
from gan_resample.evaluation.results.calibration import calibration
from gan_resample.evaluation.results.intervals import Difference
from gan_resample.evaluation.results.tables import Figures

__all__ = ["columns_as_read", "likeness_table", "probability_table"]

Record = dict[str, Any]

KINDS = {"number": "numbers", "category": "categories", "id": "identifiers, which are no features"}
MOST_NAMES = 200


def columns_as_read(about: Record) -> Record:
    """Names of the columns of each kind, and sentences about what was guessed.

    Parameters
    ----------
    about : dict
        Of the data set; ``notes`` are sentences on its file, where it came from one.
    """
    kinds = about.get("kinds", {})
    groups = []
    for kind, title in KINDS.items():
        names = [name for name, read in kinds.items() if read["kind"] == kind]
        more = len(names) - MOST_NAMES
        told = ", ".join(names[:MOST_NAMES]) + (f", and {more} more" if more > 0 else "")
        if names:
            groups.append((title, len(names), told))
    guessed = [*about.get("notes", ())]
    for name, read in kinds.items():
        guessed += [f"{name}: {read[words]}" for words in ("told", "warning") if read[words]]
    return {"groups": groups, "guessed": guessed}


def probability_table(comparison: Figures, data: str) -> list[Record]:
    """Rows of classifier, sampler and cells: as they are, then with the priors corrected."""
    found = calibration(comparison, data)
    if found.empty:
        return []
    return [
        {
            "names": names,
            "cells": [cell for kind in ("", "corrected_") for cell in _side(row, kind)],
        }
        for names, row in found.loc[data].iterrows()
    ]


def _side(row: pd.Series, kind: str) -> Iterator[Record]:
    if f"{kind}brier_score" in row:
        gap = [row.get(f"{kind}{name}", np.nan) for name in ("difference", "low", "high")]
        yield {
            "text": number(row[f"{kind}brier_score"], 1),
            "title": interval(Difference(*gap), 1),
            "verdict": row.get(f"{kind}verdict", ""),
        }
    for name in ("slope", "intercept"):
        yield {"text": _signed_if(name, row[f"{kind}{name}"]), "title": "", "verdict": ""}


def _signed_if(name: str, value: float) -> str:
    if not np.isfinite(value):
        return "–"
    value = round(value, 2) + 0.0  # no "-0.00"
    return f"{value:+.2f}".replace("-", "−") if name == "intercept" else f"{value:.2f}"


def likeness_table(comparison: Figures, data: str) -> Record:
    """Headings and rows: what generated rows are worth to classifiers, then what they look like.

    Worth is the mean over classifiers of the main score, beside that of doing nothing.
    """
    found = comparison.fidelity()
    own = found.xs(data, level="data") if data in found.index else found.iloc[:0]
    score = comparison.scores[0]
    nothing = [comparison.baseline] if comparison.baseline else []
    means: Any = comparison.cell_means(score).xs(data, level="data")
    worth = means[[*nothing, *own.index]].dropna().mean()
    shown = own.reindex([*nothing, *own.index])
    unit = comparison.unit(score)
    return {
        "columns": [(sentence_case(comparison.title(score)), "mean over classifiers")]
        + [(name.replace("_", " "), words) for name, words in FIDELITY.items()],
        "rows": [
            (name, [number(worth[name], unit), *map(_share, row)])
            for name, row in shown.iterrows()
            if len(own)
        ],
    }


def _share(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "–"
