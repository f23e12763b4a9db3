"""Forged and damaged copies of saved models, for the tests of loading."""

from __future__ import annotations

import hashlib
import json
import random
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from narrows.estimators.saving.sealed_files import self_checksum, to_json

WEIGHTS, ABOUT, HISTORY = "model.safetensors", "narrows.json", "history.json"
NUMBERS = (0, -1, 1, 2**31, 2**63, 2**64, 10**8, 10**400, 1e308, -1e-320, 0.5, None, True, "x", [], {}, float("inf"))


def reseal(folder: Path) -> None:
    """Write checksums that fit, as anybody can."""
    about = json.loads((folder / ABOUT).read_text())
    for name in (WEIGHTS, HISTORY):
        about["sha256"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    about["sha256"][ABOUT] = self_checksum(about)
    (folder / ABOUT).write_bytes(to_json(about))


def change_about(folder: Path, place: tuple[str | int, ...], value: Any) -> None:
    """Replace the value at this place of narrows.json."""
    about = json.loads((folder / ABOUT).read_text())
    inside = about
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    (folder / ABOUT).write_bytes(to_json(about))
    reseal(folder)


def change_tensors(folder: Path, **tensors: Tensor) -> None:
    """Replace tensors; the names have "__" for dots."""
    found = safetensors.torch.load_file(folder / WEIGHTS)
    found |= {name.replace("__", "."): value for name, value in tensors.items()}
    (folder / WEIGHTS).write_bytes(safetensors.torch.save(found))
    reseal(folder)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the places of all values inside a JSON value, besides checksums."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = []
    for key, inner in items:
        if key not in ("sha256", "format", "versions"):
            found += [(*path, key), *places(inner, (*path, key))]
    return found


def damage(folder: Path, chance: random.Random) -> str:
    """Damage or forge one thing in a saved model; return what it was."""
    how = chance.choice([_flip, _cut, _header, _tensor, _tensor, _value, _value, _value, _history])
    return f"{how.__name__} {how(folder, chance)}"


def _flip(folder: Path, chance: random.Random) -> str:
    name = chance.choice((WEIGHTS, ABOUT, HISTORY))
    content = bytearray((folder / name).read_bytes())
    place = chance.randrange(len(content))
    content[place] ^= 1 << chance.randrange(8)
    (folder / name).write_bytes(content)
    return f"{name} {place}"


def _cut(folder: Path, chance: random.Random) -> str:
    name = chance.choice((WEIGHTS, ABOUT, HISTORY))
    content = (folder / name).read_bytes()
    length = chance.randrange(len(content))
    (folder / name).write_bytes(content[:length])
    if name != ABOUT and chance.random() < 0.5:
        reseal(folder)
    return f"{name} {length}"


def _header(folder: Path, chance: random.Random) -> str:
    content = bytearray((folder / WEIGHTS).read_bytes())
    place = chance.randrange(8 + int.from_bytes(content[:8], "little"))
    content[place] = chance.randrange(256)
    (folder / WEIGHTS).write_bytes(content)
    reseal(folder)
    return f"{place}"


def _tensor(folder: Path, chance: random.Random) -> str:
    tensors = safetensors.torch.load_file(folder / WEIGHTS)
    name = chance.choice(sorted(tensors))
    old = tensors[name] if tensors[name].dtype is not torch.bool else tensors[name].to(torch.uint8)
    wrong = [
        torch.full_like(old, float("nan")) if old.is_floating_point() else torch.zeros_like(old) - 1,
        old.to(torch.float16),
        old.to(torch.int64),
        old.flatten()[:-1],
        old[None],
        torch.cat([old.flatten(), old.flatten()]),
        torch.zeros_like(old),
    ]
    i = chance.randrange(len(wrong))
    change_tensors(folder, **{name: wrong[i].contiguous()})
    return f"{name} {i}"


def _value(folder: Path, chance: random.Random) -> str:
    about = json.loads((folder / ABOUT).read_text())
    place = chance.choice(places(about))
    value = chance.choice(NUMBERS)
    change_about(folder, place, value)
    return f"{place} {str(value)[:20]}"


def _history(folder: Path, chance: random.Random) -> str:
    history = json.loads((folder / HISTORY).read_text())
    if not history:
        return "none"
    place, value = chance.choice(places(history)), chance.choice(NUMBERS)
    inside = history
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    (folder / HISTORY).write_bytes(to_json(history))
    reseal(folder)
    return f"{place} {str(value)[:20]}"


@contextmanager
def limited_memory(more: int) -> Iterator[None]:
    """Let this process take at most so many bytes more during the block, else MemoryError is raised."""
    with open("/proc/self/statm") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (taken + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def use(model: Any, rows: Any) -> np.ndarray:
    """Return what a model answers about rows: scores or reconstruction errors, after asking all else."""
    _ = model._repr_html_() if hasattr(model, "history_") else None
    if hasattr(model, "score_samples"):
        model.predict(rows)
        return model.score_samples(rows)
    model.history_.to_dict()
    model.reconstruct(rows)
    return model.reconstruction_error(rows)
