"""DATA chunk by chunk, in the form that the model needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from narrows.apps.cli import inputs
from narrows.apps.cli.common_options import Errors, Missing, Part
from narrows.apps.cli.messages import Voice

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from narrows.data import Rows, RowStream
    from narrows.estimators import Autoencoder


_SHARE = 1 / 12  # of the memory; what is written back takes up to four times what a fit takes


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
    voice: Voice,
    label: str | None = None,
    whole: bool = False,
    errors: Errors = "stop",
) -> Iterable[Rows]:
    """`read_for_model` in chunks, as often as wanted: a single one if `whole`, and where DATA fits into memory."""
    in_memory = whole or inputs.fits_into_memory(data, share=_SHARE)
    if in_memory or part is not None or image_size is not None or missing == "drop":
        return [
            inputs.read_for_model(
                fitted,
                data,
                part=part,
                image_size=image_size,
                missing=missing,
                voice=voice,
                label=label,
                errors=errors,
            )
        ]
    stream = _stream(fitted, data, label, voice, errors)
    return Chunks(lambda: (inputs.matched(fitted, rows, voice) for rows in stream.chunks()))


def tables_for_model(
    fitted: Autoencoder, data: str, voice: Voice, *, errors: Errors = "stop"
) -> Iterator[tuple[pa.Table, Rows]]:
    """A table on disk in chunks: all its columns as they are read, and those of the model as it expects them."""
    from narrows.data import read_table, reading_options, table_rows

    if inputs.fits_into_memory(data, share=_SHARE):
        options = reading_options(schema=fitted.schema_, errors=errors)
        table, notes = read_table(Path(data), options.text_columns)
        columns = _known(fitted, table.column_names)
        rows = table_rows(table, Path(data).name, columns=columns, options=options, notes=notes)
        for note in rows.notes:
            voice.remark(note)
        yield table, inputs.matched(fitted, rows, voice)
        return
    for table, rows in _stream(fitted, data, None, voice, errors).tables():
        yield table, inputs.matched(fitted, rows, voice)


def joined_labels(labels: list[np.ndarray | None]) -> np.ndarray | None:
    """Of chunks, those of all rows."""
    import numpy as np

    known = [of for of in labels if of is not None]
    return np.concatenate(known) if known else None


def _stream(fitted: Autoencoder, data: str, label: str | None, voice: Voice, errors: Errors) -> RowStream:
    from narrows.data import scan

    stream = scan(data, label=label, schema=fitted.schema_, errors=errors)
    voice.remark(f"{stream.source} has {len(stream):,} rows and is read in chunks.")
    columns = _known(fitted, stream.sample.feature_names)
    return stream if columns is None else stream.select(columns)


def _known(fitted: Autoencoder, names: Iterable[str]) -> list[str] | None:
    """Those of the names that are columns of the model; None where that has no names, or none of these."""
    from narrows.data import column_of

    given = list(names)
    known = set(given)
    wanted = {column_of(name, known) for name in fitted.schema_.names or ()}
    return [name for name in given if name in wanted] or None
