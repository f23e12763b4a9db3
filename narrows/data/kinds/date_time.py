"""Dates and times: a trend, and the cycles of days, weeks and years."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from narrows.data.frames.columns import is_missing
from narrows.data.kinds.column_kind import Loss, restored_columns, restored_numbers, restored_whole

# In seconds since 1970, coarse to fine: from the trend on, each corrects what the one before left open.
PERIODS = {"year": 365.2425 * 86400, "week": 7 * 86400.0, "day": 86400.0}
STEPS = {"days": 86400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0}
SURE = 0.5  # length of a decoded (sin, cos) from which on it says something


@dataclass(frozen=True, eq=False)
class DateTime:
    """One column: standardised time, and sine and cosine of each cycle that the training rows cover."""

    name: ClassVar[str] = "date"
    word: ClassVar[str] = "date"
    loss: ClassVar[Loss] = "square"

    columns: np.ndarray
    mean: float
    """Seconds since 1970."""
    spread: float
    """Seconds."""
    low: int
    """The first date of the training rows, in steps of the dtype."""
    high: int
    """The last."""
    cycles: tuple[str, ...]
    step: str | None
    """Coarsest unit in which every training value is a whole number: "days", "hours", ...; None below seconds."""
    variance: float
    """Variance, summed over the floats."""
    dtype: str

    @classmethod
    def learn(cls, column: int, values: np.ndarray, weight: np.ndarray) -> DateTime:
        """Learn from present dates (n,), at least two of them different, and their weights (n,)."""
        seconds = _seconds(values)
        share = weight / weight.sum()
        mean = float(share @ seconds)
        spread = float(np.sqrt(share @ np.square(seconds - mean)))
        reach = float(np.ptp(seconds))
        cycles = tuple(
            name
            for name, period in PERIODS.items()
            if reach >= period and float(np.ptp(np.mod(seconds, period))) > 1e-3
        )
        step = next((name for name, size in STEPS.items() if not np.mod(seconds, size).any()), None)
        whole = values.astype(np.int64)
        low, high = int(whole.min()), int(whole.max())
        draft = cls(np.array([column]), mean, spread, low, high, cycles, step, 1.0, values.dtype.name)
        floats = draft.encode(values[:, None])
        variance = float((share @ np.square(floats - share @ floats)).sum())
        return cls(draft.columns, mean, spread, low, high, cycles, step, variance, values.dtype.name)

    @property
    def periods(self) -> list[float]:
        """Periods of the cycles, in seconds."""
        return [PERIODS[name] for name in self.cycles]

    @property
    def step_seconds(self) -> float | None:
        return None if self.step is None else STEPS[self.step]

    @property
    def float_columns(self) -> np.ndarray:
        return np.repeat(self.columns, 1 + 2 * len(self.cycles))

    @property
    def float_words(self) -> list[str]:
        return ["", *(f": {wave} of the {name}" for name in self.cycles for wave in ("sine", "cosine"))]

    @property
    def costs(self) -> np.ndarray:
        return np.array([self.variance])

    def encode(self, block: np.ndarray) -> np.ndarray:
        missing = is_missing(block[:, 0])
        seconds = _seconds(np.where(missing, np.datetime64(0, "s"), block[:, 0]))
        floats = np.empty((len(block), 1 + 2 * len(self.cycles)))
        floats[:, 0] = (seconds - self.mean) / self.spread
        for i, name in enumerate(self.cycles):
            angle = 2 * np.pi * np.mod(seconds, PERIODS[name]) / PERIODS[name]
            floats[:, 1 + 2 * i], floats[:, 2 + 2 * i] = np.sin(angle), np.cos(angle)
        floats[missing] = 0.0
        return floats

    def decode(self, floats: np.ndarray) -> np.ndarray:
        floats = floats.astype(np.float64)
        seconds = floats[:, 0] * self.spread + self.mean
        for i, name in enumerate(self.cycles):
            sine, cosine = floats[:, 1 + 2 * i], floats[:, 2 + 2 * i]
            period = PERIODS[name]
            phase = np.arctan2(sine, cosine) / (2 * np.pi) * period
            nearest = phase + period * np.rint((seconds - phase) / period)
            seconds = np.where(np.hypot(sine, cosine) > SURE, nearest, seconds)
        if self.step is not None:
            seconds = np.rint(seconds / STEPS[self.step]) * STEPS[self.step]
        dtype = np.dtype(self.dtype)
        per_second = float(np.timedelta64(1, "s") / np.timedelta64(1, np.datetime_data(dtype)[0]))
        seconds = np.clip(seconds, self.low / per_second, self.high / per_second)
        # float64 does not hold today's nanoseconds, so seconds and their fraction are converted apart.
        whole = np.clip(np.floor(seconds), -(2.0**53), 2.0**53)
        moments = np.rint(whole * per_second) if per_second < 1 else whole.astype(np.int64) * int(per_second)
        if per_second >= 1:
            moments = moments + np.rint((seconds - whole) * per_second).astype(np.int64)
        return moments.astype(np.int64).clip(self.low, self.high).view(dtype)[:, None]

    def describe(self) -> dict:
        return {
            "kind": self.name,
            "low": self.low,
            "high": self.high,
            "cycles": list(self.cycles),
            "step": self.step,
            "variance": self.variance,
            "dtype": self.dtype,
        }

    def arrays(self) -> dict[str, np.ndarray]:
        return {"columns": self.columns, "moments": np.array([self.mean, self.spread])}

    @classmethod
    def restore(cls, description: dict, arrays: dict[str, np.ndarray]) -> DateTime:
        mean, spread = restored_numbers(arrays, "moments")[0]
        low, high = restored_whole(description, "low", "high")
        cycles, step, dtype = tuple(description["cycles"]), description["step"], np.dtype(description["dtype"])
        if low > high:
            raise ValueError("the range of a date is empty")
        if not spread > 0 or not float(description["variance"]) > 0 or dtype.kind != "M":
            raise ValueError("a date needs a spread above zero and a dtype of dates")
        if any(name not in PERIODS for name in cycles) or not (step is None or step in STEPS):
            raise ValueError("a date has a cycle or a step that is not known")
        return cls(
            restored_columns(arrays, 1),
            float(mean),
            float(spread),
            low,
            high,
            cycles,
            step,
            float(description["variance"]),
            dtype.name,
        )


def _seconds(values: np.ndarray) -> np.ndarray:
    """Return seconds since 1970, float64 (n,)."""
    whole = values.astype("datetime64[s]")
    return whole.astype(np.int64) + (values - whole) / np.timedelta64(1, "s")
