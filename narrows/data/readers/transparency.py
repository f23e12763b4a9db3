"""Background for transparent parts of images, on which no image vanishes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from narrows.data.readers.image_file import as_rgba

if TYPE_CHECKING:
    from PIL import Image

_GROUNDS = {"white": 255, "black": 0, "grey": 128}
_NEARLY_NOTHING = 0.1  # of the contrast on the best ground
_FEW = 0.05  # of the images, which may vanish


@dataclass(frozen=True)
class Vanishing:
    """Whether an image is nearly uniform on white, on black and on grey, though not on all of them."""

    on: tuple[bool, ...]

    @classmethod
    def of(cls, image: Image.Image) -> Vanishing:
        """Return the result for an image with transparency."""
        rgba = as_rgba(image)
        cover = np.asarray(rgba)[..., 3] / 255
        brightness = np.asarray(rgba.convert("RGB").convert("L"), np.float64)
        contrast = [float((cover * brightness + (1 - cover) * ground).std()) for ground in _GROUNDS.values()]
        return cls(tuple(of < _NEARLY_NOTHING * max(contrast) for of in contrast))


@dataclass(frozen=True)
class Ground:
    """Background for transparent parts, with notes for the user."""

    brightness: int
    notes: tuple[str, ...] = ()


def choose_ground(images: Sequence[Vanishing]) -> Ground:
    """Return the first of white, black and grey on which hardly any image vanishes, else the one with the fewest."""
    lost = {name: sum(image.on[i] for image in images) for i, name in enumerate(_GROUNDS)}
    name = next((name for name, n in lost.items() if n <= _FEW * len(images)), min(lost, key=lost.__getitem__))
    notes = []
    if name != "white":
        notes.append(
            f"Transparent parts were made {name}, because {lost['white']} of {len(images)} images vanish on white."
        )
    if lost[name]:
        notes.append(f"{lost[name]} of {len(images)} images with transparent parts vanish on {name}.")
    return Ground(_GROUNDS[name], tuple(notes))
