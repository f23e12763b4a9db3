"""Where the rows of a text file begin, and whether a line of names stands above them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from narrows.data.readers.csv.cell_patterns import is_missing, is_number, is_value, shape
from narrows.data.readers.csv.line_cells import Record, n_columns

_ROWS_JUDGED, _COLUMNS_JUDGED = 200, 1000


@dataclass(frozen=True)
class Header:
    """The names of a table, and where its rows begin.

    Parameters
    ----------
    names : tuple of str
        Without those of left-out columns.
    first_row : int
        The index of the first row among the records that were given.
    line : int or None
        The line of the names; None if there is none.
    n_cells : int
        How many cells the rows have: one more than `names` where every row ends with a separator.
    unnamed : tuple of str
        Names that were made up for empty cells of the header.
    is_counted : bool
        Whether the names count the columns from 0.
    has_row_names : bool
        Whether the first name was made up, since the header has one less than the rows have cells.
    """

    names: tuple[str, ...]
    first_row: int
    line: int | None
    n_cells: int
    unnamed: tuple[str, ...] = ()
    is_counted: bool = False
    has_row_names: bool = False


def find_header(found: Sequence[Record], above: Record | None = None) -> Header:
    """Return the header of the rows.

    Parameters
    ----------
    found : sequence of Record
        The first records of a file, comments left out.
    above : Record, optional
        The last line of comments above them without its sign, which is the header where the first record is none.
    """
    n = n_columns(found)
    start = _first_of_table(found, n)
    first = found[start].cells
    rows = [record.cells for record in found[start:] if len(record.cells) == n][: _ROWS_JUDGED + 1]
    is_trailing = n > 1 and len(rows) > 1 and not any(row[-1].strip() for row in rows)
    n_names = n - 1 if is_trailing else n
    first, rows = first[:n_names], [row[:n_names] for row in rows]
    if (longer := _longer_header(found, start, n)) is not None:
        return _named(longer.cells[:n], start, longer.line, n)
    shorter = _shorter_header(found, start, n)
    if shorter is not None and is_trailing and not is_clear_header(first, rows[1:]):
        return _named(shorter.cells, start, shorter.line, n)
    if shorter is not None and not is_clear_header(first, rows[1:]) and is_header(shorter.cells, [r[1:] for r in rows]):
        return replace(_named(["row", *shorter.cells], start, shorter.line, n), has_row_names=True)
    if above is not None and n > 1 and len(above.cells) == n and not is_clear_header(first, rows[1:]):
        return _named(above.cells[:n_names], start, above.line, n)
    if is_header(first, rows[1:]):
        return _named(first, start + 1, found[start].line, n)
    return Header(tuple(f"x{i}" for i in range(n_names)), start, None, n)


def _named(cells: Sequence[str], first_row: int, line: int, n: int) -> Header:
    names = [cell.strip() for cell in cells]
    unnamed = []
    for i, name in enumerate(names):
        if not name:
            names[i] = f"column {i + 1}"
            while names[i] in cells:
                names[i] += "_"
            unnamed.append(names[i])
    return Header(tuple(names), first_row, line, n, tuple(unnamed), is_counted(names))


def _first_of_table(found: Sequence[Record], n: int) -> int:
    """The first record that is neither a title nor blank: with as many cells as the rows, and as many filled."""
    if n == 1:
        return next(i for i, record in enumerate(found) if not record.is_blank)
    whole = [i for i, record in enumerate(found) if len(record.cells) == n]
    typical = float(np.median([found[i].n_filled for i in whole]))
    for place, i in enumerate(whole[:-1]):
        filled = [cell for cell in found[i].cells if cell.strip()]
        names = _names_below(found, whole[place + 1 : place + 20], len(filled))
        is_sparse = 2 * len(filled) <= min(n, typical) and not any(is_value(cell) for cell in filled)
        if names is None or not (is_sparse or _is_clear(found, whole, names)):
            return i
    return whole[0]


def _names_below(found: Sequence[Record], places: Sequence[int], n_filled: int) -> int | None:
    """The next line of more words and of no values."""
    for i in places:
        if found[i].n_filled > n_filled and not any(is_value(cell) for cell in found[i].cells):
            return i
    return None


def _is_clear(found: Sequence[Record], whole: Sequence[int], place: int) -> bool:
    """Whether a record has a name for every column, above cells of other kinds."""
    below = [found[i].cells for i in whole if i > place][:_ROWS_JUDGED]
    return all(cell.strip() for cell in found[place].cells) and is_clear_header(found[place].cells, below)


def _shorter_header(found: Sequence[Record], start: int, n: int) -> Record | None:
    """The line right above the table with one name less than the rows have cells."""
    before = found[start - 1] if start else None
    if before is None or len(before.cells) != n - 1 or before.n_filled < n - 1 or n < 3:
        return None
    return before if not any(is_value(cell) for cell in before.cells) or _is_sequence(before.cells) else None


def _longer_header(found: Sequence[Record], start: int, n: int) -> Record | None:
    """The line right above the table that ends with a separator as the rows do not."""
    before = found[start - 1] if start else None
    return None if before is None or len(before.cells) != n + 1 or before.cells[-1].strip() else before


# -- is a line a header?


def is_header(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether a line names the columns below it, since its cells are of other kinds than theirs."""
    names = [cell.strip() for cell in first]
    if is_counted(names):
        return True
    if not below:
        return not all(is_number(cell) or not cell for cell in names)
    if _is_sequence(names) and not _are_sequences(below, names):
        return True
    votes = _votes(names, below)
    against, in_favour = votes[-1], votes[1]
    if against == in_favour == 0:
        repeated = len(set(names)) < len(names) or "" in names[1:-1]
        return not (repeated and all(is_value(cell) or is_missing(cell) for cell in names))
    return in_favour >= against


