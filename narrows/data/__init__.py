"""Where rows come from, how they become floats, and where answers are written."""

from __future__ import annotations

from narrows.data.aside import aside_sentence, how_to_keep
from narrows.data.atomic import Rescue, clear_leftovers, whole_file, whole_folder
from narrows.data.checking import Missing
from narrows.data.columns import is_gap
from narrows.data.containers import as_one_row, collected
from narrows.data.csv_file import csv_fields
from narrows.data.curves import curves
from narrows.data.filling import fill_gaps, fill_table, filled_places, typed_table
from narrows.data.inspection import ColumnReport, Inspection, inspect
from narrows.data.kinds import ColumnKind, Numeric
from narrows.data.memory import as_rows, give_back
from narrows.data.montage import as_images, montage
from narrows.data.nested import column_of
from narrows.data.options import ReadingOptions, reading_options
from narrows.data.read import is_table, read, read_held_out, read_table, without_gaps
from narrows.data.rows import Columns, Rows, row_name
from narrows.data.scaling import Scale
from narrows.data.schema import Schema
from narrows.data.sets import SETS, KnownSet, cache_folder, fetch_set, find_set, load_set
from narrows.data.stream import RowStream, memory_needed, scan, table_files
from narrows.data.table_file import as_table, label_column
from narrows.data.tables import table_rows
from narrows.data.weighing import Weighing, hidden_floats, weighing
from narrows.data.write import check_output, is_written_in_chunks, write, write_chunks
from narrows.data.written import WrittenCells

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
