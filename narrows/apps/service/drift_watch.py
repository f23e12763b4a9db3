"""The last rows that a model scored: shares of alarms, missing values and unknown levels; drift since the fit."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from narrows.data import Rows
    from narrows.estimators.anomaly.calibration import Calibration

MOST_WATCHED = 10_000
_MOST_FLOATS = 1 << 24  # 64 MiB
_FEWEST = 50
_EVERY = 10.0  # seconds between two computations of the drift


class DriftWatch:
    """Keeps the last rows that a model scored, encoded.

    Parameters
    ----------
    model : Autoencoder or AnomalyDetector
    reference : str or None
        Path of rows of the fit, for a model that stores none.
    """

    def __init__(self, model: Any, reference: str | None = None) -> None:
        import numpy as np

        self._model = model
        width = model.schema_.n_floats
        self.size = max(1, min(MOST_WATCHED, _MOST_FLOATS // max(1, width)))
        self._floats = np.empty((self.size, width), np.float32)
        self._scores = np.empty(self.size)
        self._flags = np.empty((self.size, 3))  # alarm, share of missing cells, unknown level
        self._lock = threading.Lock()
        self._n_seen = 0
        self._then = _rows_of_fit(model, reference)
        self._drift: tuple[float, dict[str, float], float | None] | None = None

    def add(self, rows: Rows, results: dict[str, np.ndarray], floats: np.ndarray | None) -> None:
        """Keep rows and their scores."""
        import numpy as np

        from narrows.data import is_missing

        rows, results = rows.take(slice(-self.size, None)), {k: v[-self.size :] for k, v in results.items()}
        schema = self._model.schema_
        floats = _encoded(self._model, rows) if floats is None else floats[-self.size :]
        gaps = np.mean([is_missing(rows.column(i)) for i in schema.learned_columns], axis=0)
        unknown = schema.unknown_levels(rows).found.any(axis=1)
        alarms = results.get("anomaly", np.zeros(len(rows)))
        with self._lock:
            places = (self._n_seen + np.arange(len(rows))) % self.size
            self._floats[places] = floats
            self._scores[places] = next(iter(results.values()))
            self._flags[places] = np.column_stack([alarms, gaps, unknown])
            self._n_seen += len(rows)

    def shares(self) -> dict[str, float]:
        """Return the number of watched rows, and the shares of alarms, missing cells and rows with unknown levels."""
        with self._lock:
            n = min(self._n_seen, self.size)
            means = self._flags[:n].mean(axis=0).tolist() if n else [0.0, 0.0, 0.0]
        return {"rows": float(n), "alarms": means[0], "missing": means[1], "unknown": means[2]}

    def drift(self) -> tuple[dict[str, float], float | None]:
        """Return the Kolmogorov-Smirnov statistic of each column and of the scores against rows of the fit.

        Empty, and None, without such rows or with fewer than 50 watched ones. Computed at most every ten seconds.
        """
        from narrows.insight.drift import column_statistics, statistic

        if self._then is None:
            return {}, None
        with self._lock:
            if self._drift is not None and time.monotonic() < self._drift[0]:
                return self._drift[1:]
            n = min(self._n_seen, self.size)
            floats, scores = self._floats[:n].copy(), self._scores[:n].copy()
        if n < _FEWEST:
            return {}, None
        then, calibration = self._then
        of_scores = statistic(calibration.scores, scores, calibration.weight)
        found = column_statistics(self._model.schema_, then, floats), of_scores
        with self._lock:
            self._drift = (time.monotonic() + _EVERY, *found)
        return found


def _rows_of_fit(model: Any, reference: str | None) -> tuple[np.ndarray, Calibration] | None:
    """Return encoded rows of the fit and their scores; None where they were not saved."""
    from narrows.data import read
    from narrows.estimators import AnomalyDetector
    from narrows.estimators.anomaly.calibration import Calibration
    from narrows.insight.drift import own_rows

    if isinstance(model, AnomalyDetector) and model.scorer_.references is not None:
        return own_rows(model)
    if reference is None:
        return None
    rows = model.schema_.align(read(reference, schema=model.schema_, errors="flag")).sampled(MOST_WATCHED)
    scores = -model.score_samples(rows) if isinstance(model, AnomalyDetector) else model.reconstruction_error(rows)
    return _encoded(model, rows), Calibration.of(scores, None)


def _encoded(model: Any, rows: Rows) -> np.ndarray:
    from narrows.estimators import AnomalyDetector

    return model.encode_rows(rows, units=False) if isinstance(model, AnomalyDetector) else model.state_.encode(rows)
