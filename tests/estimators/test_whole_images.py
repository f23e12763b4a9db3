import numpy as np
import pytest

import narrows
from narrows import Autoencoder, DenoisingAutoencoder
from narrows.errors import DataError, SettingError
from narrows.estimators.whole_images import clean_image

SIDE = 16


def smooth(n, height=SIDE, width=SIDE, channels=3, seed=0):
    """Return images (n, height, width, channels) of slow waves in [0, 1], black and white among them."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / SIDE
    angles = rng.uniform(0, 2 * np.pi, (3, n, 1, 1, channels))
    waves = np.sin(3 * (x[..., None] * np.cos(angles[0]) + y[..., None] * np.sin(angles[0])) + angles[1])
    return np.clip(0.5 + 0.6 * waves, 0, 1).astype(np.float32)


def noisy(images, level=0.1, seed=1):
    noise = level * np.random.default_rng(seed).standard_normal(images.shape)
    return np.clip(images + noise, 0, 1).astype(np.float32)


def fitted(channels=3, **settings):
    settings = {
        "hidden_layer_sizes": (8, 8),
        "level": 0.2,
        "epochs": 50,
        "batch_size": 8,
        "random_state": 0,
        **settings,
    }
    return DenoisingAutoencoder(network="residual", **settings).fit(smooth(64, channels=channels))


@pytest.fixture(scope="module")
def model():
    return fitted()


@pytest.fixture(scope="module")
def grey():
    return fitted(channels=1, epochs=1)


def test_it_removes_noise_from_larger_images_than_those_of_the_fit(model):
    clean = smooth(1, 61, 47, seed=5)[0]
    given = noisy(clean)
    found = model.denoise(given)
    assert np.square(found - clean).mean() < 0.5 * np.square(given - clean).mean()


@pytest.mark.parametrize("tile", [2, 10, 11])
def test_tiles_do_not_change_the_result(model, tile):
    given = noisy(smooth(1, 61, 47)[0])
    whole = clean_image(model.state_, given, tile=4096)
    np.testing.assert_allclose(clean_image(model.state_, given, tile=tile).floats, whole.floats, atol=1e-5)


def test_an_estimated_level_equals_the_same_level_given(model):
    given = noisy(smooth(1, 40, 40)[0])
    estimated = clean_image(model.state_, given)
    assert estimated.level == pytest.approx(0.1, rel=0.3)
    again = clean_image(model.state_, given, level=estimated.level)
    np.testing.assert_allclose(estimated.floats, again.floats, atol=1e-6)
    assert not np.allclose(estimated.floats, clean_image(model.state_, given, level=0.0).floats)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_arrays_keep_shape_and_type(model, dtype):
    white = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1.0
    given = (noisy(smooth(2, 20, 17)) * white).astype(dtype)
    found = model.denoise(given)
    assert (found.shape, found.dtype) == (given.shape, given.dtype)
    assert [one.shape for one in model.denoise([given[0], given[1, :11]])] == [(20, 17, 3), (11, 17, 3)]
    reference = model.denoise(given.astype(np.float32) / np.float32(white))
    np.testing.assert_allclose(found / white, reference, atol=0.6 / 255 if dtype == np.uint8 else 1e-4)


def test_transparency_stays(model):
    alpha = np.random.default_rng(0).random((20, 17, 1), dtype=np.float32)
    given = np.concatenate([noisy(smooth(1, 20, 17)[0]), alpha], axis=2)
    found = model.denoise(given)
    np.testing.assert_array_equal(found[..., 3:], alpha)
    np.testing.assert_array_equal(found[..., :3], model.denoise(given[..., :3]))


def test_a_grey_model_cleans_each_colour_by_itself(grey):
    given = noisy(smooth(1, 20, 17)[0])
    found = grey.denoise(given)
    for channel in range(3):
        np.testing.assert_allclose(found[..., channel], grey.denoise(given[..., channel]), atol=1e-6)


def test_a_colour_model_refuses_grey_images(model):
    with pytest.raises(DataError, match="has 1 channels and the images of the fit had 3"):
        model.denoise(np.full((20, 20), 0.5, np.float32))


@pytest.mark.parametrize("noise", ["masking", "salt-and-pepper"])
def test_other_noise_has_no_level_to_give(noise):
    model = fitted(channels=1, corruption=noise, epochs=1)
    assert clean_image(model.state_, smooth(1, 9, 9, 1)[0]).level is None
    with pytest.raises(SettingError, match="gaussian"):
        model.denoise(smooth(1, channels=1)[0], level=0.1)


@pytest.mark.parametrize(
    ("image", "level", "error"),
    [
        (np.zeros((3, 3, 3, 3, 3)), None, DataError),
        (np.full((9, 9, 3), np.nan), None, DataError),
        (np.zeros((0, 9, 3)), None, DataError),
        (np.zeros((9, 9, 3), int), None, DataError),
        (np.full((9, 9, 3), 200.0), None, DataError),
        (np.zeros((9, 9, 3)), -0.1, SettingError),
        (np.zeros((9, 9, 3)), "much", SettingError),
    ],
)
def test_nonsense_is_refused(model, image, level, error):
    with pytest.raises(error):
        model.denoise(image, level=level)


def test_it_is_saved_and_loaded(model, tmp_path):
    given = noisy(smooth(1, 30, 21)[0])
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(narrows.load(tmp_path / "model").denoise(given), model.denoise(given))


def test_it_is_diagnosed_by_the_noise_that_it_removes_beside_pca(model):
    found = narrows.diagnose(model, smooth(64))
    assert {finding.name for finding in found.findings} >= {"Does it remove the noise?"}
    assert "Better than the simple methods?" not in {finding.name for finding in found.findings}
    assert "R²" not in found.card_facts()
    assert "as wide" not in str(found)


def test_a_denoiser_that_pca_beats_says_so_first():
    model = fitted(channels=1, epochs=1, learning_rate=1e-9, validation_fraction=0.5)
    found = narrows.diagnose(model, smooth(200, channels=1, seed=3))
    assert "PCA" in found.denoising_warning or "worse" in found.denoising_warning


@pytest.mark.parametrize(
    "settings",
    [{"n_components": 4}, {"corruption": None, "level": 0.3}, {"linear_path": "on"}, {"output_activation": "sigmoid"}],
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(SettingError, match=r"residual|linear_path"):
        fitted(**{"epochs": 1, **settings})


def test_images_far_from_black_and_white_are_refused():
    dim = (smooth(32) * 60).astype(np.uint8)
    with pytest.raises(SettingError, match="half of the range"):
        DenoisingAutoencoder(network="residual", hidden_layer_sizes=(4,), epochs=1).fit(dim)


def test_a_plain_autoencoder_with_the_network_needs_a_corruption():
    with pytest.raises(SettingError, match="needs a corruption"):
        Autoencoder(network="residual", epochs=1).fit(smooth(8))


def test_other_networks_do_not_take_whole_images():
    model = DenoisingAutoencoder(n_components=2, hidden_layer_sizes=(4,), epochs=1).fit(smooth(16, channels=1))
    with pytest.raises(SettingError, match="network='residual'"):
        model.denoise(smooth(1, 40, 40, 1)[0])


def test_it_has_no_onnx_form(model):
    pytest.importorskip("onnx")
    with pytest.raises(SettingError, match="network='residual'"):
        model.to_onnx()
