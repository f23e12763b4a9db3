"""Noise taken away, and how much."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import narrows
from narrows.data import read


def size_of(path: str) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def test_denoise_cleans_what_it_is_given(shell, models: Path) -> None:
    assert shell("denoise", models / "denoising", "digits", "-o", "clean.npy").status == 0
    np.testing.assert_array_equal(np.load("clean.npy"), narrows.load(models / "denoising").reconstruct(read("digits")))


def test_denoise_with_corrupt_measures_the_gain_against_the_clean_rows(shell, models: Path) -> None:
    done = shell("denoise", models / "denoising", "digits", "--corrupt", "--seed", "3", "-o", "a.npy", "--json")
    clean = read("digits").block().reshape(-1, 8, 8)
    expected = 10 * np.log10(1 / ((np.load("a.npy") - clean) ** 2).mean())
    assert done.json["psnr_denoised"] == pytest.approx(expected, abs=1e-3)
    assert done.json["psnr_noisy"] == pytest.approx(-20 * np.log10(0.3), abs=0.1)
    again = shell("denoise", models / "denoising", "digits", "--corrupt", "--seed", "3", "-o", "b.npy", "--json")
    assert again.json["psnr_denoised"] == done.json["psnr_denoised"]
    np.testing.assert_array_equal(np.load("a.npy"), np.load("b.npy"))


def test_denoise_draws_clean_over_noisy_over_denoised(shell, models: Path) -> None:
    assert shell("denoise", models / "denoising", "digits", "--corrupt", "-o", "three.png").status == 0
    assert shell("denoise", models / "denoising", "digits", "-o", "two.png").status == 0
    assert size_of("three.png")[1] > size_of("two.png")[1] + 60


def test_denoise_explains_that_a_model_never_saw_noise(shell, models: Path) -> None:
    refused = shell("denoise", models / "plain", "digits", "-o", "clean.npy")
    assert refused.status == 1
    assert "--variant denoising" in refused.err
    assert not Path("clean.npy").exists()
