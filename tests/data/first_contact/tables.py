"""A table of three columns as text, and what is read of it."""

import datetime as dt

import numpy as np

from narrows.data import Schema

N = 300
R = np.random.default_rng(0)
Z = R.normal(size=N)
WEIGHT = (300 + 40 * Z).round(2)
PRICE = np.exp(5 + 0.5 * Z + 0.2 * R.normal(size=N)).round(2)
SIZE = np.where(Z > 0.4, "L", np.where(Z > -0.4, "M", "S"))
DAYS = [dt.date(2024, 5, 1) + dt.timedelta(days=int(z * 12)) for z in Z]


def table(delimiter=",", header=True, **columns):
    """CSV text of cells (texts or numbers)."""
    lines = [delimiter.join(columns)] if header else []
    lines += [delimiter.join(str(cell) for cell in cells) for cells in zip(*columns.values(), strict=True)]
    return "\n".join(lines) + "\n"


def cells(values, style, gaps=None, marker=""):
    """Values as texts; `marker` in every ninth cell where gaps are wanted."""
    return [marker if gaps and i % 9 == 0 else style(value) for i, value in enumerate(values)]


def column(rows, name):
    return rows.column(rows.feature_names.index(name))


def kinds(rows):
    schema = Schema.learn(rows)
    return schema.column_types | {name: "set aside: " + why for name, why in schema.ignored_columns.items()}
