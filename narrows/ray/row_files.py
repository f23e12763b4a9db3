"""The files of a table as a dataset of Ray, in their order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from narrows.data import Location, RemotePath, location, reading_options, table_files
from narrows.data.readers.csv.csv_file import csv_chunks
from narrows.data.readers.row_stream import CSV_BLOCK, csv_types, parquet_tables, tables_of
from narrows.errors import DataFormatError, DataNotFoundError
from narrows.ray.ray_session import ray_data

if TYPE_CHECKING:
    import pyarrow as pa

    from narrows.data import Schema

_HEAD, _BATCH = 1000, 50_000


@dataclass(frozen=True)
class RowFiles:
    """CSV or Parquet files, which are one table.

    Parameters
    ----------
    path : Path or RemotePath
        The file, folder or pattern.
    files : list
        Sorted.
    is_parquet : bool
    types : dict of str to DataType
        Of the columns of CSV files.
    """

    path: Location
    files: Sequence[Location]
    is_parquet: bool
    types: dict[str, pa.DataType] = field(default_factory=dict)

    @classmethod
    def of(cls, source: str | os.PathLike[str]) -> RowFiles:
        """Return the files of a source.

        Raises
        ------
        DataNotFoundError, DataFormatError
        """
        path = location(source)
        if not path.exists():
            raise DataNotFoundError(f"There is no file or folder {str(path)!r}; give CSV or Parquet files.")
        for is_parquet in (True, False):
            if files := table_files(path, parquet=is_parquet):
                return cls(path, files, is_parquet)
        raise DataFormatError(f"{path} is neither a CSV or Parquet file nor a folder of them; give one of these.")

    @property
    def batch_size(self) -> int | None:
        """Rows of each batch of the dataset; None: batches are the chunks of CSV files.

        Ray hands a worker as many items as a batch has rows, which would be all CSV files at once.
        """
        return _BATCH if self.is_parquet else None

    def typed(self, schema: Schema) -> RowFiles:
        """Return the same with the types of the columns of CSV files, which are read once for that."""
        if self.is_parquet:
            return self
        return replace(self, types=csv_types(self.files, reading_options(schema=schema).text_columns))

    def head(self) -> pa.Table:
        """Return some of the first rows; DataFormatError if there are none."""
        first = self.files[0]
        if self.is_parquet:
            table = next(tables_of(parquet_tables(self.path, [first])), None)
        else:
            table = next(csv_chunks(first, self.types, block=CSV_BLOCK), None)
        if table is None or not table.num_rows:
            raise DataFormatError(f"{first.name} has no rows; give it at least one row.")
        return table[:_HEAD]

    def dataset(self) -> Any:
        """Return all rows as a dataset of Ray."""
        data = ray_data()
        if self.is_parquet:
            filesystem = self.path.filesystem if isinstance(self.path, RemotePath) else None
            names = [_name(file) for file in self.files]
            return data.read_parquet(names, filesystem=filesystem, partitioning=self._partitioning())
        numbers = data.from_items([{"number": i} for i in range(len(self.files))], override_num_blocks=len(self.files))
        return numbers.map_batches(self._chunks, batch_size=1, batch_format="pyarrow")

    def _partitioning(self) -> Any:
        """Return that folders below the source named ``year=2024`` are columns, of the types that Arrow infers."""
        import pyarrow as pa

        base = _name(self.path if self.path.is_dir() else self.path.parent)
        folders = _name(self.files[0])[len(base) :].split("/")[:-1]
        schema = self.head().schema
        keys = [name.partition("=")[0] for name in folders if "=" in name]
        types: dict[str, Any] = {key: int for key in keys if pa.types.is_integer(schema.field(key).type)}
        return ray_data().datasource.Partitioning("hive", base_dir=base, field_types=types)

    def _chunks(self, numbers: pa.Table) -> Iterator[pa.Table]:
        """Yield the rows of the CSV files of these numbers, in a worker."""
        for number in numbers["number"].to_pylist():
            yield from csv_chunks(self.files[number], self.types, block=CSV_BLOCK)


@contextmanager
def in_order() -> Iterator[None]:
    """Let Ray's datasets keep their order, without bars of progress."""
    context = ray_data().DataContext.get_current()
    options = context.execution_options
    before = options.preserve_order, context.enable_progress_bars
    options.preserve_order, context.enable_progress_bars = True, False
    try:
        yield
    finally:
        options.preserve_order, context.enable_progress_bars = before


def _name(path: Location) -> str:
    return path.path if isinstance(path, RemotePath) else str(path.absolute())
