"""The rows that a command works on: a set or a file, in the form that the model needs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from narrows.apps.cli.common_options import Errors, Missing, Part
from narrows.apps.cli.messages import Messages

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from narrows.data import Rows, RowStream
    from narrows.estimators import Autoencoder

_ENDINGS = re.compile(
    r"(\.(csv|parquet|pq|npy|npz|idx\d?|xls[xmb]?|ods|feather|arrow|ipc|orc|jsonl?|ndjson))?(\.(gz|zst))?$",
    re.IGNORECASE,
)
# Of a container, as Linux tells it to those inside.
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_CHUNK_SHARE = 1 / 12  # of the memory; rows that are written back take up to four times the memory of a fit


@dataclass(frozen=True)
class Source:
    """What `fit` learns from, rows of it in memory, and the set's own test rows, where it has some."""

    whole: Rows | RowStream
    rows: Rows
    test: Rows | None


def data_name(data: str) -> str:
    """What a model of DATA is called: `flights` for `somewhere/flights.csv.gz`."""
    name = Path(data).resolve().name if data in (".", "..") else Path(data).name
    return _ENDINGS.sub("", name) or name or "data"


def names_in(text: str | None) -> list[str] | None:
    """`a,b` as names."""
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def size_in(text: str | None) -> tuple[int, int] | None:
    """`28x20` as (height, width)."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)[x×,](\d+)", text.strip().lower())
    if not found:
        raise typer.BadParameter(f"{text!r} is not a size such as 28x28 (height x width).", param_hint="--image-size")
    return int(found[1]), int(found[2])


def types_in(text: str | None) -> dict[str, str]:
    """`price=number,zip=category` as a mapping."""
    found: dict[str, str] = {}
    for part in names_in(text) or []:
        name, equals, word = part.rpartition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(f"{part!r} is not of the form NAME=TYPE.", param_hint="--types")
        found[name.strip()] = word.strip()
    return found


def cell_settings(types: str | None, na_values: str | None, keep_na: bool) -> dict[str, Any]:
    """The settings of `narrows.data.read` that --types, --na-values and --keep-na stand for."""
    return {"types": types_in(types), "na_values": names_in(na_values) or [], "keep_na": keep_na}


def read_for_fit(
    data: str,
    *,
    columns: str | None,
    ignore: str | None,
    label: str | None,
    image_size: str | None,
    missing: Missing,
    messages: Messages,
    in_memory: bool | None = None,
    cells: dict[str, Any] | None = None,
) -> Source:
    """DATA for training, with a word on how it was read.

    in_memory : None decides by the size of the table and the memory of the machine. cells : see `cell_settings`.
    """
    cells = cells or {}
    size = size_in(image_size)

    from narrows.data import read, read_held_out, scan

    if not (fits_into_memory(data) if in_memory is None else in_memory):
        if missing == "drop" or image_size is not None:
            raise typer.BadParameter(
                "--missing drop and --image-size need data in memory; use --in-memory, or leave them out.",
                param_hint="--out-of-core",
            )
        stream = scan(data, columns=names_in(columns), ignore=names_in(ignore), label=label, **cells)
        messages.info(
            f"{stream.source} has {len(stream):,} rows and is read in chunks; what needs rows in memory (scaling, "
            f"held-out rows, what is measured below) takes {len(stream.sample):,} of them, drawn at random."
        )
        for note in stream.sample.notes:
            messages.info(note)
        return Source(stream, stream.sample, None)
    rows = read(
        data,
        columns=names_in(columns),
        ignore=names_in(ignore),
        label=label,
        image_size=size,
        missing=missing,
        **cells,
    )
    for note in rows.notes:
        messages.info(note)
    return Source(rows, rows, read_held_out(data))


def _memory() -> int:
    """Bytes of memory of this machine, or of the container; as good as endless where the system does not say."""
    found = [1 << 62]
    with suppress(AttributeError, ValueError, OSError):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for limit in _LIMITS:
        with suppress(ValueError, OSError):  # "max" where there is none
            found.append(int(limit.read_text()))
    return min(found)


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
    """DATA as `fitted` expects it: its columns by name in its order, and of a set the part asked for.

    A model learns no gap's value after its fit: `missing="mean"` fills in the means of the fit.
    """
    size = size_in(image_size)

    from narrows.data import without_gaps

    if missing in ("mean", "error") or (missing == "mask" and fitted.schema_.missing != "mask"):
        fitted.schema_ = replace(fitted.schema_, missing=missing)
    rows = _part(data, part, messages)
    if rows is None:
        rows = _read_columns(fitted, data, label=label, image_size=size, errors=errors)
    rows = fitted.schema_.align(rows)
    if missing == "drop":
        rows = without_gaps(rows, fitted.schema_.learned_columns)
    for note in rows.notes:
        messages.info(note)
    return rows


def fits_into_memory(data: str, *, share: float = 1 / 3) -> bool:
    """Whether a fit to DATA takes less than this share of the memory, or DATA is no table on disk."""
    from narrows.data import SETS, memory_needed

    path = Path(data)
    return data in SETS or not path.exists() or memory_needed(path) < _memory() * share


def _read_columns(
    fitted: Autoencoder, data: str, *, label: str | None, image_size: tuple[int, int] | None, errors: Errors
) -> Rows:
    """DATA with the model's columns alone, so that no other column is talked of; all of it where some lack."""
    from narrows.data import read
    from narrows.errors import DataError, NotNumericError, SettingError

    schema = fitted.schema_
    reading: dict[str, Any] = {"schema": schema, "errors": errors}
    names, learned = schema.names, schema.learned_columns
    for wanted in () if names is None else (names, [names[i] for i in learned]):
        try:
            return read(data, columns=wanted, label=label, image_size=image_size, **reading)
        except NotNumericError:
            raise
        except (DataError, SettingError):  # nameless, or lacking some: `Schema.align` says so
            continue
    return read(data, label=label, image_size=image_size, **reading)


