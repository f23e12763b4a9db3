"""Columns and frames in memory: arrays, pandas, polars, pyarrow and Python objects.

Belongs here: types (`ColumnType`) and text formats (`ColumnFormat`) of columns, conversion of one column or one frame.
May import: no other room of `narrows.data`.
"""
