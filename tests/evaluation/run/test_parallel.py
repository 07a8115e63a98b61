"""Tasks are handed out one by one, and calls with one store share them."""

import os
import signal
import sqlite3
import sys
import threading
import time
import weakref
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from uuid import uuid4

import joblib
import pandas as pd
import pytest
from imblearn.over_sampling import RandomOverSampler
from skorch.callbacks import Callback

from gan_resample import GAMOSampler
from gan_resample.evaluation import compare
from gan_resample.evaluation.run import parallel as work
from gan_resample.evaluation.run.store import Store
from tests.evaluation.helpers import QUICK, numeric_table, tables

compare_module = sys.modules["gan_resample.evaluation.run.compare"]
DATA = {"numbers": numeric_table()}
N_TASKS = 20


class Counted(RandomOverSampler):
    """Leaves a file for each time that it ran, with the process in its name."""

    def __init__(self, folder, random_state=None):
        super().__init__(random_state=random_state)
        self.folder = folder

    def _fit_resample(self, X, y, **params):
        time.sleep(0.05)
        Path(self.folder, f"{os.getpid()} {uuid4().hex}").touch()
        return super()._fit_resample(X, y)


def compare_counted(folder, **arguments):
    cells = {"counted": Counted(str(folder))}, {"cv": 5, "repeats": N_TASKS // 5}
    return compare(DATA, cells[0], ["knn"], **cells[1], **arguments).results


def without_times(results):
    return results.drop(columns="fit_seconds")


def n_claims(path):
    with sqlite3.connect(path) as connection:
        return connection.execute("SELECT count(*) FROM claims").fetchone()[0]


@pytest.fixture
def played(monkeypatch):
    """Keys of the tasks played in this process."""
    seen = []

    def noted(task, run_task=work.run_task):
        seen.append(work.task_key(task))
        return run_task(task)

    monkeypatch.setattr(work, "run_task", noted)
    return seen


# ---- processes ----------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_figures_whatever_the_number_of_processes():
    asked = tables(), ["threshold", "spread", "gamo"], ["logistic"]
    one, again = (compare(*asked, n_jobs=n, **QUICK) for n in (1, 2))
    pd.testing.assert_frame_equal(without_times(again.results), without_times(one.results))


def one_fold_each(n_jobs=None):
    return compare(numeric_table(), ["none"], ["knn"], cv=2, n_jobs=n_jobs).results


def test_threads_are_refused():
    two = joblib.parallel_config(backend="threading", n_jobs=2)
    with two, pytest.raises(ValueError, match="processes"):
        one_fold_each()
    with pytest.raises(ValueError, match="processes"):
        joblib.Parallel(2, backend="threading")(joblib.delayed(one_fold_each)() for _ in range(2))


def test_one_job_needs_no_processes():
    alone = one_fold_each().drop(columns="fit_seconds")
    with joblib.parallel_config(backend="threading"):
        assert one_fold_each().drop(columns="fit_seconds").equals(alone)
    calls = (joblib.delayed(one_fold_each)(n_jobs) for n_jobs in (None, 1))
    for found in joblib.Parallel(2)(calls):  # joblib's default inside a worker is threads
        assert found.drop(columns="fit_seconds").equals(alone)


# ---- memory -------------------------------------------------------------------------------------


def test_no_more_tasks_are_taken_than_run_and_wait(tmp_path, monkeypatch):
    taken, most = 0, 0

    def claim(self, task, claim=Store.claim):
        nonlocal taken, most
        taken += 1
        most = max(most, taken - len(list(tmp_path.iterdir())))
        return claim(self, task)

    monkeypatch.setattr(Store, "claim", claim)
    compare_counted(tmp_path, n_jobs=2)
    assert taken == N_TASKS
    assert 2 <= most <= 4  # of two processes


def test_an_outcome_is_dropped_once_it_is_written(monkeypatch):
    written = []

    def add(self, outcome, add=Store.add):
        assert not any(earlier() for earlier in written)
        add(self, outcome)
        written.append(weakref.ref(outcome))

    monkeypatch.setattr(Store, "add", add)
    compare(DATA, ["none", "random"], ["knn"], cv=3)
    assert len(written) == 6


# ---- one store, several calls -------------------------------------------------------------------


def compare_when_both_are_there(folder, store):
    (folder / f"there {os.getpid()}").touch()
    give_up = time.monotonic() + 120
    while len(list(folder.glob("there *"))) < 2 and time.monotonic() < give_up:
        time.sleep(0.01)
    (folder / "plays").mkdir(exist_ok=True)
    return compare_counted(folder / "plays", store=store)


def test_two_processes_share_a_store_and_the_work(tmp_path):
    store = tmp_path / "s.sqlite"
    with ProcessPoolExecutor(2, get_context("fork")) as pool:
        calls = [pool.submit(compare_when_both_are_there, tmp_path, store) for _ in range(2)]
        found = [call.result(timeout=300) for call in calls]
    processes = [file.name.split()[0] for file in (tmp_path / "plays").iterdir()]
    assert N_TASKS <= len(processes) <= N_TASKS + 2  # the last ones may be played by both
    assert min(processes.count(process) for process in set(processes)) >= N_TASKS // 5
    assert len(set(processes)) == 2
    assert n_claims(store) == 0
    whole = compare_counted(tmp_path / "plays")
    for results in found:
        pd.testing.assert_frame_equal(without_times(results), without_times(whole))


def test_what_another_call_claimed_and_left_comes_last(tmp_path, played):
    store = tmp_path / "s.sqlite"
    Store(store).claim(("numbers", 0, 0, "none"))
    found = compare(DATA, ["none", "random"], ["knn"], cv=3, store=store)
    assert len(played) == len(found.results) == 6
    assert played[-1] == ("numbers", 0, 0, "none")
    assert set(found.results["status"]) == {"ok"}


def test_what_another_call_finished_meanwhile_is_not_played(tmp_path, monkeypatch):
    store = tmp_path / "s.sqlite"
    seen = []

    def slow(task, run_task=work.run_task):
        seen.append(work.task_key(task))
        if len(seen) == 1:  # another call comes in between, finds one claimed and plays it too
            compare(DATA, ["none"], ["knn"], cv=4, store=store)
        return run_task(task)

    monkeypatch.setattr(work, "run_task", slow)
    found = compare(DATA, ["none"], ["knn"], cv=4, store=store)
    assert len(found.results) == 4
    assert len(seen) == 5
    assert len(set(seen)) == 4
    assert n_claims(store) == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_call_goes_on_and_leaves_no_claim(tmp_path, monkeypatch, played, error):
    store = tmp_path / "s.sqlite"
    with monkeypatch.context() as patch:
        patch.setattr(work, "run_task", _stop_at_third(work.run_task, error))
        with pytest.raises(error):
            compare(DATA, ["none"], ["knn"], cv=5, store=store)
    assert n_claims(store) == 0
    assert len(Store(store).records()) == 4
    compare(DATA, ["none"], ["knn"], cv=5, store=store)
    assert len(played) == 5


class Pressed(Callback):
    """A real Ctrl-C in the third round of a fit, once."""

    pressed = False

    def on_batch_end(self, net, **kwargs):
        if not Pressed.pressed and net.module_.rounds_played == 3:
            Pressed.pressed = True
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait(5)  # Python runs the handler here


def test_a_fit_that_ctrl_c_cut_short_is_not_stored_and_the_call_goes_on(tmp_path, monkeypatch):
    store = tmp_path / "s.sqlite"

    def compared(store=None):
        sampler = GAMOSampler(max_iter=8, callbacks=[Pressed()])
        samplers = {"none": "none", "gamo": sampler}
        return compare(DATA, samplers, ["logistic"], cv=2, store=store).results

    monkeypatch.setattr(Pressed, "pressed", True)
    whole = compared()
    monkeypatch.setattr(Pressed, "pressed", False)
    monkeypatch.setattr(compare_module, "describe", lambda value, *rest: type(value).__name__)
    with pytest.raises(KeyboardInterrupt):
        compared(store)
    kept = Store(store).records()
    assert {key[3] for key in kept} == {"none"}
    assert n_claims(store) == 0
    pd.testing.assert_frame_equal(without_times(compared(store)), without_times(whole))


def _stop_at_third(run_task, error):
    calls = iter((run_task, run_task))

    def stop(task):
        call = next(calls, None)
        if call is None:
            raise error
        return call(task)

    return stop


def test_what_failed_is_tried_again_once(tmp_path, monkeypatch, played):
    def fail(self, X, y, **params):
        raise RuntimeError("no rows today")

    monkeypatch.setattr(RandomOverSampler, "fit_resample", fail)
    store = tmp_path / "s.sqlite"
    for _ in range(2):
        found = compare(DATA, ["random"], ["knn"], cv=3, store=store)
        assert set(found.results["status"]) == {"failed"}
    assert len(played) == 6


def test_a_store_without_claims_is_gone_on_with(tmp_path, played):
    store = tmp_path / "s.sqlite"
    compare(DATA, ["none"], ["knn"], cv=3, store=store)
    with sqlite3.connect(store) as connection:
        connection.execute("DROP TABLE claims")
    found = compare(DATA, ["none", "random"], ["knn"], cv=3, store=store)
    assert len(found.results) == len(played) == 6
