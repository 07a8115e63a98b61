"""What is missing in rows that are mixed: masks, distances, means, and the mixers."""

import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import nan_euclidean_distances
from sklearn.neighbors import NearestNeighbors

from gan_resample.mixing.gaps import Gaps
from gan_resample.mixing.geometry import (
    Anchors,
    ClassMixer,
    NeighbourMixer,
    SpreadMixer,
    nearest_neighbours,
    spread,
)

# columns: a number, one with gaps, a category with gaps (2 to 4), flags of the number (5, 6)
SPANS, GAPS = [(2, 5), (5, 7)], [(1, 6), (2, 4)]
FULL = [0.5, 2.0, 1, 0, 0, 1, 0]
NO_NUMBER = [0.1, 0.0, 0, 1, 0, 0, 1]
NO_KIND = [0.9, 4.0, 0, 0, 1, 1, 0]
NOTHING = [0.3, 0.0, 0, 0, 1, 0, 1]


def gaps():
    return Gaps(SPANS, GAPS, 7)


def rows_with_gaps(n, seed=0):
    rng = np.random.default_rng(seed)
    lacks, kind = rng.random(n) < 0.4, rng.integers(0, 3, n)
    numbers = np.column_stack([rng.normal(size=n), np.where(lacks, 0, rng.normal(5, 1, n))])
    flags = np.column_stack([~lacks, lacks])
    rows = np.hstack([numbers, np.eye(3)[kind], flags])
    return torch.as_tensor(rows, dtype=torch.float32)


def stored(n=30, n_neighbors=5):
    x = rows_with_gaps(n)
    kept = Anchors((n, 0), 7, n_neighbors, gaps())
    kept.choose(torch.zeros(n, dtype=torch.long))
    kept.keep(x[kept.chosen])
    return kept


def test_masks_by_hand():
    lacking = gaps().lacking(torch.tensor([FULL, NO_NUMBER, NO_KIND, NOTHING]))
    flags = [True, True]
    assert lacking.tolist() == [
        [False, False, False, False, False, *flags],
        [False, True, False, False, False, *flags],
        [False, False, True, True, True, *flags],
        [False, True, True, True, True, *flags],
    ]
    assert not gaps().any_missing(torch.tensor([FULL, FULL]))
    assert gaps().any_missing(torch.tensor([FULL, NO_KIND]))


def test_distances_by_hand():
    rows = torch.tensor([FULL, NO_NUMBER, NO_KIND, NOTHING])
    found = gaps().distances(rows, rows)
    # squares over columns that both have: a number counts 1, and so does the category
    expected = {
        (0, 1): (0.4**2 + 2) / 2,
        (0, 2): (0.4**2 + 2.0**2) / 2,
        (0, 3): 0.2**2,
        (1, 2): 0.8**2,
        (2, 3): 0.6**2,
    }
    for (i, j), square in expected.items():
        assert found[i, j].item() == pytest.approx(square**0.5, abs=1e-3)
        assert found[j, i].item() == pytest.approx(square**0.5, abs=1e-3)


def test_distances_of_numbers_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 4))
    X[rng.random(X.shape) < 0.4] = np.nan
    X[0], X[1] = [1, np.nan, np.nan, 1], [np.nan, 1, 1, np.nan]  # nothing in common
    lacks = np.isnan(X)
    flags = np.stack([~lacks, lacks], axis=2).reshape(30, 8)
    rows = torch.as_tensor(np.hstack([np.where(lacks, 0, X), flags]))
    own = Gaps([(4 + 2 * j, 6 + 2 * j) for j in range(4)], [(j, 5 + 2 * j) for j in range(4)], 12)
    found, expected = own.distances(rows, rows).numpy(), nan_euclidean_distances(X) / 2  # of 4
    apart = np.isnan(expected)
    assert apart[0, 1]
    np.testing.assert_allclose(found[~apart], expected[~apart], atol=1e-7)
    assert (found[apart] == torch.finfo(torch.float64).max).all()
    near = nearest_neighbours(rows, 3, gaps=own)
    np.fill_diagonal(expected, np.inf)
    order = np.sort(np.where(apart, np.inf, expected), axis=1)[:, :3]
    np.testing.assert_allclose(np.take_along_axis(expected, near.numpy(), 1), order, atol=1e-7)


def test_an_estimator_that_finds_neighbours_is_given_nan_and_no_flags():
    rows = rows_with_gaps(40)
    search = NearestNeighbors(n_neighbors=4, metric="nan_euclidean")
    found = nearest_neighbours(rows, 3, search, gaps())
    seen = gaps().with_nan(rows).numpy()
    assert seen.shape == (40, 5)
    assert np.isnan(seen).any()
    expected = nan_euclidean_distances(seen)
    np.fill_diagonal(expected, np.inf)
    order = np.sort(expected, axis=1)[:, :3]
    np.testing.assert_allclose(np.take_along_axis(expected, found.numpy(), 1), order, atol=1e-6)
    with pytest.raises(ValueError, match="takes no missing values"):
        nearest_neighbours(rows, 3, NearestNeighbors(n_neighbors=4), gaps())


