"""Results kept beside the documentation: a store without what only its pictures need, gzipped.

Beside it lie the settings that it was made with, as JSON: only a command with the same can go on
with it.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

__all__ = ["keep", "unpack"]


def keep(store: Path, kept: Path, settings: Mapping[str, Any]) -> None:
    """Write ``store`` to ``kept``, without losses and projected rows, and its settings."""
    with tempfile.TemporaryDirectory() as folder:
        slim = Path(folder) / "slim.sqlite"
        with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(slim)) as target:
            source.backup(target)
            _slim(target)
        # no time stamp: equal results make equal files
        kept.write_bytes(gzip.compress(slim.read_bytes(), mtime=0))
    _settings_of(kept).write_text(json.dumps(settings, indent=1) + "\n")


def _slim(connection: sqlite3.Connection) -> None:
    rows = connection.execute("SELECT rowid, body FROM records WHERE classifier = ''").fetchall()
    slim = [
        (json.dumps(json.loads(body) | {"history": [], "rows": None}), at) for at, body in rows
    ]
    connection.executemany("UPDATE records SET body = ? WHERE rowid = ?", slim)
    connection.execute("DELETE FROM claims")
    connection.commit()
    connection.execute("VACUUM")


def unpack(kept: Path, store: Path, settings: Mapping[str, Any]) -> str:
    """Start ``store`` from ``kept``, where there is none yet; say why that cannot be, else ""."""
    if store.exists() or not kept.exists():
        return ""
    made_with = _settings_of(kept)
    if not made_with.exists():
        return f"{kept} is left aside: there is no {made_with.name} to say how it was made"
    there = json.loads(made_with.read_text())
    names = dict.fromkeys([*settings, *there])
    others = [n for n in names if settings.get(n) != there.get(n)]
    if others:
        told = (f"{n}: now {settings.get(n)}, there {there.get(n)}" for n in others)
        return f"{kept} is left aside, as it was made otherwise ({'; '.join(told)})"
    store.write_bytes(gzip.decompress(kept.read_bytes()))
    return ""


def _settings_of(kept: Path) -> Path:
    """Return the file of settings beside a store."""
    return kept.with_name(kept.name.partition(".")[0] + ".json")
