"""`narrows reconstruct`: every row after its passage through the code."""

from __future__ import annotations

from narrows.apps.cli.models import load_autoencoder
from narrows.apps.cli.options import Data, Force, ImageSize, Json, MissingAtUse, Model, Output, Quiet, SetPart
from narrows.apps.cli.output import check_rows_path
from narrows.apps.cli.voice import Voice, counted, number


def reconstruct(
    model: Model,
    data: Data,
    output: Output,
    part: SetPart = None,
    image_size: ImageSize = None,
    missing: MissingAtUse = None,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write DATA as the model rebuilds it: same columns, units and image shape.

    Example: [bold]narrows reconstruct digits-plain digits -o rebuilt.png[/bold]
    """
    voice = Voice(as_json, quiet)

    check_rows_path(output, data, force=force)

    from narrows.apps.cli.sources import read_for_model
    from narrows.data import write
    from narrows.insight import passage, squared_error

    fitted = load_autoencoder(model)
    rows = read_for_model(fitted, data, part=part, image_size=image_size, missing=missing, voice=voice)
    floats = fitted.schema_.encode(rows)
    rebuilt = passage(fitted, floats)
    error = float(squared_error(fitted, floats, rebuilt).mean())
    schema = fitted.schema_
    answer = schema.decode_rows(rebuilt, like=rows if schema.left_out else None)
    write(output, answer, labels=rows.labels, pixel_range=schema.pixel_range, force=force)
    voice.result(
        {"output": str(output), "rows": len(rows), "squared_error": error},
        f"Wrote {counted(len(rows), 'reconstructed row')} to {output} (squared error {number(error)} per row, "
        f"in {fitted.schema_.unit}).",
    )
