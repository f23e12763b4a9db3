"""Columns and frames in memory: arrays, pandas, polars, pyarrow and Python objects."""
