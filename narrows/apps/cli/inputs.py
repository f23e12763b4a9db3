"""The rows that a command works on: a set or a file, in the form that the model needs."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from narrows.apps.cli.common_options import Errors, Missing, Part
from narrows.apps.cli.messages import Voice

if TYPE_CHECKING:
    from narrows.data import Rows, RowStream, Schema
    from narrows.estimators import Autoencoder

_ENDINGS = re.compile(
    r"(\.(csv|parquet|pq|npy|npz|idx\d?|xls[xmb]?|ods|feather|arrow|ipc|orc|jsonl?|ndjson))?(\.(gz|zst))?$",
    re.IGNORECASE,
)
# Of a container, as Linux tells it to those inside.
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


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
    voice: Voice,
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
        voice.remark(
            f"{stream.source} has {len(stream):,} rows and is read in chunks; what needs rows in memory (scaling, "
            f"held-out rows, what is measured below) takes {len(stream.sample):,} of them, drawn at random."
        )
        for note in stream.sample.notes:
            voice.remark(note)
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
        voice.remark(note)
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
    voice: Voice,
    label: str | None = None,
    errors: Errors = "stop",
) -> Rows:
    """DATA as `fitted` expects it: its columns by name in its order, and of a set the part asked for.

    `missing="drop"` leaves rows with gaps out; all else is for `model_loading.with_missing`.
    """
    size = size_in(image_size)

    from narrows.data import drop_missing

    rows = _part(data, part, voice)
    if rows is None:
        rows = _read_columns(fitted, data, label=label, image_size=size, errors=errors)
    rows = matched(fitted, rows, voice)
    if missing == "drop":
        rows = drop_missing(rows, fitted.schema_.learned_columns)
    for note in rows.notes:
        voice.remark(note)
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
        except (DataError, SettingError):  # nameless, or lacking some: `matched` says so
            continue
    return read(data, label=label, image_size=image_size, **reading)


def _part(data: str, part: Part | None, voice: Voice) -> Rows | None:
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
        voice.remark(f"Using the {len(test):,} test rows of {data}; --part train or --part all for the others.")
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
        part="all",
    )


def matched(fitted: Autoencoder, rows: Rows, voice: Voice) -> Rows:
    """`rows` in the form of the fit; raises SchemaMismatchError where they have none of it."""
    from narrows.errors import SchemaMismatchError

    schema = fitted.schema_
    if rows.image_shape not in (None, schema.image_shape):
        raise SchemaMismatchError(
            f"{rows.source} holds images of {_size(rows.image_shape)}, and the model was fitted on "
            f"{_size(schema.image_shape) or 'a table'}; give it the same kind of data (--image-size resizes a folder "
            "of images), or fit a new model."
        )
    if schema.names is not None and rows.names is not None:
        return _by_name(rows, schema)
    if schema.names is not None and rows.n_columns == len(schema.learned_columns) < schema.n_columns:
        names = tuple(schema.names[i] for i in schema.learned_columns)
        voice.remark(f"{rows.source} has no column names; its columns are taken for {', '.join(names)}.")
        return _by_name(replace(rows, names=names), schema)
    if rows.n_columns != schema.n_columns:
        raise SchemaMismatchError(
            f"{rows.source} has {rows.n_columns} columns, and the model was fitted on {schema.n_columns}; give it data "
            "with the same columns in the same order, or fit a new model."
        )
    if schema.names is not None:
        voice.remark(f"{rows.source} has no column names; its columns are taken for {', '.join(schema.names)}.")
    return replace(rows, names=schema.names)


def _size(image_shape: tuple[int, int, int] | None) -> str:
    return "" if image_shape is None else "x".join(map(str, image_shape[: 2 if image_shape[2] == 1 else 3]))


def _by_name(rows: Rows, schema: Schema) -> Rows:
    """The columns of the fit in their order; those that it set aside may be lacking, and are empty then."""
    import numpy as np

    from narrows.errors import SchemaMismatchError

    wanted = schema.names or ()
    given = {name: i for i, name in enumerate(rows.feature_names)}
    aside = [name for i, name in enumerate(wanted) if i not in schema.learned_columns]
    empty = {name: np.full(len(rows), None, dtype=object) for name in aside if name not in given}
    lacking = [name for name in wanted if name not in given and name not in empty]
    if lacking:
        told = ", ".join(
            f"{n!r} ({rows.ignored_columns[n]})" if n in rows.ignored_columns else repr(n) for n in lacking[:5]
        )
        told += ", ..." if len(lacking) > 5 else ""
        raise SchemaMismatchError(
            f"{rows.source} lacks {len(lacking)} of the model's {len(wanted)} columns: {told}; name them as at "
            "the fit, or fit a new model."
        )
    return replace(
        rows,
        values=tuple(empty[name] if name in empty else rows.column(given[name]) for name in wanted),
        types=tuple(None if name in empty else rows.column_type(given[name]) for name in wanted),
        strange={i: rows.strange[given[name]] for i, name in enumerate(wanted) if given.get(name) in rows.strange},
        names=wanted,
    )
