"""Answers to the queries of the views, computed in advance for a page without a server."""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.apps.viewer import protocol
from narrows.apps.viewer.offline_session import OfflineSession
from narrows.apps.viewer.protocol import ANSWER, Header
from narrows.apps.viewer.queries import Answer
from narrows.insight import noise_controls
from narrows.insight.labels import known

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators import Autoencoder

FEWEST_ROWS = 10
"""Pages with fewer rows have no views."""
_MAP, _GRID, _FLOW, _NOISE, _ERRORS = 2_000_000, 700_000, 600_000, 700_000, 500_000
"""Limits in bytes for each part, before compression."""
_MOST_ON_MAP, _AT_ONCE = 20_000, 2000
_SAMPLES, _DENOISED, _DRAWN = 24, 6, 4


def prefetch(model: Autoencoder, rows: Rows, y: Any = None, *, most: int = 3_500_000) -> str | None:
    """Return the answers to the queries of the views, as compressed frames in base64.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    rows : Rows
        In the form of its fit.
    y : classes (n,), or None for the labels of the rows.
    most : int, default=3,500,000
        Limit in characters; with a lower limit fewer rows are included.

    Returns
    -------
    str or None
        None for fewer than 10 rows, or if the limit is too low.
    """
    if len(rows) < FEWEST_ROWS:
        return None
    session = OfflineSession.of(model, rows, y)
    for share in (1.0, 0.3, 0.1):
        packed = b"".join(len(frame).to_bytes(4, "little") + frame for frame in _Prefetch(session, share).frames())
        text = base64.b64encode(zlib.compress(packed, 9)).decode("ascii")
        if len(text) <= most:
            return text
    return None


class _Prefetch:
    """Queries to answer in advance.

    Parameters
    ----------
    session : OfflineSession
    share : float
        Share of the limits of each part that is used.
    """

    def __init__(self, session: OfflineSession, share: float) -> None:
        self._session = session
        self._share = share
        about = session.run.about
        self._is_image = about["shape"] is not None
        self._row_bytes = about["n_floats"] * (1 if self._is_image else 4)
        self._can_sample = about["can_sample"]

    def frames(self) -> Iterator[bytes]:
        """Yield the session, then the answers."""
        noise = self._noise_levels()
        normal = _normal(self._session.rows.labels)
        state = {**self._session.state}
        # the anomaly view opens with the normal classes of the scores
        state["runs"] = [{**run, "settings": {**run["settings"], "normal": normal}} for run in state["runs"]]
        yield protocol.pack(Header(ANSWER), "session", {"state": state, "held": {"noise": noise, "classes": True}}, {})
        yield from self._map()
        yield from self._flow_and_noise(noise)
        yield from self._errors(normal)
        yield self._frame("frames")
        yield self._frame("history")
        for seed in range(_DRAWN if self._can_sample else 0):
            yield self._frame("sample", n=16, seed=seed)

    def _map(self) -> Iterator[bytes]:
        n = max(FEWEST_ROWS, min(_MOST_ON_MAP, int(self._room(_MAP) / (self._row_bytes + 24))))
        codes = self._session.answer("codes", most=n)
        yield _packed("codes", codes, {})
        yield self._frame("code_neighbours")
        positions = codes.arrays["position"]
        parts = [
            self._session.answer("sheet", positions=positions[start : start + _AT_ONCE].tolist()).arrays["original"]
            for start in range(0, len(positions), _AT_ONCE)
        ]
        yield _packed("sheet", Answer({}, {"original": np.concatenate(parts), "position": positions}, codes.epoch), {})
        yield self._frame("decoded_grid", side=_within(math.isqrt(int(self._room(_GRID) / self._row_bytes)), 8, 25))

    def _flow_and_noise(self, noise: dict[str, list[float]]) -> Iterator[bytes]:
        some = self._session.answer("rows", n=_SAMPLES)
        positions = some.arrays["position"].tolist()
        first = self._frame("activations", position=positions[0])
        positions = positions[: _within(int(self._room(_FLOW) / len(first)), _DENOISED, _SAMPLES)]
        yield self._frame("rows", positions=positions)
        yield first
        for position in positions[1:]:
            yield self._frame("activations", position=position)
        for kind, levels in noise.items():
            for level in levels:
                params = {"positions": positions[:_DENOISED], "kind": kind, "level": level, "seed": 0}
                yield self._frame("denoise", **params, curve=level == 0)

    def _errors(self, normal: list[str] | None) -> Iterator[bytes]:
        found = self._session.answer("scores", **({} if normal is None else {"normal": normal}))
        position, anomalous = found.arrays["position"], found.arrays["anomalous"].astype(bool)
        n = _within(int(self._room(_ERRORS) / (4 * self._row_bytes)), 4, 40)
        chosen = np.concatenate([_spread(position[anomalous == kind], n) for kind in (False, True)]).tolist()
        classes, label = _numbered(self._session.rows.labels, position)
        about = {**found.about, "pictured": chosen, "classes": classes}
        yield _packed("scores", Answer(about, {**found.arrays, "label": label}, found.epoch), {})
        for one in chosen:
            yield self._frame("error_map", position=one)

    def _noise_levels(self) -> dict[str, list[float]]:
        """Return the noise levels of each kind, evenly spaced from 0 to the end of the slider in the view."""
        controls = noise_controls(images=self._is_image)
        n = _within(int(self._room(_NOISE) / (len(controls) * _DENOISED * 3 * self._row_bytes)), 4, 11)
        return {
            kind: [round(level, 6) for level in np.linspace(0, control.most, n).tolist()]
            for kind, control in controls.items()
        }

    def _frame(self, view: str, **params: Any) -> bytes:
        return _packed(view, self._session.answer(view, **params), params)

    def _room(self, n_bytes: int) -> float:
        return self._share * n_bytes


def _packed(view: str, answer: Answer, params: dict[str, Any]) -> bytes:
    about = {**answer.about, "request": params}
    return protocol.pack(Header(ANSWER, 1, 0, answer.epoch), view, about, answer.arrays)


def _within(n: int, low: int, high: int) -> int:
    return max(low, min(high, n))


def _spread(ascending: np.ndarray, n: int) -> np.ndarray:
    """Return at most n elements: half of them evenly spread, half from the end."""
    if len(ascending) <= n:
        return ascending
    even = np.linspace(0, len(ascending) - 1 - n // 2, n - n // 2).round().astype(int)
    return ascending[np.union1d(even, np.arange(len(ascending) - n // 2, len(ascending)))]


def _numbered(labels: np.ndarray | None, positions: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Return the classes, and the class number of each position; -1 for rows without a class."""
    if labels is None:
        return [], np.full(len(positions), -1)
    names = sorted({str(label) for label in labels[known(labels)]})
    number = {name: i for i, name in enumerate(names)}
    return names, np.array([number.get(label, -1) for label in labels[positions]])


def _normal(labels: np.ndarray | None) -> list[str] | None:
    """Return the normal classes: of two the more frequent one, of more all but the last; else None."""
    if labels is None:
        return None
    classes, counts = np.unique(labels[known(labels)].astype(str), return_counts=True)
    if len(classes) < 2:
        return None
    return [str(classes[counts.argmax()])] if len(classes) == 2 else [str(name) for name in classes[:-1]]
