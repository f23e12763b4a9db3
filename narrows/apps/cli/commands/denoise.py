"""`narrows denoise`: remove noise from rows with a denoising model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from narrows.apps.cli.common_options import Data, Force, ImageSize, Json, MissingAtUse, Model, Output, Quiet, SetPart
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.model_loading import load_autoencoder
from narrows.apps.cli.output_paths import check_rows_path
from narrows.apps.cli.picture_cleaning import PictureCleaning
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
    noise_level: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Standard deviation of the gaussian noise in image files, with black 0 and white 1. Default: "
            "estimated from each image.",
            show_default=False,
        ),
    ] = None,
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

    A model of --network residual takes an image file, or a folder of images of
    any size, and writes an image, or a folder with the same names; types,
    transparency, EXIF and colour profiles are kept.

    [bold]narrows denoise digits-denoising digits --corrupt -o cleaned.png[/bold]
    [bold]narrows denoise photos-denoising photo.jpg -o cleaned.jpg[/bold]
    """
    messages = Messages(as_json, quiet)
    source = Path(data)
    if not source.exists() or not _may_be_images(source):
        check_rows_path(output, data, force=force)

    from narrows.apps.cli.inputs import read_for_model
    from narrows.data import is_pictures
    from narrows.insight import corrupted, reconstruct_floats

    fitted = load_autoencoder(model, missing=missing)
    _check_trained_to_denoise(fitted, model)
    if not fitted.network_.compresses and image_size is None and part is None and is_pictures(source):
        cleaning = PictureCleaning(fitted, source, noise_level, corrupt, seed)
        cleaning.write(output, force=force, messages=messages)
        return
    check_rows_path(output, data, force=force)
    _check_no_level(noise_level)
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
        warning = _warning(fitted, given, noisy, cleaned)
        result["warning"] = warning
        lines = [*([warning] if warning else []), f"PSNR against the clean rows: {gain}."]
    messages.result(result, *lines, f"Wrote {output}, from {counted(len(rows), 'row')}.")


def _check_trained_to_denoise(fitted: Autoencoder, path: Path) -> None:
    from narrows.errors import ModelError

    if fitted.corruption is None:
        raise ModelError(
            f"{path} was not trained to denoise; fit a model with --variant denoising, or use narrows reconstruct."
        )


def _may_be_images(source: Path) -> bool:
    """Return whether a path is neither a table nor an array, so that only the model tells how it is read."""
    from narrows.data import is_image_name

    return source.is_dir() or is_image_name(source.name)


def _check_no_level(noise_level: float | None) -> None:
    from narrows.errors import SettingError

    if noise_level is not None:
        raise SettingError("--noise-level needs image files and a model of --network residual; leave it out.")


def _psnr(schema: Schema, clean: np.ndarray, other: np.ndarray) -> float:
    """Return the PSNR of encoded floats; their range is 1 if they are bounded, else that of the clean rows."""
    from narrows.insight import psnr

    return psnr(clean, other, data_range=_span(schema, clean))


def _span(schema: Schema, clean: np.ndarray) -> float:
    return 1.0 if schema.bounded else float(clean.max() - clean.min())


def _warning(fitted: Autoencoder, clean: np.ndarray, noisy: np.ndarray, cleaned: np.ndarray) -> str:
    """Return a sentence where denoising is worse than doing nothing, or than PCA of the clean rows; else ""."""
    from narrows.insight import DenoisingComparison

    k = fitted.n_components_ if fitted.network_.compresses else None
    span = _span(fitted.schema_, clean)
    return DenoisingComparison.of(clean, noisy, cleaned, span=span, n_components=k).warning


def _draw(fitted: Autoencoder, lines: dict[str, np.ndarray], output: Path, *, force: bool) -> None:
    from narrows.apps.cli.output_paths import write_picture
    from narrows.insight import image_sheet
    from narrows.insight.payloads import as_pictures

    images = {name: as_pictures(fitted, floats[:_ACROSS]) for name, floats in lines.items()}
    write_picture(image_sheet(images), output, force=force)
