"""Checks of what the corruption or a penalty of a user returns, in words that name its class."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from narrows.errors import SettingError
from narrows.model.corruption import Corruption
from narrows.model.forward_pass import ForwardPass
from narrows.model.penalty import Penalty


def is_own(block: object) -> bool:
    """Return whether a building block is of a class outside narrows."""
    return type(block).__module__.partition(".")[0] != "narrows"


def draw_with_own(corruption: Corruption, x: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return target and input (n, d) of a user's corruption, which gets a copy of the clean rows x (n, d).

    Raises
    ------
    SettingError
        It returns another shape or type, or a number that is not finite.
    """
    name = type(corruption).__name__
    found: Any
    if type(corruption).draw is not Corruption.draw:
        drawn = corruption.draw(x.clone(), generator)
        if not isinstance(drawn, tuple) or len(drawn) != 2:
            raise SettingError(f"{name}.draw must return two tensors, the target and the input of the encoder.")
        found = drawn
    else:
        drawn = corruption(x.clone(), generator)
        found = (drawn if corruption.is_target else x), drawn
    for tensor in found:
        if not isinstance(tensor, Tensor) or tensor.shape != x.shape or tensor.dtype != x.dtype:
            raise SettingError(
                f"The corruption {name} returned {_described(tensor)}; it must return a tensor of the shape and type "
                f"of its rows, {_described(x)}."
            )
        if not bool(torch.isfinite(tensor).all()):
            raise SettingError(f"The corruption {name} returned NaN or infinity; let it return finite numbers only.")
    return found


def checked_term(penalty: Penalty, value: Tensor, forward: ForwardPass) -> Tensor:
    """Return the term (n,), or a scalar, of a user's penalty.

    Raises
    ------
    SettingError
        It is of another shape or type, or not finite before the first step, when the code still is.
    """
    name, n = type(penalty).__name__, len(forward.x)
    is_tensor = isinstance(value, Tensor) and value.is_floating_point()
    if not is_tensor or value.shape not in ((), (1,), (n,)):
        raise SettingError(
            f"The penalty {name} returned {_described(value)}; it must return a tensor of floats with one number per "
            f"row, shape ({n},), or one number for the batch, shape ()."
        )
    is_first = forward.progress == 0
    if is_first and not bool(torch.isfinite(value).all()) and bool(torch.isfinite(forward.z).all()):
        raise SettingError(
            f"The penalty {name} returned NaN or infinity for the first batch, where the code is finite; check its "
            "divisions, roots and logarithms."
        )
    return value if value.shape == (n,) else value.reshape(())


def _described(value: object) -> str:
    if not isinstance(value, Tensor):
        return repr(value) if value is None or isinstance(value, int | float) else f"a {type(value).__name__}"
    return f"{str(value.dtype).removeprefix('torch.')} of shape {tuple(value.shape)}"
