"""The store of results, one SQLite file, with which a comparison can be killed and continued.

SQLite commits the records of a task together or not at all, whatever happens to the process, and
several processes can write to one file; they share the work by claiming tasks in it.
"""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from threading import RLock
from typing import Any
from uuid import uuid4

from gan_resample.evaluation.run.fingerprint import without_marks
from gan_resample.evaluation.run.fold import Outcome, Record
from gan_resample.evaluation.run.store_file import (
    APPLICATION,
    CLAIMS,
    FORMAT,
    SCHEMA,
    check_file,
    check_path,
    explained,
    format_of,
    is_store,
)

__all__ = ["Key", "Store", "TaskKey", "checksum", "is_store"]

TaskKey = tuple[str, int, int, str]  # data, repeat, fold, sampler
Key = tuple[str, int, int, str, str]  # and classifier

# a task may run twice, if another call died or seemed to: a failure must not replace a success
ADD = """
INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET body = excluded.body, checksum = excluded.checksum
WHERE instr(records.body, '"status": "ok"') = 0 OR instr(excluded.body, '"status": "ok"') > 0
"""

STATUS = ("ok", "failed", "n/a")

NAMED = ("data", "sampler", "classifier")  # kinds of settings whose names each record has

# kinds of settings that are kept as a hash, and what differs if the hash does
HASHED = {
    "data": "other rows, columns, labels or groups",
    "splits of": "other rows in the test parts",
}


