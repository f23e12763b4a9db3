"""The registry of variants: the name of each and its estimator, known without importing PyTorch."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from narrows.estimators.autoencoder import Autoencoder

Variant = Literal["plain", "denoising", "sparse", "contractive", "variational"]

VARIANTS: dict[Variant, str] = {
    "plain": "Autoencoder",
    "denoising": "DenoisingAutoencoder",
    "sparse": "SparseAutoencoder",
    "contractive": "ContractiveAutoencoder",
    "variational": "VariationalAutoencoder",
}
"""Class name of each variant; the classes are public names of `narrows` and `narrows.estimators`."""

VARIANT_HELP: dict[Variant, str] = {
    "plain": "Learns to reconstruct its input through a narrow code.",
    "denoising": "Learns to reconstruct clean rows from noisy ones.",
    "sparse": "Few code units are active for any one row.",
    "contractive": "Penalised when a small change of the input changes the code much.",
    "variational": "Each code is a distribution close to a standard normal, so new rows can be generated.",
}
"""One sentence on each variant, which the lab shows."""


def variant_class(variant: Variant) -> type[Autoencoder]:
    """Return the estimator class of a variant, from the module of its name."""
    module = "autoencoder" if variant == "plain" else variant
    return getattr(importlib.import_module(f"narrows.estimators.{module}"), VARIANTS[variant])


def variant_classes() -> tuple[type[Autoencoder], ...]:
    """Return the estimator classes of all variants, in the order of `VARIANTS`."""
    return tuple(map(variant_class, VARIANTS))


def make_estimator(variant: Variant, parameters: Mapping[str, object]) -> Autoencoder:
    """Return the unfitted estimator of a variant; parameters that are None keep the variant's defaults."""
    given = {name: value for name, value in parameters.items() if value is not None}
    return variant_class(variant)(**given)  # pyright: ignore[reportArgumentType]
