"""Adam as games use it by default: torch's own, without most of what its Python code costs."""

from __future__ import annotations

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
    """What the fused step takes of a group of parameters; ``steps`` holds one tensor often."""

    params: list[Tensor]
    means: list[Tensor]
    squares: list[Tensor]
    steps: list[Tensor]


class FusedAdam(torch.optim.Adam):
    """torch's Adam, with the fused step called directly.

    The parameters of a game's small networks take torch's Python code three times as long as the
    step itself: it sorts them by device and dtype and counts the steps of each. Here they are of
    one device and dtype, and a group shares one count. Steps and saved states are those of
    ``torch.optim.Adam(fused=True)``, but a parameter without a gradient counts a step as well, and
    hooks on steps are not called.
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
            params, means, squares, steps = lists
            steps[0] += 1
            if any(grad is None for grad in grads):
                reached = [at for at, grad in enumerate(grads) if grad is not None]
                params, grads, means, squares, steps = (
                    [part[at] for at in reached] for part in (params, grads, means, squares, steps)
                )
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

    step.hooked = True  # type: ignore[attr-defined]  # else torch wraps it, to call hooks

    def _lists(self, group: Mapping[str, Any]) -> _Lists:
        """Return the parameters of a group and their state, which is made if there is none."""
        params = list(group["params"])
        known = [self.state[p]["step"] for p in params if self.state[p]]
        count = known[0] if known else torch.zeros((), device=params[0].device)
        for parameter in params:
            state = self.state[parameter]
            state["step"] = count
            for name in ("exp_avg", "exp_avg_sq"):
                if name not in state:
                    state[name] = torch.zeros_like(parameter)
        states = [self.state[parameter] for parameter in params]
        means, squares = ([state[n] for state in states] for n in ("exp_avg", "exp_avg_sq"))
        return _Lists(params, means, squares, [count] * len(params))

    def state_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = super().state_dict()
        # a step count for each parameter, as torch's Adam, which may load this, needs
        states = {at: own | {"step": own["step"].clone()} for at, own in found["state"].items()}
        return found | {"state": states}

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
    kinds = {(p.device, p.dtype) for p in parameters}
    known = {p.device.type for p in parameters} <= {"cpu", "cuda"}
    return len(kinds) == 1 and known and parameters[0].is_floating_point()
