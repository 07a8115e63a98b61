"""What an argument may ask for in memory: refused with its name before anything is allocated."""

from __future__ import annotations

__all__ = ["MOST_BYTES", "refuse_beyond"]

MOST_BYTES = 2 * 2**30  # of one table that an argument alone makes large


def refuse_beyond(n_bytes: float, what: str, advice: str) -> None:
    """Raise where ``what`` would take more than 2 GiB.

    Raises
    ------
    ValueError
        It would: says how much, and gives the ``advice``.
    """
    if n_bytes > MOST_BYTES:
        raise ValueError(
            f"{what} would take {n_bytes / 2**30:,.1f} GiB, more than the "
            f"{MOST_BYTES / 2**30:.0f} GiB that are allowed: {advice}"
        )
