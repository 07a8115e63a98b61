"""Tables become data sets; what cannot be compared is refused by name."""

import numpy as np
import pandas as pd
import pytest

from gan_resample.datasets import BUNDLED, as_dataset, load_bundled


def frame(n=12):
    return pd.DataFrame(
        {
            "age": np.arange(n) * 1.5,
            "count": np.arange(n) % 5,
            "town": ["Ulm", "Bonn", "Kiel"] * (n // 3),
            "member": [True, False] * (n // 2),
        }
    )


LABELS = ["rare"] * 3 + ["common"] * 9


def test_columns_become_numbers_and_categories():
    data = as_dataset("t", frame(), LABELS, categorical=["count"])
    assert data.X.dtypes.astype(str).tolist() == ["float64", "category", "category", "category"]


def test_labels_are_ordered_by_size():
    data = as_dataset("t", frame(), LABELS)
    assert data.labels.tolist() == ["common", "rare"]
    assert data.counts.tolist() == [9, 3]
    assert data.codes.tolist() == [1] * 3 + [0] * 9


def test_missing_values_stay_missing():
    X = frame()
    X.loc[2, "town"] = None
    X.loc[3, "age"] = np.nan
    data = as_dataset("t", X, LABELS)
    assert data.X.isna().sum().tolist() == [1, 0, 1, 0]


def test_arrays_and_integer_labels_are_taken():
    data = as_dataset("t", np.arange(24.0).reshape(12, 2), [0] * 9 + [1] * 3)
    assert data.X.columns.tolist() == ["x0", "x1"]
    assert data.labels.tolist() == [0, 1]


def test_pandas_own_dtypes_are_taken():
    X = pd.DataFrame(
        {
            "n": pd.array([1, None, *range(10)], dtype="Int64"),
            "f": pd.array([0.5] * 11 + [None], dtype="Float64"),
            "b": pd.array([True, False, None] * 4, dtype="boolean"),
            "s": pd.array(["x", None, "y"] * 4, dtype="string"),
        }
    )
    data = as_dataset("t", X, pd.array([0] * 9 + [1] * 3, dtype="Int64"))
    assert data.X.dtypes.astype(str).tolist() == ["float64", "float64", "category", "category"]
    assert data.X.isna().sum().tolist() == [1, 1, 4, 4]
    assert data.labels.tolist() == [0, 1]


def test_column_names_become_text_and_stay_apart():
    X = pd.DataFrame(np.arange(24.0).reshape(12, 2), columns=[3, "a"], index=range(7, 19))
    labels = pd.Series(LABELS, index=range(30, 42))
    assert as_dataset("t", X, labels).X.columns.tolist() == ["3", "a"]
    assert X.columns.tolist() == [3, "a"]
    with pytest.raises(ValueError, match=r"several columns called \['3'\]"):
        as_dataset("t", X.rename(columns={"a": "3"}), LABELS)


def test_the_table_of_the_caller_is_not_touched():
    X = frame()
    before = X.copy()
    as_dataset("t", X, LABELS, categorical=["count"])
    pd.testing.assert_frame_equal(X, before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"age": np.nan}, r"column 'age' of t has no value at all: .*--drop age"),
        ({"age": np.inf}, r"column 'age' of t has infinite values"),
        ({"age": 1e300}, r"column 'age' of t has infinite values, or values beyond 1e\+100"),
        ({"price": ["a lot", *map(str, range(11))]}, "most of them numbers, but not 'a lot'"),
        ({"name": [f"n{i}" for i in range(12)]}, r"'name' of t is text with 12 .*--drop name"),
        ({"day": [b"a"] * 12}, r"'day' of t holds bytes"),
        ({"z": np.ones(12) * 1j}, r"'z' of t holds complex numbers"),
    ],
)
def test_columns_that_cannot_be_learned_from_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        as_dataset("t", frame().assign(**change), LABELS)


def test_every_column_that_cannot_be_used_is_listed_at_once():
    X = frame().assign(
        day=[b"a"] * 12,
        name=[f"n{i}" for i in range(12)],
        price=np.inf,
        empty=None,
        cell=[[1]] * 12,
        **{"a, b": 1j},
    )
    with pytest.raises(ValueError, match="t has 6 columns that cannot be used") as told:
        as_dataset("t", X, LABELS)
    lines = str(told.value).splitlines()
    for line, reason in zip(
        lines[1:-1],
        ["'day' holds bytes", "'name' is text with 12 distinct values", "'price' has infinite",
         "'empty' has no value", "'cell' holds values of type list", "'a, b' holds complex"],
        strict=True,
    ):  # fmt: skip
        assert line.startswith(f"  column {reason}")
    assert lines[-1].endswith("""(--drop 'day,name,price,empty,cell,"a, b"')""")


def test_all_numbers_as_text_are_numbers_where_they_are_many():
    X = pd.DataFrame({"age": np.arange(60) % 30 + 0.5, "few": np.arange(60) % 3}).astype(str)
    data = as_dataset("t", X, [0, 1] * 30)
    assert data.X.dtypes.astype(str).tolist() == ["float64", "category"]
    assert data.X["age"].tolist() == (np.arange(60) % 30 + 0.5).tolist()
    assert data.kinds["age"].told == "numbers written as text, such as '0.5', read as numbers"
    assert data.kinds["few"].told == ""


