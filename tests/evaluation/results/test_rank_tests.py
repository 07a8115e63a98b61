"""Tests over data sets: published and hand-made values, and what they must not depend on."""

import sys
from functools import partial

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gan_resample.evaluation import RankDisplay
from gan_resample.evaluation.report.findings import chance, overall_findings
from gan_resample.evaluation.report.tables import rank_display, score_tables
from gan_resample.evaluation.results import rank_tests as statistics
from gan_resample.evaluation.results.intervals import over_data
from gan_resample.evaluation.results.rank_tests import (
    SharedMeans,
    default_rope,
    friedman,
    shared_means,
    signed_rank,
)
from gan_resample.evaluation.results.results import results_of
from tests.evaluation.test_comparison import made

# After the example of Demšar (2006), AUC of C4.5 and its variants on 14 data sets, written from
# memory; one tie (0.9751, 0.9750) is broken so that the mean ranks are the ones he gives.
DEMSAR = pd.DataFrame(
    [
        (0.763, 0.768, 0.771, 0.798),
        (0.599, 0.591, 0.590, 0.569),
        (0.954, 0.971, 0.968, 0.967),
        (0.628, 0.661, 0.654, 0.657),
        (0.882, 0.888, 0.886, 0.898),
        (0.936, 0.931, 0.916, 0.931),
        (0.661, 0.668, 0.609, 0.685),
        (0.583, 0.583, 0.563, 0.625),
        (0.775, 0.838, 0.866, 0.875),
        (1.000, 1.000, 1.000, 1.000),
        (0.940, 0.962, 0.965, 0.962),
        (0.619, 0.666, 0.614, 0.669),
        (0.972, 0.981, 0.9751, 0.9750),
        (0.957, 0.978, 0.946, 0.970),
    ],
    columns=["C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf"],
)
# four samplers, each a clear step above the one before, on eight data sets
STEPS = pd.DataFrame(
    np.linspace(0.5, 0.7, 8)[:, None] + np.array([0.0, 0.05, 0.1, 0.15]), columns=[*"abcd"]
)
PROBABILITIES = ["p_worse", "p_equal", "p_better"]


def shared(means):
    return SharedMeans(means, (), len(means))


def cells(means, classifiers=("knn", "forest")):
    """Repeat a row for each classifier."""
    parts = {(data, name): means.loc[data] for data in means.index for name in classifiers}
    return pd.DataFrame(parts).T.rename_axis(["data", "classifier"])


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    plt.close("all")


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch):
    monkeypatch.setattr(statistics, "N_SAMPLES", 500)


# ---- ranks --------------------------------------------------------------------------------------


def test_friedman_and_nemenyi_of_demsars_example():
    found = friedman(shared(DEMSAR))
    assert found.mean_ranks.round(3).tolist() == [3.143, 2.0, 2.893, 1.964]
    # he leaves ties uncorrected: one of four, three of two, among 14 rows of four ranks
    ties = 1 - (60 + 3 * 6) / (14 * (4**3 - 4))
    assert ties * found.statistic == pytest.approx(9.28, abs=0.01)
    assert found.p == pytest.approx(stats.chi2.sf(found.statistic, 3))
    assert found.critical_difference == pytest.approx(2.569 * np.sqrt(4 * 5 / (6 * 14)), abs=1e-3)
    assert found.significant
    # "the post-hoc test is not powerful enough": no pair is apart at 5 %
    assert [found.apart(name) for name in DEMSAR] == [[]] * 4
    assert len(found.groups()) == 1


def test_ranks_by_hand():
    found = friedman(shared(STEPS))
    assert found.mean_ranks.to_dict() == {"a": 4, "b": 3, "c": 2, "d": 1}
    assert found.statistic == pytest.approx(8 * 3)  # n (k - 1): all rows agree
    assert found.critical_difference == pytest.approx(1.658, abs=1e-3)  # 2.569 sqrt(20 / 48)
    assert (found.apart("a"), found.apart("b")) == (["c", "d"], ["d"])
    assert found.groups() == [["d", "c"], ["c", "b"], ["b", "a"]]


