"""Denoising of image files of any size: a folder or one file in, the same names, types and metadata out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from narrows.apps.cli.messages import Messages
from narrows.apps.cli.output_paths import check_folder
from narrows.apps.cli.result_writing import write_or_rescue
from narrows.formatting import counted

if TYPE_CHECKING:
    import numpy as np

    from narrows.data import Picture
    from narrows.estimators import Autoencoder
    from narrows.insight import DenoisingComparison


@dataclass(frozen=True)
class _Cleaned:
    """Facts about one denoised file: its name, its level of noise, and with --corrupt the comparison."""

    name: str
    level: float | None
    compared: DenoisingComparison | None


@dataclass(frozen=True)
class PictureCleaning:
    """Denoises image files with a model of network="residual".

    Parameters
    ----------
    fitted : Autoencoder
    source : Path
        An image file, or a folder with some.
    level : float or None
        Standard deviation of gaussian noise, in [0, 1]; None estimates it.
    corrupt : bool
        Whether the noise of the training is added first.
    seed : int
        Of that noise.
    """

    fitted: Autoencoder
    source: Path
    level: float | None
    corrupt: bool
    seed: int

    def write(self, output: Path, *, force: bool, messages: Messages) -> None:
        """Write the denoised images, all or nothing, and print a summary.

        Raises
        ------
        DataFormatError, DataError
            An image cannot be read, or has other channels than those of the fit.
        OutputExistsError, OutputError
        """
        self._check_output(output, force=force)
        found: list[_Cleaned] = []
        write = self._write_folder if self.source.is_dir() else self._write_file
        output = write_or_rescue(
            output,
            lambda path, replace: write(path, found, replace=replace, messages=messages),
            subject="the result is",
            messages=messages,
            force=force,
            is_folder=self.source.is_dir(),
        )
        _report(output, found, messages)

    def _check_output(self, output: Path, *, force: bool) -> None:
        from narrows.data import is_image_name
        from narrows.errors import OutputError, OutputExistsError

        is_folder = self.source.is_dir()
        if not is_folder and not output.suffix:
            raise OutputError(f"{output} must end as an image file, such as .png; {self.source} is one image.")
        if output.is_symlink() or (output.exists() and output.is_dir() != is_folder):
            raise OutputExistsError(f"{output} is there and is of another kind; choose another --output.")
        places = [self.source.resolve(), *self.source.resolve().parents]
        if output.resolve() in places or (is_folder and self.source.resolve() in output.resolve().parents):
            raise OutputExistsError(f"{output} is the input or lies in it; choose another --output.")
        held = [Path(place, name) for place, _, names in os.walk(output) for name in names]
        if held and not all(is_image_name(path.name) for path in held):
            raise OutputExistsError(f"{output} holds more than images; choose another --output.")
        if (held or output.is_file()) and not force:
            raise OutputExistsError(f"{output} is already there; use --force to replace it.")
        check_folder(output)

    def _write_file(self, target: Path, found: list[_Cleaned], *, replace: bool, messages: Messages) -> None:
        from narrows.data import whole_file

        picture = self._read(self.source, self.source.parent, target, messages)
        pixels = self._clean(picture, self.source.name, found)
        with whole_file(target, replace=replace) as file:
            _save(picture, pixels, file, target)

    def _write_folder(self, target: Path, found: list[_Cleaned], *, replace: bool, messages: Messages) -> None:
        from narrows.data import picture_paths, whole_folder

        with whole_folder(target, replace=replace) as folder:
            for path in picture_paths(self.source):
                name = path.relative_to(self.source)
                picture = self._read(path, self.source, folder / name, messages)
                pixels = self._clean(picture, str(name), found)
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                with (folder / name).open("xb") as file:
                    _save(picture, pixels, file, folder / name)

    def _read(self, path: Path, folder: Path, target: Path, messages: Messages) -> Picture:
        from narrows.data import check_picture, read_picture

        picture = read_picture(path, folder)
        check_picture(picture, target)
        if picture.note:
            messages.info(picture.note)
        return picture

    def _clean(self, picture: Picture, name: str, found: list[_Cleaned]) -> np.ndarray:
        """Return the clean pixels, and add what is known of them to `found`."""
        import numpy as np

        from narrows.estimators.whole_images import clean_image
        from narrows.insight import corrupted

        clean = given = picture.floats
        if self.corrupt:
            noise = corrupted(self.fitted, clean.reshape(1, -1), seed=self.seed + len(found))
            given = noise.reshape(clean.shape)
        result = clean_image(self.fitted.state_, given, level=self.level, name=name)
        compared = _compared(self.fitted, clean, given, result.floats) if self.corrupt else None
        found.append(_Cleaned(name, result.level, compared))
        return np.rint(result.floats * picture.white).astype(picture.pixels.dtype)


def _save(picture: Picture, pixels: np.ndarray, file: Any, target: Path) -> None:
    from narrows.data import save_picture
    from narrows.errors import OutputError

    try:
        save_picture(picture, pixels, file, target)
    except (ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{target.name} could not be written: {error}; use another format, such as .png.") from error


def _compared(fitted: Autoencoder, clean: np.ndarray, noisy: np.ndarray, ours: np.ndarray) -> DenoisingComparison:
    """Compare patches of one image; of an image that is smaller than a patch, the image itself."""
    from narrows.insight import DenoisingComparison

    shape = fitted.schema_.image_shape
    assert shape is not None
    size = shape[0]
    if min(clean.shape[:2]) < size:
        parts = [floats.reshape(1, -1) for floats in (clean, noisy, ours)]
    else:
        parts = [_patches(floats, size) for floats in (clean, noisy, ours)]
    return DenoisingComparison.of(*parts, span=1.0, n_components=None)


def _patches(image: np.ndarray, size: int) -> np.ndarray:
    """Return the patches of an image that do not overlap (n, size * size * channels)."""
    rows, columns = image.shape[0] // size, image.shape[1] // size
    grid = image[: rows * size, : columns * size].reshape(rows, size, columns, size, -1)
    return grid.swapaxes(1, 2).reshape(rows * columns, -1)


def _report(output: Path, found: list[_Cleaned], messages: Messages) -> None:
    levels = [one.level for one in found if one.level is not None]
    compared = [one.compared for one in found if one.compared is not None]
    result: dict[str, object] = {
        "output": str(output),
        "images": len(found),
        "noise_levels": {one.name: one.level for one in found},
    }
    lines = []
    if compared:
        mean = _mean(compared)
        gain = mean.model - mean.noisy
        result |= {"psnr_noisy": mean.noisy, "psnr_denoised": mean.model, "psnr_gain": gain, "psnr_pca": mean.pca}
        result["warning"] = mean.warning
        lines += [mean.warning] if mean.warning else []
        pca = "" if mean.pca is None else f"; PCA of patches {mean.pca:.2f} dB"
        lines.append(
            f"PSNR against the images without noise: noisy {mean.noisy:.2f} dB, denoised {mean.model:.2f} dB "
            f"({gain:+.2f}){pca}."
        )
    if levels:
        spread = f"{min(levels):.3f}" if len(levels) == 1 else f"{min(levels):.3f} to {max(levels):.3f}"
        lines.append(f"Noise level: {spread} of the range from black to white.")
    messages.result(result, *lines, f"Wrote {output}, from {counted(len(found), 'image')}.")


def _mean(compared: list[DenoisingComparison]) -> DenoisingComparison:
    """Return the means over the images, of PCA over those that have it where all have."""
    from narrows.insight import DenoisingComparison

    n = len(compared)
    pca = [one.pca for one in compared if one.pca is not None]
    return DenoisingComparison(
        sum(one.noisy for one in compared) / n,
        sum(one.model for one in compared) / n,
        sum(pca) / n if len(pca) == n else None,
    )
