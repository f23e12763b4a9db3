"""Tables larger than memory, read in chunks as often as needed."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from narrows.data.location import Location, RemotePath, location
from narrows.data.readers import arrow_tables
from narrows.data.readers.csv import csv_file
from narrows.data.readers.parquet import is_parquet
from narrows.data.readers.reading_options import Errors, ReadingOptions, reading_options
from narrows.data.rows import Rows
from narrows.data.schema.layout import SchemaLayout
from narrows.errors import DataError, DataFormatError, DataNotFoundError

if TYPE_CHECKING:
    import pyarrow as pa


_CELLS_PER_CHUNK = 1 << 21
_CELLS_OF_SAMPLE, _FEWEST_SAMPLED = 1 << 23, 10_000
CSV_BLOCK = 1 << 24
_IN_MEMORY = 20
"""Bytes per cell during a fit in memory, roughly."""


class Part(NamedTuple):
    """Consecutive rows of files, whose number is known before they are read.

    Parameters
    ----------
    n_rows : int
    tables : callable
        Reads them.
    """

    n_rows: int
    tables: Callable[[], Iterator[pa.Table]]


Parts = Callable[[], Iterator[Part]]


@dataclass(frozen=True, eq=False)
class RowStream:
    """Rows of files, chunk by chunk, and a sample of them in memory. Made by `scan`.

    Parameters
    ----------
    source : str
        Name in messages.
    path : Path or RemotePath
        The file or folder.
    n_rows : int
    sample : Rows
        Rows drawn at random, all of them where they are few, with their row numbers in the files.
    """

    source: str
    path: Location
    n_rows: int
    sample: Rows
    _parts: Parts
    _chosen: dict[str, Any]

    def __len__(self) -> int:
        return self.n_rows

    @property
    def n_columns(self) -> int:
        return self.sample.n_columns

    @property
    def names(self) -> tuple[str, ...] | None:
        return self.sample.names

    def select(self, names: Sequence[str]) -> RowStream:
        """Return these columns only."""
        places = [self.sample.feature_names.index(name) for name in names]
        return replace(self, sample=self.sample.select(places), _chosen={**self._chosen, "columns": list(names)})

    def chunks(self, rows: range | None = None) -> Iterator[Rows]:
        """Yield rows in the order of the files, some hundred thousand at a time.

        Parameters
        ----------
        rows : range or None, default=None
            Row numbers; chunks without any of these are left out, and are not read from Parquet files. None: all.

        Raises
        ------
        DataFormatError
            A file has changed or is gone since `scan`.
        """
        return (chunk for _, chunk in self.tables(rows))

    def whole(self) -> Rows:
        """Return all rows, in memory, with the notes of the sample."""
        import pyarrow as pa

        whole = pa.concat_tables(tables_of(self._parts))
        rows = arrow_tables.table_rows(whole, self.source, **self._as_sampled())
        return replace(rows, notes=self.sample.notes, row_numbers=np.arange(len(rows)))

    def tables(self, rows: range | None = None) -> Iterator[tuple[pa.Table, Rows]]:
        """Yield all columns of the files, chosen or not, with each of the `chunks` of `rows`.

        Raises
        ------
        DataFormatError
            A file has changed or is gone since `scan`.
        """
        chosen = self._as_sampled()
        wanted = range(self.n_rows) if rows is None else rows
        start = 0
        for part in self._parts():
            start, first = start + part.n_rows, start
            if not _overlap(range(first, start), wanted):
                continue
            for table in part.tables():
                numbers = range(first, first + table.num_rows)
                first = numbers.stop
                if _overlap(numbers, wanted):
                    chunk = arrow_tables.table_rows(table, self.source, start=numbers.start, **chosen)
                    yield table, replace(chunk, notes=(), row_numbers=np.asarray(numbers))
        if start != self.n_rows:
            raise DataFormatError(f"{self.source} had {self.n_rows:,} rows and now has {start:,}; scan it again.")

    def _as_sampled(self) -> dict[str, Any]:
        """Return the arguments of `table_rows` with which a part is read as the sample is."""
        # A chunk alone may look like something else than the sample.
        options: ReadingOptions = self._chosen["options"]
        is_known = bool(options.known or options.expected)
        return {**self._chosen, "options": options if is_known else options.as_fitted(self.sample)}


def scan(
    source: str | os.PathLike[str],
    *,
    columns: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    label: str | None = None,
    text: Sequence[str] = (),
    types: Mapping[str, str] | None = None,
    na_values: Sequence[str] = (),
    keep_na: bool = False,
    errors: Errors = "flag",
    schema: SchemaLayout | None = None,
    filesystem: Any = None,
) -> RowStream:
    """Prepare to read a table in chunks: read it once, count its rows and draw a sample.

    Parameters
    ----------
    source : str or path
        A CSV (also compressed) or Parquet file, or a folder of files of one kind, sub-folders included; folders
        named ``year=2024`` become a column `year` of Parquet files. Also a pattern of files, ``events/*.parquet``,
        and addresses: ``s3://``, ``gs://``, ``hdfs://``, ``file://``.
    columns, ignore, label, text, types, na_values, keep_na, errors, schema, filesystem
        As for `narrows.read`.

    Returns
    -------
    RowStream
        For `fit`; other methods work on its `chunks()`.

    Raises
    ------
    DataNotFoundError, DataFormatError, DataError
        As for `narrows.read`.

    Examples
    --------
    >>> import narrows
    >>> stream = narrows.scan("events/")  # doctest: +SKIP
    >>> model = narrows.Autoencoder().fit(stream)  # doctest: +SKIP
    """
    path = location(source, filesystem)
    if not path.exists():
        raise DataNotFoundError(f"There is no file or folder {str(path)!r}; give a CSV or Parquet file, or a folder.")
    all_types = {**dict.fromkeys(text, "category"), **(types or {})}
    options = reading_options(
        types=all_types, na_values=tuple(na_values), keep_na=keep_na, errors=errors, schema=schema
    )
    chosen = {"columns": columns, "ignore": ignore, "label": label, "options": options}
    if parquet := table_files(path, parquet=True):
        whole = parquet_tables(path, parquet)
    elif csv := table_files(path, parquet=False):
        whole = _csv_tables(csv, options.text_columns)
    else:
        raise DataFormatError(f"{path.name} is neither a CSV or Parquet file nor a folder of them; give one of these.")
    while True:
        with suppress(csv_file.WiderTypeError):  # then it is looked through again with the wider type
            n_rows, sample = _sampled(whole, path.name, chosen)
            return RowStream(path.name, path, n_rows, sample, whole, chosen)


def table_files(path: Location, *, parquet: bool) -> list[Location]:
    """Return the Parquet or CSV files that `path` is or contains, sorted."""
    if path.is_file():
        return [path] if (is_parquet if parquet else csv_file.is_csv)(path) else []
    wanted = is_parquet if parquet else partial(csv_file.is_csv, in_folder=True)
    # Other programs leave files of their own, which begin with a dot or an underscore.
    found: Iterable[Location] = path.rglob("*")
    chosen = [p for p in found if wanted(p) and p.is_file() and not p.name.startswith((".", "_"))]
    return sorted(chosen, key=str)


def memory_needed(path: Location, *, most: float = math.inf) -> int:
    """Return about how many bytes a fit in memory takes for a table on disk; 0 for other paths.

    Compressed files are unpacked to be measured, until the result is known to be larger than `most`.
    """
    from pyarrow import parquet

    found = 0
    for file in table_files(path, parquet=True):
        try:
            with file.open("rb") as opened:
                about = parquet.read_metadata(opened)
        except Exception:  # reading it says what is wrong with it
            continue
        found += about.num_rows * about.num_columns * _IN_MEMORY
    if not found:
        for file in table_files(path, parquet=False):
            with suppress(DataFormatError):  # reading it says what is wrong with it
                found += csv_file.content_size(file, most=4 * (most - found) / _IN_MEMORY) * _IN_MEMORY // 4
    return found


def tables_of(parts: Parts) -> Iterator[pa.Table]:
    """Yield the tables of all parts."""
    return (table for part in parts() for table in part.tables())


def _overlap(numbers: range, wanted: range) -> bool:
    return max(numbers.start, wanted.start) < min(numbers.stop, wanted.stop)


def read_whole_folder(path: Location, text: Sequence[str] = ()) -> pa.Table:
    """Return all tables of a folder as one; in CSV files, the columns `text` are read as text."""
    import pyarrow as pa

    parquet = table_files(path, parquet=True)
    whole = parquet_tables(path, parquet) if parquet else _csv_tables(table_files(path, parquet=False), text)
    tables: list[pa.Table] | None = None
    while tables is None:
        with suppress(csv_file.WiderTypeError):
            tables = list(tables_of(whole))
    if not tables:
        raise DataFormatError(f"{path.name} has no rows; give it at least one row.")
    return pa.concat_tables(tables)


def _sampled(whole: Parts, source: str, chosen: dict[str, Any]) -> tuple[int, Rows]:
    """Return the number of rows, and the rows with the smallest of random keys, with their row numbers."""
    import pyarrow as pa

    rng = np.random.default_rng(0)
    n_rows, kept, keys, places, most = 0, None, np.zeros(0), np.zeros(0, np.intp), 0
    for table in tables_of(whole):
        places = np.concatenate([places, np.arange(n_rows, n_rows + table.num_rows)])
        n_rows += table.num_rows
        most = max(_FEWEST_SAMPLED, _CELLS_OF_SAMPLE // max(1, table.num_columns))
        keys = np.concatenate([keys, rng.random(table.num_rows)])
        kept = table if kept is None else pa.concat_tables([kept, table])
        if len(keys) > 1.5 * most:
            kept, keys, places = _with_smallest(kept, keys, places, most)
    if kept is None:
        raise DataFormatError(f"{source} has no rows; give it at least one row.")
    if len(keys) > most:
        kept, keys, places = _with_smallest(kept, keys, places, most)
    rows = replace(arrow_tables.table_rows(kept, source, **chosen), row_numbers=places)
    del kept
    pa.default_memory_pool().release_unused()  # Arrow keeps what it had, many times the sample
    return n_rows, rows


def _with_smallest(
    table: pa.Table, keys: np.ndarray, places: np.ndarray, most: int
) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    chosen = np.sort(np.argpartition(keys, most)[:most])
    return table.take(chosen).combine_chunks(), keys[chosen], places[chosen]


def parquet_tables(path: Location, files: Sequence[Location]) -> Parts:
    """Return a function that yields the row groups of files, small ones together."""
    import pyarrow as pa
    from pyarrow import dataset

    def opened() -> Any:
        try:
            return dataset.dataset(
                [_name(file) for file in files],
                format="parquet",
                filesystem=path.filesystem if isinstance(path, RemotePath) else None,
                partitioning=dataset.partitioning(flavor="hive"),
                partition_base_dir=_name(path if path.is_dir() else path.parent),
            )
        except (pa.ArrowException, OSError) as error:
            raise DataFormatError(_broken(path, error)) from error

    def whole() -> Iterator[Part]:
        found = opened()
        step = max(1, _CELLS_PER_CHUNK // max(1, len(found.schema)))
        groups, n_rows = [], 0
        try:
            for fragment in found.get_fragments():
                # Arrow's own scan reads faster than the rows are used, up to the whole file.
                for group in fragment.split_by_row_group():
                    groups.append(group)
                    n_rows += sum(about.num_rows for about in group.row_groups)
                    if n_rows >= step:
                        yield Part(n_rows, partial(read, groups, found.schema, step))
                        groups, n_rows = [], 0
            yield Part(n_rows, partial(read, groups, found.schema, step))
        except (pa.ArrowException, OSError) as error:
            raise DataFormatError(_broken(path, error)) from error

    def read(groups: Sequence[Any], schema: pa.Schema, step: int) -> Iterator[pa.Table]:
        try:
            tables = [group.to_table(schema=schema) for group in groups]
        except (pa.ArrowException, OSError) as error:
            raise DataFormatError(_broken(path, error)) from error
        return _sliced(tables, step)

    return whole


def _name(path: Location) -> str:
    """Return a path as its file system names it."""
    return path.path if isinstance(path, RemotePath) else str(path)


def _sliced(parts: list[pa.Table], step: int) -> Iterator[pa.Table]:
    import pyarrow as pa

    joined = pa.concat_tables(parts) if parts else []
    for start in range(0, len(joined), step):
        yield joined[start : start + step]


def _broken(path: Location, error: Exception) -> str:
    return f"{path.name} cannot be read as Parquet: {str(error).splitlines()[0].rstrip('.')}; write it again."


def csv_types(files: Sequence[Location], text: Sequence[str] = ()) -> dict[str, pa.DataType]:
    """Return the types by which all rows of CSV files of the same columns are read, after reading them once."""
    import pyarrow as pa

    types = dict.fromkeys(text, pa.string())
    whole = _csv_tables(files, types=types)
    while True:
        with suppress(csv_file.WiderTypeError):  # then it is looked through again with the wider type
            for _ in whole():
                pass
            return types


def _csv_tables(
    files: Sequence[Location], text: Sequence[str] = (), *, types: dict[str, pa.DataType] | None = None
) -> Parts:
    """Return a function that yields the blocks of files; `types` are found while they are read."""
    import pyarrow as pa

    types = dict.fromkeys(text, pa.string()) if types is None else types
    names: list[str] = []

    def whole() -> Iterator[Part]:
        for file in files:
            for table in csv_file.csv_chunks(file, types, block=CSV_BLOCK):
                if not names:
                    names.extend(table.column_names)
                    types.update(zip(names, table.schema.types, strict=True))
                if table.column_names != names:
                    raise DataError(f"{file.name} has other columns than {files[0].name}; put it into another folder.")
                yield Part(table.num_rows, partial(iter, (table,)))

    def widened() -> Iterator[Part]:
        try:
            yield from whole()
        except csv_file.WiderTypeError as found:
            types[found.name] = found.dtype
            raise

    return widened
