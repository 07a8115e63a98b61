"""The search by blocks, for classes of many rows: the same neighbours as all distances give."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from gan_resample.mixing import neighbours
from gan_resample.mixing.neighbours import nearest_neighbours


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(neighbours, "LARGE", 100)
    monkeypatch.setattr(neighbours, "BLOCK", 64)


@pytest.mark.parametrize("n", [257, 320, 451])  # the last block: one row, full, in part
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_blocks_find_the_neighbours_that_all_distances_give(n, dtype):
    # far from the origin, on scales that float32 could not tell apart there
    rows = torch.randn(n, 6, dtype=dtype) + 300 * (torch.arange(n) % 2)[:, None]
    found = nearest_neighbours(rows, 5).numpy()
    x = rows.double().numpy()
    expected = NearestNeighbors(n_neighbors=5).fit(x).kneighbors(return_distance=False)
    assert (found == expected).all()


def test_copies_are_neighbours_and_no_row_is_its_own():
    rows = torch.randn(60, 4).repeat(4, 1)
    found = nearest_neighbours(rows, 5).numpy()
    assert (np.sort(found[:, :3] % 60, axis=1) == (np.arange(240) % 60)[:, None]).all()
    assert (found != np.arange(240)[:, None]).all()
    assert all(len(set(row)) == 5 for row in found.tolist())


@pytest.mark.parametrize("value", [torch.nan, 1e30])
def test_values_without_finite_squares_are_left_to_the_plain_search(value):
    rows = torch.randn(150, 3)
    rows[7] = value
    found = nearest_neighbours(rows, 4)
    assert found.shape == (150, 4)
    assert ((found >= 0) & (found < 150)).all()
