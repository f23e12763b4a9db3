"""Stations as plain data, for saved models: the class's name and its fields, and back from a fixed table."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable, Sequence

import numpy as np

from narrows.errors import SettingError
from narrows.model.code import Code, GaussianCode, PointCode, TopK
from narrows.model.corruption import (
    Binarised,
    Corruption,
    GaussianNoise,
    HiddenCells,
    Masking,
    SaltAndPepper,
    Warped,
)
from narrows.model.likelihood import AbsoluteError, Bernoulli, Gaussian, Huber, Likelihood, SquaredError
from narrows.model.penalty import L1, Contractive, KLSparsity, KLToPrior, Penalty

Station = Corruption | Code | Penalty | Likelihood

_BUILT_IN: dict[str, type[Station]] = {
    station.__name__: station
    for station in (
        *(GaussianNoise, Masking, HiddenCells, SaltAndPepper, Binarised, Warped),
        *(PointCode, TopK, GaussianCode),
        *(L1, KLSparsity, Contractive, KLToPrior),
        *(SquaredError, AbsoluteError, Huber, Bernoulli, Gaussian),
    )
}


def describe_station(station: Station) -> dict[str, object]:
    """{"station": class name, field: value, ...}, ready for JSON; SettingError where a field is not.

    A class of the user's own is marked, so that it is never mistaken for ours.
    """
    own = [cls for cls in type(station).__mro__ if not cls.__module__.startswith(("narrows.", "torch.", "builtins"))]
    for cls in own:
        if "__init__" in vars(cls) and "__dataclass_params__" not in vars(cls):
            raise SettingError(
                f"{cls.__name__} has an __init__ of its own, so its settings cannot be saved; make it a dataclass."
            )
    fields = {field.name: getattr(station, field.name) for field in dataclasses.fields(station) if field.init}
    # A grid over np.arange gives NumPy's numbers, which JSON does not know.
    fields = {name: value.item() if isinstance(value, np.generic) else value for name, value in fields.items()}
    try:
        json.dumps(fields)
    except (TypeError, ValueError) as error:
        raise SettingError(
            f"{type(station).__name__} has a field that cannot be saved ({error}); use numbers, text, lists."
        ) from error
    return {"station": type(station).__name__, **({"own": True} if own else {}), **fields}


def station_from_description(
    description: dict[str, object], stations: Sequence[Station | type[Station]] = ()
) -> Station:
    """The station that was described. Nothing is imported on a description's word.

    stations : the user's own classes, made anew from the described fields, or instances, copied as they are.

    Raises KeyError for a name that is neither ours nor among `stations`, TypeError for fields it does not
    have, SettingError for impossible values.
    """
    fields = dict(description)
    name, own = str(fields.pop("station")), fields.pop("own", False)
    for station in stations:
        if isinstance(station, type):
            if station.__name__ == name:
                return _make(station, fields)
        elif type(station).__name__ == name:
            return copy.deepcopy(station)
    if own:  # even where it is called as one of ours
        raise KeyError(name)
    return _make(_BUILT_IN[name], fields)


def _make(station: Callable[..., Station], fields: dict[str, object]) -> Station:
    return station(**fields)
