"""Checks of the values of a saved model whose checksums are right: a checksum is not a signature to trust."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from narrows.training import Epoch

MOST_ITEMS = 1000
"""Items of a list among the parameters: layers, penalties."""

MOST_EPOCHS = 200_000
"""Records of epochs in a saved model: the newest ones of a longer training."""

Kind = Literal["float", "int"]

_MOST_WHOLE = 2**63
_DTYPES: dict[Kind, tuple[type, ...]] = {"float": (np.float32, np.float64), "int": (np.int64,)}


def check_weights(saved: Mapping[str, Tensor], network: nn.Module, *, of_parameters_only: bool = False) -> None:
    """Raise ValueError unless the types of saved weights are those of the network, and all of them are finite.

    Whole numbers that the network has are places of floats, which follow from the schema: they must be equal.

    of_parameters_only : whether buffers may be anything, as in a user's own modules.
    """
    wanted, parameters = network.state_dict(), dict(network.named_parameters())
    for name, value in saved.items():
        if name in wanted and value.dtype != wanted[name].dtype:
            raise ValueError(f"{name} is {value.dtype} and not {wanted[name].dtype}")
        if of_parameters_only and name not in parameters:
            continue
        if value.is_floating_point():
            if not bool(torch.isfinite(value).all()):
                raise ValueError(f"{name} is not finite")
        elif name in wanted and not wanted[name].is_meta and not torch.equal(value, wanted[name].cpu()):
            raise ValueError(f"{name} does not follow from the columns")


def array(tensors: Mapping[str, Tensor], name: str, kind: Kind, shape: tuple[int | None, ...]) -> np.ndarray:
    """Return an array of this kind and shape, with finite numbers; ValueError otherwise. None is any length."""
    found = tensors[name].numpy()
    if found.dtype not in _DTYPES[kind]:
        raise ValueError(f"{name} is {found.dtype}")
    if found.ndim != len(shape) or any(n is not None and n != m for n, m in zip(shape, found.shape, strict=True)):
        raise ValueError(f"{name} has the shape {found.shape}, which does not fit the rest")
    if not np.isfinite(found).all():
        raise ValueError(f"{name} is not finite")
    return found


def whole(values: Mapping[str, Any], name: str, *, least: int = 0) -> int:
    """Return a whole number from `least` that 64 bits can hold; ValueError otherwise."""
    value = values[name]
    if type(value) is not int or not least <= value < _MOST_WHOLE:
        raise ValueError(f"{name} is not a whole number from {least}")
    return value


def real(values: Mapping[str, Any], name: str, *, default: float | None = None, is_finite: bool = True) -> float:
    """Return a number that a float can hold; ValueError otherwise."""
    value = values[name] if default is None else values.get(name, default)
    if type(value) not in (int, float) or math.isnan(number := float(value)) or (is_finite and math.isinf(number)):
        raise ValueError(f"{name} is not a number")
    return number


def text(values: Mapping[str, Any], name: str) -> str:
    """Return a text; ValueError otherwise."""
    if not isinstance(values[name], str):
        raise ValueError(f"{name} is not a text")
    return values[name]


def flag(values: Mapping[str, Any], name: str) -> bool:
    """Return true or false; ValueError otherwise."""
    if not isinstance(values[name], bool):
        raise ValueError(f"{name} is neither true nor false")
    return values[name]


def epochs(records: Sequence[Mapping[str, Any]]) -> Iterator[Epoch]:
    """Return the records of epochs; ValueError or TypeError for any that `Epoch.to_dict` could not have written."""
    if len(records) > MOST_EPOCHS:
        raise ValueError(f"the history has {len(records):,} epochs, more than {MOST_EPOCHS:,}")
    return map(epoch, records)


def epoch(record: Mapping[str, Any]) -> Epoch:
    """Return the record of an epoch; ValueError or TypeError for one that `Epoch.to_dict` could not have written."""
    found = Epoch(**record)
    whole(record, "number", least=1)
    for parts in (found.parts, found.validation_parts):
        if not isinstance(parts, dict):
            raise ValueError("the parts of a loss are not a mapping")
        for name in parts:
            real(parts, name)
    for name in ("loss", "learning_rate", "rows_per_second", "seconds"):
        real({name: getattr(found, name)}, name)
    if found.validation is not None:
        real(record, "validation")
    return found


def check_lists(parameters: Mapping[str, Any]) -> None:
    """Raise ValueError for a list of more than a thousand items, except names of columns."""
    for name, value in parameters.items():
        if isinstance(value, list) and name != "categorical" and len(value) > MOST_ITEMS:
            raise ValueError(f"{name} is a list of {len(value):,} items")
