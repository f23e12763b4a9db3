"""Columns of texts for the tests of their types."""

from datetime import date, timedelta

import pyarrow as pa

from narrows.data.text import (
    infer_format,
    parse_column,
)

PRICES = [f"{1.5 + 37.41 * i:.2f}" for i in range(60)]


DAYS = [date(2023, 1, 5) + timedelta(days=17 * i) for i in range(40)]


def column(texts):
    return pa.array(texts, pa.string())


def read(texts, name="x", **known):
    column_format = infer_format(column(texts), name, **known)
    return column_format, parse_column(column_format, column(texts))


def read_as(texts, name="x", **known):
    return read(texts, name, **known)[0].read_as
