"""Small data and small games that several test modules use."""

import numpy as np
import torch

from gan_resample import (
    CycleGANClassifier,
    CycleGANSampler,
    DVAANClassifier,
    DVAANSampler,
    EGANClassifier,
    GAMOClassifier,
    GAMOSampler,
    PGANClassifier,
    PGANSampler,
    SpreadSMOTE,
)
from gan_resample.cyclegan import CycleGANGame
from gan_resample.cyclegan.translation import TranslationGame
from gan_resample.dvaan import DVAANGame
from gan_resample.egan import EGANGame
from gan_resample.engine.net import GameNet
from gan_resample.gamo import GAMOGame
from gan_resample.pgan import PGANGame

SMALL = {"hidden_layer_sizes": (16,), "learning_rate": 1e-2, "random_state": 0}
QUICK = {**SMALL, "max_iter": 4}


def small_features(n_in, n_out):
    """A feature extractor for rows of ``n_in`` columns."""
    return torch.nn.Sequential(torch.nn.Linear(n_in, 6), torch.nn.Tanh())


GAMO = {
    "feature_extractor": None,
    "freeze": None,
    "classifier": None,
    "hidden_layer_sizes": (16,),
    "loss": "ls",
    "with_discriminator": True,
    "fake_weight": "prior",
    "mixer": "spread",
    "n_neighbors": 5,
    "max_scale": 2.0,
    "max_anchors": 1024,
    "latent_dim": None,
}
DVAAN = {
    "mu": 3.0,
    "adapt_mu": True,
    "gamma": 1.0,
    "mean_direction": "unit",
    "discriminator_on_real": True,
    "augment": "minority",
    "pool_trains": "discriminator",
    "boundary_share": 1.0,
    "feature_weight": 1.0,
    "classification_weight": 0.1,
    "latent_dim": 3,
    "decoder_variance": "adapt",
    "recognition": None,
    "decoder": None,
    "feature_extractor": None,
    "freeze": None,
    "hidden_layer_sizes": (16,),
    "width_multiplier": 0.05,
}
# every game in every arrangement of players and turns: name -> (class, its own arguments)
GAMES = {
    "gamo": (GAMOGame, GAMO),
    "gamo-average": (GAMOGame, GAMO | {"ema_decay": 0.9}),
    "gamo-neighbours": (GAMOGame, GAMO | {"mixer": "neighbours"}),
    "gamo-class": (GAMOGame, GAMO | {"mixer": "class"}),
    "gamo-cross-entropy": (GAMOGame, GAMO | {"loss": "ce"}),
    "gamo-equal-batches": (GAMOGame, GAMO | {"fake_weight": "batch", "mixer": "class"}),
    "gamo-without-discriminator": (GAMOGame, GAMO | {"with_discriminator": False}),
    "gamo-images": (GAMOGame, GAMO),
    "gamo-features": (GAMOGame, GAMO | {"feature_extractor": small_features, "ema_decay": 0.9}),
}
GAMES |= {
    "dvaan": (DVAANGame, DVAAN),
    "dvaan-mu": (DVAANGame, DVAAN | {"adapt_mu": False}),
    "dvaan-a": (DVAANGame, DVAAN | {"augment": None, "boundary_share": 0.5}),
    "dvaan-literal": (
        DVAANGame,
        DVAAN
        | {"discriminator_on_real": False, "augment": "both", "mean_direction": "ones"}
        | {"decoder_variance": 1.0, "pool_trains": "all"},
    ),
    "dvaan-images": (DVAANGame, DVAAN | {"latent_dim": 8}),
    "dvaan-features": (DVAANGame, DVAAN | {"feature_extractor": small_features}),
}
TRANSLATION = {
    "loss": "log",
    "cycle_weight": 10.0,
    "identity_weight": 5.0,
    "source": "largest",
    "pool_size": 10,
    "cycle_noise": 0.05,
    "translator": None,
    "discriminator": None,
    "hidden_layer_sizes": (16,),
    "width_multiplier": 0.1,
    "n_blocks": 1,
}
CYCLEGAN = TRANSLATION | {
    "mode": "aug",
    "alt_period": "epoch",
    "gamma": 1.0,
    "classifier_weight": 1.0,
    "classifier": None,
}
GAMES |= {
    "cyclegan": (TranslationGame, TRANSLATION),
    "cyclegan-larger": (TranslationGame, TRANSLATION | {"source": "larger", "pool_size": 0}),
    "cyclegan-literal": (TranslationGame, TRANSLATION | {"loss": "ls", "cycle_noise": 0.0}),
    "cyclegan-images": (TranslationGame, TRANSLATION),
    "cyclegan-joint": (CycleGANGame, CYCLEGAN),
    "cyclegan-alt": (CycleGANGame, CYCLEGAN | {"mode": "alt", "gamma": "ratio"}),
    "cyclegan-alt-images": (CycleGANGame, CYCLEGAN | {"mode": "alt", "source": "larger"}),
}
PGAN = {
    "feature_extractor": None,
    "freeze": None,
    "classifier": None,
    "hidden_layer_sizes": (16,),
    "init": "convex_ae",
    "init_iter": 2,
    "critic_steps": 1,
    "max_anchors": 1024,
    "latent_dim": None,
}
GAMES |= {
    "pgan": (PGANGame, PGAN),
    "pgan-average": (PGANGame, PGAN | {"ema_decay": 0.9}),
    "pgan-without-autoencoder": (PGANGame, PGAN | {"init": "none", "critic_steps": 3}),
    "pgan-images": (PGANGame, PGAN),
    "pgan-features": (PGANGame, PGAN | {"feature_extractor": small_features, "freeze": 1}),
}
EGAN = {
    "real_minority_weight": 1.0,
    "latent_dim": None,
    "feature_extractor": None,
    "freeze": None,
    "decoder": None,
    "hidden_layer_sizes": (16,),
    "width_multiplier": 0.1,
}
GAMES |= {
    "egan": (EGANGame, EGAN),
    "egan-literal": (EGANGame, EGAN | {"real_minority_weight": 0.0}),
    "egan-images": (EGANGame, EGAN),
    "egan-features": (EGANGame, EGAN | {"feature_extractor": small_features}),
}
# as printed, where that fails at what any game must do: the game's own tests show how
LITERAL = {"dvaan-literal", "cyclegan-literal", "egan-literal"}
SHAPES = {
    "gamo-images": (1, 4, 4),
    "dvaan-images": (1, 4, 4),
    "cyclegan-images": (1, 4, 4),
    "cyclegan-alt-images": (1, 4, 4),
    "pgan-images": (1, 4, 4),
    "egan-images": (1, 4, 4),
}  # of encoded rows; (4,) where a game is not listed


