"""`narrows inspect`: how a file is read, before any fit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from narrows.apps.cli.options import Columns, Data, Ignore, ImageSize, Json, KeepNa, NaValues, Types
from narrows.apps.cli.sources import cell_settings, fits_into_memory, names_in, size_in
from narrows.apps.cli.voice import Voice, counted

if TYPE_CHECKING:
    from narrows.data import Inspection, Rows


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
    """Show how DATA is read: separator, header and encoding, and of each column what it holds and what a fit makes of it.

    Nothing is fitted or written. A column that is read wrongly is set right with --types, and so it is in narrows fit.

    Example: [bold]narrows inspect table.csv --types zip=category[/bold]
    """
    voice = Voice(as_json)

    from narrows.data import inspect_rows, read, scan

    settings: dict[str, Any] = {"columns": names_in(columns), "ignore": names_in(ignore)}
    settings |= cell_settings(types, na_values, keep_na)
    n_rows, sampled = None, not fits_into_memory(data)
    if sampled:
        stream = scan(data, **settings)
        rows, n_rows = stream.sample, len(stream)
    else:
        rows = read(data, image_size=size_in(image_size), **settings)
    found = inspect_rows(rows)
    form = _form(data)
    result = {**found.to_dict(), "n_rows": n_rows or found.n_rows, "file": form.get("file")}
    voice.result(result, *_lines(found, rows, form.get("sentence"), n_rows))


def _form(data: str) -> dict[str, Any]:
    """How a CSV file is written; empty for everything else."""
    from narrows.data import SETS, CsvForm, table_files

    path = Path(data)
    if data in SETS or not path.exists():
        return {}
    files = table_files(path, parquet=False)
    if not files or (path.is_dir() and table_files(path, parquet=True)):
        return {}
    form = CsvForm.of(files[0])
    return {"file": form.describe(), "sentence": form.sentence()}


def _lines(found: Inspection, rows: Rows, form: str | None, n_rows: int | None) -> list[str]:
    from narrows.data import images_sentence

    if rows.image_shape is not None:
        return [f"{found.source}: {images_sentence(rows)}.", *found.notes]
    size = f"{counted(n_rows or found.n_rows, 'row')}, {counted(len(found.columns), 'column')}"
    lines = [f"{found.source}: {form + '; ' if form else ''}{size}."]
    if n_rows is not None:
        lines.append(f"The columns are judged by {counted(found.n_rows, 'row')}, drawn at random.")
    lines += [f"  {column}" for column in found.columns]
    lines += found.notes
    return lines if found.problem is None else [*lines, found.problem]
