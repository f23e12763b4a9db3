"""Inference of the format of a column of text: each type is tried on its cells, and the best one is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from narrows.data.frames.column_format import Choice, ColumnFormat, ReadAs
from narrows.data.text.booleans import propose_boolean
from narrows.data.text.date_style import propose_date, propose_time
from narrows.data.text.distinct_cells import Cells, cells_of, is_in
from narrows.data.text.identifier_codes import are_identifiers
from narrows.data.text.missing_markers import MARKERS, is_known, na_values_in_text
from narrows.data.text.number_style import propose_number, units
from narrows.data.text.number_text import suspected_sentinel
from narrows.data.text.parsing import parse_each
from narrows.errors import DataError, SettingError

if TYPE_CHECKING:
    import pyarrow as pa

_INVALID, _MOSTLY = 0.05, 0.9  # share of cells that may be invalid, and that must be parsed
_RECURS, _WORDS, _WORD_SHARE, _LONGEST = 3, 3, 0.3, 30  # of unknown words that mean a missing cell
_LEVELS_PER_WORD = 5  # different values from which on an unknown word is no level among them
_HALF = 0.5  # share of parsed cells above which a note names the others
_TOO_MANY = 100_000  # distinct texts that do not parse
_ORDER: tuple[ReadAs, ...] = ("boolean", "date", "time", "number")
_PLURAL = {"boolean": "truth values", "date": "dates", "time": "times of day", "number": "numbers"}


@dataclass(frozen=True)
class _Rule:
    """Facts of a column other than its cells."""

    name: str
    na_values: tuple[str, ...]
    keep_na: bool
    decimal: str | None


@dataclass(frozen=True, eq=False)
class _Judged:
    """A format with its na_values, and how many cells it parses."""

    column_format: ColumnFormat
    ok: np.ndarray
    n_read: int
    n_invalid: int
    is_fit: bool

    @property
    def share(self) -> float:
        """Share of the cells that it parses, of those that are not missing."""
        return self.n_read / max(1, self.n_read + self.n_invalid)


def infer_format(
    column: pa.Array | pa.ChunkedArray,
    name: str,
    *,
    na_values: Sequence[str] = (),
    keep_na: bool = False,
    decimal: str | None = None,
    read_as: Choice | ReadAs | None = None,
    expected: ReadAs | None = None,
    like: ColumnFormat | None = None,
) -> ColumnFormat:
    """Return the format of a column of text.

    Parameters
    ----------
    column : Arrow array of string or large_string (n,)
    name : str
        Name of the column; names such as "zip" and "year" are evidence.
    na_values : sequence of str, optional
        More texts that mean a missing cell.
    keep_na : bool, default False
        Whether only "" and the texts of `na_values` mean a missing cell.
    decimal : {",", "."}, optional
        Decimal mark of the rest of the file, used where the cells are ambiguous.
    read_as : one of CHOICES, optional
        Type of the column, if the user sets it.
    expected : ReadAs, optional
        Type of the column that a model was fitted on: the format is of this type even if no cell is.
    like : ColumnFormat, optional
        Format of the column that a model was fitted on. It is kept, with the na_values of this column, where it reads
        nearly all cells; else a format is inferred for the same type of value.

    Raises
    ------
    DataError
        No cell is of the type `read_as`.
    SettingError
        `read_as` is not one of CHOICES.
    """
    cells = cells_of(column)
    rule = _Rule(name, tuple(text.strip() for text in na_values), keep_na, decimal)
    found = None
    if like is not None:
        found = _still(like, cells, rule)
        read_as = None if like.read_as == "empty" else like.read_as
    if found is None:
        found = _anew(cells, rule, read_as or expected, like or (None if read_as else _plain(expected)))
    return replace(found, na_values=tuple(dict.fromkeys((*found.na_values, *cells.blank))))


def _anew(cells: Cells, rule: _Rule, read_as: Choice | ReadAs | None, like: ColumnFormat | None) -> ColumnFormat:
    na_values = _na_values_of_empty(cells, rule)
    if na_values is not None:
        return like or ColumnFormat("empty" if read_as is None else _kind(read_as), na_values)
    if read_as == "category":
        return _words(cells, rule)
    if read_as is None:
        return _best(cells, rule)
    judged = _try(_kind(read_as), cells, rule, forced=read_as)
    if judged is not None and judged.n_read:
        return judged.column_format
    if like is not None:
        return like
    first = cells.texts[0].as_py()
    raise DataError(
        f"Column {rule.name!r} cannot be read as {read_as}, because no cell is one, such as {first!r}; "
        "leave it out of the types, or name another type.",
        column=rule.name,
    )


def _plain(expected: ReadAs | None) -> ColumnFormat | None:
    """Return the format that a type has where no cell shows one."""
    return None if expected in (None, "category", "empty") else ColumnFormat(expected)


def _na_values_of_empty(cells: Cells, rule: _Rule) -> tuple[str, ...] | None:
    """Return the distinct texts of a column of missing cells only; None for others."""
    if len(cells.counts) > _TOO_MANY:
        return None
    counts = cells.counted()
    na_values, kept = na_values_in_text(counts, rule.na_values, keep_na=rule.keep_na)
    return tuple(na_values) if len(na_values) == len(counts) and not kept else None


def _kind(read_as: Choice | ReadAs) -> ReadAs:
    kinds: dict[str, ReadAs] = {
        "decimal-comma": "number",
        "decimal-point": "number",
        "day-first": "date",
        "month-first": "date",
    }
    kind = kinds.get(read_as, read_as)
    if kind not in (*_ORDER, "category"):
        raise SettingError(f"{read_as!r} is not a column type; use number, boolean, date, time or category.")
    return kind  # pyright: ignore[reportReturnType]


def _best(cells: Cells, rule: _Rule) -> ColumnFormat:
    tried = [judged for kind in _ORDER if (judged := _try(kind, cells, rule)) is not None]
    fit = [judged for judged in tried if judged.is_fit]
    if not fit:
        return _words_with_doubt(cells, rule, max(tried, key=lambda judged: judged.n_read, default=None))
    best = max(fit, key=lambda judged: judged.n_read)
    if best.column_format.read_as != "number":
        return best.column_format
    n_missing = cells.total - best.n_read
    if are_identifiers(cells.pick(best.ok), rule.name, has_missing=n_missing > 0 or bool(cells.blank)):
        words = _words(cells, rule)
        return replace(words, na_values=tuple(dict.fromkeys((*words.na_values, *best.column_format.na_values))))
    return _with_suspect(best, cells)


# -- one type


def _try(kind: ReadAs, cells: Cells, rule: _Rule, *, forced: Choice | ReadAs | None = None) -> _Judged | None:
    """Return the best format of a type, inferred from a sample, then from the cells that this one does not parse."""
    column_format = _propose(kind, cells, rule, forced)
    if column_format is None:
        return None
    judged = _judge(column_format, cells, rule, is_forced=forced is not None)
    sample = cells.sample()
    if sample is cells or not judged.n_invalid:
        return judged
    missed = cells.pick(~judged.ok).sample()
    again = _propose(kind, _joined(sample, missed), rule, forced)
    if again is None:
        return judged
    second = _judge(again, cells, rule, is_forced=forced is not None)
    return second if second.n_read > judged.n_read else judged


def _propose(kind: ReadAs, cells: Cells, rule: _Rule, forced: Choice | ReadAs | None) -> ColumnFormat | None:
    if kind == "boolean":
        return propose_boolean(cells, forced=forced is not None)
    if kind == "date":
        first = {"day-first": "d", "month-first": "m"}.get(forced or "")
        return propose_date(cells, rule.name, rule.decimal, first=first, is_sure=forced is not None)
    if kind == "time":
        return propose_time(cells)
    only = {"decimal-comma": ",", "decimal-point": "."}.get(forced or "")
    return propose_number(cells, rule.decimal, only=only)


def _joined(sample: Cells, missed: Cells) -> Cells:
    import pyarrow as pa

    half = slice(None, None, 2)
    texts = pa.concat_arrays([sample.texts[half], missed.texts[half]])
    return Cells(texts, np.concatenate([sample.counts[half], missed.counts[half]]))


def _judge(column_format: ColumnFormat, cells: Cells, rule: _Rule, *, is_forced: bool) -> _Judged:
    """Return a format with the na_values that it implies, and whether it fits the column."""
    values, ok = parse_each(column_format, cells.texts)
    ok = ok & ~is_in(cells.texts, rule.na_values)
    if column_format.read_as == "number":
        ok &= ~np.isin(values, [number for text in rule.na_values if (number := _number(text)) is not None])
    n_read = cells.weight(ok)
    failing = cells.pick(~ok)
    if not is_forced and len(failing.counts) > _TOO_MANY and n_read < cells.total / 2:
        return _Judged(column_format, ok, n_read, cells.total - n_read, False)
    counts = failing.counted()
    na_values = [text for text in counts if _means_missing(text, column_format, rule)]
    words = _recurring(counts, na_values, n_read, int(ok.sum()), is_date=column_format.read_as in ("date", "time"))
    na_values += words
    known = set(na_values)
    invalid = [text for text in counts if text not in known]
    n_invalid = sum(counts[text] for text in invalid)
    stray = invalid[0] if invalid else ""
    column_format = replace(
        column_format,
        na_values=tuple(na_values),
        stray=stray,
        doubts=(*column_format.doubts, *_odd_na_values(words, counts)),
    )
    is_few = n_invalid <= max(1, _INVALID * (n_read + n_invalid))
    is_fit = n_read > 0 and is_few and n_read >= _MOSTLY * (n_read + n_invalid)
    return _Judged(column_format, ok, n_read, n_invalid, is_fit)


def _means_missing(text: str, column_format: ColumnFormat, rule: _Rule) -> bool:
    if text in rule.na_values or (column_format.read_as == "number" and _number(text) in map(_number, rule.na_values)):
        return text in rule.na_values or _number(text) is not None
    return not rule.keep_na and is_known(text)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _recurring(counts: Counter[str], known: list[str], n_read: int, n_levels: int, *, is_date: bool) -> list[str]:
    """Return unknown texts that recur, and so mean a missing cell."""
    apart = set(known)
    unknown = {text: count for text, count in counts.items() if text not in apart}
    words = [text for text, count in unknown.items() if count >= _RECURS and len(text) <= _LONGEST]
    total = sum(unknown[word] for word in words)
    is_apart = n_levels >= _LEVELS_PER_WORD * len(words) or is_date
    if not words or len(words) > _WORDS or not is_apart or total > _WORD_SHARE * (n_read + total):
        return []
    return words


def _odd_na_values(words: list[str], counts: Counter[str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (f"holds {word!r} in {counts[word]:,} cells, read as missing values", "--types {name}=category")
        for word in words
    )


def _with_suspect(judged: _Judged, cells: Cells) -> ColumnFormat:
    """Return the format, with a doubt where a number such as -999 may mean a missing cell."""
    present = cells.pick(judged.ok)
    values, _ = parse_each(judged.column_format, present.texts)
    suspect = suspected_sentinel(np.repeat(values, present.counts))
    if suspect is None:
        return judged.column_format
    text = f"{suspect:.0f}"
    doubt = (
        f"contains {text} repeatedly, far outside the other values; it may mark missing values",
        f"--na-values {text}",
    )
    return replace(judged.column_format, doubts=(*judged.column_format.doubts, doubt))


# -- text


def _words(cells: Cells, rule: _Rule) -> ColumnFormat:
    counts = _suspects(cells, rule)
    na_values, kept = na_values_in_text(counts, rule.na_values, keep_na=rule.keep_na)
    doubts = tuple((f"holds {text!r} in {counts[text]:,} cells, kept as text", f"--na-values {text}") for text in kept)
    return ColumnFormat("category", tuple(na_values), kept=tuple(kept), doubts=doubts)


def _suspects(cells: Cells, rule: _Rule) -> Counter[str]:
    """Return the cells of a column; of a long one, a sample and the known markers."""
    if len(cells.counts) <= _TOO_MANY:
        return cells.counted()
    counts = cells.sample().counted()
    words = (*rule.na_values, *MARKERS)
    for text, count in cells.pick(is_in(cells.texts, words)).counted().items():
        counts[text] = count
    return counts


def _words_with_doubt(cells: Cells, rule: _Rule, nearest: _Judged | None) -> ColumnFormat:
    """Return the format of a category, with a doubt where most cells are of another type."""
    words = _words(cells, rule)
    found = units(cells)
    if found:
        listed = ", ".join(map(repr, found))
        what = f"holds numbers in several units ({listed}), so it is read as text"
        return replace(words, doubts=(*words.doubts, (what, "write them in one unit")))
    if nearest is None or nearest.share < _HALF:
        return words
    kind, stray = nearest.column_format.read_as, nearest.column_format.stray
    what = f"holds {stray!r} among {_PLURAL[kind]}, so it is read as text"
    return replace(words, stray=stray, doubts=(*words.doubts, (what, f"--types {{name}}={kind}")))


def _still(like: ColumnFormat, cells: Cells, rule: _Rule) -> ColumnFormat | None:
    """Return the format of a model with the na_values of these cells; None where it does not parse nearly all."""
    if like.read_as in ("category", "empty"):
        if like.read_as == "empty":
            return like
        known = {text for text in _words(cells, rule).na_values if text not in ("NA", "NULL", *like.kept)}
        return replace(like, na_values=tuple(dict.fromkeys((*like.na_values, *sorted(known)))))
    bare = replace(like, doubts=(), stray="")
    rule = replace(rule, na_values=(*rule.na_values, *(text.strip() for text in like.na_values if text.strip())))
    judged = _judge(bare, cells, rule, is_forced=True)
    if cells.total and judged.share < _MOSTLY and judged.n_invalid > 1:
        return None
    return replace(
        judged.column_format,
        na_values=tuple(dict.fromkeys((*like.na_values, *judged.column_format.na_values))),
        doubts=like.doubts,
    )
