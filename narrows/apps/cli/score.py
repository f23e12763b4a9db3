"""`narrows score`: how well the model rebuilds every row."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from narrows.apps.cli.options import Data, Force, ImageSize, Json, Label, MissingAtUse, Model, Quiet, SetPart
from narrows.apps.cli.output import check_rows_path
from narrows.apps.cli.voice import Voice, counted, number


def score(
    model: Model,
    data: Data,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="One line per row: .csv, .parquet, .npy or .npz; left out, the summary alone.",
            rich_help_panel="Output",
            show_default=False,
        ),
    ] = None,
    part: SetPart = None,
    label: Label = None,
    image_size: ImageSize = None,
    missing: MissingAtUse = None,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the reconstruction error of every row of DATA, and the ELBO where the model is variational.

    Example: [bold]narrows score digits-plain digits -o scores.csv[/bold]
    """
    voice = Voice(as_json, quiet)
    if output is not None:
        check_rows_path(output, data, force=force, numbers=True)

    import numpy as np

    import narrows
    from narrows.apps.cli.sources import read_for_model
    from narrows.data import Rows, write

    fitted = narrows.load(model)
    rows = read_for_model(fitted, data, part=part, label=label, image_size=image_size, missing=missing, voice=voice)
    scores = {"reconstruction_error": fitted.reconstruction_error(rows)}
    if hasattr(fitted, "elbo") and fitted.network_.likelihood.is_density:
        scores["elbo"] = fitted.elbo(rows)  # pyright: ignore[reportAttributeAccessIssue]
    if output is not None:
        table = Rows(np.column_stack(list(scores.values())), names=tuple(scores), labels=rows.labels)
        write(output, table, force=force)
    spread = {
        name: {"mean": float(x.mean(dtype="float64")), "median": float(np.median(x)), "max": float(x.max())}
        for name, x in scores.items()
    }
    lines = [
        f"{name}: mean {number(s['mean'])}, median {number(s['median'])}, max {number(s['max'])}"
        for name, s in spread.items()
    ]
    written = [f"Wrote {counted(len(rows), 'score')} to {output}."] if output is not None else []
    voice.result(
        {"output": None if output is None else str(output), "rows": len(rows), "unit": fitted.loss_unit_, **spread},
        *lines,
        f"(reconstruction error: {fitted.loss_unit_})",
        *written,
    )
