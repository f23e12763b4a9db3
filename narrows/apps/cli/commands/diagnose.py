"""`narrows diagnose`: whether a model learned something, what, and what to change."""

from __future__ import annotations

from typing import Annotated

import typer

from narrows.apps.cli.common_options import Data, ImageSize, Json, Label, MissingAtUse, Model, Quiet, SetPart
from narrows.apps.cli.messages import Voice
from narrows.apps.cli.model_loading import load_autoencoder


def diagnose(
    model: Model,
    data: Data,
    seeds: Annotated[
        int | None,
        typer.Option(min=2, metavar="N", help="Also fit again with N other seeds: is the result luck?"),
    ] = None,
    part: SetPart = None,
    label: Label = None,
    image_size: ImageSize = None,
    missing: MissingAtUse = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say whether the model learned something from DATA, what, and what to change: the worst first.

    Give it the rows of the fit, of which those that fit held out are measured, or new ones.

    Example: [bold]narrows diagnose digits-plain digits[/bold]
    """
    voice = Voice(as_json, quiet)

    import narrows
    from narrows.apps.cli.inputs import read_for_model

    fitted = load_autoencoder(model, missing=missing)
    rows = read_for_model(fitted, data, part=part, label=label, image_size=image_size, missing=missing, voice=voice)
    found = narrows.diagnose(fitted, rows)
    if seeds is not None:
        from narrows.insight import seed_errors, spread

        errors = []
        for error in seed_errors(fitted, rows, seeds):
            errors.append(error)
            voice.remark(f"Seed {len(errors)} of {seeds}: squared error {error:.4g} per row.")
        error = found["Better than the simple methods?"].number("squared_error")
        own = error if fitted.was_fitted_on(rows) else None
        found = found.including(spread(errors, own))
    voice.result(found.to_dict(), str(found))
