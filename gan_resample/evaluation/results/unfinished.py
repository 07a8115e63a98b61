"""Results that a time limit cut short: which splits can be compared, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["FEWEST_SPLITS", "MISSING", "Progress", "missing", "shared_records"]

Record = dict[str, Any]
Split = tuple[int, int]
Cell = tuple[str, str]  # sampler and classifier

MISSING = "missing"  # the status of a cell, or sampler, that has not run in a split
FEWEST_SPLITS = 3  # with fewer, and others to come, nothing is called better or worse


@dataclass(frozen=True)
class Progress:
    """How far an unfinished data set is.

    Attributes
    ----------
    n_splits : int
        Splits that were asked for.
    n_shared : int
        Splits that are compared: those in which every compared method ran.
    lacking : dict of str to int
        In how many splits a sampler has not run with every classifier.
    absent : tuple of str
        Samplers that are not compared with some classifier, or any.
    """

    n_splits: int
    n_shared: int
    lacking: Mapping[str, int]
    absent: tuple[str, ...]

    @property
    def too_few(self) -> bool:
        """Whether the splits are too few for a verdict."""
        return self.n_shared < FEWEST_SPLITS


def missing(key: Sequence[Any]) -> Record:
    """Return the record of what has not run; the key is that of a record in the store."""
    names = ("data", "repeat", "fold", "sampler", "classifier")
    return dict(zip(names, key, strict=True)) | {"status": MISSING, "warned": []}


def shared_records(
    records: Sequence[Record], samplings: Sequence[Record]
) -> tuple[list[Record], list[Record], dict[str, Progress]]:
    """Return the records of splits in which every compared method ran, and what is missing.

    Compared are the cells (sampler and classifier) that have a record in the split in which most
    have one, over all splits in which all of these have one. No other cell has a record in any of
    these, as that split would have more. If nothing ran on a data set, its first split is kept.

    Returns
    -------
    records, samplings : list of dict
    progress : dict of str to Progress
        Only of data sets that lack something.
    """
    by_data: dict[str, list[Record]] = {}
    for record in records:
        by_data.setdefault(record["data"], []).append(record)
    kept: set[tuple[str, Split]] = set()
    progress: dict[str, Progress] = {}
    for data, own in by_data.items():
        splits, cells = _shared_splits(own)
        kept |= {(data, split) for split in splits}
        if any(record["status"] == MISSING for record in own):
            progress[data] = _progress(own, len(splits), cells)
    found, sampled = (
        [record for record in each if (record["data"], _split(record)) in kept]
        for each in (records, samplings)
    )
    return found, sampled, progress


def _split(record: Record) -> Split:
    return record["repeat"], record["fold"]


def _cell(record: Record) -> Cell:
    return record["sampler"], record["classifier"]


def _shared_splits(records: Sequence[Record]) -> tuple[set[Split], set[Cell]]:
    """Return the splits and the cells that are compared."""
    ran: dict[Split, set[Cell]] = {_split(record): set() for record in records}
    for record in records:
        if record["status"] != MISSING:
            ran[_split(record)].add(_cell(record))
    fullest = max(ran, key=lambda split: len(ran[split]))  # the first of several
    compared = ran[fullest]
    if not compared:
        return {fullest}, compared
    return {split for split, cells in ran.items() if compared <= cells}, compared


def _progress(records: Sequence[Record], n_kept: int, compared: set[Cell]) -> Progress:
    gone = dict.fromkeys((r["sampler"], _split(r)) for r in records if r["status"] == MISSING)
    absent = dict.fromkeys(r["sampler"] for r in records if _cell(r) not in compared)
    return Progress(
        n_splits=len({_split(record) for record in records}),
        n_shared=n_kept if compared else 0,
        lacking=Counter(sampler for sampler, _ in gone),
        absent=tuple(absent),
    )
