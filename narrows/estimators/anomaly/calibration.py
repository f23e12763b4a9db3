"""The calibration rows of a detector: their scores and weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narrows.estimators.anomaly import thresholds


@dataclass(frozen=True, eq=False)
class Calibration:
    """Scores that set the threshold.

    Parameters
    ----------
    scores : ndarray of shape (m,)
        Ascending.
    weight : ndarray of shape (m,) or None
        Of mean 1.
    """

    scores: np.ndarray
    weight: np.ndarray | None = None

    @classmethod
    def of(cls, scores: np.ndarray, weight: np.ndarray | None) -> Calibration:
        """Return the calibration rows with these scores (m,), in any order, and weights."""
        if weight is None:
            return cls(np.sort(scores))
        order = np.argsort(scores, kind="stable")
        return cls(scores[order], weight[order])

    def p_values(self, scores: np.ndarray) -> np.ndarray:
        """Return the conformal p-values (n,) of scores."""
        return thresholds.p_values(scores, self.scores, self.weight)
