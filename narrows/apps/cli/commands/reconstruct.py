"""`narrows reconstruct`: write the reconstruction of every row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from narrows.apps.cli.common_options import (
    Data,
    Errors,
    Force,
    ImageSize,
    Json,
    MissingAtUse,
    Model,
    Output,
    Quiet,
    Ray,
    SetPart,
)
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.model_loading import load_autoencoder
from narrows.apps.cli.output_paths import check_rows_path
from narrows.apps.cli.result_writing import write_chunks, write_rows
from narrows.apps.cli.with_ray import use_ray
from narrows.formatting import counted, number

if TYPE_CHECKING:
    from narrows.data import Rows


def reconstruct(
    model: Model,
    data: Data,
    output: Output,
    part: SetPart = None,
    image_size: ImageSize = None,
    missing: MissingAtUse = None,
    errors: Errors = "stop",
    ray: Ray = False,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the reconstruction of DATA, with the same columns, units and image shape.

    Example: [bold]narrows reconstruct digits-plain digits -o reconstructed.png[/bold]
    """
    messages = Messages(as_json, quiet)
    if ray:
        unused = {"--part": part, "--image-size": image_size}
        use_ray(
            "reconstruct", model, data, output, messages, force=force, unused=unused, missing=missing, errors=errors
        )
        return

    check_rows_path(output, data, force=force)

    from narrows.apps.cli.inputs import chunks_for_model
    from narrows.data import is_written_in_chunks
    from narrows.errors import ModelError
    from narrows.insight import reconstruct_floats, squared_error

    fitted = load_autoencoder(model, missing=missing)
    if not fitted.network_.compresses:
        raise ModelError(f"{model} is a denoiser without a code; use narrows denoise.")
    in_chunks = is_written_in_chunks(output)
    chunks = chunks_for_model(
        fitted,
        data,
        part=part,
        image_size=image_size,
        missing=missing,
        messages=messages,
        whole=not in_chunks,
        errors=errors,
    )
    schema = fitted.schema_
    sums, counts = [], []  # by chunk

    def reconstructed() -> Iterator[Rows]:
        for rows in chunks:
            floats = schema.encode(rows)
            answer = reconstruct_floats(fitted, floats)
            sums.append(float(squared_error(fitted, floats, answer).sum()))
            counts.append(len(rows))
            found = schema.decode_rows(answer, like=rows if schema.ignored_columns else None)
            yield replace(found, labels=rows.labels)

    if in_chunks:
        output = write_chunks(output, reconstructed(), messages=messages, force=force)
    else:
        (answer,) = reconstructed()
        output = write_rows(output, answer, pixel_range=schema.pixel_range, messages=messages, force=force)
    n_rows, error = sum(counts), sum(sums) / sum(counts)
    messages.result(
        {"output": str(output), "rows": n_rows, "squared_error": error},
        f"Wrote {counted(n_rows, 'reconstructed row')} to {output} (squared error {number(error)} per row, "
        f"in {schema.unit}).",
    )
