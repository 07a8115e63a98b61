"""SpreadSMOTE: the obvious use case, its limits, and what it shares with GAMO."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors

from gan_resample import SpreadSMOTE, TableEncoder
from gan_resample.mixing.neighbours import LARGE
from tests.helpers import blobs

X, y = blobs((100, 20), n_features=3)


def made(**params):
    return SpreadSMOTE(random_state=0, **params).fit(X, y).sample(np.ones(2000, dtype=int))


def test_rows_lie_nearer_to_their_class():
    rows = made()
    own, other = (np.linalg.norm(rows - X[y == c].mean(axis=0), axis=1) for c in (1, 0))
    assert (own < other).mean() > 0.99


def test_it_is_wider_than_smote():
    class_spread = X[y == 1].std(axis=0).mean()
    smote = SMOTE(random_state=0).fit_resample(X, y)[0][len(X) :].std(axis=0).mean()
    ours = made().std(axis=0).mean()
    assert 1.05 * smote < ours < class_spread


def on_a_segment(rows, own, k):
    """Whether each row lies between a class row and one of its ``k`` nearest."""
    gaps = np.linalg.norm(own[:, None] - own[None], axis=2)
    found = np.zeros(len(rows), dtype=bool)
    for a in range(len(own)):
        for b in np.argsort(gaps[a])[1 : k + 1]:
            step = own[b] - own[a]
            along = ((rows - own[a]) @ step) / (step @ step)
            near = np.linalg.norm(rows - own[a] - along[:, None] * step, axis=1) < 1e-6
            found |= near & (along > -1e-9) & (along < 1 + 1e-9)
    return found


def test_without_scale_and_by_row_it_is_smote():
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    rows = made(scale=0, per_feature=False, encoder=TableEncoder(snap=False), k_neighbors=3)
    rows = (rows - X.mean(axis=0)) / X.std(axis=0)
    assert on_a_segment(rows, scaled[y == 1], 3).all()


def test_without_scale_rows_lie_in_the_box_of_the_class():
    rows = made(scale=0)
    own = X[y == 1]
    assert (rows >= own.min(axis=0)).all()
    assert (rows <= own.max(axis=0)).all()
    assert not on_a_segment(rows, own, 20).all()


def test_a_larger_scale_is_wider():
    spreads = [made(scale=scale).std() for scale in (0.0, 1.0, 3.0)]
    assert spreads[0] < spreads[1] < spreads[2]


def test_categories_are_the_base_rows_or_a_neighbours():
    rng = np.random.default_rng(0)
    place = np.repeat(np.arange(4.0), 10)  # four far groups with a colour each
    table = pd.DataFrame(
        {
            "place": np.concatenate([place * 100 + rng.random(40), rng.normal(size=200)]),
            "colour": [*np.repeat(list("abcd"), 10), *rng.choice(list("abcd"), 200)],
        }
    )
    target = np.repeat([1, 0], [40, 200])
    rows = SpreadSMOTE(random_state=0).fit(table, target).sample(np.ones(500, dtype=int))
    group = (rows["place"] / 100).round().astype(int)
    assert (rows["colour"] == group.map(dict(enumerate("abcd")))).all()


def test_colours_of_a_mixed_neighbourhood_are_all_drawn():
    table = pd.DataFrame({"at": np.zeros(240), "colour": list("ab") * 120})
    target = np.repeat([1, 0], [40, 200])
    rows = SpreadSMOTE(random_state=0, k_neighbors=39).fit(table, target)
    share = Counter(rows.sample(np.ones(2000, dtype=int))["colour"])["a"] / 2000
    assert 0.4 < share < 0.6


def test_snapped_columns_take_observed_values():
    counts = np.random.default_rng(0).integers(0, 9, (120, 2)) * 5
    X_new, _ = SpreadSMOTE(random_state=0).fit_resample(counts, y)
    assert np.isin(X_new, counts).all()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"k_neighbors": 0}, "'k_neighbors' parameter of SpreadSMOTE must be an int in the range"),
        ({"scale": -1.0}, "'scale' parameter of SpreadSMOTE must be a float in the range"),
        ({"encoder": "table"}, "'encoder' parameter of SpreadSMOTE must be an instance of"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        SpreadSMOTE(**params).fit_resample(X, y)


def test_more_neighbours_than_there_are_rows_are_all_of_them():
    rows = {}
    for k in (19, 65, 10**9):
        sampler = SpreadSMOTE(k_neighbors=k, random_state=0).fit(*blobs((60, 20)))
        assert sampler._anchors.neighbours.shape == (20, 19)
        rows[k] = sampler.sample(np.ones(50, dtype=int))
    assert (rows[19] == rows[10**9]).all()
    assert (rows[19] == rows[65]).all()


def test_an_estimator_finds_the_neighbours_and_counts_the_row_itself():
    search = NearestNeighbors(n_neighbors=4, algorithm="ball_tree")
    sampler = SpreadSMOTE(k_neighbors=search, random_state=0)
    expected = SpreadSMOTE(k_neighbors=3, random_state=0).fit_resample(X, y)[0]
    assert (sampler.fit_resample(X, y)[0] == expected).all()
    assert not hasattr(search, "n_samples_fit_")
    wider = clone(sampler).set_params(k_neighbors__n_neighbors=6).fit_resample(X, y)[0]
    assert (wider == SpreadSMOTE(random_state=0).fit_resample(X, y)[0]).all()
    assert sampler.k_neighbors is search
    assert search.n_neighbors == 4


@pytest.mark.parametrize(
    ("search", "message"),
    [
        (NearestNeighbors(n_neighbors=1), r"n_neighbors=1: .*=6\) gives 5"),
        (NearestNeighbors, r"NearestNeighbors'> is to find .* has n_neighbors=None"),
        ("kd_tree", "an object implementing 'fit'"),
    ],
)
def test_what_finds_no_neighbours_is_refused(search, message):
    with pytest.raises(ValueError, match=message):
        SpreadSMOTE(k_neighbors=search).fit(X, y)


def test_the_size_from_which_blocks_are_used_is_told():
    assert f"more than {LARGE:,} rows" in " ".join(SpreadSMOTE.__doc__.split())


def test_neighbours_that_memory_cannot_hold_are_refused():
    X_many, y_many = np.zeros((40_000, 1)), np.arange(40_000) % 2
    sampler = SpreadSMOTE(k_neighbors=10**9, sampling_strategy={1: 20_001})
    with pytest.raises(ValueError, match=r"19,999 neighbours of each .* would take 3\.0 GiB"):
        sampler.fit(X_many, y_many)


def test_copied_entries_are_observed_values_bit_by_bit():
    """Most cells of a column may be equal though it has too many values to be snapped."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 2))
    X[:, 1] = np.where(rng.random(400) < 0.7, 0.1, X[:, 1])
    y = np.repeat([0, 1], [300, 100])
    sampler = SpreadSMOTE(random_state=0)
    new = sampler.fit_resample(X, y)[0][400:]
    assert sampler.encoder_.levels_ == []
    assert 0.1 < (new[:, 1] == 0.1).mean() < 0.9
    assert np.abs(new[:, 1] - 0.1)[new[:, 1] != 0.1].min() > 1e-12
    z = sampler.encoder_.transform(X)
    assert np.array_equal(sampler.encoder_.inverse_transform(z), X)
    every = np.ones(z.shape, dtype=bool)
    assert np.array_equal(sampler.encoder_._decode(z, every), X)
    none = sampler.encoder_._decode(1.5 * z, ~every)
    assert np.allclose(none, sampler.encoder_.inverse_transform(1.5 * z), rtol=1e-12)


def test_a_subclass_may_draw_its_own_rows():
    class Middle(SpreadSMOTE):
        def _draw_rows(self, codes, stream):
            return 0 * super()._draw_rows(codes, stream)  # the mean of each column

    X, y = blobs((60, 20))
    made = Middle(random_state=0).fit_resample(X, y)[0][80:]
    np.testing.assert_allclose(made, np.tile(X.mean(axis=0), (40, 1)), atol=0.3)
    assert np.unique(made, axis=0).shape == (1, X.shape[1])
