"""A warning about columns that a fit does not learn from."""

from __future__ import annotations

import warnings

from narrows.data import Schema, ignored_columns_message
from narrows.errors import IgnoredColumnWarning


def warn_of_aside(schema: Schema, source: str) -> None:
    """Warn once of all columns that were set aside though they hold something, and say how to keep them."""
    sentence = ignored_columns_message(schema, source)
    if sentence is not None:
        warnings.warn(sentence, IgnoredColumnWarning, stacklevel=3)
