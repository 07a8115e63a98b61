"""Options that both commands have: columns by name, and settings of games."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import gan_resample

__all__ = [
    "EPILOG",
    "Columns",
    "add_columns",
    "add_game",
    "find_columns",
    "games_with",
    "join_values",
    "say",
    "say_kinds",
    "split_names",
]

OFFERED = 5  # up to so many extreme values, messages offer to read them as missing
TAKE_TEXT = ("--groups", "--drop", "--categorical", "--id", "--missing", "--target", "--mark")

EPILOG = (
    "A, B are names of columns, as one line of a CSV file: a name with a comma stands in quotes, "
    """--drop '"town, country",age'; an argument that is a column's name as it is means that """
    "column; names that begin with two dashes follow an equals sign, --drop=--w; and the options "
    "can be given several times."
)


def add_columns(command: argparse.ArgumentParser) -> None:
    """Add the options that name columns, and values in them."""
    add = command.add_argument
    lists: dict[str, Any] = {"action": "append", "default": [], "metavar": "A,B"}
    add("--target", metavar="COL", help="column with the labels (target, else the last one)")
    add("--drop", **lists, help="columns to leave out")
    add("--categorical", **lists, help="columns of numbers that are categories; texts mostly are")
    add("--id", **lists, help="columns that identify rows: no features")
    add("--missing", action="append", default=[], metavar="X,Y",
        help="cells without a value, besides empty ones, ?, NA, NaN and nan; "
        "a number is one in any spelling, -9999 and -9,999.0")  # fmt: skip


def add_game(command: argparse.ArgumentParser) -> None:
    """Add the options of games, and the seed."""
    add = command.add_argument
    add("--max-iter", type=int, metavar="N", help="rounds of every game (its default)")
    add("--seed", type=int, default=0, metavar="N", help="of all that is random (0)")


def games_with(ending: str) -> str:
    """Return a text with the names of the games that have a "Sampler", or a "Classifier".

    They follow from the public names, since ``--help`` must not load libraries: estimators of
    games are named after their folder.
    """
    places = gan_resample._MODULE_OF.items()
    return ", ".join(game for name, game in places if name.lower() == game + ending.lower())


def join_values(arguments: Sequence[str]) -> list[str]:
    """Allow values that begin with a minus, as in ``--missing -,NULL``, despite argparse."""
    joined: list[str] = []
    for argument in arguments:
        minus = argument.startswith("-") and not argument.startswith("--") and argument != "-h"
        if minus and joined and joined[-1] in TAKE_TEXT:
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def split_names(argument: str, *, skip_blanks: bool = True) -> list[str]:
    """Split one line of a CSV file; names keep blanks in quotes."""
    lines = argument.splitlines(keepends=True) or [""]
    rows = [*csv.reader(lines, skipinitialspace=skip_blanks)]
    return rows[0] if len(rows) == 1 else [argument]


def find_columns(
    arguments: Iterable[str], columns: Collection[str]
) -> tuple[list[str], list[str]]:
    """Return the columns named by the values of an option, and the names that fit no column.

    Parameters
    ----------
    arguments : iterable of str
        Each is either the name of a column, or several names as in :func:`split_names`. Blanks
        around a name are ignored unless two columns differ only by them.
    columns : collection of str
    """
    found: list[str] = []
    unknown: list[str] = []
    for argument in arguments:
        readings = [
            [argument],
            split_names(argument, skip_blanks=False),
            [name for name in split_names(argument) if name.strip()],
        ]
        named = [[_find(name, columns) for name in names] for names in readings]
        whole = next((columns for columns in named if None not in columns), None)
        if whole is not None:
            found += [name for name in whole if name is not None]
        else:
            pairs = zip(readings[-1], named[-1], strict=True)
            unknown += [name for name, column in pairs if column is None]
    return [*dict.fromkeys(found)], unknown


def _find(name: str, columns: Collection[str]) -> str | None:
    if name in columns:
        return name
    alike = [column for column in columns if column.strip() == name.strip()]
    return alike[0] if len(alike) == 1 else None


@dataclass(frozen=True)
class Columns:
    """Columns named by the options: as typed (:meth:`asked`), or as in a table (:meth:`find`).

    Parameters
    ----------
    target : str or None
    drop, categorical, ids : tuple of str
    missing : tuple of str
        Cells without a value.
    groups : str or None
        Says which rows belong together.
    """

    target: str | None = None
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    groups: str | None = None

    @classmethod
    def asked(cls, options: argparse.Namespace) -> Columns:
        missing = [token.strip() for text in options.missing for token in split_names(text)]
        return cls(
            options.target,
            tuple(options.drop),
            tuple(options.categorical),
            tuple(options.id),
            tuple(missing),
            getattr(options, "groups", None),  # an option of compare alone
        )

    def find(self, what: Any, columns: Collection[str]) -> Columns:
        """Return the columns that are meant, out of ``columns``; raise if there is no such column.

        Parameters
        ----------
        what : object
            The table, for messages.
        columns : collection of str
        """
        found: dict[str, Any] = {}
        unknown: dict[str, None] = {}
        for name in ("drop", "categorical", "ids"):
            known, odd = find_columns(getattr(self, name), columns)
            found[name] = tuple(known)
            unknown |= dict.fromkeys(odd)
        if unknown:
            raise no_column(what, [*unknown], columns)
        for name in ("target", "groups"):
            asked = getattr(self, name)
            found[name] = asked and _find(asked, columns)
            if asked and found[name] is None:
                raise no_column(what, [asked], columns)
        chosen = replace(self, **found)
        chosen.check()
        return chosen

    def check(self) -> None:
        """Raise if a column is named by two options."""
        named: dict[str, Sequence[str | None]] = {"--target": [self.target]}
        named |= {"--drop": self.drop, "--id": self.ids}
        named |= {"--categorical": self.categorical, "--groups": [self.groups]}
        for (one, left), (other, right) in combinations(named.items(), 2):
            if both := [name for name in left if name is not None and name in right]:
                raise ValueError(f"column {both[0]!r} is named by {one} and by {other}: choose")

    def of(self, columns: Collection[str]) -> Columns:
        """Return those that one of several tables has; it must have the target and the groups."""
        lists: dict[str, Any] = {
            name: tuple(column for column in getattr(self, name) if column in columns)
            for name in ("drop", "categorical", "ids")
        }
        return replace(self, **lists)


def no_column(what: Any, unknown: Sequence[str], columns: Iterable[str]) -> ValueError:
    """Return the error for names that are not columns."""
    return ValueError(
        f"{what} has no column {', '.join(map(repr, unknown))}; its columns are "
        f"{', '.join(map(repr, columns))}"
    )


def say(sentences: Iterable[str]) -> None:
    """Print notes on what was guessed, to stderr."""
    for sentence in sentences:
        print(f"note: {sentence}", file=sys.stderr)


def say_kinds(name: str, kinds: Mapping[Any, Any]) -> None:
    """Print what was guessed about columns, and what looks wrong."""
    from gan_resample.encoding.kinds import option

    for column, kind in kinds.items():
        if kind.told:
            say([f"column {column!r} of {name}: {kind.told}"])
        if kind.warning:
            ways = f"{option('--id', [column])}, or {option('--drop', [column])}"
            if 0 < len(kind.extreme) <= OFFERED:
                ways = f"{option('--missing', kind.extreme)}, {ways}"
            print(f"warning: column {column!r} of {name} {kind.warning} ({ways})", file=sys.stderr)
