"""Parameters as fields: what follows from them."""

import inspect
from dataclasses import dataclass, fields

import pytest
from sklearn.base import clone

import gan_resample
from gan_resample import CycleGANClassifier, CycleGANSampler, DVAANSampler, GAMOSampler
from gan_resample.core.parameters import (
    AT_LEAST_1,
    SamplerParams,
    fixed_params,
    game_param,
    game_params,
)
from gan_resample.core.sampler import BaseGameSampler
from tests.helpers import QUICK, blobs

ESTIMATORS = [
    kind
    for name in gan_resample.__all__
    if hasattr(kind := getattr(gan_resample, name), "__dataclass_fields__")
]


def test_estimators_of_games_have_fields():
    assert len(ESTIMATORS) >= 10
    assert {GAMOSampler, DVAANSampler, CycleGANClassifier} <= set(ESTIMATORS)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_fields_are_the_parameters_and_their_constraints(kind):
    names = {field.name for field in fields(kind)}
    assert names == set(inspect.signature(kind).parameters) == set(kind().get_params())
    assert names == set(kind._parameter_constraints)
    assert not any(name.endswith("_") for name in names)  # fitted attributes are no parameters


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_each_default_meets_its_constraint(kind):
    kind()._validate_params()


def test_a_default_of_a_game_replaces_the_one_of_all():
    assert GAMOSampler().hidden_layer_sizes == (128, 64)
    assert CycleGANSampler().batch_size is None
    assert clone(GAMOSampler(max_iter=7)).max_iter == 7


def test_what_is_handed_on_and_what_must_stay():
    assert {"mixer", "hidden_layer_sizes", "freeze"} <= set(game_params(GAMOSampler))
    assert "space" not in game_params(GAMOSampler)
    assert {"mixer", "batch_size", "encoder"} <= set(fixed_params(GAMOSampler))
    assert "max_iter" not in fixed_params(GAMOSampler)
    assert "boundary_share" in game_params(DVAANSampler)
    assert "boundary_share" not in fixed_params(DVAANSampler)


def test_a_game_without_classifier_ignores_what_is_the_classifiers():
    X, y = blobs((20, 8))
    sampler = CycleGANSampler(max_iter=2, warm_start=True, random_state=0).fit(X, y)
    assert sampler.set_params(gamma=2.0).fit(X, y).n_iter_ == 4
    with pytest.raises(ValueError, match="cycle_weight changed"):
        sampler.set_params(cycle_weight=1.0).fit(X, y)


# ---- slips of those who write one ---------------------------------------------------------------


@dataclass(kw_only=True, eq=False, repr=False)
class Annotated(GAMOSampler):
    steps: int = 5


class Undecorated(GAMOSampler):
    steps: int = game_param(5, AT_LEAST_1)


@dataclass(kw_only=True, eq=False, repr=False)
class Misspelt(GAMOSampler):
    mixr: str = game_param("spread")


@dataclass(kw_only=True, eq=False, repr=False)
class Gameless(SamplerParams, BaseGameSampler):
    pass


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Annotated, r"'steps' is annotated .*: write steps = param\(default, constraints\)"),
        (Undecorated, r"Undecorated has the parameters steps, but is no dataclass: write @data"),
        (Misspelt, r"Misspelt hands mixr to GAMOGame, which has no such argument"),
        (Gameless, r"Gameless names no game: write _game = "),
    ],
)
def test_slips_in_a_class_of_ones_own_are_told(kind, message):
    with pytest.raises(TypeError, match=message):
        kind(**QUICK).fit(*blobs())


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_an_unknown_parameter_is_refused_in_the_name_of_the_class(kind):
    with pytest.raises(TypeError, match=rf"^{kind.__name__}\.__init__\(\) got an unexpected"):
        kind(no_such_parameter=1)
