"""Which scores are alarms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from narrows.errors import IdleParameterWarning, warn
from narrows.estimators.anomaly import thresholds
from narrows.estimators.anomaly.calibration import Calibration
from narrows.estimators.anomaly.regime import Regime
from narrows.estimators.anomaly.score_file import ScoreFile

Threshold = Literal["contamination", "conformal", "benjamini-hochberg", "budget"]
JUDGE_TOGETHER = {"benjamini-hochberg": "conformal", "budget": "contamination"}
"""Thresholds by which the alarms among some rows depend on the scores of all -> that of single rows after the same fit.
"""


@dataclass(frozen=True)
class AlarmRule:
    """The rule by which a detector labels rows, from its constructor parameters.

    Parameters
    ----------
    threshold : {"contamination", "conformal", "benjamini-hochberg", "budget"}
    contamination : float or "auto"
    alpha : float
    budget : int or None
    """

    threshold: Threshold
    contamination: float | Literal["auto"]
    alpha: float
    budget: int | None

    @property
    def is_strict(self) -> bool:
        """Whether the rule guarantees a rate of false alarms."""
        return self.threshold in ("conformal", "benjamini-hochberg")

    @property
    def of_limit(self) -> tuple[str, object]:
        """The parameter that sets the limit at the fit, and its value."""
        return ("alpha", self.alpha) if self.is_strict else ("contamination", self.contamination)

    def warn_of_change(self, fitted: AlarmRule | None) -> None:
        """Warn of a rule that needs another fit than that by the rule `fitted`; None of a fit that is not known."""
        if fitted is None or self.threshold == "budget" or self.of_limit == fitted.of_limit:
            return
        if self.threshold == "benjamini-hochberg":  # it judges p-values by any alpha
            if not fitted.is_strict:
                warn(
                    "threshold='benjamini-hochberg' guarantees its rate only after a fit with it: the last fit held no "
                    "rows out for a guarantee.",
                    IdleParameterWarning,
                )
            return
        (name, value), (name_of_fit, value_of_fit) = self.of_limit, fitted.of_limit
        warn(
            f"threshold={self.threshold!r} with {name}={value!r} has no effect before the next fit: rows are judged by "
            f"the {name_of_fit}={value_of_fit!r} of the last one.",
            IdleParameterWarning,
        )

    def limit(self, calibration: Calibration, regime: Regime | None) -> float:
        """Return the score above which a row is an alarm; `regime` gives the share for contamination="auto"."""
        if self.is_strict:
            return thresholds.conformal_threshold(calibration.scores, self.alpha, calibration.weight)
        share = self.contamination if regime is None else regime.share
        assert not isinstance(share, str)
        return thresholds.contamination_threshold(calibration.scores, share, calibration.weight)

    def alarms(self, scores: np.ndarray, calibration: Calibration, limit: float) -> np.ndarray:
        """Return which of the scores (n,) of one call are alarms (n,)."""
        if self.threshold == "benjamini-hochberg":
            return thresholds.benjamini_hochberg(calibration.p_values(scores), self.alpha)
        if self.threshold == "budget":
            assert self.budget is not None
            return thresholds.most_abnormal(scores, self.budget)
        return scores > limit

    def alarms_in_parts(
        self, scores: ScoreFile, calibration: Calibration, limit: float
    ) -> Callable[[np.ndarray], np.ndarray]:
        """Return a function that gives the alarms of consecutive parts of the scores; together those of `alarms`."""
        if self.threshold == "benjamini-hochberg":
            counts: Counter[float] = Counter()  # of different p-values: at most one more than calibration rows
            for part in scores.parts():
                values, n = np.unique(calibration.p_values(part), return_counts=True)
                counts.update(dict(zip(values.tolist(), n.tolist(), strict=True)))
            values = sorted(counts)
            n_each = np.array([counts[value] for value in values])
            largest = thresholds.benjamini_hochberg_limit(np.array(values), n_each, self.alpha)
            return lambda part: calibration.p_values(part) <= largest
        if self.threshold == "budget":
            assert self.budget is not None
            return scores.largest(self.budget).next
        return lambda part: part > limit