def test_another_number_as_text_in_every_row_of_a_small_table_is_refused():
    X = frame().assign(code=[str(i) for i in range(12)])
    with pytest.raises(
        ValueError, match="is text with 12 distinct values in 12 rows, all of them"
    ):
        as_dataset("t", X, LABELS)


def test_lists_keep_numbers_beside_text():
    rows = [[i / 7, "ab"[i % 2]] for i in range(12)]
    data = as_dataset("t", rows, LABELS)
    assert data.X["x0"].tolist() == [i / 7 for i in range(12)]
    assert data.X["x1"].dtype == "category"


def test_masked_tables_are_refused():
    X = np.ma.masked_greater(np.arange(24.0).reshape(12, 2), 22)
    with pytest.raises(ValueError, match="X has 1 masked cell"):
        as_dataset("t", X, LABELS)


def test_identifiers_are_no_features():
    X = frame().assign(client=[f"c{i}" for i in range(12)])
    data = as_dataset("t", X, LABELS, id_columns=["client"])
    assert data.X.columns.tolist() == frame().columns.tolist()
    assert data.kinds["client"].kind == "id"
    assert data.fingerprint() == as_dataset("t", frame(), LABELS).fingerprint()
    with pytest.raises(ValueError, match=r"no columns \['id'\] to keep as identifiers"):
        as_dataset("t", X, LABELS, id_columns=["id"])
    with pytest.raises(ValueError, match=r"\['age'\] of t are to be categories and identifiers"):
        as_dataset("t", X, LABELS, id_columns=["age"], categorical=["age"])
    with pytest.raises(ValueError, match="no column but the target"):
        as_dataset("t", X[["client"]], LABELS, id_columns=["client"])


def test_what_a_person_must_hear_is_a_warning_with_the_name():
    X = pd.DataFrame({"client": np.arange(60), "age": np.r_[np.arange(59) % 7, 1e20]})
    with pytest.warns(UserWarning, match=r"column 'client' of t .* as identifiers are") as told:
        data = as_dataset("t", X, [0, 1] * 30)
    assert len(told) == 1
    assert "column 'age' of t holds 1e+20, far beyond all others" in str(told[0].message)
    assert "lie between 0 and 6" in data.kinds["age"].warning


def test_how_columns_were_read_is_no_part_of_the_fingerprint():
    data = as_dataset("t", frame(), LABELS)
    assert data.fingerprint() == "476fee8eda21e154"  # as before kinds were kept
    assert list(data.kinds) == frame().columns.tolist()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a"] * 12, "one class only, 'a'"),
        (["a"] * 11 + ["b"], r"1 class of one row \('b'\)"),
        ([0] * 12, "one class only, 0$"),
        ([1.0] * 12, "one class only, 1.0$"),
        ([0] * 10 + [1, 2], r"2 classes of one row \(1, 2\)"),
        ([None] + ["a"] * 6 + ["b"] * 5, "1 missing value: remove"),
        (np.arange(12) * 0.37, "decimals, like 0.0"),
        (["a", "b"], "12 rows but 2 labels"),
    ],
)
def test_targets_that_cannot_be_compared_on_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        as_dataset("t", frame(), labels)


def test_fingerprints_tell_tables_apart():
    same = as_dataset("t", frame(), LABELS).fingerprint()
    assert same == as_dataset("other name", frame(), LABELS).fingerprint()
    assert same != as_dataset("t", frame().assign(age=1.0), LABELS).fingerprint()
    assert same != as_dataset("t", frame(), LABELS[::-1]).fingerprint()
    assert same != as_dataset("t", frame().rename(columns={"age": "Age"}), LABELS).fingerprint()


def test_folds_are_stratified_and_repeat():
    splits = as_dataset("t", frame(), LABELS).splits(3, 2, seed=0)
    assert [(split.repeat, split.fold) for split in splits] == [
        (0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2),
    ]  # fmt: skip
    assert all(not set(split.train) & set(split.test) for split in splits)
    assert all(np.isin(split.test, [0, 1, 2]).sum() == 1 for split in splits)


def test_more_repeats_leave_the_first_as_it_was():
    data = as_dataset("t", frame(), LABELS)
    once, twice = data.splits(3, 1, seed=0), data.splits(3, 2, seed=0)
    assert all((a.test == b.test).all() for a, b in zip(once, twice[:3], strict=True))


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_sets_train_on_thinned_rows_and_test_on_all_classes_alike(name):
    data = load_bundled(name)
    assert list(data.thinned) == sorted(data.thinned, reverse=True)
    for split in data.splits(5, 1, seed=0):
        assert np.bincount(data.codes[split.train]).tolist() == list(data.thinned)
        assert len(set(np.bincount(data.codes[split.test]))) == 1
        assert not set(split.train) & set(split.test)
        share = np.bincount(data.codes[split.test], split.weight)
        np.testing.assert_allclose(share / share.sum(), np.divide(data.thinned, sum(data.thinned)))


def test_whole_numbers_without_end_are_refused():
    X = pd.DataFrame({"a": [10**400 + k for k in range(30)], "b": np.arange(30.0)})
    with pytest.raises(ValueError, match="column 'a' of t has infinite values"):
        as_dataset("t", X, np.repeat([0, 1], 15))
