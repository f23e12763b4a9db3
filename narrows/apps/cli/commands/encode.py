"""`narrows encode`: write the code of every row."""

from __future__ import annotations

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
    SetPart,
)
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.model_loading import load_autoencoder
from narrows.apps.cli.output_paths import check_rows_path
from narrows.apps.cli.result_writing import write_rows
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
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the code (latent representation) of every row of DATA, with its label if there is one.

    Example: [bold]narrows encode digits-plain digits -o codes.csv[/bold]
    """
    messages = Messages(as_json, quiet)

    check_rows_path(output, data, force=force, numbers=True)

    import numpy as np

    from narrows.apps.cli.inputs import chunks_for_model, joined_labels
    from narrows.data import Rows

    fitted = load_autoencoder(model, missing=missing)
    parts, labels = [], []
    for rows in chunks_for_model(
        fitted, data, part=part, label=label, image_size=image_size, missing=missing, messages=messages, errors=errors
    ):
        parts.append(fitted.transform(rows))
        labels.append(rows.labels)
    names = tuple(str(name) for name in fitted.get_feature_names_out())
    codes = Rows(np.concatenate(parts), names=names, labels=joined_labels(labels), source=str(output))
    output = write_rows(output, codes, messages=messages, force=force)
    messages.result(
        {"output": str(output), "rows": len(codes), "columns": list(names), "labels": codes.labels is not None},
        f"Wrote {counted(len(codes), 'code')} of {counted(len(names), 'number')} to {output}.",
    )
