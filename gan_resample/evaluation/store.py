"""Where results go as they come: one SQLite file, so that a comparison can be killed and go on.

SQLite commits a task's records together or not at all, whatever happens to the process, and lets
several processes write to one file; they share the work by claiming tasks there.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from threading import RLock
from typing import Any
from uuid import uuid4

from gan_resample.evaluation.fold import Outcome, Record

__all__ = ["Key", "Store", "TaskKey"]

TaskKey = tuple[str, int, int, str]  # data, repeat, fold, sampler
Key = tuple[str, int, int, str, str]  # and classifier

SCHEMA = """
CREATE TABLE IF NOT EXISTS about (kind TEXT, name TEXT, value TEXT, PRIMARY KEY (kind, name));
CREATE TABLE IF NOT EXISTS records (
    data TEXT, repeat INTEGER, fold INTEGER, sampler TEXT, classifier TEXT, body TEXT,
    PRIMARY KEY (data, repeat, fold, sampler, classifier)
);
CREATE TABLE IF NOT EXISTS claims (
    data TEXT, repeat INTEGER, fold INTEGER, sampler TEXT, owner TEXT,
    PRIMARY KEY (data, repeat, fold, sampler)
);
"""

# whoever plays a task again, because another call died or seemed to, may run out of memory
ADD = """
INSERT INTO records VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body
WHERE instr(records.body, '"status": "ok"') = 0 OR instr(excluded.body, '"status": "ok"') > 0
"""

# kinds of settings that are kept as a hash, which tells a reader nothing, and what may differ
HASHED = {"data": "other rows, columns or labels", "splits of": "other rows in the test parts"}


class Store:
    """Records of a comparison, the settings they belong to, and who works on what.

    Threads may share a store: joblib asks for the next task in threads of its own.

    Parameters
    ----------
    path : path-like or None
        A file, made where there is none; None keeps everything in memory.
    """

    def __init__(self, path: Any = None) -> None:
        self.path = ":memory:" if path is None else str(path)
        self._owner = uuid4().hex
        self._about: list[tuple[str, str, str]] = []
        self._lock = RLock()
        try:
            self._connection = sqlite3.connect(self.path, timeout=60, check_same_thread=False)
            self._connection.executescript(SCHEMA)
        except sqlite3.DatabaseError as error:
            raise ValueError(
                f"{self.path} cannot be used as a store of results ({error}): name another place, "
                "or remove it"
            ) from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock, self._connection:  # commits, or rolls back on an error
                yield self._connection
        except sqlite3.DatabaseError as error:
            raise OSError(
                f"cannot keep results in {self.path} ({error}): if another program holds it, or "
                "the disk is full, mend that and start again; else name another place"
            ) from error

    def agree(self, about: Mapping[str, Mapping[str, str]]) -> None:
        """Check that earlier records were made under the same settings, and note new names.

        Parameters
        ----------
        about : mapping of kind -> name -> value
            For example ``{"sampler": {"smote": "SMOTE(...)"}}``. New names are welcome; a name
            that has another value already is not.

        Raises
        ------
        ValueError
            Where the store holds results of another version, other data or other settings.
        """
        self._about = [(k, n, v) for k, values in about.items() for n, v in values.items()]
        with self._transaction() as connection:
            empty = (f"SELECT 1 FROM {table} LIMIT 1" for table in ("records", "claims"))
            if not any(connection.execute(query).fetchone() for query in empty):
                connection.execute("DELETE FROM about")  # of a run that left no result
            self._bind(connection)

    def _bind(self, connection: sqlite3.Connection) -> None:
        """Note the settings of this run, and refuse those of another that differ."""
        connection.executemany("INSERT OR IGNORE INTO about VALUES (?, ?, ?)", self._about)
        held = {(k, n): v for k, n, v in connection.execute("SELECT * FROM about")}
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
        """Names of the data sets that the settings are about."""
        with self._lock:
            rows = self._connection.execute("SELECT name FROM about WHERE kind = 'data'")
            return sorted(name for (name,) in rows)

    def add(self, outcome: Outcome) -> None:
        """Write the records of one task, all or none; a failure replaces no success.

        Raises
        ------
        ValueError
            Where a run with other settings has come between; see :meth:`agree`.
        """
        records = [outcome.sampler | {"classifier": ""}, *outcome.classifiers]
        with self._transaction() as connection:
            self._bind(connection)
            connection.executemany(
                ADD, [(*_key(record), json.dumps(record)) for record in records]
            )

    def records(self, task: TaskKey | None = None) -> dict[Key, Record]:
        """Return records by key, of a task or all; a sampler's own has the classifier ""."""
        one = "" if task is None else "WHERE (data, repeat, fold, sampler) = (?, ?, ?, ?)"
        with self._lock:
            found = self._connection.execute(f"SELECT * FROM records {one}", task or ())
            with closing(found) as rows:
                return {tuple(key): json.loads(body) for *key, body in rows}

    def claim(self, task: TaskKey) -> bool:
        """Tell other processes that this one plays a task; False where one has said so before.

        The claim of a process that was killed stays: a claim says who goes first, no more.
        """
        with self._transaction() as connection:
            made = connection.execute(
                "INSERT OR IGNORE INTO claims VALUES (?, ?, ?, ?, ?)", (*task, self._owner)
            )
            return made.rowcount == 1

    def release(self) -> None:
        """Give back the claims of this process."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM claims WHERE owner = ?", (self._owner,))

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _differing(now: str, there: str) -> str:
    """Tell two lists of settings apart by what they do not share."""
    parts = now.split(", "), there.split(", ")
    own = (", ".join(x for x in a if x not in b) for a, b in (parts, parts[::-1]))
    return "now {}, there {}".format(*own)


def _key(record: Record) -> Key:
    return tuple(record[name] for name in ("data", "repeat", "fold", "sampler", "classifier"))
