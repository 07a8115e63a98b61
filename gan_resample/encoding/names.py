"""Names of encoded columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["encoded_names"]


def encoded_names(encoder: Any, names: Sequence[str]) -> NDArray[Any]:
    """Return the names of the columns that a fitted ``TableEncoder`` makes of those of ``names``.

    See ``TableEncoder.get_feature_names_out``.
    """
    numbers = [names[j] for j in encoder.numeric_features_]
    lacking = {missing for _, missing in encoder.gaps_}
    # the spans of flags follow, and have no categories
    columns = zip(
        *(encoder.categorical_features_, encoder.categories_, encoder.rare_levels_),
        encoder.spans_,
        strict=False,
    )
    levels = []
    for j, categories, rare, (start, _) in columns:
        for at, category in enumerate(categories):
            grouped = len(rare) and start + at not in lacking and category == rare[0]
            told = "missing" if start + at in lacking else "rare" if grouped else category
            levels.append(f"{names[j]}_{told}")
    flagged = [numbers[at] for at, _ in encoder.gaps_ if at < len(numbers)]
    flags = [f"{name}_{flag}" for name in flagged for flag in ("present", "missing")]
    return np.array([*numbers, *_unlike(names, [*levels, *flags])], dtype=object)


def _unlike(names: Sequence[str], made: Sequence[str]) -> list[str]:
    """Return ``made`` with further underscores where one equals another, or one of ``names``."""
    taken, unique = set(names), []
    for name in made:
        while name in taken:
            name += "_"
        taken.add(name)
        unique.append(name)
    return unique
