"""torch's settings: whatever the caller's are, fits give the same rows and leave them alone."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from gan_resample import (
    CycleGANSampler,
    DVAANSampler,
    EGANClassifier,
    GAMOClassifier,
    GAMOSampler,
    PGANSampler,
    SpreadSMOTE,
)
from gan_resample.engine import ambient
from gan_resample.engine.ambient import lending, steady, turn
from gan_resample.engine.seeding import random_stream, seeded
from tests.helpers import QUICK, blobs, digit_images

CPU = torch.device("cpu")
X, y = blobs((40, 12))


def rows_of(estimator):
    if hasattr(estimator, "fit_resample"):
        return estimator.fit_resample(X, y)[0]
    return estimator.fit(X, y).predict_proba(X)


# ---- the caller's settings ----------------------------------------------------------------------


@contextmanager
def changed(read, write, value):
    before = read()
    write(value)
    try:
        yield
        assert read() == value
    finally:
        write(before)


def precision_of(part):
    return changed(
        lambda: part.fp32_precision, lambda value: setattr(part, "fp32_precision", value), "bf16"
    )


SETTINGS = {
    "float64": lambda: changed(torch.get_default_dtype, torch.set_default_dtype, torch.float64),
    "bfloat16": lambda: changed(torch.get_default_dtype, torch.set_default_dtype, torch.bfloat16),
    "default device": lambda: changed(
        torch.get_default_device, torch.set_default_device, torch.device("meta")
    ),
    "device": lambda: torch.device("meta"),
    "inference": torch.inference_mode,
    "no gradients": torch.no_grad,
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "deterministic": lambda: changed(
        torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms, True
    ),
    "matrix products": lambda: changed(
        torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, "medium"
    ),
    "convolutions": lambda: precision_of(torch.backends.mkldnn.conv),
}
ESTIMATORS = (
    SpreadSMOTE(random_state=0),
    GAMOSampler(**QUICK),
    DVAANSampler(**QUICK),
    CycleGANSampler(**QUICK, mode="alt"),
    PGANSampler(**QUICK, init_iter=2),
    GAMOClassifier(**QUICK),
    EGANClassifier(**QUICK, stop="equilibrium", tol=1.0),
)


@pytest.fixture(scope="module")
def usual():
    return [rows_of(estimator) for estimator in ESTIMATORS]


@pytest.mark.filterwarnings("ignore")  # nothing has been learnt in four rounds
@pytest.mark.parametrize("setting", SETTINGS)
def test_the_callers_settings_change_no_row(setting, usual):
    for estimator, rows in zip(ESTIMATORS, usual, strict=True):
        with SETTINGS[setting]():
            found = rows_of(estimator)
        np.testing.assert_array_equal(found, rows)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("setting", SETTINGS)
def test_nor_a_pixel_in_fit_and_in_a_fit_that_goes_on(setting):
    images, labels = digit_images((20, 8))

    def pixels(sampler):
        sampler.fit(images, labels)
        return sampler.fit_resample(images, labels)[0]

    settings = {**QUICK, "max_iter": 2, "decoder_iter": 2, "warm_start": True}
    rows = pixels(GAMOSampler(**settings))
    with SETTINGS[setting]():
        found = pixels(GAMOSampler(**settings))
    np.testing.assert_array_equal(found, rows)


def test_settings_are_put_back_after_an_error():
    def fail():
        with seeded(random_stream(0), CPU):
            assert torch.zeros(1).dtype == torch.float32
            raise RuntimeError("out of rows")

    with SETTINGS["float64"](), pytest.raises(RuntimeError, match="out of rows"):
        fail()


def test_what_is_set_in_a_turn_is_undone():
    with turn(CPU):
        torch.set_default_dtype(torch.float64)
    assert torch.get_default_dtype() == torch.float32


# ---- threads ------------------------------------------------------------------------------------


def test_fits_in_threads_give_the_rows_that_they_give_alone(usual):
    """And leave the caller's generators where they were."""
    torch.manual_seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(rows_of, ESTIMATORS * 2))
    for rows, alone in zip(found, usual * 2, strict=True):
        np.testing.assert_array_equal(rows, alone)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002


def test_one_thread_at_a_time_has_a_turn():
    inside, most = [], []

    def visit(number):
        with turn(CPU):
            inside.append(number)
            most.append(len(inside))
            threading.Event().wait(0.01)
            inside.remove(number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(visit, range(8)))
    assert most == [1] * 8


def test_turns_of_a_thread_nest_and_each_has_a_stream_of_its_own():
    def draw(nested):
        with seeded(random_stream(0), CPU):
            first = torch.rand(2)
            if nested:
                with seeded(random_stream(1), CPU):
                    torch.rand(7)
            return torch.cat([first, torch.rand(2)])

    assert torch.equal(draw(False), draw(True))


