"""Sentences from known numbers."""

import numpy as np
import pytest

from gan_resample.evaluation import compare
from gan_resample.evaluation.report.findings import findings, number, overall_findings
from gan_resample.evaluation.results.intervals import NO_DIFFERENCE
from gan_resample.evaluation.results.results import results_of
from tests.evaluation.helpers import SAMPLERS, small_comparison
from tests.evaluation.test_comparison import GOOD, NOISY, NOTHING, example, made


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
    rows = results_of(every).rows
    rows.loc[(rows["data"] == "v") & (rows["sampler"] == "good"), "balanced_accuracy"] = np.nan
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


def test_where_nothing_was_generated_nothing_is_claimed():
    X, y = np.random.default_rng(0).normal(size=(24, 2)), np.repeat(["a", "b"], 12)
    found = compare((X, y), ["none", "spread", "random"], ["knn"], cv=3)
    first, second = findings(results_of(found), "data")
    assert first == (
        "Every class has as many rows already, so no row was generated: nothing can be said of "
        "resampled rows."
    )
    assert second.startswith("Median time of a sampler")
    found = compare((X, y), ["none", "spread", "threshold"], ["knn"], cv=3)
    told = findings(results_of(found), "data")
    assert told[0] == first
    assert told[1].startswith("Balanced accuracy against doing nothing:")
    found = compare((X[4:], y[4:]), ["none", "undersample"], ["knn"], cv=3)  # 8 and 12 rows
    assert (
        "resampled rows is that of knn with undersample" in findings(results_of(found), "data")[0]
    )


def test_there_is_no_verdict_where_test_parts_lack_a_class():
    X, y = np.random.default_rng(0).normal(size=(32, 2)), np.repeat([0, 1], [24, 8])
    X[y == 1] += 1
    parts = [np.arange(32)[start::4] for start in range(3)] + [np.arange(3, 24, 4)]
    pairs = [(np.setdiff1d(np.arange(32), part), part) for part in parts]
    with pytest.warns(UserWarning, match=r"\(class '1' in 1\)"):
        found = compare((X, y), ["none", "random"], ["knn"], cv=pairs)
    first, *others = findings(results_of(found), "data")
    assert first.startswith("Warning: some test parts have no row of a class (1 without 1). ")
    assert [told.split(" of ")[0] for told in others] == ["Median time"]
    told = found.summary().loc["data", "knn", "random"]
    assert np.isfinite(told["balanced_accuracy_difference"])
    assert told["balanced_accuracy_verdict"] == "no verdict"


def test_real_results_make_sentences():
    comparison = small_comparison()
    for data in comparison.data:
        assert len(findings(results_of(comparison), data)) >= 4
    assert comparison.recalls["recall"].between(0, 1).all()
    assert set(comparison.overall().index) == set(SAMPLERS)
