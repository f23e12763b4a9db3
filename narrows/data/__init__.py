"""Where rows come from, how they become floats, and where answers are written."""

from __future__ import annotations

from narrows.data.atomic import Rescue, clear_leftovers, whole_file, whole_folder
from narrows.data.containers import to_container
from narrows.data.frames.as_frame import materialize
from narrows.data.frames.columns import is_missing
from narrows.data.frames.nested import column_of
from narrows.data.image_grid import as_images, montage
from narrows.data.imputation import fill_missing, fill_table, filled_mask, typed_table
from narrows.data.inspection import ColumnReport, Inspection, inspect
from narrows.data.kinds import ColumnKind, Numeric
from narrows.data.one_row import as_one_row
from narrows.data.read import as_rows, drop_missing, is_table, read, read_held_out, read_table
from narrows.data.readers.arrow_tables import table_rows
from narrows.data.readers.csv.csv_file import csv_fields
from narrows.data.readers.known_sets import SETS, KnownSet, cache_folder, fetch_set, find_set, load_set
from narrows.data.readers.reading_options import ReadingOptions, reading_options
from narrows.data.readers.row_stream import RowStream, memory_needed, scan, table_files
from narrows.data.readers.synthetic_curves import curves
from narrows.data.rows import Columns, Rows, row_name
from narrows.data.schema.ignored_columns import how_to_keep, ignored_columns_message
from narrows.data.schema.layout import Missing
from narrows.data.schema.loss_weights import LossWeights, hidden_floats, loss_weights
from narrows.data.schema.scaling import Scale
from narrows.data.schema.schema import Schema
from narrows.data.writers.table_writers import as_table, label_column
from narrows.data.writers.verbatim_cells import VerbatimCells
from narrows.data.writers.write import check_output, is_written_in_chunks, write, write_chunks

__all__ = [
    "SETS",
    "ColumnKind",
    "ColumnReport",
    "Columns",
    "Inspection",
    "KnownSet",
    "LossWeights",
    "Missing",
    "Numeric",
    "ReadingOptions",
    "Rescue",
    "RowStream",
    "Rows",
    "Scale",
    "Schema",
    "VerbatimCells",
    "as_images",
    "as_one_row",
    "as_rows",
    "as_table",
    "cache_folder",
    "check_output",
    "clear_leftovers",
    "column_of",
    "csv_fields",
    "curves",
    "drop_missing",
    "fetch_set",
    "fill_missing",
    "fill_table",
    "filled_mask",
    "find_set",
    "hidden_floats",
    "how_to_keep",
    "ignored_columns_message",
    "inspect",
    "is_missing",
    "is_table",
    "is_written_in_chunks",
    "label_column",
    "load_set",
    "loss_weights",
    "materialize",
    "memory_needed",
    "montage",
    "read",
    "read_held_out",
    "read_table",
    "reading_options",
    "row_name",
    "scan",
    "table_files",
    "table_rows",
    "to_container",
    "typed_table",
    "whole_file",
    "whole_folder",
    "write",
    "write_chunks",
]
