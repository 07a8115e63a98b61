"""The geometry: convex hulls, boxes, neighbours, anchors."""

import numpy as np
import pytest
import torch
from scipy.optimize import linprog
from sklearn.neighbors import NearestNeighbors

from gan_resample.mixing import geometry
from gan_resample.mixing.geometry import (
    Anchors,
    ClassMixer,
    NeighbourMixer,
    SpreadMixer,
    nearest_neighbours,
    spread,
)
from tests.helpers import blobs, tensors

COUNTS = (0, 20, 8)


def anchors(counts=COUNTS, n_neighbors=5, n_features=4):
    x, y = tensors(*blobs((60, *counts[1:]), n_features=n_features))
    kept = Anchors(counts, n_features, n_neighbors)
    kept.choose(y)
    kept.keep(x[kept.chosen])
    return kept


def mixer(kind, kept):
    if kind == "class":
        return ClassMixer(kept, 6, (16, 8))
    if kind == "neighbours":
        return NeighbourMixer(kept, 6, 16)
    return SpreadMixer(kept, 6, 16, 2.0)


def class_rows(kept, code):
    return kept.rows[kept.offsets[code] :][: kept.sizes[code]]


def test_nearest_neighbours_agree_with_scikit_learn():
    rows = torch.randn(50, 3, dtype=torch.float64)
    expected = NearestNeighbors(n_neighbors=5).fit(rows.numpy()).kneighbors(return_distance=False)
    assert (nearest_neighbours(rows, 5).numpy() == expected).all()


def test_neighbours_of_duplicates_exclude_the_row_itself():
    rows = torch.zeros(4, 2)
    near = nearest_neighbours(rows, 3)
    assert all(i not in near[i].tolist() for i in range(4))


@pytest.mark.parametrize(("n", "expected"), [(1, {0}), (2, {0, 1}), (3, {0, 1, 2})])
def test_too_few_rows_repeat_their_neighbours(n, expected):
    near = nearest_neighbours(torch.arange(float(n))[:, None], 5)
    assert near.shape == (n, 5)
    assert set(near.flatten().tolist()) == expected


def test_anchors_draw_uniformly_from_the_class_asked_for():
    kept = anchors()
    y = torch.tensor([1, 2]).repeat(10_000)
    drawn = kept.draw_group(y, 0).squeeze(1)
    assert (drawn[y == 1] < 20).all()
    assert (drawn[y == 2] >= 20).all()
    counts = torch.bincount(drawn, minlength=28)
    assert (counts[:20].float() / 500 - 1).abs().max() < 0.25
    assert (counts[20:].float() / 1250 - 1).abs().max() < 0.25


def test_neighbours_are_of_the_same_class():
    kept = anchors()
    y = torch.tensor([1, 2]).repeat(500)
    group = kept.draw_group(y, 3)
    assert group.shape == (1000, 4)
    assert ((group >= 20) == (y == 2)[:, None]).all()


@pytest.mark.parametrize(
    ("asked", "kept"), [(0, 0), (5, 5), (40, 40), (64, 64), (65, 19), (10**9, 19)]
)
def test_many_neighbours_are_all_others_of_the_largest_class(asked, kept):
    assert anchors(n_neighbors=asked).neighbours.shape == (28, kept)


def test_a_class_of_one_row_has_a_neighbour_itself():
    assert Anchors((3, 1), 2, 10**9).neighbours.shape == (4, 2)
    lone = Anchors((0, 1), 2, 10**9)
    lone.choose(torch.tensor([0, 1]))
    lone.keep(torch.ones(1, 2))
    assert lone.neighbours.tolist() == [[0]]


def test_max_anchors_keeps_a_random_subset():
    x, y = tensors(*blobs((60, 20, 8)))
    kept = Anchors((0, 5, 0), 4)
    kept.choose(y)
    kept.keep(x[kept.chosen])
    pool = x[y == 1]
    assert all((pool == row).all(1).any() for row in kept.rows)
    assert len(kept.rows.unique(dim=0)) == 5


@pytest.mark.parametrize("kind", ["class", "neighbours"])
def test_convex_mixers_mix_rows_of_the_class_with_weights_that_sum_to_one(kind):
    torch.manual_seed(0)
    kept = anchors()
    net = mixer(kind, kept).eval()
    for code in (1, 2):
        y = torch.full((40,), code)
        sizes = [40 * (c == code) for c in range(3)]
        mix = net.mix(net.draw(y), sizes)
        assert (mix.weights >= 0).all()
        torch.testing.assert_close(mix.weights.sum(1), torch.ones(40), atol=1e-5, rtol=0)
        recomputed = (mix.weights[:, None] @ kept.rows[mix.anchors]).squeeze(1)
        torch.testing.assert_close(mix.rows, recomputed, atol=1e-5, rtol=1e-5)
        own = class_rows(kept, code)
        assert (mix.rows <= own.max(0).values + 1e-4).all()
        assert (mix.rows >= own.min(0).values - 1e-4).all()


@pytest.mark.parametrize("kind", ["class", "neighbours"])
def test_convex_mixers_stay_in_the_hull(kind):
    kept = anchors((0, 12, 5), n_features=2)
    net = mixer(kind, kept).eval()
    rows = net(net.draw(torch.full((20,), 1)), [0, 20, 0]).detach().numpy()
    own = class_rows(kept, 1).numpy()
    for row in rows.astype(float):
        # a feasible point of {w >= 0, sum w = 1, w @ own = row}, up to float32
        sides = np.vstack([own.T, -own.T])
        limits = np.concatenate([row, -row]) + 1e-4
        found = linprog(np.zeros(12), sides, limits, np.ones((1, 12)), [1.0])
        assert found.status == 0


