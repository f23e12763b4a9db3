"""`narrows report`: what a model learned, as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from narrows.apps.cli.common_options import Data, Force, ImageSize, Json, Label, MissingAtUse, Model, Quiet, SetPart
from narrows.apps.cli.messages import Voice
from narrows.apps.cli.model_loading import load_autoencoder
from narrows.apps.cli.output_paths import check_file_path, write_file
from narrows.apps.cli.rescue import kept


def report(
    model: Model,
    data: Data,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="PAGE", help="The page, an .html file.", rich_help_panel="Output"),
    ] = Path("report.html"),
    part: SetPart = None,
    label: Label = None,
    image_size: ImageSize = None,
    missing: MissingAtUse = None,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a page on what the model learned from DATA: the diagnosis, figures, and how to fit it again.

    One HTML file that needs no network. Give it the rows of the fit, or new ones.

    Example: [bold]narrows report digits-plain digits -o report.html[/bold]
    """
    voice = Voice(as_json, quiet)

    check_file_path(output, (".html", ".htm"), data, force=force)

    import narrows
    from narrows.apps.cli.inputs import read_for_model

    fitted = load_autoencoder(model, missing=missing)
    rows = read_for_model(fitted, data, part=part, label=label, image_size=image_size, missing=missing, voice=voice)
    found = narrows.diagnose(fitted, rows)
    page = narrows.report(fitted, rows, diagnosis=found).encode(errors="backslashreplace")
    output = kept(
        output,
        lambda path, force: write_file(path, page, force=force),
        what="the page is",
        voice=voice,
        force=force,
    )
    voice.result(
        {"output": str(output), "rows": len(rows), "diagnosis": found.to_dict()}, found.headline, f"Wrote {output}."
    )
