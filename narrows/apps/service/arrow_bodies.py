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
    except (pa.ArrowException, OSError, ValueError, struct.error, OverflowError) as error:
        if isinstance(error, RequestError):
            raise
        reason = " ".join(str(error).split())[:200]
        raise RequestError(f"The body is no Arrow IPC stream or file ({reason}).") from error
    if len(set(table.column_names)) < table.num_columns:
        raise RequestError("The table has two columns of the same name; rename one of them.")
    return table


def write_arrow(table: pa.Table) -> bytes:
    """Return a table as an Arrow IPC stream."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _check_messages(body: bytes, most: int) -> None:
    """Raise RequestError for compressed batches, whose sizes nobody knows before, and for too many rows."""
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
