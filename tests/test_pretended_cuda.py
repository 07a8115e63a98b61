"""Games and estimators on a GPU, without one: nothing mixes devices, no round waits for it."""

import warnings

import numpy as np
import pytest
import torch

from gan_resample.engine.game import ClassifyingGame, SamplingGame
from gan_resample.engine.seeding import random_stream, seeded
from tests.helpers import GAMES, blobs, classifiers, digit_images, mixed_frame, samplers, trial
from tests.pretended_cuda import DeviceError, OnCuda, on_cpu, pretended_cuda

CODES = torch.tensor([2, 1, 2, 2, 1])
ESTIMATORS = [each for each in samplers() + classifiers() if "device" in each.get_params()]


@pytest.fixture(autouse=True)
def quiet():
    """Games of a few rounds warn that they have learnt nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


# ---- the pretended device -----------------------------------------------------------------------


def test_tensors_are_where_they_are_asked_for():
    with pretended_cuda():
        made = torch.zeros(3, device="cuda")
        moved = torch.ones(3).to("cuda:0")
        like = torch.randn_like(moved) + made.new_full((3,), 2.0) * 3
        for tensor in (made, moved, like, like[1:], torch.cat([made, moved])):
            assert isinstance(tensor, OnCuda)
            assert tensor.device == torch.device("cuda:0")
        for tensor in (torch.zeros(3), made.cpu(), made.to("cpu"), made.to(torch.zeros(1))):
            assert tensor.device == torch.device("cpu")
        module = torch.nn.Linear(2, 1).to("cuda")
        module(torch.ones(4, 2, device="cuda")).sum().backward()
        assert all(isinstance(part, OnCuda) for part in (module.weight, module.weight.grad))
    assert not torch.cuda.is_available() or torch.version.cuda


@pytest.mark.parametrize(
    "mix",
    [
        lambda there, here: there + here,
        lambda there, here: torch.where(there > 0, here, there),
        lambda there, here: torch.stack([there, here]),
        lambda there, here: here[there.long()],
        lambda there, here: there.__setitem__(slice(None), here),
        lambda there, here: there.numpy(),
        lambda there, here: np.asarray(there),
        lambda there, here: torch.rand(3, device="cuda", generator=torch.Generator()),
    ],
)
def test_what_a_gpu_refuses_is_refused(mix):
    with pretended_cuda(), pytest.raises(DeviceError, match="GPU"):
        mix(torch.ones(3, device="cuda"), torch.ones(3))


@pytest.mark.parametrize(
    ("waits", "operation"),
    [
        (True, lambda x: x.sum().item()),
        (True, lambda x: bool(x.any())),
        (True, lambda x: x[x > 0]),
        (True, lambda x: x[torch.tensor([0, 1])]),
        (True, lambda x: (x > 0).nonzero()),
        (True, lambda x: x.cpu()),
        (True, lambda x: torch.tensor([1.0], device=x.device)),
        (True, lambda x: x.repeat_interleave(x.long())),
        (False, lambda x: x.repeat_interleave(2)),
        (False, lambda x: torch.where(x > 0, x, 0.0)),
        (False, lambda x: x[x.argsort()][1:].clone()),
        (False, lambda x: x + torch.full((), 2.0)),
        (False, lambda x: torch.rand(len(x), device=x.device) + x.mean()),
    ],
)
def test_what_waits_is_noted(waits, operation):
    with pretended_cuda() as device:
        x = torch.ones(3, device="cuda")
        operation(x)
    assert (device.waits.total() > 0) == waits


# ---- games --------------------------------------------------------------------------------------


def play(name, device):
    """Play four rounds; return what the game makes of codes and rows."""
    game = trial(name).play(device=device).module_
    rows, _ = trial(name).rows()
    made = []
    with seeded(random_stream(1), torch.device("cpu")), torch.inference_mode():
        if isinstance(game, SamplingGame):
            made.append(game.sample(CODES.to(device)))
        if isinstance(game, ClassifyingGame):
            made.append(game.logits(rows.to(device)))
        told = game.diagnose()
    return game, made, told


def quick(name):
    """One arrangement of each game is quick, the others are slow."""
    first = "-" not in name
    return name if first else pytest.param(name, marks=pytest.mark.slow)


@pytest.mark.parametrize("name", map(quick, GAMES))
def test_a_game_on_the_pretended_gpu_is_that_on_the_cpu(name):
    with pretended_cuda() as device:
        game, made, told = play(name, "cuda")
    assert device.n_rounds == 4
    assert not device.waits_in_rounds
    state = {key: value for key, value in game.state_dict().items() if torch.is_tensor(value)}
    assert [key for key, value in state.items() if not isinstance(value, OnCuda)] == []
    assert all(isinstance(rows, OnCuda) for rows in made)
    _, expected, told_there = play(name, "cpu")
    # convolutions round otherwise, and Adam's first steps have the size of the learning rate
    loose = {"rtol": 1e-3, "atol": 1e-2} if name.endswith("images") else {}
    for rows, others in zip(made, expected, strict=True):
        torch.testing.assert_close(on_cpu(rows), others, **loose)
    assert told.keys() == told_there.keys()


# ---- estimators ---------------------------------------------------------------------------------


def use(estimator, X, y, device):
    """Fit, fit further, and sample or predict."""
    estimator = type(estimator)(**(estimator.get_params(deep=False) | {"device": device}))
    if "width_multiplier" in estimator.get_params():
        estimator.set_params(width_multiplier=0.1)
    if "decoder_iter" in estimator.get_params():
        estimator.set_params(decoder_iter=2)
    estimator.fit(X, y)
    estimator.set_params(warm_start=True).fit(X, y)
    if not hasattr(estimator, "fit_resample"):
        return estimator, estimator.predict_proba(X)
    return estimator, estimator.sample(
        [label for label, n in estimator.sampling_strategy_.items() if n]
    )


def check_estimator(estimator, X, y):
    with pretended_cuda() as device:
        fitted, made = use(estimator, X, y, "cuda")
    assert device.n_rounds >= 2 * estimator.max_iter
    assert not device.waits_in_rounds
    state = fitted.game_.state_dict().items()
    assert [k for k, v in state if torch.is_tensor(v) and not isinstance(v, OnCuda)] == []
    return made, use(estimator, X, y, "cpu")[1]


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda each: type(each).__name__)
def test_an_estimator_on_the_pretended_gpu_is_that_on_the_cpu(estimator):
    np.testing.assert_allclose(*check_estimator(estimator, *blobs()), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("data", [digit_images, mixed_frame])
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda each: type(each).__name__)
def test_images_and_frames_on_the_pretended_gpu(estimator, data):
    made, expected = check_estimator(estimator, *data())
    assert made.shape == expected.shape
    assert type(made) is type(expected)