class Store:
    """Records of a comparison, the settings they belong to, and the claims of processes.

    Threads may share a store: joblib asks for the next task in its own threads.

    Parameters
    ----------
    path : path-like or None
        A file, created if there is none; None keeps everything in memory.

    Raises
    ------
    ValueError
        If ``path`` is not a path, or the file is not a store, is damaged or was written by a newer
        version; such a file is not changed.
    OSError
        If another program has locked the file, or nothing can be written.
    """

    def __init__(self, path: Any = None) -> None:
        self.path = ":memory:" if path is None else check_path(path)
        self._owner = uuid4().hex
        self._about: list[tuple[str, str, str]] = []
        self._lock = RLock()
        self._format: int | None = None
        if path is not None:
            check_file(self.path)
        with explained(self.path, ValueError):
            # a form of path that SQLite cannot misread
            place = self.path if path is None else os.path.abspath(self.path)
            self._connection = sqlite3.connect(
                place, timeout=60, check_same_thread=False, isolation_level=None
            )
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        """Check the whole file, or make its tables."""
        if self.path != ":memory:":
            self._format = format_of(self._connection, self.path)
        if self._format is None:
            with explained(self.path, ValueError):
                try:
                    self._connection.executescript(SCHEMA)
                finally:
                    self._connection.rollback()  # if that failed half-way
            self._format = FORMAT

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with explained(self.path), self._lock:
            with self._connection:  # commits, or rolls back on an error
                # lock from the start: two that read before they write would miss each other's rows
                self._connection.execute("BEGIN IMMEDIATE")
                if self._format != FORMAT:
                    self._bring_up_to_date()
                self._connection.execute(CLAIMS)  # in case the table was dropped
                yield self._connection
            self._format = FORMAT

    def _bring_up_to_date(self) -> None:
        """Convert a store of format 0; its records have no checksum."""
        [found] = self._connection.execute("PRAGMA user_version").fetchone()
        if found != FORMAT:  # otherwise another process has done it
            self._connection.execute("ALTER TABLE records ADD COLUMN checksum INTEGER")
            self._connection.execute(f"PRAGMA application_id = {APPLICATION}")
            self._connection.execute(f"PRAGMA user_version = {FORMAT}")

    def agree(self, about: Mapping[str, Mapping[str, str]]) -> None:
        """Check that earlier records were made with the same settings, and add new names.

        Parameters
        ----------
        about : mapping of kind -> name -> value
            For example ``{"sampler": {"smote": "SMOTE(...)"}}``. New names are added; a name with
            another value raises an error.

        Raises
        ------
        ValueError
            If the store holds results of another version, other data or other settings, or results
            whose settings are missing.
        """
        self._about = [(k, n, v) for k, values in about.items() for n, v in values.items()]
        with self._transaction() as connection:
            empty = (f"SELECT 1 FROM {table} LIMIT 1" for table in ("records", "claims"))
            if not any(connection.execute(query).fetchone() for query in empty):
                connection.execute("DELETE FROM about")  # left by a run without results
            self._refuse_lost_settings(connection)
            self._bind(connection)

    def _refuse_lost_settings(self, connection: sqlite3.Connection) -> None:
        """Raise if there are records, for example of a sampler, whose settings are missing."""
        there = {
            kind: {name for (name,) in connection.execute(f"SELECT DISTINCT {kind} FROM records")}
            for kind in NAMED
        }
        if not any(there.values()) or self._asked_otherwise(connection):
            return
        there["classifier"].discard("")  # the record of a sampler
        needed = {(kind, name) for kind, names in there.items() for name in names}
        if self._format:  # format 0 had fewer kinds
            for kind, name, _ in self._about:
                # a new data set has new splits; settings without a name of their own are fixed
                if kind not in NAMED and (kind != "splits of" or name in there["data"]):
                    needed.add((kind, name))
        held = {*connection.execute("SELECT kind, name FROM about")}
        if lost := sorted(f"{kind} {name}" for kind, name in needed - held):
            raise ValueError(
                f"{self.path} cannot be used as a store of results: it is damaged, or was changed "
                f"by another program: it holds results, but not the settings of {lost[0]} that "
                "they were made with; remove the file, or name another place"
            )

    def _asked_otherwise(self, connection: sqlite3.Connection) -> bool:
        """Return whether this run has other arguments or scores; :meth:`_bind` then raises."""
        held = {(k, n): v for k, n, v in connection.execute("SELECT * FROM about")}
        return any(
            kind == "argument" and held.get((kind, name), value) != value
            for kind, name, value in self._about
        )

    def _bind(self, connection: sqlite3.Connection) -> None:
        """Store the settings of this run; raise if stored ones differ."""
        connection.executemany("INSERT OR IGNORE INTO about VALUES (?, ?, ?)", self._about)
        held = {(k, n): v for k, n, v in connection.execute("SELECT * FROM about")}
        if not all(isinstance(part, str) for key, v in held.items() for part in (*key, v)):
            raise ValueError(
                f"{self.path} cannot be used as a store of results: its settings are damaged, or "
                "were written by another program; remove the file, or name another place"
            )
        # texts of format 0 have no marks of code and versions, and are taken for equal
        bare = [a for a in self._about if held[a[:2]] == without_marks(a[2]) != a[2]]
        connection.executemany("REPLACE INTO about VALUES (?, ?, ?)", bare)
        held |= {(k, n): v for k, n, v in bare}
        others = [
            f"{kind} {name}: {HASHED.get(kind) or _differing(value, held[kind, name])}"
            for kind, name, value in self._about
            if held[kind, name] != value
        ]
        if others:
            raise ValueError(
                f"the results in {self.path} were made otherwise ({'; '.join(others)}) and "
                "cannot be mixed: choose another place for the results, or remove that file"
            )

    @property
    def data(self) -> list[str]:
        """Names of the data sets among the settings."""
        with explained(self.path), self._lock:
            rows = self._connection.execute("SELECT name FROM about WHERE kind = 'data'")
            return sorted(name for (name,) in rows)

    @property
    def written(self) -> set[str]:
        """Digests of the files that comparisons wrote beside the store; see :meth:`sign`."""
        with explained(self.path), self._lock:
            rows = self._connection.execute("SELECT name FROM about WHERE kind = 'written'")
            return {name for (name,) in rows}

    def sign(self, digest: str) -> None:
        """Keep the digest of a file that will be written beside the store."""
        with self._transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO about VALUES ('written', ?, '')", [digest])

    def add(self, outcome: Outcome) -> None:
        """Write the records of one task, all or none; a failure never replaces a success.

        Raises
        ------
        ValueError
            If a run with other settings has written to the store meanwhile; see :meth:`agree`.
        """
        records = [outcome.sampler | {"classifier": ""}, *outcome.classifiers]
        rows = [(*_key(record), json.dumps(record)) for record in records]
        with self._transaction() as connection:
            self._bind(connection)
            connection.executemany(ADD, [(*row, checksum(row[-1])) for row in rows])

    def records(self, task: TaskKey | None = None) -> dict[Key, Record]:
        """Return records by key, of one task or all; that of a sampler has the classifier "".

        Raises
        ------
        ValueError
            If a record is not what was written.
        """
        one = "" if task is None else "WHERE (data, repeat, fold, sampler) = (?, ?, ?, ?)"
        # as bytes, since a damaged record may not be text
        names = "data, repeat, fold, sampler, classifier, CAST(body AS BLOB)"
        names += ", checksum" if self._format else ", NULL"
        with explained(self.path), self._lock:
            found = self._connection.execute(f"SELECT {names} FROM records {one}", task or ())
            with closing(found) as rows:
                return {tuple(row[:5]): self._read(tuple(row[:5]), *row[5:]) for row in rows}

    def _read(self, key: Any, body: bytes | None, written: int | None) -> Record:
        """Return the record in a row; raise if this package did not write it."""
        try:
            text = (body or b"").decode()
            record = json.loads(text)
            good = _key(record) == key and record["status"] in STATUS
        except (ValueError, KeyError, TypeError, RecursionError):
            good = False
        if not good or written not in (None, checksum(text)):
            data, repeat, fold, sampler, classifier = key
            raise ValueError(
                f"{self.path} cannot be used as a store of results: its record of data {data!r}, "
                f"repeat {repeat}, fold {fold}, sampler {sampler!r} and classifier {classifier!r} "
                "is damaged, or was written by another program; remove the file, or name another "
                "place"
            )
        return record

    def claim(self, task: TaskKey) -> bool:
        """Claim a task for this process; return False if another process has claimed it.

        The claim of a killed process stays: claims only affect the order of tasks.
        """
        with self._transaction() as connection:
            made = connection.execute(
                "INSERT OR IGNORE INTO claims VALUES (?, ?, ?, ?, ?)", (*task, self._owner)
            )
            return made.rowcount == 1

    def release(self) -> None:
        """Give back the claims of this process, if the file can be written."""
        # a claim that stays only changes the order of tasks in the next call; an error here would
        # hide an earlier error, or the results of a complete comparison
        with suppress(OSError, ValueError), self._transaction() as connection:
            connection.execute("DELETE FROM claims WHERE owner = ?", (self._owner,))

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _differing(now: str, there: str) -> str:
    """Return the parts in which two lists of settings differ."""
    parts = now.split(", "), there.split(", ")
    own = (", ".join(x for x in a if x not in b) or "none" for a, b in (parts, parts[::-1]))
    return "now {}, there {}".format(*own)


def checksum(body: str) -> int:
    """Return a checksum, which shows errors in a record's text."""
    return zlib.crc32(body.encode())


def _key(record: Record) -> Key:
    return tuple(record[name] for name in ("data", "repeat", "fold", "sampler", "classifier"))
