"""Skewed numbers and ratings: their rank among the training values, as a standard normal score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from narrows.data.frames.columns import is_missing
from narrows.data.kinds.column_kind import Loss, restored_columns, restored_numbers
from narrows.data.kinds.number_summary import FREE, MOST_DECIMALS, rounded

_MAX_KNOTS = 1000
_FARTHEST = 4.0  # a rare level of a rating is no outlier
_AWAY = 1 / 8  # of the way between two levels of a rating, in which a float is always the nearer one


@dataclass(frozen=True, eq=False)
class Quantile:
    """One column, one float: the normal score of its quantile, piecewise linear between stored knots.

    Beyond the training range the float goes on with the slope of a standardised column, so that an outlier stays one.
    """

    name: ClassVar[str] = "quantile"
    word: ClassVar[str] = "numeric"
    loss: ClassVar[Loss] = "square"

    columns: np.ndarray
    knots: np.ndarray
    """(m,), rising, in the user's units; the first and the last are the extremes of the training rows."""
    scores: np.ndarray
    """(m,), rising: the floats of the knots; over the training rows they have mean 0 and variance 1."""
    spread: float
    """Standard deviation in the user's units."""
    decimals: int = FREE
    """To how many a decoded cell is rounded, whatever its dtype; -1 for not at all."""
    cuts: np.ndarray | None = None
    """(m - 1,), rising: of a rating, whose cells are knots and nothing between, the floats where one begins to be
    decoded as the next knot; None for other numbers."""
    common: float | None = None
    """The value that a mask of its own encodes (see `CommonValue`): such a cell is 0 here, and not among the knots."""

    @classmethod
    def learn(
        cls,
        column: int,
        values: np.ndarray,
        weight: np.ndarray,
        *,
        spread: float,
        decimals: int = FREE,
        is_rating: bool = False,
        common: float | None = None,
    ) -> Quantile:
        """From the values (n,) that are there, two different ones at least, and their weights (n,)."""
        from scipy.special import ndtri

        distinct, place = np.unique(values.astype(np.float64), return_inverse=True)
        share = np.bincount(place, weights=weight)
        share /= share.sum()
        scores = ndtri(np.clip(np.cumsum(share) - share / 2, 1e-12, 1 - 1e-12))  # the middle of a tie
        if is_rating:
            scores = _stretched(scores, share)
        if len(distinct) > _MAX_KNOTS:
            at = np.searchsorted(np.cumsum(share), np.linspace(0, 1, _MAX_KNOTS))
            kept = np.unique(np.concatenate([[0], np.minimum(at, len(distinct) - 1), [len(distinct) - 1]]))
        else:
            kept = np.arange(len(distinct))
        # Rows of next to no weight share a score with their neighbours; of these the extremes alone are knots.
        rising = np.diff(scores[kept], prepend=-np.inf) > 0
        while len(kept) > 2 and not rising[1:].all():
            rising[-1] = rising[0] = True
            if rising.all():  # only the last does not rise
                rising[-2] = False
            kept = kept[rising]
            rising = np.diff(scores[kept], prepend=-np.inf) > 0
        knots = distinct[kept]
        # Of the floats as they will be: between knots they are not the scores themselves.
        floats = np.interp(distinct, knots, scores[kept])
        mean = share @ floats
        scores = (scores[kept] - mean) / np.sqrt(share @ np.square(floats - mean))
        cuts = _cuts(scores, np.cumsum(share)[kept[:-1]]) if is_rating else None
        return cls(np.array([column]), knots, scores, spread, decimals, cuts, common)

    @property
    def float_columns(self) -> np.ndarray:
        return self.columns

    @property
    def float_words(self) -> list[str]:
        return [""]

    @property
    def costs(self) -> np.ndarray:
        return np.ones(1)

    def encode(self, block: np.ndarray) -> np.ndarray:
        values = block.astype(np.float64)
        missing = is_missing(values) if self.common is None else is_missing(values) | (values == self.common)
        floats = np.interp(values, self.knots, self.scores)
        floats += (values - np.clip(values, self.knots[0], self.knots[-1])) / self.spread
        floats[missing] = 0.0
        return floats

    def decode(self, floats: np.ndarray) -> np.ndarray:
        floats = floats.astype(np.float64)
        if self.cuts is not None:
            return self.knots[np.searchsorted(self.cuts, floats)]
        values = np.interp(floats, self.scores, self.knots)
        return values if self.decimals == FREE else rounded(values, self.decimals)

    def describe(self) -> dict:
        return {"kind": self.name, "decimals": self.decimals, "spread": self.spread, "common": self.common}

    def arrays(self) -> dict[str, np.ndarray]:
        cuts = {} if self.cuts is None else {"cuts": self.cuts}
        return {"columns": self.columns, "knots": self.knots, "scores": self.scores, **cuts}

    @classmethod
    def restore(cls, description: dict, arrays: dict[str, np.ndarray]) -> Quantile:
        knots, scores = restored_numbers(arrays, "knots", "scores")
        (cuts,) = restored_numbers(arrays, "cuts") if "cuts" in arrays else (None,)
        spread, common = float(description["spread"]), description.get("common")
        # Models saved before there were decimals say whether the numbers are whole.
        decimals = description["decimals"] if "decimals" in description else 0 if description["whole"] else FREE
        if len(knots) < 2 or not (np.diff(knots) > 0).all() or not (np.diff(scores) > 0).all():
            raise ValueError("the knots of a quantile kind do not rise")
        if cuts is not None and (len(cuts) != len(knots) - 1 or not (np.diff(cuts) > 0).all()):
            raise ValueError("the cuts of a quantile kind do not rise, one between two knots")
        if not 0 < spread < np.inf or decimals not in range(FREE, MOST_DECIMALS + 1):
            raise ValueError("a quantile kind needs a positive spread and from -1 to 6 decimals")
        common = None if common is None else float(common)
        return cls(restored_columns(arrays, 1), knots, scores, spread, decimals, cuts, common)


def _stretched(scores: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Scores of a rating's levels (m,) with the outer two moved outwards until mean and variance are 0 and 1.

    Numbers drawn from a normal distribution that has their mean and variance then fall to the levels by their shares,
    which they would not among scores that have drawn together as ties do.
    """
    outer, inner = np.array([0, -1]), slice(1, -1)
    weight = share[outer].sum()
    middle = -(share[inner] @ scores[inner]) / weight
    variance = (1 - share[inner] @ np.square(scores[inner])) / weight - middle**2
    if variance <= 0:
        return scores
    way = np.sqrt(variance * share[outer[::-1]] / share[outer])
    stretched = scores.copy()
    stretched[0] = min(scores[0], max(middle - way[0], -_FARTHEST))
    stretched[-1] = max(scores[-1], min(middle + way[1], _FARTHEST))
    return stretched


def _cuts(scores: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Where the knots (m,) part so that standard normal floats have their shares: (m - 1,); `below` are the sums of
    the shares.

    Each cut keeps away from both its neighbours, so that an answer near a knot is always that knot.
    """
    from scipy.special import ndtri

    away = _AWAY * np.diff(scores)
    return np.clip(ndtri(below.clip(1e-12, 1 - 1e-12)), scores[:-1] + away, scores[1:] - away)
