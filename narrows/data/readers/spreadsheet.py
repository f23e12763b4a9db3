"""Sheets of Excel and OpenDocument files as Arrow tables."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from narrows.data.frames.as_frame import arrow_cells
from narrows.errors import DataFormatError, MissingExtraError

if TYPE_CHECKING:
    import pyarrow as pa

ENDINGS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
_LOOKED_AT = 20  # rows below a header that must not be wider than it


def read_sheet(path: Path, sheet: str | None = None) -> tuple[pa.Table, tuple[str, ...]]:
    """Return a sheet, by default the first that is not empty, as a table, with notes on how it was read.

    Rows above the header, empty rows, and empty columns are left out. A column of texts among numbers or dates is one
    of texts, each cell as it would be typed.
    """
    found = _sheets(path)
    if sheet is not None and sheet not in found:
        raise DataFormatError(f"{path.name} has no sheet {sheet!r}; its sheets are {', '.join(map(repr, found))}.")
    chosen = sheet if sheet is not None else next((name for name, rows in found.items() if rows), None)
    if chosen is None or not found[chosen]:
        raise DataFormatError(f"{path.name} has only empty cells; give it a header and at least one row.")
    n_above, names, rows = _table_of(found[chosen])
    if not rows:
        raise DataFormatError(f"{path.name} has a header but no rows; give it at least one row.")
    notes = []
    if len(found) > 1:
        notes.append(
            f"{path.name} has {len(found)} sheets, of which {chosen!r} was read; name another as {path.name}#SHEET."
        )
    if n_above:
        notes.append(f"{path.name}: {n_above} row{'s' * (n_above > 1)} above the header were left out.")
    import pyarrow as pa

    columns = [_column([row[i] for row in rows]) for i in range(len(names))]
    return pa.table(columns, names=names), tuple(notes)


def _sheets(path: Path) -> dict[str, list[list[Any]]]:
    """Return the filled rows of each sheet, all of one length, None for empty cells."""
    try:
        import python_calamine
    except ImportError as error:
        raise MissingExtraError(f"{path.name} needs narrows[excel]: pip install 'narrows[excel]'.") from error
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        return {name: _filled(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names}
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise DataFormatError(
            f"{path.name} is not a readable spreadsheet: it is damaged, protected by a password, or no file of that "
            "kind; save it again, or as CSV."
        ) from error


def _filled(rows: list[list[Any]]) -> list[list[Any]]:
    cells = [[None if cell is None or cell == "" else cell for cell in row] for row in rows]
    cells = [row for row in cells if any(cell is not None for cell in row)]
    used = [
        i for i in range(max(map(len, cells), default=0)) if any(i < len(row) and row[i] is not None for row in cells)
    ]
    return [[row[i] if i < len(row) else None for i in used] for row in cells]


def _table_of(rows: list[list[Any]]) -> tuple[int, list[str], list[list[Any]]]:
    """Return how many rows lie above the table, its names, and its rows."""
    start = next(i for i in range(len(rows)) if _is_as_wide(rows, i))
    body = rows[start:]
    # Titles above may have filled a column that the table does not have.
    used = [i for i in range(len(body[0])) if any(row[i] is not None for row in body)]
    body = [[row[i] for i in used] for row in body]
    if any(isinstance(cell, str) for cell in body[0]):
        names = [f"unnamed: {i}" if cell is None else _as_typed(cell).strip() for i, cell in enumerate(body[0])]
        return start, names, body[1:]
    return start, [f"x{i}" for i in range(len(used))], body


def _is_as_wide(rows: list[list[Any]], i: int) -> bool:
    """Return whether a row has as many filled cells as any below it; the first cell may be empty, as of an index."""
    width = max((_n_filled(row) for row in rows[i + 1 : i + 1 + _LOOKED_AT]), default=0)
    lacks_first = rows[i][0] is None and all(isinstance(cell, str) for cell in rows[i][1:])
    return _n_filled(rows[i]) >= width - lacks_first


def _n_filled(row: Sequence[Any]) -> int:
    return sum(cell is not None for cell in row)


def _column(cells: list[Any]) -> Any:
    import pyarrow as pa

    present = [cell for cell in cells if cell is not None]
    if all(isinstance(cell, float | int) and not isinstance(cell, bool) for cell in present):
        if all(float(cell).is_integer() and abs(cell) < 2**53 for cell in present):
            return pa.array([None if cell is None else int(cell) for cell in cells], pa.int64())
        return pa.array([None if cell is None else float(cell) for cell in cells])
    if not any(isinstance(cell, str) for cell in present) and _is_of_one_kind(present):
        return arrow_cells(cells)
    return pa.array([None if cell is None else _as_typed(cell) for cell in cells], pa.string())


def _is_of_one_kind(cells: list[Any]) -> bool:
    kinds = (bool, datetime.date, datetime.time, datetime.timedelta)
    return any(all(isinstance(cell, kind) for cell in cells) for kind in kinds)


def _as_typed(cell: Any) -> str:
    """Return a cell as text: whole numbers without a decimal point, dates in ISO's format."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
