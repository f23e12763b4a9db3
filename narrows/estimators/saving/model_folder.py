"""The folder of a saved model: written completely or not at all, and verified when it is read.

model.safetensors   weights, scalers
narrows.json        format version, estimator, parameters, schema, library versions, seed, checksums
history.json        one record per epoch
README.md           a card for people; the one file that may be edited

A saved detector also contains the folders of its models, named `member-0`, `member-1`, ...
"""

from __future__ import annotations

import errno
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
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
from narrows.estimators.saving import sealed_files
from narrows.estimators.saving.sealed_files import ABOUT as _ABOUT
from narrows.estimators.saving.sealed_files import FileDamage, to_json, to_safetensors
from narrows.version import __version__

FORMAT = "narrows-model"
FORMAT_VERSION = 2
"""Version 1 had all-numeric tables only, which version 2 writes in the same way."""
MEMBER_PREFIX = "member-"

_WEIGHTS, _HISTORY, _CARD = "model.safetensors", "history.json", "README.md"


@dataclass(frozen=True)
class FolderContents:
    """Verified contents of a saved model: narrows.json as a dict, and the bytes of the other two files."""

    about: dict[str, Any]
    weights: bytes
    history: bytes


def seal(tensors: Mapping[str, Tensor], history: list[Any], about: Mapping[str, Any], card: str) -> dict[str, bytes]:
    """Return the files of a model by name, with their checksums."""
    files = {_WEIGHTS: to_safetensors(tensors), _HISTORY: to_json(history)}
    described = {"format": FORMAT, "format_version": FORMAT_VERSION, **about, "versions": versions()}
    return {**sealed_files.seal(files, described), _CARD: card.encode()}


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
        return sealed_files.read_about(path)["format"] == FORMAT
    except (FileDamage, KeyError, TypeError):
        return False


def is_interrupted(path: Path) -> bool:
    """Return whether `path` is a model whose training was ended early."""
    try:
        about = sealed_files.read_about(path)
        return about["format"] == FORMAT and about["fitted"]["interrupted_"] is True
    except (FileDamage, KeyError, TypeError):
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
    try:
        about = sealed_files.read_about(path)
    except FileDamage as damage:
        raise _damaged(path / _ABOUT, damage) from damage
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise NotAModelError(f"{path / _ABOUT} does not describe a narrows model.")
    version = about.get("format_version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise ModelVersionError(
            f"The model {path} has format version {version}, and this narrows ({__version__}) reads up to "
            f"{FORMAT_VERSION}; upgrade narrows."
        )
    if version not in range(1, FORMAT_VERSION + 1) or not sealed_files.is_intact(about):
        raise _damaged(path / _ABOUT, FileDamage("was altered or cut off (its checksum does not fit)"))
    return about


def _read_checked(path: Path, name: str, about: dict[str, Any]) -> bytes:
    try:
        return sealed_files.read_checked(path, name, about)
    except FileDamage as damage:
        if not (path / name).exists():
            raise ModelDamagedError(
                f"The model {path} has lost its {name}; restore it from a copy or fit again."
            ) from damage
        raise _damaged(path / name, damage) from damage


def _damaged(path: Path, damage: FileDamage) -> ModelDamagedError:
    return ModelDamagedError(f"{path} {damage}; restore it from a copy or fit again.")
