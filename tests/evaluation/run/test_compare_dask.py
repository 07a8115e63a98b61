"""The comparison on a real Dask cluster: two worker processes on this machine."""

import os

import joblib
import pandas as pd
import pytest
from distributed import Client, LocalCluster
from imblearn.over_sampling import RandomOverSampler

from gan_resample.evaluation import compare
from gan_resample.evaluation.run.store import Store
from tests.evaluation.helpers import numeric_table

ASKED = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": ":0"}


class Where(RandomOverSampler):
    """Raises, for the record to tell in which processes it ran and what it hands to joblib."""

    def fit_resample(self, X, y, **params):
        with_help = joblib.Parallel(n_jobs=2)(joblib.delayed(os.getpid)() for _ in range(8))
        raise RuntimeError({os.getpid(), *with_help})


@pytest.fixture(scope="module")
def client():
    with LocalCluster(**ASKED) as cluster, Client(cluster) as client:
        yield client


def on_dask(*arguments, **more):
    with joblib.parallel_config("dask"):
        return compare(*arguments, **more)


def without_times(comparison):
    return comparison.results.drop(columns="fit_seconds")


def test_results_are_those_of_a_serial_run(client, tmp_path):
    asked = "wine", ["spread", "gamo"], ["logistic"]
    found = on_dask(*asked, cv=3, max_iter=4, store=tmp_path / "s.sqlite")
    assert set(found.results["status"]) == {"ok"}
    assert len(Store(tmp_path / "s.sqlite").records()) == 12
    alone = compare(*asked, cv=3, max_iter=4)
    pd.testing.assert_frame_equal(without_times(found), without_times(alone), check_exact=True)


def test_both_workers_take_part_and_each_task_stays_in_one(client):
    """Were parts of a task handed on, a worker that waits for them would play a second task."""
    found = on_dask(numeric_table(), {"where": Where()}, ["knn"], cv=5, repeats=4)
    workers = client.run(os.getpid).values()
    assert len(workers) == 2
    assert set(found.results["error"]) == {f"RuntimeError: {{{pid}}}" for pid in workers}


@pytest.mark.parametrize("kind", [{"processes": False}, {"threads_per_worker": 2}])
def test_workers_that_share_a_process_are_refused(kind):
    with (
        LocalCluster(**(ASKED | {"n_workers": 1} | kind)) as cluster,
        Client(cluster),
        pytest.raises(ValueError, match="processes of one thread"),
    ):
        on_dask(numeric_table(), ["none"], ["knn"], cv=2)
