"""`narrows denoise`: remove noise from rows with a denoising model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from narrows.apps.cli.common_options import Data, Force, ImageSize, Json, MissingAtUse, Model, Output, Quiet, SetPart
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.model_loading import load_autoencoder
from narrows.apps.cli.output_paths import check_rows_path
from narrows.apps.cli.result_writing import write_or_rescue, write_rows
from narrows.formatting import counted

if TYPE_CHECKING:
    import numpy as np

    from narrows.data import Schema
    from narrows.estimators import Autoencoder

_ACROSS = 12  # images per line of the picture


def denoise(
    model: Model,
    data: Data,
    output: Output,
    corrupt: Annotated[
        bool,
        typer.Option(
            "--corrupt",
            help="Add noise to DATA first, as in training, and report the gain in PSNR (peak signal-to-noise "
            "ratio, in dB).",
        ),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Seed of the noise that --corrupt adds.")] = 0,
    part: SetPart = None,
    image_size: ImageSize = None,
    missing: MissingAtUse = None,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Remove noise from DATA with a denoising model.

    A .png file shows the first images: clean, noisy and denoised, or
    as given and denoised.

    Example: [bold]narrows denoise digits-denoising digits --corrupt -o cleaned.png[/bold]
    """
    messages = Messages(as_json, quiet)

    check_rows_path(output, data, force=force)

    from narrows.apps.cli.inputs import read_for_model
    from narrows.insight import corrupted, reconstruct_floats

    fitted = load_autoencoder(model, missing=missing)
    _check_trained_to_denoise(fitted, model)
    rows = read_for_model(fitted, data, part=part, image_size=image_size, missing=missing, messages=messages)
    schema, given = fitted.schema_, fitted.schema_.encode(rows)
    noisy = corrupted(fitted, given, seed=seed) if corrupt else given
    cleaned = reconstruct_floats(fitted, noisy)
    if output.suffix.lower() == ".png" and schema.image_shape is not None:
        lines = {"clean": given, "noisy": noisy} if corrupt else {"as given": given}
        pictures = {**lines, "denoised": cleaned}
        output = write_or_rescue(
            output,
            lambda path, force: _draw(fitted, pictures, path, force=force),
            subject="the picture is",
            messages=messages,
            force=force,
        )
    else:
        answer = schema.decode_rows(cleaned, like=rows if schema.ignored_columns else None)
        output = write_rows(
            output, answer, labels=rows.labels, pixel_range=schema.pixel_range, messages=messages, force=force
        )

    result: dict[str, object] = {"output": str(output), "rows": len(rows)}
    lines = []
    if corrupt:
        before, after = _psnr(schema, given, noisy), _psnr(schema, given, cleaned)
        result |= {"psnr_noisy": before, "psnr_denoised": after, "psnr_gain": after - before}
        gain = f"noisy {before:.2f} dB, denoised {after:.2f} dB ({after - before:+.2f})"
        lines = [f"PSNR against the clean rows: {gain}."]
    messages.result(result, *lines, f"Wrote {output}, from {counted(len(rows), 'row')}.")


def _check_trained_to_denoise(fitted: Autoencoder, path: Path) -> None:
    from narrows.errors import ModelError

    if fitted.corruption is None:
        raise ModelError(
            f"{path} was not trained to denoise; fit a model with --variant denoising, or use narrows reconstruct."
        )


def _psnr(schema: Schema, clean: np.ndarray, other: np.ndarray) -> float:
    """Return the PSNR of encoded floats; their range is 1 if they are bounded, else that of the clean rows."""
    from narrows.insight import psnr

    return psnr(clean, other, data_range=1.0 if schema.bounded else float(clean.max() - clean.min()))


def _draw(fitted: Autoencoder, lines: dict[str, np.ndarray], output: Path, *, force: bool) -> None:
    from narrows.apps.cli.output_paths import write_picture
    from narrows.insight import image_sheet
    from narrows.insight.payloads import as_pictures

    images = {name: as_pictures(fitted, floats[:_ACROSS]) for name, floats in lines.items()}
    write_picture(image_sheet(images), output, force=force)
