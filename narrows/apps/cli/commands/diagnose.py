"""`narrows diagnose`: checks of a fitted model, and suggested changes."""

from __future__ import annotations

from typing import Annotated

import typer

from narrows.apps.cli.common_options import (
    Data,
    ImageSize,
    Json,
    LabelAtUse,
    MissingAtUse,
    Model,
    Quiet,
    RayForFits,
    SetPart,
)
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.model_loading import load_autoencoder
from narrows.apps.cli.with_ray import fits_with_ray


def diagnose(
    model: Model,
    data: Data,
    seeds: Annotated[
        int | None,
        typer.Option(
            min=2,
            metavar="N",
            help="Fit the model again with N other seeds and report how much the error varies. Default: no "
            "further fits.",
        ),
    ] = None,
    part: SetPart = None,
    label: LabelAtUse = None,
    image_size: ImageSize = None,
    missing: MissingAtUse = None,
    ray: RayForFits = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check a model on DATA and suggest changes; the worst finding comes first.

    DATA is either the data of the fit, whose held-out rows are then
    measured, or new data.

    Example: [bold]narrows diagnose digits-plain digits[/bold]
    """
    messages = Messages(as_json, quiet)
    if ray and seeds is None:
        raise typer.BadParameter(
            "it has an effect on the fits of --seeds alone; give --seeds, or leave it out.", param_hint="--ray"
        )

    from narrows import insight
    from narrows.apps.cli.inputs import read_with_classes

    fitted = load_autoencoder(model, missing=missing)
    rows = read_with_classes(
        fitted, data, part=part, label=label, image_size=image_size, missing=missing, messages=messages
    )
    found = insight.diagnose(fitted, rows)
    if seeds is not None:
        from narrows.insight import seed_errors, spread

        errors = []
        with fits_with_ray(ray):
            for error in seed_errors(fitted, rows, seeds):
                errors.append(error)
                messages.info(f"Seed {len(errors)} of {seeds}: squared error {error:.4g} per row.")
        error = found["Better than the simple methods?"].number("squared_error")
        own = error if fitted.was_fitted_on(rows) else None
        found = found.including(spread(errors, own))
    messages.result(found.to_dict(), str(found))
