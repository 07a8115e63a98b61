"""Turns, time limits, and estimates: a comparison that is cut short, and goes on."""

import math
from types import SimpleNamespace

import pandas as pd
import pytest

from gan_resample.evaluation import compare
from gan_resample.evaluation.report.findings import findings, overall_findings
from gan_resample.evaluation.results.results import results_of
from gan_resample.evaluation.run import parallel
from gan_resample.evaluation.run.fold import Outcome
from gan_resample.evaluation.run.schedule import Estimate, TimeLimit, in_turns, in_words
from tests.evaluation.helpers import numeric_table

ONE_FIT = 1e-9  # minutes: nothing begins after the first fit
ASKED = {"samplers": ["gamo", "random", "none"], "classifiers": ["knn"], "max_iter": 2}


def task(data, fold, name, game=False, repeat=0):
    return SimpleNamespace(
        data=SimpleNamespace(name=data),
        split=SimpleNamespace(repeat=repeat, fold=fold),
        name=name,
        method=SimpleNamespace(plays_a_game=game),
    )


# ---- turns --------------------------------------------------------------------------------------


def test_each_method_has_a_fold_of_each_data_set_before_any_has_two():
    tasks = [
        task(data, fold, name, name == "gamo", repeat)
        for data in "ab"
        for repeat in (0, 1)
        for fold in (0, 1)
        for name in ("smote", "none", "gamo")
    ]
    names = [(t.data.name, t.split.repeat, t.split.fold, t.name) for t in in_turns(tasks)]
    quick = ("smote", "none")
    first = [(data, 0, 0, name) for data in "ab" for name in quick]
    assert names[:6] == [*first, ("a", 0, 0, "gamo"), ("b", 0, 0, "gamo")]
    later = [
        (data, *split, name)
        for split in ((0, 1), (1, 0), (1, 1))
        for data in "ab"
        for name in ("gamo", *quick)
    ]
    assert names[6:] == later


def test_a_comparison_takes_turns_and_lists_what_was_asked_for_in_its_order(monkeypatch):
    ran = []

    def noted(task, run_task=parallel.run_task):
        ran.append((task.split.fold, task.name))
        return run_task(task)

    monkeypatch.setattr(parallel, "run_task", noted)
    found = compare(numeric_table(), cv=2, **ASKED)
    first = [(0, name) for name in ("random", "none", "gamo")]
    assert ran == [*first, *((1, name) for name in ("gamo", "random", "none"))]
    assert found.samplers == ASKED["samplers"]
    assert found.results["sampler"].tolist() == ["random", "none"] * 2 + ["gamo"] * 2


# ---- the limit ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "error"),
    [(0, ValueError), (-2, ValueError), (math.nan, ValueError), (math.inf, ValueError),
     ("3", TypeError), (True, TypeError)],
)  # fmt: skip
def test_a_limit_is_a_number_of_minutes_above_0(minutes, error):
    with pytest.raises(error, match=r"time_limit=.* must be a number of minutes"):
        compare("wine", time_limit=minutes)


