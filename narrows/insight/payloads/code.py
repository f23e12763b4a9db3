"""The code and what the decoder makes of it: the map of the rows, the lattice, the way between two rows, samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.errors import DataError, SettingError
from narrows.estimators.inference import map_floats
from narrows.insight.labels import classes_of, known
from narrows.insight.payloads.payload import Payload, as_pictures, shown
from narrows.model import GaussianCode

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder

_MAP_ROWS = 10_000
_PLANE_ROWS = 5000


@dataclass(frozen=True, eq=False)
class CodePlane:
    """The plane of the code that is drawn: codes of two units themselves, of more units their first two principal axes.

    Parameters
    ----------
    origin : ndarray of shape (k,)
    axes : ndarray of shape (2, k)
        Orthonormal; of a code of one unit the second is zero.
    names : (str, str)
        What stands at the axes.
    kept : float
        Share of the variance of the codes within the plane.
    """

    origin: np.ndarray
    axes: np.ndarray
    names: tuple[str, str]
    kept: float

    @classmethod
    def fit(cls, codes: np.ndarray) -> CodePlane:
        """The plane for codes (n, k)."""
        k = codes.shape[1]
        if k <= 2:
            axes = np.eye(2, k)
            names = ("code unit 1", "code unit 2") if k == 2 else ("code unit 1", "")
            return cls(np.zeros(k), axes, names, 1.0)
        from sklearn.decomposition import PCA

        spread = codes.astype(np.float64)
        if len(spread) < 2 or not (spread != spread[0]).any():
            return cls(spread[0], np.eye(2, k), ("code unit 1", "code unit 2"), 1.0)
        pca = PCA(min(2, len(spread)), random_state=0).fit(spread)
        share = pca.explained_variance_ratio_
        names = [f"principal axis {i + 1} of {k} code units ({share[i]:.0%})" for i in range(2)]
        return cls(pca.mean_, np.asarray(pca.components_), (names[0], names[1]), float(share.sum()))

    def project(self, codes: np.ndarray) -> np.ndarray:
        """Codes (n, k) as points of the plane (n, 2)."""
        return ((codes - self.origin) @ self.axes.T).astype(np.float32)

    def lift(self, points: np.ndarray) -> np.ndarray:
        """Points (n, 2) as codes (n, k) within the plane."""
        return (self.origin + points @ self.axes).astype(np.float32)


def codes(model: Autoencoder, X: Any, y: Any = None, *, seed: int = 0) -> Payload:
    """Where the rows lie on the map of the code, beside their places on PCA's map.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    X : like that of `fit`, or Rows
        Of more than 10,000 rows a sample is shown.
    y : array of shape (n,) or None
        Classes; the labels of Rows where they have some.
    seed : int, default=0

    Returns
    -------
    Payload
        "xy" and "pca" (n, 2), "position" (n,), "label" (n,) the place of the row's class in `about["classes"]`, -1
        for a row without one. `about` also: "names" of the axes, and "kept", the share of the codes' variance that
        the map shows.
    """
    some = shown(model, X, most=_MAP_ROWS, seed=seed)
    z = map_floats(some.floats, model.network_.codes, model.device_)
    plane = CodePlane.fit(z)
    labels = some.rows.labels if y is None else classes_of(np.asarray(y)[some.positions])
    classes, label = _classes(labels, len(z))
    return Payload(
        "codes",
        {
            "names": list(plane.names),
            "kept": plane.kept,
            "classes": classes,
            "n_components": int(z.shape[1]),
            "estimator": type(model).__name__,
        },
        {
            "xy": plane.project(z),
            "pca": CodePlane.fit(some.floats).project(some.floats),
            "position": some.positions,
            "label": label,
        },
    )


def decoded_grid(model: Autoencoder, X: Any, *, side: int = 15, seed: int = 0) -> Payload:
    """What the decoder answers over the map of the code, on a lattice that spans the middle 98 % of the rows' codes.

    Returns
    -------
    Payload
        "decoded" (side, side, height, width, channels) or (side, side, d), the first axis from the top of the map down;
        "x" and "y" (side,), "far" (side, side): the distance to the nearest row's code in units of the lattice's step,
        so that a reader is not led to trust what the decoder answers where no row lies.
    """
    some = shown(model, X, most=_PLANE_ROWS, seed=seed)
    z = map_floats(some.floats, model.network_.codes, model.device_)
    plane = CodePlane.fit(z)
    xy = plane.project(z)
    low, high = np.percentile(xy, [1, 99], axis=0)
    x, y = (np.linspace(low[i], high[i], side) for i in range(2))
    y = y[::-1]
    points = np.stack(np.meshgrid(x, y), axis=2).reshape(-1, 2)
    decoded = map_floats(plane.lift(points), model.network_.decode, model.device_)
    steps = np.maximum((high - low) / max(1, side - 1), 1e-12)
    pictures = as_pictures(model, decoded, like=some.floats)
    return Payload(
        "decoded_grid",
        {"names": list(plane.names), "kept": plane.kept, "image_shape": model.schema_.image_shape},
        {
            "decoded": pictures.reshape(side, side, *pictures.shape[1:]),
            "x": x,
            "y": y,
            "far": _nearest(points / steps, xy / steps).reshape(side, side),
        },
    )


def interpolation(model: Autoencoder, X: Any, *, n: int = 5, steps: int = 8, seed: int = 0) -> Payload:
    """The straight way in the code from one row to another, decoded.

    Parameters
    ----------
    model, X, seed
        As for `codes`.
    n : int, default=5
        Pairs of rows; of labelled rows, of different classes.
    steps : int, default=8
        Decoded points from the first row's code to the second's, both included.

    Raises
    ------
    DataError
        A single row.

    Returns
    -------
    Payload
        "start" and "end" (n, ...), the rows themselves; "way" (n, steps, ...), decoded; "position" (n, 2).
    """
    some = shown(model, X, most=_PLANE_ROWS, seed=seed)
    if len(some.positions) < 2:
        raise DataError("A way from one row to another needs at least 2 rows, and there is 1; give it more rows.")
    pairs = _pairs(some.rows.labels, len(some.positions), n, seed)
    z = map_floats(some.floats[pairs.reshape(-1)], model.network_.codes, model.device_).reshape(len(pairs), 2, -1)
    share = np.linspace(0, 1, steps, dtype=np.float32)[None, :, None]
    way = z[:, :1] * (1 - share) + z[:, 1:] * share
    decoded = map_floats(way.reshape(-1, z.shape[2]), model.network_.decode, model.device_)
    pictures = as_pictures(model, decoded, like=some.floats)
    return Payload(
        "interpolation",
        {"image_shape": model.schema_.image_shape, "names": list(model.schema_.float_names)},
        {
            "start": as_pictures(model, some.floats[pairs[:, 0]], like=some.floats),
            "end": as_pictures(model, some.floats[pairs[:, 1]], like=some.floats),
            "way": pictures.reshape(len(pairs), steps, *pictures.shape[1:]),
            "position": some.positions[pairs],
        },
    )


def samples(model: Autoencoder, *, n: int = 64, seed: int = 0) -> Payload:
    """New rows, decoded from codes drawn from the prior.

    Raises
    ------
    SettingError
        Where the model has no prior to draw from.
    """
    model._check_fitted()
    if not has_prior(model):
        raise SettingError(
            f"This {type(model).__name__} has no prior to draw samples from; fit a VariationalAutoencoder with a "
            "gaussian code for that."
        )
    import torch

    z = torch.randn(n, model.n_components_, generator=torch.Generator().manual_seed(seed)).numpy()
    decoded = map_floats(z, model.network_.decode, model.device_)
    return Payload(
        "samples",
        {"image_shape": model.schema_.image_shape, "names": list(model.schema_.float_names)},
        {"sample": as_pictures(model, decoded)},
    )


def has_prior(model: Autoencoder) -> bool:
    """Whether a fitted model has a prior that `samples` can draw from."""
    return hasattr(model, "sample") and isinstance(model.network_.code, GaussianCode)


def _classes(labels: np.ndarray | None, n: int) -> tuple[list[str], np.ndarray]:
    if labels is None:
        return [], np.full(n, -1)
    has_class, label = known(labels), np.full(n, -1)
    classes, label[has_class] = np.unique(labels[has_class].astype(str), return_inverse=True)
    return classes.tolist(), label


def _pairs(labels: np.ndarray | None, n_rows: int, n: int, seed: int) -> np.ndarray:
    """(m, 2) places of rows, m at most n."""
    order = np.random.default_rng([seed, 2]).permutation(n_rows)
    first, second = order[: n_rows // 2], order[n_rows // 2 :][: n_rows // 2]
    if labels is not None and (labels[first] != labels[second]).any():
        differ = labels[first] != labels[second]
        first, second = first[differ], second[differ]
    return np.stack([first[:n], second[:n]], axis=1)


def _nearest(points: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Distance of each point (n, 2) to the nearest of others (m, 2): (n,)."""
    from sklearn.neighbors import NearestNeighbors

    return NearestNeighbors(n_neighbors=1).fit(among).kneighbors(points)[0][:, 0]
