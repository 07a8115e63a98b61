"""Images become numbers between -1 and 1 and come back as they were."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.exceptions import NotFittedError

from gan_resample import ImageEncoder

SHAPES = st.tuples(
    st.integers(1, 4), st.integers(1, 3), st.integers(4, 9), st.integers(4, 9)
)  # n, channels, height, width


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(st.sampled_from([np.uint8, np.uint16, np.bool_]), SHAPES))
def test_whole_pixels_come_back_equal(X):
    encoder = ImageEncoder().fit(X)
    Z = encoder.transform(X)
    assert Z.dtype == np.float32
    assert Z.shape == X.shape
    assert np.abs(Z).max() <= 1
    back = encoder.inverse_transform(Z)
    assert back.dtype == X.dtype
    np.testing.assert_array_equal(back, X)


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(np.float32, SHAPES, elements=st.floats(-1, 1, width=32)),
    st.sampled_from([np.float16, np.float32, np.float64]),
)
def test_floats_come_back_in_dtype_and_range(X, dtype):
    X = X.astype(dtype)
    encoder = ImageEncoder().fit(X)
    back = encoder.inverse_transform(encoder.transform(X))
    assert back.dtype == dtype
    np.testing.assert_allclose(back.astype(float), X.astype(float), atol=2e-3)


@pytest.mark.parametrize(
    ("X", "range_"),
    [
        (np.full((1, 1, 4, 4), 128, np.uint8), (0, 255)),
        (np.eye(4, dtype=np.uint8).reshape(1, 1, 4, 4), (0, 1)),
        (np.full((1, 1, 4, 4), 200, np.int64), (0, 255)),
        (np.full((1, 1, 4, 4), 300, np.uint16), (0, 65535)),
        (np.full((1, 1, 4, 4), 0.5), (0, 1)),
        (np.full((1, 1, 4, 4), -0.5), (-1, 1)),
    ],
)
def test_ranges_are_recognised(X, range_):
    assert ImageEncoder().fit(X).range_ == range_


def test_a_range_of_ones_own():
    X = np.array([-5.0, 5.0] * 8).reshape(1, 1, 4, 4)
    encoder = ImageEncoder(value_range=(-5, 5)).fit(X)
    assert sorted(set(encoder.transform(X).ravel().tolist())) == [-1, 1]
    np.testing.assert_array_equal(encoder.inverse_transform(encoder.transform(X)), X)


def test_flattened_images_come_back_flattened():
    X = np.random.default_rng(0).integers(0, 256, (5, 3 * 6 * 4), dtype=np.uint8)
    encoder = ImageEncoder(shape=(3, 6, 4)).fit(X)
    assert encoder.transform(X).shape == (5, 3, 6, 4)
    np.testing.assert_array_equal(encoder.inverse_transform(encoder.transform(X)), X)


def test_what_generators_overshoot_is_clipped():
    encoder = ImageEncoder().fit(np.full((1, 1, 4, 4), 200, np.uint8))
    Z = np.linspace(-3, 3, 16).reshape(1, 1, 4, 4)
    back = encoder.inverse_transform(Z)
    assert (back.min(), back.max()) == (0, 255)


IMAGE = np.full((2, 1, 4, 4), 0.5)


@pytest.mark.parametrize(
    ("X", "settings_", "message"),
    [
        ([np.zeros((1, 4, 4)), np.zeros((1, 5, 4))], {}, "several sizes, such as"),
        (np.array([None] * 2).reshape(2, 1, 1, 1), {}, "dtype object"),
        (np.where(np.arange(32).reshape(2, 1, 4, 4) == 3, np.nan, IMAGE), {}, "1 pixels that are"),
        (IMAGE * 100, {}, "between 50 and 50, which is neither"),
        (IMAGE[:, :, :1, :1], {}, r"shape \(1, 1, 1\) .* 4 pixels a side"),
        (IMAGE[:0], {}, "0 sample"),
        (IMAGE[:, 0, 0], {}, r"got shape \(2, 4\).*shape=\(channels"),
        (IMAGE, {"shape": (1, 4, 4)}, "takes rows of 16 pixels"),
        (IMAGE.reshape(2, 16), {"shape": (1, 4, 5)}, "takes rows of 20 pixels"),
        (IMAGE.reshape(2, 16), {"shape": (4, 4)}, r"must be \(channels, height, width\)"),
        (IMAGE, {"value_range": (1, 0)}, "must rise"),
        (IMAGE, {"value_range": (0, np.inf)}, "two finite numbers"),
        (IMAGE, {"value_range": (0, 1, 2)}, "two finite numbers"),
        (IMAGE, {"value_range": ("a", "b")}, "two finite numbers"),
        (IMAGE.reshape(2, 16), {"shape": (-1, -4, 4)}, "whole numbers above 0"),
        (IMAGE.reshape(2, 16), {"shape": (1.0, 4.0, 4.0)}, "whole numbers above 0"),
        (np.zeros((2, 8, 8, 3)), {}, r"look like \(height, width, channels\).*transpose"),
        (np.zeros((2, 8, 8, 4)), {}, r"look like \(height, width, channels\).*transpose"),
        (np.ma.masked_equal(IMAGE, 0.5), {}, "masked pixels"),
        ([*np.ma.masked_equal(IMAGE, 0.5)], {}, "masked pixels"),
        (np.ma.masked_equal(IMAGE, 0.5).reshape(2, 16), {"shape": (1, 4, 4)}, "masked pixels"),
        (np.full((1, 1, 4, 4), 2**40, np.uint64), {}, "more levels than float32"),
        (np.full((1, 1, 4, 4), 2**20, np.int32), {}, "which is neither"),
        (IMAGE, {"value_range": (0.6, 1)}, "outside the range of 0.6 to 1"),
    ],
)
def test_bad_images_are_refused(X, settings_, message):
    with pytest.raises(ValueError, match=message):
        ImageEncoder(**settings_).fit(X)


def test_dark_whole_numbers_are_told():
    X = np.arange(16, dtype=np.uint8).reshape(1, 1, 4, 4)
    with pytest.warns(UserWarning, match=r"brightest pixel is 15.*value_range=\(0, 15\)"):
        ImageEncoder().fit(X)
    encoder = ImageEncoder(value_range=(0, 15)).fit(X)
    assert (encoder.inverse_transform(encoder.transform(X)) == X).all()
    assert encoder.transform(X).max() == 1


def test_a_shape_may_be_an_array():
    encoder = ImageEncoder(shape=np.array([1, 4, 4])).fit(IMAGE.reshape(2, 16))
    assert encoder.shape_ == (1, 4, 4)


@pytest.mark.parametrize(
    "value_range", [np.array([0, 1]), (np.float32(0), np.int64(1)), [np.False_ + 0, np.float16(1)]]
)
def test_scalars_of_numpy_are_a_range_like_those_of_python(value_range):
    encoder = ImageEncoder(value_range=value_range).fit(IMAGE)
    assert encoder.range_ == (0.0, 1.0)
    np.testing.assert_array_equal(
        encoder.transform(IMAGE), ImageEncoder(value_range=(0, 1)).fit(IMAGE).transform(IMAGE)
    )


def test_floats_after_whole_numbers_are_refused():
    X = np.full((2, 1, 4, 4), 200, np.uint8)
    encoder = ImageEncoder().fit(X)
    with pytest.raises(ValueError, match=r"dtype float64, but in fit they were uint8, from 0 to"):
        encoder.transform(X / 255)
    with pytest.raises(ValueError, match=r"dtype uint8, but in fit they were float64"):
        ImageEncoder().fit(X / 255).transform((X > 7).astype(np.uint8))
    assert encoder.transform(X.astype(np.int64)).shape == X.shape
    told = ImageEncoder(value_range=(0, 255)).fit(X)  # the range is the user's word
    assert (told.transform(X) == told.transform(X.astype(float))).all()


def test_a_range_that_ends_between_whole_numbers_is_kept():
    X = np.array([[0, 9] * 8]).reshape(1, 1, 4, 4)
    encoder = ImageEncoder(value_range=(-0.5, 9.5)).fit(X)
    assert encoder.inverse_transform(np.full((1, 1, 4, 4), 1.0)).max() == 9


def test_text_is_no_image():
    with pytest.raises(TypeError, match="must hold numbers"):
        ImageEncoder().fit(np.full((2, 1, 4, 4), "a"))


def test_new_images_must_be_like_those_of_fit():
    encoder = ImageEncoder().fit(IMAGE)
    with pytest.raises(ValueError, match=r"shape \(1, 4, 6\), but in fit they had \(1, 4, 4\)"):
        encoder.transform(np.zeros((1, 1, 4, 6)))
    with pytest.raises(ValueError, match="outside the range of 0 to 1"):
        encoder.transform(-IMAGE)
    with pytest.raises(NotFittedError):
        ImageEncoder().transform(IMAGE)
