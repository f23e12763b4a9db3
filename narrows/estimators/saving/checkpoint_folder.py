"""The folder of a checkpoint: what is in it, and how it is written, read and removed.

state.safetensors   weights, best weights, optimizer averages, generators, counts
history.json        one record per epoch so far
narrows.json        settings, identity of the rows, seed, machine, checksums

The folder is replaced as a whole, and nothing in it is executed or unpickled when it is read.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from narrows.data import whole_folder
from narrows.errors import DataError, ModelDamagedError, NotAModelError, OutputError, OutputExistsError, warn
from narrows.estimators.saving import sealed_files
from narrows.estimators.saving.sealed_files import ABOUT, FileDamage, to_json, to_safetensors
from narrows.version import __version__

FORMAT, FORMAT_VERSION = "narrows-checkpoint", 1
CONTRADICTIONS = (KeyError, ValueError, TypeError, RuntimeError, OverflowError, safetensors.SafetensorError)
"""Errors of contents that contradict themselves."""

_STATE, _RECORDS = "state.safetensors", "history.json"


@dataclass(frozen=True)
class SavedCheckpoint:
    """The contents of a checkpoint."""

    about: dict[str, Any]
    tensors: dict[str, Tensor]
    records: dict[str, Any]


def checkpoint_files(
    about: Mapping[str, Any], tensors: Mapping[str, Tensor] | None = None, records: Mapping[str, Any] | None = None
) -> dict[str, bytes]:
    """Return the files of a checkpoint by name, with checksums."""
    files = {_STATE: to_safetensors(dict(tensors or {})), _RECORDS: to_json(dict(records or {}))}
    return sealed_files.seal(files, {"format": FORMAT, "format_version": FORMAT_VERSION, **about})


def keep_tensors(path: Path, tensors: Mapping[str, Tensor], rows: str) -> None:
    """Write tensors that were computed from rows with this hash; a warning where that fails."""
    try:
        write_checkpoint(path, checkpoint_files({"rows": rows}, tensors))
    except OSError as error:
        warn(f"The checkpoint {path} could not be written ({error.strerror or error}); the fit goes on without it.")


def kept_tensors(path: Path, rows: str) -> dict[str, Tensor] | None:
    """Return the tensors that `keep_tensors` wrote, None if there are none.

    Raises
    ------
    DataError
        The rows have another hash.
    ModelDamagedError, NotAModelError
    """
    saved = read_checkpoint(path) if os.path.lexists(path) else None
    if saved is not None and saved.about.get("rows") != rows:
        raise DataError(
            f"The checkpoint {path} was made from different rows; give the same data, or start again without resuming."
        )
    return None if saved is None else saved.tensors


def is_checkpoint(path: Path) -> bool:
    """Return whether `path` is the folder of a checkpoint, or of the checkpoints of several fits, and nothing else."""
    if not path.is_dir() or path.is_symlink():
        return False
    names = {entry.name for entry in path.iterdir()}
    if names <= {_STATE, _RECORDS, ABOUT}:
        try:
            return not names or sealed_files.read_about(path)["format"] == FORMAT
        except (FileDamage, KeyError, TypeError):
            return False
    return all(is_checkpoint(path / name) for name in names if not name.startswith("."))


def check_free(path: Path) -> None:
    """Raise `OutputExistsError` where a new checkpoint would replace something."""
    if not os.path.lexists(path):
        return
    if not is_checkpoint(path):
        raise OutputExistsError(f"{path} exists and is not a checkpoint of narrows; choose another name.")
    if any(path.iterdir()):
        raise OutputExistsError(
            f"{path} holds the checkpoint of an earlier fit; resume it, or remove the folder to begin again."
        )


def remove_checkpoint(path: Path) -> None:
    """Remove a checkpoint, if there is one; anything else stays."""
    if is_checkpoint(path):
        shutil.rmtree(path, ignore_errors=True)


def write_checkpoint(path: Path, files: Mapping[str, bytes]) -> None:
    """Write the files as the folder `path`, replacing an earlier checkpoint as a whole; OSError if that fails."""
    if os.path.lexists(path) and not is_checkpoint(path):
        raise OutputError("it is not a checkpoint of narrows")
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_folder(path) as folder:
        for name, content in files.items():
            (folder / name).write_bytes(content)


def read_checkpoint(path: Path) -> SavedCheckpoint | None:
    """Return the checkpoint at `path`; None for an empty folder.

    Raises
    ------
    ModelDamagedError, NotAModelError
    """
    if not path.is_dir():
        raise NotAModelError(f"{path} is a file, and a checkpoint is a folder; choose another name.")
    if not any(path.iterdir()):
        return None
    try:
        about = sealed_files.read_about(path)
        if not isinstance(about, dict) or about.get("format") != FORMAT:
            raise NotAModelError(f"{path} does not hold a checkpoint of narrows.")
        if about.get("format_version") != FORMAT_VERSION:
            raise NotAModelError(
                f"The checkpoint {path} was written by another version of narrows than this ({__version__}); start "
                "again without resuming."
            )
        if not sealed_files.is_intact(about):
            raise FileDamage("was altered or cut off")
        state, records = (sealed_files.read_checked(path, name, about) for name in (_STATE, _RECORDS))
        return SavedCheckpoint(about, safetensors.torch.load(state), json.loads(records))
    except FileDamage as error:
        raise damaged(path, str(error)) from error
    except (*CONTRADICTIONS, RecursionError, MemoryError) as error:
        raise damaged(path, f"contradicts itself ({type(error).__name__})") from error


def damaged(path: Path, how: str) -> ModelDamagedError:
    """Return the error of a checkpoint that was altered."""
    return ModelDamagedError(f"The checkpoint {path} {how}; start again without resuming.")