def blobs(counts=(60, 20, 8), n_features=4, distance=6.0, seed=0):
    """Gaussian classes on a line, far apart, rows shuffled; float64."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(counts)), counts)
    X = rng.normal(size=(len(y), n_features)) + distance * y[:, None]
    order = rng.permutation(len(y))
    return X[order], y[order]


def mixed_frame(n=120, seed=0):
    """A pandas table with every kind of column, and an imbalanced target."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    y = pd.Series(np.where(np.arange(n) < n // 6, "rare", "common"), name="kind")
    X = pd.DataFrame(
        {
            "amount": rng.lognormal(size=n) + (y == "rare"),
            "share": rng.random(n).astype(np.float32),
            "count": rng.integers(0, 7, n),
            "small": rng.integers(-100, 100, n).astype(np.int8),
            "visits": pd.array(rng.integers(0, 1000, n), dtype="Int64"),
            "rate": pd.array(rng.random(n), dtype="Float64"),
            "colour": pd.Categorical(rng.choice(["red", "green"], n), ["red", "blue", "green"]),
            "town": rng.choice(["Ulm", "Bonn", "Kiel"], n),
            "code": pd.array(rng.choice(["a", "b"], n), dtype="string"),
            "member": rng.random(n) < 0.5,
            "maybe": pd.array(rng.random(n) < 0.3, dtype="boolean"),
            "one": np.full(n, 7.25),
        }
    )
    return X, y


def rows_of(name, counts=(60, 20, 8), **options):
    """Encoded rows that the named game takes, and their codes: blobs, as images if need be."""
    shape = SHAPES.get(name, (4,))
    X, y = blobs(counts, n_features=int(np.prod(shape)), **options)
    return tensors((X if len(shape) == 1 else X / 20).reshape(-1, *shape), y)


def make_game(name, counts=(60, 20, 8), n_features=4, batch_size=16, **own):
    """A game on :func:`blobs`-like data, all classes but the largest in play; unprepared."""
    kind, params = GAMES[name]
    deficits = tuple(max(counts) - count for count in counts)
    return kind(
        shape=SHAPES.get(name, (n_features,)),
        counts=counts,
        deficits=deficits,
        spans=(),
        levels=(),
        batch_size=batch_size,
        **(params | own),
    )


def make_net(
    name,
    counts=(60, 20, 8),
    n_features=4,
    batch_size=16,
    max_iter=4,
    own=None,
    **options,
):
    """An untrained net that plays the named game."""
    kind, params = GAMES[name]
    module = (
        {
            "shape": SHAPES.get(name, (n_features,)),
            "counts": counts,
            "deficits": tuple(max(counts) - count for count in counts),
            "spans": (),
            "levels": (),
            "batch_size": batch_size,
        }
        | params
        | (own or {})
    )
    settings = {"optimizer": torch.optim.Adam, "lr": 1e-3, "verbose": 0} | options
    return GameNet(
        kind,
        max_iter=max_iter,
        batch_size=batch_size,
        **{f"module__{key}": value for key, value in module.items()},
        **settings,
    )


def tensors(X, y):
    return torch.as_tensor(X, dtype=torch.float32), torch.as_tensor(y)


def samplers():
    games = (GAMOSampler, DVAANSampler, CycleGANSampler)
    quick = [*(kind(**QUICK) for kind in games), PGANSampler(**QUICK, init_iter=2)]
    return [*quick, SpreadSMOTE(random_state=0)]


def classifiers():
    games = (GAMOClassifier, DVAANClassifier, CycleGANClassifier)
    short = [kind(**SMALL, max_iter=60) for kind in games]
    pgan = PGANClassifier(**SMALL, max_iter=60, init_iter=10)
    return [*short, pgan, EGANClassifier(**SMALL, max_iter=200)]


def wanted_labels(sampler):
    """The labels that ``fit_resample`` generates, in its order."""
    wanted = sampler.sampling_strategy_
    return np.repeat(list(wanted), list(wanted.values()))


def digit_images(counts=(60, 20, 8)):
    """Small grey images of the first digits, uint8, (n, 1, 8, 8); ships with scikit-learn."""
    from sklearn.datasets import load_digits

    found = load_digits()
    kept = [np.flatnonzero(found.target == k)[:n] for k, n in enumerate(counts)]
    rows = np.concatenate(kept)
    return (found.images[rows, None] * 15).astype(np.uint8), found.target[rows]
