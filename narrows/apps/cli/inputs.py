"""Input of a command: a dataset or a file, whole or in chunks, in the form of the model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from narrows.apps.cli.common_options import Errors, Missing, Part
from narrows.apps.cli.fit_reading import FitReading
from narrows.apps.cli.messages import Messages
from narrows.machine import memory

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from narrows.data import Rows, RowStream
    from narrows.estimators import Autoencoder

_PATCH = 40  # pixels, of --network residual
_FIT_SHARE = 1 / 3  # of the memory
_CHUNK_SHARE = 1 / 12  # of the memory; rows that are written back take up to four times the memory of a fit


@dataclass(frozen=True)
class Source:
    """Training data of a fit.

    Parameters
    ----------
    whole : Rows or RowStream
        All rows.
    rows : Rows
        Rows in memory: all, or a sample of a stream.
    test : Rows or None
        Test set of a dataset that has one.
    """

    whole: Rows | RowStream
    rows: Rows
    test: Rows | None


def data_name(data: str) -> str:
    """Return the default name of a model of DATA: `flights` for `somewhere/flights.csv.gz` and `flights/*.csv`."""
    address = re.sub(r"[?#].*$", "", data) if "://" in data else data
    whole = re.sub(r"/[^/]*[*\[].*$", "", address)  # of a pattern, the folder above it
    name = Path(whole).resolve().name if whole in (".", "..") else Path(whole).name
    return _ending().sub("", name) or name or "data"


@cache
def _ending() -> re.Pattern[str]:
    """Return a pattern of the end of a file's name that says its format; of a text table only that of .csv."""
    from narrows.data.readers import parquet, table_formats

    tables = "|".join(re.escape(ending) for ending in (*parquet.ENDINGS, *table_formats.ENDINGS))
    return re.compile(rf"({tables}|\.(csv|npy|npz|idx\d?))?(\.(gz|zst))?$", re.IGNORECASE)


