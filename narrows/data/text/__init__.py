"""What a column of text is, decided once from the text as it is written, and how values are written so again."""

from narrows.data.text.column_format import CHOICES, Choice, Parsed, ReadAs, Reading
from narrows.data.text.number_text import suspected_gap
from narrows.data.text.sample_hints import looks_decimal, must_be_text
from narrows.data.text.text_inference import infer_reading

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
