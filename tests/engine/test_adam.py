"""The fused step of Adam, called directly: torch's own steps, states and pickles."""

import copy
import pickle

import pytest
import torch
from torch import nn

from gan_resample.engine import adam
from gan_resample.engine.adam import FusedAdam, fits_fused_adam

OPTIONS = {"lr": 0.01, "betas": (0.5, 0.999), "weight_decay": 0.1}


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def play(net, optimizer, steps=5, seed=1):
    torch.manual_seed(seed)
    for _ in range(steps):
        optimizer.zero_grad()
        net(torch.randn(6, 3)).square().sum().backward()
        optimizer.step()


def both(**options):
    nets = network(), network()
    kinds = (FusedAdam, torch.optim.Adam)
    made = [
        kind(n.parameters(), fused=True, **OPTIONS | options)
        for kind, n in zip(kinds, nets, strict=True)
    ]
    return nets, made


def assert_equal(one, two):
    for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("options", [{}, {"maximize": True}, {"betas": (0.9, 0.99), "eps": 1e-3}])
def test_steps_are_those_of_torch(options):
    nets, optimizers = both(**options)
    for net, optimizer in zip(nets, optimizers, strict=True):
        play(net, optimizer)
        optimizer.param_groups[0]["lr"] /= 2
        play(net, optimizer, seed=2)
    assert_equal(*nets)
    ours, theirs = (optimizer.state_dict()["state"] for optimizer in optimizers)
    assert ours.keys() == theirs.keys()
    for at, state in ours.items():
        assert all(torch.equal(value, theirs[at][name]) for name, value in state.items())


@pytest.mark.parametrize("way", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_and_loaded_states_go_on_with_the_same_steps(way):
    (net, other), (ours, theirs) = both()
    play(net, ours)
    play(other, theirs)
    net, ours = way((net, ours))
    play(net, ours, seed=2)
    play(other, theirs, seed=2)
    assert_equal(net, other)
    kept = copy.deepcopy((net.state_dict(), ours.state_dict()))
    play(net, ours, seed=3)
    net.load_state_dict(kept[0])
    ours.load_state_dict(kept[1])
    play(net, ours, seed=3)
    play(other, theirs, seed=3)
    assert_equal(net, other)
    theirs.load_state_dict(copy.deepcopy(ours.state_dict()))  # the states can be exchanged
    play(net, ours, seed=4)
    play(other, theirs, seed=4)
    assert_equal(net, other)


def test_a_parameter_without_a_gradient_stays_and_groups_can_be_added():
    net = network()
    first, last = net[0], net[2]
    optimizer = FusedAdam(first.parameters(), **OPTIONS)
    play(net, optimizer, steps=1)
    optimizer.add_param_group({"params": list(last.parameters()), "lr": 0.5})
    before = copy.deepcopy(net.state_dict())
    optimizer.zero_grad()
    last.bias.square().sum().backward()
    optimizer.step()
    changed = [name for name, value in net.state_dict().items() if not value.equal(before[name])]
    assert changed == ["2.bias"]


def test_other_optimizers_options_and_parameters_are_left_to_torch():
    one = [nn.Parameter(torch.zeros(2))]
    assert fits_fused_adam(torch.optim.Adam, {"lr": 0.1, "betas": (0.5, 0.9)}, one)
    assert not fits_fused_adam(torch.optim.AdamW, {}, one)
    assert not fits_fused_adam(torch.optim.Adam, {"amsgrad": True}, one)
    assert not fits_fused_adam(torch.optim.Adam, {"fused": True}, one)
    mixed = [*one, nn.Parameter(torch.zeros(2, dtype=torch.float64))]
    assert not fits_fused_adam(torch.optim.Adam, {}, mixed)
    assert not fits_fused_adam(torch.optim.Adam, {"lr": torch.tensor(0.1)}, one)


def test_hooks_on_steps_are_called_and_schedulers_work():
    nets, optimizers = both()
    called = []
    for net, optimizer in zip(nets, optimizers, strict=True):
        optimizer.register_step_pre_hook(lambda *_: called.append("before"))
        optimizer.register_step_post_hook(lambda *_: called.append("after"))
        schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
        for seed in range(3):
            play(net, optimizer, steps=1, seed=seed)
            schedule.step()
        assert optimizer.param_groups[0]["lr"] == pytest.approx(0.01 / 8)
    assert called == ["before", "after"] * 6
    assert_equal(*nets)


def refuse(*args, **kwargs):
    raise TypeError("another signature")


@pytest.mark.parametrize("operator", [refuse, None])
def test_a_torch_without_the_operator_keeps_its_own_adam(monkeypatch, operator):
    one = [nn.Parameter(torch.zeros(2))]
    adam._is_as_torch_makes_it.cache_clear()
    with monkeypatch.context() as changed:
        if operator is None:
            changed.delattr(torch, "_fused_adam_")
        else:
            changed.setattr(torch, "_fused_adam_", operator)
        assert not fits_fused_adam(torch.optim.Adam, {}, one)
    adam._is_as_torch_makes_it.cache_clear()
    assert fits_fused_adam(torch.optim.Adam, {}, one)


def test_counts_differ_where_a_parameter_had_no_gradient_as_in_torch():
    nets, optimizers = both()
    for net, optimizer in zip(nets, optimizers, strict=True):
        optimizer.zero_grad()
        net[2].bias.square().sum().backward()
        optimizer.step()
        play(net, optimizer, steps=2)
    assert_equal(*nets)
    counts = [float(state["step"]) for state in optimizers[0].state.values()]
    assert counts == [2, 2, 2, 3]