def test_p_values_of_pairs_agree_with_the_critical_difference():
    found = friedman(shared(STEPS))
    at_critical = found.critical_difference / np.sqrt(4 * 5 / (12 * 8))
    assert stats.studentized_range.sf(at_critical, 4, np.inf) == pytest.approx(0.05)
    assert found.pairs.loc["a", "c"] < 0.05 < found.pairs.loc["a", "b"]
    np.testing.assert_array_equal(found.pairs, found.pairs.T)
    np.testing.assert_allclose(np.diag(found.pairs), 1)


def test_lower_may_be_better():
    ranks = friedman(shared(STEPS), greater_is_better=False).mean_ranks
    assert ranks.to_dict() == {"a": 1, "b": 2, "c": 3, "d": 4}


def test_nothing_is_apart_where_friedman_finds_no_difference():
    noise = pd.DataFrame(np.random.default_rng(0).normal(size=(6, 4)), columns=[*"abcd"])
    found = friedman(shared(noise))
    assert not found.significant
    assert found.apart("a") == []
    assert [sorted(group) for group in found.groups()] == [[*"abcd"]]


def test_samplers_that_are_all_alike_are_one_tie():
    found = friedman(shared(pd.DataFrame(0.5, index=range(6), columns=[*"abc"])))
    assert (found.statistic, found.p) == (0, 1)
    assert found.mean_ranks.tolist() == [2, 2, 2]


@settings(max_examples=20, deadline=None)
@given(order=st.permutations("abcd"), shift=st.floats(-3, 3), seed=st.integers(0, 99))
def test_ranks_depend_on_neither_order_nor_level(order, shift, seed):
    rough = STEPS + np.random.default_rng(seed).normal(scale=0.1, size=STEPS.shape)
    one, other = friedman(shared(rough)), friedman(shared(rough[list(order)] + shift))
    assert other.statistic == pytest.approx(one.statistic)
    assert other.mean_ranks[[*"abcd"]].tolist() == one.mean_ranks.tolist()
    assert other.groups() == one.groups() or one.mean_ranks.duplicated().any()


@pytest.mark.parametrize("test", [friedman, lambda means: signed_rank(means, "a")])
@pytest.mark.parametrize("n_data", [1, 4])
def test_few_data_sets_are_refused(test, n_data):
    with pytest.raises(ValueError, match=f"at least 5 on which every .* got {n_data}: add data"):
        test(shared(STEPS[:n_data]))


def test_two_samplers_have_no_friedman_test():
    with pytest.raises(ValueError, match=r"at least 3 samplers .* \['a', 'b'\]"):
        friedman(shared(STEPS[["a", "b"]]))


# ---- differences --------------------------------------------------------------------------------


def test_clear_differences_are_certain():
    gaps = pd.DataFrame({"worse": -0.05, "alike": 0.004, "better": 0.05}, index=range(10))
    means = (gaps + 0.001 * np.arange(10)[:, None]).assign(none=0.001 * np.arange(10)) + 0.7
    found = signed_rank(shared(means), "none")
    assert (np.diag(found[PROBABILITIES]) > 0.99).all()
    assert found.index.tolist() == ["worse", "alike", "better"]
    np.testing.assert_allclose(found[PROBABILITIES].sum(axis=1), 1)
    assert found.loc["better", ["difference", "median"]].tolist() == pytest.approx([0.05, 0.05])


def test_the_rope_decides_what_is_equal():
    rough = STEPS[["a"]].assign(b=STEPS["a"] + np.linspace(0.01, 0.03, 8))
    assert signed_rank(shared(rough), "a", rope=0.005).loc["b", "p_better"] > 0.99
    assert signed_rank(shared(rough), "a", rope=0.05).loc["b", "p_equal"] > 0.99
    for rope in (0, -0.01, np.nan, "a"):
        with pytest.raises(ValueError, match="must be a number above 0"):
            signed_rank(shared(rough), "a", rope=rope)
    assert (default_rope("roc_auc"), default_rope("brier_score")) == (0.01, 0.005)


def test_equal_samplers_are_practically_equal():
    same = STEPS.assign(b=STEPS["a"])
    found = signed_rank(shared(same), "a").loc["b"]
    assert found[PROBABILITIES].tolist() == [0, 1, 0]
    assert (found["difference"], found["median_low"], found["median_high"]) == (0, 0, 0)
    assert np.isnan(found["low"])


