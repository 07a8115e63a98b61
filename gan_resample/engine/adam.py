"""Adam as games use it by default: torch's own, without most of what its Python code costs."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

__all__ = ["FusedAdam", "fits_fused_adam"]

# of torch's Adam; each asks for another step than the fused one
OTHER_STEPS = {
    "amsgrad",
    "capturable",
    "decoupled_weight_decay",
    "differentiable",
    "foreach",
    "fused",
}


class _Lists(NamedTuple):
    """What the fused step takes of a group of parameters; ``steps`` are views of ``counts``."""

    params: list[Tensor]
    means: list[Tensor]
    squares: list[Tensor]
    steps: list[Tensor]
    counts: Tensor


class FusedAdam(torch.optim.Adam):
    """torch's Adam, with the fused step called directly.

    The parameters of a game's small networks take torch's Python code three times as long as the
    step itself: it sorts them by device and dtype each time. Here they are of one device and
    dtype, and their lists are kept. Steps, states and hooks are those of
    ``torch.optim.Adam(fused=True)``. The operator called is private to torch, so
    :func:`fits_fused_adam` tries it first.
    """

    _kept: list[_Lists] | None = None  # not in the state that is pickled

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        if self._kept is None:
            self._kept = [self._lists(group) for group in self.param_groups]
        for group, lists in zip(self.param_groups, self._kept, strict=True):
            grads: list[Any] = [parameter.grad for parameter in lists.params]
            params, means, squares, steps, counts = lists
            if all(grad is not None for grad in grads):
                counts += 1
            else:
                reached = [at for at, grad in enumerate(grads) if grad is not None]
                params, grads, means, squares, steps = (
                    [part[at] for at in reached] for part in (params, grads, means, squares, steps)
                )
                for step in steps:
                    step += 1
            if not grads:
                continue
            beta1, beta2 = group["betas"]
            torch._fused_adam_(
                params,
                grads,
                means,
                squares,
                [],
                steps,
                lr=group["lr"],
                beta1=beta1,
                beta2=beta2,
                weight_decay=group["weight_decay"],
                eps=group["eps"],
                amsgrad=False,
                maximize=group["maximize"],
            )
        return loss

    def _lists(self, group: Mapping[str, Any]) -> _Lists:
        """Return the parameters of a group and their state, which is made if there is none."""
        params = list(group["params"])
        for parameter in params:
            if not (state := self.state[parameter]):
                state["step"] = torch.zeros((), dtype=torch.float32, device=parameter.device)
                state["exp_avg"] = torch.zeros_like(parameter)
                state["exp_avg_sq"] = torch.zeros_like(parameter)
        states = [self.state[parameter] for parameter in params]
        counts = torch.stack([state["step"] for state in states])  # all are added to at once
        for state, step in zip(states, counts.unbind(), strict=True):
            state["step"] = step
        means, squares, steps = ([s[n] for s in states] for n in ("exp_avg", "exp_avg_sq", "step"))
        return _Lists(params, means, squares, steps, counts)

    def __setstate__(self, state: Any) -> None:
        self._kept = None  # the tensors in it are replaced, here and in load_state_dict
        super().__setstate__(state)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        self._kept = None
        super().add_param_group(param_group)


def fits_fused_adam(
    optimizer: type, options: Mapping[str, Any], parameters: Sequence[Tensor]
) -> bool:
    """Whether :class:`FusedAdam` makes the same steps as ``optimizer(parameters, **options)``."""
    if optimizer is not torch.optim.Adam or OTHER_STEPS & set(options):
        return False
    if any(torch.is_tensor(value) for value in options.values()):
        return False
    kinds = {(p.device, p.dtype) for p in parameters}
    if len(kinds) != 1 or not parameters[0].is_floating_point():
        return False
    return parameters[0].device.type in ("cpu", "cuda") and _is_as_torch_makes_it()


@functools.cache
def _is_as_torch_makes_it() -> bool:
    """Whether this torch has the operators, and they do what its own Adam does, tried once."""
    start = torch.linspace(-1, 1, 5, device="cpu", dtype=torch.float32)
    tried = [torch.nn.Parameter(start.clone()) for _ in range(2)]
    kinds = (FusedAdam, torch.optim.Adam)
    try:
        for kind, parameter in zip(kinds, tried, strict=True):
            optimizer = kind([parameter], lr=0.1, weight_decay=0.1, fused=True)
            for factor in (1.0, -2.0):
                parameter.grad = factor * start
                optimizer.step()
    except Exception:  # another signature may fail in any way; torch's own Adam does as well
        return False
    return torch.equal(*tried)
