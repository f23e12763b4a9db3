"""`narrows impute`: fill the missing values of a table with predictions of a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from narrows.apps.cli.common_options import Data, Errors, Force, Json, Model, Output, Quiet
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.model_loading import load_autoencoder
from narrows.apps.cli.output_paths import check_rows_path
from narrows.apps.cli.result_writing import write_chunks, write_rows
from narrows.formatting import counted

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
    """Fill the missing values of DATA with predictions of the model; all other values are kept as given.

    Columns that the model does not know are kept as they are. A model that
    was trained with masking noise predicts best:

    [bold]narrows fit penguins.csv -o m --variant denoising --corruption masking[/bold]
    [bold]narrows impute m penguins.csv -o filled.csv[/bold]
    """
    messages = Messages(as_json, quiet)

    check_rows_path(output, data, force=force)

    from narrows.data import SETS, as_rows, is_table, is_written_in_chunks

    fitted = load_autoencoder(model)
    found = _Count()
    if data in SETS or not is_table(Path(data)):
        from narrows.apps.cli.inputs import read_for_model

        rows = read_for_model(fitted, data, part=None, image_size=None, missing=None, messages=messages, errors=errors)
        filled = fitted.impute_rows(rows)
        found.add(rows, filled)
        output = write_rows(output, filled, pixel_range=fitted.schema_.pixel_range, messages=messages, force=force)
    elif is_written_in_chunks(output):
        as_text = _is_written(data) and output.suffix.lower() == ".csv"
        tables = _tables(fitted, data, found, messages, as_text=as_text, errors=errors)
        output = write_chunks(output, tables, as_text=as_text, messages=messages, force=force)
    else:
        import pyarrow as pa

        tables = _tables(fitted, data, found, messages, as_text=False, errors=errors)
        rows = as_rows(pa.concat_tables(tables))
        output = write_rows(output, rows, pixel_range=fitted.schema_.pixel_range, messages=messages, force=force)
    cells = {name: n for name, n in found.filled.items() if n}
    by_column = ", ".join(f"{name} {n:,}" for name, n in cells.items())
    messages.result(
        {"output": str(output), "rows": found.n_rows, "filled": cells, "left": found.left},
        f"Filled {counted(sum(cells.values()), 'missing value')} of {counted(found.n_rows, 'row')} in {output}"
        + (f": {by_column}." if cells else "."),
        *(
            [f"{counted(found.left, 'missing value')} left, in columns that the model did not learn from."]
            if found.left
            else []
        ),
    )


@dataclass
class _Count:
    """Missing values that were filled, by column of the model, and those that are left."""

    n_rows: int = 0
    filled: Counter[str] = field(default_factory=Counter)
    left: int = 0

    def add(self, rows: Rows, filled: Rows) -> None:
        before, after = rows.n_missing, filled.n_missing
        self.n_rows += len(rows)
        self.filled.update({name: n - after[name] for name, n in before.items()})
        self.left += sum(after.values())


def _is_written(data: str) -> bool:
    """Return whether DATA is text, whose cells must be written as they are: 01 is not 1."""
    from narrows.data import table_files

    return bool(table_files(Path(data), parquet=False))


def _tables(
    fitted: Autoencoder, data: str, found: _Count, messages: Messages, *, as_text: bool, errors: Errors
) -> Iterator[pa.Table]:
    """Yield DATA in chunks with all its columns, those of the model filled; `as_text` keeps the cells of a CSV file."""
    from narrows.apps.cli.inputs import tables_for_model
    from narrows.data import VerbatimCells, fill_table, typed_table

    written = VerbatimCells(Path(data)) if as_text else None
    for table, rows in tables_for_model(fitted, data, messages, errors=errors):
        filled = fitted.impute_rows(rows)
        found.add(rows, filled)
        if written is not None:
            yield written.filled(rows, filled, _places(rows, table))
        else:
            yield fill_table(typed_table(table, rows) if _is_written(data) else table, rows, filled)


def _places(rows: Rows, table: pa.Table) -> list[int | None]:
    """Return the index in DATA of each column of the model; None for columns that are absent."""
    if rows.names is None:
        return list(range(rows.n_columns))
    given = {name: i for i, name in enumerate(table.column_names)}
    return [given.get(name) for name in rows.names]
