"""Fitted estimators are plain data, which skops keeps; code of the user's is refused there."""

import io
import json
import pickle
import zipfile
from decimal import Decimal

import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest
import skops.io as sio
import torch
from imblearn.pipeline import make_pipeline
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from skorch.callbacks import Callback

from gan_resample import (
    TRUSTED_TYPES,
    EGANClassifier,
    GAMOClassifier,
    GAMOSampler,
    PriorCorrectedClassifier,
    SpreadEnsembleClassifier,
    SpreadSMOTE,
    TableEncoder,
)
from gan_resample.engine.net import GameNet
from gan_resample.gamo import GAMOGame
from gan_resample.testing.data import blobs, mixed_frame
from tests.helpers import QUICK, classifiers, digit_images, samplers, small_features

X, y = blobs((40, 15))


def written(estimator):
    return sio.dumps(estimator)


def kept(estimator):
    return sio.loads(written(estimator), trusted=TRUSTED_TYPES)


def frame():
    table, target = mixed_frame()
    rng = np.random.default_rng(0)
    cents = [f"{value:.2f}" for value in rng.random(len(table)) * 99]
    more = {
        "price": cents,
        "owed": [Decimal(cell) for cell in cents],
        "grade": pd.Categorical(rng.integers(1, 4, len(table)), ordered=True),
        "far": np.append(rng.random(len(table) - 1), 1e20),
        "since": pd.date_range("2020-01-01", periods=len(table), tz="Europe/Berlin"),
        "paid": pd.Series(cents).astype(pd.ArrowDtype(pa.decimal128(9, 2))),
        "counted": [2**60 + int(k) for k in rng.permutation(len(table))],
        "sparse": pd.arrays.SparseArray(rng.integers(0, 99, len(table)).astype(float)),
        "tested": np.where(rng.random(len(table)) < 0.3, np.nan, rng.random(len(table))),
    }
    for missing, kind in ((pd.NA, "Int64"), (pd.NA, "string"), (pd.NaT, "datetime64[s]"),
                          (pd.NA, "boolean"), (pd.NA, "object"), (None, "object"),
                          (pd.NA, "float[pyarrow]")):  # fmt: skip
        cells = pd.Series(rng.integers(0, 2, len(table))).astype(kind)
        cells[rng.random(len(table)) < 0.3] = missing
        more[f"{kind} or {missing}"] = cells
    return table.assign(**more), target


def polars_with_nulls():
    number, there = np.random.default_rng(0).random((2, len(X)))
    rows = polars.DataFrame({"x": number, "kind": np.where(number < 0.5, "a", "b")})
    return rows.with_columns(
        polars.when(polars.Series(there > 0.3)).then(polars.col(name)).alias(name)
        for name in rows.columns
    )


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_frame_of_every_kind_of_column_comes_back_in_its_dtypes():
    table, target = frame()
    sampler = SpreadSMOTE(random_state=0).fit(table, target)
    loaded = kept(sampler)
    expected = sampler.sample(["rare"] * 20)
    pd.testing.assert_frame_equal(loaded.sample(["rare"] * 20), expected)
    assert loaded.encoder_._dtypes == table.dtypes.tolist()
    assert loaded.encoder_._dtypes[6].categories.tolist() == ["red", "blue", "green"]
    assert pickle.loads(pickle.dumps(sampler)).encoder_._dtypes == table.dtypes.tolist()
    told = loaded.encoder_._markers, sampler.encoder_._markers
    assert [set(map(str, markers.values())) for markers in told] == [
        {"<NA>", "NaT", "None", "nan"}
    ] * 2
    encoder = kept(TableEncoder().fit(table))
    pd.testing.assert_frame_equal(
        encoder.inverse_transform(encoder.transform(table.head(20))).astype(table.dtypes),
        sampler.encoder_.inverse_transform(sampler.encoder_.transform(table.head(20))),
    )


def test_frames_of_polars_with_nulls_come_back():
    rows = polars_with_nulls()
    assert min(rows.null_count().row(0)) > 9
    sampler = SpreadSMOTE(random_state=0).fit(rows, y)
    made = kept(sampler).sample([1] * 30)
    assert made.equals(sampler.sample([1] * 30))
    assert min(made.null_count().row(0)) > 3


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array])
def test_sparse_tables_come_back_sparse(kind):
    sampler = SpreadSMOTE(k_neighbors=NearestNeighbors(n_neighbors=4), random_state=0)
    sampler.fit(kind(X), y)
    loaded = kept(sampler).sample([1] * 9)
    assert type(loaded) is kind
    assert (loaded.toarray() == sampler.sample([1] * 9).toarray()).all()


def test_images_and_their_decoder_come_back():
    images, labels = digit_images((14, 8))
    sampler = GAMOSampler(**QUICK, decoder_iter=2, device=torch.device("cpu"))
    loaded = kept(sampler.fit(images, labels))
    assert (loaded.sample([1] * 3) == sampler.sample([1] * 3)).all()


