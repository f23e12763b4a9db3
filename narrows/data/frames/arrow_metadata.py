"""The delimiter of a CSV file, kept in the metadata of the Arrow table that was read from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_DELIMITER = b"narrows.delimiter"


def delimiter_of(table: pa.Table) -> str | None:
    """Return the delimiter of the CSV file that a table was read from, or whose texts it holds; None without one."""
    found = (table.schema.metadata or {}).get(_DELIMITER)
    return None if found is None else found.decode()


def with_delimiter(table: pa.Table, delimiter: str) -> pa.Table:
    """Return the table with the delimiter of its CSV file noted."""
    return table.replace_schema_metadata({**(table.schema.metadata or {}), _DELIMITER: delimiter.encode()})
