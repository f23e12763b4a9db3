"""Answers of a finished run that were computed with it, so that a page need not wait until PyTorch is imported."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from narrows.apps.viewer import protocol
from narrows.apps.viewer.answer import Answer
from narrows.apps.viewer.pixels import to_uint8

_ANSWERS, _MODEL = "answers.bin.gz", "model"


class PreparedAnswers:
    """The answers in the folder of a run, and its decoder in NumPy.

    The network must be a dense one without linear path, with the activation "silu", on images in [0, 1].

    Parameters
    ----------
    folder : Path
        With the saved model in the folder "model", and a file that `write` made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def of(cls, folder: Path) -> PreparedAnswers | None:
        """Return the answers in a folder; None if there are none."""
        return cls(folder) if (folder / _ANSWERS).is_file() else None

    @staticmethod
    def write(folder: Path, frames: Iterable[bytes]) -> None:
        """Write answers, see `narrows.apps.viewer.prefetched_answers.packed`."""
        parts = [len(frame).to_bytes(4, "little") + frame for frame in frames]
        (folder / _ANSWERS).write_bytes(gzip.compress(b"".join(parts), mtime=0))

    def answer(self, view: str, given: Mapping[str, Any]) -> Answer | None:
        """Return the answer to a query; None if it was not prepared."""
        return self._answers.get(_key(view, given))

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Decode one code (k,): brightness as uint8, as `page_values` gives it, without its first axis."""
        tensors, n_layers = self._decoder
        x = z.astype(np.float32)
        for i in range(n_layers):
            x = tensors[f"decoder.layers.{i}.weight"] @ x + tensors[f"decoder.layers.{i}.bias"]
            logistic = 0.5 + 0.5 * np.tanh(x / 2)  # does not overflow
            x = x * logistic if i < n_layers - 1 else logistic
        return to_uint8(x.reshape(self._shape))

    @cached_property
    def _answers(self) -> dict[str, Answer]:
        try:
            data = gzip.decompress((self._folder / _ANSWERS).read_bytes())
        except (OSError, EOFError, zlib.error):
            return {}  # a damaged file, or the run was deleted: the model itself answers
        start, found = 0, {}
        while start < len(data):
            end = start + 4 + int.from_bytes(data[start : start + 4], "little")
            frame = protocol.unpack(data[start + 4 : end])
            about = dict(frame.about)
            key = _key(frame.view, about.pop("request"))
            found[key] = Answer(about, dict(frame.arrays), frame.header.epoch)
            start = end
        return found

    @cached_property
    def _decoder(self) -> tuple[dict[str, np.ndarray], int]:
        from safetensors.numpy import load_file

        tensors = load_file(self._folder / _MODEL / "model.safetensors")
        of_network = {name.removeprefix("network."): tensor for name, tensor in tensors.items()}
        return of_network, sum(name.startswith("decoder.") and name.endswith(".weight") for name in of_network)

    @cached_property
    def _shape(self) -> list[int]:
        about = json.loads((self._folder / _MODEL / "narrows.json").read_text("utf-8"))
        return about["schema"]["image_shape"]


def _key(view: str, given: Mapping[str, Any]) -> str:
    return f"{view} {json.dumps(given, sort_keys=True)}"
