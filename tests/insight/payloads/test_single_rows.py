from __future__ import annotations

import numpy as np
import pytest

import narrows
from narrows import Autoencoder, DenoisingAutoencoder
from narrows.errors import DataError
from narrows.insight.payloads import denoised, denoising, denoising_curve, error_map, reconstructions
from tests.six_networks import X

RNG = np.random.default_rng(0)
TABLE = RNG.standard_normal((120, 5)) * [1, 10, 100, 1000, 10000] + 7


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    return DenoisingAutoencoder(n_components=6, epochs=5, random_state=0, device="cpu").fit(X)


def test_originals_and_reconstructions_are_the_models_own(model: Autoencoder) -> None:
    shown = reconstructions(model, X, n=7)
    assert np.array_equal(shown["original"][..., 0], X[shown["position"]])
    rebuilt = model.reconstruct(X[shown["position"]])
    assert np.allclose(shown["rebuilt"][..., 0], rebuilt, atol=1e-6)
    assert shown["error"] == pytest.approx(np.square(rebuilt - shown["original"][..., 0]).sum(axis=(1, 2)), rel=1e-4)


def test_labelled_rows_come_from_all_classes_in_turn(model: Autoencoder) -> None:
    shown = reconstructions(model, narrows.read("digits"), n=10)
    assert sorted(shown.about["labels"]) == [str(i) for i in range(10)]
    assert len(set(reconstructions(model, narrows.read("digits"), n=20).about["labels"][10:])) == 10


def test_rows_of_a_table_stay_in_encoded_floats() -> None:
    model = Autoencoder(n_components=2, epochs=2, random_state=0, device="cpu").fit(TABLE)
    shown = reconstructions(model, TABLE, n=4)
    standard = (TABLE - TABLE.mean(axis=0)) / TABLE.std(axis=0)
    assert np.allclose(shown["original"], standard[shown["position"]], atol=1e-5)
    assert shown.about["names"] == ["x0", "x1", "x2", "x3", "x4"]


def test_images_of_another_scaling_are_shown_as_pixels_all_the_same() -> None:
    model = Autoencoder(n_components=2, epochs=2, scale="standard", random_state=0, device="cpu").fit(X * 16)
    shown = reconstructions(model, X * 16, n=1797)
    assert np.allclose(shown["original"][..., 0], X[shown["position"]], atol=1e-5)
    assert 0 <= shown["rebuilt"].min() <= shown["rebuilt"].max() <= 1


def test_noise_is_that_of_the_training_and_is_measured_in_decibels(model: Autoencoder) -> None:
    shown = denoising(model, X, n=1797)
    order = np.argsort(shown["position"])
    clean = shown["clean"][order]
    assert np.array_equal(clean[..., 0], X)
    # Before clipping for the picture, gaussian noise of deviation 0.3 is 10.46 dB below a range of 1.
    assert shown.about["psnr_noisy"] == pytest.approx(-20 * np.log10(0.3), abs=0.05)
    left = np.square(shown["denoised"][order] - clean).mean()
    assert shown.about["psnr_denoised"] == pytest.approx(-10 * np.log10(left), abs=0.01)
    assert shown.about["psnr_denoised"] > shown.about["psnr_noisy"]


def test_no_noise_leaves_every_pixel_and_the_same_seed_gives_the_same_noise(model: Autoencoder) -> None:
    still = denoising(model, X, corruption="salt-and-pepper", level=0.0)
    assert np.array_equal(still["noisy"], still["clean"])
    assert still.about["psnr_noisy"] == float("inf")
    assert np.array_equal(denoising(model, X, seed=3)["noisy"], denoising(model, X, seed=3)["noisy"])
    assert not np.array_equal(denoising(model, X, seed=3)["noisy"], denoising(model, X, seed=4)["noisy"])


def test_salt_and_pepper_hits_the_share_that_was_asked_for(model: Autoencoder) -> None:
    shown = denoising(model, X, n=1797, corruption="salt-and-pepper", level=0.2)
    inside = (shown["clean"] > 0) & (shown["clean"] < 1)
    hit = np.isin(shown["noisy"][inside], [0, 1]).mean()
    assert hit == pytest.approx(0.2, abs=0.02)


def test_a_model_that_never_saw_noise_is_shown_some() -> None:
    plain = Autoencoder(n_components=6, epochs=3, random_state=0, device="cpu").fit(X)
    assert denoising(plain, X).about["psnr_noisy"] == pytest.approx(-20 * np.log10(0.3), abs=0.05)
    assert denoising(plain, X, level=0.1).about["psnr_noisy"] == pytest.approx(20, abs=0.05)


def test_the_map_of_errors_sums_to_the_error_of_the_row_and_shows_the_worst(model: Autoencoder) -> None:
    shown = error_map(model, X, n=5)
    errors = np.square(model.reconstruct(X) - X).sum(axis=(1, 2))
    assert shown["position"].tolist() == np.argsort(-errors)[:5].tolist()
    assert shown["map"].sum(axis=(1, 2)) == pytest.approx(shown["error"], rel=1e-5)
    place = np.unravel_index(shown["map"][0].argmax(), (8, 8))
    assert np.square(shown["rebuilt"] - shown["original"])[0, ..., 0][place] == pytest.approx(
        shown["map"][0].max(), rel=1e-4
    )


def test_rows_are_shown_in_the_order_they_are_named(model: Autoencoder) -> None:
    places = [900, 2, 2, 1000]
    shown = reconstructions(model, X, positions=places)
    assert shown["position"].tolist() == places
    assert np.array_equal(shown["original"][..., 0], X[places])
    assert np.allclose(shown["code"], model.transform(X[places]), atol=1e-6)
    assert error_map(model, X, positions=places)["position"].tolist() == places
    with pytest.raises(DataError, match="There is no row -1"):
        reconstructions(model, X, positions=[-1])


def test_each_rows_noise_is_measured_by_itself(model: Autoencoder) -> None:
    shown = denoising(model, X, positions=[3, 4], corruption="salt-and-pepper", level=0.1)
    errors = np.square(shown["noisy"] - shown["clean"]).mean(axis=(1, 2, 3))
    assert shown.about["psnr_noisy_rows"] == pytest.approx((-10 * np.log10(errors)).tolist(), abs=1e-4)
    assert shown.about["psnr_noisy"] == pytest.approx(-10 * np.log10(errors.mean()), abs=1e-4)


def test_a_row_spoiled_by_hand_is_compared_with_the_clean_one(model: Autoencoder) -> None:
    noisy = X[7].ravel().copy()
    noisy[:8] = 1
    shown = denoised(model, X, 7, noisy)
    assert np.allclose(shown["denoised"][0, ..., 0], model.reconstruct(noisy.reshape(1, 8, 8))[0], atol=1e-6)
    left = np.square(shown["denoised"][0, ..., 0] - X[7]).mean()
    assert shown.about["psnr_denoised"] == pytest.approx(-10 * np.log10(left), abs=1e-4)
    with pytest.raises(DataError, match="64 finite numbers"):
        denoised(model, X, 7, noisy[:5])


def test_the_curve_of_noise_is_denoising_level_by_level(model: Autoencoder) -> None:
    shown = denoising_curve(model, X, corruption="masking", levels=[0.0, 0.2, 0.5], most=5000, seed=2)
    for level, before, after in zip(shown["level"], shown["psnr_noisy"], shown["psnr_denoised"], strict=True):
        alone = denoising(model, X, corruption="masking", level=level, seed=2).about
        assert (before, after) == (alone["psnr_noisy"], alone["psnr_denoised"])
