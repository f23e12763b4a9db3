from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from narrows.data import load_set
from narrows.insight import PCABaseline, mean_baseline, pca_reconstruction_error, psnr


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    return (load_digits().data / 16).astype(np.float32)


def error_by_svd(train: np.ndarray, held_out: np.ndarray, k: int) -> np.ndarray:
    mean = train.mean(axis=0, dtype=np.float64)
    basis = np.linalg.svd(train - mean, full_matrices=False)[2][:k]
    centred = held_out - mean
    return ((centred - centred @ basis.T @ basis) ** 2).sum(axis=1)


@pytest.mark.parametrize("k", [1, 10, 63])
def test_pca_error_equals_that_of_a_plain_svd(digits: np.ndarray, k: int) -> None:
    found = pca_reconstruction_error(digits[:1500], digits[1500:], k)
    np.testing.assert_allclose(found, error_by_svd(digits[:1500], digits[1500:], k), rtol=1e-3, atol=1e-4)


def test_pca_of_the_training_rows_leaves_the_sum_of_the_small_eigenvalues(digits: np.ndarray) -> None:
    eigenvalues = np.linalg.eigvalsh(np.cov(digits.T, bias=True))[::-1]
    assert pca_reconstruction_error(digits, digits, 8).mean() == pytest.approx(eigenvalues[8:].sum(), rel=1e-4)


def test_a_code_as_wide_as_the_data_leaves_no_error(digits: np.ndarray) -> None:
    assert pca_reconstruction_error(digits, digits, 64).max() < 1e-6
    assert pca_reconstruction_error(digits, digits, 500).max() < 1e-6


@pytest.mark.parametrize("n", [1, 2, 5])
def test_fewer_rows_than_floats_are_answered_exactly(digits: np.ndarray, n: int) -> None:
    assert pca_reconstruction_error(digits[:n], digits[:n], 10).max() < 1e-6


def test_constant_rows_have_no_components_and_no_error() -> None:
    rows = np.full((20, 3), 7.0, dtype=np.float32)
    baseline = PCABaseline.fit(rows, 2)
    assert baseline.components.shape == (0, 3)
    assert baseline.squared_error(rows).max() == 0


def test_a_large_mean_does_not_cancel_the_variance() -> None:
    rng = np.random.default_rng(0)
    rows = (100_000 + rng.normal(size=(400, 5)) * [1, 1, 1, 0.5, 0.5]).astype(np.float32)
    found = pca_reconstruction_error(rows, rows, 3)
    np.testing.assert_allclose(found.mean(), error_by_svd(rows, rows, 3).mean(), rtol=1e-3)


def test_wide_rows_are_answered_within_a_percent_of_exact() -> None:
    rng = np.random.default_rng(0)
    rows = (rng.normal(size=(300, 12)) @ rng.normal(size=(12, 4000)) + rng.normal(size=(300, 4000)) * 0.1).astype("f4")
    exact = error_by_svd(rows[:250], rows[250:], 6).mean()
    assert pca_reconstruction_error(rows[:250], rows[250:], 6).mean() == pytest.approx(exact, rel=0.01)


def test_pca_of_too_many_rows_is_fitted_on_a_stated_sample(digits: np.ndarray) -> None:
    baseline = PCABaseline.fit(digits, 10, max_floats=64 * 300)
    assert baseline.n_rows == 300
    again = PCABaseline.fit(digits, 10, max_floats=64 * 300)
    np.testing.assert_array_equal(baseline.components, again.components)


def test_the_mean_row_leaves_the_total_variance(digits: np.ndarray) -> None:
    assert mean_baseline(digits, digits).mean() == pytest.approx(digits.astype("f8").var(axis=0).sum(), rel=1e-5)


def test_psnr_follows_its_definition() -> None:
    clean = np.zeros((2, 4))
    assert psnr(clean, clean + 0.1, data_range=1.0) == pytest.approx(20.0)
    assert psnr(clean, clean + 25.5, data_range=255.0) == pytest.approx(20.0)
    assert psnr(clean, clean, data_range=1.0) == np.inf


@pytest.mark.slow
def test_pca_with_30_components_gives_the_figure_of_the_2006_paper_on_mnist(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NARROWS_DATA", str(data_folder))
    train, test = load_set("mnist")
    assert test is not None
    errors = pca_reconstruction_error(train.block().astype("f4") / 255, test.block().astype("f4") / 255, 30)
    assert errors.mean() == pytest.approx(13.87, abs=0.01)
