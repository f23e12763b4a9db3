"""The sampler of a variational model: codes from their density, the decoder's noise, the columns' distributions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from narrows.data import Schema
from narrows.estimators.generation.code_density import CodeDensity
from narrows.estimators.generation.marginals import Marginals


@dataclass(frozen=True, eq=False)
class Sampler:
    """Draws new rows from a fitted variational model.

    Parameters
    ----------
    density : CodeDensity
    marginals : Marginals
        Without columns for images.
    spread : ndarray of shape (n_floats,)
        Standard deviation of the training rows around their reconstructions from drawn codes, for likelihoods without
        a variance of their own; 0 for pixels.
    is_binary : ndarray of bool of shape (n_floats,)
        Floats that are 0 or 1 in every training row.
    """

    density: CodeDensity
    marginals: Marginals
    spread: np.ndarray
    is_binary: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all numbers by name."""
        found = {f"density.{name}": a for name, a in self.density.arrays().items()}
        found |= {f"marginals.{name}": a for name, a in self.marginals.arrays().items()}
        return found | {"spread": self.spread, "is_binary": self.is_binary}

    def describe(self) -> dict[str, Any]:
        """Return the part that JSON can hold."""
        return {"classes": list(self.density.classes)}

    @classmethod
    def restore(cls, described: Mapping[str, Any], arrays: Mapping[str, np.ndarray], schema: Schema, k: int) -> Sampler:
        """Return the inverse of `describe` and `arrays`; ValueError, KeyError or TypeError on nonsense."""

        def below(prefix: str) -> dict[str, np.ndarray]:
            return {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}

        spread, is_binary = arrays["spread"], arrays["is_binary"]
        if spread.shape != (schema.n_floats,) or is_binary.shape != spread.shape or is_binary.dtype != bool:
            raise ValueError("the noise of synthetic rows does not fit the schema")
        return cls(
            CodeDensity.restore(described["classes"], below("density."), k),
            Marginals.restore(below("marginals."), schema.n_columns),
            spread,
            is_binary,
        )
