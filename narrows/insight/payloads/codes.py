"""The code and its decoding: maps, decoded grids, interpolations, nearest rows and samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch

from narrows.errors import DataError, SettingError
from narrows.estimators.inference import map_floats, map_rows
from narrows.estimators.parameters import parameter_checks
from narrows.insight.labels import classes_of, known
from narrows.insight.payloads.code_plane import CodePlane
from narrows.insight.payloads.payload import Payload, as_pictures, sample_encoded, sample_rows
from narrows.model import GaussianCode

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators import Autoencoder, VariationalAutoencoder

_MAP_ROWS = 10_000
_PLANE_ROWS = 5000


def codes(
    model: Autoencoder,
    X: Any,
    y: Any = None,
    *,
    most: int = _MAP_ROWS,
    like: CodePlane | None = None,
    with_pca: bool = True,
    seed: int = 0,
) -> Payload:
    """Return the rows on the map of the code, and on PCA's map.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    X : like that of `fit`, or Rows
    y : array of shape (n,) or None
        Classes. Default: the labels of Rows, if they have any.
    most : int, default=10,000
        Of more rows, a sample is taken.
    like : CodePlane or None
        Plane of an earlier map, to which this one is aligned; see `CodePlane.fit`.
    with_pca : bool, default=True
        Whether to compute PCA's map.
    seed : int, default=0

    Returns
    -------
    Payload
        "xy" and "pca" (n, 2), "position" (n,), "label" (n,), the index of the row's class in `about["classes"]`, -1
        for a row without a class; the plane of the map, "origin" (k,) and "axes" (2, k): code = origin + xy @ axes;
        "low", "high" and "mean" (k,), the 1st and 99th percentile and the mean of each code unit. `about` also:
        "names" of the axes, and "kept", the share of the codes' variance that the map keeps.
    """
    rows, positions = sample_rows(model, X, most=most, seed=seed)
    z = map_rows(model.state_, rows, model.network_.codes)
    plane = CodePlane.fit(z, like=like)
    classes, label = _classes(rows.labels if y is None else classes_of(np.asarray(y)[positions]), len(z))
    about = {
        "names": list(plane.names),
        "kept": plane.kept,
        "classes": classes,
        "n_components": int(z.shape[1]),
        "estimator": type(model).__name__,
    }
    low, high = np.percentile(z, [1, 99], axis=0)
    arrays = {
        "xy": plane.project(z),
        "position": positions,
        "label": label,
        "origin": plane.origin,
        "axes": plane.axes,
        "low": low,
        "high": high,
        "mean": z.mean(axis=0, dtype=np.float64),
    }
    return Payload("codes", about, arrays | ({"pca": pca_map(model, rows)} if with_pca else {}))


def pca_map(model: Autoencoder, rows: Rows) -> np.ndarray:
    """Return the rows on the first two principal components of their floats, float32 (n, 2).

    PCA is fitted on the rows, or on a sample of 10,000 of them.
    """
    plane = CodePlane.fit(model.schema_.encode(rows.sampled(_MAP_ROWS), who=type(model).__name__))
    origin, axes = (torch.as_tensor(a, dtype=torch.float32, device=model.device_) for a in (plane.origin, plane.axes))
    return map_rows(model.state_, rows, lambda x: (x - origin) @ axes.T)


def decoded_grid(
    model: Autoencoder, X: Any, *, side: int = 15, plane: CodePlane | None = None, seed: int = 0
) -> Payload:
    """Return decoded points of a grid on the map, which spans the 1st to 99th percentile of the rows' codes.

    plane : the plane of the map. Default: that of the rows' codes.

    Returns
    -------
    Payload
        "decoded" (side, side, height, width, channels) or (side, side, d), the first axis from the top of the map down;
        "x" and "y" (side,); "far" (side, side), the distance to the nearest row's code in steps of the grid: far from
        all rows, decoded points are extrapolations.
    """
    some = sample_encoded(model, X, most=_PLANE_ROWS, seed=seed)
    z = map_floats(some.floats, model.network_.codes, model.device_)
    plane = CodePlane.fit(z) if plane is None else plane
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
    """Return decoded points on the straight line between the codes of two rows.

    Parameters
    ----------
    model, X, seed
        As for `codes`.
    n : int, default=5
        Number of pairs of rows; of different classes if there are labels.
    steps : int, default=8
        Number of decoded points, both ends included.

    Raises
    ------
    DataError
        X has a single row.

    Returns
    -------
    Payload
        "start" and "end" (n, ...), the rows themselves; "way" (n, steps, ...), decoded; "position" (n, 2).
    """
    some = sample_encoded(model, X, most=_PLANE_ROWS, seed=seed)
    if len(some.positions) < 2:
        raise DataError("An interpolation needs at least 2 rows, and there is 1; give it more rows.")
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


def path(model: Autoencoder, start: Any, end: Any, *, steps: int = 8, like: np.ndarray | None = None) -> Payload:
    """Return decoded points on the straight line between two codes.

    Parameters
    ----------
    start, end : array of shape (k,)
        Codes.
    steps : int, default=8
        Number of points, both ends included.
    like : see `as_pictures`

    Returns
    -------
    Payload
        "way" (steps, ...), decoded, and "code" (steps, k).
    """
    model.check_is_fitted()
    ends = parameter_checks.codes(
        np.stack([np.asarray(start, np.float32), np.asarray(end, np.float32)]), model.n_components_
    )
    share = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
    z = ends[:1] * (1 - share) + ends[1:] * share
    way = map_floats(z, model.network_.decode, model.device_)
    return Payload(
        "path",
        {"image_shape": model.schema_.image_shape, "names": list(model.schema_.float_names)},
        {"way": as_pictures(model, way, like=like), "code": z},
    )


def similar(model: Autoencoder, X: Any, code: Any, *, n: int = 6, most: int = 70_000) -> Payload:
    """Return the rows with the nearest codes to a given code.

    Parameters
    ----------
    code : array of shape (k,)
    n : int, default=6
    most : int, default=70,000
        Of more rows, a sample is searched.

    Returns
    -------
    Payload
        "position" (n,), the nearest first, "distance" (n,) between codes, and "original" (n, ...), the rows.
    """
    rows, positions = sample_rows(model, X, most=most)
    z = map_rows(model.state_, rows, model.network_.codes)
    wanted = parameter_checks.codes(np.asarray(code, np.float32)[None], model.n_components_)
    distance = np.sqrt(np.square(z - wanted, dtype=np.float64).sum(axis=1))
    nearest = np.argsort(distance, kind="stable")[:n]
    some = model.schema_.encode(rows.take(nearest), who=type(model).__name__)
    return Payload(
        "similar",
        {"image_shape": model.schema_.image_shape, "names": list(model.schema_.float_names)},
        {
            "position": positions[nearest],
            "distance": distance[nearest],
            "original": as_pictures(model, some),
        },
    )


def samples(model: Autoencoder, *, n: int = 64, seed: int = 0) -> Payload:
    """Return new rows, those of `VariationalAutoencoder.sample` with this seed, encoded.

    Raises
    ------
    SettingError
        The model has no prior to draw from.
    """
    model.check_is_fitted()
    if not has_prior(model):
        raise SettingError(
            f"This {type(model).__name__} has no prior to draw samples from; fit a VariationalAutoencoder with a "
            "gaussian code for that."
        )
    drawn = cast("VariationalAutoencoder", model).sample_rows(n, random_state=seed)
    return Payload(
        "samples",
        {"image_shape": model.schema_.image_shape, "names": list(model.schema_.float_names)},
        {"sample": as_pictures(model, model.schema_.encode(drawn))},
    )


def has_prior(model: Autoencoder) -> bool:
    """Return whether a fitted model has a prior that `samples` can draw from."""
    return hasattr(model, "sample") and isinstance(model.network_.code, GaussianCode)


def _classes(labels: np.ndarray | None, n: int) -> tuple[list[str], np.ndarray]:
    if labels is None:
        return [], np.full(n, -1)
    has_class, label = known(labels), np.full(n, -1)
    classes, label[has_class] = np.unique(labels[has_class].astype(str), return_inverse=True)
    return classes.tolist(), label


def _pairs(labels: np.ndarray | None, n_rows: int, n: int, seed: int) -> np.ndarray:
    """Return the positions (m, 2) of at most n pairs of rows."""
    order = np.random.default_rng([seed, 2]).permutation(n_rows)
    first, second = order[: n_rows // 2], order[n_rows // 2 :][: n_rows // 2]
    if labels is not None and (labels[first] != labels[second]).any():
        differ = labels[first] != labels[second]
        first, second = first[differ], second[differ]
    return np.stack([first[:n], second[:n]], axis=1)


def _nearest(points: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return the distance of each point (n, 2) to the nearest of others (m, 2): (n,)."""
    from sklearn.neighbors import NearestNeighbors

    return NearestNeighbors(n_neighbors=1).fit(among).kneighbors(points)[0][:, 0]
