"""Hardening, snapping, moving averages, strata."""

import copy
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gan_resample.nn.build import check_width, freeze_layers, make_module, output_width
from gan_resample.nn.convnets import ConvDecoder, ConvNet
from gan_resample.nn.modules import (
    MLP,
    MovingAverage,
    SoftmaxSpans,
    StraightThrough,
    StratifiedLabels,
)


def test_mlp_has_the_asked_widths_and_norms():
    net = MLP(5, 3, (8, 4), nn.ReLU, norm=nn.BatchNorm1d)
    assert [type(layer).__name__ for layer in net] == [
        *["Linear", "ReLU", "BatchNorm1d"] * 2,
        "Linear",
    ]
    assert net(torch.randn(2, 5)).shape == (2, 3)


def test_make_module_copies_a_module_and_calls_a_callable():
    mine = nn.Linear(3, 2)
    copied = make_module(mine, 3, 2)
    assert copied is not mine
    assert torch.equal(copied.weight, mine.weight)
    assert make_module(nn.Linear, 7, 4).weight.shape == (4, 7)


def test_harden_is_one_hot_forward_and_soft_backward():
    x = torch.tensor([[5.0, 0.2, 0.7, 0.1, -1.0]], requires_grad=True)
    hard = StraightThrough([(1, 4)])(x)
    assert torch.equal(hard, torch.tensor([[5.0, 0.0, 1.0, 0.0, -1.0]]))
    (hard * torch.arange(5.0)).sum().backward()
    assert torch.equal(x.grad, torch.arange(5.0)[None])


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5)), min_size=1, max_size=5),
    st.integers(0, 2),
)
def test_all_spans_at_once_are_as_one_after_another(gaps_and_widths, behind):
    spans, at = [], 0
    for gap, width in gaps_and_widths:
        spans.append((at + gap, at + gap + width))
        at += gap + width
    x = torch.randn(7, at + behind, requires_grad=True)
    soft, hard = SoftmaxSpans(spans)(x), StraightThrough(spans)(x)
    expected_soft, expected_hard = x.detach().clone(), x.detach().clone()
    for start, stop in spans:
        part = x.detach()[:, start:stop]
        expected_soft[:, start:stop] = part.softmax(dim=1)
        expected_hard[:, start:stop] = torch.eye(stop - start)[part.argmax(dim=1)]
    torch.testing.assert_close(soft, expected_soft)
    assert torch.equal(hard, expected_hard)
    weights = torch.randn(x.shape)
    (gradient,) = torch.autograd.grad((hard * weights).sum(), x, retain_graph=True)
    assert torch.equal(gradient, weights)  # straight through
    (gradient,) = torch.autograd.grad((soft * weights).sum(), x)
    assert gradient.isfinite().all()


def test_no_spans_leave_rows_alone():
    x = torch.randn(3, 2)
    assert SoftmaxSpans([])(x) is x
    assert StraightThrough()(x) is x


def test_harden_snaps_listed_columns_to_values_seen():
    module = StraightThrough(levels=[(1, 3), (2, 2)])
    module.learn(torch.tensor([[0.3, 1.0, -1.0], [0.1, 2.0, 4.0], [0.2, 7.0, 4.0]]))
    x = torch.tensor([[0.37, 1.4, 1.4], [0.9, 99.0, -50.0], [0.5, 4.6, 1.6]], requires_grad=True)
    hard = module(x)
    expected = torch.tensor([[0.37, 1.0, -1.0], [0.9, 7.0, -1.0], [0.5, 7.0, 4.0]])
    assert torch.equal(hard, expected)
    hard.sum().backward()
    assert torch.equal(x.grad, torch.ones(3, 3))


def test_harden_makes_missing_numbers_zero_with_no_gradient():
    # a number, one with few values and gaps, a category with gaps (2 to 4), flags (5, 6)
    module = StraightThrough([(2, 5), (5, 7)], [(1, 2)], [(1, 6), (2, 4)])
    seen = [[9.0, 1.0, 1, 0, 0, 1, 0], [9, 0, 1, 0, 0, 0, 1], [9, 3, 0, 0, 1, 1, 0]]
    module.learn(torch.tensor(seen))
    assert module.levels.tolist() == [[1, 3]]  # 0 is no value, but stands for a missing one
    x = torch.tensor(
        [[0.4, 2.6, 0.2, 0.3, 0.5, 0.4, 0.6], [0.4, 0.2, 0.7, 0.1, 0.2, 0.5, 0.5]],
        requires_grad=True,
    )
    hard = module(x)
    assert torch.equal(hard, torch.tensor([[0.4, 0, 0, 0, 1, 0, 1], [0.4, 1, 1, 0, 0, 1, 0]]))
    hard.sum().backward()
    expected = torch.ones(2, 7)
    expected[0, 1] = 0
    assert torch.equal(x.grad, expected)
    assert torch.equal(module(x.detach()), hard.detach())


