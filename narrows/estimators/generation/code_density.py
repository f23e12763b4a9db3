"""The density of the codes of the training rows: a mixture of normal densities, whole or for each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from narrows.errors import SettingError

_COUNTS = (1, 2, 4, 8, 16, 32)  # of components, tried in this order
_HELD = 0.2  # share of the rows whose codes decide on the number of components
_FEWEST = 5  # rows for each mean and variance that a component learns
_REGULARISATION = 1e-6  # of the mean variance of a code unit, added to every variance


@dataclass(frozen=True, eq=False)
class CodeDensity:
    """A mixture of m normal densities over codes of k values.

    Fitted to draws from the posteriors of the training rows, it stands for their aggregate posterior, from which a
    variational model generates better rows than from its prior (Tomczak & Welling 2018; Ghosh et al. 2020, section 4).

    Parameters
    ----------
    weights : ndarray of shape (m,)
        They sum to 1.
    means : ndarray of shape (m, k)
    factors : ndarray of shape (m, k, k)
        Lower Cholesky factors of the covariances.
    classes : tuple
        The labels of the training rows, distinct; empty where there were none.
    class_of : ndarray of int of shape (m,)
        Index in `classes` of each component's rows; -1 without classes.
    """

    weights: np.ndarray
    means: np.ndarray
    factors: np.ndarray
    classes: tuple[Any, ...] = ()
    class_of: np.ndarray | None = None

    @classmethod
    def fit(cls, codes: np.ndarray, labels: np.ndarray | None = None, *, seed: int = 0) -> CodeDensity:
        """Fit to codes (n, k), one row each; with labels (n,) a mixture for every class, weighted by its rows."""
        if labels is None:
            return cls(*_mixture(codes, seed))
        classes, place = np.unique(labels, return_inverse=True)
        parts = [_mixture(codes[place == i], seed) for i in range(len(classes))]
        share = np.bincount(place) / len(place)
        return cls(
            np.concatenate([of * part[0] for of, part in zip(share, parts, strict=True)]),
            np.concatenate([part[1] for part in parts]),
            np.concatenate([part[2] for part in parts]),
            tuple(classes.tolist()),
            np.repeat(np.arange(len(classes)), [len(part[0]) for part in parts]),
        )

    def draw(self, n: int, rng: np.random.Generator, *, label: Any = None) -> np.ndarray:
        """Draw codes, float32 (n, k); with a label, of rows of that class."""
        weights = self.weights
        if label is not None:
            weights = np.where(self.class_of == self._index(label), weights, 0.0)
        which = rng.choice(len(weights), size=n, p=weights / weights.sum())
        noise = rng.standard_normal((n, self.means.shape[1]))
        codes = np.empty_like(noise)
        for i in np.unique(which):
            at = which == i
            codes[at] = self.means[i] + noise[at] @ self.factors[i].T
        return codes.astype(np.float32)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the numbers of the mixture by name."""
        more = {} if self.class_of is None else {"class_of": self.class_of.astype(np.int64)}
        return {"weights": self.weights, "means": self.means, "factors": self.factors, **more}

    @classmethod
    def restore(cls, classes: Sequence[Any], arrays: Mapping[str, np.ndarray], width: int) -> CodeDensity:
        """Return the inverse of `arrays`; ValueError or KeyError on nonsense."""
        weights, means, factors = (np.asarray(arrays[name]) for name in ("weights", "means", "factors"))
        m = len(weights)
        if means.shape != (m, width) or factors.shape != (m, width, width) or weights.shape != (m,) or not m:
            raise ValueError("the density of the codes has arrays of other shapes than its code")
        if not all(np.isfinite(a).all() for a in (weights, means, factors)) or weights.min() < 0 or not weights.any():
            raise ValueError("the density of the codes has weights or numbers that no density has")
        class_of = np.asarray(arrays["class_of"]) if "class_of" in arrays else None
        if (class_of is None) != (not classes) or (
            class_of is not None and (class_of.shape != (m,) or not np.isin(class_of, range(len(classes))).all())
        ):
            raise ValueError("the density of the codes names classes that it does not have")
        return cls(weights / weights.sum(), means, factors, tuple(classes), class_of)

    def _index(self, label: Any) -> int:
        if not self.classes:
            raise SettingError(
                "The model knows no classes of its rows; fit it with their labels, fit(X, y), or give a column: "
                "given={'name': value}."
            )
        for i, known in enumerate(self.classes):
            if known == label or str(known) == str(label):
                return i
        names = ", ".join(str(known) for known in self.classes[:10])
        raise SettingError(f"No training row has the label {label!r}; the labels are {names}.")


def _mixture(codes: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return weights (m,), means (m, k) and factors (m, k, k) of the mixture that held-out codes are likeliest in."""
    codes = codes.astype(np.float64)
    center, scale = codes.mean(axis=0), np.maximum(codes.std(axis=0), 1e-12)
    codes = (codes - center) / scale
    n, k = codes.shape
    if n <= _FEWEST * k:  # too few rows for covariances
        spread = np.sqrt(codes.var(axis=0) + _REGULARISATION)
        return np.ones(1), center[None], (scale * spread)[None, :, None] * np.eye(k)
    counts = [c for c in _COUNTS if c == 1 or c * (k + 1) * _FEWEST <= n]
    order = np.random.default_rng(seed).permutation(n)
    held, kept = np.split(order, [int(n * _HELD)])
    best, best_score = 1, -np.inf
    for count in counts if len(held) else counts[:1]:
        score = _fitted(codes[kept], count, seed).score(codes[held]) if len(held) else 0.0
        if score <= best_score:
            break
        best, best_score = count, score
    found = _fitted(codes, best, seed)
    factors = scale[:, None] * np.linalg.cholesky(found.covariances_)
    return found.weights_, center + scale * found.means_, factors


def _fitted(codes: np.ndarray, count: int, seed: int) -> Any:
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # held-out codes judge the mixture as it is
        return GaussianMixture(count, reg_covar=_REGULARISATION, max_iter=50, random_state=seed).fit(codes)