@pytest.mark.parametrize(
    "model",
    [
        EGANClassifier(**QUICK, stop="equilibrium"),
        PriorCorrectedClassifier(make_pipeline(SpreadSMOTE(), LogisticRegression())),
        SpreadEnsembleClassifier(LogisticRegression(), n_draws=2),
    ],
)
def test_classifiers_predict_as_before(model):
    loaded = kept(model.fit(X, y))
    assert (loaded.predict_proba(X) == model.predict_proba(X)).all()


def every():
    """A fitted estimator of each class, and of each kind of setting that has a type of its own."""
    table, target = frame()
    yield SpreadSMOTE().fit(table, target)
    yield from (SpreadSMOTE().fit(rows, y) for rows in (polars_with_nulls(), torch.as_tensor(X)))
    yield from (each.fit(X, y) for each in [*samplers(), *classifiers()])
    yield from (
        SpreadSMOTE().fit(kind(X), y)
        for kind in (sparse.csr_matrix, sparse.csr_array, sparse.csc_matrix, sparse.csc_array)
    )
    yield EGANClassifier(**QUICK, stop="equilibrium").fit(X, y)
    yield GAMOSampler(**QUICK, decoder_iter=1, device=torch.device("cpu")).fit(
        *digit_images((14, 8))
    )
    yield PriorCorrectedClassifier(make_pipeline(SpreadSMOTE(), LogisticRegression())).fit(X, y)
    yield SpreadEnsembleClassifier(LogisticRegression(), n_draws=2).fit(X, y)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_list_has_the_types_that_are_needed_and_no_other_and_files_hold_no_pickle():
    needed = set()
    for estimator in every():
        content = written(estimator)
        needed |= set(sio.get_untrusted_types(data=content))
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            for name in file.namelist():
                if name.endswith(".npy"):
                    np.load(io.BytesIO(file.read(name)), allow_pickle=False)
                elif name.endswith(".bin"):
                    pa.ipc.read_schema(pa.py_buffer(file.read(name)))
                else:
                    assert name in ("schema.json", "README.md") or not json.loads(file.read(name))
    # two games are played with a setting alone
    assert needed == {name for name in TRUSTED_TYPES if not name.endswith("CycleGANGame")} | {
        "gan_resample.cyclegan.game.CycleGANGame"
    }
    assert sorted(TRUSTED_TYPES) == TRUSTED_TYPES


# ---- code of the user's -------------------------------------------------------------------------


class Quiet(Callback):
    """A callback of the user's."""


class Own(GAMOGame):
    """A game of the user's."""


class OwnSGD(torch.optim.SGD):
    """An optimizer of the user's."""


class OwnSampler(GAMOSampler):
    _game = Own


FOREIGN = [
    (
        GAMOSampler(**QUICK, feature_extractor=small_features, decoder_iter=1),
        "the network feature_extractor=<fun",
    ),
    (
        GAMOClassifier(**QUICK, classifier=torch.nn.Linear(4, 2)),
        r"the network classifier=Linear\(",
    ),
    (GAMOSampler(**QUICK, callbacks=[Quiet()]), "the callback Quiet"),
    (OwnSampler(**QUICK), "the game Own"),
    (GAMOSampler(**QUICK, net_params={"optimizer": OwnSGD}), "the optimizer <class .*OwnSGD'>"),
]


@pytest.mark.parametrize(("estimator", "message"), FOREIGN)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_code_of_the_users_is_refused_by_name_and_pickled_as_ever(estimator, message):
    estimator.set_params(warm_start=True).fit(X, y)
    with pytest.raises(
        TypeError, match=message + r".* save it with pickle or joblib, or fit with"
    ):
        written(estimator)
    loaded = pickle.loads(pickle.dumps(estimator))
    if hasattr(loaded, "sample"):
        assert (loaded.sample([1] * 5) == estimator.sample([1] * 5)).all()
    if hasattr(loaded, "sample") and not estimator.callbacks:  # which are told by their place
        assert (loaded.fit(X, y).sample([1]) == estimator.fit(X, y).sample([1])).all()
    elif not hasattr(loaded, "sample"):
        assert (loaded.predict_proba(X) == estimator.predict_proba(X)).all()


def test_a_state_that_was_tampered_with_runs_nothing():
    net = GAMOSampler(**QUICK).fit(X, y).net_
    state = net.__getstate__()
    with pytest.raises(TypeError, match="a net plays a Game, but its state names"):
        GameNet.__new__(GameNet).__setstate__(
            state | {"settings": state["settings"] | {"module": Quiet}}
        )
    with pytest.raises(ValueError, match="saved by another version of gan_resample: fit it again"):
        GameNet.__new__(GameNet).__setstate__({"__cuda_dependent_attributes__": b"cos\nsystem\n"})


def test_loading_leaves_the_callers_generator_alone():
    content = written(GAMOSampler(**QUICK).fit(X, y))
    before = torch.get_rng_state()
    sio.loads(content, trusted=TRUSTED_TYPES)
    assert torch.equal(before, torch.get_rng_state())
