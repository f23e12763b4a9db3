"""Building blocks as plain data, for saved models: the class's name and its fields, and back from a fixed table."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import json
import pkgutil
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from narrows.errors import SettingError
from narrows.model.code import Code
from narrows.model.corruption import Corruption
from narrows.model.likelihood import Likelihood
from narrows.model.penalty import Penalty

BuildingBlock = Corruption | Code | Penalty | Likelihood
_FAMILIES = (Corruption, Code, Penalty, Likelihood)

# The key of the class name in saved models; its word is older than the term "building block".
_NAME = "station"


@cache
def built_in_blocks() -> dict[str, type[BuildingBlock]]:
    """Return the building blocks of this package by the names of their classes: all that a file can name."""
    found = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)], "narrows.model."):
        for block in vars(importlib.import_module(module.name)).values():
            if isinstance(block, type) and block.__module__ == module.name and issubclass(block, _FAMILIES):
                found[block.__name__] = block
    return {name: block for name, block in found.items() if block not in _FAMILIES}


def describe_block(block: BuildingBlock) -> dict[str, object]:
    """Return the class name and the fields as plain data for JSON.

    A user's class is marked, so that it is never confused with one of ours.

    Raises SettingError for a field that JSON cannot hold.
    """
    own = [cls for cls in type(block).__mro__ if not cls.__module__.startswith(("narrows.", "torch.", "builtins"))]
    for cls in own:
        if "__init__" in vars(cls) and "__dataclass_params__" not in vars(cls):
            raise SettingError(
                f"{cls.__name__} has an __init__ of its own, so its settings cannot be saved; make it a dataclass."
            )
    fields = {field.name: getattr(block, field.name) for field in dataclasses.fields(block) if field.init}
    # A grid over np.arange gives NumPy's numbers, which JSON cannot hold.
    fields = {name: value.item() if isinstance(value, np.generic) else value for name, value in fields.items()}
    try:
        json.dumps(fields)
    except (TypeError, ValueError) as error:
        raise SettingError(
            f"{type(block).__name__} has a field that cannot be saved ({error}); use numbers, text, lists."
        ) from error
    return {_NAME: type(block).__name__, **({"own": True} if own else {}), **fields}


def block_from_description(
    description: dict[str, object], custom_objects: Sequence[BuildingBlock | type[BuildingBlock]] = ()
) -> BuildingBlock:
    """Build the block from its description; no module is imported by a name that a file gives.

    custom_objects : the user's classes, built from the described fields, or instances, which are copied.

    Raises KeyError for a name that is neither ours nor among `custom_objects`, TypeError for fields it does not
    have, SettingError for impossible values.
    """
    fields = dict(description)
    name, own = str(fields.pop(_NAME)), fields.pop("own", False)
    for block in custom_objects:
        if isinstance(block, type):
            if block.__name__ == name:
                return _make(block, fields)
        elif type(block).__name__ == name:
            return copy.deepcopy(block)
    if own:  # even where it has the name of one of ours
        raise KeyError(name)
    return _make(built_in_blocks()[name], fields)


def _make(block: Callable[..., BuildingBlock], fields: dict[str, object]) -> BuildingBlock:
    return block(**fields)
