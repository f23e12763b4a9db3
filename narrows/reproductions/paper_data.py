"""Data sets of the papers, as floats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narrows.data import load_set


@dataclass(frozen=True, eq=False)
class TrainTest:
    """Training and test rows, float32 (n, d), and their labels (n,) or None."""

    train: np.ndarray
    test: np.ndarray
    train_labels: np.ndarray | None = None
    test_labels: np.ndarray | None = None

    def first(self, n_train: int, n_test: int) -> TrainTest:
        """Return the first rows of both parts."""
        labels = (self.train_labels, self.test_labels)
        shorter = (None if y is None else y[:n] for y, n in zip(labels, (n_train, n_test), strict=True))
        return TrainTest(self.train[:n_train], self.test[:n_test], *shorter)


def pixels(name: str) -> TrainTest:
    """Return a known set of 8-bit images, such as "mnist": pixels in [0, 1], (n, height * width).

    Raises DownloadError if the set is not on this machine and cannot be downloaded.
    """
    train, test = load_set(name)
    assert test is not None
    x, x_test = (np.asarray(part.block(), np.float32) / np.float32(255) for part in (train, test))
    return TrainTest(x, x_test, train.labels, test.labels)
