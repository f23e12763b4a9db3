"""`narrows impute`: the gaps of a table, filled with what the model expects there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from narrows.apps.cli.common_options import Data, Errors, Force, Json, Model, Output, Quiet
from narrows.apps.cli.messages import Voice, counted
from narrows.apps.cli.model_loading import load_autoencoder
from narrows.apps.cli.output_paths import check_rows_path
from narrows.apps.cli.rescue import write_chunks, write_rows

if TYPE_CHECKING:
    import pyarrow as pa

    from narrows.data import Rows
    from narrows.estimators import Autoencoder


def impute(
    model: Model,
    data: Data,
    output: Output,
    errors: Errors = "stop",
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write DATA with its gaps filled with what the model expects; what is there stays exactly as given.

    Columns that the model does not know stay as they are. A model that learned to fill gaps does it best:

    [bold]narrows fit penguins.csv -o m --variant denoising --corruption masking[/bold]
    [bold]narrows impute m penguins.csv -o filled.csv[/bold]
    """
    voice = Voice(as_json, quiet)

    check_rows_path(output, data, force=force)

    from narrows.data import SETS, as_rows, is_table, is_written_in_chunks

    fitted = load_autoencoder(model)
    found = _Count()
    if data in SETS or not is_table(Path(data)):
        from narrows.apps.cli.inputs import read_for_model

        rows = read_for_model(fitted, data, part=None, image_size=None, missing=None, voice=voice, errors=errors)
        filled = fitted.impute_rows(rows)
        found.add(rows, filled)
        output = write_rows(output, filled, pixel_range=fitted.schema_.pixel_range, voice=voice, force=force)
    elif is_written_in_chunks(output):
        as_text = _is_written(data) and output.suffix.lower() == ".csv"
        tables = _tables(fitted, data, found, voice, as_text=as_text, errors=errors)
        output = write_chunks(output, tables, as_text=as_text, voice=voice, force=force)
    else:
        import pyarrow as pa

        tables = _tables(fitted, data, found, voice, as_text=False, errors=errors)
        rows = as_rows(pa.concat_tables(tables))
        output = write_rows(output, rows, pixel_range=fitted.schema_.pixel_range, voice=voice, force=force)
    cells = {name: n for name, n in found.filled.items() if n}
    told = ", ".join(f"{name} {n:,}" for name, n in cells.items())
    voice.result(
        {"output": str(output), "rows": found.n_rows, "filled": cells, "left": found.left},
        f"Filled {counted(sum(cells.values()), 'gap')} of {counted(found.n_rows, 'row')} in {output}"
        + (f": {told}." if told else "."),
        *([f"{counted(found.left, 'gap')} left, in columns that the fit set aside."] if found.left else []),
    )


@dataclass
class _Count:
    """Of the columns that the model knows."""

    n_rows: int = 0
    filled: Counter[str] = field(default_factory=Counter)
    left: int = 0

    def add(self, rows: Rows, filled: Rows) -> None:
        before, after = rows.n_missing, filled.n_missing
        self.n_rows += len(rows)
        self.filled.update({name: n - after[name] for name, n in before.items()})
        self.left += sum(after.values())


def _is_written(data: str) -> bool:
    """Whether DATA is text, which says more than what is read from it: 01 is not 1."""
    from narrows.data import table_files

    return bool(table_files(Path(data), parquet=False))


def _tables(
    fitted: Autoencoder, data: str, found: _Count, voice: Voice, *, as_text: bool, errors: Errors
) -> Iterator[pa.Table]:
    """All columns of DATA, those that the model knows filled; of a CSV file as texts where that is wanted."""
    from narrows.apps.cli.chunked_input import tables_for_model
    from narrows.data import VerbatimCells, fill_table, typed_table

    written = VerbatimCells(Path(data)) if as_text else None
    for table, rows in tables_for_model(fitted, data, voice, errors=errors):
        filled = fitted.impute_rows(rows)
        found.add(rows, filled)
        if written is not None:
            yield written.filled(rows, filled, _places(rows, table))
        else:
            yield fill_table(typed_table(table, rows) if _is_written(data) else table, rows, filled)


def _places(rows: Rows, table: pa.Table) -> list[int | None]:
    """Where each column of the model is in DATA; None for those that the fit set aside and DATA lacks."""
    if rows.names is None:
        return list(range(rows.n_columns))
    given = {name: i for i, name in enumerate(table.column_names)}
    return [given.get(name) for name in rows.names]
