"""Files with checksums in one folder, and reading them without trusting any size that they state.

`narrows.json` describes the others and holds the SHA-256 of each, and of itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

ABOUT = "narrows.json"

_MOST_JSON = 1 << 28  # bytes; the levels of many text columns may take some
_MOST_BYTES = 1 << 32
_MOST_HEADER = 1 << 27  # bytes of the description of the tensors, which safetensors bounds at 100 MB
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # a pipe must not be waited for


class FileDamage(Exception):
    """A file is missing, no regular file, too large, or was altered; the message goes on after its path."""


def seal(files: Mapping[str, bytes], about: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the files, and `narrows.json` with their checksums."""
    sealed = dict(about)
    sealed["sha256"] = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    sealed["sha256"][ABOUT] = self_checksum(sealed)
    return {**files, ABOUT: to_json(sealed)}


def to_safetensors(tensors: Mapping[str, Tensor]) -> bytes:
    """Return the contents of a safetensors file."""
    return safetensors.torch.save({name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()})


def to_json(value: Any) -> bytes:
    """Return indented UTF-8 JSON with a final newline."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def self_checksum(about: dict[str, Any]) -> str:
    """Return the SHA-256 of narrows.json without this checksum itself."""
    sums = {name: value for name, value in about["sha256"].items() if name != ABOUT}
    content = json.dumps(about | {"sha256": sums}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def read_about(folder: Path) -> Any:
    """Return the JSON value in `narrows.json`, whose checksum `is_intact` compares; FileDamage where it is none."""
    try:
        return json.loads(_read(folder / ABOUT, _MOST_JSON))
    except (ValueError, RecursionError, MemoryError) as error:
        raise FileDamage("was altered or cut off (its checksum does not fit)") from error


def is_intact(about: Mapping[str, Any]) -> bool:
    """Return whether the checksum of `narrows.json` fits its contents."""
    sums = about.get("sha256")
    try:
        return isinstance(sums, dict) and sums.get(ABOUT) == self_checksum(dict(about))
    except RecursionError:
        return False


def read_checked(folder: Path, name: str, about: Mapping[str, Any]) -> bytes:
    """Return the contents of a file whose checksum `about` holds; FileDamage where they do not fit."""
    content = _read(folder / name, _MOST_JSON if name.endswith(".json") else _MOST_BYTES)
    if hashlib.sha256(content).hexdigest() != about["sha256"].get(name):
        raise FileDamage("was altered or cut off (its checksum does not fit)")
    return content


def _read(path: Path, most: int) -> bytes:
    """Return the contents of a regular file; FileDamage for anything else, and for more than `most` bytes."""
    try:
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError as error:
        raise FileDamage("is missing") from error
    except OSError as error:
        raise FileDamage(f"cannot be read ({error.strerror})") from error
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise FileDamage("is not a regular file")
        if about.st_size > most:
            raise FileDamage(f"has {about.st_size:,} bytes, more than the {most:,} that such a file may have")
        with os.fdopen(os.dup(descriptor), "rb") as file:
            if path.suffix == ".safetensors":
                _check_length(file.read(8), file, about.st_size)
                file.seek(0)
            content = file.read(about.st_size)
    except OSError as error:
        raise FileDamage(f"cannot be read ({error.strerror})") from error
    finally:
        os.close(descriptor)
    if len(content) != about.st_size:
        raise FileDamage("changed while it was read")
    return content


def _check_length(start: bytes, file: Any, size: int) -> None:
    """Raise FileDamage unless the header of a safetensors file describes as many bytes as it has."""
    damage = FileDamage("was altered or cut off (its length is not the one that it states)")
    length = int.from_bytes(start, "little")
    if len(start) < 8 or length > min(_MOST_HEADER, size - 8):
        raise damage
    try:
        header = json.loads(file.read(length))
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise damage from error
    if any(type(end) is not int for end in ends) or 8 + length + max(ends, default=0) != size:
        raise damage