def test_without_missing_values_in_the_class_neighbours_are_the_usual_ones():
    rows = rows_with_gaps(40)
    rows = rows[~gaps().lacking(rows)[:, :5].any(dim=1)]
    kept = Anchors((len(rows),), 7, 3, gaps())
    kept.keep(rows)
    assert torch.equal(kept.neighbours, nearest_neighbours(rows, 3))


def test_spread_by_hand_with_partners_that_lack():
    four = torch.tensor(
        [
            [FULL, NO_NUMBER, NO_KIND, FULL],  # b lacks the number, c the category
            [FULL, NO_KIND, NO_NUMBER, FULL],  # b lacks the category, c the number
            [NOTHING, FULL, NO_NUMBER, NO_KIND],  # the base row lacks both
            [FULL, NO_KIND, FULL, NOTHING],
        ]
    )
    torch.manual_seed(0)
    lacks = gaps().lacking(four.flatten(0, 1)).unflatten(0, (4, 4))
    inside, step = spread(four, torch.tensor(0.5), lacks)
    torch.manual_seed(0)
    v = torch.rand(4, 1)
    expected = [
        [0.3, 2.0, 0.5, 0.5, 0, 1, 0],
        [0.7, 3.0, 1, 0, 0, 1, 0],
        [0.4, 0.0, 0, 0, 1, 0, 1],
        [0.7, 3.0, 1, 0, 0, 1, 0],
    ]
    torch.testing.assert_close(inside, torch.tensor(expected))
    steps = [[0.4, 2.0], [-0.4, 0.0], [-0.8, 0.0], [0.2, 0.0]]
    torch.testing.assert_close(step[:, :2], v * torch.tensor(steps))
    torch.testing.assert_close(step[1, 2:5], v[1] * torch.tensor([-1.0, 1, 0]))
    assert (step[[0, 2, 3], 2:5] == 0).all()
    assert (step[:, 5:] == 0).all()


def test_means_are_over_the_rows_that_have_a_number():
    rows = torch.tensor([FULL, NO_NUMBER, NO_KIND])
    weights = torch.tensor([[0.3, 0.4, 0.3], [0.1, 0.6, 0.3], [0.0, 1.0, 0.0]])
    mixed = gaps().mean(weights @ rows)
    assert mixed[0].tolist() == pytest.approx([0.46, 3.0, 0.3, 0.4, 0.3, 0.6, 0.4])
    assert mixed[1, 1].item() == pytest.approx(2 * (0.1 * 2 + 0.3 * 4))  # most of it is missing
    assert mixed[2, 1] == 0


def test_spread_rows_lack_what_a_real_row_lacks():
    kept = stored()
    mixer = SpreadMixer(kept, 6, 16, 2.0)
    made = mixer(mixer.draw(torch.zeros(400, dtype=torch.long)), (400, 0))
    lacks, real = kept.gaps.lacking(made), kept.lacks
    patterns = {tuple(row) for row in real.tolist()}
    assert {tuple(row) for row in lacks.tolist()} == patterns
    assert len(patterns) == 4
    assert (made[:, 5:] == made[:, 5:].round()).all()
    assert (made[made[:, 6] == 1, 1] == 0).all()
    share = lacks[:, :5].float().mean(dim=0) - real[:, :5].float().mean(dim=0)
    assert share.abs().max() < 0.1


@pytest.mark.parametrize("kind", ["class", "classes", "neighbours"])
def test_convex_mixtures_have_numbers_of_rows_that_have_them(kind):
    kept = stored()
    if kind == "neighbours":
        mixer = NeighbourMixer(kept, 6, 16)
    else:
        mixer = ClassMixer(kept, 6, (16, 8)).eval()
        mixer.together = False
    drawn = mixer.draw(torch.zeros(50, dtype=torch.long))
    rows, weights, anchors = mixer.mix(drawn, (50, 0))
    torch.testing.assert_close(mixer(drawn, (50, 0)), rows)
    numbers, there = kept.rows[anchors][:, :, 1], kept.rows[anchors][:, :, 5]
    mean = (weights * numbers).sum(dim=1) / (weights * there).sum(dim=1)
    usual = rows[:, 5] >= 0.5
    assert usual.any()
    torch.testing.assert_close(rows[usual, 1], mean[usual])
    assert (rows[usual, 1] - 5).abs().max() < 3  # 0 stands for nothing


def test_classes_mixed_together_have_numbers_of_rows_that_have_them():
    x = rows_with_gaps(24)
    kept = Anchors((12, 12), 7, gaps=gaps())
    kept.choose(torch.arange(2).repeat_interleave(12))
    kept.keep(x[kept.chosen])
    mixer = ClassMixer(kept, 6, (16, 8)).eval()
    assert mixer.together
    drawn = mixer.draw(torch.arange(2).repeat_interleave(5))
    rows = mixer(drawn, (5, 5))
    mixer.together = False
    torch.testing.assert_close(rows, mixer(drawn, (5, 5)))
