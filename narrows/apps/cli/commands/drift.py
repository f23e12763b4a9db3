"""`narrows drift`: compare new rows with those of the fit, by column and by score."""

from __future__ import annotations

from typing import Annotated

from narrows.apps.cli.common_options import Data, Errors, ImageSize, Json, MissingAtUse, Model, Quiet, data_option
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.model_loading import with_missing


def drift(
    model: Model,
    data: Data,
    reference: Annotated[
        str | None,
        data_option(
            metavar="DATA",
            help="Rows from the time of the fit, to compare DATA with. Default: the rows that a detector stores; other "
            "models store none.",
        ),
    ] = None,
    image_size: ImageSize = None,
    missing: MissingAtUse = None,
    errors: Errors = "stop",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare the rows of DATA with those of the fit, by column and by score.

    Example: [bold]narrows drift detector new.csv[/bold]
    """
    messages = Messages(as_json, quiet)

    from narrows.apps.cli.inputs import read_for_model
    from narrows.estimators import load
    from narrows.insight import drift as compared

    fitted = with_missing(load(model), missing)
    rows = read_for_model(
        fitted, data, part=None, image_size=image_size, missing=missing, messages=messages, errors=errors
    )
    then = None
    if reference is not None:
        then = read_for_model(
            fitted, reference, part=None, image_size=image_size, missing=missing, messages=messages, errors=errors
        )
    found = compared(fitted, rows, reference=then)
    messages.result(found.to_dict(), str(found))
