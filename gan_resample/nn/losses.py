"""Numerically stable functions of which the games' losses are made.

All networks return logits; only these functions compute probabilities. Targets may be soft.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss

__all__ = [
    "bernoulli",
    "gaussian_divergence",
    "gradient_penalty",
    "log_not_softmax",
    "one_vs_rest",
    "squared_sigmoid",
    "squared_softmax",
]


def log_not_softmax(logits: Tensor) -> Tensor:
    """Compute ``log(1 - softmax(logits))``, precise even if a probability is close to 1.

    ``log(1 - p_i) = logsumexp_{j != i} s_j - logsumexp_j s_j`` for logits ``s`` of shape
    (n, n_classes), n_classes >= 2; returns the same shape.
    """
    return _others(logits) - logits.logsumexp(dim=1, keepdim=True)


def _others(logits: Tensor) -> Tensor:
    """Logarithm of the summed exponentials of all other logits, for each; shape of ``logits``."""
    itself = torch.eye(logits.shape[1], dtype=torch.bool, device=logits.device)
    return logits.unsqueeze(1).masked_fill(itself, -torch.inf).logsumexp(dim=2)


def one_vs_rest(logits: Tensor, target: Tensor) -> Tensor:
    """Sum of the binary cross-entropies of the outputs of a softmax, each against the rest; (n,).

    ``-sum_i t_i log p_i + (1 - t_i) log(1 - p_i)`` for targets ``t`` of shape (n, n_classes).
    """
    # log p_i = s_i - total, log(1 - p_i) = others_i - total
    total, others = logits.logsumexp(dim=1, keepdim=True), _others(logits)
    return (total - torch.lerp(others, logits, target)).sum(dim=1)


def squared_softmax(logits: Tensor, target: Tensor) -> Tensor:
    """Least squares on a softmax, ``sum_i (p_i - t_i)^2``; shape (n,)."""
    return mse_loss(logits.softmax(dim=1), target, reduction="none").sum(dim=1)


def bernoulli(logit: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy ``softplus(r) - t r`` of logits ``r``; shape of ``logit``."""
    return binary_cross_entropy_with_logits(logit, target, reduction="none")


def squared_sigmoid(logit: Tensor, target: Tensor) -> Tensor:
    """Least squares on a sigmoid, ``(sigmoid(r) - t)^2``; shape of ``logit``."""
    return mse_loss(logit.sigmoid(), target, reduction="none")


def gaussian_divergence(
    mean: Tensor, log_variance: Tensor, prior_mean: Tensor | float = 0.0
) -> Tensor:
    """KL(N(mean, variance) || N(prior_mean, 1)), summed over the last axis: (n,).

    ``1/2 sum_d [e^v + (m - a)^2 - 1 - v]`` for log-variances ``v``, which are not clamped here.
    """
    squared = (mean - prior_mean).square()
    return 0.5 * (log_variance.exp() + squared - 1 - log_variance).sum(dim=-1)


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """Deviation of a critic's slope from 1 between real and generated rows, squared; shape (n,).

    ``(||grad D(x)|| - 1)^2`` at ``x = a real + (1 - a) fake``, a ~ U(0, 1) for each pair of rows
    (Gulrajani et al. 2017). ``real`` and ``fake`` have shape (n, n_features), ``critic`` turns
    such rows into (n,) scores.
    """
    share = torch.rand((len(real), 1), device=real.device)
    between = torch.lerp(fake.detach(), real, share).requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (slope.norm(dim=1) - 1).square()
