"""Answers to the queries of the views, computed in advance for a page without a server."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any

import numpy as np

from narrows.apps.viewer import protocol
from narrows.apps.viewer.answer import Answer
from narrows.apps.viewer.protocol import ANSWER, Header
from narrows.insight import noise_controls
from narrows.insight.labels import known

FEWEST_ROWS = 10
"""Pages with fewer rows have no views."""
_MAP, _GRID, _FLOW, _NOISE, _ERRORS = 2_000_000, 700_000, 600_000, 700_000, 500_000
"""Limits in bytes for each part, before compression."""
_MOST_ON_MAP, _AT_ONCE = 20_000, 2000
_SAMPLES, _DENOISED, _DRAWN = 24, 6, 4


class PrefetchedAnswers:
    """The queries to answer in advance for one run, as frames.

    Parameters
    ----------
    answer : callable
        Called as answer(view, **params); returns the answer of the run.
    about : dict
        Facts about the network, see `network_facts`.
    labels : ndarray of shape (n,) or None
        Classes of the rows of the run.
    share : float, default=1.0
        Share of the limits of each part that is used.
    samples : list of int or None, default=None
        Positions of the rows that the page shows one by one; None chooses some that training did not see.
    """

    def __init__(
        self,
        answer: Callable[..., Answer],
        about: dict[str, Any],
        labels: np.ndarray | None,
        *,
        share: float = 1.0,
        samples: list[int] | None = None,
    ) -> None:
        self._answer = answer
        self._labels = labels
        self._share = share
        self._is_image = about["shape"] is not None
        self._row_bytes = about["n_floats"] * (1 if self._is_image else 4)
        self._can_sample = about["can_sample"]
        self._samples = samples

    def map(self) -> Iterator[bytes]:
        """Yield the codes, how well they separate the classes, the pictures of the rows, and the decoded grid."""
        codes = self._answer("codes", most=self.n_on_map)
        yield packed("codes", codes, {})
        yield self._frame("code_neighbours")
        positions = codes.arrays["position"]
        parts = [
            self._answer("sheet", positions=positions[start : start + _AT_ONCE].tolist()).arrays["original"]
            for start in range(0, len(positions), _AT_ONCE)
        ]
        yield packed("sheet", Answer({}, {"original": np.concatenate(parts), "position": positions}, codes.epoch), {})
        yield self._frame("decoded_grid", side=_within(math.isqrt(int(self._room(_GRID) / self._row_bytes)), 8, 25))

    @property
    def n_on_map(self) -> int:
        """Number of rows on the map, if there are as many."""
        return max(FEWEST_ROWS, min(_MOST_ON_MAP, int(self._room(_MAP) / (self._row_bytes + 24))))

    def flow(self) -> Iterator[bytes]:
        """Yield the samples, and the activations of each."""
        yield self._frame("rows", positions=self.samples)
        for position in self.samples:
            yield self._frame("activations", position=position)

    @cached_property
    def samples(self) -> list[int]:
        """Positions of the rows that the page shows one by one."""
        if self._samples is not None:
            return self._samples
        positions = self._answer("rows", n=_SAMPLES).arrays["position"].tolist()
        n_bytes = len(self._frame("activations", position=positions[0]))
        return positions[: _within(int(self._room(_FLOW) / n_bytes), _DENOISED, _SAMPLES)]

    def noise(self) -> Iterator[bytes]:
        """Yield some samples, denoised at each level of `noise_levels`."""
        for kind, levels in self.noise_levels.items():
            for level in levels:
                params = {"positions": self.samples[:_DENOISED], "kind": kind, "level": level, "seed": 0}
                yield self._frame("denoise", **params, curve=level == 0)

    @cached_property
    def noise_levels(self) -> dict[str, list[float]]:
        """The noise levels of each kind, evenly spaced from 0 to the end of the slider in the view."""
        controls = noise_controls(images=self._is_image)
        n = _within(int(self._room(_NOISE) / (len(controls) * _DENOISED * 3 * self._row_bytes)), 4, 11)
        return {
            kind: [round(level, 6) for level in np.linspace(0, control.most, n).tolist()]
            for kind, control in controls.items()
        }

    def errors(self, normal: list[str] | None) -> Iterator[bytes]:
        """Yield the scores and the errors of some rows.

        normal : the normal classes.
        """
        found = self._answer("scores", **({} if normal is None else {"normal": normal}))
        position, anomalous = found.arrays["position"], found.arrays["anomalous"].astype(bool)
        n = _within(int(self._room(_ERRORS) / (4 * self._row_bytes)), 4, 40)
        chosen = np.concatenate([_spread(position[anomalous == kind], n) for kind in (False, True)]).tolist()
        classes, label = _numbered(self._labels, position)
        about = {**found.about, "pictured": chosen, "classes": classes}
        yield packed("scores", Answer(about, {**found.arrays, "label": label}, found.epoch), {})
        for one in chosen:
            yield self._frame("error_map", position=one)

    def training(self) -> Iterator[bytes]:
        """Yield the reconstructions of each epoch, and the losses."""
        yield self._frame("frames")
        yield self._frame("history")

    def generated(self) -> Iterator[bytes]:
        """Yield synthetic rows, if the model has a prior."""
        for seed in range(_DRAWN if self._can_sample else 0):
            yield self._frame("sample", n=16, seed=seed)

    def _frame(self, view: str, **params: Any) -> bytes:
        return packed(view, self._answer(view, **params), params)

    def _room(self, n_bytes: int) -> float:
        return self._share * n_bytes


def packed(view: str, answer: Answer, params: dict[str, Any]) -> bytes:
    """Return an answer as a frame, with the parameters of its query in `about`."""
    about = {**answer.about, "request": params}
    return protocol.pack(Header(ANSWER, 1, 0, answer.epoch), view, about, answer.arrays)


def joined(frames: Iterable[bytes]) -> bytes:
    """Return frames as one, each after its length in 4 bytes."""
    return b"".join(len(frame).to_bytes(4, "little") + frame for frame in frames)


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
