"""One table of each family; which families are for development, and which for confirmation.

Fixed before any run (2026-11-21):

1. Tables that share rows, or come from one source, are a family; the alphabetically first
   represents it. Other tables are families of one.
2. An earlier study chose SpreadSMOTE's geometry on eight tables (``SEEN``). Their families are
   always for development: what was chosen on them is not confirmed by them.
3. Of the other families, in alphabetical order, ``default_rng(SEED)`` draws as many for
   development as make the halves equal (with an odd number, confirmation has one more).
4. All choices are made on the development half. The confirmation half is run once, at the end.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

__all__ = ["halves", "one_of_each_family"]

SEED = 20261121
FAMILIES = (
    ("abalone", "abalone19", "abalone9-18"),
    ("car", "car-good", "car-vgood"),
    ("ecoli", "ecoli3", "ecoli4"),
    ("glass", "glass1", "glass5"),
    ("hypothyroid", "sick_euthyroid", "thyroid_sick"),
    ("page-blocks", "page-blocks0", "page-blocks-1-3_vs_4"),
    ("poker-8-9_vs_5", "poker-9_vs_7"),
    ("wine_quality", "winequality-red-4"),
    ("yeast", "yeast-2_vs_4", "yeast1", "yeast4", "yeast6"),
)
SEEN = (
    "abalone9-18",
    "coil_2000",
    "oil",
    "page-blocks",
    "haberman",
    "german_credit",
    "yeast4",
    "phoneme",
)


def family(table: str) -> str:
    """Return the name of the table that represents a table's family."""
    return next((min(members) for members in FAMILIES if table in members), table)


def one_of_each_family(tables: Iterable[str]) -> list[str]:
    """Return the tables that represent the families of ``tables``, in alphabetical order."""
    return sorted({family(table) for table in tables})


def halves(tables: Iterable[str]) -> tuple[list[str], list[str]]:
    """Split families into those for development and for confirmation, in alphabetical order."""
    names = one_of_each_family(tables)
    seen = {family(table) for table in SEEN} & set(names)
    others = [name for name in names if name not in seen]
    n_drawn = max(0, len(names) // 2 - len(seen))
    drawn = np.random.default_rng(SEED).choice(others, n_drawn, replace=False)
    development = sorted(seen | set(drawn.tolist()))
    return development, [name for name in names if name not in development]