def test_two_gains_in_five_by_hand(monkeypatch):
    """The weight w of two gains among three zeros and a prior of 0.5 at zero is Beta(2, 3.5).

    Pairs of a gain with a gain or a zero have means above the rope (0.1 and 0.05 over 0.01), so
    "better" has the mass 1 - (1 - w)^2, which is above a half for w > 1 - 1 / sqrt(2).
    """
    monkeypatch.undo()  # as many draws as users get
    gain = pd.DataFrame({"a": np.zeros(5), "b": [0.1, 0.0, 0.0, 0.1, 0.0]})
    found = signed_rank(shared(gain), "a").loc["b"]
    better = stats.beta.sf(1 - np.sqrt(0.5), 2, 3.5)
    assert 0.5 < better < 0.8
    assert found[PROBABILITIES].tolist() == pytest.approx([0, 1 - better, better], abs=0.025)


@settings(max_examples=8, deadline=None)
@given(order=st.permutations("abcd"), shift=st.floats(-3, 3), seed=st.integers(0, 99))
def test_probabilities_turn_with_the_sign_and_depend_on_nothing_else(order, shift, seed):
    rough = STEPS / 10 + np.random.default_rng(seed).normal(scale=0.02, size=STEPS.shape)
    one = signed_rank(shared(rough), "a")
    turned = signed_rank(shared(-rough), "a")
    np.testing.assert_allclose(turned[PROBABILITIES[::-1]], one[PROBABILITIES], atol=1e-3)
    down = signed_rank(shared(-rough), "a", greater_is_better=False)
    pd.testing.assert_frame_equal(down[PROBABILITIES], one[PROBABILITIES])
    np.testing.assert_allclose(down["difference"], -one["difference"])
    other = signed_rank(shared(rough[list(order)] + shift), "a").loc[one.index]
    np.testing.assert_allclose(other, one, atol=1e-3)


def test_draws_are_reproducible_and_leave_the_global_state_alone(capsys):
    rough = STEPS / 10 + np.random.default_rng(0).normal(scale=0.02, size=STEPS.shape)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, same, other = (signed_rank(shared(rough), "a", seed=seed) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(one, same)
    assert not one.equals(other)
    np.testing.assert_allclose(one, other, atol=0.12)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert capsys.readouterr() == ("", "")


def test_intervals_of_mean_and_median():
    gaps = np.array([0.03, -0.01, 0.02, 0.05, 0.01, 0.04, 0.00, 0.06, 0.07, 0.02])
    means = pd.DataFrame({"a": np.zeros(10), "b": gaps})
    found = signed_rank(shared(means), "a").loc["b"]
    mean = over_data(gaps)
    assert found[["difference", "low", "high"]].tolist() == [mean.mean, mean.low, mean.high]
    # of ten, second and second last: outside with probability 22 / 1024
    told = found[["median", "median_low", "median_high"]].tolist()
    assert told == pytest.approx([0.025, 0.00, 0.06])
    few = signed_rank(shared(means[:5]), "a").loc["b"]
    assert np.isnan(few["median_low"])  # at best 2 / 32 outside
    assert few["n_data"] == 5


def test_an_unknown_reference_is_refused():
    with pytest.raises(ValueError, match="no sampler 'none' to compare to: those that ran are"):
        signed_rank(shared(STEPS), "none")


def test_without_the_library_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "baycomp", None)
    with pytest.raises(ImportError, match=r'needs baycomp.*pip install "gan-resample\[compare\]"'):
        signed_rank(shared(STEPS), "a")


# ---- missing cells ------------------------------------------------------------------------------


def test_a_sampler_that_hardly_ran_does_not_take_the_others_with_it():
    table = cells(STEPS)
    table["never"] = np.nan
    table["rarely"] = table["a"].where(table.index.get_level_values("data") < 3)
    found = shared_means(table)
    assert found.left_out == ("never", "rarely")
    pd.testing.assert_frame_equal(found.means, STEPS, check_names=False)
    half = table.assign(rarely=table["a"].where(table.index.get_level_values("data") < 4))
    assert shared_means(half).left_out == ("never",)
    assert (len(shared_means(half).means), shared_means(half).n_asked) == (4, 8)


def test_a_classifier_without_one_of_the_samplers_counts_for_none():
    table = cells(STEPS)
    table.loc[(0, "knn"), "a"] = np.nan
    table.loc[(0, "forest")] += 0.1
    assert shared_means(table).without == ()
    means = shared_means(table).means
    np.testing.assert_allclose(means.loc[0], STEPS.loc[0] + 0.1)
    np.testing.assert_allclose(means.loc[1:], STEPS.loc[1:])


