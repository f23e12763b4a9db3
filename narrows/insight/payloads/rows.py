"""Single rows and what becomes of them: rebuilt, denoised, and where the errors are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.insight.baselines import psnr
from narrows.insight.noise import corrupted
from narrows.insight.payloads.payload import Payload, Shown, as_pictures, shown
from narrows.insight.summary import passage, squared_error, squares

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder
    from narrows.model import Corruption

_MEASURED = 5000
DEFAULT_NOISE = 0.3
"""Standard deviation of the gaussian noise that a model is shown which was trained without any."""


def reconstructions(model: Autoencoder, X: Any, *, n: int = 10, seed: int = 0) -> Payload:
    """Rows and their reconstructions.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    X : like that of `fit`, or Rows
    n : int, default=10
        How many, drawn at random; of labelled rows, from all classes in turn.
    seed : int, default=0

    Returns
    -------
    Payload
        "original" and "rebuilt", (n, height, width, channels) in [0, 1] or (n, d) encoded; "error" (n,), the squared
        error in encoded floats; "position" (n,). `about`: "names" of the columns, "unit", "labels" (of each row a
        text or None) or None.
    """
    some = _mixed(shown(model, X, most=_MEASURED, seed=seed), n, seed)
    rebuilt = passage(model, some.floats)
    return Payload(
        "reconstructions",
        _about(model, some),
        {
            "original": as_pictures(model, some.floats),
            "rebuilt": as_pictures(model, rebuilt, like=some.floats),
            "error": squared_error(model, some.floats, rebuilt),
            "position": some.positions,
        },
    )


def denoising(
    model: Autoencoder,
    X: Any,
    *,
    n: int = 8,
    corruption: str | Corruption | None = None,
    level: float | None = None,
    seed: int = 0,
) -> Payload:
    """Clean rows, the same under noise, and what the model makes of the noisy ones.

    Parameters
    ----------
    model, X, n, seed
        As for `reconstructions`; X is taken to be clean.
    corruption : {"gaussian", "masking", "salt-and-pepper"}, Corruption or None, default=None
        None is that of the training; for a model trained without any, "gaussian".
    level : float or None, default=None
        None is that of the training; for a model trained without any, 0.3.

    Returns
    -------
    Payload
        "clean", "noisy", "denoised" as in `reconstructions`; "position". `about`: "psnr_noisy" and "psnr_denoised" in
        decibels, over up to 5,000 rows (infinite where nothing differs), and those of `reconstructions`.
    """
    measured = shown(model, X, most=_MEASURED, seed=seed)
    noisy = corrupted(model, measured.floats, seed=seed, corruption=corruption, level=level, default=DEFAULT_NOISE)
    denoised = passage(model, noisy)
    clean = measured.floats
    span = 1.0 if model.schema_.bounded else float(clean.max() - clean.min()) or 1.0
    places = _places(measured, n, seed)
    about = {"psnr_noisy": psnr(clean, noisy, span), "psnr_denoised": psnr(clean, denoised, span)}
    return Payload(
        "denoising",
        {**_about(model, _chosen(measured, places)), **about},
        {
            "clean": as_pictures(model, clean[places]),
            "noisy": as_pictures(model, noisy[places], like=clean),
            "denoised": as_pictures(model, denoised[places], like=clean),
            "position": measured.positions[places],
        },
    )


def error_map(model: Autoencoder, X: Any, *, n: int = 6, seed: int = 0) -> Payload:
    """The rows with the largest errors, and where in them the errors are.

    Returns
    -------
    Payload
        "original" and "rebuilt" as in `reconstructions`, "map" of the squared error of each pixel (n, height, width),
        summed over channels, or of each float (n, d), and "error" (n,), its sum, the largest first; "position".
    """
    measured = shown(model, X, most=_MEASURED, seed=seed)
    errors = squares(model, measured.floats)
    by_row = errors.sum(axis=1)
    places = np.argsort(-by_row, kind="stable")[:n]
    some = _chosen(measured, places)
    shape = model.schema_.image_shape
    places_of_errors = errors[places] if shape is None else errors[places].reshape(-1, *shape).sum(axis=3)
    return Payload(
        "error_map",
        _about(model, some),
        {
            "original": as_pictures(model, some.floats),
            "rebuilt": as_pictures(model, passage(model, some.floats), like=some.floats),
            "map": places_of_errors.astype(np.float32),
            "error": by_row[places],
            "position": some.positions,
        },
    )


def _about(model: Autoencoder, some: Shown) -> dict[str, Any]:
    schema, labels = model.schema_, some.rows.labels
    return {
        "image_shape": schema.image_shape,
        "names": list(schema.float_names) if schema.image_shape is None else None,
        "unit": schema.unit,
        "labels": None if labels is None else labels.tolist(),
        "source": some.rows.source,
    }


def _chosen(measured: Shown, places: np.ndarray) -> Shown:
    return Shown(measured.rows.take(places), measured.positions[places], measured.floats[places])


def _mixed(measured: Shown, n: int, seed: int) -> Shown:
    return _chosen(measured, _places(measured, n, seed))


def _places(measured: Shown, n: int, seed: int) -> np.ndarray:
    """Of n rows: one of each class in turn where there are classes, else any."""
    order = np.random.default_rng([seed, 1]).permutation(len(measured.positions))
    labels = measured.rows.labels
    if labels is None:
        return order[:n]
    # The turn of a row within its class, then the class: 0, 1, 2, ..., 0, 1, 2, ...
    _, classes = np.unique(labels[order].astype(str), return_inverse=True)
    turn = np.empty(len(order), int)
    for c in range(classes.max() + 1 if len(classes) else 0):
        of_class = np.flatnonzero(classes == c)
        turn[of_class] = np.arange(len(of_class))
    return order[np.lexsort((classes, turn))][:n]
