"""Arguments and options that several commands share."""

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
        help="A table (CSV, Excel, Parquet, Feather, JSON), an NPY, NPZ or IDX file, a folder of images, or a set's "
        "name: digits, mnist, fashion-mnist.",
        show_default=False,
    ),
]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="What narrows fit saved.", show_default=False)]
Output = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="OUT",
        help="Its ending chooses the format: .csv, .parquet, .npy, .npz, .png; a folder of PNG without one.",
        rich_help_panel=_OUTPUT,
        show_default=False,
    ),
]
ImageSize = Annotated[
    str | None,
    typer.Option(metavar="28x28", help="Resize images to height x width.", rich_help_panel=_DATA, show_default=False),
]
SetPart = Annotated[
    Part | None,
    typer.Option(
        "--part",
        help="Of a set with parts of its own, such as mnist; left out, test.",
        rich_help_panel=_DATA,
        show_default=False,
    ),
]
Columns = Annotated[
    str | None, typer.Option(metavar="A,B", help="Use these columns only.", rich_help_panel=_DATA, show_default=False)
]
Ignore = Annotated[
    str | None, typer.Option(metavar="A,B", help="Leave these columns out.", rich_help_panel=_DATA, show_default=False)
]
MissingAtFit = Annotated[
    Missing,
    typer.Option(
        "--missing",
        metavar="NAME",
        help="Gaps: learn where they are, stop, fill in the column's mean, or drop the row. (mask, error, mean, drop)",
        rich_help_panel=_DATA,
    ),
]
InMemory = Annotated[
    bool | None,
    typer.Option(
        "--in-memory/--out-of-core",
        help="Hold a table in memory, or read it in chunks and learn from temporary files; left out, by its size.",
        rich_help_panel=_DATA,
        show_default=False,
    ),
]
MissingAtUse = Annotated[
    Missing | None,
    typer.Option(
        "--missing",
        help="Gaps: as at the fit (mask), stop, fill in the column's mean at the fit, or drop the row; left out, "
        "as at the fit.",
        rich_help_panel=_DATA,
        show_default=False,
    ),
]
Label = Annotated[
    str | None,
    typer.Option(metavar="A", help="The column that holds a class.", rich_help_panel=_DATA, show_default=False),
]


Types = Annotated[
    str | None,
    typer.Option(
        metavar="A=TYPE,B=TYPE",
        help="Read these columns as number, decimal-comma, decimal-point, category, date, day-first, month-first, "
        "time or boolean, whatever their cells look like.",
        rich_help_panel=_DATA,
        show_default=False,
    ),
]
NaValues = Annotated[
    str | None,
    typer.Option(
        "--na-values",
        metavar="A,B",
        help="More texts that stand for a missing cell.",
        rich_help_panel=_DATA,
        show_default=False,
    ),
]
KeepNa = Annotated[
    bool,
    typer.Option(
        "--keep-na", metavar="", help="Only empty cells are missing: NA and ? are text.", rich_help_panel=_DATA
    ),
]
Errors = Annotated[
    Literal["stop", "flag"],
    typer.Option(
        "--errors",
        metavar="NAME",
        help='A cell that is not what its column holds ("soon" among dates): stop, or read it as missing and go on; '
        "narrows score ranks such rows first. (stop, flag)",
        rich_help_panel=_DATA,
    ),
]


def _switch(*names: str, words: str) -> OptionInfo:
    return typer.Option(*names, metavar="", help=words, rich_help_panel=_OUTPUT)


Force = Annotated[bool, _switch("--force", "-f", words="Replace what is there.")]
Json = Annotated[bool, _switch("--json", words="The result as one JSON object on standard output.")]
Quiet = Annotated[bool, _switch("--quiet", "-q", words="No progress and no remarks.")]
