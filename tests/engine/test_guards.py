import pytest
import torch

from gan_resample import ScatterWarning
from gan_resample.engine.guards import (
    CollapseWarning,
    Guard,
    LossTally,
    warn_of_collapse,
    warn_of_scatter,
)
from tests.helpers import blobs, make_net, tensors


def test_tally_gives_the_mean_of_each_move():
    tally = LossTally()
    for move, loss in [("a", 1.0), ("a", 3.0), ("b", 5.0)]:
        tally.add(move, torch.tensor(loss))
    assert {name: mean.item() for name, mean in tally.means().items()} == {
        "a_loss": 2,
        "b_loss": 5,
    }


def test_collapse_is_told_with_class_and_figure(recwarn):
    warn_of_collapse({"std_ratio": {"x": 0.5, "y": float("nan")}, "ess": {"x": 0.0}})
    assert not recwarn
    with pytest.warns(CollapseWarning, match="class 'rare' have collapsed: std_ratio is 0.012"):
        warn_of_collapse({"std_ratio": {"rare": 0.012}})
    with pytest.warns(CollapseWarning, match="coverage is 0.05"):
        warn_of_collapse({"coverage": {3: 0.05}})
    with pytest.warns(
        CollapseWarning, match=r"classes 3, 'b' have .*: std_ratio is 0.01, 0.02 "
    ) as met:
        warn_of_collapse({"std_ratio": {3: 0.01, "b": 0.02, "fine": 1.0}})
    assert len(met) == 1


def test_rows_that_spread_too_far_are_told_with_class_and_figure(recwarn):
    warn_of_scatter({"std_ratio": {"x": 9.9, "y": float("nan"), "z": float("inf")}})
    assert not recwarn
    with pytest.warns(
        ScatterWarning, match="class 'rare' lie far off: std_ratio is 56.5 .over 10."
    ) as met:
        warn_of_scatter({"std_ratio": {"rare": 56.53, "fine": 1.0}})
    assert len(met) == 1


@pytest.mark.parametrize("name", ["gamo", "gamo-features", "pgan", "dvaan", "cyclegan"])
def test_snapshots_leave_out_what_rests_and_rounds_leave_it_alone(name):
    x, y = tensors(*blobs((60, 20, 8)))
    net = make_net(name).initialize()
    game = net.module_
    game.prepare(x, y)
    game.rounds_planned = 10
    game.begin_epoch(x, y)
    guard = Guard(game, net.optimizers())
    before = {k: v.clone() for k, v in game.state_dict().items() if torch.is_tensor(v)}
    batch = next(game.batches(y, 16))
    net.train_step((x[batch], y[batch]))
    changed = {k for k, v in before.items() if not torch.equal(game.state_dict()[k], v)}
    kept = set(guard._snapshot["game"])
    assert changed
    assert changed <= kept
    for resting in game.resting:
        assert any(k.startswith(resting) for k in before)
        assert not any(k == resting or k.startswith(f"{resting}.") for k in kept)
    guard.go_back(inside_round=True)
    assert all(torch.equal(game.state_dict()[k], v) for k, v in before.items())
