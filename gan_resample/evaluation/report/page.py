"""A self-contained page: findings in sentences, tables, pictures, and settings."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from jinja2 import Environment, StrictUndefined

from gan_resample.evaluation.displays.comparison import ComparisonDisplay, GameHistoryDisplay
from gan_resample.evaluation.displays.rows import ResamplingDisplay
from gan_resample.evaluation.report.findings import (
    findings,
    interval,
    number,
    overall_findings,
    sentence_case,
)
from gan_resample.evaluation.report.tables import (
    columns_as_read,
    likeness_table,
    probability_table,
    rank_display,
    score_tables,
)
from gan_resample.evaluation.results.calibration import reliability_sums
from gan_resample.evaluation.results.intervals import Difference
from gan_resample.evaluation.results.results import Results
from gan_resample.evaluation.results.tables import summary
from gan_resample.files.writing import holds_something, is_report, replaced, sign_page

__all__ = ["write_report"]

Record = dict[str, Any]

CAPTIONS = {
    "box": "Each dot is one test part; the dotted line is the mean of doing nothing.",
    "difference": "Differences to doing nothing, paired over test parts, with 95 % intervals that "
    "allow for the rows which folds share. Grey: the interval holds zero.",
    "recall": "Recall of each class in percent, largest class first.",
    "calibration": "On the dotted line a probability means what it says; below it, the class is "
    "promised more often than it comes.",
    "corrected": "What PriorCorrectedClassifier makes of the same probabilities.",
}


def write_report(results: Results, path: Path, pictures: bool = True) -> Path:
    """Write the page and return its path; see :meth:`Comparison.to_html`."""
    if holds_something(path) and not is_report(path):
        raise FileExistsError(
            f"{path} exists and is no report of a comparison, or was changed since: name another "
            "file, or remove it"
        )
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"{path} cannot be written: there is no folder {path.parent}; make it first"
        )
    template = (resources.files(__package__) / "report.html").read_text("utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    gaps = summary(results).filter(regex="_difference$")
    with mpl.rc_context({"text.parse_math": False}):  # a label may hold dollars
        sections = [_section(results, about, pictures) for about in results.about["data"]]
        ranks = rank_display(results)
    page = environment.from_string(template).render(
        results=results,
        overall=overall_findings(results),
        ranks=_image(ranks.figure_) if ranks else "",
        tables=list(score_tables(results)),
        sections=sections,
        columns=[results.title(score) for score in results.scores],
        rows=list(_rows(results)),
        n_differences=int(gaps.notna().sum().sum()),
        warned=_warned(results),
    )
    with replaced(path) as place:
        place.write_bytes(sign_page(page))
    return path


def _section(results: Results, about: Record, pictures: bool) -> Record:
    """Everything that the page says about one data set."""
    pairs = zip(about["labels"], about["counts"], strict=True)
    sizes = ", ".join(f"{name}: {n}" for name, n in pairs)
    glance = list(_glance(results, about["name"]))
    return about | {
        "sizes": sizes,
        "findings": findings(results, about["name"]),
        "glance": glance,
        "fell_back": any(cell["note"] for _, cells in glance for cell in cells),
        "read": columns_as_read(about),
        "probabilities": probability_table(results, about["name"]),
        "likeness": likeness_table(results, about["name"]),
        "figures": list(_figures(results, about)) if pictures else [],
    }


# ---- the tables ---------------------------------------------------------------------------------


def _glance(results: Results, data: str) -> Iterator[tuple[str, list[Record]]]:
    """Yield the main score and its verdict, a row per classifier and a column per sampler."""
    score = results.scores[0]
    unit = results.unit(score)
    cells: Any = summary(results)
    for classifier in results.classifiers:
        rows = [cells.loc[data, classifier, sampler] for sampler in results.samplers]
        yield (
            classifier,
            [
                {
                    "text": number(row[score], unit) or row["status"],
                    "spread": number(row[f"{score}_std"], unit),
                    "verdict": row.get(f"{score}_verdict"),
                    "difference": _difference(row, score, unit),
                    "note": row["note"] if "fell back" in row["note"] else "",
                }
                for row in rows
            ],
        )


def _rows(results: Results) -> Iterator[Record]:
    """Rows of the table; every cell has a text and a value for sorting."""
    for names, row in summary(results).iterrows():
        cells: list[Record] = []
        for score in results.scores:
            unit = results.unit(score)
            spread, text = number(row[f"{score}_std"], unit), number(row[score], unit)
            if text and row["status"] != "ok" and not cells:
                text = f"{text} ({row['status']})"
            cells.append(
                {
                    "text": f"{text} ± {spread}" if spread else text,
                    "value": _sortable(row[score]),
                    "verdict": row.get(f"{score}_verdict"),
                    "difference": _difference(row, score, unit),
                }
            )
        yield {
            "names": names,
            "cells": cells,
            "seconds": row["fit_seconds"],
            "status": row["status"],
            "note": row["note"],
        }


def _difference(row: Any, score: str, unit: int) -> str:
    mean = row.get(f"{score}_difference", np.nan)
    if not np.isfinite(mean):
        return ""
    return interval(Difference(mean, row[f"{score}_low"], row[f"{score}_high"]), unit)


def _sortable(value: float) -> str:
    return f"{value:.6f}" if np.isfinite(value) else ""


def _warned(results: Results) -> list[str]:
    """Return which warnings were given how often, by sampler."""
    counts = Counter(
        (sampler, name)
        for frame in (results.rows, results.samplings)
        for sampler, names in zip(frame["sampler"], frame["warned"], strict=True)
        for name in (names.split(", ") if isinstance(names, str) else names)
        if name
    )
    return [f"{sampler}: {name} in {n} fits" for (sampler, name), n in sorted(counts.items())]


# ---- the pictures -------------------------------------------------------------------------------


def _figures(results: Results, about: Record) -> Iterator[Record]:
    data = about["name"]
    rows = results.rows
    if not (rows.loc[rows["data"] == data, "status"] == "ok").any():
        return
    score = results.title(results.scores[0])
    titles = {
        "box": sentence_case(score),
        "difference": f"Difference to doing nothing, {score}",
        "recall": "Recall of each class",
        "calibration": "Calibration",
        "corrected": "Calibration with the shift of the class mix undone",
    }
    for kind, title in titles.items():
        if kind == "difference" and not results.judged:
            continue
        if kind in ("calibration", "corrected") and not any(
            cell[0] == data for cell in reliability_sums(results, kind)
        ):
            continue
        display = ComparisonDisplay.from_comparison(results, kind=kind, data=data)
        caption = CAPTIONS[kind]
        if kind in ("calibration", "corrected") and len(about["labels"]) == 2:
            caption = f"Of the smaller class, {about['labels'][1]}. {caption}"
        yield {"title": title, "caption": caption, "image": _image(display.figure_)}
    yield from _sampler_figures(results, about)


def _sampler_figures(results: Results, about: Record) -> Iterator[Record]:
    found = results.samplings
    own = found[(found["data"] == about["name"]) & (found["status"] == "ok")]
    points = {row.sampler: row.rows for row in own.itertuples() if isinstance(row.rows, list)}
    if points:
        display = ResamplingDisplay(points, largest=about["labels"][0]).plot()
        yield {
            "title": "Real and generated rows",
            "caption": "The first training part, on the first two principal components of its "
            "real rows. Rows may look alike here and differ in the other directions.",
            "image": _image(display.figure_),
        }
    histories = {
        name: [history for history in group if isinstance(history, list) and history]
        for name, group in own.groupby("sampler", sort=False)["history"]
    }
    histories = {name: fits for name, fits in histories.items() if fits}
    if histories:
        yield {
            "title": "Training of the games",
            "caption": "Losses of every player's moves: each fold pale, their mean dark. A low "
            "loss is no sign of good rows.",
            "image": _image(GameHistoryDisplay(histories).plot().figure_),
        }


def _image(figure: Any) -> str:
    """Return the figure as a data URL, and close it."""
    file = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "gan_resample"}):  # equal pages for equal results
        figure.savefig(file, format="svg", metadata={"Date": None})
    plt.close(figure)
    return "data:image/svg+xml;base64," + base64.b64encode(file.getvalue()).decode()
