"""Figures and sentences from known numbers."""

import numpy as np
import pytest

from gan_resample.evaluation import Comparison
from gan_resample.evaluation.metrics.scores import SCORES
from gan_resample.evaluation.report.findings import findings, number, overall_findings
from gan_resample.evaluation.results.intervals import NO_DIFFERENCE
from gan_resample.evaluation.results.results import results_of
from tests.evaluation.helpers import SAMPLERS, small_comparison


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


# ---- sentences ----------------------------------------------------------------------------------


def test_the_best_with_rows_is_set_against_the_best_without():
    told = findings(results_of(example()), "t")
    assert told[0].startswith(
        "The best balanced accuracy with resampled rows is that of knn with good (80.8), the best "
        "with the rows as they are that of knn with none (70.4). The difference is +10.4 [+9.4, "
        "+11.4]: resampling is better."
    )
    assert told[1] == (
        "Balanced accuracy against doing nothing: better with good (1 of 1 classifiers); "
        f"{NO_DIFFERENCE} elsewhere."
    )


def test_no_difference_is_said():
    told = findings(results_of(made({("none", "knn"): NOTHING, ("noisy", "knn"): NOISY})), "t")
    assert f": {NO_DIFFERENCE}." in told[0]
    assert f"{NO_DIFFERENCE} with any sampler and classifier" in told[1]
    assert "test parts make wide intervals" not in " ".join(told)


def test_harm_to_probabilities_is_said():
    brier = {"none": [0.1] * 5, "good": [0.2, 0.21, 0.2, 0.2, 0.2], "noisy": [0.1] * 5}
    told = " ".join(findings(results_of(example(brier=brier)), "t"))
    assert "Warning: probabilities are worse than those of doing nothing" in told
    assert "by the Brier score, with good (1 classifier)" in told


def test_without_doing_nothing_there_is_no_difference():
    told = findings(results_of(made({("good", "knn"): GOOD, ("noisy", "knn"): NOISY})), "t")
    assert "was not among the samplers" in told[1]
    assert "best balanced accuracy is that of knn with good" in told[0]


def test_doing_nothing_alone_is_set_against_nothing():
    found = made({("none", "knn"): NOTHING}, data=("t", "u", "v", "w", "x"))
    assert overall_findings(results_of(found)) == []
    told = " ".join(findings(results_of(found), "t"))
    assert "(70.4). No sampler was asked for beside doing nothing: there is no difference" in told
    assert "detectable" not in told


def test_where_all_others_failed_no_difference_is_listed():
    found = made({("none", "knn"): NOTHING, ("good", "knn"): [None] * 5}, data=("t", "u"))
    assert not any(
        "difference to doing nothing" in told for told in overall_findings(results_of(found))
    )


def test_failures_are_said():
    values = {("none", "knn"): NOTHING, ("good", "knn"): [None] * 5}
    told = " ".join(findings(results_of(made(values)), "t"))
    assert "1 cell failed" in told


def test_means_and_difference_are_of_the_splits_where_both_ran():
    values = {
        ("none", "knn"): NOTHING,
        ("flaky", "knn"): [None, 0.83, None, 0.80, 0.81],
        ("weights", "knn"): [None] * 5,  # does not exist for this classifier
    }
    comparison = made(values)
    means = comparison.cell_means().loc["t", "knn"]
    assert means["flaky"] == pytest.approx(np.mean([0.83, 0.80, 0.81]))
    assert means["none"] == pytest.approx(np.mean([0.72, 0.69, 0.70]))
    assert np.isnan(means["weights"])
    told = findings(results_of(comparison), "t")[0]
    assert "flaky (81.3)" in told
    assert "none (70.3)" in told
    assert "difference is +11.0" in told


def test_a_sampler_that_ran_on_fewer_data_sets_says_so():
    every = made({("none", "knn"): NOTHING, ("good", "knn"): GOOD}, data=("t", "u", "v"))
    on_v = (every.results["data"] == "v") & (every.results["sampler"] == "good")
    every.results.loc[on_v, "balanced_accuracy"] = np.nan
    assert every.overall().loc["good", "n_data"] == 2
    assert "(2 data sets)" in overall_findings(results_of(every))[0]


def test_few_test_parts_are_said():
    told = findings(
        results_of(made({("none", "knn"): NOTHING[:3], ("good", "knn"): GOOD[:3]})), "t"
    )
    assert told[2] == "3 test parts make wide intervals: more folds or repeats narrow them."


def test_several_data_sets_are_summed_up():
    assert overall_findings(results_of(example())) == []
    told = overall_findings(results_of(example(data=("t", "u", "v"))))
    assert "good +11.4 [+8.9, +13.9], better" in told[0]
    assert "good 1.0, noisy 2.0, none 3.0" in told[1]
    assert len(told) == 3
    assert "at least 5 on which every sampler ran: here are 3" in told[2]


@pytest.mark.parametrize(
    ("value", "unit", "signed", "text"),
    [
        (0.8768, 100, False, "87.7"),
        (-0.0123, 100, True, "−1.2"),
        (-0.00001, 100, True, "+0.0"),
        (0.0123, 1, True, "+0.012"),
        (float("nan"), 1, False, ""),
    ],
)
def test_numbers(value, unit, signed, text):
    assert number(value, unit, signed=signed) == text


def test_real_results_make_sentences():
    comparison = small_comparison()
    for data in comparison.data:
        assert len(findings(results_of(comparison), data)) >= 4
    assert comparison.recalls["recall"].between(0, 1).all()
    assert set(comparison.overall().index) == set(SAMPLERS)
