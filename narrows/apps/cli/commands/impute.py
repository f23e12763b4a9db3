"""`narrows impute`: fill the missing values of a table, with a saved model or by what fills hidden values best."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from narrows.apps.cli.common_options import Errors, Force, Json, Output, Quiet, Ray
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.model_loading import load_autoencoder
from narrows.apps.cli.output_paths import check_rows_path
from narrows.apps.cli.result_writing import write_chunks, write_rows
from narrows.apps.cli.with_ray import use_ray
from narrows.formatting import counted

if TYPE_CHECKING:
    import pyarrow as pa

    from narrows.data import Rows
    from narrows.estimators import Autoencoder
    from narrows.insight import ImputationReport


def impute(
    first: Annotated[
        str,
        typer.Argument(
            metavar="[MODEL]",
            help="Folder of a saved model; without one, the best method is chosen for each column.",
            show_default=False,
        ),
    ],
    second: Annotated[
        str | None, typer.Argument(metavar="DATA", help="A table with missing values.", show_default=False)
    ] = None,
    output: Output = ...,  # pyright: ignore[reportArgumentType]
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random numbers, where no model is given.")] = 0,
    errors: Errors = "stop",
    ray: Ray = False,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fill the missing values of DATA; all other values are kept as given.

    Without a model, a variational model is fitted, known values are hidden, and each column is filled by what fills
    its hidden values best: the model, the nearest rows, regressions, trees, their mean, or the mean or mode. With a
    model, its predictions fill all columns that it knows, and hidden values tell how good they are:

    [bold]narrows impute penguins.csv -o filled.csv[/bold]
    [bold]narrows impute m penguins.csv -o filled.csv[/bold]
    """
    messages = Messages(as_json, quiet)
    data = first if second is None else second
    if ray:
        if second is None:
            raise typer.BadParameter("it needs a MODEL.", param_hint="--ray")
        use_ray("impute", Path(first), data, output, messages, force=force, unused={}, errors=errors)
        return
    check_rows_path(output, data, force=force)
    found = _Count()
    if second is None:
        output, report = _measured(data, output, found, messages, seed=seed, force=force)
    else:
        output, report = _by_model(Path(first), data, output, found, messages, errors=errors, force=force)
    cells = {name: n for name, n in found.filled.items() if n}
    by_column = ", ".join(f"{name} {n:,}" for name, n in cells.items())
    messages.result(
        {"output": str(output), "rows": found.n_rows, "filled": cells, "left": found.left}
        | ({} if report is None else {"report": report.to_dict()}),
        f"Filled {counted(sum(cells.values()), 'missing value')} of {counted(found.n_rows, 'row')} in {output}"
        + (f": {by_column}." if cells else "."),
        *(
            [f"{counted(found.left, 'missing value')} left, in columns that nothing was learned from."]
            * (found.left > 0)
        ),
        *([] if report is None or not report.columns else [str(report)]),
    )


def _measured(
    data: str, output: Path, found: _Count, messages: Messages, *, seed: int, force: bool
) -> tuple[Path, ImputationReport]:
    """Fill DATA without a model, and write it."""
    from narrows.data import VerbatimCells, location, read
    from narrows.insight import impute_rows

    rows = read(data)
    imputed = impute_rows(rows, random_state=seed)
    found.add(rows, imputed.filled)
    if _is_written(data) and output.suffix.lower() == ".csv":
        table = VerbatimCells(location(data)).filled(rows, imputed.filled, list(range(rows.n_columns)))
        written = write_chunks(output, iter([table]), as_text=True, messages=messages, force=force)
    else:
        written = write_rows(output, imputed.filled, pixel_range=None, messages=messages, force=force)
    return written, imputed.report


def _by_model(
    model: Path, data: str, output: Path, found: _Count, messages: Messages, *, errors: Errors, force: bool
) -> tuple[Path, ImputationReport | None]:
    """Fill DATA with a saved model, and write it."""
    from narrows.data import SETS, as_rows, is_table, is_written_in_chunks, location

    fitted = load_autoencoder(model)
    if data in SETS or not is_table(location(data)):
        from narrows.apps.cli.inputs import read_for_model

        rows = read_for_model(fitted, data, part=None, image_size=None, missing=None, messages=messages, errors=errors)
        filled = fitted.impute_rows(rows)
        found.add(rows, filled)
        pixel_range = fitted.schema_.pixel_range
        return write_rows(output, filled, pixel_range=pixel_range, messages=messages, force=force), None
    if is_written_in_chunks(output):
        as_text = _is_written(data) and output.suffix.lower() == ".csv"
        tables = _tables(fitted, data, found, messages, as_text=as_text, errors=errors)
        output = write_chunks(output, tables, as_text=as_text, messages=messages, force=force)
    else:
        import pyarrow as pa

        tables = _tables(fitted, data, found, messages, as_text=False, errors=errors)
        rows = as_rows(pa.concat_tables(tables))
        output = write_rows(output, rows, pixel_range=fitted.schema_.pixel_range, messages=messages, force=force)
    return output, found.report


@dataclass
class _Count:
    """Missing values that were filled, by column of the model, and those that are left."""

    n_rows: int = 0
    filled: Counter[str] = field(default_factory=Counter)
    left: int = 0
    report: ImputationReport | None = None

    def add(self, rows: Rows, filled: Rows) -> None:
        before, after = rows.n_missing, filled.n_missing
        self.n_rows += len(rows)
        self.filled.update({name: n - after[name] for name, n in before.items()})
        self.left += sum(after.values())


def _is_written(data: str) -> bool:
    """Return whether DATA is text, whose cells must be written as they are: 01 is not 1."""
    from narrows.data import location, table_files

    return bool(table_files(location(data), parquet=False))


def _tables(
    fitted: Autoencoder, data: str, found: _Count, messages: Messages, *, as_text: bool, errors: Errors
) -> Iterator[pa.Table]:
    """Yield DATA in chunks with all its columns, those of the model filled; `as_text` keeps the cells of a CSV file."""
    from narrows.apps.cli.inputs import tables_for_model
    from narrows.data import VerbatimCells, fill_table, location, typed_table
    from narrows.insight import check_imputing

    written = VerbatimCells(location(data)) if as_text else None
    for table, rows in tables_for_model(fitted, data, messages, errors=errors):
        filled = fitted.impute_rows(rows)
        found.add(rows, filled)
        if found.report is None:  # of the first rows of a table that is read in chunks
            found.report = check_imputing(fitted, rows)
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
