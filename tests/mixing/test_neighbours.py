"""The search by blocks, for classes of many rows: the same neighbours as all distances give."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from gan_resample.mixing import neighbours
from gan_resample.mixing.neighbours import asked_neighbours, nearest_neighbours


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


# ---- an estimator of the user's -----------------------------------------------------------------

LINE = torch.tensor([[0.0], [1.0], [3.0], [7.0], [15.0]], dtype=torch.float64)


class Told:
    """A search that returns what it was told; the least that is asked of one."""

    def __init__(self, found, n_neighbors=3):
        self.found, self.n_neighbors = found, n_neighbors

    def fit(self, X):
        return self

    def kneighbors(self, X, return_distance):
        return np.array(self.found)


def test_an_estimator_is_asked_and_not_changed():
    search = NearestNeighbors(n_neighbors=3, algorithm="kd_tree")
    expected = [[1, 2], [0, 2], [1, 0], [2, 1], [3, 2]]
    assert nearest_neighbours(LINE, 2, search).tolist() == expected
    assert nearest_neighbours(LINE, 1, search).tolist() == [[near] for near, _ in expected]
    assert not hasattr(search, "n_samples_fit_")
    # fewer others than neighbours are repeated in turn, and a lone row is its own
    assert nearest_neighbours(LINE[:3], 5, NearestNeighbors(n_neighbors=6)).tolist() == [
        [1, 2, 1, 2, 1],
        [0, 2, 0, 2, 0],
        [1, 0, 1, 0, 1],
    ]
    assert nearest_neighbours(LINE[:1], 2, search).tolist() == [[0, 0]]


def test_the_row_itself_is_left_out_wherever_it_comes():
    found = [[1, 0, 2], [1, 2, 0], [0, 1, 2]]  # second, first, last
    assert nearest_neighbours(LINE[:3], 2, Told(found)).tolist() == [[1, 2], [2, 0], [0, 1]]
    found = [[1, 2, 3], [0, 2, 3], [2, 0, 1], [3, 0, 1]]  # two rows are not found themselves
    expected = [[1, 2], [0, 2], [0, 1], [0, 1]]
    assert nearest_neighbours(LINE[:4], 2, Told(found)).tolist() == expected


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([[0, 1], [1, 0], [2, 1]], r"Told.kneighbors returned shape \(3, 2\) .* 3 indices"),
        ([[0, 1, -1], [1, 0, 2], [2, 1, 0]], "indices from -1 to 2, but there are 3 rows"),
    ],
)
def test_neighbours_that_cannot_be_are_refused(found, message):
    with pytest.raises(ValueError, match=message):
        nearest_neighbours(LINE[:3], 2, Told(found))


def test_an_estimator_that_needs_labels_is_refused():
    message = r"KNeighborsClassifier needs labels .* take NearestNeighbors\(n_neighbors=4\)"
    with pytest.raises(TypeError, match=message):
        asked_neighbours(KNeighborsClassifier(n_neighbors=4))
    search = NearestNeighbors(n_neighbors=4)
    assert asked_neighbours(search) == (3, search)


def test_an_estimator_that_refuses_missing_values_is_told_of():
    rows = torch.cat([LINE, torch.full((1, 1), torch.nan)])
    with pytest.raises(ValueError, match=r"NearestNeighbors takes no missing values, .* an int"):
        nearest_neighbours(rows, 2, NearestNeighbors(n_neighbors=3))
