"""Results kept beside the documentation, as text that can be compared line by line.

A folder holds ``settings.json``, the options and versions with which the results were made (only a
command with the same ones can continue from them); ``about.json``, the settings in the store;
``samplers.tsv``, a line for each run of a sampler; and ``tables/<table>.tsv``, a line for each
classifier trained on its rows. Columns are separated by tabs. Every cell is JSON, or empty if the
record has no such entry; nested entries have names with dots. Numbers are as exact as in the
store. Entries that only pictures of single tables need (losses, projected rows, mean probabilities
of calibration curves) are left out.
"""

from __future__ import annotations

import json
import math
import shutil
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.lib.output import write_json
from gan_resample.evaluation.metrics.reliability import Sums
from gan_resample.evaluation.run.fold import Outcome
from gan_resample.evaluation.run.store import Store

__all__ = ["keep", "kept_records", "restore"]

Record = dict[str, Any]

SETTINGS, ABOUT, SAMPLERS, TABLES = "settings.json", "about.json", "samplers.tsv", "tables"
KEY = ("data", "repeat", "fold", "sampler", "classifier")
PICTURED: Record = {
    "history": [],
    "rows": None,
}  # entries of a sampler's record that only pictures need
SHORT_SUMS = ("weight", "log_odds", "hits")  # of a calibration curve, without its picture


# ---- a store as text ----------------------------------------------------------------------------


def keep(store: Path, folder: Path, settings: Mapping[str, Any]) -> None:
    """Write the results in ``store`` to ``folder``, replacing those there."""
    with closing(Store(store)) as source:
        records = [record for _, record in sorted(source.records().items())]
    shutil.rmtree(folder / TABLES, ignore_errors=True)
    (folder / TABLES).mkdir(parents=True)
    samplers: list[Record] = []
    tables: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        short = _shorten(record)
        if short["classifier"]:
            tables[short.pop("data")].append(short)
        else:
            del short["classifier"]
            samplers.append(short)
    _write_lines(folder / SAMPLERS, samplers)
    for name, own in tables.items():
        _write_lines(folder / TABLES / f"{name}.tsv", own)
    write_json(folder / ABOUT, _about(store))
    write_json(folder / SETTINGS, settings)


def _about(store: Path) -> dict[str, dict[str, str]]:
    """Return the settings in a store: kind -> name -> value."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    with closing(sqlite3.connect(store)) as connection:
        for kind, name, value in connection.execute(
            "SELECT kind, name, value FROM about ORDER BY kind, name"
        ):
            found[kind][name] = value
    return dict(found)


def _shorten(record: Record) -> Record:
    """Leave out entries that only pictures need."""
    short = {name: value for name, value in record.items() if name not in PICTURED}
    if short.get("reliability"):
        short["reliability"] = _short_sums(short["reliability"])
    if short.get("corrected"):
        sums = _short_sums(short["corrected"]["reliability"])
        short["corrected"] = short["corrected"] | {"reliability": sums}
    return short


def _short_sums(reliability: list[list[float]]) -> Record:
    sums = dict(zip(Sums._fields, reliability, strict=True))
    names = SHORT_SUMS if sums["rows"] == sums["weight"] else ("rows", *SHORT_SUMS)
    return {name: [int(x) if x == int(x) else x for x in sums[name]] for name in names}


def _write_lines(file: Path, records: Iterable[Record]) -> None:
    lines = [dict(_flat(record)) for record in records]
    key = [name for name in KEY if name in lines[0]]
    others = sorted({name for line in lines for name in line} - set(key))
    names = [*key, *others]
    cells = [[_cell(line[name]) if name in line else "" for name in names] for line in lines]
    file.write_text("".join("\t".join(row) + "\n" for row in [names, *cells]))


def _cell(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _flat(record: Record, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


# ---- text as a store ----------------------------------------------------------------------------


def restore(folder: Path, store: Path, settings: Mapping[str, Any]) -> str:
    """Make ``store`` from ``folder``, if there is none yet.

    Returns
    -------
    reason : str
        Why the results in ``folder`` cannot be used; "" if they were used, or there are none.
    """
    if store.exists() or not (folder / ABOUT).exists():
        return ""
    if not (folder / SETTINGS).exists():
        return f"{folder} is left aside: there is no {SETTINGS} to say how it was made"
    there = json.loads((folder / SETTINGS).read_text())
    names = dict.fromkeys([*settings, *there])
    if others := [n for n in names if settings.get(n) != there.get(n)]:
        told = (f"{n}: now {settings.get(n)}, there {there.get(n)}" for n in others)
        return f"{folder} is left aside, as it was made otherwise ({'; '.join(told)})"
    with tempfile.TemporaryDirectory(dir=store.parent) as drafts:
        draft = Path(drafts) / store.name
        _fill(draft, folder)
        draft.replace(store)  # complete or not at all
    return ""


def _fill(store: Path, folder: Path) -> None:
    tables: dict[str, list[Record]] = defaultdict(list)
    for record in kept_records(folder):
        tables[record["data"]].append(record)
    with closing(Store(store)) as target:
        target.agree(json.loads((folder / ABOUT).read_text()))
        # all records of a table at once: a commit for each task would take many times as long
        for first, *others in tables.values():
            target.add(Outcome(first, others))


def kept_records(folder: Path) -> Iterator[Record]:
    """Yield the records in a folder: those of samplers, then those of classifiers.

    Mean probabilities of calibration curves, which are not kept, are NaN.
    """
    for record in _read_lines(folder / SAMPLERS):
        yield record | PICTURED | {"classifier": ""}
    for file in sorted((folder / TABLES).glob("*.tsv")):
        for record in _read_lines(file):
            for part in (record, record.get("corrected")):
                if part and part.get("reliability"):
                    part["reliability"] = _long_sums(part["reliability"])
            yield {"data": file.name.removesuffix(".tsv")} | record


def _long_sums(short: Mapping[str, list[float]]) -> list[list[float]]:
    unknown = [math.nan] * len(short["weight"])
    sums = {"rows": short["weight"], "probability": unknown} | dict(short)
    return [[float(x) for x in sums[name]] for name in Sums._fields]


def _read_lines(file: Path) -> Iterator[Record]:
    head, *lines = file.read_text().splitlines()
    names = head.split("\t")
    for line in lines:
        record: Record = {}
        for name, cell in zip(names, line.split("\t"), strict=True):
            if cell:
                *path, last = name.split(".")
                place = record
                for step in path:
                    place = place.setdefault(step, {})
                place[last] = json.loads(cell)
        yield record
