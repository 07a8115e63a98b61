"""Write files whole or not at all, and never over a file of the user's.

A file is written under another name and renamed at the end, so that neither a full disk nor Ctrl-C
leaves half of it. Before anything runs, a command refuses to write over its input, and over files
that it did not write.
"""

from __future__ import annotations

import gzip
import io
import os
import tempfile
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from filecmp import cmp
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

from gan_resample.files.text import READABLE, SUFFIXES, suffix_of

__all__ = [
    "REPORT",
    "RESULTS",
    "STORE",
    "check_folder",
    "check_table_file",
    "digest",
    "holds_something",
    "is_report",
    "refuse_foreign_results",
    "refuse_inputs",
    "replaced",
    "sign_page",
    "write_results",
    "write_table",
    "written_by_comparison",
]

STORE, RESULTS, REPORT = "results.sqlite", ("results.csv", "summary.csv"), "report.html"
SIGNED = b"<!-- SHA-256 of all above: "  # at the end of every report
# the first names of the columns that a comparison writes
BEGINNINGS = {"results.csv": "data,repeat,fold,sampler,classifier,", "summary.csv": "data,classi"}


@contextmanager
def replaced(path: Path, *, keep: bool = False) -> Iterator[Path]:
    """Yield a new file in the same folder, which becomes ``path`` if the block raises nothing.

    Parameters
    ----------
    path : Path
    keep : bool, default=False
        Raise FileExistsError at the end instead of replacing a file with other content.
    """
    try:
        with _beside(Path(os.path.realpath(path))) as part:  # a link goes on pointing where it did
            yield part
            if keep and holds_something(path) and not cmp(part, path, shallow=False):
                raise FileExistsError(
                    f"--out {path} exists, and is not what this command would write now: it was "
                    "changed, or written with other options; name another file, or remove it"
                )
    except FileExistsError:
        raise
    except OSError as error:
        raise OSError(f"{path} cannot be written: {error.strerror or error}") from error


@contextmanager
def _beside(place: Path) -> Iterator[Path]:
    if place.exists() and not place.is_file():
        yield place  # such as /dev/stdout
        return
    part = place.with_name(f".{uuid4().hex[:12]}.part{place.suffix}")
    try:
        part.touch()
        if place.exists():
            part.chmod(place.stat().st_mode)
        yield part
        os.replace(part, place)
    finally:
        part.unlink(missing_ok=True)


def check_folder(path: Path) -> None:
    """Make a folder and check that files can be written to it."""
    if path.exists() and not path.is_dir():
        raise NotADirectoryError(f"cannot write to --out {path}: it is a file, name a folder")
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise OSError(f"cannot write to --out {path}: {error.strerror}") from error


