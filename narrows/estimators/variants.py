"""The registry of variants: the name of each and its estimator, known without importing PyTorch."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from narrows.estimators.autoencoder import Autoencoder

Variant = Literal["plain", "denoising", "sparse", "contractive", "variational"]


class _Entry(NamedTuple):
    """A variant, as far as it is known without its module."""

    estimator: str
    """Class name; the module has the name of the variant."""
    help: str
    lab: Mapping[str, object] = MappingProxyType({})
    """Settings that the lab starts with, by `LabField.key`."""


_REGISTRY: dict[Variant, _Entry] = {
    "plain": _Entry("Autoencoder", "Learns to reconstruct its input through a narrow code."),
    "denoising": _Entry(
        "DenoisingAutoencoder",
        "Learns to reconstruct clean rows from noisy ones.",
        {"corruption": "gaussian", "corruption_level": 0.3},
    ),
    "sparse": _Entry(
        "SparseAutoencoder",
        "Few code units are active for any one row.",
        {"n_components": 16, "sparsity": 0.1},
    ),
    "contractive": _Entry(
        "ContractiveAutoencoder",
        "Penalised when a small change of the input changes the code a lot.",
        {"contraction": 0.1},
    ),
    "variational": _Entry(
        "VariationalAutoencoder",
        "Each code is a distribution close to a standard normal, so new rows can be generated.",
        {"beta": 1.0},
    ),
}

VARIANTS: dict[Variant, str] = {name: entry.estimator for name, entry in _REGISTRY.items()}
"""Class name of each variant; the classes are public names of `narrows` and `narrows.estimators`."""

VARIANT_HELP: dict[Variant, str] = {name: entry.help for name, entry in _REGISTRY.items()}
"""One sentence on each variant, which the lab shows."""

VARIANT_LAB_SETTINGS: dict[Variant, Mapping[str, object]] = {name: entry.lab for name, entry in _REGISTRY.items()}
"""Settings that the lab starts with, where they differ from those of other variants."""

VARIANT_MODULES: dict[Variant, str] = {
    name: f"narrows.estimators.{'autoencoder' if name == 'plain' else name}" for name in _REGISTRY
}
"""Module of each variant's class."""


def variant_class(variant: Variant) -> type[Autoencoder]:
    """Return the estimator class of a variant."""
    return getattr(importlib.import_module(VARIANT_MODULES[variant]), VARIANTS[variant])


def variant_classes() -> tuple[type[Autoencoder], ...]:
    """Return the estimator classes of all variants, in the order of `VARIANTS`."""
    return tuple(map(variant_class, VARIANTS))


def make_estimator(variant: Variant, parameters: Mapping[str, object]) -> Autoencoder:
    """Return the unfitted estimator of a variant; parameters that are None keep the variant's defaults."""
    given = {name: value for name, value in parameters.items() if value is not None}
    return variant_class(variant)(**given)  # pyright: ignore[reportArgumentType]
