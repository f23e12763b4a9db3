"""`narrows diagnose`: whether a model learned something, what, and what to change."""

from __future__ import annotations

from narrows.apps.cli.options import Data, ImageSize, Json, Label, MissingAtUse, Model, Quiet, SetPart
from narrows.apps.cli.voice import Voice


def diagnose(
    model: Model,
    data: Data,
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
    from narrows.apps.cli.sources import read_for_model

    fitted = narrows.load(model)
    rows = read_for_model(fitted, data, part=part, label=label, image_size=image_size, missing=missing, voice=voice)
    found = narrows.diagnose(fitted, rows)
    voice.result(found.to_dict(), str(found))
