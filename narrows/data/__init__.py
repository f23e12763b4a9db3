"""Reads rows, learns the schema that encodes them as floats, and writes results.

Rooms, lowest first; each imports only rooms before it (`tests/test_architecture.py`):

- `atomic`, `location`: files and folders written whole or not at all; addresses of files elsewhere
- `frames`: types and formats of columns; pandas, polars and pyarrow columns as arrays, and back
- `rows`, `nested_columns`, `containers`: `Rows`; lists and structs; arrays and frames as `Rows`, and back
- `text`: columns of text: infer their format, parse and format values
- `kinds`: how one kind of column becomes floats
- `schema`: what is learned from the training rows; encoding and decoding
- `image_grid`, `one_row`, `series`: many images on one sheet; one row as a frame; windows of a series
- `readers`: one module for each file format; `readers.csv` for CSV
- `imputation`, `read`, `inspection`: missing cells filled in the user's table; `read` and `as_rows`; `inspect`
- `writers`: results as files

Code inside imports from the rooms, never from this facade.
"""

from __future__ import annotations

from narrows.data.atomic import Rescue, clear_leftovers, reserved, whole_file, whole_folder
from narrows.data.containers import to_container
from narrows.data.frames.as_frame import is_frame, materialize
from narrows.data.frames.columns import is_missing
from narrows.data.frames.nested import column_of
from narrows.data.image_grid import as_images, montage
from narrows.data.imputation import check_same_columns, fill_missing, fill_table, filled_mask, typed_table
from narrows.data.inspection import ColumnReport, Inspection, inspect
from narrows.data.kinds import ColumnKind, DateTime, Numeric, Quantile
from narrows.data.location import Location, RemotePath, location
from narrows.data.one_row import as_one_row
from narrows.data.read import as_rows, drop_missing, is_table, read, read_held_out, read_table
from narrows.data.readers.arrow_tables import table_rows
from narrows.data.readers.csv.csv_file import csv_fields
from narrows.data.readers.image_folder import is_image_name
from narrows.data.readers.known_sets import SETS, KnownSet, fetch_set, find_set, load_set
from narrows.data.readers.picture import Picture, is_pictures, picture_paths, read_picture
from narrows.data.readers.reading_options import ReadingOptions, reading_options
from narrows.data.readers.row_stream import RowStream, memory_needed, scan, table_files
from narrows.data.readers.synthetic_curves import curves
from narrows.data.rows import Columns, Rows, row_name
from narrows.data.schema.ignored_columns import how_to_keep, ignored_columns_message
from narrows.data.schema.large_integers import as_numbers, with_numbers
from narrows.data.schema.layout import Missing
from narrows.data.schema.loss_weights import LossWeights, hidden_floats, loss_weights
from narrows.data.schema.model_inputs import holds, input_columns, is_block, value_kind
from narrows.data.schema.pixel_range import natural_white
from narrows.data.schema.scaling import Scale
from narrows.data.schema.schema import Schema
from narrows.data.series import Windows, windows
from narrows.data.writers.picture_file import check_picture, save_picture
from narrows.data.writers.table_writers import as_table, label_column
from narrows.data.writers.verbatim_cells import VerbatimCells
from narrows.data.writers.write import check_output, is_written_in_chunks, write, write_chunks

# Public: documented, and kept stable.
__all__ = [
    "SETS",
    "ColumnReport",
    "Inspection",
    "RowStream",
    "Rows",
    "Schema",
    "Windows",
    "as_rows",
    "curves",
    "inspect",
    "load_set",
    "read",
    "read_held_out",
    "scan",
    "to_container",
    "windows",
    "write",
]

# Internal: for the other packages of narrows.
__all__ += [
    "ColumnKind",
    "Columns",
    "DateTime",
    "KnownSet",
    "Location",
    "LossWeights",
    "Missing",
    "Numeric",
    "Picture",
    "Quantile",
    "ReadingOptions",
    "RemotePath",
    "Rescue",
    "Scale",
    "VerbatimCells",
    "as_images",
    "as_numbers",
    "as_one_row",
    "as_table",
    "check_output",
    "check_picture",
    "check_same_columns",
    "clear_leftovers",
    "column_of",
    "csv_fields",
    "drop_missing",
    "fetch_set",
    "fill_missing",
    "fill_table",
    "filled_mask",
    "find_set",
    "hidden_floats",
    "holds",
    "how_to_keep",
    "ignored_columns_message",
    "input_columns",
    "is_block",
    "is_frame",
    "is_image_name",
    "is_missing",
    "is_pictures",
    "is_table",
    "is_written_in_chunks",
    "label_column",
    "location",
    "loss_weights",
    "materialize",
    "memory_needed",
    "montage",
    "natural_white",
    "picture_paths",
    "read_picture",
    "read_table",
    "reading_options",
    "reserved",
    "row_name",
    "save_picture",
    "table_files",
    "table_rows",
    "typed_table",
    "value_kind",
    "whole_file",
    "whole_folder",
    "with_numbers",
    "write_chunks",
]
