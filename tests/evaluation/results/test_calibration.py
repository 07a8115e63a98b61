"""Calibration of every cell, before and after correction, and the warning made of it."""

import json
import sqlite3
from contextlib import closing
from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ShuffleSplit

from gan_resample.evaluation import compare
from gan_resample.evaluation.metrics.fidelity import FIDELITY
from gan_resample.evaluation.report.findings import _mended, findings, probability_finding
from gan_resample.evaluation.report.tables import likeness_table, probability_table
from gan_resample.evaluation.results.intervals import NO_DIFFERENCE
from gan_resample.evaluation.results.results import CELL, results_of
from tests.evaluation.helpers import numeric_table

NEW = ("corrected", "fidelity")  # what records of earlier versions lack


@cache
def noisy():
    """A table on which resampling costs probabilities for certain."""
    X, y = make_classification(1500, 6, weights=[0.9], class_sep=0.6, random_state=0)
    asked = ["none", "threshold", "class_weight", "random", "spread"]
    return compare({"noisy": (pd.DataFrame(X), y)}, asked, ["logistic", "knn"], cv=4)


def test_slopes_of_an_honest_model_are_near_one():
    found = noisy().calibration().loc[("noisy", "logistic")]
    assert found.loc["none", "slope"] == pytest.approx(1, abs=0.25)
    assert found.loc["none", "intercept"] == pytest.approx(0, abs=0.4)


def test_repeated_rows_promise_too_much_and_correction_takes_it_back():
    found = noisy().calibration().loc[("noisy", "logistic")]
    for method in ("random", "class_weight"):
        own = found.loc[method]
        assert own["intercept"] < -1.5  # about log(.1 / .9) = -2.2
        assert abs(own["corrected_intercept"]) < 0.5
        assert own["brier_score"] > found.loc["none", "brier_score"] + 0.03
        assert own["verdict"] == "worse"
        assert own["corrected_brier_score"] == pytest.approx(
            found.loc["none", "brier_score"], abs=0.01
        )


def test_what_shifts_nothing_is_its_own_correction():
    found = noisy().calibration()
    for method in ("none", "threshold"):
        own = found.xs(method, level="sampler")
        for name in ("intercept", "slope", "brier_score"):
            np.testing.assert_array_equal(own[name], own[f"corrected_{name}"])


def test_differences_are_paired_with_doing_nothing():
    comparison = noisy()
    own = comparison.calibration().loc[("noisy", "knn", "random")]
    scores = comparison.results.query("classifier == 'knn'").set_index(["sampler", "fold"])
    gaps = scores.loc["random", "brier_score_corrected"] - scores.loc["none", "brier_score"]
    assert own["corrected_difference"] == pytest.approx(gaps.mean())
    assert own["corrected_low"] < own["corrected_difference"] < own["corrected_high"]


def test_a_warning_names_who_is_worse_and_what_correction_saves():
    told = probability_finding(results_of(noisy()), "noisy")
    assert told.startswith("Warning: probabilities are worse than those of doing nothing")
    assert "class_weight (1 classifier)" in told
    assert "random (2 classifiers)" in told
    assert "threshold" not in told
    still = noisy().calibration().query("corrected_verdict == 'worse'")
    assert ("still worse" in told) == (len(still) > 0)
    assert told in findings(results_of(noisy()), "noisy")


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (["better", "better"], "they no longer are."),
        (["better", NO_DIFFERENCE], "they no longer are."),
        (["worse", NO_DIFFERENCE], "they are still worse with a (1 classifier)."),
        (["worse", "no interval"], "with a (1 classifier); of b (1 classifier) it is unknown."),
        (["better", ""], "they no longer are; of b (1 classifier) it is unknown."),
        (["", "no interval"], ""),
    ],
)
def test_what_is_said_of_the_correction(after, told):
    cells = pd.MultiIndex.from_tuples([("t", "c", "a"), ("t", "c", "b")], names=CELL)
    assert _mended(pd.Series(after, cells)).endswith(told)
    assert bool(_mended(pd.Series(after, cells))) == bool(told)


def test_a_baseline_is_not_corrected():
    X, y = make_classification(900, 6, weights=[0.9], class_sep=0.6, random_state=0)
    own = {"weighs": LogisticRegression(class_weight="balanced")}
    found = compare({"t": (X, y)}, ["none", "random"], own, 3)
    scores = found.results.set_index(["sampler", "fold"])
    assert (scores["brier_score_corrected"] < scores["brier_score"] - 0.02).all()
    gaps = scores.loc["random", "brier_score_corrected"] - scores.loc["none", "brier_score"]
    difference = found.calibration().loc[("t", "weighs", "random"), "corrected_difference"]
    assert difference == pytest.approx(gaps.mean())


def test_several_classes_have_no_intercept():
    X, y = make_classification(
        900, 6, n_informative=4, n_classes=3, weights=[0.7, 0.2], random_state=0
    )
    found = compare({"t": (X, y)}, ["none", "random"], ["logistic"], cv=3).calibration()
    assert found["intercept"].isna().all()
    assert found["corrected_intercept"].isna().all()
    assert found["slope"].between(0.5, 1.5).all()


