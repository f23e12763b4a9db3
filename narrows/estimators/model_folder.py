"""The folder of a saved model: written completely or not at all, and verified when it is read.

model.safetensors   weights, scalers
narrows.json        format version, estimator, parameters, schema, library versions, seed, checksums
history.json        one record per epoch
README.md           a card for people; the one file that may be edited

A saved detector also contains the folders of its models, named `member-0`, `member-1`, ...
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import sklearn
import torch
from torch import Tensor

from narrows.data import clear_leftovers, whole_file, whole_folder
from narrows.errors import (
    ModelDamagedError,
    ModelNotFoundError,
    ModelVersionError,
    NotAModelError,
    OutputError,
    OutputExistsError,
)
from narrows.version import __version__

FORMAT = "narrows-model"
FORMAT_VERSION = 2
"""Version 1 had all-numeric tables only, which version 2 writes in the same way."""
MEMBER_PREFIX = "member-"

_WEIGHTS, _ABOUT, _HISTORY, _CARD = "model.safetensors", "narrows.json", "history.json", "README.md"


@dataclass(frozen=True)
class FolderContents:
    """Verified contents of a saved model: narrows.json as a dict, and the bytes of the other two files."""

    about: dict[str, Any]
    weights: bytes
    history: bytes


def seal(tensors: Mapping[str, Tensor], history: list[Any], about: Mapping[str, Any], card: str) -> dict[str, bytes]:
    """Return the files of a model by name, with their checksums."""
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    files = {_WEIGHTS: safetensors.torch.save(tensors), _HISTORY: to_json(history)}
    sealed = {"format": FORMAT, "format_version": FORMAT_VERSION, **about, "versions": versions()}
    sealed["sha256"] = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    sealed["sha256"][_ABOUT] = self_checksum(sealed)
    return {**files, _ABOUT: to_json(sealed), _CARD: card.encode()}


def write_folder(path: Path, files: Mapping[str, bytes], *, overwrite: bool) -> None:
    """Write the files below `path`; raises `OutputExistsError` or `OutputError` and then leaves `path` unchanged."""
    clear_leftovers(path)
    _check_free(path, overwrite)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_folder(path, replace=overwrite) as folder:
            for name, content in files.items():
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_bytes(content)
            _check_free(path, overwrite)  # again: writing takes a while
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR) and os.path.lexists(path):
            raise _taken(path) from error
        raise OutputError(
            f"{path} could not be written ({error.strerror or error}); nothing was left there."
        ) from error


def write_card(path: Path, card: str) -> None:
    """Replace the card of the model saved at `path`, whole or not at all; raises OSError."""
    with whole_file(path / _CARD, replace=True) as file:
        file.write(card.encode())


def read_folder(path: Path) -> FolderContents:
    """Read a saved model and verify its checksums.

    Raises
    ------
    ModelNotFoundError, NotAModelError, ModelVersionError, ModelDamagedError
    """
    about = _read_about(path)
    return FolderContents(about, _read_checked(path, _WEIGHTS, about), _read_checked(path, _HISTORY, about))


def is_model(path: Path) -> bool:
    """Return whether `path` is a folder with a narrows model in it, complete or not."""
    try:
        return json.loads((path / _ABOUT).read_bytes())["format"] == FORMAT
    except (OSError, ValueError, KeyError, TypeError):
        return False


def is_replaceable(path: Path) -> bool:
    """Return whether `path` is an empty folder, or one with nothing but a narrows model in it."""
    if not path.is_dir() or path.is_symlink():
        return False
    entries = [
        entry for entry in path.iterdir() if not (entry.name.startswith(MEMBER_PREFIX) and is_replaceable(entry))
    ]
    names = {entry.name for entry in entries}
    return not names or (is_model(path) and names <= {_WEIGHTS, _ABOUT, _HISTORY, _CARD})


def versions() -> dict[str, str]:
    """Return the versions of narrows, Python and the libraries that a model depends on."""
    return {
        "narrows": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
        "safetensors": safetensors.__version__,
    }


def to_json(value: Any) -> bytes:
    """Return indented UTF-8 JSON with a final newline."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def self_checksum(about: dict[str, Any]) -> str:
    """Return the SHA-256 of narrows.json without this checksum itself."""
    sums = {name: value for name, value in about["sha256"].items() if name != _ABOUT}
    content = json.dumps(about | {"sha256": sums}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def _check_free(path: Path, overwrite: bool) -> None:
    if not os.path.lexists(path) or _is_empty(path):
        return
    if not overwrite:
        raise _taken(path)
    if not is_replaceable(path):
        raise OutputExistsError(f"{path} holds more than a narrows model and is not overwritten; choose another name.")


def _is_empty(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and not any(path.iterdir())


def _taken(path: Path) -> OutputExistsError:
    return OutputExistsError(f"{path} is already there; choose another name or allow overwriting it.")


def _read_about(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise ModelNotFoundError(f"There is no model at {path}; check the path, or fit one with `narrows fit`.")
    if not path.is_dir():
        raise NotAModelError(f"{path} is a file, and a narrows model is a folder with a {_ABOUT} in it.")
    if not (path / _ABOUT).exists():
        if (path / _WEIGHTS).exists():
            raise ModelDamagedError(f"The model {path} has lost its {_ABOUT}; restore it from a copy or fit again.")
        raise NotAModelError(f"The folder {path} is not a narrows model: it has no {_ABOUT}.")
    damaged = ModelDamagedError(
        f"{path / _ABOUT} was altered or cut off (its checksum does not fit); restore it from a copy or fit again."
    )
    try:
        about = json.loads((path / _ABOUT).read_bytes())
    except (ValueError, RecursionError) as error:
        raise damaged from error
    except OSError as error:
        raise ModelDamagedError(f"{path / _ABOUT} cannot be read ({error.strerror}).") from error
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise NotAModelError(f"{path / _ABOUT} does not describe a narrows model.")
    version = about.get("format_version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise ModelVersionError(
            f"The model {path} has format version {version}, and this narrows ({__version__}) reads up to "
            f"{FORMAT_VERSION}; upgrade narrows."
        )
    sums = about.get("sha256")
    if (
        version not in range(1, FORMAT_VERSION + 1)
        or not isinstance(sums, dict)
        or sums.get(_ABOUT) != self_checksum(about)
    ):
        raise damaged
    return about


def _read_checked(path: Path, name: str, about: dict[str, Any]) -> bytes:
    try:
        content = (path / name).read_bytes()
    except FileNotFoundError as error:
        raise ModelDamagedError(
            f"The model {path} has lost its {name}; restore it from a copy or fit again."
        ) from error
    except OSError as error:
        raise ModelDamagedError(f"{path / name} cannot be read ({error.strerror}).") from error
    if hashlib.sha256(content).hexdigest() != about["sha256"].get(name):
        raise ModelDamagedError(
            f"{path / name} was altered or cut off (its checksum does not fit); restore it from a copy or fit again."
        )
    return content
