"""Parquet files as Arrow tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from narrows.data.location import Location
from narrows.errors import DataFormatError

if TYPE_CHECKING:
    import pyarrow as pa


ENDINGS = (".parquet", ".pq")


def is_parquet(path: Location) -> bool:
    """Return whether a file is named as a Parquet file."""
    return path.suffix.casefold() in ENDINGS


def read_parquet(path: Location) -> pa.Table:
    """Return a Parquet file as a table."""
    import pyarrow as pa
    from pyarrow import parquet

    with path.open("rb") as file:  # Arrow opens only names that are UTF-8
        try:
            table = parquet.ParquetFile(file).read()
            _ = table.column_names  # decodes them
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise DataFormatError(
                f"{path.name} is not a readable Parquet file; it may be damaged or cut short: write it again."
            ) from error
    return table