def names_in(text: str | None) -> list[str] | None:
    """Parse `a,b` as names."""
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def size_in(text: str | None) -> tuple[int, int] | None:
    """Parse `28x20` as (height, width)."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)[x×,](\d+)", text.strip().lower())
    if not found:
        raise typer.BadParameter(f"{text!r} is not a size such as 28x28 (height x width).", param_hint="--image-size")
    return int(found[1]), int(found[2])


def types_in(text: str | None) -> dict[str, str]:
    """Parse `price=number,zip=category` as a mapping."""
    found: dict[str, str] = {}
    for part in names_in(text) or []:
        name, equals, word = part.rpartition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(f"{part!r} is not of the form NAME=TYPE.", param_hint="--types")
        found[name.strip()] = word.strip()
    return found


def cell_settings(types: str | None, na_values: str | None, keep_na: bool) -> dict[str, Any]:
    """Return the parameters of `narrows.data.read` for --types, --na-values and --keep-na."""
    return {"types": types_in(types), "na_values": names_in(na_values) or [], "keep_na": keep_na}


def read_for_fit(
    data: str,
    reading: FitReading,
    *,
    group: str | None = None,
    time: str | None = None,
    messages: Messages,
    in_memory: bool | None = None,
    n_workers: int = 1,
    patches: bool = False,
) -> Source:
    """Read DATA for training, and print notes on how it was read.

    group, time : columns with the groups and the times of the rows.
    in_memory : None decides by the size of the table and the memory of the machine.
    n_workers : number of processes of this machine, each of which holds the table if it is in memory.
    patches : whether images are cut into patches, unless they are resized.
    """
    settings: dict[str, Any] = {
        "columns": names_in(reading.columns),
        "ignore": names_in(reading.ignore),
        "label": reading.label,
        **cell_settings(reading.types, reading.na_values, reading.keep_na),
    }
    size = size_in(reading.image_size)

    from narrows.data import is_pictures, read, read_held_out, scan

    if patches and size is None and is_pictures(Path(data)):
        rows = read(data, patch_size=_PATCH)
        for note in rows.notes:
            messages.info(note)
        return Source(rows, rows, None)
    if not (fits_into_memory(data, share=_FIT_SHARE / n_workers) if in_memory is None else in_memory):
        if reading.missing == "drop" or size is not None or group is not None or time is not None:
            raise typer.BadParameter(
                "--missing drop, --image-size, --group and --time need data in memory; use --in-memory, or leave them "
                "out.",
                param_hint="--out-of-core",
            )
        stream = scan(data, **settings)
        messages.info(
            f"{stream.source} has {len(stream):,} rows and is read in chunks; steps that need rows in memory (scaling, "
            f"held-out rows, the errors below) use a random sample of {len(stream.sample):,} rows."
        )
        for note in stream.sample.notes:
            messages.info(note)
        return Source(stream, stream.sample, None)
    rows = read(data, image_size=size, missing=reading.missing, group=group, time=time, **settings)
    for note in rows.notes:
        messages.info(note)
    return Source(rows, rows, read_held_out(data))


def read_for_model(
    fitted: Autoencoder,
    data: str,
    *,
    part: Part | None,
    image_size: str | None,
    missing: Missing | None,
    messages: Messages,
    label: str | None = None,
    errors: Errors = "stop",
) -> Rows:
    """Read DATA in the form of the model: its columns by name and in its order; of a dataset the requested part.

    `missing="drop"` drops rows with missing values; `model_loading.with_missing` applies the other values.
    """
    size = size_in(image_size)

    from narrows.data import drop_missing

    rows = _part(data, part, messages)
    if rows is None:
        rows = _read_columns(fitted, data, label=label, image_size=size, errors=errors)
    rows = fitted.schema_.align(rows)
    if missing == "drop":
        rows = drop_missing(rows, fitted.schema_.learned_columns)
    for note in rows.notes:
        messages.info(note)
    return rows


def read_with_classes(fitted: Autoencoder, data: str, *, label: str | None, messages: Messages, **reading: Any) -> Rows:
    """Read DATA as `read_for_model`; its classes are in the column `label`, else in that of the fit, if DATA has it."""
    column = fitted.label_column_
    if label is not None or column is None:
        return read_for_model(fitted, data, label=label, messages=messages, **reading)

    from narrows.errors import DataError, SettingError

    try:
        return read_for_model(fitted, data, label=column, messages=messages, **reading)
    except (DataError, SettingError):  # SettingError: these are no table
        rows = read_for_model(fitted, data, messages=messages, **reading)
    messages.info(absent_class_column(data, column))
    return rows


def absent_class_column(data: str, column: str) -> str:
    """Return the sentence on data that lack the column which held the classes at the fit."""
    return f"{data} has no column {column!r}, which held the classes at the fit; --label names another one."


def fits_into_memory(data: str, *, share: float = _FIT_SHARE) -> bool:
    """Return whether a fit to DATA needs less than this share of the memory, or DATA is not a table on disk."""
    from narrows.data import SETS, location, memory_needed

    if data in SETS:
        return True
    path = location(data)
    return not path.exists() or memory_needed(path, most=memory() * share) < memory() * share


def _read_columns(
    fitted: Autoencoder, data: str, *, label: str | None, image_size: tuple[int, int] | None, errors: Errors
) -> Rows:
    """Read only the columns of the model, so that notes are about them; read all columns if some are absent."""
    from narrows.data import is_pictures, read
    from narrows.errors import DataError, NotNumericError, SettingError
    from narrows.estimators import Autoencoder

    schema = fitted.schema_
    is_residual = isinstance(fitted, Autoencoder) and not fitted.network_.compresses
    if is_residual and image_size is None and is_pictures(Path(data)):
        assert schema.image_shape is not None
        return read(data, patch_size=schema.image_shape[0])
    reading: dict[str, Any] = {"schema": schema, "errors": errors}
    names, learned = schema.names, schema.learned_columns
    for wanted in () if names is None else (names, [names[i] for i in learned]):
        try:
            return read(data, columns=wanted, label=label, image_size=image_size, **reading)
        except NotNumericError:
            raise
        except (DataError, SettingError):  # no names, or columns are absent: `Schema.align` raises
            continue
    return read(data, label=label, image_size=image_size, **reading)


def _part(data: str, part: Part | None, messages: Messages) -> Rows | None:
    """Return rows of a dataset that has a test set; None for all other DATA."""
    import numpy as np

    from narrows.data import read, read_held_out
    from narrows.errors import SettingError

    test = read_held_out(data)
    if test is None:
        if part == "test":
            raise SettingError(f"{data} has no test set; leave --part out to use all rows.")
        return None
    if part in (None, "test"):
        messages.info(f"Using the {len(test):,} test rows of {data}; use --part train or --part all for the others.")
        return test
    train = read(data)
    if part == "train":
        return train
    assert train.labels is not None
    assert test.labels is not None
    return replace(
        train,
        values=np.concatenate([train.block(), test.block()]),
        labels=np.concatenate([train.labels, test.labels]),
        row_numbers=None,
        source=f"all of {data}",
        part="all",
    )


@dataclass(frozen=True)
class Chunks:
    """Chunks of rows in the form of the model; each iteration reads them from the disk again."""

    _each: Callable[[], Iterator[Rows]]

    def __iter__(self) -> Iterator[Rows]:
        return self._each()


def chunks_for_model(
    fitted: Autoencoder,
    data: str,
    *,
    part: Part | None,
    image_size: str | None,
    missing: Missing | None,
    messages: Messages,
    label: str | None = None,
    whole: bool = False,
    errors: Errors = "stop",
) -> Iterable[Rows]:
    """Return chunks of rows in the form of the model, see `read_for_model`; they may be iterated several times.

    There is a single chunk with `whole`, and if DATA fits into memory.
    """
    in_memory = whole or fits_into_memory(data, share=_CHUNK_SHARE)
    if in_memory or part is not None or image_size is not None or missing == "drop":
        return [
            read_for_model(
                fitted,
                data,
                part=part,
                image_size=image_size,
                missing=missing,
                messages=messages,
                label=label,
                errors=errors,
            )
        ]
    stream = _stream(fitted, data, label, messages, errors)
    return Chunks(lambda: (_aligned(fitted, rows, messages) for rows in stream.chunks()))


def tables_for_model(
    fitted: Autoencoder, data: str, messages: Messages, *, errors: Errors = "stop"
) -> Iterator[tuple[pa.Table, Rows]]:
    """Yield a table on disk in chunks: all its columns as read, and those of the model in the form of the model."""
    from narrows.data import location, read_table, reading_options, table_rows

    if fits_into_memory(data, share=_CHUNK_SHARE):
        options = reading_options(schema=fitted.schema_, errors=errors)
        path = location(data)
        table, notes = read_table(path, options.text_columns)
        columns = _model_columns(fitted, table.column_names)
        rows = table_rows(table, path.name, columns=columns, options=options, notes=notes)
        for note in rows.notes:
            messages.info(note)
        yield table, _aligned(fitted, rows, messages)
        return
    for table, rows in _stream(fitted, data, None, messages, errors).tables():
        yield table, _aligned(fitted, rows, messages)


def joined_labels(labels: list[np.ndarray | None]) -> np.ndarray | None:
    """Join the labels of chunks; None if no chunk has labels."""
    import numpy as np

    known = [of for of in labels if of is not None]
    return np.concatenate(known) if known else None


def _stream(fitted: Autoencoder, data: str, label: str | None, messages: Messages, errors: Errors) -> RowStream:
    from narrows.data import scan

    stream = scan(data, label=label, schema=fitted.schema_, errors=errors)
    messages.info(f"{stream.source} has {len(stream):,} rows and is read in chunks.")
    columns = _model_columns(fitted, stream.sample.feature_names)
    return stream if columns is None else stream.select(columns)


def _model_columns(fitted: Autoencoder, names: Iterable[str]) -> list[str] | None:
    """Return the names that are columns of the model; None if there are none, or the model has no names."""
    from narrows.data import column_of

    given = list(names)
    known = set(given)
    wanted = {column_of(name, known) for name in fitted.schema_.names or ()}
    return [name for name in given if name in wanted] or None


def _aligned(fitted: Autoencoder, rows: Rows, messages: Messages) -> Rows:
    """Return rows in the form of the fit, and print the note if their columns have no names."""
    found = fitted.schema_.align(rows)
    for note in found.notes[len(rows.notes) :]:
        messages.info(note)
    return found
