"""Numbers that numpy does not hold as numbers: text, ``Decimal``, and ints of Python.

Text is read as numbers, and generated numbers are written like the training cells: with as many
decimals, thousands separators, a percent sign, or an exponent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from numbers import Integral, Real
from typing import Any, Protocol

import numpy as np

__all__ = [
    "Form",
    "TextForm",
    "WholeForm",
    "add",
    "as_decimal",
    "has_leading_zero",
    "is_percentage",
    "is_whole",
    "learn_form",
    "read_number",
]

PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?", re.ASCII)  # not "0,123"
LEADING_ZERO = re.compile(r"[+-]?0\d", re.ASCII)
EXACT = Context(prec=2000)  # holds every float to its last digit


def read_number(text: str) -> Decimal | None:
    """Return the number that a text spells, or None.

    It reads ``-1.5``, ``2e-3``, ``48,000`` and ``12%`` (as 12), also with blanks around them.
    """
    bare = text.strip().removesuffix("%").rstrip()
    if PLAIN.fullmatch(bare):
        return Decimal(bare)
    return Decimal(bare.replace(",", "")) if GROUPED.fullmatch(bare) else None


def is_percentage(text: str) -> bool:
    """Return whether a number ends in a percent sign."""
    return text.rstrip().endswith("%")


def has_leading_zero(text: str) -> bool:
    """Return whether a number has a leading zero, like ``01234``: it is a code rather."""
    return LEADING_ZERO.match(text.strip()) is not None


def is_whole(number: Decimal | None) -> bool:
    """Return whether a number is whole to its last digit, which 1e300 does not have."""
    if number is None or not number.is_finite():
        return False
    return number == number.to_integral_value() and "E+" not in str(number)


class Form(Protocol):
    """How the cells of one column are written."""

    def read(self, cell: Any) -> Any:
        """Return the number that a cell holds, or None."""

    def write(self, value: Decimal) -> Any:
        """Return a cell for a number, rounded like the other cells of the column."""


@dataclass(frozen=True)
class WholeForm:
    """Python's ints, of any size; or integers of numpy, if that is the name of their dtype."""

    dtype: str = ""

    def read(self, cell: Any) -> Decimal:
        return as_decimal(cell)

    def write(self, value: Decimal) -> Any:
        whole = int(value.to_integral_value(ROUND_HALF_EVEN))
        return np.dtype(self.dtype).type(whole) if self.dtype else whole


@dataclass(frozen=True)
class DecimalForm:
    """``Decimal``, with the decimal places of the cells: always (``fixed``) or at most."""

    exponent: int
    fixed: bool

    def read(self, cell: Any) -> Decimal:
        return as_decimal(cell)

    def write(self, value: Decimal) -> Decimal:
        rounded = _round(value, self.exponent)
        if self.fixed or not rounded:
            return rounded
        shortest = rounded.normalize(EXACT)  # 2.5 rather than 2.50 among 0.5 and 0.25
        return shortest if _exponent(shortest) <= 0 else _round(shortest, max(self.exponent, 0))


@dataclass(frozen=True)
class TextForm:
    """Text: decimals as in :class:`DecimalForm`, thousands, plus sign, prefix and suffix."""

    places: DecimalForm
    pointed: bool  # whole numbers are written 2.0, as Python writes floats
    grouped: bool
    plus: bool
    before: str
    after: str

    def read(self, cell: Any) -> Any:
        """Read text, with a percent sign if the other cells have one; numbers as they are."""
        percent = is_percentage(self.after)
        if isinstance(cell, str):
            return read_number(cell) if is_percentage(cell) == percent else None
        return None if percent or not isinstance(cell, (Real, Decimal)) else cell

    def write(self, value: Decimal) -> str:
        rounded = self.places.write(value) + 0  # turns -0 into 0
        sign = ("+" if self.plus else "") + ("," if self.grouped else "")
        text = format(rounded, f"{sign}f")
        if self.pointed and "." not in text:
            text += ".0"
        return f"{self.before}{text}{self.after}"


def learn_form(cells: Iterable[Any]) -> Form | None:
    """Learn how the cells of a column are written; None for floats and similar numbers.

    Parameters
    ----------
    cells : iterable
        Numbers without missing ones; either all are text or none is.
    """
    cells = list(cells)
    if all(isinstance(cell, str) for cell in cells):
        return _learn_text(cells)
    decimals = [cell for cell in cells if isinstance(cell, Decimal)]
    if decimals:
        return _learn_places(decimals)
    whole = all(isinstance(cell, Integral) and not isinstance(cell, bool) for cell in cells)
    return WholeForm(_numpy_dtype(cells)) if whole else None


def _numpy_dtype(cells: list[Any]) -> str:
    """Return the name of the dtype of numbers that all are numpy's and of one; else ""."""
    dtypes = {getattr(cell, "dtype", None) for cell in cells}
    return str(dtypes.pop() or "") if len(dtypes) == 1 else ""


def _learn_places(decimals: Iterable[Decimal]) -> DecimalForm:
    exponents = {_exponent(value) for value in decimals}
    return DecimalForm(min(exponents), len(exponents) == 1)


def _learn_text(texts: list[str]) -> TextForm:
    bare = [text.strip().removesuffix("%").rstrip() for text in texts]
    places = _learn_places(value for text in texts if (value := read_number(text)) is not None)
    positive = [text for text in bare if not text.startswith("-")]
    # a prefix or suffix of the number is kept if all cells have it
    before = {text[: len(text) - len(text.lstrip())] for text in texts}
    after = {
        text[text.rindex(number) + len(number) :] for text, number in zip(texts, bare, strict=True)
    }
    percent = "%" if is_percentage(texts[0]) else ""
    return TextForm(
        DecimalForm(min(places.exponent, 0), places.fixed),
        pointed=any(re.fullmatch(r".*\d\.0", text) for text in bare),
        grouped=any("," in text for text in bare),
        plus=bool(positive) and all(text.startswith("+") for text in positive),
        before=before.pop() if len(before) == 1 else "",
        after=after.pop() if len(after) == 1 else percent,
    )


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0  # a letter for NaN and infinity


def _round(value: Decimal, exponent: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(exponent), ROUND_HALF_EVEN, EXACT)


def as_decimal(value: Any) -> Decimal:
    """Return any real number as a decimal of equal value (for a float, its shortest digits)."""
    if isinstance(value, Decimal):
        return value
    return Decimal(int(value)) if isinstance(value, Integral) else Decimal(repr(float(value)))


def add(first: Decimal, second: Decimal | None) -> Decimal:
    """Return the exact sum."""
    return first if second is None else EXACT.add(first, second)
