"""Which real row each generated one was made from."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from imblearn.pipeline import make_pipeline
from scipy import sparse
from sklearn.model_selection import StratifiedGroupKFold, cross_validate
from sklearn.tree import DecisionTreeClassifier

from gan_resample import (
    CycleGANSampler,
    DVAANSampler,
    GAMOSampler,
    PGANSampler,
    SpreadSMOTE,
    TinyClassWarning,
)
from gan_resample.testing.data import blobs
from tests.helpers import GAMO, PGAN, QUICK, make_game, tensors, wanted_labels

PAGE = Path(__file__).parents[2] / "docs" / "user_guide" / "tables.rst"


def twins(n_majority=40):
    """Rows of which each of the small class has a copy, in random order, and their labels."""
    order = np.random.default_rng(0).permutation(n_majority + 16)
    X, y = blobs((n_majority, 8), n_features=3)
    return np.vstack([X, X[y == 1]])[order], np.append(y, y[y == 1])[order]


@pytest.mark.parametrize(
    "sampler",
    [
        SpreadSMOTE(k_neighbors=1, random_state=0),
        GAMOSampler(n_neighbors=1, **QUICK),
        GAMOSampler(n_neighbors=1, mixer="neighbours", **QUICK),
    ],
)
@pytest.mark.parametrize("kind", [np.asarray, pd.DataFrame, sparse.csr_array])
def test_a_row_mixed_with_its_copy_alone_is_its_source(sampler, kind):
    X, y = twins()
    table = kind(X)
    if kind is pd.DataFrame:
        table.index = range(500, 500 + len(X))
    X_new, _ = sampler.fit_resample(table, y)
    sources = sampler.source_indices_
    made = X_new.toarray() if sparse.issparse(X_new) else np.asarray(X_new)
    np.testing.assert_allclose(made[len(X) :], X[sources], rtol=1e-5)
    assert (y[sources] == 1).all()
    assert len(set(sources.tolist())) > 8
    before = sources.copy()
    sampler.sample([1] * 3)
    assert (sampler.source_indices_ == before).all()
    assert len(sampler.fit(X, y).source_indices_) == 0


@pytest.mark.parametrize(
    ("name", "own"),
    [("gamo-class", GAMO | {"mixer": "class"}), ("pgan", PGAN)],
)
@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("max_anchors", [5, None])
def test_the_row_that_weighs_most_is_the_source(name, own, together, max_anchors):
    torch.manual_seed(0)
    X, y = blobs()
    order = np.random.default_rng(1).permutation(len(y))
    x, y = tensors(X[order], y[order])
    game = make_game(name, **own | {"max_anchors": max_anchors})
    game.prepare(x, y)
    mixer = game.generator
    assert mixer.together
    mixer.together = together
    with torch.no_grad():
        mixer.weight.mul_(1e6)  # so that all of the weight is on one row
        codes = torch.tensor([2, 1, 2, 1, 1] * 20)
        rows, sources = game.sample_with_sources(codes)
        doubted, of_doubted, _ = (
            game.sample_uncertain(codes) if name == "pgan" else [rows, sources, 0]
        )
    torch.testing.assert_close(rows, x[sources])
    torch.testing.assert_close(doubted, x[of_doubted])
    assert (y[sources] == codes).all()
    assert len(sources.unique()) > 4


def test_neighbours_that_weigh_more_than_the_row_are_its_source():
    game = make_game("gamo-neighbours")
    x, y = tensors(*blobs())
    game.prepare(x, y)
    drawn = game.generator.draw(torch.tensor([1] * 50))
    with torch.no_grad():
        rows, weights, anchors = game.generator.mix(drawn, [0, 50, 0])
        same, heaviest = game.generator.mix_with_heaviest(drawn, [0, 50, 0])
    assert torch.equal(rows, same)
    for row in range(50):
        assert heaviest[row] == anchors[row, weights[row].argmax()]
    assert (heaviest != anchors[:, 0]).any()


def test_images_decoded_from_features_keep_their_sources():
    images, labels = np.random.default_rng(0).random((20, 1, 6, 6)), np.arange(20) % 4 // 3
    sampler = GAMOSampler(decoder_iter=1, feature_extractor=None, **QUICK)
    sampler.fit_resample(images, labels)
    assert sampler.source_indices_.shape == (10,)
    assert (labels[sampler.source_indices_] == 1).all()
    features = sampler.set_params(space="features", n_neighbors=0, mixer="neighbours")
    made, _ = features.fit_resample(images, labels)
    own = features.features(images)[features.source_indices_]
    np.testing.assert_allclose(made[20:], own, atol=1e-6)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_is_drawn_from_a_prior_has_no_source_but_a_lone_row_has():
    X, y = blobs((30, 12, 1))
    sampler = DVAANSampler(latent_dim=3, **QUICK)
    with pytest.warns(TinyClassWarning):
        X_new, _ = sampler.fit_resample(X, y)
    labels = wanted_labels(sampler)
    assert (sampler.source_indices_[labels == 1] == -1).all()
    assert (sampler.source_indices_[labels == 2] == 42).all()
    assert (X_new[len(X) :][labels == 2] == X[42]).all()


def test_nothing_generated_has_no_sources():
    for sampler in (SpreadSMOTE(), PGANSampler(), CycleGANSampler(), DVAANSampler()):
        sampler.fit_resample(*blobs((9, 9)))
        assert sampler.source_indices_.shape == (0,)
        assert sampler.source_indices_.dtype.kind == "i"


@pytest.mark.parametrize("sampler", [SpreadSMOTE(), CycleGANSampler()])
def test_weights_are_refused_with_advice(sampler):
    X, y = twins()
    advice = r" takes X and y only, but got sample_weight: .*source_indices_ says which \(-1: none"
    for method in ("fit", "fit_resample"):
        with pytest.raises(TypeError, match=f"{type(sampler).__name__}.{method}{advice}"):
            getattr(sampler, method)(X, y, sample_weight=np.ones(len(y)))
    assert len(SpreadSMOTE().fit_resample(X, y, sample_weight=None)[0]) == 80


@pytest.mark.parametrize("routing", [False, True])
def test_groups_of_a_pipeline_reach_the_splitter(routing):
    X, y = twins()
    groups = np.unique(X[:, 0], return_inverse=True)[1]  # a row and its copy
    pipeline = make_pipeline(SpreadSMOTE(random_state=0), DecisionTreeClassifier(random_state=0))
    asked = {"params": {"groups": groups}} if routing else {"groups": groups}
    with sklearn.config_context(enable_metadata_routing=routing):
        found = cross_validate(
            pipeline, X, y, cv=StratifiedGroupKFold(4), return_indices=True, **asked
        )
    for train, test in zip(found["indices"]["train"], found["indices"]["test"], strict=True):
        assert not set(groups[train]) & set(groups[test])
    assert np.isfinite(found["test_score"]).all()


def carried_on():
    """The lines of the user guide that carry weights and groups on."""
    text = PAGE.read_text().partition("Where a row came from")[2]
    block = re.search(r"code-block:: python\n\n((?:    .*\n)+)", text).group(1)
    return "\n".join(line.removeprefix("    ") for line in block.splitlines())


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("sampler", "n_known"),
    [(SpreadSMOTE(k_neighbors=1, random_state=0), 24), (DVAANSampler(latent_dim=3, **QUICK), 0)],
)
def test_the_lines_of_the_guide_carry_weights_and_groups_on(sampler, n_known):
    X, y = twins()
    weights, groups = np.arange(56) + 10.0, np.array([f"patient {row}" for row in range(56)])
    names = {"np": np, "sampler": sampler, "X": X, "y": y, "weights": weights, "groups": groups}
    exec(carried_on(), names)
    made, carried, of = names["X_new"][56:], names["weights_new"], names["groups_new"]
    assert len(carried) == len(of) == len(names["y_new"]) == 80
    assert (carried[:56] == weights).all()
    assert (of[:56] == groups).all()
    assert (of[56:] != "generated").sum() == n_known
    if not n_known:
        assert (carried[56:] == 1).all()
        return
    for row, weight, group in zip(made, carried[56:], of[56:], strict=True):
        source = int(weight) - 10
        assert group == f"patient {source}"
        np.testing.assert_allclose(row, X[source])
