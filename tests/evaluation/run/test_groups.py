"""A comparison of rows in groups: none is in both parts of a split, and it is told."""

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut, StratifiedGroupKFold

from gan_resample.datasets import as_dataset
from gan_resample.evaluation import compare
from gan_resample.evaluation.report.page import write_report
from gan_resample.evaluation.results.results import results_of
from gan_resample.evaluation.run.splits import choose_splitter, split_tables
from gan_resample.evaluation.run.tables import choose_datasets

Y = np.repeat(["neg", "pos"], [24, 12])
X = np.random.default_rng(0).normal(size=(36, 2)) + (Y == "pos")[:, None]
GROUPS = np.arange(36) // 3  # twelve groups: eight of neg, four of pos
ONE = {"samplers": ["none"], "classifiers": ["knn"]}


def table(groups=GROUPS, name="d"):
    return as_dataset(name, X, Y, groups=groups)


def test_the_fingerprint_tells_groups_apart_but_not_their_names():
    plain = as_dataset("d", X, Y).fingerprint()
    grouped = table().fingerprint()
    assert grouped != plain
    assert table([f"patient {n}" for n in GROUPS]).fingerprint() == grouped
    assert table(np.arange(36) // 2).fingerprint() != grouped


@pytest.mark.parametrize("cv", [4, StratifiedGroupKFold(4), GroupKFold(4), LeaveOneGroupOut()])
@pytest.mark.filterwarnings("ignore:of the .* test parts:UserWarning")
def test_no_group_is_in_both_parts(cv):
    splits = split_tables([table()], cv, 1, 0)["d"]
    assert len(splits) == (12 if isinstance(cv, LeaveOneGroupOut) else 4)
    for split in splits:
        assert not set(GROUPS[split.train]) & set(GROUPS[split.test])


@pytest.mark.filterwarnings("ignore:The groups parameter is ignored by KFold")
@pytest.mark.parametrize(
    ("groups", "cv", "message"),
    [
        (np.arange(36) // 12, 5, "cv=5 folds need at least 5 groups.* but d has 3: ask for fewer"),
        (GROUPS, 5, "each class in at least 5 groups.* of d class 'pos' is in 4: .* most 4 folds"),
        (np.minimum(GROUPS, 8), 2, "class 'pos' is in 1: merge or drop such classes$"),
        (GROUPS, KFold(5), r"cv=KFold\(.* divides 1 of the 12 groups of d between "),
        (GROUPS, [([0, 1], [2, 3])], "divides 1 of the 12 groups"),
        (None, StratifiedGroupKFold(4), "nothing says which group a row of d is of: hand over gr"),
        (None, GroupKFold(4), "nothing says which group a row of d is of"),
    ],
)
def test_folds_that_cannot_be_are_refused(groups, cv, message):
    with pytest.raises(ValueError, match=message):
        split_tables([table(groups)], choose_splitter(cv, 1), 1, 0)


def test_a_large_group_that_leaves_test_parts_without_a_class_is_told():
    # ten of twelve pos are in one group, the others go with neg
    groups = np.repeat(["d", "b", "c", "a", "b", "c"], [12, 6, 6, 10, 1, 1])
    with pytest.warns(UserWarning, match=r"class 'pos' in 1\).*; ask for fewer folds"):
        split_tables([table(groups)], 3, 1, 0)


def test_groups_are_handed_over_by_the_name_of_their_table():
    two = {"a": (X, Y), "b": (X, Y)}
    one, other = choose_datasets(two, {"b": GROUPS})
    assert one.groups is None
    assert other.groups.tolist() == GROUPS.tolist()
    assert choose_datasets((X, Y), GROUPS)[0].groups.tolist() == GROUPS.tolist()
    with pytest.raises(ValueError, match="groups are of one table, but there are 2: name "):
        choose_datasets(two, GROUPS)
    with pytest.raises(
        ValueError, match=r"groups name \['c'\], but the data sets are \['a', 'b'\]"
    ):
        choose_datasets(two, {"c": GROUPS})
    with pytest.raises(ValueError, match="b has 36 rows but 5 groups"):
        choose_datasets(two, {"b": GROUPS[:5]})


def test_a_comparison_of_groups_says_so_and_keeps_to_them(tmp_path, monkeypatch):
    monkeypatch.setattr("gan_resample.evaluation.report.page._figures", lambda *asked: [])
    store = tmp_path / "s.sqlite"
    found = compare({"d": (X, Y)}, **ONE, cv=2, groups=GROUPS, store=store)
    assert set(found.results["status"]) == {"ok"}
    assert found.about["data"][0]["groups"] == 12
    page = write_report(results_of(found), tmp_path / "page.html").read_text()
    told = "Rows of 12 groups, none of which stands in training and test parts alike."
    assert told in page
    for other in (None, np.arange(36) // 2):
        with pytest.raises(ValueError, match="data d: other rows, columns, labels or groups"):
            compare({"d": (X, Y)}, **ONE, cv=2, groups=other, store=store)
    again = compare([table()], **ONE, cv=2, store=store)
    assert again.results["balanced_accuracy"].equals(found.results["balanced_accuracy"])
    alone = compare({"d": (X, Y)}, **ONE, cv=2)
    assert alone.about["data"][0]["groups"] is None
    assert (
        "groups, none of which"
        not in write_report(results_of(alone), tmp_path / "alone.html").read_text()
    )
