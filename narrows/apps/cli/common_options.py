"""Arguments and options shared by several commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from typer.models import OptionInfo

Part = Literal["train", "test", "all"]
Missing = Literal["mask", "error", "mean", "drop"]


def data_option(*names: str, help: str, metavar: str | None = None) -> OptionInfo:  # noqa: A002
    """Return an option on the data without a default to show."""
    return typer.Option(*names, metavar=metavar, help=help, rich_help_panel="Data", show_default=False)


def output_option(metavar: str, help: str, *, show_default: bool = False) -> OptionInfo:  # noqa: A002
    """Return the option --output of a command."""
    return typer.Option(
        "--output", "-o", metavar=metavar, help=help, rich_help_panel="Output", show_default=show_default
    )


def host_option(panel: str) -> OptionInfo:
    """Return the option --host of a command that starts a server."""
    return typer.Option(
        help="Network address of the server; an address that other machines can reach needs a token.",
        rich_help_panel=panel,
    )


def port_option(panel: str, *, first: int) -> OptionInfo:
    """Return the option --port of a command that starts a server."""
    return typer.Option(
        metavar="N",
        min=0,
        max=65535,
        help=f"Port of the server. Default: {first}, or the next free port.",
        rich_help_panel=panel,
        show_default=False,
    )


def _switch(*names: str, text: str) -> OptionInfo:
    return typer.Option(*names, metavar="", help=text, rich_help_panel="Output")


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
    output_option(
        "OUT",
        help="Output file; its extension sets the format: .csv, .parquet, .npy, .npz, .png. Without extension: a "
        "folder of PNG files.",
    ),
]
ImageSize = Annotated[str | None, data_option(metavar="28x28", help="Resize images to this height x width, in pixels.")]
SetPart = Annotated[
    Part | None,
    data_option("--part", help="Part of the dataset to use, if it has a test set as mnist has. Default: test."),
]
Columns = Annotated[str | None, data_option(metavar="A,B", help="Names of the columns to use. Default: all.")]
Ignore = Annotated[str | None, data_option(metavar="A,B", help="Names of columns to leave out.")]
MissingAtFit = Annotated[
    Missing,
    typer.Option(
        "--missing",
        metavar="NAME",
        help="Treatment of missing values: learn from a mask of them, stop with an error, fill in the column mean, or "
        "drop the row. (mask, error, mean, drop)",
        rich_help_panel="Data",
    ),
]
InMemory = Annotated[
    bool | None,
    data_option(
        "--in-memory/--out-of-core",
        help="Load the table into memory, or read it in chunks and train from temporary files. Default: depends on the "
        "size of the table and the memory of the machine.",
    ),
]
MissingAtUse = Annotated[
    Missing | None,
    data_option(
        "--missing",
        help="Treatment of missing values: use the mask, stop with an error, fill in the column mean of the training "
        "rows, or drop the row. Default: as in the fit.",
    ),
]
Label = Annotated[str | None, data_option(metavar="A", help="Name of the column with the class labels.")]
LabelAtUse = Annotated[
    str | None,
    data_option("--label", metavar="A", help="Name of the column with the class labels. Default: that of the fit."),
]

Group = Annotated[
    str | None,
    data_option(
        metavar="A",
        help="Column with the group of each row, such as a person: whole groups are held out. Not learned from, unless "
        "--columns names it.",
    ),
]
Time = Annotated[
    str | None,
    data_option(
        metavar="A",
        help="Column with the time of each row: the latest rows are held out. Not learned from, unless --columns names "
        "it.",
    ),
]
Types = Annotated[
    str | None,
    data_option(
        metavar="A=TYPE,B=TYPE",
        help="Set the type of columns: number, decimal-comma, decimal-point, category, date, day-first, month-first, "
        "time or boolean.",
    ),
]
NaValues = Annotated[
    str | None,
    data_option(
        "--na-values",
        metavar="A,B",
        help="Additional texts that mark a missing value.",
    ),
]
KeepNa = Annotated[
    bool,
    typer.Option(
        "--keep-na",
        metavar="",
        help="Read only empty cells as missing; texts such as NA and ? are values.",
        rich_help_panel="Data",
    ),
]
Errors = Annotated[
    Literal["stop", "flag"],
    typer.Option(
        "--errors",
        metavar="NAME",
        help='Treatment of a cell of the wrong type ("soon" in a date column): stop with an error, or read it as '
        "missing, with the row first in the ranking of narrows score. (stop, flag)",
        rich_help_panel="Data",
    ),
]


Force = Annotated[bool, _switch("--force", "-f", text="Replace an output that already exists.")]
Ray = Annotated[
    bool,
    _switch(
        "--ray",
        text="Work on all cores, or on the cluster that RAY_ADDRESS names, with Ray Data (extra: ray); OUT is a folder "
        "of Parquet files or its address, such as s3://bucket/scores.",
    ),
]
RayWorkers = Annotated[
    int | None,
    typer.Option(
        "--ray",
        metavar="WORKERS",
        min=1,
        help="Train with this number of workers of Ray, each on one core of this machine, or of the cluster that "
        "RAY_ADDRESS names (extra: ray). A worker that is killed is replaced, and goes on from the checkpoint.",
        show_default=False,
        rich_help_panel="Run",
    ),
]
RayForFits = Annotated[
    bool,
    _switch(
        "--ray",
        text="Fit on all cores at once, or on the cluster that RAY_ADDRESS names, one fit on each core (extra: ray).",
    ),
]
RowHashes = Annotated[
    bool,
    _switch(
        "--row-hashes/--no-row-hashes",
        text="Save a hash of each training row, by which diagnose recognises it; anyone who has the model and a row "
        "can then check whether that row was used.",
    ),
]
Json = Annotated[bool, _switch("--json", text="Print the result as one JSON object.")]
Quiet = Annotated[bool, _switch("--quiet", "-q", text="Print neither progress nor notes, only the result.")]
