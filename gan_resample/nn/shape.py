"""The shape of an encoded row: of a table or an image."""

from __future__ import annotations

from typing import Any

__all__ = ["RowShape"]


class RowShape(tuple[int, ...]):
    """(n_features,) of a row of a table, or (channels, height, width) of an image."""

    __slots__ = ()

    @property
    def is_image(self) -> bool:
        """Whether the row is an image."""
        return len(self) == 3

    @property
    def n_in(self) -> Any:
        """The ``n_in`` of a callable that builds a network: the width of a row, or the shape."""
        return self if self.is_image else self[0]
