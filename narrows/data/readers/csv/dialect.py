"""Format of a text file with a table: encoding, separator, quotes, header, and lines that are not part of the table."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING, Any

from narrows.data.location import Location
from narrows.data.readers.csv.comments import find_comment_sign, last_comment_above, without_comments
from narrows.data.readers.csv.compression import compression, damage_told, opened
from narrows.data.readers.csv.header import Header, find_header
from narrows.data.readers.csv.line_cells import LINE_END, SPACES, WIDE_SPACES, Dialect, Record, find_dialect, records
from narrows.data.readers.csv.text_encoding import is_binary, legacy_encoding, marked_encoding
from narrows.errors import DataFormatError

if TYPE_CHECKING:
    from pyarrow import NativeFile

_HEAD, _ROWS_OF_SAMPLE = 1 << 16, 500
_SEPARATOR_LINE = re.compile(r"\"?sep=(.|\\t)\"?[ \t,;]*(?:\r\n|\n|\r)", re.IGNORECASE)
_HTML = re.compile(
    r"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_SEPARATOR_WORDS = {
    ",": "comma",
    ";": "semicolon",
    "\t": "tab",
    "|": "pipe",
    ":": "colon",
    SPACES: "blanks",
    WIDE_SPACES: "two or more blanks",
    "": "none",
}
_ENCODING_WORDS = {
    "utf-8-sig": "UTF-8 with a byte order mark",
    "cp1252": "Windows-1252 (Western European)",
    "cp1250": "Windows-1250 (Central European)",
    "cp1251": "Windows-1251 (Cyrillic)",
}


@dataclass(frozen=True)
class CsvFormat:
    """Format of a text file with a table.

    Parameters
    ----------
    file_name : str
    encoding : str
        Python's name of the encoding; "utf-8" also for files whose beginning is ASCII.
    dialect : Dialect
    header : Header
    comment : str
        Sign that lines of comments begin with; "" if there are none.
    n_lines_above : int
        Lines before the first row, the header included.
    n_skipped_above : int
        Those of them that are titles or comments.
    compression : str or None
    longest_line : int
        Bytes of the longest line that was seen.
    has_nul : bool
        Whether cells hold NUL characters, which are left out.
    sample : tuple of lists of str
        The cells of the first 500 rows at most.
    """

    file_name: str
    encoding: str
    dialect: Dialect
    header: Header
    comment: str = ""
    n_lines_above: int = 0
    n_skipped_above: int = 0
    compression: str | None = None
    longest_line: int = 0
    has_nul: bool = False
    sample: tuple[list[str], ...] = field(default=(), repr=False, compare=False)

    @classmethod
    def of(cls, path: Location) -> CsvFormat:
        """Return the format of a file, inferred from its first 64 kB or more.

        Raises
        ------
        DataFormatError
            The file is empty, binary or damaged.
        """
        raw, is_whole = _head(path)
        if not raw.strip(b"\0\r\n\t ") or raw in (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"):
            raise DataFormatError(f"{path.name} is empty; give a file with a header and rows.")
        text, encoding = _decoded_head(raw, is_whole, path)
        form = _form_of_text(text.replace("\0", ""), path.name, encoding)
        longest = max(map(len, raw.splitlines()), default=0)
        return replace(form, compression=compression(path), longest_line=longest, has_nul="\0" in text)

    @property
    def names(self) -> tuple[str, ...]:
        return self.header.names

    def describe(self) -> dict[str, Any]:
        """Return the format for JSON."""
        return {
            "encoding": self.encoding,
            "separator": self.dialect.separator,
            "quote": self.dialect.quote,
            "header": self.header.line is not None,
            "header_line": self.header.line,
            "skipped_lines": self.n_skipped_above,
            "comment": self.comment or None,
            "compression": self.compression,
        }

    def sentence(self) -> str:
        """Return the format in words."""
        word = _SEPARATOR_WORDS.get(self.dialect.separator, repr(self.dialect.separator))
        parts = [f"{self.file_name}: {encoding_words(self.encoding)}"]
        parts += [f"compressed by {self.compression}"] if self.compression else []
        parts.append("one column" if not self.dialect.separator else f"separator {word}")
        parts.append("no header" if self.header.line is None else f"header in line {self.header.line}")
        return ", ".join(parts) + "."

    def notes(self) -> tuple[str, ...]:
        """Return notes for the user on the format."""
        name, header, notes = self.file_name, self.header, []
        if self.n_skipped_above:
            where = "rows" if header.line is None else "header"
            notes.append(
                f"{_lines(self.n_skipped_above)} above the {where} of {name} {_were(self.n_skipped_above)} skipped."
            )
        if header.line is None:
            is_all = all(_is_finite(cell) for cell in self.sample_row)
            why = "holds only numbers" if is_all else "holds cells like those below it"
            notes.append(
                f"The first line of {name} {why}, so it was read as a row; the columns are named "
                + ("x0." if len(header.names) == 1 else f"x0 to x{len(header.names) - 1}.")
            )
        elif header.is_counted:
            notes.append(f"The first line of {name} counts the columns from 0, so it was read as a header.")
        if header.unnamed:
            listed = ", ".join(map(repr, header.unnamed[:5])) + (", ..." if len(header.unnamed) > 5 else "")
            notes.append(f"Columns without a name in the header of {name} are called {listed}.")
        if header.has_row_names:
            notes.append(
                f"The header of {name} has one name less than its rows have cells, so the first column is named 'row'."
            )
        if self.has_nul:
            notes.append(f"{name} holds NUL characters, which were left out.")
        return tuple(notes)

    @property
    def sample_row(self) -> list[str]:
        """The first row."""
        return [column[0] for column in self.sample if column]


def sample_cells(path: Location) -> tuple[tuple[str, ...], list[list[str]]]:
    """Return the names of the columns of a file, and the text of each column's cells in the first 500 rows."""
    form = CsvFormat.of(path)
    return form.names, list(form.sample)


