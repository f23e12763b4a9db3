"""Single rows: reconstructions, denoising and maps of the errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.errors import DataError
from narrows.estimators.inference import map_floats
from narrows.insight.added_noise import corrupted
from narrows.insight.baselines import psnr
from narrows.insight.measure import reconstruct_floats, squared_error, squared_errors
from narrows.insight.payloads.payload import EncodedSample, Payload, as_pictures, sample_encoded

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder
    from narrows.model import Corruption

_MEASURED = 5000
DEFAULT_LEVELS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8)
DEFAULT_NOISE = 0.3
"""Default standard deviation of gaussian noise for a model trained without corruption."""


def reconstructions(model: Autoencoder, X: Any, *, n: int = 10, positions: Any = None, seed: int = 0) -> Payload:
    """Return rows and their reconstructions.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    X : like that of `fit`, or Rows
    n : int, default=10
        Number of rows, drawn at random; labelled rows are drawn from each class in turn.
    positions : array of int or None
        Positions in X of the rows to take instead, in this order.
    seed : int, default=0

    Returns
    -------
    Payload
        "original" and "rebuilt", (n, height, width, channels) in [0, 1] or (n, d) encoded; "error" (n,), the squared
        error in encoded floats; "code" (n, k); "position" (n,). `about`: "names" of the columns, "unit", "labels" (a
        text or None for each row) or None.
    """
    some = sample_encoded(model, X, most=_MEASURED, seed=seed, positions=positions)
    if positions is None:
        some = _taken(some, balanced_sample(some.rows.labels, len(some.positions), n, seed=seed))
    rebuilt = reconstruct_floats(model, some.floats)
    return Payload(
        "reconstructions",
        _about(model, some),
        {
            "original": as_pictures(model, some.floats),
            "rebuilt": as_pictures(model, rebuilt, like=some.floats),
            "error": squared_error(model, some.floats, rebuilt),
            "code": map_floats(some.floats, model.network_.codes, model.device_),
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
    positions: Any = None,
    seed: int = 0,
) -> Payload:
    """Return clean rows, the same rows with noise, and the model's reconstructions of the noisy ones.

    Parameters
    ----------
    model, X, n, positions, seed
        As for `reconstructions`; X is assumed to be clean.
    corruption : {"gaussian", "masking", "salt-and-pepper"}, Corruption or None, default=None
        Default: that of the training, or "gaussian" for a model trained without corruption.
    level : float or None, default=None
        Default: that of the training, or 0.3 for a model trained without corruption.

    Returns
    -------
    Payload
        "clean", "noisy", "denoised" as in `reconstructions`; "position". `about`: "psnr_noisy" and "psnr_denoised" in
        decibels over up to 5,000 rows or over `positions` (infinite if nothing differs), the same for each row as
        "psnr_noisy_rows" and "psnr_denoised_rows", and the entries of `reconstructions`.
    """
    measured = sample_encoded(model, X, most=_MEASURED, seed=seed, positions=positions)
    noisy = corrupted(model, measured.floats, seed=seed, corruption=corruption, level=level, default=DEFAULT_NOISE)
    denoised = reconstruct_floats(model, noisy)
    clean = measured.floats
    chosen = balanced_sample(measured.rows.labels, len(measured.positions), n, seed=seed)
    if positions is not None:
        chosen = np.arange(len(measured.positions))
    span = data_range(model, clean)
    about = {"psnr_noisy": psnr(clean, noisy, span), "psnr_denoised": psnr(clean, denoised, span)}
    some = _taken(measured, chosen)
    return _denoised(model, some, noisy[chosen], denoised[chosen], about, span, like=clean)


def denoised(model: Autoencoder, X: Any, position: int, noisy: np.ndarray) -> Payload:
    """Return the reconstruction of one row to which the user added noise; the payload is that of `denoising`.

    Parameters
    ----------
    position : int
        Position of the clean row in X.
    noisy : array of shape (n_floats,)
        The encoded noisy row.
    """
    some = sample_encoded(model, X, most=1, positions=[position])
    noisy = np.asarray(noisy, np.float32)
    if noisy.shape != some.floats[0].shape or not np.isfinite(noisy).all():
        raise DataError(f"A noisy row must be {some.floats.shape[1]} finite numbers, got the shape {noisy.shape}.")
    rebuilt = reconstruct_floats(model, noisy[None])
    span = data_range(model, some.floats)
    about = {"psnr_noisy": psnr(some.floats, noisy[None], span), "psnr_denoised": psnr(some.floats, rebuilt, span)}
    return _denoised(model, some, noisy[None], rebuilt, about, span, like=some.floats)


def denoising_curve(
    model: Autoencoder,
    X: Any,
    *,
    corruption: str | Corruption = "gaussian",
    levels: Any = DEFAULT_LEVELS,
    most: int = 1000,
    seed: int = 0,
) -> Payload:
    """Return the PSNR before and after denoising at each noise level.

    Parameters
    ----------
    levels : sequence of float
    most : int, default=1000
        Maximum number of rows to measure.

    Returns
    -------
    Payload
        Arrays of shape (levels,): "level", "psnr_noisy" and "psnr_denoised" in decibels over all rows.
    """
    some = sample_encoded(model, X, most=most, seed=seed)
    span = data_range(model, some.floats)
    found = []
    for level in levels:
        noisy = corrupted(model, some.floats, seed=seed, corruption=corruption, level=float(level))
        found.append([psnr(some.floats, x, span) for x in (noisy, reconstruct_floats(model, noisy))])
    before, after = np.array(found, float).reshape(-1, 2).T
    return Payload(
        "denoising_curve",
        {"corruption": str(corruption), "n_rows": len(some.positions)},
        {"level": np.asarray(levels, float), "psnr_noisy": before, "psnr_denoised": after},
    )


def error_map(model: Autoencoder, X: Any, *, n: int = 6, positions: Any = None, seed: int = 0) -> Payload:
    """Return the rows with the largest errors, and the error of each of their pixels or floats.

    positions : positions in X of the rows to take instead, in this order.

    Returns
    -------
    Payload
        "original" and "rebuilt" as in `reconstructions`, "map", the squared error of each pixel (n, height, width),
        summed over channels, or of each float (n, d), and "error" (n,), its sum, the largest first; "position".
    """
    measured = sample_encoded(model, X, most=_MEASURED, seed=seed, positions=positions)
    errors = squared_errors(model, measured.floats)
    by_row = errors.sum(axis=1)
    chosen = np.argsort(-by_row, kind="stable")[:n] if positions is None else np.arange(len(by_row))
    some = _taken(measured, chosen)
    shape = model.schema_.image_shape
    maps = errors[chosen] if shape is None else errors[chosen].reshape(-1, *shape).sum(axis=3)
    return Payload(
        "error_map",
        _about(model, some),
        {
            "original": as_pictures(model, some.floats),
            "rebuilt": as_pictures(model, reconstruct_floats(model, some.floats), like=some.floats),
            "map": maps.astype(np.float32),
            "error": by_row[chosen],
            "position": some.positions,
        },
    )


def balanced_sample(labels: np.ndarray | None, n_rows: int, n: int, *, seed: int = 0) -> np.ndarray:
    """Return the positions of n random rows, one of each class in turn if there are labels."""
    order = np.random.default_rng([seed, 1]).permutation(n_rows)
    if labels is None:
        return order[:n]
    # Sort by the rank of a row within its class, then by class: 0, 1, 2, ..., 0, 1, 2, ...
    _, classes = np.unique(labels[order].astype(str), return_inverse=True)
    rank = np.empty(len(order), int)
    for c in range(classes.max() + 1 if len(classes) else 0):
        of_class = np.flatnonzero(classes == c)
        rank[of_class] = np.arange(len(of_class))
    return order[np.lexsort((classes, rank))][:n]


def data_range(model: Autoencoder, floats: np.ndarray) -> float:
    """Return the data range of the PSNR: 1 for pixels, else the range of the encoded rows (n, d)."""
    return 1.0 if model.schema_.bounded else float(floats.max() - floats.min()) or 1.0


def _denoised(
    model: Autoencoder,
    some: EncodedSample,
    noisy: np.ndarray,
    rebuilt: np.ndarray,
    about: dict[str, Any],
    span: float,
    *,
    like: np.ndarray,
) -> Payload:
    by_row = {
        f"psnr_{name}_rows": [psnr(a, b, span) for a, b in zip(some.floats, floats, strict=True)]
        for name, floats in (("noisy", noisy), ("denoised", rebuilt))
    }
    return Payload(
        "denoising",
        {**_about(model, some), **about, **by_row},
        {
            "clean": as_pictures(model, some.floats),
            "noisy": as_pictures(model, noisy, like=like),
            "denoised": as_pictures(model, rebuilt, like=like),
            "position": some.positions,
        },
    )


def _about(model: Autoencoder, some: EncodedSample) -> dict[str, Any]:
    schema, labels = model.schema_, some.rows.labels
    return {
        "image_shape": schema.image_shape,
        "names": list(schema.float_names) if schema.image_shape is None else None,
        "unit": schema.unit,
        "labels": None if labels is None else labels.tolist(),
        "source": some.rows.source,
    }


def _taken(measured: EncodedSample, chosen: np.ndarray) -> EncodedSample:
    return EncodedSample(measured.rows.take(chosen), measured.positions[chosen], measured.floats[chosen])
