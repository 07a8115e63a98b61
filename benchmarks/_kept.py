"""Results kept beside the documentation: a store without what only its pictures need, gzipped."""

from __future__ import annotations

import gzip
import json
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

__all__ = ["keep", "unpack"]


def keep(store: Path, kept: Path) -> None:
    """Write ``store`` to ``kept``, without losses and projected rows."""
    with tempfile.TemporaryDirectory() as folder:
        slim = Path(folder) / "slim.sqlite"
        with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(slim)) as target:
            source.backup(target)
            _slim(target)
        # no time stamp: equal results make equal files
        kept.write_bytes(gzip.compress(slim.read_bytes(), mtime=0))


def _slim(connection: sqlite3.Connection) -> None:
    rows = connection.execute("SELECT rowid, body FROM records WHERE classifier = ''").fetchall()
    slim = [
        (json.dumps(json.loads(body) | {"history": [], "rows": None}), at) for at, body in rows
    ]
    connection.executemany("UPDATE records SET body = ? WHERE rowid = ?", slim)
    connection.execute("DELETE FROM claims")
    connection.commit()
    connection.execute("VACUUM")


def unpack(kept: Path, store: Path) -> None:
    """Start ``store`` from ``kept``, where there is none yet."""
    if kept.exists() and not store.exists():
        store.write_bytes(gzip.decompress(kept.read_bytes()))
