"""Other table files: spreadsheets, Feather and Arrow files, ORC, JSON."""

from __future__ import annotations

import gzip
import json
import warnings
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from narrows.data.frames.as_frame import arrow_cells, materialize
from narrows.data.readers import spreadsheet
from narrows.errors import DataError, DataFormatError

if TYPE_CHECKING:
    import pyarrow as pa

_PACKED = (".gz", ".zst")
ENDINGS = (*spreadsheet.ENDINGS, ".feather", ".arrow", ".ipc", ".orc", ".jsonl", ".ndjson", ".json")


def is_other(path: Path) -> bool:
    """Return whether a file is named as one that `read_other` reads."""
    return _ending(split_sheet(path)[0]) in ENDINGS


def split_sheet(path: Path) -> tuple[Path, str | None]:
    """Split a path such as "table.xlsx#Costs" into the file and the name of its sheet, None where there is none."""
    name, mark, sheet = path.name.rpartition("#")
    if mark and Path(name).suffix.casefold() in spreadsheet.ENDINGS and not path.exists():
        return path.with_name(name), sheet
    return path, None


def read_other(path: Path) -> tuple[pa.Table, tuple[str, ...]]:
    """Return such a file as a table, with notes on how it was read.

    A spreadsheet is read from the sheet that the path names, else from the first that is not empty. JSON is an object
    in each line, a list of objects, or an object of columns; names of nested values have dots, "address.city". All but
    spreadsheets may be compressed by gzip or zstd.

    Raises
    ------
    DataFormatError
        A file that is damaged, empty, or not what its ending says.
    MissingExtraError
        A spreadsheet, without the extra that reads them.
    """
    import pyarrow as pa

    path, sheet = split_sheet(path)
    ending = _ending(path)
    if ending in spreadsheet.ENDINGS:
        return spreadsheet.read_sheet(path, sheet)
    readers: dict[str, Callable[[bytes], pa.Table]] = {".orc": _orc}
    readers |= dict.fromkeys((".feather", ".arrow", ".ipc"), _feather)
    data = _unpacked(path)
    if not data.strip():
        raise DataFormatError(f"{path.name} is empty; give it at least one row.")
    if ending not in readers:
        return _from_json(data, path.name), ()
    try:
        return readers[ending](data), ()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataFormatError(
            f"{path.name} is not a readable {ending} file; it may be damaged or cut short: write it again."
        ) from error


def _ending(path: Path) -> str:
    packed = path.suffix.casefold() in _PACKED
    ending = Path(path.stem).suffix.casefold() if packed else path.suffix.casefold()
    return "" if packed and ending in spreadsheet.ENDINGS else ending


def _unpacked(path: Path) -> bytes:
    import pyarrow as pa

    try:
        if path.suffix.casefold() == ".zst":
            with pa.input_stream(str(path), compression="zstd") as file:
                return file.read()
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix.casefold() == ".gz" else data
    except (gzip.BadGzipFile, EOFError, zlib.error, pa.ArrowException) as error:
        raise DataFormatError(f"{path.name} cannot be unpacked; it may be cut short: pack it again.") from error
    except OSError as error:
        if isinstance(error, PermissionError):
            raise
        raise DataFormatError(f"{path.name} cannot be read: {error.strerror or error}; write it again.") from error


def _feather(data: bytes) -> pa.Table:
    import pyarrow as pa
    from pyarrow import feather

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of the first form of such files
            return feather.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError):
        return pa.ipc.open_stream(pa.BufferReader(data)).read_all()


def _orc(data: bytes) -> pa.Table:
    import pyarrow as pa
    from pyarrow import orc

    return orc.read_table(pa.BufferReader(data))


# -- JSON


def _from_json(data: bytes, name: str) -> pa.Table:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataFormatError(f"{name} is not in UTF-8, the encoding of JSON; save it again as UTF-8.") from error
    found = _whole(text)
    table = _lines(data, text, name) if found is None else _table_of(found, name)
    if not table.num_rows:
        raise DataFormatError(f"{name} has no rows; give it at least one object.")
    return _flat(table)


def _whole(text: str) -> Any:
    """Return the text as one JSON value; None where it is none, or one object in one line, which is a row."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return None if isinstance(found, dict) and "\n" not in text.strip() and not _is_table(found) else found


def _is_table(found: Mapping[str, Any]) -> bool:
    return bool(found) and all(isinstance(value, list | dict) for value in found.values())


def _lines(data: bytes, text: str, name: str) -> pa.Table:
    import pyarrow as pa
    from pyarrow import json as arrow_json

    try:
        return arrow_json.read_json(pa.BufferReader(data.removeprefix(b"\xef\xbb\xbf")))
    except pa.ArrowException:  # cells of several kinds in a column, or no JSON
        pass
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DataFormatError(
                f"{name} holds {line.strip()[:40]!r} in line {number}, which is not a JSON object; correct the line."
            ) from error
        if not isinstance(row, dict):
            raise DataFormatError(f'{name} holds no object in line {number}; each line must be one, as {{"a": 1}}.')
        rows.append(row)
    return materialize(rows)


def _table_of(found: Any, name: str) -> pa.Table:
    """Return the table of a list of objects, or of an object that holds such a list or columns."""
    import pyarrow as pa

    if isinstance(found, dict):
        parts = list(found.values())
        if set(found) >= {"columns", "data"} and isinstance(found["data"], list):  # as pandas splits a frame
            cells = [arrow_cells(list(column)) for column in zip(*found["data"], strict=True)]
            return pa.table(cells, names=[str(label) for label in found["columns"]])
        lists = [part for part in parts if isinstance(part, list)]
        if len(lists) == 1 and lists[0] and all(isinstance(row, dict) for row in lists[0]):
            return materialize(lists[0])
        if parts and all(isinstance(part, dict) for part in parts):  # columns of cells by row, as pandas writes them
            keys = list(dict.fromkeys(key for part in parts for key in part))
            return pa.table({key: arrow_cells([part.get(k) for k in keys]) for key, part in found.items()})
        if lists and len(lists) == len(parts):
            try:
                return materialize(found)
            except DataError as error:
                raise DataFormatError(f"{name} holds columns of different lengths; give them all the same.") from error
        return materialize([found])
    if isinstance(found, list) and found and all(isinstance(row, dict) for row in found):
        return materialize(found)
    if isinstance(found, list) and found and all(isinstance(row, list) for row in found):
        width = max(map(len, found))
        rows = [[*row, *[None] * (width - len(row))] for row in found]
        return pa.table({f"x{i}": arrow_cells([row[i] for row in rows]) for i in range(width)})
    raise DataFormatError(f"{name} holds no table; give a list of objects, or one object in each line.")


def _flat(table: pa.Table) -> pa.Table:
    import pyarrow as pa

    while any(pa.types.is_struct(kind) for kind in table.schema.types):
        table = table.flatten()
    return table
