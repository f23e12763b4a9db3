"""Rows of a text file as a stream for Arrow: UTF-8, one separator, without header, comments and footers."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import numpy as np

from narrows.data.location import Location
from narrows.data.readers.csv.cell_patterns import is_missing, is_value
from narrows.data.readers.csv.comments import without_comments
from narrows.data.readers.csv.compression import compression, damage_told, opened
from narrows.data.readers.csv.dialect import CsvFormat, encoding_words, text_encoding
from narrows.data.readers.csv.line_cells import LINE_END, Record, records
from narrows.errors import DataFormatError

if TYPE_CHECKING:
    from pyarrow import NativeFile

_PIECE, _END = 15 << 16, 1 << 16
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$")
_TEXT_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$")
_TOTAL = re.compile(
    r"(grand |sub)?totals?|sum|average|mean|gesamt|summe|totale?s?|somme|suma|итого|всего", re.IGNORECASE
)
_MOST_FOOTERS, _LONGEST_CELL = 20, 1 << 24
UNIT = "\x1f"
"""Separator for Arrow where that of the file is not supported, or where there is none."""


@dataclass(frozen=True)
class Footer:
    """Lines below the rows of a table: the first of them, its text, and how many they are."""

    line: int
    text: str
    n_lines: int


class TableText:
    """A text file's rows as a stream of bytes. Made by `table_text`.

    Attributes
    ----------
    encoding : str
        Encoding of the rows read so far.
    footer : Footer or None
        Lines below the rows that were skipped; known at the end.
    n_quotes : int
        Number of quotes; two for every quoted cell.
    """

    closed = False

    def __init__(self, form: CsvFormat, path: Location, file: IO[bytes] | NativeFile) -> None:
        self.encoding, self.footer, self.n_quotes = form.encoding, None, 0
        self._form, self._path, self._file = form, path, file
        self._compression = compression(path)
        self._is_utf8_seen = form.encoding != "utf-8"
        self._n_lines, self._is_within_quotes = 0, False
        self._ready = self._rows()
        self._rest, self._unfinished = b"", ""

    def read(self, n: int) -> bytes:
        """Return the next bytes, at most `n` and at least half as many until the end, copied as little as possible."""
        parts, length = [self._rest] if self._rest else [], len(self._rest)
        while 2 * length < n and (part := next(self._ready, None)) is not None:
            parts.append(part)
            length += len(part)
        whole = parts[0] if len(parts) == 1 else b"".join(parts)
        if length <= n:
            self._rest = b""
            return whole
        self._rest = whole[n:]
        return whole[:n]

    def peek(self) -> bytes:
        """Return some of the next bytes without taking them; none at the end."""
        while not self._rest and (part := next(self._ready, None)) is not None:
            self._rest = part
        return self._rest[:1]

    def close(self) -> None:
        """Do nothing: the file is closed by `table_text`."""

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield blocks of whole lines in UTF-8, about a megabyte each, with the number of the first line."""
        above, quote = self._form.n_lines_above, self._form.dialect.quote.encode()
        for block in self._blocks():
            first = self._n_lines + 1
            self._n_lines += _n_ends(block)
            if first <= above:
                block = block[_place_of_line(block, above + 1 - first) :]
                first = above + 1
            if quote:
                self.n_quotes += _count(block, quote)
            if block:
                yield first, self._without_comments(block)

    # -- from bytes to whole lines

    def _pieces(self) -> Iterator[bytes]:
        """Yield the bytes of the file; UTF-16 and UTF-32, whose line ends are not single bytes, as UTF-8."""
        decoder = None
        if self.encoding.startswith(("utf-16", "utf-32")):
            decoder = codecs.getincrementaldecoder(self.encoding)()
        is_first = True
        while True:
            with damage_told(self._path, self._compression):
                piece = self._file.read(_PIECE)
            is_last = not piece
            if decoder is not None:
                try:
                    piece = decoder.decode(piece, final=is_last).removeprefix("\ufeff" if is_first else "").encode()
                except UnicodeError as error:
                    raise DataFormatError(
                        f"{self._path.name} is not {encoding_words(self.encoding)} text throughout; save it as UTF-8."
                    ) from error
            elif is_first:
                piece = piece.removeprefix(codecs.BOM_UTF8)
            is_first = False
            yield piece.replace(b"\0", b"") if b"\0" in piece else piece
            if is_last:
                return

    def _blocks(self) -> Iterator[bytes]:
        """Yield whole lines in UTF-8."""
        parts: list[bytes] = []
        for piece in self._pieces():
            end = max(piece.rfind(b"\n"), piece.rfind(b"\r", 0, -1)) + 1
            if end:
                parts.append(piece[:end])
                yield self._decoded(b"".join(parts) if len(parts) > 1 else parts[0])
                parts = []
            if end < len(piece):
                parts.append(piece[end:])
        if rest := b"".join(parts):
            yield self._decoded(rest)

    def _decoded(self, lines: bytes) -> bytes:
        """Return lines in UTF-8. Where a file begins in ASCII, its first other character decides the encoding."""
        if lines.isascii() and not self.encoding.startswith(("iso2022", "hz")):
            return lines
        if self.encoding in ("utf-8", "utf-8-sig"):
            found = text_encoding(lines, self._path, self._n_lines + 1, was_utf8=self._is_utf8_seen)
            self._is_utf8_seen = True
            if found != "utf-8":
                self.encoding = found
        if self.encoding.startswith("utf"):
            return lines
        try:
            return lines.decode(self.encoding).encode()
        except UnicodeDecodeError as error:
            line = self._n_lines + 1 + _n_ends(lines[: error.start])
            raise DataFormatError(
                f"Line {line} of {self._path.name} is not {encoding_words(self.encoding)} text, but the lines above it "
                "are; save the file as UTF-8."
            ) from error

    # -- from whole lines to rows

    def _without_comments(self, block: bytes) -> bytes:
        """Return lines whose comments are empty; a quoted cell that began above is left as it is."""
        sign, quote = self._form.comment.encode(), self._form.dialect.quote.encode()
        if not sign:
            return block
        start = block.find(quote) + 1 if self._is_within_quotes and quote else 0
        if quote:
            self._is_within_quotes ^= bool(block.count(quote) % 2)
        if sign not in block:
            return block
        bare = without_comments(block[start:].decode(), self._form.comment, self._form.dialect.quote)
        return block[:start] + bare.encode()

    def _rows(self) -> Iterator[bytes]:
        """Yield blocks of rows; the last two wait until their footers are known."""
        held: list[bytes] = []
        for _, block in self.lines():
            held.append(block)
            if len(held) > 2:
                yield self._rewritten(held.pop(0))
        if held:
            yield self._rewritten(self._without_footer(b"".join(held)), is_last=True)

    def _without_footer(self, rows: bytes) -> bytes:
        """Return the rows above the footer, which is looked for in the last 64 kB."""
        start = max(0, len(rows) - _END)
        ends = _LINE.findall(rows, start)
        if start and ends:
            ends = ends[1:]
        n_all = self._n_lines + (not rows.endswith((b"\n", b"\r")))
        quote = self._form.dialect.quote.encode()
        n_footer = n_filled = 0
        is_within = False
        for i, line in enumerate(reversed(ends)):
            is_within ^= bool(quote and line.count(quote) % 2)
            if not line.strip():
                continue
            if is_within or n_filled >= _MOST_FOOTERS or not self._is_footer(ends[: len(ends) - i]):
                break
            n_footer, n_filled = i + 1, n_filled + 1
        if not n_footer:
            return rows
        footer = ends[-n_footer:]
        self.footer = Footer(n_all - n_footer + 1, footer[0].decode().strip(), n_filled)
        return rows[: len(rows) - sum(map(len, footer))]

    def _is_footer(self, lines: list[bytes]) -> bool:
        """Return whether the last of these lines is not a row: other cells, or words where the rows have numbers."""
        form = self._form
        n, cells = form.header.n_cells, self._cells(lines[-1])
        filled = [i for i, cell in enumerate(cells) if cell.strip()]
        if n < 2 or not filled:
            return n > 1 and len(cells) != n
        first = cells[filled[0]].strip()
        if len(cells) != n:
            is_short = len(cells) <= 2 and not is_value(first)
            return is_short or bool(_TOTAL.match(first)) or self._is_below_gap(lines[:-1])
        if is_value(first) or is_missing(first) or filled[0] >= len(form.names):
            return False
        column = [cell for cell in form.sample[filled[0]] if not is_missing(cell)]
        is_level = sum(cell.strip() == first for cell in column) > 1
        is_among_values = sum(map(is_value, column)) > 0.9 * len(column)
        is_total = bool(_TOTAL.fullmatch(first.rstrip(": ")))
        return not is_level and (is_total or (is_among_values and len(filled) <= n / 2))

    def _is_below_gap(self, lines: list[bytes]) -> bool:
        """Return whether nothing but lines of other cells stands between the end of these and a blank line."""
        for line in reversed(lines):
            if not line.strip():
                return True
            if len(self._cells(line)) == self._form.header.n_cells:
                return False
        return False

    def _cells(self, line: bytes) -> list[str]:
        return next(records(line.decode(), self._form.dialect)).cells

    def _rewritten(self, block: bytes, *, is_last: bool = False) -> bytes:
        """Return rows with a separator that Arrow supports; an incomplete quoted cell waits for the next block."""
        dialect = self._form.dialect
        if dialect.is_simple:
            return block
        text, self._unfinished = self._unfinished + block.decode(), ""
        if not dialect.is_marked(text):
            lines = (dialect.split(line) for line in LINE_END.split(text) if line.strip())
            return "".join(UNIT.join(cells) + "\n" for cells in lines).encode()
        found = list(records(text, dialect))
        if found and not is_last and found[-1].open_line is not None:
            last = found.pop()
            self._unfinished = "".join(_TEXT_LINE.findall(text)[last.line - 1 :])
        return "".join(_line_of(record) for record in found if not record.is_blank).encode()


