"""The file behind a store: whether it is a store, in which format, and whether it is intact.

Nothing here writes to a file that is not a store of this package, or is damaged.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

__all__ = [
    "APPLICATION",
    "CLAIMS",
    "FORMAT",
    "SCHEMA",
    "check_file",
    "check_path",
    "explained",
    "format_of",
    "is_store",
]

APPLICATION = 0x67616E72  # "ganr", in the header of the file: SQLite's application_id
FORMAT = 1  # SQLite's user_version; format 0 has no application_id and no checksums

CLAIMS = """
CREATE TABLE IF NOT EXISTS claims (
    data TEXT, repeat INTEGER, fold INTEGER, sampler TEXT, owner TEXT,
    PRIMARY KEY (data, repeat, fold, sampler)
)
"""
SCHEMA = f"""
BEGIN IMMEDIATE;
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {FORMAT};
CREATE TABLE IF NOT EXISTS about (kind TEXT, name TEXT, value TEXT, PRIMARY KEY (kind, name));
CREATE TABLE IF NOT EXISTS records (
    data TEXT, repeat INTEGER, fold INTEGER, sampler TEXT, classifier TEXT, body TEXT,
    checksum INTEGER, PRIMARY KEY (data, repeat, fold, sampler, classifier)
);
{CLAIMS};
COMMIT;
"""
COLUMNS = {
    "about": ("kind", "name", "value"),
    "records": ("data", "repeat", "fold", "sampler", "classifier", "body", "checksum"),
    "claims": ("data", "repeat", "fold", "sampler", "owner"),
}

MAGIC = b"SQLite format 3\0"
# what is wrong, and what to do about it, if anything but naming another place
OTHERS = {
    b"\x1f\x8b": ("it is a gzip file", "unpack it first"),
    b"PK": ("it is a zip file", ""),
    b"PAR1": ("it is a Parquet file", ""),
}
WHY = {
    "SQLITE_BUSY": ("another program holds it", "end that, and start again"),
    "SQLITE_READONLY_DBMOVED": (
        "it was removed or replaced meanwhile, and what was kept in it went with it",
        "start again",
    ),
    "SQLITE_READONLY": ("it or its folder cannot be written", "allow that"),
    "SQLITE_CANTOPEN": (
        "it cannot be opened or made in its folder",
        "see whether that is there and may be written",
    ),
    "SQLITE_FULL": ("the disk is full", "make room, and start again"),
    "SQLITE_IOERR": ("the disk is full or fails", "make room, and start again"),
    "SQLITE_CORRUPT": ("it is damaged", "remove it"),
    "SQLITE_NOTADB": ("it is damaged", "remove it"),
}


class _ForeignError(ValueError):
    """Says why a file is not a store, or cannot be read, and what to do about it."""

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(reason, advice)


def check_path(path: Any) -> str:
    """Return the path of a store as a text.

    Raises
    ------
    ValueError
        If it is not a path, empty, or SQLite's name for memory.
    """
    if not isinstance(path, (str, os.PathLike)) or not isinstance(os.fspath(path), str):
        raise ValueError(
            f"store={path!r} of type {type(path).__name__} must be the path of a file, as a text "
            "or a pathlib.Path, or None for memory"
        )
    if os.fspath(path) in ("", ":memory:") or "\0" in os.fspath(path):
        raise ValueError(f"store={path!r} names no file: give a path, or None for memory")
    return os.fspath(path)


def is_store(path: Any) -> bool:
    """Whether a file is a store that this package wrote, of this or an older format.

    Reads the file's header and, for the oldest format, the names of its columns; changes nothing,
    and waits for no lock. A damaged store counts as a store if its header is intact.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    written_by_us : bool
        Also False if there is no file, or an empty one.
    """
    try:
        ours, _ = _look(os.fspath(path))
    except (OSError, ValueError, sqlite3.DatabaseError):
        return False
    return ours


def check_file(path: str) -> None:
    """Raise if a file is not a store, before SQLite opens it to write, which may change it.

    Raises
    ------
    ValueError
        If there is something else at that place.
    OSError
        If it cannot be read.
    """
    try:
        _look(path)
    except OSError as error:
        raise OSError(_told(path, error.strerror or str(error))) from error
    except _ForeignError as error:
        raise ValueError(_told(path, *error.args)) from error
    except sqlite3.DatabaseError as error:
        raise ValueError(_told(path, *_why(error))) from error


def format_of(connection: sqlite3.Connection, path: str) -> int | None:
    """Check an open file, and return the number of its format, or None if it is empty.

    Parameters
    ----------
    connection : sqlite3.Connection
        In autocommit mode.
    path : str

    Raises
    ------
    ValueError
        If it is damaged, or has another layout.
    OSError
        If another program has locked it.
    """
    with explained(path, ValueError):
        connection.execute("BEGIN")  # so that nobody writes meanwhile
        try:
            if _is_empty(connection):
                return None
            _check_layout(connection)
            _check_whole(connection, path)
            return _pragma(connection, "user_version")
        finally:
            connection.execute("ROLLBACK")


@contextmanager
def explained(path: str, error_type: type[Exception] = OSError) -> Iterator[None]:
    """Turn SQLite's errors into one sentence: an ``error_type``, or OSError for lock and disk."""
    try:
        yield
    except _ForeignError as error:
        raise ValueError(_told(path, *error.args)) from error
    except sqlite3.DatabaseError as error:
        damaged = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF in (
            sqlite3.SQLITE_CORRUPT,
            sqlite3.SQLITE_NOTADB,
        )
        raise (error_type if damaged else OSError)(_told(path, *_why(error))) from error


