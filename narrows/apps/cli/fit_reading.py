"""How the commands that fit read DATA: options that are declared once for all of them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from narrows.apps.cli.common_options import (
    Columns,
    Ignore,
    ImageSize,
    KeepNa,
    Label,
    MissingAtFit,
    NaValues,
    Types,
)

if TYPE_CHECKING:
    from narrows.data import Missing


@dataclass(frozen=True, kw_only=True)
class FitReading:
    """Values of the options; their names are those of the fields."""

    columns: Columns = None
    ignore: Ignore = None
    label: Label = None
    image_size: ImageSize = None
    missing: MissingAtFit = "mask"
    types: Types = None
    na_values: NaValues = None
    keep_na: KeepNa = False

    @property
    def missing_in_model(self) -> Missing:
        """The treatment of missing values that the model learns; rows that were dropped have none."""
        return "mask" if self.missing == "drop" else self.missing


def with_reading(command: Callable[..., None]) -> Callable[..., None]:
    """Give `command(..., reading: FitReading, ...)` one option for each field, in the place of `reading`."""
    signature = inspect.signature(command, eval_str=True)
    fields = inspect.signature(FitReading, eval_str=True).parameters
    parameters: list[inspect.Parameter] = []
    for parameter in signature.parameters.values():
        parameters += fields.values() if parameter.name == "reading" else [parameter]

    @functools.wraps(command)
    def with_values(**arguments: object) -> None:
        reading = FitReading(**{name: arguments.pop(name) for name in fields})  # pyright: ignore[reportArgumentType]
        command(reading=reading, **arguments)

    with_values.__signature__ = inspect.Signature(  # pyright: ignore[reportAttributeAccessIssue]
        [p if p.kind is p.VAR_KEYWORD else p.replace(kind=p.KEYWORD_ONLY) for p in parameters]
    )
    return with_values
