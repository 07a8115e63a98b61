"""A classifier without training rows: its file holds none of their values, and predicts alike."""

import pickle

import numpy as np
import pandas as pd
import pytest
import skops.io as sio
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from gan_resample import (
    TRUSTED_TYPES,
    EGANClassifier,
    GAMOClassifier,
    PGANClassifier,
    PriorCorrectedClassifier,
)
from gan_resample.testing.data import blobs
from tests.helpers import QUICK, classifiers, digit_images, small_features

X, y = blobs((40, 15))
PLAYED = [each for each in classifiers() if hasattr(type(each), "game_")]
MORE = [
    EGANClassifier(**QUICK, stop="equilibrium", warm_start=True),
    GAMOClassifier(**QUICK, ema_decay=0, feature_extractor=small_features),
    GAMOClassifier(**QUICK, mixer="class"),
]


def found(rows, content):
    """How many rows have two neighbouring numbers that stand in ``content`` so."""
    pairs = np.stack([rows[:, :-1], rows[:, 1:]], axis=2)
    return sum(any(pair.tobytes() in content for pair in row) for row in pairs)


def values_in(content, cells):
    return sum(cell.tobytes() in content for cell in np.ravel(cells))


@pytest.mark.parametrize("classifier", [*PLAYED, *MORE])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_no_training_row_and_no_value_is_in_the_file(classifier):
    fitted = clone(classifier).fit(X, y)
    encoded = fitted.encoder_.transform(X)
    before = pickle.dumps(fitted)
    assert values_in(before, X) == X.size  # in the encoder
    if isinstance(classifier, (GAMOClassifier, PGANClassifier, EGANClassifier)):
        kept = small_rows(fitted, encoded)
        assert found(kept, before) >= 10  # the small class
    wanted = fitted.predict_proba(X)
    assert fitted.forget_rows() is fitted
    for after in (fitted, pickle.loads(pickle.dumps(fitted))):
        content = pickle.dumps(after)
        assert values_in(content, X) == 0
        assert found(encoded.astype(np.float32), content) == 0
        assert found(encoded.astype(np.float64), content) == 0
        assert np.array_equal(after.predict_proba(X), wanted)
    assert len(content) < len(before)


def small_rows(fitted, encoded):
    """What the game keeps of the small class: rows, or features of them."""
    rows = encoded[y == 1].astype(np.float32)
    if fitted.feature_extractor is None:
        return rows
    import torch

    with torch.no_grad():
        return fitted.game_.features(torch.as_tensor(rows)).numpy()


def test_skops_keeps_it_and_images_are_forgotten_too():
    images, labels = digit_images((14, 8))
    clf = GAMOClassifier(**QUICK, warm_start=True).fit(images, labels)
    wanted = clf.predict_proba(images)
    loaded = sio.loads(sio.dumps(clf.forget_rows()), trusted=TRUSTED_TYPES)
    assert np.array_equal(loaded.predict_proba(images), wanted)
    assert loaded.game_.generator is None
    with pytest.raises(ValueError, match=r"forget_rows has left .* so that no fit can go on from"):
        loaded.fit(images, labels)
    again = loaded.set_params(warm_start=False).fit(images, labels)
    assert again.set_params(warm_start=True).fit(images, labels).n_iter_ == 8


def test_the_corrected_classifier_passes_it_on():
    corrected = PriorCorrectedClassifier(PGANClassifier(**QUICK), seen_prior="uniform")
    with pytest.raises(NotFittedError):
        corrected.forget_rows()
    proba = corrected.fit(X, y).predict_proba(X)
    assert values_in(pickle.dumps(corrected), X) == X.size
    assert corrected.forget_rows() is corrected
    assert values_in(pickle.dumps(corrected), X) == 0
    np.testing.assert_array_equal(corrected.predict_proba(X), proba)
    assert not hasattr(PriorCorrectedClassifier(LogisticRegression()), "forget_rows")


def test_text_and_categories_are_still_read_and_rows_are_not_decoded():
    rng = np.random.default_rng(0)
    prices = [f"{value:,.2f}" for value in 1000 + 999 * rng.random(55)]
    table = pd.DataFrame({"price": prices, "town": rng.choice(["Ulm", "Bonn"], 55)})
    with pytest.warns(UserWarning, match="numbers written as text"):
        clf = GAMOClassifier(**QUICK).fit(table, y)
    wanted = clf.predict_proba(table)
    clf.forget_rows()
    content = pickle.dumps(clf)
    assert not any(price.encode() in content for price in prices)
    assert np.array_equal(clf.predict_proba(table), wanted)
    with pytest.raises(ValueError, match=r"numbers such as '1,[0-9]{3}\.[0-9]{2}', but holds 'x'"):
        clf.predict(table.assign(price="x"))
    with pytest.raises(ValueError, match="observed values were forgotten"):
        clf.encoder_.inverse_transform(np.zeros((1, 3)))
