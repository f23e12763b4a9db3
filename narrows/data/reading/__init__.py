"""What a column of text is, decided once from the text as it is written, and how values are written so again."""

from narrows.data.reading.hints import looks_decimal, must_be_text
from narrows.data.reading.infer import infer_reading
from narrows.data.reading.numbers import suspected_gap
from narrows.data.reading.reading import CHOICES, Choice, Parsed, ReadAs, Reading

__all__ = [
    "CHOICES",
    "Choice",
    "Parsed",
    "ReadAs",
    "Reading",
    "infer_reading",
    "looks_decimal",
    "must_be_text",
    "suspected_gap",
]
