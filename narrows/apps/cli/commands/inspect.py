"""`narrows inspect`: show how a file is read, before a fit."""

from __future__ import annotations

from typing import Any

from narrows.apps.cli.common_options import Columns, Data, Ignore, ImageSize, Json, KeepNa, NaValues, Types
from narrows.apps.cli.inputs import cell_settings, fits_into_memory, names_in, size_in
from narrows.apps.cli.messages import Messages


def inspect(
    data: Data,
    columns: Columns = None,
    ignore: Ignore = None,
    image_size: ImageSize = None,
    types: Types = None,
    na_values: NaValues = None,
    keep_na: KeepNa = False,
    as_json: Json = False,
) -> None:
    """Show how DATA is read: separator, header, encoding, column types, and columns that a fit ignores.

    Nothing is fitted or written. Correct the type of a column with --types,
    here and in narrows fit.

    Example: [bold]narrows inspect table.csv --types zip=category[/bold]
    """
    messages = Messages(as_json)

    from narrows import data as tables

    settings: dict[str, Any] = {"columns": names_in(columns), "ignore": names_in(ignore)}
    settings |= cell_settings(types, na_values, keep_na)
    if fits_into_memory(data):
        found = tables.inspect(data, image_size=size_in(image_size), **settings)
    else:
        found = tables.inspect(tables.scan(data, **settings))
    messages.result(found.to_dict(), str(found))