def test_a_classifier_that_some_sampler_never_runs_with_is_named():
    table = cells(STEPS)
    table.loc[(slice(None), "knn"), "a"] = np.nan
    assert shared_means(table).without == ("knn",)


# ---- of a comparison ----------------------------------------------------------------------------

SPLITS = [0.70, 0.72, 0.71]
SIX = [*"tuvwxy"]


def comparison(names=("none", "good", "fine"), data=SIX, classifiers=("knn", "svm"), step=0.03):
    values = {
        (name, classifier): [value + step * place for value in SPLITS]
        for place, name in enumerate(names)
        for classifier in classifiers
    }
    brier = {name: [0.1 + 0.01 * place] * 3 for place, name in enumerate(names)}
    return made(values, brier=brier, data=data)


def test_figures_hand_on_score_classifier_and_direction():
    found = comparison()
    assert found.friedman().mean_ranks.to_dict() == {"none": 3, "good": 2, "fine": 1}
    assert found.friedman("brier_score").mean_ranks.to_dict() == {"none": 1, "good": 2, "fine": 3}
    told = found.bayesian(score="brier_score")
    assert told["p_worse"].gt(0.9).all()
    assert told["difference"].tolist() == pytest.approx([0.01, 0.02])
    assert found.bayesian(score="brier_score", rope=0.5)["p_equal"].gt(0.99).all()
    assert found.bayesian("good").index.tolist() == ["none", "fine"]
    found = comparison()
    results_of(found).rows.loc[found.results["classifier"] == "svm", "balanced_accuracy"] = 0.5
    assert found.friedman(classifier="svm").p == 1


def test_unknown_names_and_a_missing_reference_are_refused():
    with pytest.raises(ValueError, match="'tree' is not in the comparison: known are"):
        comparison().friedman(classifier="tree")
    with pytest.raises(ValueError, match="'accuracy' is not in the comparison"):
        comparison().bayesian(score="accuracy")
    with pytest.raises(ValueError, match="doing nothing did not run: name the reference"):
        comparison(names=("good", "fine", "poor")).bayesian()


@pytest.mark.parametrize("form", [tuple, np.array, iter, pd.Index])
def test_samplers_may_come_in_any_order_and_form(form):
    names = ["fine", "none", "good"]
    ranks = comparison().friedman(samplers=form(names)).mean_ranks
    assert ranks.to_dict() == {"fine": 1, "none": 3, "good": 2}
    assert comparison().bayesian(samplers=form(names)).index.tolist() == ["fine", "good"]
    display = RankDisplay(comparison(), samplers=form(names))
    assert display.plot().test_.mean_ranks.equals(display.plot().test_.mean_ranks)


@pytest.mark.parametrize(
    ("samplers", "error", "message"),
    [
        (["none", "none", "good"], ValueError, "must name one or more, each once"),
        ([], ValueError, "must name one or more"),
        (
            "good",
            TypeError,
            r"samplers='good' must be a list of names, such as \['none', 'good'\]",
        ),
        (3, TypeError, "samplers=3 must be a list"),
        (["none", "smote", "good"], ValueError, "'smote' is not in the comparison"),
    ],
)
@pytest.mark.parametrize("ask", ["friedman", "bayesian", "shared_means", "display"])
def test_bad_lists_of_samplers_are_refused(ask, samplers, error, message):
    call = partial(RankDisplay, comparison()) if ask == "display" else getattr(comparison(), ask)
    with pytest.raises(error, match=message):
        call(samplers=samplers)


def test_a_diagram_refuses_unknown_names_at_once():
    with pytest.raises(ValueError, match="'zz' is not in the comparison"):
        RankDisplay(comparison(), score="zz")
    with pytest.raises(ValueError, match="'tree' is not in the comparison"):
        RankDisplay(comparison(), classifier="tree")


def test_names_stand_at_their_mean_ranks():
    display = RankDisplay.from_comparison(comparison())
    texts = {text.get_text() for text in display.ax_.texts}
    assert {"fine  1.0", "good  2.0", "3.0  none"} <= texts
    assert display.ax_.get_xlim()[0] == 1
    lines = [line.get_xdata() for line in display.ax_.lines if line.get_linewidth() == 3.5]
    assert [tuple(ends) for ends in lines] == [(1, 2), (2, 3)]  # critical difference 1.35