class Fits(Callback):
    """Fits another estimator in a round, here or in another thread."""

    rows = None

    def __init__(self, estimator, elsewhere):
        self.estimator, self.elsewhere = estimator, elsewhere

    def on_batch_end(self, net, **kwargs):
        if net.module_.rounds_played == 2:
            if self.elsewhere:
                with ThreadPoolExecutor(1) as pool:
                    Fits.rows = pool.submit(rows_of, self.estimator).result(timeout=60)
            else:
                Fits.rows = rows_of(self.estimator)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_callback_may_fit_another_estimator_and_wait_for_it(elsewhere, usual, monkeypatch):
    monkeypatch.setattr(ambient, "PATIENCE", 0.05)
    Fits.rows = None
    outer = GAMOSampler(**QUICK, callbacks=[Fits(ESTIMATORS[4], elsewhere)])
    np.testing.assert_array_equal(rows_of(outer), usual[1])
    np.testing.assert_array_equal(Fits.rows, usual[4])


def test_a_turn_is_lent_to_other_threads_and_waited_for(monkeypatch):
    monkeypatch.setattr(ambient, "PATIENCE", 0.05)
    began, may_end, order = threading.Event(), threading.Event(), []

    def borrow():
        with seeded(random_stream(1), CPU):
            began.set()
            may_end.wait(30)
            order.append("borrower")
            return torch.rand(2)

    with ThreadPoolExecutor(1) as pool, seeded(random_stream(0), CPU):
        with lending():
            loan = pool.submit(borrow)
            assert began.wait(30)
            threading.Timer(0.2, may_end.set).start()
        order.append("owner")
        mine = torch.rand(2)
    assert order == ["borrower", "owner"]
    for drawn, seed in ((mine, 0), (loan.result(), 1)):
        with seeded(random_stream(seed), CPU):
            assert torch.equal(drawn, torch.rand(2))


def test_a_turn_that_ends_while_it_is_lent_leaves_the_rest_to_the_borrower(monkeypatch):
    """As where a Ctrl-C reaches the main thread while it waits for its turn to come back."""
    monkeypatch.setattr(ambient, "PATIENCE", 0.0)
    began, may_end = threading.Event(), threading.Event()

    def borrow():
        with seeded(random_stream(1), CPU):
            began.set()
            may_end.wait(30)
            return torch.rand(2), torch.get_default_dtype()

    before = torch.get_rng_state()
    with SETTINGS["float64"]():
        owner = ambient._TURNS.take(CPU)
        owner.__enter__()
        ambient._TURNS._taken[0].lent_since = 0.0
        with ThreadPoolExecutor(1) as pool:
            loan = pool.submit(borrow)
            assert began.wait(30)
            owner.__exit__(None, None, None)
            may_end.set()
            drawn, dtype = loan.result()
        assert dtype == torch.float32
    assert torch.equal(torch.get_rng_state(), before)
    with seeded(random_stream(1), CPU):
        assert torch.equal(drawn, torch.rand(2))
    assert ambient._TURNS._taken == []


def test_predictions_wait_for_no_fit_but_where_the_default_dtype_is_another():
    clf = GAMOClassifier(**QUICK).fit(X, y)
    alone = clf.predict_proba(X)
    with ThreadPoolExecutor(1) as pool:
        with turn(CPU):
            np.testing.assert_array_equal(pool.submit(clf.predict_proba, X).result(60), alone)
        with SETTINGS["float64"]():
            with turn(CPU):
                waiting = pool.submit(clf.predict_proba, X)
                with pytest.raises(TimeoutError):
                    waiting.result(0.3)
            np.testing.assert_array_equal(waiting.result(60), alone)


def test_steady_takes_no_turn_where_all_is_as_usual():
    with steady():
        assert ambient._TURNS._taken == []
    with SETTINGS["float64"](), steady():
        assert len(ambient._TURNS._taken) == 1
        assert torch.zeros(1).dtype == torch.float32


# ---- processes ----------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_does_not_wait_for_threads_that_it_has_not():
    alone = rows_of(GAMOSampler(**QUICK))
    inside, may_end = threading.Event(), threading.Event()

    def hold():
        with turn(CPU):
            inside.set()
            may_end.wait(60)

    with SETTINGS["float64"](), ThreadPoolExecutor(1) as pool:
        pool.submit(hold)
        assert inside.wait(30)
        reading, writing = os.pipe()
        if not (child := os.fork()):
            answer = b"wrong"
            try:
                fine = torch.get_default_dtype() == torch.float64
                fine &= np.array_equal(rows_of(GAMOSampler(**QUICK)), alone)
                answer = b"fine" if fine else answer
            finally:
                os.write(writing, answer)
                os._exit(0)
        os.waitpid(child, 0)
        assert os.read(reading, 10) == b"fine"
        may_end.set()
    os.close(reading), os.close(writing)


def test_a_callback_that_forks_has_its_turn_in_the_child():
    with turn(CPU):
        ambient._TURNS.renew()
        assert len(ambient._TURNS._taken) == 1
        with ThreadPoolExecutor(1) as pool:
            loan = pool.submit(rows_of, SpreadSMOTE(random_state=0))
            with pytest.raises(TimeoutError):
                loan.result(0.2)
            ambient._TURNS._taken[0].lent_since = -1e9
            loan.result(30)
