"""The sets that papers use, as floats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narrows.data import load_set


@dataclass(frozen=True, eq=False)
class TrainTest:
    """Rows to learn from and rows to measure on: x float32 (n, d), labels (n,) or None."""

    train: np.ndarray
    test: np.ndarray
    train_labels: np.ndarray | None = None
    test_labels: np.ndarray | None = None

    def first(self, n_train: int, n_test: int) -> TrainTest:
        """The first rows of each part."""
        labels = (self.train_labels, self.test_labels)
        shorter = (None if y is None else y[:n] for y, n in zip(labels, (n_train, n_test), strict=True))
        return TrainTest(self.train[:n_train], self.test[:n_test], *shorter)


def pixels(name: str) -> TrainTest:
    """A known set of 8-bit images, such as "mnist": pixels in [0, 1], (n, height * width).

    Raises DownloadError where the set is neither here nor can be fetched.
    """
    train, test = load_set(name)
    assert test is not None
    x, x_test = (np.asarray(part.block(), np.float32) / np.float32(255) for part in (train, test))
    return TrainTest(x, x_test, train.labels, test.labels)
