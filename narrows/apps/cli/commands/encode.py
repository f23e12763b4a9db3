"""`narrows encode`: write the code of every row."""

from __future__ import annotations

from collections.abc import Iterator

from narrows.apps.cli.common_options import (
    Data,
    Errors,
    Force,
    ImageSize,
    Json,
    Label,
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
from narrows.formatting import counted


def encode(
    model: Model,
    data: Data,
    output: Output,
    part: SetPart = None,
    label: Label = None,
    image_size: ImageSize = None,
    missing: MissingAtUse = None,
    errors: Errors = "stop",
    ray: Ray = False,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the code (latent representation) of every row of DATA, with its label if there is one.

    Example: [bold]narrows encode digits-plain digits -o codes.csv[/bold]
    """
    messages = Messages(as_json, quiet)
    if ray:
        unused = {"--part": part, "--image-size": image_size}
        use_ray(
            "encode",
            model,
            data,
            output,
            messages,
            force=force,
            unused=unused,
            label=label,
            missing=missing,
            errors=errors,
        )
        return

    check_rows_path(output, data, force=force, numbers=True)

    import numpy as np

    from narrows.apps.cli.inputs import chunks_for_model, joined_labels
    from narrows.data import Rows, is_written_in_chunks

    fitted = load_autoencoder(model, missing=missing)
    chunks = chunks_for_model(
        fitted,
        data,
        part=part,
        label=label,
        image_size=image_size,
        missing=missing,
        messages=messages,
        errors=errors,
    )
    names = tuple(str(name) for name in fitted.get_feature_names_out())
    counts, has_labels = [], []  # by chunk

    def codes() -> Iterator[Rows]:
        for rows in chunks:
            counts.append(len(rows))
            has_labels.append(rows.labels is not None)
            yield Rows(fitted.transform(rows), names=names, labels=rows.labels, source=str(output))

    if is_written_in_chunks(output):
        output = write_chunks(output, codes(), messages=messages, force=force)
    else:
        parts = list(codes())
        whole = Rows(
            np.concatenate([part.block() for part in parts]),
            names=names,
            labels=joined_labels([part.labels for part in parts]),
            source=str(output),
        )
        output = write_rows(output, whole, messages=messages, force=force)
    messages.result(
        {"output": str(output), "rows": sum(counts), "columns": list(names), "labels": any(has_labels)},
        f"Wrote {counted(sum(counts), 'code')} of {counted(len(names), 'number')} to {output}.",
    )
