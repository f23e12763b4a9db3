"""The synthetic curves of Hinton & Salakhutdinov 2006: pictures that six numbers describe."""

from __future__ import annotations

import numpy as np

SIZE = 28
_LOW, _HIGH, _GAP = 2.0, 26.0, 2.0
_SAMPLES = 128  # on each of the two pieces of a curve: less than half a pixel apart
# How wide and dark the stroke is, after Hinton & Nair 2006; of the settings tried those that give PCA with 18
# components the published error.
_INK, _SPREAD, _PASSES = 0.6, 0.75, 2
_CHUNK = 1000


def curves(n: int, random_state: int | np.random.Generator | None = None) -> np.ndarray:
    """Draw `n` curves: float32 (n, 28, 28), 0 for paper and 1 for ink.

    Each is the natural cubic spline through three points, whose coordinates are uniform in [2, 26], each point at least
    2 to the right of the one before. Ink is laid along its length on the four nearest pixels, spread twice by a 3 x 3
    kernel, and cut off at 1 (Hinton & Nair 2006). The paper's own file was never published; the stroke was chosen so
    that PCA with 18 components leaves the error that the paper reports, 5.90.

    The first curves of a seed are the same whatever `n`.

    >>> from narrows.data import curves
    >>> drawn = curves(3, random_state=0)
    >>> drawn.shape, float(drawn.min()), float(drawn.max()) <= 1
    ((3, 28, 28), 0.0, True)
    """
    draws = np.random.default_rng(random_state).random((n, 6))
    # Three ordered points with gaps are three ordered points of a shorter interval, drawn apart.
    x = np.sort(_LOW + (_HIGH - _LOW - 2 * _GAP) * draws[:, :3], axis=1) + _GAP * np.arange(3)
    y = _LOW + (_HIGH - _LOW) * draws[:, 3:]
    images = np.empty((n, SIZE, SIZE), np.float32)
    for start in range(0, n, _CHUNK):
        part = slice(start, start + _CHUNK)
        images[part] = _stroke(_deposit(*_spline(x[part], y[part])))
    return images


def _spline(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return places on the natural cubic spline through points (n, 3), and the length of each: (n, samples)."""
    h, slope = np.diff(x), np.diff(y) / np.diff(x)
    bend = 3 * (slope[:, 1] - slope[:, 0]) / (x[:, 2] - x[:, 0])  # the second derivative in the middle; 0 at both ends
    t = np.linspace(0, 1, _SAMPLES + 1)  # along a piece, from the end to the middle point
    cubic = (bend[:, None] * h**2 / 6)[:, :, None] * (t**3 - t)
    ends, middle = y[:, [0, 2], None], y[:, 1, None, None]
    across = x[:, [0, 2], None] + (x[:, 1, None, None] - x[:, [0, 2], None]) * t
    up = ends + (middle - ends) * t + cubic
    length = np.hypot(np.diff(across), np.diff(up))
    return tuple(  # pyright: ignore[reportReturnType]
        values.reshape(len(x), -1)
        for values in ((across[..., 1:] + across[..., :-1]) / 2, (up[..., 1:] + up[..., :-1]) / 2, length)
    )


def _deposit(across: np.ndarray, up: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Lay ink on the four pixels whose centres are nearest to each place: (n, 28, 28). What lies outside is lost."""
    n, wide = len(across), SIZE + 2  # a margin that catches what leaves the picture
    column, row = (np.clip(place - 0.5, -1, SIZE) + 1 for place in (across, up))
    left, top = (np.minimum(place.astype(np.int64), SIZE) for place in (column, row))
    right_share, bottom_share = column - left, row - top
    place = (np.arange(n)[:, None] * wide + top) * wide + left
    ink = np.zeros(n * wide * wide)
    for down, share_down in ((0, 1 - bottom_share), (1, bottom_share)):
        for aside, share_aside in ((0, 1 - right_share), (1, right_share)):
            weights = _INK * length * share_down * share_aside
            ink += np.bincount((place + down * wide + aside).ravel(), weights.ravel(), minlength=len(ink))
    return ink.reshape(n, wide, wide)[:, 1:-1, 1:-1]


def _stroke(ink: np.ndarray) -> np.ndarray:
    """Spread ink (n, 28, 28) over neighbouring pixels, and cut it off at 1."""
    for _ in range(_PASSES):
        p = np.pad(ink, ((0, 0), (1, 1), (1, 1)))
        neighbours = p[:, :-2, 1:-1] + p[:, 2:, 1:-1] + p[:, 1:-1, :-2] + p[:, 1:-1, 2:]
        corners = p[:, :-2, :-2] + p[:, :-2, 2:] + p[:, 2:, :-2] + p[:, 2:, 2:]
        ink = (1 + _SPREAD) * ((1 - _SPREAD) * ink + _SPREAD / 6 * neighbours + _SPREAD / 12 * corners)
    return np.minimum(ink, 1)
