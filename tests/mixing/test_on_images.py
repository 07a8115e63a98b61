"""GAMO on arrays of images: what comes in, what comes back, and the features between."""

import pickle
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch
from imblearn.pipeline import Pipeline
from scipy import sparse
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.preprocessing import FunctionTransformer
from skorch import NeuralNetClassifier
from torch import nn

from gan_resample import GAMOClassifier, GAMOSampler, ImageEncoder, SpreadSMOTE, TableEncoder
from gan_resample.gamo import PAPER_SETTINGS
from gan_resample.mixing.gamo2pix import PAPER_SETTINGS as GAMO2PIX_SETTINGS
from tests.helpers import digit_images, make_game, rows_of

X, y = digit_images()
SMALL = {"hidden_layer_sizes": (16,), "random_state": 0}
QUICK = {**SMALL, "max_iter": 3, "decoder_iter": 3}
every_sampler = pytest.mark.parametrize(
    "sampler",
    [
        GAMOSampler(**QUICK),
        GAMOSampler(**QUICK, shared_decoder=False),
        SpreadSMOTE(random_state=0),
    ],
    ids=["gamo", "gamo-decoder-a-class", "spread"],
)
every_mixer = pytest.mark.parametrize("mixer", ["spread", "neighbours", "class"])


def flatten(images):
    return images.reshape(len(images), -1) / 255


def as_floats(images):
    return (images / 255).astype(np.float32)


