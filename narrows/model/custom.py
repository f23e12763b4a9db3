"""Custom encoder and decoder modules: copied, given the shapes they expect, and tried on two rows."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from narrows.errors import NetworkShapeError, SettingError
from narrows.model.image_layout import ImageShape, images_to_rows, rows_to_images

N_PROBES = 2


class CustomEncoder(nn.Module):
    """Rows (n, d) -> the user's module, which sees (n, d), or (n, channels, height, width) for images."""

    def __init__(self, module: object, image_shape: ImageShape | None):
        super().__init__()
        self.module = _copy(module, "encoder")
        self.image_shape = image_shape

    def forward(self, x: Tensor) -> Tensor:
        if self.image_shape is None:
            return self.module(x)
        # Contiguous, because a module that calls .view() on its input fails on channels-last memory.
        return self.module(rows_to_images(x, self.image_shape).contiguous())

    def probe(self, n_floats: int, generator: torch.Generator | None) -> int:
        """Encode two rows and return the number of floats of each; NetworkShapeError for any other shape."""
        x = torch.full((N_PROBES, n_floats), 0.5, device="cpu")
        h = _try(self, x, "encoder", generator)
        if h.ndim != 2 or len(h) != N_PROBES:
            seen = (n_floats,) if self.image_shape is None else _channels_first(self.image_shape)
            raise NetworkShapeError(
                f"encoder gave the shape {tuple(h.shape)} for an input of {(N_PROBES, *seen)}; "
                f"it must give ({N_PROBES}, n_components): end it with a flat layer."
            )
        return h.shape[1]


class CustomDecoder(nn.Module):
    """Codes (n, n_components) -> the user's module -> raw output (n, d).

    The module gives rows (n, d) or, for images, (n, channels, height, width). Where the data lie in [0, 1] it
    gives logits: the sigmoid is applied behind it.
    """

    def __init__(self, module: object, image_shape: ImageShape | None, bounded: bool):
        super().__init__()
        self.module = _copy(module, "decoder")
        self.image_shape = image_shape
        self.gives_images = False  # `probe` finds out
        if bounded and _ends_in_sigmoid(self.module):
            raise SettingError(
                "decoder ends in a Sigmoid, and narrows applies one behind it to data in [0, 1]; "
                "remove the last layer, so that decoder gives logits."
            )

    def forward(self, z: Tensor) -> Tensor:
        output = self.module(z)
        return images_to_rows(output) if output.ndim == 4 else output

    def probe(self, n_components: int, n_floats: int, generator: torch.Generator | None) -> None:
        """Decode two codes; raise NetworkShapeError if they do not become rows or images of the data's shape."""
        output = _try(self.module, torch.zeros(N_PROBES, n_components, device="cpu"), "decoder", generator)
        allowed: list[tuple[int, ...]] = [(N_PROBES, n_floats)]
        if self.image_shape is not None:
            allowed.append((N_PROBES, *_channels_first(self.image_shape)))
        if tuple(output.shape) not in allowed:
            raise NetworkShapeError(
                f"decoder gave the shape {tuple(output.shape)} for codes of {(N_PROBES, n_components)}; "
                f"it must give {_either(allowed)}, the shape of the data."
            )
        self.gives_images = output.ndim == 4


def check_custom_width(width: int, floats_per_component: int, n_components: int | None) -> int:
    """Return the number of components of a custom encoder that gives `width` floats per row."""
    if n_components is None:
        if width == 0 or width % floats_per_component:
            raise NetworkShapeError(
                f"encoder gave {width} floats per row, but this code needs {floats_per_component} "
                "for each component (a gaussian code: the means, then as many log-variances)."
            )
        return width // floats_per_component
    if width != n_components * floats_per_component:
        each = "" if floats_per_component == 1 else f" ({floats_per_component} for each component)"
        raise NetworkShapeError(
            f"encoder gave {width} floats per row where n_components={n_components} needs "
            f"{n_components * floats_per_component}{each}; change its last layer or n_components."
        )
    return n_components


def _copy(module: object, setting: str) -> nn.Module:
    if not isinstance(module, nn.Module):
        raise SettingError(f"{setting}={module!r} must be a torch.nn.Module, or None for narrows' own.")
    return copy.deepcopy(module).to(device="cpu", dtype=torch.float32)


def _try(module: nn.Module, x: Tensor, setting: str, generator: torch.Generator | None) -> Tensor:
    modes = [(part, part.training) for part in module.modules()]
    # Lazy layers draw weights at their first call: seed them from ours, and put the global generator back.
    seed = 0 if generator is None else int(torch.randint(2**62, (), generator=generator))
    try:
        with torch.random.fork_rng(devices=[]), torch.device("cpu"), torch.no_grad():
            torch.default_generator.manual_seed(seed)
            answer = module.eval()(x)
    except Exception as error:
        raise NetworkShapeError(
            f"{setting} failed on two rows of shape {tuple(x.shape)}: {type(error).__name__}: {error}"
        ) from error
    finally:
        for part, training in modes:
            part.training = training
    if not isinstance(answer, Tensor):
        raise NetworkShapeError(f"{setting} gave a {type(answer).__name__}; it must give one tensor.")
    return answer


def _ends_in_sigmoid(module: nn.Module) -> bool:
    parts = list(module.children())
    passes_on = isinstance(module, nn.Sequential) or (len(parts) == 1 and not list(module.parameters(recurse=False)))
    if parts and passes_on:
        return _ends_in_sigmoid(parts[-1])
    return isinstance(module, nn.Sigmoid)


def _channels_first(image_shape: ImageShape) -> ImageShape:
    height, width, channels = image_shape
    return channels, height, width


def _either(shapes: Sequence[tuple[int, ...]]) -> str:
    return " or ".join(str(shape) for shape in shapes)
