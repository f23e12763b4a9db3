"""`narrows export`: a model as one ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from narrows.apps.cli.common_options import Force, Json, Model, Quiet, output_option
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.output_paths import check_file_path
from narrows.apps.cli.result_writing import write_content
from narrows.formatting import counted


def export(
    model: Model,
    output: Annotated[Path, output_option("OUT", help="ONNX file to write.", show_default=True)] = Path("model.onnx"),
    dates: Annotated[
        Literal["text", "int64"],
        typer.Option(
            metavar="NAME",
            help="Form of dates: ISO 8601 text, or whole numbers of the unit of the column since 1970. (text, int64)",
        ),
    ] = "text",
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a model or a detector as one ONNX file, to be used without Python.

    The file holds the whole model: columns go in by name, in their own units,
    and codes, reconstructions, errors and anomaly scores come out. It needs
    [bold]pip install 'narrows[onnx]'[/bold].

    Example: [bold]narrows export digits-plain -o digits.onnx[/bold]
    """
    messages = Messages(as_json, quiet)

    check_file_path(output, (".onnx",), force=force)

    from narrows.estimators import load

    made = load(model).to_onnx(dates=dates)
    output = write_content(output, made.SerializeToString(), subject="the model is", messages=messages, force=force)
    inputs, outputs = ([port.name for port in ports] for ports in (made.graph.input, made.graph.output))
    messages.result(
        {"output": str(output), "inputs": inputs, "outputs": outputs},
        f"Wrote {output}: {counted(len(inputs), 'input')}, {counted(len(outputs), 'output')}.",
    )
