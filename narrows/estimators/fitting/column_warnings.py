"""A warning about columns that a fit ignores."""

from __future__ import annotations

from narrows.data import Schema, ignored_columns_message
from narrows.errors import IgnoredColumnWarning, warn


def warn_of_ignored_columns(schema: Schema, source: str) -> None:
    """Warn once of all columns that are ignored although they have values, and say how to keep them."""
    sentence = ignored_columns_message(schema, source)
    if sentence is not None:
        warn(sentence, IgnoredColumnWarning)