# ---- checks -------------------------------------------------------------------------------------


def _look(path: str) -> tuple[bool, int]:
    """Return whether there is a store, and its format; raise for anything else."""
    if not os.path.exists(path):
        folder = os.path.dirname(os.path.abspath(path))
        if not os.path.isdir(folder):
            raise _ForeignError(f"there is no folder {folder}", "make it first")
        return False, FORMAT
    kind = os.stat(path).st_mode
    if not stat.S_ISREG(kind):  # opening a pipe would wait
        raise _ForeignError("it is a folder" if stat.S_ISDIR(kind) else "it is no ordinary file")
    with open(path, "rb") as file:
        header = file.read(100)
    if not header:
        return False, FORMAT  # left by a process that was killed at its start
    if header[:16] != MAGIC or len(header) < 100:
        raise _ForeignError(*_other_kind(header))
    application, version = (int.from_bytes(header[at : at + 4], "big") for at in (68, 60))
    if application == APPLICATION:
        if version > FORMAT:
            raise _ForeignError(
                f"a newer gan_resample wrote it (format {version}, this one reads up to {FORMAT})",
                "use that one",
            )
        return True, version
    return _look_for_tables(path, application or version), 0


def _other_kind(header: bytes) -> tuple[str, str]:
    if header[:16] == MAGIC:
        return "it is damaged, as it ends within its header", "remove it"
    for start, told in OTHERS.items():
        if header.startswith(start):
            return told
    return f"it is no SQLite file, as it begins with {header[:12]!r}", ""


def _look_for_tables(path: str, numbered: int) -> bool:
    """Whether it is a store of the oldest format, or an empty database."""
    place = Path(path).absolute().as_uri()
    # immutable: takes no lock, and does not roll back transactions that others left open
    with closing(sqlite3.connect(f"{place}?mode=ro&immutable=1", uri=True)) as connection:
        empty = _is_empty(connection)
        if numbered or (empty and os.path.exists(f"{path}-wal")):
            raise _ForeignError("it is a database of another application")
        if not empty:
            _check_layout(connection)
        return not empty


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None


def _pragma(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def _check_layout(connection: sqlite3.Connection) -> None:
    """Raise if the tables are not those that this version or one before it makes."""
    found = connection.execute("SELECT type, name FROM sqlite_master").fetchall()
    tables = {name for kind, name in found if kind == "table"}
    if not {"about", "records"} <= tables and _pragma(connection, "application_id") == 0:
        raise _ForeignError(f"it is a database of another application, with {_few(found)}")
    if others := [(kind, name) for kind, name in found if kind in ("view", "trigger")]:
        raise _ForeignError(f"it was changed by another program, which added {_few(others)}")
    n_columns = 7 if _pragma(connection, "user_version") else 6
    for table, columns in COLUMNS.items():
        rows = connection.execute(f"PRAGMA table_info({table})").fetchall()
        names = tuple(row[1] for row in rows)
        if table == "claims" and not names:
            continue  # the first stores had none, which does no harm
        if names != columns[:n_columns]:
            raise _ForeignError(
                f"its table {table} has the columns {', '.join(names) or '(none)'} instead of "
                f"{', '.join(columns[:n_columns])}"
            )


def _few(found: list[tuple[str, str]]) -> str:
    told = ", ".join(f"{kind} {name}" for kind, name in found[:3])
    return told + (", ..." if len(found) > 3 else "")


def _check_whole(connection: sqlite3.Connection, path: str) -> None:
    """Raise if the file is truncated, or its pages are inconsistent."""
    # SQLite reads a truncated page as one that ends in zeros
    size = _pragma(connection, "page_count") * _pragma(connection, "page_size")
    if _pragma(connection, "journal_mode") != "wal" and os.path.getsize(path) < size:
        raise _ForeignError(
            f"it is damaged ({os.path.getsize(path)} of its {size} bytes are there)",
            "remove it",
        )
    found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise _ForeignError(f"it is damaged ({' '.join(found.split())})", "remove it")


# ---- messages -----------------------------------------------------------------------------------


def _why(error: sqlite3.DatabaseError) -> tuple[str, str]:
    name = getattr(error, "sqlite_errorname", None) or ""
    for start, (reason, advice) in WHY.items():
        if name.startswith(start):
            return f"{reason} ({error})", advice
    return str(error), ""


def _told(path: str, reason: str, advice: str = "") -> str:
    ways = f"{advice}, or name another place" if advice else "name another place"
    return f"{path} cannot be used as a store of results: {reason}: {ways}"
