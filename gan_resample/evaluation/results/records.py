"""Turn the records of the tasks of a comparison into tidy frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gan_resample.evaluation.metrics.reliability import CORRECTED
from gan_resample.evaluation.metrics.scores import SCORES, Score

__all__ = [
    "SPLIT",
    "recall_rows",
    "reliability_bins",
    "result_rows",
    "sampling_rows",
    "score_known_as",
]

Record = dict[str, Any]
Cell = tuple[str, str, str]

SPLIT = ["repeat", "fold"]
TEXTS = ["note", "error"]
RESULT = ["data", *SPLIT, "sampler", "classifier", "status", "note", "error", "warned"]
RECALL = ["data", *SPLIT, "sampler", "classifier"]
SAMPLING = ["data", *SPLIT, "sampler", "status", "error", "warned"]
SAMPLING += ["seconds", "n_generated", "note", "history", "rows", "fidelity"]


def score_known_as(kind: Score | None) -> str:
    """Name that the package has for a score, whatever the user called it; "" if none."""
    return next((name for name, known in SCORES.items() if known == kind), "")


def result_rows(records: Sequence[Record], kinds: Mapping[str, Score | None]) -> pd.DataFrame:
    """Return the frame of all results; see :class:`Comparison`.

    Parameters
    ----------
    records : sequence of dict
        One for each data set, split, sampler and classifier.
    kinds : mapping of str to Score or None
        The scores by the user's names for them; None for a scorer of another package.
    """
    known = {name: score_known_as(kind) for name, kind in kinds.items()}
    repaired = {name: own for name, own in known.items() if own in CORRECTED}
    rows = [r | r.get("scores", {}) | _corrected(r, repaired) for r in records]
    columns = [*RESULT, "fit_seconds", *kinds, *(f"{name}_corrected" for name in repaired)]
    frame = pd.DataFrame(rows).reindex(columns=columns)
    frame["warned"] = frame["warned"].map(", ".join)
    frame[TEXTS] = frame[TEXTS].astype(object).where(frame[TEXTS].notna(), "")
    return frame


def _corrected(record: Record, names: Mapping[str, str]) -> Record:
    """Scores with the shift of class shares undone; the same ones if there is no shift."""
    if "scores" not in record or "corrected" not in record:
        return {}
    plain, repaired = record["scores"], (record["corrected"] or {}).get("scores", {})
    return {f"{name}_corrected": repaired.get(own, plain[name]) for name, own in names.items()}


def recall_rows(records: Sequence[Record], labels: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Frame with a row for each recall; ``labels`` are those of each data set."""
    rows = [
        {name: record[name] for name in RECALL} | {"label": label, "recall": recall}
        for record in records
        for label, recall in zip(labels[record["data"]], record.get("recalls", ()), strict=False)
    ]
    return pd.DataFrame(rows, columns=[*RECALL, "label", "recall"])


def sampling_rows(samplings: Sequence[Record]) -> pd.DataFrame:
    """Frame with a row for each data set, split and sampler."""
    return pd.DataFrame(samplings).reindex(columns=SAMPLING)


def reliability_bins(records: Sequence[Record]) -> list[tuple[Cell, dict[str, np.ndarray]]]:
    """Cell and calibration bins of each record that has any.

    The bins are "calibration", and "corrected" with the shift of class shares undone, which is NaN
    if the shift is unknown.
    """
    return [(_cell(record), _bins(record)) for record in records if record.get("reliability")]


def _cell(record: Record) -> Cell:
    return record["data"], record["classifier"], record["sampler"]


def _bins(record: Record) -> dict[str, np.ndarray]:
    plain = np.asarray(record["reliability"])
    if "corrected" not in record:
        return {"calibration": plain, "corrected": np.full_like(plain, np.nan)}
    repaired = (record["corrected"] or record)["reliability"]
    return {"calibration": plain, "corrected": np.asarray(repaired)}
