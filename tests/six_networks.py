"""Six networks on the digits that all look trained: what the diagnosis and the report must tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from sklearn.datasets import load_digits

from narrows import Autoencoder, SparseAutoencoder, VariationalAutoencoder

DIGITS = load_digits()
X = DIGITS.images.astype(np.float32) / 16


@dataclass(frozen=True, eq=False)
class Case:
    """A fitted network, the rows of its fit, and words that its headline must hold."""

    model: Autoencoder
    rows: np.ndarray
    words: tuple[str, ...]


def fitted(kind: type[Autoencoder] = Autoencoder, rows: np.ndarray = X, **settings) -> Autoencoder:
    """Any of them, on the CPU and from one seed."""
    return kind(**({"random_state": 0, "device": "cpu"} | settings)).fit(rows)


@cache
def good() -> Case:
    model = fitted(n_components=10, corruption="gaussian", level=0.1, epochs=20)
    return Case(model, X, ("generalises to new", "Nothing is badly wrong"))


@cache
def copying() -> Case:
    return Case(fitted(n_components=128, hidden_layer_sizes=(), epochs=20), X, ("passes its input through",))


@cache
def collapsed() -> Case:
    return Case(fitted(VariationalAutoencoder, n_components=8, beta=50, epochs=5), X, ("collapsed",))


@cache
def dead() -> Case:
    model = fitted(SparseAutoencoder, n_components=32, penalty="l1", penalty_weight=0.3, epochs=15)
    return Case(model, X, ("code is dead",))


@cache
def overfitted() -> Case:
    settings = {"n_components": 32, "hidden_layer_sizes": (256,), "epochs": 120, "early_stopping": False}
    settings["validation_fraction"] = 0.3  # fewer than 30 rows allow no verdict
    return Case(fitted(rows=X[:100], **settings), X[:100], ("overfits",))


@cache
def one_epoch() -> Case:
    return Case(fitted(n_components=8, epochs=1), X, ("once or twice",))


ALL = (good, copying, collapsed, dead, overfitted, one_epoch)