def test_a_limit_lets_the_first_task_begin_and_none_after_it(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    limit = TimeLimit(0.5)
    begun = limit.within("abcd")
    assert [next(begun), next(begun)] == ["a", "b"]
    assert (limit.seconds_left, limit.reached) == (30, False)
    now[0] += 31
    assert (list(begun), limit.reached, limit.seconds_left) == ([], True, 0)
    assert list(limit.within("ef")) == []  # nor what other calls had claimed
    late = TimeLimit(0.5)
    now[0] += 31
    assert (list(late.within("abc")), late.reached) == (["a"], True)
    assert list(TimeLimit(None).within("abc")) == ["a", "b", "c"]


def test_calls_with_the_shortest_limit_come_to_the_results_of_one_without(tmp_path):
    asked = (numeric_table(), ["random", "none"], ["knn", "logistic"], 2)
    whole = compare(*asked)
    path = tmp_path / "s.sqlite"
    missing = []
    while not missing or missing[-1]:
        found = compare(*asked, store=path, time_limit=ONE_FIT)
        missing.append((found.results["status"] == "missing").sum())
    assert missing == [6, 4, 2, 0]  # two classifiers to a fit
    for name, times in {"results": "fit_seconds", "recalls": [], "samplings": "seconds"}.items():
        pd.testing.assert_frame_equal(
            *(getattr(each, name).drop(columns=times) for each in (found, whole))
        )
    assert found.about == whole.about
    texts = [each.results.drop(columns="fit_seconds").to_csv() for each in (found, whole)]
    assert texts[0] == texts[1]
    assert results_of(found).progress == {}


def test_what_is_missing_is_told_and_a_call_without_a_limit_goes_on(tmp_path):
    path = tmp_path / "s.sqlite"
    asked = ({"a": numeric_table(), "b": numeric_table(seed=1)}, ["none", "random"], ["knn"], 2)
    found = compare(*asked, store=path, time_limit=ONE_FIT)
    assert found.results["status"].tolist() == ["ok"] + ["missing"] * 7
    assert found.samplings["status"].tolist() == ["ok"] + ["missing"] * 7
    progress = results_of(found).progress
    assert (progress["a"].n_shared, progress["a"].absent) == (1, ("random",))
    assert (progress["b"].n_shared, progress["b"].lacking) == (0, {"none": 2, "random": 2})
    summary = found.summary()
    assert summary.loc[("a", "knn", "none"), ["n_splits", "status"]].tolist() == [1, "ok"]
    assert summary.loc[("b", "knn", "none"), ["n_splits", "status"]].tolist() == [0, "missing"]
    assert findings(results_of(found), "a")[0] == (
        "Unfinished: everything is computed from 1 of 2 test parts, in which every compared "
        "method ran; not compared yet: random. Test parts that are missing because of the time "
        "limit: none 1, random 2. Nothing is called better or worse on fewer than 3 test parts."
    )
    assert findings(results_of(found), "b") == [
        "Unfinished: nothing has run on this data set yet. Test parts that are missing because of "
        "the time limit: none 2, random 2."
    ]
    assert overall_findings(results_of(found))[0] == (
        "The time limit was reached before 7 fits of a sampler, on 2 of 2 data sets: scores, "
        "ranks and tests may still change. The same command goes on. Nothing is called better or "
        "worse over all data sets before each has 3 test parts."
    )
    whole = compare(*asked, store=path)
    assert set(whole.results["status"]) == {"ok"}
    results = results_of(whole)
    assert "limit" not in " ".join([*findings(results, "a"), *overall_findings(results)])


def test_a_failed_fit_is_tried_again_after_what_has_not_run(tmp_path, monkeypatch):
    path, real = tmp_path / "s.sqlite", parallel.run_task

    def failing(task):
        outcome = real(task)
        cells = [each | {"status": "failed", "error": "no"} for each in outcome.classifiers]
        return Outcome(outcome.sampler, cells)

    monkeypatch.setattr(parallel, "run_task", failing)
    asked = (numeric_table(), ["none"], ["knn"], 3)
    compare(*asked, store=path, time_limit=ONE_FIT)
    monkeypatch.setattr(parallel, "run_task", real)
    found = compare(*asked, store=path, time_limit=ONE_FIT)
    assert found.results["status"].tolist() == ["failed", "ok", "missing"]


# ---- the estimate -------------------------------------------------------------------------------


def test_an_estimate_is_made_when_each_method_has_run_once():
    tasks = [task("a", fold, name) for fold in range(3) for name in ("none", "gamo")]
    estimate = Estimate(tasks, {}, n_workers=2)
    assert estimate.seconds() is None
    estimate.add(Outcome({"data": "a", "sampler": "none", "task_seconds": 2.0}, []))
    assert estimate.told(TimeLimit()) == ""
    estimate.add(Outcome({"data": "a", "sampler": "gamo", "task_seconds": 60.0}, []))
    assert estimate.seconds() == 2 * (2 + 60) / 2
    assert estimate.told(TimeLimit()) == "estimate: the other 4 fits take about 62 s"
    estimate.add(Outcome({"data": "a", "sampler": "gamo", "task_seconds": 100.0}, []))
    assert estimate.seconds() == 80  # the last game alone


def test_an_estimate_may_come_from_earlier_records(monkeypatch):
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    records = {1: {"data": "a", "sampler": "none", "task_seconds": 300.0}, 2: {}}
    estimate = Estimate([task("a", 1, "none"), task("a", 2, "none")], records, n_workers=1)
    assert estimate.told(TimeLimit(4)) == (
        "estimate: the other 2 fits take about 10 min, and 4 min are left until the time limit"
    )


@pytest.mark.parametrize(
    ("seconds", "text"), [(40.4, "40 s"), (100, "2 min"), (3599, "1 h 0 min"), (7500, "2 h 5 min")]
)
def test_durations_in_words(seconds, text):
    assert in_words(seconds) == text
