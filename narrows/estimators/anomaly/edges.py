"""Strengths of the edges of an image: what of its content does not change when it is a little brighter or shifted.

Histograms of oriented gradients (Dalal & Triggs 2005), smooth in place and in direction: in each cell of a grid, for
each of eight directions, a high power of the derivative along it where that is positive, averaged over the cell and its
surroundings.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.ndimage import gaussian_filter1d

N_DIRECTIONS, N_CELLS = 8, 4
POWER = 4
"""Of the derivative: the higher, the sharper a direction is."""
ROOT = 1 / (2 * POWER)
"""Of the mean of the powers; the square root of a strength."""
_SHARP = 40  # image width divided by the standard deviation of the blur before the derivative
_CHUNK = 512


@dataclass(frozen=True, eq=False)
class EdgeMaps:
    """The linear maps of one side of an image, of s pixels.

    Parameters
    ----------
    smooth, slope : ndarray of shape (s, s)
        Blur, and the derivative of the blurred pixels.
    pool : ndarray of shape (4, s)
        Means around the centre of each cell.
    """

    smooth: np.ndarray
    slope: np.ndarray
    pool: np.ndarray

    @classmethod
    @cache
    def of(cls, side: int) -> EdgeMaps:
        one = np.eye(side)
        smooth = gaussian_filter1d(one, side / _SHARP, axis=0)
        slope = np.gradient(smooth, axis=0) if side > 1 else np.zeros((1, 1))
        cell = side / N_CELLS
        centres = np.rint((np.arange(N_CELLS) + 0.5) * cell - 0.5).astype(int)
        return cls(smooth, slope, gaussian_filter1d(one, cell / 2, axis=0)[centres])


def directions() -> np.ndarray:
    """Return the directions (8, 2) of edges: the parts of the derivative across and down."""
    angles = 2 * np.pi * np.arange(N_DIRECTIONS) / N_DIRECTIONS
    return np.column_stack([np.cos(angles), np.sin(angles)])


def edge_strengths(floats: np.ndarray, image_shape: tuple[int, int, int]) -> np.ndarray:
    """Return the strengths, float32 (n, 128), of images (n, h * w * c); those of several channels are added."""
    height, width, _ = image_shape
    down, across = EdgeMaps.of(height), EdgeMaps.of(width)
    found = np.empty((len(floats), N_DIRECTIONS * N_CELLS**2), np.float32)
    for start in range(0, len(floats), _CHUNK):
        some = floats[start : start + _CHUNK].astype(np.float64).reshape(-1, *image_shape)
        images = np.ascontiguousarray(some.transpose(0, 3, 1, 2))
        by_x = down.smooth @ images @ across.slope.T
        by_y = down.slope @ images @ across.smooth.T
        strengths = [
            down.pool @ (np.maximum(x * by_x + y * by_y, 0) ** POWER).sum(axis=1) @ across.pool.T
            for x, y in directions()
        ]
        found[start : start + _CHUNK] = np.stack(strengths, axis=1).reshape(len(some), -1) ** ROOT
    return found