def refuse_inputs(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Raise if an output is also an input, by whatever name or link."""
    inputs = [*inputs]
    for output in outputs:
        for source in inputs:
            if output.resolve() == source.resolve() or (
                output.exists() and source.exists() and output.samefile(source)
            ):
                raise ValueError(
                    f"--out would write over {source}, the table itself: name another place"
                )


# ---- what a comparison writes -------------------------------------------------------------------


def refuse_foreign_results(folder: Path, written: Collection[str] | None) -> None:
    """Raise if results would replace a file in the folder that no comparison wrote.

    Parameters
    ----------
    folder : Path
    written : collection of str or None
        Digests of the tables that comparisons wrote there; None if there is no store.
    """
    for name in (*RESULTS, REPORT):
        path = folder / name
        if not holds_something(path):
            continue
        if written is None or not path.is_file():
            ours = False
        else:
            ours = is_report(path) if name == REPORT else digest(path.read_bytes()) in written
        if not ours:
            raise ValueError(
                f"--out {folder} holds {name}, which is not of a comparison whose {STORE} is "
                "there, or was changed since: name another folder, or move that file"
            )


def written_by_comparison(folder: Path, is_store: Callable[[Path], bool]) -> set[str]:
    """Return the names of a comparison's own files in a folder, which are not tables of data.

    A table of the user's may have the same name. So there must be a store beside the files, and
    they must begin with the columns that a comparison writes. They may have been edited.

    Parameters
    ----------
    folder : Path
    is_store : callable
        Tells whether a file is a store of results.
    """
    if not is_store(folder / STORE):
        return set()
    return {name for name in RESULTS if _begins(folder / name, BEGINNINGS[name])}


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal digits."""
    return sha256(content).hexdigest()


def sign_page(page: str) -> bytes:
    """Return the bytes of a report, with the digest of all that precedes it at the end."""
    content = page.encode()
    return content + SIGNED + digest(content).encode() + b" -->\n"


def is_report(path: Path) -> bool:
    """Return whether a file is an unedited page of :meth:`Comparison.to_html`."""
    if not path.is_file():
        return False
    content, mark, end = path.read_bytes().rpartition(SIGNED)
    return bool(mark) and end == digest(content).encode() + b" -->\n"


def holds_something(path: Path) -> bool:
    """Return whether a path is a folder or a file that is not empty."""
    return path.is_dir() or (path.is_file() and path.stat().st_size > 0)


def _begins(path: Path, start: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(start)) == start.encode()


# ---- tables -------------------------------------------------------------------------------------


def check_table_file(path: Path) -> None:
    """Raise on an unknown suffix, a folder, or a format whose library is not installed."""
    name = path.name.lower()
    if not name.endswith(SUFFIXES):
        raise ValueError(f"--out {path} must end in {', '.join(READABLE)}")
    if path.exists() and not path.is_file():
        raise ValueError(f"--out {path} is a folder, or no regular file: name a file")
    if suffix_of(path) in (".parquet", ".feather") and find_spec("pyarrow") is None:
        raise ImportError(f"--out {path} needs pyarrow: pip install pyarrow, or name a .csv file")
    check_folder(path.parent)


def write_table(table: Any, path: Path, *, keep: bool = False) -> None:
    """Write a data frame in the format of the file's suffix; equal tables make equal files.

    Parameters
    ----------
    table : DataFrame
        Written without its index.
    path : Path
        Ends in one of ``SUFFIXES``; a zip file holds one text file of the same name.
    keep : bool, default=False
        Raise FileExistsError instead of replacing a file with other content.
    """
    suffix = suffix_of(path)
    with replaced(path, keep=keep) as place:
        if suffix == ".parquet":
            table.to_parquet(place, index=False)
        elif suffix == ".feather":
            table.to_feather(place)
        elif suffix == ".csv.gz":
            with place.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as file:
                _write_text(table, file, ",")
        elif suffix.endswith(".zip"):
            _write_zip(table, place, path)
        else:
            with place.open("wb") as raw:
                _write_text(table, raw, "\t" if suffix == ".tsv" else ",")


def _write_zip(table: Any, place: Path, path: Path) -> None:
    name = path.name[: -len(".zip")]
    if not name.lower().endswith((".csv", ".tsv")):
        name += ".csv"
    info = zipfile.ZipInfo(name)  # dated 1980: equal tables make equal files
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    with zipfile.ZipFile(place, "w") as archive, archive.open(info, "w", force_zip64=True) as file:
        _write_text(table, file, "\t" if name.lower().endswith(".tsv") else ",")


def _write_text(table: Any, file: Any, separator: str) -> None:
    text = io.TextIOWrapper(file, "utf-8", newline="")
    table.to_csv(text, sep=separator, index=False, lineterminator=os.linesep)
    text.detach()


def write_results(table: Any, path: Path, *, index: bool, sign: Callable[[str], None]) -> None:
    """Hand the digest of a table of results to ``sign``, then write the table as CSV."""
    content = table.to_csv(index=index).encode()
    sign(digest(content))  # first: killed in between, the file is still recognised
    with replaced(path) as place:
        place.write_bytes(content)
