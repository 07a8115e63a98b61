"""Missing values of encoded rows: which they are, and distances and means of what is there."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gan_resample.nn.modules import number_gaps

__all__ = ["Gaps"]


class Gaps(nn.Module):
    """Which columns of encoded rows tell that others are missing.

    Parameters
    ----------
    spans, gaps : sequences
        As the encoder has them: ``spans_`` and ``gaps_``.
    n_features : int
        Columns of an encoded row.
    """

    told_by: Tensor
    may_lack: Tensor
    flags: Tensor
    weights: Tensor
    numbers: Tensor
    there: Tensor

    def __init__(
        self,
        spans: Sequence[tuple[int, int]],
        gaps: Sequence[tuple[int, int]],
        n_features: int,
    ) -> None:
        super().__init__()
        told_by, flags = torch.full((n_features,), -1), torch.zeros(n_features, dtype=torch.bool)
        weights = torch.ones(n_features)  # such that a category weighs as much as a number
        numbers = number_gaps(spans, gaps)
        for start, stop in spans:
            weights[start:stop] = 1 / (stop - start)
        for column, missing in gaps:
            if (column, missing) in numbers:
                told_by[column] = missing
                flags[missing - 1 : missing + 1] = True
            else:
                told_by[column : missing + 1] = missing
        told = {
            "told_by": told_by.clamp(min=0),
            "may_lack": told_by >= 0,
            "flags": flags,
            "weights": weights * ~flags,
            "numbers": torch.tensor([column for column, _ in numbers], dtype=torch.long),
            "there": torch.tensor([missing - 1 for _, missing in numbers], dtype=torch.long),
        }
        for name, tensor in told.items():
            self.register_buffer(name, tensor, persistent=False)

    def lacking(self, rows: Tensor) -> Tensor:
        """Return which entries of encoded rows are missing, (n, n_features); flags all are."""
        return (rows.index_select(1, self.told_by) > 0.5) & self.may_lack | self.flags

    def with_nan(self, rows: Tensor) -> Tensor:
        """Return encoded rows with NaN for what is missing, and without flags."""
        lacking = self.lacking(rows) & ~self.flags
        return rows.masked_fill(lacking, torch.nan)[:, ~self.flags]

    def any_missing(self, rows: Tensor) -> bool:
        """Return whether a value of encoded rows, (n, n_features), is missing."""
        return bool((self.lacking(rows) & ~self.flags).any())

    def distances(self, some: Tensor, rows: Tensor) -> Tensor:
        """Return distances over what two rows both have, (len(some), len(rows)).

        As scikit-learn's ``nan_euclidean_distances``, up to a factor that is the same for all
        pairs: squares are divided by the number of columns of the table that both rows have. The
        largest finite number stands for rows that have no column in common.
        """
        here, there = (~self.lacking(part) for part in (some, rows))
        here, there = here.to(some.dtype), there.to(some.dtype)
        x, y = some * here, rows * there
        squares = x.square() @ there.T - 2 * x @ y.T + here @ y.square().T
        common = (here * self.weights) @ there.T
        mean = squares.clamp(min=0) / common
        return torch.where(common > 0, mean.sqrt(), torch.finfo(mean.dtype).max)

    def mean(self, mixed: Tensor) -> Tensor:
        """Return weighted means of rows with every number the mean over the rows that have it.

        A number that most of the weight lacks will be missing, and its value does not matter.
        """
        weight = mixed.index_select(1, self.there).clamp(min=0.5)
        numbers = mixed.index_select(1, self.numbers) / weight
        return mixed.index_copy(1, self.numbers, numbers)
