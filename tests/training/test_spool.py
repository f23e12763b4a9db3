from __future__ import annotations

import contextlib
import gc
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch

from narrows.errors import DataError
from narrows.training import Spool, spool


def _rows(n: int) -> np.ndarray:
    return np.stack([np.arange(n), np.arange(n) + 0.5], axis=1).astype(np.float32)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "_BLOCK_BYTES", 8 * 100)


@pytest.mark.usefixtures("small_blocks")
def test_every_row_comes_back_once_and_blocks_are_fair_samples() -> None:
    x = Spool(2, 1000, torch.Generator().manual_seed(0))
    for part in (*np.array_split(_rows(1000), 7), _rows(0)):
        x.add(part)
    assert len(x) == 1000
    blocks = [block.clone() for block in x.blocks(torch.Generator().manual_seed(1))]
    assert len(blocks) == len(x.block_sizes) == 10
    assert sorted(map(len, blocks)) == sorted(x.block_sizes)
    rows = torch.cat(blocks)
    assert torch.equal(rows[rows[:, 0].argsort()], torch.from_numpy(_rows(1000)))
    # Of sorted rows: the mean of a block of about 100 of them has a standard deviation of 29.
    assert all(abs(float(block[:, 0].mean()) - 499.5) < 4 * 32 for block in blocks)


@pytest.mark.usefixtures("small_blocks")
def test_the_order_of_the_blocks_is_drawn() -> None:
    x = Spool(2, 1000, torch.Generator().manual_seed(0))
    x.add(_rows(1000))
    firsts = {float(next(x.blocks(torch.Generator().manual_seed(seed)))[0, 0]) for seed in range(20)}
    assert len(firsts) > 3


def open_files(folder: Path) -> set[str]:
    """The files in a folder that this process holds open, by Linux; empty elsewhere."""
    found = set()
    for descriptor in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        with contextlib.suppress(OSError):  # that of the listing itself
            found.add(os.readlink(f"/proc/self/fd/{descriptor}"))
    return {path for path in found if path.startswith(str(folder))}


def test_its_files_vanish_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    x = Spool(2, 10, torch.Generator())
    x.add(_rows(10))
    assert open_files(tmp_path) or sys.platform != "linux"
    del x
    gc.collect()
    assert not open_files(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, _: object) -> None:
            raise OSError(28, "No space left on device")

        def close(self) -> None: ...

    monkeypatch.setattr(spool.tempfile, "TemporaryFile", lambda prefix: Full())
    with pytest.raises(DataError, match="set TMPDIR to a folder on a larger one"):
        Spool(2, 10, torch.Generator()).add(_rows(10))