def test_the_base_row_is_an_anchor_of_a_neighbour_mix():
    kept = anchors()
    net = mixer("neighbours", kept)
    mix = net.mix(net.draw(torch.full((30,), 2)), [0, 0, 30])
    near = kept.neighbours[mix.anchors[:, 0]]
    assert torch.equal(mix.anchors[:, 1:], near)


def test_two_rows_span_a_segment():
    kept = anchors((0, 20, 2))
    net = mixer("class", kept).eval()
    rows = net(net.draw(torch.full((9,), 2)), [0, 0, 9])
    a, b = class_rows(kept, 2)
    along = ((rows - a) @ (b - a)) / (b - a).square().sum()
    torch.testing.assert_close(rows, a + along[:, None] * (b - a), atol=1e-4, rtol=1e-4)
    assert ((along >= -1e-5) & (along <= 1 + 1e-5)).all()


@pytest.mark.parametrize("kind", ["spread", "neighbours", "class"])
def test_one_row_is_repeated_and_gives_no_gradient(kind):
    kept = anchors((0, 20, 1))
    net = mixer(kind, kept)
    rows = net(net.draw(torch.full((6,), 2)), [0, 0, 6])
    torch.testing.assert_close(rows, class_rows(kept, 2).expand(6, -1))
    rows.square().sum().backward()
    assert all(p.grad is None or p.grad.abs().max() < 1e-5 for p in net.parameters())


def test_neighbours_without_neighbours_is_random_duplication():
    kept = anchors(n_neighbors=0)
    net = mixer("neighbours", kept)
    rows = net(net.draw(torch.full((50,), 1)), [0, 50, 0])
    own = class_rows(kept, 1)
    assert all((own == row).all(1).any() for row in rows)


def test_class_mixer_with_one_anchor_returns_it():
    x, y = tensors(*blobs())
    kept = Anchors((0, 1, 1), 4)
    kept.choose(y)
    kept.keep(x[kept.chosen])
    net = mixer("class", kept).eval()
    rows = net(net.draw(torch.tensor([1, 1, 2, 2])), [0, 2, 2])
    torch.testing.assert_close(rows, kept.rows[[0, 0, 1, 1]])


def test_class_mixer_moves_only_the_units_of_classes_in_the_batch():
    net = mixer("class", anchors())
    net(net.draw(torch.full((8,), 1)), [0, 8, 0]).square().sum().backward()
    first, second = net.weight.grad.split([20, 8])
    assert first.abs().sum() > 0
    assert (second == 0).all()
    assert all(p.grad is not None for p in net.trunk.parameters())


def test_a_batch_of_classes_equals_each_class_alone():
    net = mixer("class", anchors()).eval()
    drawn = net.draw(torch.tensor([1, 1, 1, 2, 2, 2, 2]))
    together = net(drawn, [0, 3, 4])
    alone = [net.mix(drawn[:3], [0, 3, 0]).rows, net.mix(drawn[3:], [0, 0, 4]).rows]
    torch.testing.assert_close(together, torch.cat(alone))


@pytest.mark.parametrize("counts", [(0, 20, 8), (3, 20, 1)])
def test_classes_mixed_at_once_are_as_mixed_one_by_one(counts, monkeypatch):
    """Rows, reconstructions without the row itself, and gradients."""
    found = []
    for most in (geometry.TOGETHER, 0):
        monkeypatch.setattr(geometry, "TOGETHER", most)
        torch.manual_seed(0)
        net = mixer("class", anchors(counts)).double()
        assert net.together is (most > 0)
        sizes = [4 * (n > 0) for n in counts]
        y = torch.arange(3).repeat_interleave(torch.tensor(sizes))
        drawn, own = net.draw(y).double(), net.anchors.draw_group(y, 0).squeeze(1)
        rows, others = net(drawn, sizes), net.reconstruct(drawn, sizes, own)
        (rows.square().sum() + others.sum()).backward()
        found.append([rows, others, *(p.grad for p in net.parameters())])
    for one, two in zip(*found, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-9, atol=1e-12)
    assert all(grad.abs().max() > 0 for grad in found[0])


def test_spread_starts_at_half_its_largest_scale():
    net = mixer("spread", anchors())
    scale = net.scale(net.draw(torch.tensor([1, 1, 2, 2, 2])))
    torch.testing.assert_close(scale, torch.ones(5, 1))


@pytest.mark.parametrize("kind", ["spread", "neighbours", "class"])
def test_one_draw_always_gives_the_same_rows(kind):
    net = mixer(kind, anchors()).eval()
    drawn = net.draw(torch.tensor([1, 1, 2, 2, 2]))
    assert torch.equal(net(drawn, [0, 2, 3]), net(drawn, [0, 2, 3]))


def test_spread_without_scale_lies_on_the_box_between_two_rows():
    rows = torch.randn(200, 4, 3)
    mixed, _ = spread(rows, torch.rand(200, 3))
    low, high = rows[:, :2].amin(1), rows[:, :2].amax(1)
    assert ((mixed >= low - 1e-6) & (mixed <= high + 1e-6)).all()


def test_spread_leaves_the_hull_along_the_difference_of_two_rows():
    rows = torch.randn(500, 4, 3)
    _, step = spread(rows, torch.rand(500, 1))
    difference = rows[:, 2] - rows[:, 3]
    length = (step * difference).sum(1) / difference.square().sum(1)
    torch.testing.assert_close(step, length[:, None] * difference, atol=1e-4, rtol=1e-3)
    assert length.min() >= -1e-5
    assert 0.95 < length.max() <= 1 + 1e-5