class TinyConvNet(nn.Module):
    """What a user of skorch would write."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 3), nn.Softmax(dim=1)
        )

    def forward(self, images):
        return self.layers(images)


class Pair(nn.Module):
    def forward(self, images):
        return images, images


class TinyFeatures(nn.Module):
    def __init__(self, shape, n_out):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(shape)), 5), nn.Tanh())

    def forward(self, images):
        return self.layers(images)


# ---- in and out ---------------------------------------------------------------------------------


@every_sampler
@pytest.mark.parametrize(
    "convert",
    [
        lambda images: images,
        lambda images: images.astype(np.int64),
        lambda images: images / 255,
        lambda images: (images / 127.5 - 1).astype(np.float32),
        lambda images: images > 127,
        lambda images: np.repeat(images, 3, axis=1)[:, :, :7, :5],
    ],
    ids=["uint8", "int64", "float64", "float32", "bool", "colour of odd size"],
)
def test_shape_dtype_range_and_real_rows_are_kept(sampler, convert):
    images = convert(X)
    before = images.copy()
    sampler = clone(sampler)
    X_new, y_new = sampler.fit_resample(images, y)
    assert (images == before).all()
    assert Counter(y_new.tolist()) == {0: 60, 1: 60, 2: 60}
    assert X_new.dtype == images.dtype
    assert X_new.shape == (180, *images.shape[1:])
    assert (X_new[:88] == images).all()
    low, high = sampler.encoder_.range_
    assert X_new.min() >= low
    assert X_new.max() <= high
    assert sampler.synthetic_mask_.tolist() == [False] * 88 + [True] * 92
    assert sampler.n_features_in_ == np.prod(images.shape[1:])
    assert sampler.shape_in_ == images.shape[1:]


@every_sampler
def test_flattened_images_come_back_flattened(sampler):
    sampler = clone(sampler).set_params(encoder=ImageEncoder(shape=(1, 8, 8)))
    X_new, _ = sampler.fit_resample(X.reshape(88, 64), y)
    assert X_new.shape == (180, 64)
    assert X_new.dtype == np.uint8
    as_images, _ = clone(sampler).set_params(encoder=None).fit_resample(X, y)
    assert (X_new.reshape(-1, 1, 8, 8) == as_images).all()


@every_sampler
def test_seeds_and_copies(sampler):
    rows = clone(sampler).fit_resample(X, y)[0]
    assert (rows == clone(sampler).fit_resample(X, y)[0]).all()
    fitted = clone(sampler).fit(X, y)
    loaded = pickle.loads(pickle.dumps(fitted))
    labels = np.repeat([1, 2], [40, 52])
    assert (loaded.sample(labels) == rows[88:]).all()
    assert (fitted.sample(labels) == rows[88:]).all()
    assert fitted.sample([]).shape == (0, 1, 8, 8)


@every_sampler
def test_balanced_images_come_back_unchanged(sampler):
    rows = np.flatnonzero(y == 0)
    sampler = clone(sampler)
    assert sampler.fit_resample(X[rows], rows % 2)[0] is not X
    assert (sampler.fit_resample(X[rows], rows % 2)[0] == X[rows]).all()
    assert getattr(sampler, "decoder_net_", None) is None


def test_classes_of_one_and_two_images():
    images, labels = digit_images((30, 2, 1))
    with pytest.warns(UserWarning, match="class 2 has 1 row only"):
        X_new, y_new = GAMOSampler(**QUICK).fit_resample(images, labels)
    assert Counter(y_new.tolist()) == {0: 30, 1: 30, 2: 30}
    assert X_new.dtype == np.uint8


# ---- in pipelines -------------------------------------------------------------------------------


@every_sampler
def test_in_a_pipeline_that_flattens(sampler):
    steps = [("s", clone(sampler)), ("flat", FunctionTransformer(flatten))]
    pipeline = Pipeline([*steps, ("clf", LogisticRegression())])
    assert cross_val_score(pipeline, X, y, cv=2, scoring="balanced_accuracy").shape == (2,)
    # three rounds do not make a decoder, but what the classifier learns from is balanced
    seen = pipeline.set_params(clf=DummyClassifier(strategy="prior")).fit(X, y)["clf"]
    assert seen.class_prior_ == pytest.approx([1 / 3] * 3)


@every_sampler
def test_in_a_pipeline_with_a_convolutional_net(sampler):
    net = NeuralNetClassifier(
        TinyConvNet, max_epochs=12, lr=0.05, batch_size=16, verbose=0, train_split=None
    )
    torch.manual_seed(0)
    pipeline = Pipeline([("s", clone(sampler)), ("clf", net)])
    scores = cross_val_score(pipeline, as_floats(X), y, cv=2, scoring="balanced_accuracy")
    assert scores.min() > 0.5  # chance is 1 / 3; .63 to 1, .88 on average


def test_grid_search():
    steps = [("s", GAMOSampler(**QUICK)), ("flat", FunctionTransformer(flatten))]
    pipeline = Pipeline([*steps, ("clf", LogisticRegression())])
    grid = {"s__mixer": ["spread", "class"], "s__shared_decoder": [True, False]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    assert len(search.cv_results_["params"]) == 4
    assert search.predict(X[:3]).shape == (3,)


# ---- features -----------------------------------------------------------------------------------


@every_mixer
def test_features_of_real_rows_and_of_generated_ones(mixer):
    sampler = GAMOSampler(**QUICK, mixer=mixer, space="features")
    H, _ = sampler.fit_resample(X, y)
    assert H.shape == (180, 512)
    assert H.dtype == np.float32
    np.testing.assert_array_equal(H[:88], sampler.features(X))
    assert sampler.decoder_net_ is None
    assert np.abs(H[:88]).max() <= 1  # F ends in tanh


@pytest.mark.parametrize("kind", ["frame", "sparse"])
def test_vectors_do_not_fit_into_frames_and_sparse_matrices(kind, untrained):
    table = flatten(X)
    rows = pd.DataFrame(table) if kind == "frame" else sparse.csr_matrix(table)
    sampler = GAMOSampler(**SMALL, space="features", feature_extractor=TinyFeatures)
    with pytest.raises(TypeError, match=r"vectors, which do not fit into a .*use fit, then"):
        sampler.fit_resample(rows, y)


def test_frames_give_vectors_by_fit_and_sample():
    frame = pd.DataFrame(flatten(X)).add_prefix("p")
    sampler = GAMOSampler(**QUICK, space="features", feature_extractor=TinyFeatures).fit(frame, y)
    assert sampler.features(frame).shape == (88, 5)
    assert sampler.sample([1, 2]).shape == (2, 5)


def test_the_space_is_that_of_the_fit():
    sampler = GAMOSampler(**QUICK, space="features").fit(X, y).set_params(space="rows")
    assert sampler.space_ == "features"
    assert sampler.sample([1, 2]).shape == (2, 512)
    sampler.fit(X, y).set_params(space="features")
    assert sampler.sample([1, 2]).shape == (2, 1, 8, 8)


def test_balanced_images_give_encoded_rows_as_vectors():
    rows = np.flatnonzero(y == 0)
    H, _ = GAMOSampler(**QUICK, space="features").fit_resample(X[rows], rows % 2)
    assert H.shape == (60, 64)
    assert H.dtype == np.float32


def test_without_a_feature_extractor_features_are_encoded_rows():
    table = flatten(X)
    sampler = GAMOSampler(**SMALL, max_iter=2, space="features")
    H, _ = sampler.fit_resample(table, y)
    np.testing.assert_array_equal(H[:88], sampler.encoder_.transform(table).astype(H.dtype))
    assert H.shape == (180, 64)


def test_anchors_are_features_of_the_last_extractor():
    sampler = GAMOSampler(**QUICK, mixer="neighbours").fit(X, y)
    anchors = sampler.game_.generator.anchors
    chosen = anchors.chosen.numpy()
    assert sorted(chosen.tolist()) == np.flatnonzero(y > 0).tolist()
    np.testing.assert_array_equal(anchors.rows.numpy(), sampler.features(X[chosen]))


def test_the_extractor_moves_first_in_every_round():
    sampler = GAMOSampler(**QUICK).fit(X, y)
    x = torch.as_tensor(sampler.encoder_.transform(X[:16]))
    turns = list(sampler.game_.turns(x, torch.as_tensor(y[:16])))
    assert [list(turn) for turn in turns] == [
        ["feature_extractor"],
        ["classifier", "discriminator"],
        ["generator_vs_classifier"],
        ["generator_vs_discriminator"],
    ]


def test_the_extractor_learns_for_the_class_mix_of_the_game():
    weights = {
        how: GAMOSampler(**QUICK, fake_weight=how).fit(X, y).game_.row_weights
        for how in ("prior", "batch")
    }
    assert weights["batch"].tolist() == [1, 1, 1]
    masses = weights["prior"] * torch.tensor([60, 20, 8]) / 88
    torch.testing.assert_close(masses, torch.full((3,), 1 / 3))
    some = GAMOSampler(**QUICK, sampling_strategy={2: 20}).fit(X, y).game_.row_weights
    torch.testing.assert_close(some * torch.tensor([60, 20, 8]), torch.tensor([60, 20, 20]) * 0.88)


@pytest.mark.parametrize("build", [TinyFeatures, TinyFeatures((1, 8, 8), 5)])
def test_an_extractor_of_ones_own(build):
    sampler = GAMOSampler(**QUICK, feature_extractor=build).fit(X, y)
    assert sampler.features(X).shape == (88, 5)
    assert sampler.sample([1, 2]).shape == (2, 1, 8, 8)
    if isinstance(build, nn.Module):  # copied: the user's stays as it was
        own = sampler.game_.feature_extractor.state_dict()
        assert any(not torch.equal(own[k], v) for k, v in build.state_dict().items())


def test_a_frozen_extractor_does_not_move():
    frozen = TinyFeatures((1, 8, 8), 5).requires_grad_(False)
    sampler = GAMOSampler(**QUICK, feature_extractor=frozen).fit(X, y)
    own = sampler.game_.feature_extractor.state_dict()
    assert all(torch.equal(own[key], value) for key, value in frozen.state_dict().items())
    assert "feature_extractor_loss" not in sampler.history_[0]


def test_features_for_tables():
    rng = np.random.default_rng(0)
    table, labels = rng.normal(size=(60, 4)), np.repeat([0, 1], [50, 10])
    sampler = GAMOSampler(**QUICK, feature_extractor=TinyFeatures)
    X_new, _ = sampler.fit_resample(table, labels)
    assert X_new.shape == (100, 4)
    assert np.isfinite(X_new).all()


def test_learning_rates_of_game_and_decoder_are_set_apart():
    rates = {
        "optimizer__lr": 3e-3, "generator_vs_classifier_optimizer__lr": 1e-4,
        "decoder_optimizer__lr": 5e-4,
    }  # fmt: skip
    sampler = GAMOSampler(**QUICK, net_params=rates).fit(X, y)
    found = {
        move: optimizer.param_groups[0]["lr"]
        for net in (sampler.net_, sampler.decoder_net_)
        for move, optimizer in net.optimizers().items()
    }
    assert found["generator_vs_classifier"] == 1e-4
    assert found["decoder"] == 5e-4
    assert found["classifier"] == found["feature_extractor"] == 3e-3


def test_other_arguments_of_the_game_do_not_go_on():
    sampler = GAMOSampler(**QUICK, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="but learning_rate, mixer changed since the last fit"):
        sampler.set_params(mixer="class", learning_rate=1.0).fit(X, y)
    sampler.set_params(mixer="spread", learning_rate=1e-3, max_iter=1, decoder_iter=1)
    assert sampler.fit(X, y).n_iter_ == 4


def test_published_settings_are_arguments():
    settings = PAPER_SETTINGS | GAMO2PIX_SETTINGS | {"max_iter": 1, "decoder_iter": 1}
    sampler = GAMOSampler(**settings, random_state=0).fit(X, y)
    assert len(sampler.decoder_net_.module_.decoder) == 3  # one for each class
    assert GAMO2PIX_SETTINGS["decoder_iter"] == 25_000


def test_large_images_go_through_in_parts(monkeypatch):
    sampler = GAMOSampler(**QUICK).fit(X, y)
    whole = sampler.features(X)
    monkeypatch.setattr("gan_resample.nn.build.ACTIVATIONS", 32 * 64 * 7)  # seven images at once
    seen = []
    sampler.game_.feature_extractor.register_forward_hook(
        lambda module, args, out: seen.append(len(out))
    )
    np.testing.assert_allclose(sampler.features(X), whole, atol=1e-6)
    assert max(seen) == 7
    assert sampler.sample([1] * 20).shape == (20, 1, 8, 8)


def test_warm_start_goes_on_with_game_and_decoder():
    sampler = GAMOSampler(**QUICK, warm_start=True).fit(X, y)
    before = sampler.decoder_net_.module_.rounds_played
    sampler.fit(X, y)
    assert sampler.n_iter_ == 6
    assert (before, sampler.decoder_net_.module_.rounds_played) == (3, 6)
    sampler.set_params(shared_decoder=False).fit(X, y)  # other decoders, which start anew
    assert sampler.decoder_net_.module_.rounds_played == 3
    assert sampler.set_params(space="features").fit(X, y).decoder_net_ is None


# ---- the classifier -----------------------------------------------------------------------------


@every_mixer
def test_the_classifier_learns_digits(mixer):
    images, labels = digit_images((120, 60, 40))
    clf = GAMOClassifier(**SMALL, mixer=mixer, max_iter=80, learning_rate=2e-3)
    clf.fit(images[::2], labels[::2])
    assert (clf.predict(images[1::2]) == labels[1::2]).mean() > 0.9
    P = clf.predict_proba(images[:7])
    np.testing.assert_allclose(P.sum(axis=1), 1)
    np.testing.assert_allclose(clf.predict_proba(images[3:4]), P[3:4], atol=1e-5)


def test_the_classifier_takes_images_of_the_same_shape_only():
    clf = GAMOClassifier(**SMALL, max_iter=2).fit(X, y)
    with pytest.raises(
        ValueError, match=r"shape \(1, 7, 8\).*fitted to rows of shape \(1, 8, 8\)"
    ):
        clf.predict(X[:, :, :7])
    with pytest.raises(ValueError, match="ImageEncoder takes images"):
        clf.predict(X.reshape(88, 64))


# ---- bad input ----------------------------------------------------------------------------------

several = np.empty(88, dtype=object)
several[:] = [image[:, : 8 - i % 2] for i, image in enumerate(X)]
BAD = {
    "sizes in a list": (list(several), {}, ValueError, "several sizes.*crop, pad or resize"),
    "sizes in objects": (several, {}, ValueError, "several sizes.*crop, pad or resize"),
    "objects": (X.astype(object), {}, ValueError, "dtype object"),
    "missing": (np.where(X > 200, np.nan, X / 255), {}, ValueError, "NaN or infinite"),
    "range": (X / 15, {}, ValueError, "neither 0 to 1 nor -1 to 1.*value_range"),
    "one pixel": (X[:, :, :1, :1], {}, ValueError, "4 pixels a side"),
    "three dimensions": (X[:, 0], {}, ValueError, r"X\[:, None\]"),
    "a list of grey images": (list(X[:, 0]), {}, ValueError, r"X\[:, None\]"),
    "channels last": (X.transpose(0, 2, 3, 1), {}, ValueError, "transpose"),
    "words": (X.astype(str), {}, TypeError, "must hold numbers"),
    "table encoder": (X, {"encoder": TableEncoder()}, ValueError, "TableEncoder takes tables"),
    "image encoder": (
        X.reshape(88, 64), {"encoder": ImageEncoder()}, ValueError, r"ImageEncoder\(shape=",
    ),
    "wrong flat shape": (
        X.reshape(88, 64), {"encoder": ImageEncoder(shape=(1, 8, 9))}, ValueError, "of 72 pixels",
    ),
    "flat encoder": (
        X, {"encoder": ImageEncoder(shape=(1, 8, 8))}, ValueError, "takes rows of 64 pixels",
    ),
}  # fmt: skip
BAD_MODULES = {
    "extractor's input": (
        {"feature_extractor": nn.Linear(5, 3)}, ValueError, "feature_extractor cannot take rows",
    ),
    "extractor's output": (
        {"feature_extractor": nn.Conv2d(1, 2, 3)}, ValueError, "must give vectors.*Flatten",
    ),
    "classifier's input": (
        {"classifier": nn.Linear(5, 3)}, ValueError, r"classifier cannot take rows.*\(512,\)",
    ),
    "classifier's output": (
        {"classifier": nn.Linear(512, 7)}, ValueError, "classifier must give 3 numbers.*gives 7",
    ),
    "extractor of tuples": (
        {"feature_extractor": Pair()}, ValueError, "feature_extractor must give a tensor",
    ),
    "extractor for tables": (
        {"feature_extractor": nn.BatchNorm1d(3)}, ValueError, "feature_extractor cannot take rows",
    ),
    "extractor of no width": (
        {"feature_extractor": nn.Sequential(nn.Flatten(), nn.Linear(64, 0))}, ValueError,
        "must give vectors",
    ),
    "wrong signature": (
        {"feature_extractor": TinyConvNet}, TypeError, "cannot be called with .n_in, n_out",
    ),
    "no module": ({"classifier": max}, TypeError, "must return a torch.nn.Module"),
}  # fmt: skip


@pytest.fixture
def untrained(monkeypatch):
    def never(*args, **kwargs):
        raise AssertionError("training began")

    monkeypatch.setattr("gan_resample.engine.net.GameNet.fit_loop", never)
    monkeypatch.setattr("gan_resample.mixing.geometry.Anchors.choose", never)


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize(
    "estimator",
    [GAMOSampler(**QUICK), GAMOClassifier(**SMALL), SpreadSMOTE()],
    ids=lambda e: type(e).__name__,
)
def test_bad_images_are_refused_before_training(estimator, case):
    images, params, error, message = BAD[case]
    with pytest.raises(error, match=message):
        clone(estimator).set_params(**params).fit(images, y)


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize("case", BAD_MODULES)
@pytest.mark.parametrize("kind", [GAMOSampler, GAMOClassifier])
def test_modules_that_do_not_fit_are_refused_before_training(kind, case):
    params, error, message = BAD_MODULES[case]
    with pytest.raises(error, match=message):
        kind(**SMALL, **params).fit(X, y)


# ---- features of one age ------------------------------------------------------------------------


def aged_game(name="gamo-images", **own):
    """A game whose extractor has moved since the anchors were stored, and a batch of its rows."""
    game, (x, labels) = make_game(name, **own), rows_of(name)
    game.prepare(x, labels)
    with torch.no_grad():
        for parameter in game.feature_extractor.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return game, x, labels


def test_the_discriminator_sees_real_rows_through_the_extractor_of_the_anchors():
    torch.manual_seed(0)
    game, x, labels = aged_game()
    anchors = game.generator.anchors
    stored = anchors.rows[:16]
    torch.testing.assert_close(game.stored_features(x[anchors.chosen[:16]]), stored)
    assert (game.features(x[anchors.chosen[:16]]) - stored).abs().max() > 0.01
    seen = {"classifier": [], "discriminator": []}
    for name, rows in seen.items():
        getattr(game, name).register_forward_pre_hook(lambda _, args, to=rows: to.append(args[0]))
    list(game.turns(x[:16], labels[:16]))
    # the first passes are F's through M, then both judges' on real rows and generated ones
    of_m, of_d = seen["classifier"][1], seen["discriminator"][0][:, : game.n_features]
    torch.testing.assert_close(of_d[:16], game.stored_features(x[:16]))
    torch.testing.assert_close(of_m[:16], game.features(x[:16]))
    torch.testing.assert_close(of_d[16:], of_m[16:])  # generated ones have one age


def test_the_same_real_images_score_alike_as_anchors_and_as_real_rows():
    torch.manual_seed(0)
    game, x, labels = aged_game()
    real = game.discriminate(game.stored_features(x), labels)
    anchors = game.generator.anchors
    as_anchors = game.discriminate(anchors.rows, labels[anchors.chosen])
    torch.testing.assert_close(real[anchors.chosen], as_anchors)


def test_the_stored_extractor_is_brought_up_to_date_with_the_anchors_and_never_learns():
    game, x, labels = aged_game()
    assert not any(p.requires_grad for p in game.stored_extractor.parameters())
    for refresh in (game.begin_epoch, game.finish):
        with torch.no_grad():
            next(game.feature_extractor.parameters()).add_(0.1)
        assert not torch.equal(game.stored_features(x), game.features(x))
        refresh(x, labels)
        torch.testing.assert_close(game.stored_features(x), game.features(x), rtol=0, atol=0)


@pytest.mark.parametrize("own", [{}, {"feature_extractor": TinyFeatures, "freeze": "all"}])
def test_an_extractor_that_does_not_learn_is_not_stored_twice(own):
    if not own:
        game, x = make_game("gamo"), rows_of("gamo")[0]
    else:
        game, x = make_game("gamo-images", **own), rows_of("gamo-images")[0]
    assert game.stored_extractor is None
    assert torch.equal(game.stored_features(x), game.features(x))
