"""What a comparison tells, from known numbers."""

import numpy as np
import pytest

from gan_resample.evaluation import Comparison
from gan_resample.evaluation.metrics.scores import SCORES
from gan_resample.evaluation.results.intervals import NO_DIFFERENCE


def made(values, brier=None, data=("t",), status=None):
    """Make a comparison of {(sampler, classifier): balanced accuracy of each split}.

    Samplers gain a point on the second data set, two on the third.
    """
    records = []
    for number_, name in enumerate(data):
        for (sampler, classifier), scores in values.items():
            for fold, value in enumerate(scores):
                if value is not None and sampler != "none":
                    value += 0.01 * number_
                record = {"data": name, "repeat": 0, "fold": fold, "sampler": sampler}
                record |= {"classifier": classifier, "status": "ok", "warned": []}
                figures = {"balanced_accuracy": value}
                if brier:
                    figures["brier_score"] = brier[sampler][fold]
                record |= {"scores": figures, "fit_seconds": 1.0, "recalls": [1.0, value]}
                if value is None:
                    record |= {"status": "failed", "error": "RuntimeError: no", "scores": {}}
                records.append(record)
    about = {"labels": ["a", "b"], "counts": [9, 3], "test_to_train": 0.25}
    return Comparison(
        records,
        [],
        {
            "scores": {
                n: SCORES[n] for n in ("balanced_accuracy", "brier_score")[: 1 + bool(brier)]
            },
            "data": [about | {"name": name} for name in data],
            "samplers": dict.fromkeys(dict.fromkeys(s for s, _ in values), ""),
            "baseline": "none" if ("none", "knn") in values else None,
            "without_rows": ["none"] if ("none", "knn") in values else [],
            "classifiers": dict.fromkeys(dict.fromkeys(c for _, c in values), ""),
        },
    )


NOTHING = [0.70, 0.72, 0.71, 0.69, 0.70]
GOOD = [0.80, 0.83, 0.81, 0.80, 0.80]
NOISY = [0.50, 0.90, 0.70, 0.95, 0.55]


def example(**settings):
    return made(
        {("none", "knn"): NOTHING, ("good", "knn"): GOOD, ("noisy", "knn"): NOISY}, **settings
    )


def test_summary_has_means_differences_and_verdicts():
    summary = example().summary()
    row = summary.loc["t", "knn", "good"]
    assert row["balanced_accuracy"] == pytest.approx(np.mean(GOOD))
    assert row["balanced_accuracy_difference"] == pytest.approx(np.mean(GOOD) - np.mean(NOTHING))
    assert row["balanced_accuracy_low"] > 0
    assert 0 < row["balanced_accuracy_p"] < 0.05 < summary["balanced_accuracy_p"].iloc[2]
    assert summary["balanced_accuracy_verdict"].tolist()[1:] == ["better", NO_DIFFERENCE]
    assert np.isnan(summary.loc["t", "knn", "none"]["balanced_accuracy_difference"])


@pytest.mark.parametrize("name", ["results", "recalls", "samplings", "about"])
def test_what_was_found_cannot_be_put_in_another_place(name):
    comparison = example()
    before = getattr(comparison, name)
    with pytest.raises(AttributeError, match=f"property '{name}' of 'Comparison' object has no s"):
        setattr(comparison, name, [])
    assert type(getattr(comparison, name)) is type(before)


def test_changing_what_was_found_in_place_changes_a_copy():
    comparison = example()
    before = comparison.results
    rows, recalls, about = comparison.results, comparison.recalls, comparison.about
    samplings = comparison.samplings
    rows.loc[:, "balanced_accuracy"] = 0.0
    recalls.loc[:, "recall"] = 0.0
    samplings["more"] = 0
    about["data"][0]["name"] = "another"
    about["data"] = []
    assert comparison.data == ["t"]
    assert comparison.results.equals(before)
    assert comparison.summary().loc["t", "knn", "none"]["balanced_accuracy"] > 0
    assert comparison.recalls["recall"].gt(0).all()
    assert "more" not in comparison.samplings


def test_changing_a_summary_changes_no_other():
    comparison = example()
    changed = comparison.summary()
    changed["balanced_accuracy"] = 0.0
    assert changed["balanced_accuracy"].eq(0).all()
    assert comparison.summary()["balanced_accuracy"].gt(0).all()


def test_lower_brier_scores_are_better():
    brier = {
        "none": [0.1] * 5,
        "good": [0.2, 0.21, 0.2, 0.2, 0.2],
        "noisy": [0.05, 0.06, 0.05, 0.05, 0.05],
    }
    verdicts = example(brier=brier).summary()["brier_score_verdict"]
    assert verdicts.tolist()[1:] == ["worse", "better"]


def test_failed_splits_are_left_out_and_pairs_stay_pairs():
    values = {("none", "knn"): NOTHING, ("good", "knn"): [0.80, None, 0.81, 0.80, 0.80]}
    comparison = made(values)
    row = comparison.summary().loc["t", "knn", "good"]
    assert (row["n_splits"], row["status"]) == (4, "1 failed")
    assert "RuntimeError: no" in row["note"]
    gap = np.mean([0.10, 0.10, 0.11, 0.10])
    assert row["balanced_accuracy_difference"] == pytest.approx(gap)
    # nobody gains by failing: doing nothing is ranked on the same four splits
    assert comparison.cell_means().loc[("t", "knn"), "none"] == pytest.approx(0.70)


def test_overall_averages_over_data_sets():
    overall = example(data=("t", "u", "v")).overall()
    gap = np.mean(GOOD) - np.mean(NOTHING) + 0.01
    assert overall.loc["good", "difference"] == pytest.approx(gap)
    assert overall.loc["good", "verdict"] == "better"
    assert overall["n_data"].unique().tolist() == [3]
    assert overall["mean_rank"].to_dict() == {"none": 3, "good": 1, "noisy": 2}
    assert overall["n_ranked"].unique().tolist() == [3]


def test_a_cell_that_failed_altogether_is_not_ranked():
    values = {
        ("none", "knn"): NOTHING,
        ("good", "knn"): GOOD,
        ("none", "svm"): NOTHING,
        ("good", "svm"): [None] * 5,
    }
    overall = made(values).overall()
    assert overall["n_ranked"].unique().tolist() == [1]
    assert overall["mean_rank"].to_dict() == {"none": 2, "good": 1}


@pytest.mark.parametrize("ask", ["overall", "cell_means", "shared_means"])
def test_unknown_scores_are_refused(ask):
    with pytest.raises(ValueError, match="'accuracy' is not in the comparison: known are"):
        getattr(example(), ask)("accuracy")


@pytest.mark.parametrize("wrong", range(5))
def test_unknown_names_of_a_difference_are_refused(wrong):
    asked = ["t", "knn", "good", "none", "balanced_accuracy"]
    assert example().difference(*asked).mean > 0
    asked[wrong] = "zz"
    with pytest.raises(ValueError, match="'zz' is not in the comparison: known are"):
        example().difference(*asked)