def test_moving_average_follows_and_forgets_its_start():
    source = nn.Linear(1, 1)
    average = MovingAverage(source, decay=0.9)
    nn.init.constant_(source.weight, 2.0)
    for t in range(400):
        average.update(source, t)
    assert average.module.weight.item() == pytest.approx(2.0)
    nn.init.constant_(source.weight, 3.0)
    average.update(source, 400)
    assert average.module.weight.item() == pytest.approx(2.1)
    assert not any(p.requires_grad for p in average.parameters())


def test_moving_average_stays_in_eval_mode_and_copies_buffers():
    source = nn.BatchNorm1d(2)
    average = MovingAverage(source, decay=0.5)
    source(torch.randn(10, 2))
    average.update(source, 0)
    assert torch.equal(average.module.running_mean, source.running_mean)
    average.train()
    assert not average.module.training


laws = st.lists(st.integers(0, 50), min_size=2, max_size=12).filter(any)


@given(laws, st.integers(1, 64))
def test_strata_weigh_every_class_by_its_law(deficits, n_rows):
    law = [d / sum(deficits) for d in deficits]
    strata = StratifiedLabels(law, n_rows)
    assert sum(strata.sizes) == max(n_rows, sum(d > 0 for d in deficits), 2)
    for code, mass in enumerate(law):
        mine = strata.weights[strata.labels == code]
        assert len(mine) == strata.sizes[code]
        assert (len(mine) > 0) == (mass > 0)  # the largest class is never drawn
        assert mine.sum().item() == pytest.approx(mass, abs=1e-5)
    assert (strata.labels.diff() >= 0).all()


def test_strata_by_hand():
    # counts (10, 5, 2): deficits (0, 5, 8), q = (0, 5/13, 8/13)
    strata = StratifiedLabels([0, 5 / 13, 8 / 13], 13)
    assert strata.sizes == (0, 5, 8)
    assert strata.weights.tolist() == pytest.approx([1 / 13] * 13)


@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 5, 7), (2, 28, 28), (1, 33, 6)])
def test_convolutional_nets_adapt_to_channels_and_size(shape):
    images = torch.randn(3, *shape)
    assert ConvNet(shape, 10, width=4)(images).shape == (3, 10)
    decoded = ConvDecoder(6, shape, width=4)(torch.randn(3, 6))
    assert decoded.shape == (3, *shape)
    assert decoded.abs().max() <= 1


def test_the_default_extractor_is_that_of_the_papers_code():
    net = ConvNet((1, 28, 28), 512)
    sizes = [tuple(p.shape) for p in net.parameters() if p.ndim > 1]
    assert sizes == [(32, 1, 5, 5), (32, 32, 5, 5), (512, 1568)]


def test_output_width_is_tried_without_a_trace():
    net = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5))
    before = {key: value.clone() for key, value in net.state_dict().items()}
    assert output_width(net, (3,), "net") == 5
    assert net.training
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())
    assert check_width(net, (3,), 5, "net") is net


def test_a_callable_that_returns_no_module_is_refused():
    with pytest.raises(TypeError, match=r"must return a torch\.nn\.Module"):
        make_module(max, 3, 2)


def layered():
    return nn.Sequential(
        nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 4), nn.Linear(4, 2)
    )


@pytest.mark.parametrize(
    ("freeze", "learning"),
    [("all", []), (0, []), (1, [4]), (2, [3, 4]), (3, [1, 3, 4]), (9, [0, 1, 3, 4])],
)
def test_only_the_last_layers_with_weights_learn(freeze, learning):
    module = layered()
    frozen = freeze_layers(module, freeze)
    for mode in (True, False):
        frozen.train(mode)
        for place, layer in enumerate(module):
            assert layer.training == (mode and place in learning)
            assert all(p.requires_grad == (place in learning) for p in layer.parameters())
    assert freeze_layers(module, None) is module


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_of_a_frozen_module_is_as_frozen(copied):
    frozen = freeze_layers(layered(), 1)
    other = copied(frozen).train()
    assert [layer.training for layer in other.module] == [False] * 4 + [True]
    other.module[4].weight.data.zero_()
    assert frozen.module[4].weight.abs().sum() > 0  # nothing is shared


def test_statistics_of_a_frozen_batch_normalisation_stay():
    frozen = freeze_layers(layered(), 1).train()
    before = frozen.module[1].running_mean.clone()
    frozen(torch.randn(20, 3) + 5)
    assert torch.equal(frozen.module[1].running_mean, before)


def test_a_layer_that_would_not_fit_into_memory_is_refused():
    with pytest.raises(ValueError, match=r"4 by 1,000,000,000 weights would take 14\.9 GiB"):
        MLP(4, 2, (10**9,), nn.ReLU)
