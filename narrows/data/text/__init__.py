"""Columns of text: their format is inferred once from the cells, then values are parsed from text and written as text.

Belongs here: inference of number, date, time and boolean formats, parsing, formatting, markers of missing values.
May import: `frames`.
"""

from narrows.data.frames.column_format import CHOICES, Choice, ColumnFormat, ReadAs
from narrows.data.text.describing import format_notes, format_sentence
from narrows.data.text.formatting_values import format_values
from narrows.data.text.number_text import suspected_sentinel
from narrows.data.text.parsing import Parsed, count_missing, parse_column
from narrows.data.text.sample_hints import looks_decimal, must_be_text
from narrows.data.text.text_inference import infer_format

__all__ = [
    "CHOICES",
    "Choice",
    "ColumnFormat",
    "Parsed",
    "ReadAs",
    "count_missing",
    "format_notes",
    "format_sentence",
    "format_values",
    "infer_format",
    "looks_decimal",
    "must_be_text",
    "parse_column",
    "suspected_sentinel",
]
