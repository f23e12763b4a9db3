"""Whether the rows of a fit hold anomalies, and how many: their scores compared with those that clean rows would have.

The idea of an empirical null (Efron 2004): the middle of the scores is taken as that of clean rows, and says how many
of them would be far out. What exceeds this number, and its scatter (Meinshausen & Rice 2006), is taken as anomalies.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np

from narrows.estimators.anomaly.weights import quantile
from narrows.estimators.saving import saved_values

Name = Literal["clean", "contaminated", "unknown"]

FEWEST_ROWS = 100
CLEAN_SHARE, UNKNOWN_SHARE = 0.01, 0.1
"""Shares of alarms where nothing more than clean rows was found, and where nothing can be said."""
_LEAST_SHARE = 0.01
_BODY = np.linspace(0.05, 0.7, 53)  # the middle: quantiles that anomalies do not reach
_WIDER = 1.25  # tails may be wider than the middle says
_FAR = 0.05  # only where clean rows have at most this share
_LEAST_ROWS = 3
_ROUNDS = 3
_POWERS = (1.0, 1 / 2, 1 / 3, 0.0)


@dataclass(frozen=True)
class Regime:
    """A guess whether the rows of a fit are clean, from their scores.

    Parameters
    ----------
    name : {"clean", "contaminated", "unknown"}
    share : float
        Estimated share of anomalies, and the share of alarms: 0.01 for clean rows, 0.1 if nothing can be said.
    reason : str
        One or two sentences.
    """

    name: Name
    share: float
    reason: str

    @classmethod
    def of(cls, parts: np.ndarray, names: Sequence[str], weight: np.ndarray | None) -> Regime:
        """Return the regime of the rows with these parts (n, p) of the score, and weights of mean 1."""
        if len(parts) < FEWEST_ROWS:
            reason = f"{len(parts)} rows are too few to tell clean rows from others; 100 are needed."
            return cls("unknown", UNKNOWN_SHARE, reason)
        found = [_Excess.of(parts[:, i], name, weight) for i, name in enumerate(names)]
        known = [excess for excess in found if excess is not None]
        if not known:
            return cls("unknown", UNKNOWN_SHARE, "Most rows have the same score, which says nothing of the others.")
        most = max(known, key=lambda excess: excess.least)
        beyond = f"{most.seen:,.0f} of {len(parts):,} rows are far out by {most.name}, "
        if most.least < _LEAST_SHARE:
            return cls(
                "clean",
                CLEAN_SHARE,
                f"{beyond}and clean rows would have about {most.expected:,.0f} there. If you know that all rows are "
                "normal, novelty=True is better.",
            )
        return cls(
            "contaminated",
            min(most.share, 0.5),
            f"{beyond}where clean rows would have about {most.expected:,.0f}. They may also be a long tail of normal "
            "rows, which scores alone cannot tell.",
        )

    def to_dict(self) -> dict[str, object]:
        """Return the fields as JSON values."""
        return asdict(self)

    @classmethod
    def restore(cls, saved: Mapping[str, Any]) -> Regime:
        """Return the inverse of `to_dict`; KeyError or ValueError if it is invalid."""
        share = saved_values.real(saved, "share")
        if saved["name"] not in get_args(Name) or not 0 < share <= 0.5 or not isinstance(saved["reason"], str):
            raise ValueError("the regime is invalid")
        return cls(saved["name"], share, saved["reason"])


@dataclass(frozen=True)
class _Excess:
    """How many more rows are far out by one part than clean rows would be.

    Parameters
    ----------
    name : str
    share, least : float
        Estimated share of anomalies, and the share that chance does not explain.
    seen, expected : float
        Rows beyond the point where `least` is largest, and how many clean rows would be.
    """

    name: str
    share: float
    least: float
    seen: float
    expected: float

    @classmethod
    def of(cls, values: np.ndarray, name: str, weight: np.ndarray | None) -> _Excess | None:
        """Return the excess of a part (n,); None if most rows have the same value.

        Anomalies shift the quantiles of the clean rows; two more rounds correct for the rows that were found.
        """
        order = np.argsort(values, kind="stable")
        found, counts = None, None if weight is None else weight[order]
        for _ in range(_ROUNDS):
            found = cls._given(values[order], name, counts, 0.0 if found is None else found.share)
            if found is None or found.least < _LEAST_SHARE:
                break
        return found

    @classmethod
    def _given(cls, ordered: np.ndarray, name: str, weight: np.ndarray | None, removed: float) -> _Excess | None:
        expected, n = _share_of_clean(ordered, weight, removed), len(ordered)
        if expected is None:
            return None
        counts = np.ones(n) if weight is None else weight
        beyond = np.cumsum(counts[::-1])[::-1] / counts.sum()  # share of rows with at least this value
        scatter = np.sqrt(expected * (1 - expected) * 2 * math.log(math.log(n)) / n)
        far = np.flatnonzero((expected <= _FAR) & (beyond * n >= _LEAST_ROWS))
        if not len(far):
            return cls(name, 0.0, 0.0, 0.0, 0.0)
        share = (beyond - expected)[far] / (1 - expected[far])
        least = share - scatter[far] - 2 / n
        at = int(least.argmax())
        return cls(name, float(share[at]), float(least[at]), float(beyond[far[at]] * n), float(expected[far[at]] * n))


def _share_of_clean(ordered: np.ndarray, weight: np.ndarray | None, removed: float) -> np.ndarray | None:
    """Return the share of clean rows with at least each of the ascending values (n,); None without a spread.

    A power or the logarithm makes the middle of the values as nearly normal as possible. The share `removed` of the
    largest values is left out of it.
    """
    from scipy.special import ndtr, ndtri

    scores = ndtri(_BODY)
    best: tuple[float, np.ndarray] | None = None
    for shift in _shifts(ordered):
        moved = np.maximum(ordered - shift, 0.0)
        for power in _POWERS:
            made = moved**power if power else np.log(np.maximum(moved, np.finfo(float).tiny))
            body = quantile(made, _BODY * (1 - removed), weight)
            slope, middle = np.polyfit(scores, body, 1)
            if not np.isfinite(slope) or slope <= 1e-9 * max(1.0, abs(middle)) or np.ptp(body[20:]) == 0:
                continue
            misfit = float(np.square(body - middle - slope * scores).mean()) / slope**2
            if best is None or misfit < best[0]:
                best = misfit, (made - middle) / slope
    return None if best is None else ndtr(-best[1] / _WIDER)


def _shifts(ordered: np.ndarray) -> list[float]:
    """Return the possible zeros of values: 0 if none is negative, and slightly less than the least value."""
    below = float(ordered[0] - 0.1 * (np.median(ordered) - ordered[0]))
    return [0.0, below] if ordered[0] >= 0 else [below]
