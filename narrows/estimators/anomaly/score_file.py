"""Numbers of many rows in a temporary file, with their exact order statistics in constant memory."""

from __future__ import annotations

import math
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from narrows.errors import full_disk_as_data_error

_IN_MEMORY = 1 << 23  # bytes that stay in memory
_AT_ONCE = 1 << 20  # numbers in memory at once
_DIGIT, _N_DIGITS = 16, 4  # bits of a digit, and digits of a number, of the search for an order statistic


class ScoreFile:
    """Numbers of rows (n,), such as anomaly scores, in the order in which they are added.

    Beyond 8 MB they are in a temporary file in ``TMPDIR``, which is deleted with the process. Memory does not grow
    with n.
    """

    def __init__(self, parts: Iterable[np.ndarray] = ()) -> None:
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY, prefix="narrows-")  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._dtype: np.dtype | None = None
        self._n, self.min, self.max = 0, math.inf, -math.inf
        for part in parts:
            self.add(part)

    def add(self, values: np.ndarray) -> None:
        """Append numbers (n,), all of one dtype; DataError where the disk is full."""
        self._dtype = self._dtype or values.dtype
        self._file.seek(self._n * self._dtype.itemsize)
        with full_disk_as_data_error("the scores of the rows"):
            self._file.write(np.ascontiguousarray(values, dtype=self._dtype).data.cast("B"))
            self._file.flush()
        self._n += len(values)
        if len(values):
            self.min, self.max = min(self.min, float(values.min())), max(self.max, float(values.max()))

    def __len__(self) -> int:
        return self._n

    def between(self, start: int, stop: int) -> np.ndarray:
        """Return the numbers of the rows from `start` to `stop`, without the last."""
        assert self._dtype is not None
        size = self._dtype.itemsize
        self._file.seek(start * size)
        return np.frombuffer(self._file.read((min(stop, self._n) - start) * size), self._dtype)

    def parts(self) -> Iterator[np.ndarray]:
        """Yield all numbers in their order, about a million at a time."""
        for start in range(0, self._n, _AT_ONCE):
            yield self.between(start, start + _AT_ONCE)

    def all(self) -> np.ndarray:
        """Return all numbers (n,), in memory."""
        return self.between(0, self._n)

    @property
    def mean(self) -> float:
        """The mean, the same to the bit whatever the parts in which the numbers were added."""
        return math.fsum(float(part.sum(dtype=np.float64)) for part in self.parts()) / self._n

    @property
    def median(self) -> float:
        """The median, exactly; the mean of the two in the middle of an even number."""
        low = self._smallest((self._n - 1) // 2)
        return low if self._n % 2 else (low + self._smallest(self._n // 2)) / 2

    def largest(self, n: int) -> Largest:
        """Return which rows have the n largest numbers."""
        if n <= 0:
            return Largest(math.inf, 0)
        if n >= self._n:
            return Largest(-math.inf, self._n)
        limit = self._smallest(self._n - n)
        n_above = sum(int(np.count_nonzero(part > limit)) for part in self.parts())
        return Largest(limit, n - n_above)

    def places_of_largest(self, n: int) -> list[int]:
        """Return the positions of the n largest numbers, largest first; of equal numbers the first."""
        largest, start, found = self.largest(n), 0, []
        for part in self.parts():
            places = np.flatnonzero(largest.next(part))
            found += zip((-part[places]).tolist(), (start + places).tolist(), strict=True)
            start += len(part)
        return [place for _, place in sorted(found)]

    def _smallest(self, k: int) -> float:
        """Return the k-th smallest number, from 0, digit by digit of its bits: one pass over the file for each."""
        found = np.uint64(0)
        for digit in reversed(range(_N_DIGITS)):
            shift = np.uint64(_DIGIT * digit)
            counts = np.zeros(1 << _DIGIT, np.int64)
            for part in self.parts():
                keys = _sortable(part)
                if digit < _N_DIGITS - 1:
                    above = shift + np.uint64(_DIGIT)
                    keys = keys[keys >> above == found >> above]
                digits = (keys >> shift & np.uint64((1 << _DIGIT) - 1)).astype(np.intp)
                counts += np.bincount(digits, minlength=1 << _DIGIT)
            up_to = np.cumsum(counts)
            bucket = int(np.searchsorted(up_to, k, side="right"))
            k -= int(up_to[bucket] - counts[bucket])
            found |= np.uint64(bucket) << shift
        return _number(found)


@dataclass
class Largest:
    """Decides which numbers are among the n largest, part by part in the order of the rows.

    Parameters
    ----------
    limit : float
        The least of them.
    n_equal : int
        How many of the numbers that equal it are among them, the first ones.
    """

    limit: float
    n_equal: int

    def next(self, values: np.ndarray) -> np.ndarray:
        """Return a mask (n,) of the next numbers (n,)."""
        found = values > self.limit
        if self.n_equal:
            places = np.flatnonzero(values == self.limit)[: self.n_equal]
            found[places] = True
            self.n_equal -= len(places)
        return found


_SIGN = np.uint64(1 << 63)


def _sortable(values: np.ndarray) -> np.ndarray:
    """Return whole numbers (n,) that are in the order of the values: their bits, with those of the sign changed."""
    bits = (values.astype(np.float64) + 0.0).view(np.uint64)  # + 0.0 makes -0.0 equal to 0.0
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def _number(key: np.uint64) -> float:
    """Return the value of a whole number of `_sortable`."""
    bits = np.array([key ^ _SIGN if key & _SIGN else ~key], np.uint64)
    return float(bits.view(np.float64)[0])
