"""Noise on crops of four photographs: the residual network beside nl_means, total variation, PCA and a median filter.

Needs scikit-image, which also holds the photographs.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.ndimage import median_filter
from sklearn.decomposition import PCA

from benchmarks.report import LINES, Report
from narrows import DenoisingAutoencoder

PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")
SIZE = 32
NOISES = {"gaussian": 0.1, "salt-and-pepper": 0.2, "masking": 0.3}
"""The noise that is measured; trainings see all levels up to twice as much."""
GOAL = 32.5
"""Decibels against gaussian noise of 0.1 within 360 processor seconds, three minutes of two cores."""

_ROUNDING = 1 / 255**2 / 12
_PCA_COMPONENTS = 32
_N_TRAIN, _N_TEST = 150, 25  # crops of each photograph
_LEFT = 0.75  # part of a photograph that training crops come from; test crops come from the rest

Denoise = Callable[[np.ndarray], np.ndarray]


def report(rounds: int, quick: bool) -> Report:
    """Return PSNR on new crops by method and noise; `rounds` is the number of seeds of narrows."""
    train, test = crops()
    found = {noise: _measured(noise, level, train, test, rounds=rounds, quick=quick) for noise, level in NOISES.items()}
    methods = list(dict.fromkeys(name for of in found.values() for name in of["psnr"]))
    rows = [
        [method, *(f"{of['psnr'][method]:.1f}" if method in of["psnr"] else "-" for of in found.values())]
        for method in methods
    ]
    seconds = ", ".join(f"{noise} {of['seconds']:.0f}" for noise, of in found.items())

    def draw(axes: Any) -> None:
        for (noise, of), colour in zip(found.items(), LINES, strict=False):
            axes.plot(list(of["psnr"].values()), list(of["psnr"]), "o", label=noise, color=colour)
        axes.set(xlabel="PSNR on new crops in dB (more is better)")
        axes.legend(frameon=False, fontsize=8)

    return Report(
        "denoising",
        "Denoising of photographs, PSNR in dB",
        ("method", *(f"{noise} {level}" for noise, level in NOISES.items())),
        rows,
        {"found": found, "goal": GOAL},
        draw,
        (
            f"{len(train)} colour crops of {SIZE} x {SIZE} of four photographs, {len(test)} of other parts; noisy "
            "pixels are cut off at black and white, as in a file; the mean of the PSNR of each crop.",
            "nl_means, TV and the median filter have the best of three strengths, chosen on the test crops, which "
            f"favours them. Processor seconds of narrows' training: {seconds}.",
        ),
    )


def crops(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return training and test crops, uint8 (n, 32, 32, 3), of separate parts of the photographs."""
    import skimage.data  # pyright: ignore[reportMissingImports]

    rng = np.random.default_rng(seed)
    train, test = [], []
    for name in PHOTOGRAPHS:
        image = getattr(skimage.data, name)()
        height, width, _ = image.shape
        cut = int(width * _LEFT)
        for found, n, first, last in ((train, _N_TRAIN, 0, cut), (test, _N_TEST, cut, width)):
            for _ in range(n):
                top, left = rng.integers(0, height - SIZE + 1), rng.integers(first, last - SIZE + 1)
                found.append(image[top : top + SIZE, left : left + SIZE])
    return np.array(train), np.array(test)


def with_noise(noise: str, level: float, clean: np.ndarray, seed: int = 1) -> np.ndarray:
    """Return images in [0, 1] with noise, as uint8 files hold it."""
    rng = np.random.default_rng(seed)
    if noise == "gaussian":
        noisy = clean + level * rng.standard_normal(clean.shape)
    else:
        drawn = rng.random(clean.shape)
        ends = np.where(drawn < level / 2, 0.0, 1.0) if noise == "salt-and-pepper" else 0.0
        noisy = np.where(drawn < level, ends, clean)
    return np.rint(noisy.clip(0, 1) * 255) / 255


def psnr(clean: np.ndarray, other: np.ndarray) -> float:
    """Return the mean over the images of the peak signal-to-noise ratio in decibels, each at most 58.9.

    That is the error of rounding to 8 bits: a constant crop that is restored exactly would count for infinity.
    """
    errors = np.maximum(np.square(clean - other).reshape(len(clean), -1).mean(1), _ROUNDING)
    return float(np.mean(10 * np.log10(1 / errors)))


def _measured(
    noise: str, level: float, train: np.ndarray, test: np.ndarray, *, rounds: int, quick: bool
) -> dict[str, Any]:
    clean = test / 255
    noisy = with_noise(noise, level, clean)
    psnrs = {"nothing": psnr(clean, noisy)}
    psnrs |= {name: max(psnr(clean, each(noisy)) for each in of) for name, of in _simple(train, level, noise).items()}
    ours, seconds = [], []
    for seed in range(rounds):
        start = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = DenoisingAutoencoder(
                network="residual",
                corruption=noise,
                level=2 * level,
                epochs=3 if quick else "auto",
                random_state=seed,
            ).fit(train)
        seconds.append(time.process_time() - start)
        ours.append(psnr(clean, model.denoise(np.rint(noisy * 255).astype(np.uint8)) / 255))
    psnrs["narrows, residual"] = float(np.median(ours))
    return {"psnr": psnrs, "seconds": float(np.median(seconds)), "seeds": ours}


def _simple(train: np.ndarray, level: float, noise: str) -> dict[str, list[Denoise]]:
    """Return the simple methods, each at the strengths of which the best one counts."""
    from skimage.restoration import (  # pyright: ignore[reportMissingImports]
        denoise_nl_means,
        denoise_tv_chambolle,
    )

    pca = PCA(_PCA_COMPONENTS, random_state=0).fit(train.reshape(len(train), -1) / 255)

    def of_pca(noisy: np.ndarray) -> np.ndarray:
        return pca.inverse_transform(pca.transform(noisy.reshape(len(noisy), -1))).reshape(noisy.shape)

    def of_tv(weight: float) -> Denoise:
        return lambda noisy: np.array([denoise_tv_chambolle(x, weight=weight, channel_axis=-1) for x in noisy])

    def of_means(h: float) -> Denoise:
        settings = {"h": h, "sigma": level, "fast_mode": False, "patch_size": 5, "patch_distance": 6}
        return lambda noisy: np.array([denoise_nl_means(x, channel_axis=-1, **settings) for x in noisy])

    def of_median(size: int) -> Denoise:
        return lambda noisy: median_filter(noisy, size=(1, size, size, 1), mode="nearest")

    found = {
        f"PCA, {_PCA_COMPONENTS} components": [of_pca],
        "TV": [of_tv(weight) for weight in (0.1, 0.15, 0.2)],
        "median filter": [of_median(size) for size in (3, 5, 7)],
    }
    return found | {"nl_means": [of_means(h) for h in (0.06, 0.08, 0.1)]} if noise == "gaussian" else found
