"""What black and white are in a set of images."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

import narrows
from narrows.data import Schema, as_rows

R = np.random.default_rng(0)


def blobs(n=120, side=12):
    """Blobs of any place and size, in [0, 1]: four numbers tell each."""
    y, x = np.mgrid[:side, :side] / (side - 1)
    result = R.random((n, 4))
    images = np.stack(
        [np.exp(-((x - a) ** 2 + (y - b) ** 2) / (0.02 + 0.1 * c)) * (0.4 + 0.6 * d) for a, b, c, d in result]
    )
    return images / images.max()


BLOBS = blobs()


def learned(images, **settings):
    rows = as_rows(images)
    schema = Schema.learn(rows, **settings)
    return schema, schema.encode(rows)


def kept(model, images):
    """The share of the variance that comes back: 0 is the mean image."""
    given, back = (np.asarray(a, float).reshape(len(images), -1) for a in (images, model.reconstruct(images)))
    return 1 - ((given - back) ** 2).sum() / ((given - given.mean(0)) ** 2).sum()


@pytest.mark.parametrize(
    ("images", "black_and_white"),
    [
        ((BLOBS * 255).astype(np.uint8), (0, 255)),
        ((BLOBS * 200).astype(np.uint8), (0, 255)),
        ((BLOBS * 25).astype(np.uint8), (0, 25)),
        ((118 + BLOBS * 20).astype(np.uint8), (118, 138)),
        ((BLOBS * 200).astype(np.uint16), (0, 255)),
        ((BLOBS * 1000).astype(np.uint16), (0, 1023)),
        ((BLOBS * 4000).astype(np.uint16), (0, 4095)),
        ((BLOBS * 1500).astype(np.uint16), (0, 1500)),
        ((BLOBS * 16000).astype(np.uint16), (0, 16383)),
        ((BLOBS * 40000).astype(np.uint16), (0, 65535)),
        (BLOBS, (0, 1)),
        (BLOBS > 0.5, (0, 1)),
        ((BLOBS > 0.5).astype(np.uint8), (0, 1)),
        (BLOBS * 0.05, (BLOBS.min() * 0.05, 0.05)),
        (0.45 + BLOBS * 0.1, (0.45 + BLOBS.min() * 0.1, 0.55)),
        (BLOBS * 2 - 1, (BLOBS.min() * 2 - 1, 1)),
        (BLOBS * 3000 - 1024, (BLOBS.min() * 3000 - 1024, 1976)),
    ],
)
def test_images_are_scaled_by_what_they_use(images, black_and_white):
    schema, floats = learned(images)
    np.testing.assert_allclose(schema.pixel_range, black_and_white)
    assert schema.bounded
    assert floats.min() >= 0
    assert 0.5 <= floats.max() <= 1
    np.testing.assert_allclose(schema.decode(floats).astype(float), images.astype(float), atol=1e-3)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_the_common_sets_are_encoded_as_ever(dtype):
    digits = load_digits().images
    np.testing.assert_array_equal(learned(digits)[1], (digits / 16).reshape(len(digits), -1).astype(np.float32))
    photos = R.integers(0, 256, (30, 8, 8)).astype(dtype)
    photos.flat[:2] = 0, 255
    np.testing.assert_array_equal(learned(photos)[1], (photos / 255.0).reshape(30, -1).astype(np.float32))
    np.testing.assert_array_equal(learned(photos / 255)[1], (photos / 255).reshape(30, -1).astype(np.float32))


@example(1.0, -0.9375)  # nearly all below zero
@given(st.floats(0.001, 1000), st.floats(-5, 5))
def test_no_unit_and_no_offset_leaves_the_floats_narrow(unit, offset):
    schema, floats = learned(BLOBS[:40] * unit + offset * unit)
    assert np.sqrt(floats.var(axis=0).mean()) >= 0.1
    assert floats.max() - floats.min() >= 0.5
    assert schema.bounded == bool(floats.min() >= 0 and floats.max() <= 1)


@pytest.mark.parametrize("place", [(5, 3, 3), (slice(None), 3, 3)], ids=["once", "in every image"])
@pytest.mark.parametrize(("images", "value"), [((BLOBS * 4000).astype(np.uint16), 65535), (BLOBS * 0.9, 40.0)])
def test_a_hot_pixel_leaves_the_others_their_range(images, value, place):
    hot = images.copy()
    hot[place] = value
    schema, floats = learned(hot)
    usual, _ = learned(images)
    assert schema.pixel_range == usual.pixel_range
    assert schema.bounded
    others = np.delete(floats, 3 * 12 + 3, axis=1)
    np.testing.assert_array_equal(others, np.delete(usual.encode(as_rows(images)), 3 * 12 + 3, axis=1))
    assert floats.min() >= 0
    assert floats.max() <= 1
    np.testing.assert_allclose(schema.decode(floats).astype(float), hot.astype(float), atol=1e-3)


def test_stars_that_may_be_anywhere_are_no_hot_pixels():
    sky = R.random((200, 10, 10)) * 0.05
    sky.reshape(200, -1)[np.arange(200), R.integers(0, 100, 200)] = 1.0
    assert learned(sky)[0].pixel_range == (0, 1)


def test_images_that_differ_little_from_their_mean_are_centred_on_it():
    framed = np.pad(0.48 + 0.04 * BLOBS, ((0, 0), (2, 2), (2, 2)))
    framed[:, 0] = 1
    schema, floats = learned(framed)
    assert not schema.bounded
    assert schema.unit == "standard deviations of the pixels"
    assert schema.pixel_range == (0, 1)
    np.testing.assert_allclose(floats.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(np.sqrt((floats**2).mean()), 1, rtol=1e-4)
    np.testing.assert_allclose(schema.decode(floats), framed, atol=1e-6)
    restored = Schema.restore(schema.describe(), schema.arrays())
    np.testing.assert_array_equal(restored.encode(as_rows(framed)), floats)
    assert restored.pixel_range == (0, 1)


def test_rare_black_on_white_is_full_contrast():
    lines = np.ones((100, 16, 16))
    lines.reshape(100, -1)[np.arange(100), R.integers(0, 256, 100)] = 0
    assert learned(lines)[0].bounded


def test_equal_images_and_asked_for_scales_are_as_ever():
    for images, white in ((np.zeros((4, 8, 8), np.uint8), 255), (np.zeros((4, 8, 8)), 1), (np.full((4, 8, 8), 7.0), 8)):
        assert learned(images)[0].pixel_range[1] == white
    schema, floats = learned(BLOBS * 0.05, scale="none")
    np.testing.assert_array_equal(floats, (BLOBS * 0.05).reshape(len(BLOBS), -1).astype(np.float32))
    assert not schema.bounded
    assert learned(BLOBS, scale="none")[0].bounded


@pytest.mark.parametrize(
    "images",
    [
        pytest.param((BLOBS * 4095).astype(np.uint16), id="12 bits"),
        pytest.param((BLOBS * 40).astype(np.uint8), id="dark", marks=pytest.mark.slow),
        pytest.param(BLOBS * 0.05, id="small floats", marks=pytest.mark.slow),
        pytest.param(0.45 + 0.1 * BLOBS, id="narrow contrast", marks=pytest.mark.slow),
        pytest.param(np.pad(0.3 * BLOBS, ((0, 0), (2, 2), (2, 2))), id="dark with a frame"),
    ],
)
@pytest.mark.slow
def test_sets_that_use_little_of_their_type_are_learned_as_well_as_stretched_ones(images):
    model = narrows.Autoencoder(n_components=4, epochs=60, random_state=0).fit(images)
    assert kept(model, images) > 0.9
    variational = narrows.VariationalAutoencoder(n_components=4, epochs=30, random_state=0).fit(images)
    assert kept(variational, images) > 0