def test_long_names_are_neither_cut_nor_on_top_of_each_other():
    names = ["none", *(f"a sampler with a rather long name {place} $" for place in range(10))]
    display = RankDisplay.from_comparison(comparison(names, step=0.01))
    display.figure_.canvas.draw()
    boxes = [text.get_window_extent() for text in display.ax_.texts]
    page = display.figure_.bbox
    assert all(page.x0 <= box.x0 and box.x1 <= page.x1 for box in boxes)
    assert all(page.y0 <= box.y0 and box.y1 <= page.y1 for box in boxes)
    pairs = [(one, other) for one in boxes for other in boxes if one is not other]
    assert not any(one.overlaps(other) for one, other in pairs)


def test_a_diagram_goes_where_it_is_asked_to():
    figure, ax = plt.subplots()
    display = RankDisplay.from_comparison(comparison(), score="brier_score", ax=ax)
    assert (display.figure_, display.ax_) == (figure, ax)
    assert display.test_.mean_ranks.idxmin() == "none"


# ---- samplers that do not apply to a classifier ---------------------------------------------


def with_gaps(*gaps, names=("none", "weights", "good", "fine")):
    """Four samplers, three classifiers, and no cell of those samplers with those classifiers."""
    found = comparison(names, classifiers=("knn", "svm", "inside"))
    rows = results_of(found).rows
    for sampler, classifier in gaps:
        gone = (rows["sampler"] == sampler) & (rows["classifier"] == classifier)
        rows.loc[gone, ["status", "balanced_accuracy"]] = "n/a", np.nan
    return found


WEIGHTS = ("weights", "knn")
INSIDE = [(name, "inside") for name in ("weights", "good", "fine")]


def test_a_sampler_that_few_classifiers_lack_is_not_ranked_and_they_stay():
    found = with_gaps(WEIGHTS)
    shared = found.shared_means()
    assert (shared.partial, shared.left_out, shared.without) == (("weights",), (), ())
    assert list(shared.means) == ["none", "good", "fine"]
    assert found.friedman().left_out == ("weights",)
    overall = found.overall()
    assert overall["mean_rank"].tolist()[2:] == [2, 1]
    assert np.isnan(overall.loc["weights", "mean_rank"])
    assert overall["n_ranked"].unique().tolist() == [6 * 3]
    assert overall.loc["weights", "n_data"] == 6  # its difference is told all the same


def test_classifiers_that_balance_inside_cost_no_sampler():
    shared = with_gaps(WEIGHTS, *INSIDE).shared_means()
    assert (shared.partial, shared.left_out, shared.without) == (("weights",), (), ("inside",))
    two = with_gaps(*INSIDE, names=("none", "good")).shared_means()
    assert (two.partial, two.without, list(two.means)) == ((), ("inside",), ["none", "good"])


def test_of_three_samplers_none_is_left_out():
    shared = with_gaps(WEIGHTS, names=("none", "weights", "good")).shared_means()
    assert (shared.partial, shared.without) == ((), ("knn",))


def test_a_sampler_that_is_named_is_ranked_and_costs_the_classifier():
    found = with_gaps(WEIGHTS)
    shared = found.shared_means(samplers=found.samplers)
    assert (shared.partial, shared.without) == ((), ("knn",))
    assert "weights" in found.friedman(classifier="svm").mean_ranks
    assert "weights" not in found.friedman(classifier="knn").mean_ranks
    assert found.bayesian("weights").index.tolist() == ["none", "good", "fine"]
    assert found.bayesian().index.tolist() == ["good", "fine"]


def test_a_sampler_that_failed_does_apply():
    found = with_gaps(WEIGHTS)
    gone = found.results["status"] == "n/a"
    results_of(found).rows.loc[gone, "status"] = "failed"
    assert found.partial_samplers() == []
    results_of(found).rows.loc[gone & (found.results["data"] != "t"), "status"] = "n/a"
    assert found.partial_samplers() == ["weights"]  # it ran nowhere


