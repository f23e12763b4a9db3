"""Rows to train on: MNIST where it is at hand, and made tables."""

from __future__ import annotations

import numpy as np

from narrows.data import load_set
from narrows.errors import NarrowsError


def pixels(n: int, n_held_out: int = 1000) -> tuple[np.ndarray, np.ndarray, str]:
    """(n, 784) training and held-out rows in [0, 1], and what they are."""
    try:
        train, test = load_set("mnist")
    except NarrowsError:
        rng = np.random.default_rng(0)
        logits = rng.standard_normal((n + n_held_out, 20)) @ rng.standard_normal((20, 784)) - 1
        made = (1 / (1 + np.exp(-logits))).astype(np.float32)
        return made[:n], made[n:], "made pixels (20 factors)"
    assert test is not None
    train_x, test_x = (np.asarray(rows.block(), dtype=np.float32) / 255 for rows in (train, test))
    return np.resize(train_x, (n, 784)), test_x[:n_held_out], "MNIST"


def table(n: int, n_held_out: int = 1000) -> tuple[np.ndarray, np.ndarray, str]:
    """(n, 30) training and held-out rows, standardised: six curved factors and noise."""
    rng = np.random.default_rng(0)
    factors = np.tanh(rng.standard_normal((n + n_held_out, 6)) @ rng.standard_normal((6, 30)))
    x = factors + 0.1 * rng.standard_normal(factors.shape)
    x = ((x - x.mean(0)) / x.std(0)).astype(np.float32)
    return x[:n], x[n:], "a made table (6 curved factors and noise)"