def test_no_warning_where_nothing_is_worse():
    X, y = numeric_table()
    comparison = compare({"t": (X, y)}, ["none", "threshold"], ["logistic"], cv=3)
    told = probability_finding(results_of(comparison), "t")
    expected = (
        "Probabilities, by the Brier score, against doing nothing: no detectable difference."
    )
    assert told == expected


def test_without_brier_score_there_are_slopes_and_no_warning():
    X, y = numeric_table()
    comparison = compare(
        {"t": (X, y)}, ["none", "random"], ["logistic"], cv=3, scoring=["roc_auc"]
    )
    assert "slope" in comparison.calibration()
    assert "brier_score" not in comparison.calibration()
    assert probability_finding(results_of(comparison), "t") == ""
    assert len(probability_table(results_of(comparison), "t")[0]["cells"]) == 4


def test_without_probabilities_there_is_nothing():
    from sklearn.svm import LinearSVC

    X, y = numeric_table()
    comparison = compare({"t": (X, y)}, ["none", "random"], {"svm": LinearSVC()}, cv=3)
    assert comparison.calibration().empty
    assert probability_table(results_of(comparison), "t") == []
    assert probability_finding(results_of(comparison), "t") == ""


def test_likeness_stands_beside_worth():
    comparison = noisy()
    table = likeness_table(results_of(comparison), "noisy")
    assert [title for title, _ in table["columns"]][:2] == ["Balanced accuracy", "precision"]
    rows = dict(table["rows"])
    assert list(rows) == ["none", "random", "spread"]
    assert rows["none"][1:] == ["–"] * len(FIDELITY)
    assert rows["random"][5] == "1.00"  # near-copies
    assert rows["spread"][5] < "0.50"
    worth = comparison.cell_means().loc["noisy", "spread"].mean()  # knn takes no class weights
    assert float(rows["spread"][0]) == pytest.approx(100 * worth, abs=0.06)


def test_one_split_says_nothing():
    X, y = make_classification(600, 6, weights=[0.9], class_sep=0.6, random_state=0)
    split = ShuffleSplit(1, random_state=0)
    found = compare({"t": (X, y)}, ["none", "random"], ["logistic"], split)
    told = " ".join(findings(results_of(found), "t"))
    assert "by the Brier score: without intervals, nothing can be said of them." in told
    assert "One test part gives no interval" in told


def test_a_score_is_known_by_what_it_is():
    X, y = make_classification(900, 6, weights=[0.9], class_sep=0.6, random_state=0)
    asked = {"t": (X, y)}, ["none", "random"], ["logistic"], 3
    usual = compare(*asked, scoring=["brier_score"])
    renamed = compare(*asked, scoring={"Brier": "brier_score"})
    pd.testing.assert_frame_equal(renamed.calibration(), usual.calibration())
    assert probability_finding(results_of(renamed), "t") == probability_finding(
        results_of(usual), "t"
    )
    assert "Brier_corrected" in renamed.results
    assert renamed.known_as("Brier") == "brier_score"
    negative = compare(*asked, scoring={"brier_score": "neg_brier_score"})
    assert "brier_score" not in negative.calibration()
    assert probability_finding(results_of(negative), "t") == ""


def test_a_store_from_before_correction_makes_no_claim_of_it(tmp_path):
    X, y = make_classification(900, 6, weights=[0.9], class_sep=0.6, random_state=0)
    path = tmp_path / "s.sqlite"
    asked = {"t": (X, y)}, ["none", "random", "spread"], ["logistic"], 3
    new = compare(*asked, store=path)
    assert "undone" in probability_finding(results_of(new), "t")
    with closing(sqlite3.connect(path)) as connection, connection:
        records = connection.execute("SELECT rowid, body FROM records").fetchall()
        for at, body in records:
            kept = {k: v for k, v in json.loads(body).items() if k not in NEW}
            connection.execute(
                "UPDATE records SET body = ?, checksum = NULL WHERE rowid = ?",
                (json.dumps(kept), at),
            )
    old = compare(*asked, store=path)
    told = probability_finding(results_of(old), "t")
    assert told.startswith("Warning: ")
    assert "undone" not in told
    assert old.calibration()["corrected_brier_score"].isna().all()
    assert old.calibration()["corrected_slope"].isna().all()
    np.testing.assert_array_equal(old.calibration()["slope"], new.calibration()["slope"])
    assert old.fidelity().empty
    assert old.to_html(tmp_path / "report.html").exists()


def test_class_weights_of_the_classifier_itself_are_undone():
    X, y = make_classification(1500, 6, weights=[0.9], class_sep=0.6, random_state=0)
    models = {
        "plain": LogisticRegression(),
        "weighted": LogisticRegression(class_weight="balanced"),
        "bagging": "balanced_bagging",
    }
    found = compare({"t": (X, y)}, ["none"], models, 3).calibration().loc["t"].droplevel("sampler")
    weighted = found.loc["weighted"]
    assert weighted["brier_score"] > found.loc["plain", "brier_score"] + 0.03
    assert weighted["corrected_brier_score"] == pytest.approx(
        found.loc["plain", "brier_score"], abs=0.005
    )
    assert np.isnan(found.loc["bagging", "corrected_brier_score"])  # nobody knows its mix
