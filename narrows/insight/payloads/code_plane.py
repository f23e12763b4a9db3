"""The plane of the code on which rows are mapped."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, eq=False)
class CodePlane:
    """The plane of a map: the code itself if it has at most two units, else its first two principal axes.

    Parameters
    ----------
    origin : ndarray of shape (k,)
    axes : ndarray of shape (2, k)
        Orthonormal; the second is zero for a code of one unit.
    names : (str, str)
        Labels of the axes.
    kept : float
        Share of the variance of the codes that the plane keeps.
    """

    origin: np.ndarray
    axes: np.ndarray
    names: tuple[str, str]
    kept: float

    @classmethod
    def fit(cls, codes: np.ndarray, *, like: CodePlane | None = None) -> CodePlane:
        """Return the plane of codes (n, k).

        like : a plane of earlier codes of the same network. The axes are rotated within the new plane to be as close
            as possible to its axes (orthogonal Procrustes, Schönemann 1966), so that a map does not flip or rotate
            during training.
        """
        plane = cls._principal(codes)
        if codes.shape[1] <= 2 or like is None or like.axes.shape != plane.axes.shape:
            return plane
        left, _, right = np.linalg.svd(like.axes @ plane.axes.T)
        name = f"in the plane of 2 principal axes of {codes.shape[1]} code units ({plane.kept:.0%})"
        return replace(plane, axes=left @ right @ plane.axes, names=(name, name))

    @classmethod
    def _principal(cls, codes: np.ndarray) -> CodePlane:
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
        """Return the projections (n, 2) of codes (n, k)."""
        return ((codes - self.origin) @ self.axes.T).astype(np.float32)

    def lift(self, points: np.ndarray) -> np.ndarray:
        """Return the codes (n, k) of points (n, 2) of the plane."""
        return (self.origin + points @ self.axes).astype(np.float32)
