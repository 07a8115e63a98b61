"""The limit on memory that a single argument may ask for, checked before it is allocated."""

from __future__ import annotations

__all__ = ["MOST_BYTES", "refuse_beyond"]

MOST_BYTES = 2 * 2**30  # of one tensor whose size is set by an argument


def refuse_beyond(n_bytes: float, what: str, advice: str) -> None:
    """Raise if ``what`` would take more than 2 GiB.

    Raises
    ------
    ValueError
        If it would; the message says how much it would take, and ends in ``advice``.
    """
    if n_bytes > MOST_BYTES:
        raise ValueError(
            f"{what} would take {n_bytes / 2**30:,.1f} GiB, more than the "
            f"{MOST_BYTES / 2**30:.0f} GiB that are allowed: {advice}"
        )
