"""Folds: stratified, drawn again by seeds, and never through a group."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import RepeatedStratifiedKFold

from gan_resample.splitting import check_groups, draw_folds

CODES = np.repeat([0, 1], [40, 20])
GROUPS = np.arange(60) // 4  # fifteen groups of four rows, ten of one class and five of the other


def lists(folds):
    return [(train.tolist(), test.tolist()) for train, test in folds]


def test_without_groups_folds_are_those_of_scikit_learn():
    folds = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=7)
    expected = lists(folds.split(np.zeros(60), CODES))
    assert lists(draw_folds(CODES, 3, 2, 7, None)) == expected


def test_no_group_is_divided_and_every_row_is_tested_once_a_repeat():
    drawn = draw_folds(CODES, 5, 2, 0, GROUPS)
    assert len(drawn) == 10
    for train, test in drawn:
        assert not set(GROUPS[train]) & set(GROUPS[test])
        assert sorted([*train, *test]) == [*range(60)]
        assert np.bincount(CODES[test]).tolist() == [8, 4]  # two groups and one: stratified
    for repeat in (drawn[:5], drawn[5:]):
        assert sorted(np.concatenate([test for _, test in repeat])) == [*range(60)]


def test_seeds_decide_and_more_repeats_only_add():
    drawn = lists(draw_folds(CODES, 5, 2, 0, GROUPS))
    assert lists(draw_folds(CODES, 5, 1, 0, GROUPS)) == drawn[:5]
    assert drawn[:5] != drawn[5:]
    assert lists(draw_folds(CODES, 5, 1, 1, GROUPS)) != drawn[:5]


def test_two_groups_and_two_folds_have_one_division():
    groups = np.array([1, 0, 0, 1, 0, 1])
    drawn = draw_folds(np.array([0, 0, 1, 1, 0, 0]), 2, 1, 0, groups)
    assert sorted(test.tolist() for _, test in drawn) == [[0, 3, 5], [1, 2, 4]]


@pytest.mark.parametrize(
    "groups",
    [
        ["b", "a", "b"],
        np.array([7, -1, 7]),
        pd.Series([2.5, 0.0, 2.5], index=[9, 9, 4]),
        pd.array(["b", "a", "b"], dtype="string"),
        pd.Categorical(["b", "a", "b"]),
        pd.to_datetime(["2020-01-02", "2020-01-01", "2020-01-02"]),
    ],
)
def test_groups_are_numbered_as_they_come(groups):
    assert check_groups("d", groups, 3).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([1, 2], "^d has 3 rows but 2 groups: name one for each$"),
        ([1, None, np.nan], "^2 rows of d have no group: .* a group of its own$"),
        (["a", None, "a"], "^1 row of d has no group: "),
        ([[1], [2], [3]], r"list with the group of each row, but have shape \(3, 1\)$"),
        ("patient", r"but have shape \(\)$"),
    ],
)
def test_what_is_no_group_for_each_row_is_refused(groups, message):
    with pytest.raises(ValueError, match=message):
        check_groups("d", groups, 3)
