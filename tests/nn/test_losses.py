"""Hand-computed values (p = (.5, .3, .2), true class 0) and behaviour at the edges."""

import math

import pytest
import torch

from gan_resample.nn import losses

LOGITS = torch.tensor([[0.5, 0.3, 0.2]], dtype=torch.float64).log()
TRUE = torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64)


@pytest.mark.parametrize(
    ("loss", "target", "value"),
    [
        (losses.one_vs_rest, TRUE, 1.272966),
        (losses.one_vs_rest, 1 - TRUE, 3.506558),
        (losses.squared_softmax, TRUE, 0.38),
        (losses.squared_softmax, 1 - TRUE, 1.38),
    ],
)
def test_class_losses_by_hand(loss, target, value):
    assert loss(LOGITS, target).item() == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize(
    ("loss", "target", "value"),
    [
        (losses.squared_sigmoid, 1.0, 0.25),
        (losses.squared_sigmoid, 0.0, 0.25),
        (losses.bernoulli, 1.0, 0.693147),
        (losses.bernoulli, 0.0, 0.693147),
    ],
)
def test_real_losses_by_hand(loss, target, value):
    logit = torch.zeros(1)
    assert loss(logit, torch.full((1,), target)).item() == pytest.approx(value, abs=1e-5)


def test_complement_losses_have_their_known_floors():
    # best for a softmax: nothing on the true class, the rest uniform
    best = torch.tensor([[-40.0, 0.0, 0.0]], dtype=torch.float64)
    assert losses.squared_softmax(best, 1 - TRUE).item() == pytest.approx(0.5, abs=1e-5)
    assert losses.one_vs_rest(best, 1 - TRUE).item() == pytest.approx(1.386294, abs=1e-5)
    two = torch.tensor([[-40.0, 0.0]], dtype=torch.float64)
    for loss in (losses.squared_softmax, losses.one_vs_rest):
        assert loss(two, 1 - TRUE[:, :2]).item() == pytest.approx(0, abs=1e-5)


def test_for_two_classes_one_vs_rest_is_twice_the_cross_entropy():
    logits = torch.randn(20, 2, dtype=torch.float64)
    y = torch.arange(20) % 2
    plain = torch.nn.functional.cross_entropy(logits, y, reduction="none")
    torch.testing.assert_close(losses.one_vs_rest(logits, torch.eye(2).double()[y]), 2 * plain)


def test_log_not_softmax_is_exact_next_to_one():
    gap = math.log(1e12)  # p = 1 - 1e-12
    found = losses.log_not_softmax(torch.tensor([[gap, 0.0]], dtype=torch.float64))[0, 0]
    assert found.item() == pytest.approx(math.log(1e-12 / (1 + 1e-12)), rel=1e-9)
    p = LOGITS.softmax(1)
    torch.testing.assert_close(losses.log_not_softmax(LOGITS), (1 - p).log())


@pytest.mark.parametrize("extreme", [1e4, -1e4])
def test_losses_and_gradients_are_finite_at_extreme_logits(extreme):
    for loss in (losses.one_vs_rest, losses.squared_softmax):
        logits = torch.tensor([[extreme, 0.0, -extreme]], requires_grad=True)
        for target in (TRUE.float(), 1 - TRUE.float()):
            value = loss(logits, target).sum()
            (gradient,) = torch.autograd.grad(value, logits)
            assert value.isfinite()
            assert gradient.isfinite().all()
    for loss in (losses.bernoulli, losses.squared_sigmoid):
        logit = torch.tensor([extreme], requires_grad=True)
        value = loss(logit, torch.tensor([0.3])).sum()
        assert value.isfinite()
        assert torch.autograd.grad(value, logit)[0].isfinite().all()


@pytest.mark.parametrize(("slope", "value"), [((0.6, 0.8), 0.0), ((1.8, 2.4), 40.0)])
def test_the_gradient_penalty_is_that_of_the_slope(slope, value):
    w = torch.tensor(slope, requires_grad=True)
    penalty = 10 * losses.gradient_penalty(lambda x: x @ w, torch.randn(5, 2), torch.randn(5, 2))
    torch.testing.assert_close(penalty, torch.full((5,), value), atol=1e-4, rtol=1e-5)
    penalty.sum().backward()
    assert w.grad.isfinite().all()


def test_the_gradient_penalty_looks_between_the_rows():
    seen = []
    real, fake = torch.zeros(2000, 2), torch.ones(2000, 2)
    losses.gradient_penalty(lambda x: seen.append(x) or x.sum(1), real, fake)
    share = seen[0][:, 0]
    assert torch.equal(share, seen[0][:, 1])  # on the line between the two
    assert 0 <= share.min() < 0.01 < 0.99 < share.max() <= 1
    assert share.mean().item() == pytest.approx(0.5, abs=0.03)