def _part(data: str, part: Part | None, messages: Messages) -> Rows | None:
    """The rows of a set with parts of its own; None for every other DATA."""
    import numpy as np

    from narrows.data import read, read_held_out
    from narrows.errors import SettingError

    test = read_held_out(data)
    if test is None:
        if part == "test":
            raise SettingError(f"{data} has no test part of its own; leave --part out to use all of it.")
        return None
    if part in (None, "test"):
        messages.info(f"Using the {len(test):,} test rows of {data}; --part train or --part all for the others.")
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
        places=None,
        source=f"all of {data}",
    )


@dataclass(frozen=True)
class Chunks:
    """Rows as a model expects them, from the disk each time that they are asked for."""

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
    """`read_for_model` in chunks, as often as wanted: a single one if `whole`, and where DATA fits into memory."""
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
    if missing is not None:
        fitted.schema_ = replace(fitted.schema_, missing=missing)
    stream = _stream(fitted, data, label, messages, errors)
    return Chunks(lambda: (_aligned(fitted, rows, messages) for rows in stream.chunks()))


def tables_for_model(
    fitted: Autoencoder, data: str, messages: Messages, *, errors: Errors = "stop"
) -> Iterator[tuple[pa.Table, Rows]]:
    """A table on disk in chunks: all its columns as they are read, and those of the model as it expects them."""
    from narrows.data import read_table, reading_options, table_rows

    if fits_into_memory(data, share=_CHUNK_SHARE):
        options = reading_options(schema=fitted.schema_, errors=errors)
        table, notes = read_table(Path(data), options.text_columns)
        columns = _model_columns(fitted, table.column_names)
        rows = table_rows(table, Path(data).name, columns=columns, options=options, notes=notes)
        for note in rows.notes:
            messages.info(note)
        yield table, _aligned(fitted, rows, messages)
        return
    for table, rows in _stream(fitted, data, None, messages, errors).tables():
        yield table, _aligned(fitted, rows, messages)


def joined_labels(labels: list[np.ndarray | None]) -> np.ndarray | None:
    """Of chunks, those of all rows."""
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
    """Those of the names that are columns of the model; None where that has no names, or none of these."""
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
