"""A warning about columns that a fit does not learn from."""

from __future__ import annotations

import warnings

from narrows.data import Schema, aside_sentence
from narrows.errors import SetAsideWarning


def warn_of_aside(schema: Schema, source: str) -> None:
    """Warn once of all columns that were set aside though they hold something, and say how to keep them."""
    sentence = aside_sentence(schema, source)
    if sentence is not None:
        warnings.warn(sentence, SetAsideWarning, stacklevel=3)
