"""Lines of a text file as cells, and detection of the separator and quotes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

from narrows.data.readers.csv.cell_patterns import is_value

SPACES, WIDE_SPACES = " ", "  "
_USUAL, _UNUSUAL = (",", ";", "\t", "|"), (":", "^", "~", "!", "\x01", "\x1f", "::", "||", WIDE_SPACES, SPACES)
_LINES_JUDGED, _COLUMNS_JUDGED, _CHARACTERS_JUDGED = 100, 1000, 1 << 17
LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class Dialect:
    """Rules that divide lines into cells.

    Parameters
    ----------
    separator : str
        One or more characters; " " means runs of blanks, "  " runs of two and more; "" for one column.
    quote : str
        Encloses cells that hold separators or line ends; "" for none.
    is_escaped : bool
        Whether a quote within a quoted cell is written with a backslash rather than twice.
    is_spaced : bool
        Whether blanks after a separator belong to it.
    """

    separator: str
    quote: str = '"'
    is_escaped: bool = False
    is_spaced: bool = False

    @property
    def is_simple(self) -> bool:
        """Whether Arrow knows such separators."""
        return len(self.separator) <= 1 and self.separator != SPACES and not self.is_spaced

    @cached_property
    def between(self) -> re.Pattern[str]:
        """Pattern of a separator."""
        if self.separator in (SPACES, WIDE_SPACES):
            return re.compile(r"[ \t]+" if self.separator == SPACES else r" {2,}|[ ]*\t[ \t]*")
        if not self.separator:
            return re.compile(r"(?!)")
        return re.compile(re.escape(self.separator) + (" *" if self.is_spaced else ""))

    @cached_property
    def quoted(self) -> re.Pattern[str]:
        """Pattern of a quoted cell: its inside, and its closing quote if there is one."""
        q = re.escape(self.quote)
        inner = rf"(?:[^{q}\\]|\\.)*" if self.is_escaped else rf"(?:[^{q}]|{q}{q})*"
        return re.compile(rf"{q}({inner})({q})?", re.DOTALL)

    @cached_property
    def _bare(self) -> re.Pattern[str]:
        if len(self.separator) == 1 and self.separator != SPACES:
            return re.compile(rf"[^\r\n{re.escape(self.separator)}]*")
        return re.compile(rf"(?:(?!{self.between.pattern})[^\r\n])*")

    def bare_at(self, text: str, place: int) -> str:
        """Return the cell without quotes that begins there, or what follows a closing quote."""
        found = self._bare.match(text, place)
        return found[0] if found else ""

    def is_marked(self, text: str) -> bool:
        """Return whether a text holds quotes or escapes, so that its lines cannot simply be split."""
        return bool(self.quote and self.quote in text) or (self.is_escaped and "\\" in text)

    def split(self, line: str) -> list[str]:
        """Return the cells of a line without quotes."""
        if self.separator in (SPACES, WIDE_SPACES):
            line = line.strip(" \t")
        if not self.separator:
            return [line]
        return line.split(self.separator) if self.is_simple else self.between.split(line)


@dataclass(frozen=True)
class Record:
    """A row of cells as it is written.

    Parameters
    ----------
    line : int
        Where it begins, counted from 1.
    cells : list of str
    quoted : tuple of int
        Which cells are quoted.
    n_unsound : int
        Of how many of them the closing quote is missing or not at the end.
    open_line : int or None
        The line of the first quote that is never closed, or whose cell runs over lines and goes on after the quote.
    """

    line: int
    cells: list[str]
    quoted: tuple[int, ...] = ()
    n_unsound: int = 0
    open_line: int | None = None

    @property
    def n_filled(self) -> int:
        return sum(bool(cell.strip()) for cell in self.cells)

    @property
    def is_blank(self) -> bool:
        return len(self.cells) == 1 and not self.cells[0].strip()


def records(text: str, dialect: Dialect, line: int = 1) -> Iterator[Record]:
    """Yield the rows of a text that begins with this line of a file; blank lines are rows of one empty cell."""
    place = 0
    while place < len(text):
        end = LINE_END.search(text, place)
        stop, after = end.span() if end else (len(text), len(text))
        if dialect.is_marked(text[place:stop]):
            record, after = _with_quotes(text, place, dialect, line)
            yield record
            line += len(LINE_END.findall(text, place, after))
        else:
            yield Record(line, dialect.split(text[place:stop]))
            line += 1
        place = after


def _with_quotes(text: str, place: int, dialect: Dialect, line: int) -> tuple[Record, int]:
    """Return the row that begins at `place`, and the place of the next one."""
    cells, start = [], place
    quoted_cells: list[int] = []
    n_unsound = 0
    open_line = None
    if dialect.separator in (SPACES, WIDE_SPACES):
        place += len(text[place:]) - len(text[place:].lstrip(" \t"))
    while True:
        quoted = dialect.quoted.match(text, place) if dialect.quote else None
        inner_end = place if quoted is None else quoted.end()
        rest = dialect.bare_at(text, inner_end)
        if quoted is None:
            cell = _unescaped(rest) if dialect.is_escaped else rest
        else:
            inner = _unescaped(quoted[1]) if dialect.is_escaped else quoted[1].replace(dialect.quote * 2, dialect.quote)
            cell = inner + rest
            quoted_cells.append(len(cells))
            if quoted[2] is None or rest.strip():
                n_unsound += 1
                if open_line is None and (quoted[2] is None or LINE_END.search(quoted[1])):
                    open_line = line + len(LINE_END.findall(text, start, place))
        cells.append(cell)
        place = inner_end + len(rest)
        if between := dialect.between.match(text, place):
            place = between.end()
            if dialect.separator in (SPACES, WIDE_SPACES) and (place == len(text) or text[place] in "\r\n"):
                between = None
        if not between:
            end = LINE_END.match(text, place)
            return Record(line, cells, tuple(quoted_cells), n_unsound, open_line), end.end() if end else len(text)


def _unescaped(cell: str) -> str:
    return re.sub(r"\\(.)", r"\1", cell, flags=re.DOTALL)


# -- which separator and which quotes


def find_dialect(text: str, separator: str | None = None) -> Dialect:
    """Return the separator and quotes that divide the lines of a text, without comments, into the most regular table.

    The score combines the share of rows with equally many cells and the share of cells that look like values, as in
    `clevercsv`.

    separator : the separator, if it is known.
    """
    text = _first_lines(text)
    quotes = [quote for quote in "\"'" if quote in text]
    kinds = [
        (quote, escaped) for quote, escaped in product(quotes, (False, True)) if not escaped or "\\" + quote in text
    ]
    kinds = [*kinds[:1], ("", False), *kinds[1:]] if kinds else [('"', False)]
    best, highest = Dialect("" if separator is None else separator), 0.0
    single = _single_quality(text)
    for candidate in (*_USUAL, *_UNUSUAL) if separator is None else (separator,):
        if candidate.strip(" ") not in text or (candidate == SPACES and not re.search("[ \t]", text)):
            continue
        for (quote, escaped), spaced in product(kinds, (False, True)):
            if spaced and (candidate not in _USUAL or not _is_spaced(text, candidate)):
                continue
            dialect = Dialect(candidate, quote, escaped, spaced)
            score = _score(list(records(text, dialect)), candidate in _USUAL, single)
            if score > highest + 1e-9:
                best, highest = dialect, score
    if not best.quote and 0 < _n_starts(list(records(text, best))) < 3:
        best = replace(best, quote='"')  # one quote that is never closed is a fault, many are part of the cells
    if not best.separator:
        best = max(
            (Dialect("", quote, escaped) for quote, escaped in kinds),
            key=lambda dialect: _soundness(list(records(text, dialect))),
        )
    return best


def _first_lines(text: str) -> str:
    """Return the first whole lines, at least three, that are enough to score."""
    place = 0
    for i, end in enumerate(LINE_END.finditer(text)):
        if i >= _LINES_JUDGED or (i >= 3 and end.end() > _CHARACTERS_JUDGED):
            return text[:place]
        place = end.end()
    return text


def _is_spaced(text: str, separator: str) -> bool:
    n, followed = text.count(separator), text.count(separator + " ")
    return followed > 0.9 * n


def _soundness(found: Sequence[Record]) -> float:
    """Return 1 if every quoted cell ends with its quote and no other cell begins with one; less for faults."""
    n_quoted = sum(len(record.quoted) for record in found)
    n_faults = sum(record.n_unsound for record in found) + _n_starts(found)
    n = n_quoted + _n_starts(found) if n_quoted else len(found)
    return max(0.0, 1.0 - n_faults / max(1, n))


def _n_starts(found: Sequence[Record]) -> int:
    """Return how many cells that are not quoted begin with a quote."""
    return sum(
        cell.lstrip()[:1] in ("'", '"') and bool(cell.strip()) and i not in record.quoted
        for record in found
        for i, cell in enumerate(record.cells)
    )


def n_columns(found: Sequence[Record]) -> int:
    """Return how many cells the rows of the table have; titles and footers, of one cell or of any number, are fewer."""
    counts = Counter(len(record.cells) for record in found if not record.is_blank)
    several = {n: count for n, count in counts.items() if n > 1}
    if not several:
        return 1
    return max(several, key=lambda n: (several[n] * (n - 1) ** 0.5, n))


def _score(found: Sequence[Record], is_usual: bool, single: float) -> float:
    """Return the score of rows as a table, 0 to 1."""
    found = [record for record in found if not record.is_blank]
    n = n_columns(found)
    if n == 1:
        return 0.0
    of_table = [i for i, record in enumerate(found) if len(record.cells) == n]
    span = of_table[-1] - of_table[0] + 1
    density = len(of_table) / span
    if density < 0.7 or (span == 1 and len(found) > 1):
        return 0.0
    rows = [found[i] for i in of_table]
    judged = range(0, n, max(1, n // _COLUMNS_JUDGED))
    columns = [[(row.cells[i], i in row.quoted) for row in rows[1:] or rows] for i in judged]
    quality = sum(map(_quality, columns)) / len(columns)
    if not is_usual:
        n_typed = sum(_is_typed([cell for cell, _ in column]) for column in columns)
        if quality <= single or n_typed < max(1, len(columns) / 4):
            return 0.0
        quality *= 0.7
    elif len(found[0].cells) == 1 and all(_is_prose([cell for cell, _ in column]) for column in columns[1:]):
        return 0.0
    quality *= 1.0 if len(found[0].cells) == n else 0.8
    return density * quality * _soundness(found) ** 2 * (span / len(found)) ** 0.25


def _is_prose(cells: Sequence[str]) -> bool:
    """Return whether cells are the ends of sentences, divided by their commas."""
    return all(cell[:1] == " " and not is_value(cell.strip()) for cell in cells)


def _single_quality(text: str) -> float:
    """Return the quality of all lines as one column."""
    lines = [line for line in LINE_END.split(text) if line.strip()]
    return 1.0 if lines and _is_typed(lines[1:] or lines) else 0.0


def _is_typed(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and sum(is_value(cell) for cell in filled) >= 0.8 * len(filled)


def _quality(cells: Sequence[tuple[str, bool]]) -> float:
    """Return the quality of a column: 1 for values, less for texts that hold possible separators."""
    filled = [(cell.strip(), is_quoted) for cell, is_quoted in cells if cell.strip()]
    if not filled:
        return 0.5
    return sum(0.95 if is_quoted else _cell_quality(cell) for cell, is_quoted in filled) / len(filled)


def _cell_quality(cell: str) -> float:
    if is_value(cell):
        return 1.0
    if any(cell.count(start) != cell.count(end) for start, end in ("[]", "{}")) or cell.count('"') % 2:
        return 0.3
    if _is_enclosed(cell):
        return 0.9 if cell[0] in "[{" else 0.3
    if re.search(r"[,;|](?! )|\t|\S {2,}\S", cell):
        return 0.2
    return 0.7 if re.search(r"[,;|] ", cell) else 0.9


def _is_enclosed(cell: str) -> bool:
    return len(cell) > 1 and cell[0] + cell[-1] in ('""', "''", "[]", "{}")
