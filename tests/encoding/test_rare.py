"""Rare levels: which are grouped, how they are encoded, and what comes back."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from gan_resample import SpreadSMOTE, TableEncoder

COUNTS = {"a": 40, "b": 30, "c": 15, "e": 10, "d": 5}  # c, e and d are rare if 3 may stay


def shuffled(counts, dtype=object):
    cells = np.repeat(np.array(list(counts), dtype=dtype), list(counts.values()))
    return np.random.default_rng(0).permutation(cells)


def town(counts=COUNTS):
    return pd.DataFrame({"town": shuffled(counts)})


def test_the_most_frequent_stay_and_the_others_are_one():
    X = town()
    encoder = TableEncoder(rare="group", max_categories=3).fit(X)
    assert encoder.categories_[0].tolist() == ["a", "b", "c"]
    assert encoder.rare_levels_[0].tolist() == ["c", "e", "d"]
    assert encoder.rare_counts_[0].tolist() == [15, 10, 5]
    assert encoder.spans_ == [(0, 3)]
    assert encoder.get_feature_names_out().tolist() == ["town_a", "town_b", "town_rare"]
    expected = pd.get_dummies(X["town"].replace({"d": "c", "e": "c"}), dtype=float)
    assert np.array_equal(encoder.transform(X), expected)


def test_equally_frequent_ones_are_taken_in_their_order():
    encoder = TableEncoder(rare="group", max_categories=2).fit(town(dict.fromkeys("dbca", 4)))
    assert encoder.categories_[0].tolist() == ["a", "b"]
    assert encoder.rare_levels_[0].tolist() == ["b", "c", "d"]


def test_real_rows_come_back_with_as_many_of_each_level():
    X = town()
    encoder = TableEncoder(rare="group", max_categories=3).fit(X)
    back = encoder.inverse_transform(encoder.transform(X))
    assert Counter(back["town"]) == COUNTS
    frequent = X["town"].isin(["a", "b"])
    assert back[frequent].equals(X[frequent])
    assert not back.equals(X)  # who had which rare one is lost
    assert back.equals(encoder.inverse_transform(encoder.transform(X)))


@pytest.mark.parametrize("n", [0, 1, 2, 601])
def test_decoded_levels_are_in_their_proportions(n):
    encoder = TableEncoder(rare="group", max_categories=3).fit(town())
    got = Counter(encoder.inverse_transform(np.tile([0.0, 0.0, 1.0], (n, 1)))["town"])
    assert got.total() == n
    for level, share in {"c": 1 / 2, "e": 1 / 3, "d": 1 / 6}.items():
        assert np.floor(n * share) <= got[level] <= np.ceil(n * share)


def test_rows_decoded_one_by_one_differ():
    X = town().assign(size=np.arange(100.0) / 7)
    encoder = TableEncoder(rare="group", max_categories=3).fit(X)
    Z = encoder.transform(X)
    alone = [encoder.inverse_transform(row[None])["town"][0] for row in Z[Z[:, 3] == 1]]
    assert set(alone) == {"c", "d", "e"}


def test_two_columns_are_drawn_independently():
    X = pd.DataFrame({name: shuffled(COUNTS) for name in ("town", "port")})
    encoder = TableEncoder(rare="group", max_categories=3).fit(X)
    back = encoder.inverse_transform(np.tile([0.0, 0.0, 1.0] * 2, (3000, 1)))
    table = pd.crosstab(back["town"], back["port"]) / 3000
    expected = np.outer([1 / 2, 1 / 6, 1 / 3], [1 / 2, 1 / 6, 1 / 3])  # of c, d, e
    assert np.abs(table.to_numpy() - expected).max() < 0.03


def test_new_rows():
    encoder = TableEncoder(rare="group", max_categories=3).fit(town())
    with pytest.warns(UserWarning, match="'town' hold categories that were not seen in fit"):
        Z = encoder.transform(pd.DataFrame({"town": ["d", "z", "a"]}))
    assert Z.tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]


def test_missing_ones_are_no_rare_level():
    X = pd.DataFrame({"town": [*shuffled(COUNTS), pd.NA]}, dtype=object)
    encoder = TableEncoder(rare="group", max_categories=3).fit(X)
    assert encoder.spans_ == [(0, 4)]
    assert encoder.gaps_ == [(0, 3)]
    assert encoder.get_feature_names_out().tolist()[2:] == ["town_rare", "town_missing"]
    back = encoder.inverse_transform(encoder.transform(X))["town"]
    assert back.iloc[-1] is pd.NA
    assert Counter(back.iloc[:-1]) == COUNTS


@pytest.mark.parametrize("dtype", ["category", "string", "float32", "int16"])
def test_dtypes_are_kept(dtype):
    codes = {level: number for number, level in enumerate(COUNTS)}
    X = town() if dtype in ("category", "string") else town().replace(codes).infer_objects()
    X = X.astype(dtype)
    encoder = TableEncoder(categorical_features=["town"], rare="group", max_categories=3)
    back = encoder.fit(X).inverse_transform(encoder.transform(X))
    assert back["town"].dtype == X["town"].dtype
    assert Counter(back["town"]) == Counter(X["town"])


def test_an_array_of_numbers():
    X = shuffled({1.5: 6, 2.5: 5, 3.5: 3, 4.5: 1}, float)[:, None]
    encoder = TableEncoder(categorical_features=[0], rare="group", max_categories=2).fit(X)
    Z = encoder.transform(X)
    assert Z[:, 0].tolist() == (X[:, 0] == 1.5).tolist()
    assert sorted(encoder.inverse_transform(Z)[:, 0]) == sorted(X[:, 0])


def test_new_rows_of_another_dtype():
    X = np.repeat([5.0, 1.5, 2.0], [9, 4, 3])[:, None]
    encoder = TableEncoder(categorical_features=[0], rare="group", max_categories=2).fit(X)
    new = np.array([[2], [5]])
    assert encoder.transform(new).tolist() == [[1, 0], [0, 1]]
    assert new.tolist() == [[2], [5]]


def test_few_categories_are_not_grouped():
    X = town()
    Z = TableEncoder().fit_transform(X)
    encoder = TableEncoder(rare="group", max_categories=5).fit(X)
    assert np.array_equal(encoder.transform(X), Z)
    assert [len(levels) for levels in encoder.rare_levels_] == [0]
    assert encoder.inverse_transform(Z).equals(X)


def test_the_error_names_the_option():
    message = r"'town' has 5 categories.*max_categories=3: .*TableEncoder\(rare=\"group\"\)"
    with pytest.raises(ValueError, match=message):
        TableEncoder(max_categories=3).fit(town())


def test_a_sampler_returns_observed_levels_and_equal_rows_for_a_seed():
    rng = np.random.default_rng(0)
    towns = "town " + pd.Series(rng.zipf(1.5, 400).clip(max=500)).astype(str)
    X = pd.DataFrame({"town": towns, "size": rng.random(400)})
    y = np.repeat([0, 1], [320, 80])
    encoder = TableEncoder(rare="group", max_categories=10)
    one, two = (
        SpreadSMOTE(encoder=encoder, random_state=3).fit_resample(X, y)[0] for _ in range(2)
    )
    assert one[:400].equals(X)
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    rare = set(X["town"]) - set(X["town"].value_counts().index[:9])
    made = one["town"][400:]
    assert set(made) <= set(X["town"])
    assert made.isin(rare).mean() == pytest.approx(X["town"][320:].isin(rare).mean(), abs=0.15)
    assert made[made.isin(rare)].nunique() > len(rare) / 3
