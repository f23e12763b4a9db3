"""`narrows demo`: three autoencoders on handwritten digits, with pictures and a report, in under a minute."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from narrows.apps.cli import signals
from narrows.apps.cli.common_options import Force, Json, Quiet, output_option
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.output_paths import check_folder, write_file
from narrows.apps.cli.result_writing import write_or_rescue
from narrows.estimators.variants import Variant, make_estimator

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators import Autoencoder
    from narrows.insight import FitSummary

_N_HELD_OUT, _SEED = 297, 0
_SHARED = {"n_components": 8, "hidden_layer_sizes": (256, 128), "batch_size": 64, "epochs": 60, "random_state": _SEED}
_OWN: dict[Variant, dict[str, object]] = {
    "plain": {},
    "denoising": {"n_components": 16},
    # Samples are sharper with beta below 1; the ELBO is computed with beta = 1.
    "variational": {"beta": 0.5},
}
_PICTURES = ("reconstructions.png", "denoised.png", "samples.png")
_REPORT = "report.html"


def demo(
    output: Annotated[
        Path,
        output_option("FOLDER", help="Folder for the models and pictures.", show_default=True),
    ] = Path("narrows-demo"),
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fit three autoencoders to handwritten digits and show the results.

    Works offline and takes less than a minute on two cores.
    """
    messages = Messages(as_json, quiet)
    _check(output, force=force)

    from narrows.apps.report import report
    from narrows.data import whole_folder
    from narrows.insight import diagnose

    train_rows, held_out = _digits()
    models, summaries = _fit_all(train_rows, held_out, messages)
    found = diagnose(models["plain"], train_rows)
    page = report(models["plain"], train_rows, diagnosis=found).encode(errors="backslashreplace")
    gain = 0.0, 0.0

    def write(path: Path, force: bool) -> None:
        nonlocal gain
        _check(path, force=force)
        with whole_folder(path, replace=force) as folder:
            for name, model in models.items():
                model.save(folder / name)
            gain = _draw_all(models, held_out, folder)
            write_file(folder / _REPORT, page, force=False)

    output = write_or_rescue(output, write, subject="the demo is", messages=messages, force=force, is_folder=True)
    signals.check()

    from narrows.apps.cli.rendering import comparison

    before, after = gain
    messages.result(
        {
            "output": str(output),
            "models": {name: summary.to_dict() for name, summary in summaries.items()},
            "diagnosis": found.to_dict(),
            "psnr_noisy": before,
            "psnr_denoised": after,
        },
        comparison(summaries),
        f"Denoising: {before:.1f} dB before, {after:.1f} dB after. Variational: an ELBO of "
        f"{summaries['variational'].elbo:.1f} nats per row.",
        "",
        f"The plain model: {found.headline}",
        "",
        f"See {output}/: {', '.join(_PICTURES)}, and {_REPORT} of the plain model.",
        "",
        "Then try:",
        f"  narrows encode {output}/plain digits -o codes.csv",
        f"  narrows generate {output}/variational -n 100 --seed 1 -o more-digits.png",
        "  narrows fit digits --variant sparse --code top-k --k 5 --n-components 64 -o digits-sparse",
    )


def _check(output: Path, *, force: bool) -> None:
    """Raise OutputExistsError unless `output` is free, or an earlier demo that may be replaced."""
    from narrows.data import clear_leftovers
    from narrows.errors import OutputExistsError

    check_folder(output)
    clear_leftovers(output)
    if not output.exists():
        return
    ours = {*_OWN, *_PICTURES, _REPORT}
    if not output.is_dir() or any(entry.name not in ours for entry in output.iterdir()):
        raise OutputExistsError(f"{output} holds something other than a demo; choose another --output.")
    if not force:
        raise OutputExistsError(f"{output} is already there; use --force to replace it, or another --output.")


def _digits() -> tuple[Rows, Rows]:
    """Return training rows and held-out rows, by a fixed shuffle."""
    import numpy as np

    from narrows.data import read

    rows = read("digits")
    order = np.random.default_rng(_SEED).permutation(len(rows))
    return rows.take(order[_N_HELD_OUT:]), rows.take(order[:_N_HELD_OUT])


def _fit_all(rows: Rows, held_out: Rows, messages: Messages) -> tuple[dict[str, Autoencoder], dict[str, FitSummary]]:
    from narrows.apps.cli.fit_progress import train
    from narrows.insight import summarise

    models, summaries = {}, {}
    for name, own in _OWN.items():
        model = make_estimator(name, {**_SHARED, **own})
        seconds = train(model, rows, messages=messages, title=name.capitalize())
        if model.interrupted_:
            raise KeyboardInterrupt
        models[name], summaries[name] = model, summarise(model, rows, held_out, seconds=seconds)
    return models, summaries


def _draw_all(models: dict[str, Autoencoder], held_out: Rows, folder: Path) -> tuple[float, float]:
    """Draw the three pictures; return the PSNR of the noisy and of the denoised rows."""
    from narrows.apps.cli.output_paths import write_picture
    from narrows.insight import corrupted, image_sheet, psnr, reconstruct_floats

    assert held_out.labels is not None
    assert held_out.image_shape is not None
    shape = (-1, *held_out.image_shape)
    clean = models["plain"].schema_.encode(held_out)
    noisy = corrupted(models["denoising"], clean, seed=_SEED)
    reconstructed = reconstruct_floats(models["plain"], clean)
    denoised = reconstruct_floats(models["denoising"], noisy)
    shown = [int((held_out.labels == digit).argmax()) for digit in range(10)]  # one of each
    samples = models["variational"].sample(64)  # pyright: ignore[reportAttributeAccessIssue]
    sheets = (
        (
            {"original": clean[shown], "reconstructed from 8 numbers": reconstructed[shown]},
            "Digits that the model was not trained on",
            None,
        ),
        (
            {"clean": clean[shown], "noisy": noisy[shown], "denoised": denoised[shown]},
            "Noise removed from digits that the model was not trained on",
            None,
        ),
        ({"": samples}, "Digits generated by the model", 8),
    )
    for name, (lines, title, columns) in zip(_PICTURES, sheets, strict=True):
        images = {caption: floats.reshape(shape) for caption, floats in lines.items()}
        write_picture(image_sheet(images, title=title, columns=columns), folder / name, force=False)
    return psnr(clean, noisy, data_range=1.0), psnr(clean, denoised, data_range=1.0)
