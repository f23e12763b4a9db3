"""`narrows generate`: draw new rows from a variational model."""

from __future__ import annotations

from typing import Annotated

import typer

from narrows.apps.cli.common_options import Force, Json, Model, Output, Quiet, data_option
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.model_loading import load_autoencoder
from narrows.apps.cli.output_paths import check_rows_path
from narrows.apps.cli.result_writing import write_rows
from narrows.formatting import counted


def generate(
    model: Model,
    output: Output,
    n: Annotated[int, typer.Option("--number", "-n", min=1, help="Number of rows to draw.")] = 64,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Seed of the random numbers; the same seed gives the same rows. Default: a random seed.",
            show_default=False,
        ),
    ] = None,
    like: Annotated[
        str | None,
        data_option(
            metavar="DATA",
            help="Real rows to compare with; the report says how similar the new rows are, by column and by pair of "
            "columns.",
        ),
    ] = None,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Draw new rows from a variational model, with the columns, units and image shape of its data.

    Example: [bold]narrows generate digits-variational -n 64 -o samples.png[/bold]
    """
    messages = Messages(as_json, quiet)

    check_rows_path(output, like, force=force)

    from narrows.errors import ModelError

    fitted = load_autoencoder(model)
    if not hasattr(fitted, "sample"):
        raise ModelError(
            f"{model} is not a variational model, so it has no distribution to draw from; generate needs a model "
            "that was fitted with --variant variational."
        )
    schema = fitted.schema_
    samples = fitted.sample_rows(n, random_state=seed)  # pyright: ignore[reportAttributeAccessIssue]
    compared = None
    if like is not None:
        from narrows.apps.cli.inputs import read_for_model
        from narrows.insight import fidelity

        real = read_for_model(fitted, like, part=None, image_size=None, missing=None, messages=messages)
        compared = fidelity(real, samples)
    output = write_rows(
        output, samples, image_shape=schema.image_shape, pixel_range=schema.pixel_range, messages=messages, force=force
    )
    result: dict[str, object] = {"output": str(output), "rows": n, "seed": seed}
    lines = [f"Wrote {counted(n, 'generated row')} to {output}."]
    if compared is not None:
        result["fidelity"] = compared.to_dict()
        lines.append(str(compared))
    messages.result(result, *lines)