def encoding_words(encoding: str) -> str:
    """Return the usual name of an encoding."""
    return _ENCODING_WORDS.get(encoding, encoding.upper() if encoding.startswith("utf") else encoding)


def decoded(data: bytes, encoding: str, final: bool = True) -> str:
    """Return bytes as text; those of a head may end within a character."""
    import codecs

    return codecs.getincrementaldecoder(encoding)().decode(data, final)


def _lines(n: int) -> str:
    return f"{n} line" if n == 1 else f"{n} lines"


def _were(n: int) -> str:
    return "was" if n == 1 else "were"


def _is_finite(cell: str) -> bool:
    import math

    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


# -- the beginning of a file


def _head(path: Location) -> tuple[bytes, bool]:
    """Return the first bytes of a file with enough lines to infer its format, and whether they are all."""
    with opened(path) as file, damage_told(path, compression(path)):
        raw, n = _read(file, _HEAD), _HEAD
        while len(raw) == n and not _is_enough(raw):
            raw += _read(file, n)
            n *= 2
        return raw, len(raw) < n


def _read(file: IO[bytes] | NativeFile, n: int) -> bytes:
    """Return n bytes, fewer only at the end."""
    parts, missing = [], n
    while missing and (part := file.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _is_enough(raw: bytes) -> bool:
    """Return whether there are 500 lines, or fewer where lines are long."""
    n = raw.count(b"\n") or raw.count(b"\r")
    return n > (_ROWS_OF_SAMPLE if len(raw) < 1 << 20 else 20 if len(raw) < 1 << 22 else 3) or len(raw) >= 1 << 28


def _decoded_head(raw: bytes, is_whole: bool, path: Location) -> tuple[str, str]:
    """Return whole lines of the head as text, and their encoding."""
    encoding = marked_encoding(raw)
    if encoding is None:
        if is_binary(raw):
            raise DataFormatError(
                f"{path.name} has the ending of a text file but holds binary data; save it as CSV in UTF-8."
            )
        if not is_whole:
            raw = raw[: max(raw.rfind(b"\n"), raw.rfind(b"\r", 0, -1)) + 1] or raw
        encoding = text_encoding(raw.replace(b"\0", b""), path)
    try:
        text = decoded(raw, encoding, final=is_whole)
    except UnicodeDecodeError as error:
        raise DataFormatError(f"{path.name} is not {encoding_words(encoding)} text; save it as UTF-8.") from error
    if not is_whole:
        text = text[: max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1] or text
    text = text.removeprefix("\ufeff")
    if _HTML.match(text):
        raise DataFormatError(
            f"{path.name} is an HTML page, not a table: what a server answers when a download fails. Download it again."
        )
    return text, encoding


def text_encoding(lines: bytes, path: Location, line: int = 1, *, was_utf8: bool = False) -> str:
    """Return the encoding of whole lines without a byte order mark; DataFormatError if some are UTF-8 and some not.

    line : the number of the first; `was_utf8` whether lines above are UTF-8 beyond ASCII.
    """
    try:
        lines.decode()
    except UnicodeDecodeError as error:
        every = [part for part in re.split(rb"\r\n|\n|\r", lines) if not part.isascii()]
        others = [part for part in every if not _is_utf8(part)]
        if was_utf8 or 2 * len(others) <= len(every):
            line += len(re.findall(rb"\r\n|\n|\r", lines[: error.start]))
            raise DataFormatError(
                f"Line {line} of {path.name} is not UTF-8, but other lines are; save the file as UTF-8."
            ) from error
        found = legacy_encoding(every)
        if found is None:
            raise DataFormatError(f"{path.name} is text of an unknown encoding; save it as UTF-8.") from error
        return found
    return "utf-8"


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


# -- the format of its text


def _form_of_text(text: str, file_name: str, encoding: str) -> CsvFormat:
    separator, n_marks = None, 0
    if match := _SEPARATOR_LINE.match(text):
        separator, n_marks, text = match[1].replace("\\t", "\t"), 1, text[match.end() :]
    comment = find_comment_sign(text)
    dialect = find_dialect(without_comments(text, comment, '"') if comment else text, separator)
    bare = without_comments(text, comment, dialect.quote) if comment else text
    found = [record for record in records(bare, dialect) if not record.is_blank]
    if not found:
        raise DataFormatError(f"{file_name} is empty; give a file with a header and rows.")
    header = find_header(found, _named_in_comment(text, comment, dialect))
    _check_one_table(found, header, file_name)
    rows = [record.cells for record in found[header.first_row :] if len(record.cells) == header.n_cells]
    n_rows_above = found[header.first_row].line - 1 if header.first_row < len(found) else len(LINE_END.split(text))
    end = n_rows_above if header.line is None else header.line - 1
    n_names = len(header.names)
    return CsvFormat(
        file_name,
        encoding,
        dialect,
        replace(header, line=None if header.line is None else header.line + n_marks),
        comment,
        n_lines_above=n_rows_above + n_marks,
        n_skipped_above=sum(bool(line.strip()) for line in LINE_END.split(text)[:end]),
        sample=tuple([row[i] for row in rows[:_ROWS_OF_SAMPLE]] for i in range(n_names)),
    )


def _named_in_comment(text: str, comment: str, dialect: Dialect) -> Record | None:
    """Return the last comment above the table as a record, which may be the header."""
    last = last_comment_above(text, comment) if comment else None
    return None if last is None else next(records(last[1], dialect, last[0]), None)


def _check_one_table(found: list[Record], header: Header, file_name: str) -> None:
    above = [record for record in found[: max(0, header.first_row - 1)] if 1 < len(record.cells) != header.n_cells]
    if len(above) > 9 and len({len(record.cells) for record in above}) == 1:
        raise DataFormatError(
            f"{file_name} holds several tables, one from line {above[0].line} on of {len(above[0].cells)} columns, "
            f"another below it of {header.n_cells}; give each a file of its own."
        )
