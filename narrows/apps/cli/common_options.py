"""Arguments and options shared by several commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from typer.models import OptionInfo

Part = Literal["train", "test", "all"]
Missing = Literal["mask", "error", "mean", "drop"]

_DATA, _OUTPUT = "Data", "Output"

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A table (CSV, Excel, Parquet, Feather, JSON), an NPY, NPZ or IDX file, a folder of images, or a "
        "dataset name: digits, mnist, fashion-mnist.",
        show_default=False,
    ),
]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="Folder of a saved model.", show_default=False)]
Output = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="OUT",
        help="Output file; its extension sets the format: .csv, .parquet, .npy, .npz, .png. Without extension: a "
        "folder of PNG files.",
        rich_help_panel=_OUTPUT,
        show_default=False,
    ),
]
ImageSize = Annotated[
    str | None,
    typer.Option(
        metavar="28x28",
        help="Resize images to this height x width, in pixels.",
        rich_help_panel=_DATA,
        show_default=False,
    ),
]
SetPart = Annotated[
    Part | None,
    typer.Option(
        "--part",
        help="Part of the dataset to use, if it has a test set as mnist has. Default: test.",
        rich_help_panel=_DATA,
        show_default=False,
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(
        metavar="A,B", help="Names of the columns to use. Default: all.", rich_help_panel=_DATA, show_default=False
    ),
]
Ignore = Annotated[
    str | None,
    typer.Option(metavar="A,B", help="Names of columns to leave out.", rich_help_panel=_DATA, show_default=False),
]
MissingAtFit = Annotated[
    Missing,
    typer.Option(
        "--missing",
        metavar="NAME",
        help="Treatment of missing values: learn from a mask of them, stop with an error, fill in the column mean, or "
        "drop the row. (mask, error, mean, drop)",
        rich_help_panel=_DATA,
    ),
]
InMemory = Annotated[
    bool | None,
    typer.Option(
        "--in-memory/--out-of-core",
        help="Load the table into memory, or read it in chunks and train from temporary files. Default: depends on the "
        "size of the table and the memory of the machine.",
        rich_help_panel=_DATA,
        show_default=False,
    ),
]
MissingAtUse = Annotated[
    Missing | None,
    typer.Option(
        "--missing",
        help="Treatment of missing values: use the mask, stop with an error, fill in the column mean of the training "
        "rows, or drop the row. Default: as in the fit.",
        rich_help_panel=_DATA,
        show_default=False,
    ),
]
Label = Annotated[
    str | None,
    typer.Option(
        metavar="A", help="Name of the column with the class labels.", rich_help_panel=_DATA, show_default=False
    ),
]


Types = Annotated[
    str | None,
    typer.Option(
        metavar="A=TYPE,B=TYPE",
        help="Set the type of columns: number, decimal-comma, decimal-point, category, date, day-first, month-first, "
        "time or boolean.",
        rich_help_panel=_DATA,
        show_default=False,
    ),
]
NaValues = Annotated[
    str | None,
    typer.Option(
        "--na-values",
        metavar="A,B",
        help="Additional texts that mark a missing value.",
        rich_help_panel=_DATA,
        show_default=False,
    ),
]
KeepNa = Annotated[
    bool,
    typer.Option(
        "--keep-na",
        metavar="",
        help="Read only empty cells as missing; texts such as NA and ? are values.",
        rich_help_panel=_DATA,
    ),
]
Errors = Annotated[
    Literal["stop", "flag"],
    typer.Option(
        "--errors",
        metavar="NAME",
        help='Treatment of a cell of the wrong type ("soon" in a date column): stop with an error, or read it as '
        "missing, with the row first in the ranking of narrows score. (stop, flag)",
        rich_help_panel=_DATA,
    ),
]


def _switch(*names: str, text: str) -> OptionInfo:
    return typer.Option(*names, metavar="", help=text, rich_help_panel=_OUTPUT)


Force = Annotated[bool, _switch("--force", "-f", text="Replace an output that already exists.")]
Json = Annotated[bool, _switch("--json", text="Print the result as one JSON object.")]
Quiet = Annotated[bool, _switch("--quiet", "-q", text="Print neither progress nor notes, only the result.")]
