"""Arrow IPC bodies: read with every size checked before memory is taken for it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from narrows.apps.service.request_errors import RequestError

if TYPE_CHECKING:
    import pyarrow as pa

STREAM, FILE = "application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.file"
_RECORD_BATCH, _DICTIONARY_BATCH = 3, 2
_MAGIC = b"ARROW1"
_MOST_LEVELS = 1 << 12  # bytes of the levels of a column: below, 100,000 rows of the longest level are harmless
_MOST_WRITTEN_OUT = 1 << 28


def read_arrow(body: bytes, most: int) -> pa.Table:
    """Return the table of an Arrow IPC stream or file with at most `most` rows.

    Raises
    ------
    RequestError
        The body is damaged, compressed, or has more rows.
    """
    import pyarrow as pa

    if body.startswith(_MAGIC):  # the stream lies within the file, after its magic bytes
        body = body[8:]
    try:
        _check_messages(body, most)
        table = pa.ipc.open_stream(pa.py_buffer(body)).read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, struct.error, OverflowError, IndexError) as error:
        if isinstance(error, RequestError):
            raise
        reason = " ".join(str(error).split())[:200]
        raise RequestError(f"The body is not an Arrow IPC stream or file ({reason}).") from error
    if len(set(table.column_names)) < table.num_columns:
        raise RequestError("The table has two columns of the same name; rename one of them.")
    _check_sizes(table)
    return table


def write_arrow(table: pa.Table) -> bytes:
    """Return a table as an Arrow IPC stream."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _check_sizes(table: pa.Table) -> None:
    """Raise RequestError for columns that could become much larger than the body when they are written out.

    One text of a megabyte, to which each of 100,000 rows refers, would take 100 GB.
    """
    import pyarrow as pa

    for field, column in zip(table.schema, table.columns, strict=True):
        if any(pa.types.is_dictionary(column.type) and part.dictionary.nbytes > _MOST_LEVELS for part in column.chunks):
            levels = pa.types.is_string(column.type.value_type) or pa.types.is_large_string(column.type.value_type)
            sizes = [_written_out(part) for part in (column.chunks if levels else ())]
            if levels and sum(sizes) <= _MOST_WRITTEN_OUT:
                continue
            raise RequestError(f"The levels of column {field.name!r} are too long; send plain texts.", 413, field.name)
        if _has_references(column.type):
            raise RequestError(
                f"Column {field.name!r} is of the type {column.type}; send it as a plain column.", 422, field.name
            )


def _written_out(part: pa.DictionaryArray) -> int:
    """Return the bytes of the texts of all rows."""
    import pyarrow.compute as pc

    lengths = pc.call_function("binary_length", [part.dictionary])
    return pc.call_function("sum", [lengths.take(part.indices)]).as_py() or 0


def _has_references(kind: pa.DataType) -> bool:
    """Return whether several rows may refer to one value, at any depth; dictionaries at the top are not meant."""
    import pyarrow as pa

    types = pa.types
    if types.is_run_end_encoded(kind) or str(kind).startswith(
        ("string_view", "binary_view", "list_view", "large_list_view")
    ):
        return True
    parts = [kind.field(i).type for i in range(kind.num_fields)]
    return any(types.is_dictionary(part) or _has_references(part) for part in parts)


def _check_messages(body: bytes, most: int) -> None:
    """Raise RequestError for compressed batches, whose sizes are not known before, and for too many rows."""
    import pyarrow as pa

    n_rows = 0
    for message in pa.ipc.MessageReader.open_stream(pa.py_buffer(body)):
        metadata = message.metadata.to_pybytes()
        kind, header = _union(metadata)
        if kind not in (_RECORD_BATCH, _DICTIONARY_BATCH):
            continue
        if kind == _DICTIONARY_BATCH:
            header = _offset(metadata, header, 1)
        if _field(metadata, header, 3):
            raise RequestError("The batches of the body are compressed; write them without compression.")
        place = _field(metadata, header, 0)
        n_rows += struct.unpack_from("<q", metadata, place)[0] if place else 0
        if n_rows > most:
            raise RequestError(f"A request may have at most {most:,} rows; send several requests.", 413)


def _union(metadata: bytes) -> tuple[int, int]:
    """Return the type of a message's header and its place; see Message.fbs of the Arrow format."""
    table = struct.unpack_from("<I", metadata, 0)[0]
    place = _field(metadata, table, 1)
    return (metadata[place] if place else 0), _offset(metadata, table, 2)


def _offset(metadata: bytes, table: int, index: int) -> int:
    """Return the place of a table that a field of another one refers to."""
    place = _field(metadata, table, index)
    if not place:
        raise ValueError("a message has no header")
    return place + struct.unpack_from("<I", metadata, place)[0]


def _field(metadata: bytes, table: int, index: int) -> int:
    """Return the place of a field of a flatbuffers table; 0 if it is absent."""
    vtable = table - struct.unpack_from("<i", metadata, table)[0]
    entry = 4 + 2 * index
    if entry >= struct.unpack_from("<H", metadata, vtable)[0]:
        return 0
    offset = struct.unpack_from("<H", metadata, vtable + entry)[0]
    return table + offset if offset else 0
