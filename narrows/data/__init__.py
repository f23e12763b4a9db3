"""Where rows come from, how they become floats, and where answers are written."""

from __future__ import annotations

from narrows.data.containers import as_rows, give_back
from narrows.data.frames.as_frame import as_one_row, collected
from narrows.data.frames.columns import is_gap
from narrows.data.frames.nested import column_of
from narrows.data.image_grid import as_images, montage
from narrows.data.imputation import fill_gaps, fill_table, filled_places, typed_table
from narrows.data.inspection import ColumnReport, Inspection, inspect
from narrows.data.kinds import ColumnKind, Numeric
from narrows.data.read import is_table, read, read_held_out, read_table, without_gaps
from narrows.data.readers.arrow_tables import table_rows
from narrows.data.readers.csv.csv_file import csv_fields
from narrows.data.readers.known_sets import SETS, KnownSet, cache_folder, fetch_set, find_set, load_set
from narrows.data.readers.reading_options import ReadingOptions, reading_options
from narrows.data.readers.row_stream import RowStream, memory_needed, scan, table_files
from narrows.data.readers.synthetic_curves import curves
from narrows.data.rows import Columns, Rows, row_name
from narrows.data.schema.ignored_columns import aside_sentence, how_to_keep
from narrows.data.schema.loss_weights import Weighing, hidden_floats, weighing
from narrows.data.schema.row_checks import Missing
from narrows.data.schema.scaling import Scale
from narrows.data.schema.schema import Schema
from narrows.data.writers.atomic import Rescue, clear_leftovers, whole_file, whole_folder
from narrows.data.writers.table_writers import as_table, label_column
from narrows.data.writers.verbatim_cells import WrittenCells
from narrows.data.writers.write import check_output, is_written_in_chunks, write, write_chunks

__all__ = [
    "SETS",
    "ColumnKind",
    "ColumnReport",
    "Columns",
    "Inspection",
    "KnownSet",
    "Missing",
    "Numeric",
    "ReadingOptions",
    "Rescue",
    "RowStream",
    "Rows",
    "Scale",
    "Schema",
    "Weighing",
    "WrittenCells",
    "as_images",
    "as_one_row",
    "as_rows",
    "as_table",
    "aside_sentence",
    "cache_folder",
    "check_output",
    "clear_leftovers",
    "collected",
    "column_of",
    "csv_fields",
    "curves",
    "fetch_set",
    "fill_gaps",
    "fill_table",
    "filled_places",
    "find_set",
    "give_back",
    "hidden_floats",
    "how_to_keep",
    "inspect",
    "is_gap",
    "is_table",
    "is_written_in_chunks",
    "label_column",
    "load_set",
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
    "typed_table",
    "weighing",
    "whole_file",
    "whole_folder",
    "without_gaps",
    "write",
    "write_chunks",
]
