import numpy as np
import pytest
import torch

from gan_resample.engine.seeding import find_device, random_stream, seeded

CPU = torch.device("cpu")


def draws(random_state):
    return random_stream(random_state).integers(2**60, size=3).tolist()


def test_an_int_fixes_the_stream_and_none_does_not():
    assert draws(3) == draws(3)
    assert draws(3) != draws(4)
    assert draws(None) != draws(None)


def test_none_ignores_numpys_global_state():
    np.random.seed(0)  # noqa: NPY002
    one = draws(None)
    np.random.seed(0)  # noqa: NPY002
    assert one != draws(None)


def test_a_random_state_is_used_and_moves():
    state = np.random.RandomState(0)
    one, two = draws(state), draws(state)
    assert one != two
    assert one == draws(np.random.RandomState(0))


def test_seeded_fixes_torch_inside_and_restores_it_outside():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    with seeded(random_stream(0), CPU):
        one = torch.rand(3)
    assert torch.equal(before, torch.get_rng_state())
    with seeded(random_stream(0), CPU):
        assert torch.equal(one, torch.rand(3))


def test_seeded_restores_after_an_error():
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError, match="negative"), seeded(random_stream(0), CPU):
        torch.rand(-1)
    assert torch.equal(before, torch.get_rng_state())


def test_devices_are_found_or_refused_with_advice(monkeypatch):
    assert find_device("cpu") == CPU
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert find_device("auto") == CPU
    with pytest.raises(ValueError, match=r"'cuda' was asked for.*sees 0 CUDA devices.*'auto'"):
        find_device("cuda")
    with pytest.raises(ValueError, match=r"'toaster' is unknown: use 'auto'"):
        find_device("toaster")
    with pytest.raises(ValueError, match="'mps' is not supported"):
        find_device("mps")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert find_device("auto").type == "cuda"
    assert find_device("cuda:1").index == 1
    with pytest.raises(ValueError, match="sees 2 CUDA devices"):
        find_device("cuda:2")
