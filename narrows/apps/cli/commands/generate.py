"""`narrows generate`: draw new rows from a variational model."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from narrows.apps.cli.common_options import Force, Json, Model, Output, Quiet, data_option
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.model_loading import load_autoencoder
from narrows.apps.cli.output_paths import check_rows_path
from narrows.apps.cli.result_writing import write_rows
from narrows.formatting import counted

Codes = Literal["posterior", "prior"]


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
    given: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=VALUE",
            help="Value that all rows have in a column; may be repeated. label=NAME chooses a class of labelled rows.",
            show_default=False,
        ),
    ] = None,
    codes: Annotated[
        Codes,
        typer.Option(help="Density that codes are drawn from: of the training rows (posterior), or standard normal."),
    ] = "posterior",
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

    Examples:
    [bold]narrows generate digits-variational -n 64 -o samples.png[/bold]
    [bold]narrows generate penguins-variational -n 500 --given species=Gentoo -o gentoos.csv[/bold]
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
    wanted = _conditions(given or [])
    samples = fitted.sample_rows(n, given=wanted, codes=codes, random_state=seed)  # pyright: ignore[reportAttributeAccessIssue]
    compared = None
    if like is not None:
        from narrows.apps.cli.inputs import read_for_model
        from narrows.insight import fidelity

        real = read_for_model(fitted, like, part=None, image_size=None, missing=None, messages=messages)
        compared = fidelity(real, samples)
    output = write_rows(
        output, samples, image_shape=schema.image_shape, pixel_range=schema.pixel_range, messages=messages, force=force
    )
    result: dict[str, object] = {"output": str(output), "rows": n, "seed": seed, "given": wanted, "codes": codes}
    lines = [f"Wrote {counted(n, 'synthetic row')} to {output}."]
    if compared is not None:
        result["fidelity"] = compared.to_dict()
        lines.append(str(compared))
    messages.result(result, *lines)


def _conditions(given: list[str]) -> dict[str, str]:
    """Return column -> value of options such as "species=Gentoo"."""
    from narrows.errors import SettingError

    wrong = next((text for text in given if "=" not in text), None)
    if wrong is not None:
        raise SettingError(f"--given takes COLUMN=VALUE, such as species=Gentoo, got {wrong!r}.")
    wanted: dict[str, str] = {}
    for name, _, value in (text.partition("=") for text in given):
        if wanted.setdefault(name.strip(), value) != value:
            raise SettingError(
                f"--given has two values for {name.strip()!r}, {wanted[name.strip()]!r} and {value!r}; generate the "
                "rows of each in a call of its own."
            )
    return wanted
