import pytest
import torch

from gan_resample import ScatterWarning
from gan_resample.engine.guards import (
    CollapseWarning,
    LossTally,
    warn_of_collapse,
    warn_of_scatter,
)


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