def is_clear_header(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether some cell of a line is a word above numbers, dates or codes."""
    return bool(below) and _votes([cell.strip() for cell in first], below)[1] > 0 and is_header(first, below)


def is_counted(names: Sequence[str]) -> bool:
    """Return whether names are 0, 1, 2, ..., as pandas writes them where columns have none."""
    return list(names) == [str(i) for i in range(len(names))]


def _votes(names: Sequence[str], below: Sequence[Sequence[str]]) -> Counter[int]:
    """How many columns speak for (1) and against (-1) the line above being a header."""
    others = [row for row in below if [cell.strip() for cell in row] != list(names)]
    judged = range(0, len(names), max(1, len(names) // _COLUMNS_JUDGED))
    return Counter(_vote(names[i], [row[i].strip() for row in others]) for i in judged)


def _vote(name: str, column: Sequence[str]) -> int:
    filled = [cell for cell in column if not is_missing(cell)]
    if not filled or is_missing(name):
        return 0
    usual, count = Counter(map(shape, filled)).most_common(1)[0]
    if usual == "text" or count < 0.8 * len(filled):
        return -1 if sum(cell == name for cell in filled) > 1 else 0
    return -1 if shape(name) == usual else 1


def _is_sequence(names: Sequence[str]) -> bool:
    """Whether the numbers among names are steps on a scale: years, or at least three at equal distances."""
    numbers = [float(name) for name in names if re.fullmatch(r"-?\d+(\.\d+)?", name)]
    if len(numbers) < max(2, len(names) - 2) or len(set(numbers)) < len(numbers):
        return False
    steps = np.diff(numbers)
    if all(name.isdigit() and 1800 <= int(name) <= 2100 for name in names if is_number(name)):
        return bool((steps > 0).all() or (steps < 0).all())
    return len(numbers) > 2 and bool(np.allclose(steps, steps[0]))


def _are_sequences(below: Sequence[Sequence[str]], names: Sequence[str]) -> bool:
    """Whether the same cells of some of the rows are such steps too."""
    places = [i for i, name in enumerate(names) if is_number(name)]
    return sum(_is_sequence([row[i].strip() for i in places]) for row in below) > 0.1 * len(below)
