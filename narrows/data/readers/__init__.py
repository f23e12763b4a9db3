"""Readers: one module for each file format, each from a path to `Rows` or to an Arrow table.

Belongs here: a new file format, known data sets, tables read in chunks.
May import: `readers.csv`, `schema.layout`, `text`, `containers`, `rows`, `frames`, `atomic`; never `read`.
"""