def test_the_page_names_samplers_that_are_not_ranked():
    found = with_gaps(WEIGHTS, *INSIDE)
    told = overall_findings(results_of(found))
    reason = "Left out, since some classifier cannot be trained with it: weights."
    assert told[1].endswith(f"fine 1.0, good 2.0, none 3.0. {reason}")
    assert f"{reason} Left out, since some sampler never ran with it: inside." in told[-1]
    main, _ = score_tables(results_of(found))
    assert (main["partial"], main["without"]) == ("weights", "inside")
    assert [row["name"] for row in main["rows"]] == ["fine", "good", "none"]


# ---- the page and the sentences -----------------------------------------------------------------


def test_sentences_name_no_winner_without_an_interval():
    told = overall_findings(results_of(comparison()))
    assert len(told) == 4
    assert "finds a difference (p = 0.0025)" in told[2]
    assert "fine, with the best one (1.0), differs from none; doing nothing (3.0) diff" in told[2]
    assert told[2].endswith("The mean difference of fine to doing nothing is +8.5 [+6.5, +10.5].")
    assert told[3].endswith("(Bayesian signed-rank test over 6 data sets): good "
                            "<0.01, <0.01, >0.99; fine <0.01, <0.01, >0.99.")  # fmt: skip


def test_without_doing_nothing_the_second_is_the_measure():
    found = comparison(names=("good", "fine", "poor"))
    on_t = (found.results["data"] == "t") & (found.results["sampler"] == "poor")
    results_of(found).rows.loc[on_t, "balanced_accuracy"] += 0.06
    # +9 once and +3 five times: 4 and t(5) = 2.571 times the standard error of 1
    ending = "The mean difference of poor to fine is +4.0 [+1.4, +6.6]."
    assert overall_findings(results_of(found))[-1].endswith(ending)


def test_tables_hold_ranks_intervals_and_probabilities():
    main, brier = score_tables(results_of(comparison()))
    assert [row["name"] for row in main["rows"]] == ["fine", "good", "none"]
    fine, _, nothing = main["rows"]
    # gains of 6 to 11 points: 8.5, and t(5) = 2.571 times the standard error of 0.764
    assert (fine["rank"], fine["verdict"]) == ("1.00", "better")
    assert fine["cells"][:2] == ["+8.5 [+6.5, +10.5]", "+8.5 [+6.0, +11.0]"]
    assert fine["cells"][2:] == ["<0.01", "<0.01", ">0.99"]
    assert (nothing["rank"], nothing["cells"]) == ("3.00", [""] * 5)
    assert (main["margin"], brier["margin"]) == ("1 point", "0.005")
    assert [row["name"] for row in brier["rows"]] == ["none", "good", "fine"]


def test_tables_of_few_data_sets_or_without_doing_nothing():
    assert list(score_tables(results_of(comparison(data=[*"tuvw"])))) == []
    assert rank_display(results_of(comparison(data=[*"tuvw"]))) is None
    assert rank_display(results_of(comparison(names=("none", "good")))) is None
    five, _ = score_tables(results_of(comparison(data=[*"tuvwx"])))
    assert five["rows"][0]["cells"][:2] == ["+8.0 [+6.0, +10.0]", ""]  # no interval of the median
    alone, _ = score_tables(results_of(comparison(names=("good", "fine", "poor"))))
    assert [row["cells"] for row in alone["rows"]] == [[""] * 5] * 3


@pytest.mark.parametrize(
    ("p", "text"), [(0, "<0.01"), (0.004, "<0.01"), (0.005, "0.01"), (0.5, "0.50"), (1, ">0.99")]
)
def test_no_probability_from_draws_is_certain(p, text):
    assert chance(p) == text


def test_no_difference_is_a_finding():
    found = comparison(step=0)
    rows = results_of(found).rows
    rows["balanced_accuracy"] = np.random.default_rng(1).random(len(rows))
    assert "no detectable difference (p = 0." in overall_findings(results_of(found))[2]


def test_sentences_say_what_was_left_out_and_what_is_needed():
    found = comparison(names=("none", "good", "fine", "absent"))
    results_of(found).rows.loc[found.results["sampler"] == "absent", "balanced_accuracy"] = np.nan
    assert "on most data sets without a result: absent." in overall_findings(results_of(found))[-1]
    assert overall_findings(results_of(comparison(data=[*"tuv"])))[-1] == (
        "Tests over data sets need at least 5 on which every sampler ran: here are 3."
    )
    assert "Friedman" not in " ".join(
        overall_findings(results_of(comparison(names=("none", "good"))))
    )