def _line_of(record: Record) -> str:
    cells = ('"' + cell.replace('"', '""') + '"' if set(cell) & {'"', "\n", "\r"} else cell for cell in record.cells)
    return UNIT.join(cells) + "\n"


@contextmanager
def table_text(path: Location, form: CsvFormat) -> Iterator[TableText]:
    """Open a text file as its rows."""
    with opened(path) as file:
        yield TableText(form, path, file)


def all_records(path: Location, form: CsvFormat) -> Iterator[Record]:
    """Yield every row of a file with its line, comments and footers too; slower than Arrow."""
    with table_text(path, form) as source:
        waiting, start = "", 1
        for first, block in source.lines():
            text, start = (waiting + block.decode(), start) if waiting else (block.decode(), first)
            found = list(records(text, form.dialect, start))
            waiting = ""
            if found and found[-1].open_line is not None and len(text) < _LONGEST_CELL:
                last = found.pop()
                waiting = "".join(_TEXT_LINE.findall(text)[last.line - start :])
                start = last.line
            yield from (record for record in found if not record.is_blank)
        yield from records(waiting, form.dialect, start)


def _count(block: bytes, character: bytes) -> int:
    """Return how often an ASCII character occurs; where it is frequent, NumPy counts faster than Python."""
    return int(np.count_nonzero(np.frombuffer(block, np.uint8) == ord(character)))


def _n_ends(block: bytes) -> int:
    n = _count(block, b"\n")
    return n + block.count(b"\r") - block.count(b"\r\n") if b"\r" in block else n


def _place_of_line(block: bytes, n: int) -> int:
    """Return where the n-th line, counted from 0, of a block begins; its end if there are fewer."""
    place = 0
    for _ in range(n):
        end = re.compile(rb"\r\n|\n|\r").search(block, place)
        if end is None:
            return len(block)
        place = end.end()
    return place
