"""Fits in processes that are killed at random moments, and resumed: the model is that of an uninterrupted fit."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.estimators.saving import killed_fit
from tests.mixed_table import FRAME

KILLS = int(os.environ.get("NARROWS_KILLS", "1"))  # for each case


def start(case: str, folder: Path) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    command = [sys.executable, killed_fit.__file__, case, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def finish(case: str, folder: Path) -> tuple[dict[str, bytes], list[float]]:
    """Run to the end; return the weights of every saved model, and when each line was printed."""
    with start(case, folder) as process:
        assert process.stdout is not None
        times = [time.monotonic() for _ in process.stdout]
    assert process.returncode == 0
    assert [path.name for path in folder.iterdir()] == ["model"]
    return weights(folder), times


def weights(folder: Path) -> dict[str, bytes]:
    """Return the weights of every saved model."""
    files = sorted((folder / "model").rglob("model.safetensors"))
    assert files
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def kill(case: str, folder: Path, n_lines: int, delay: float) -> None:
    """Kill the process a moment after it has printed so many lines."""
    with start(case, folder) as process:
        assert process.stdout is not None
        for _ in range(n_lines):
            process.stdout.readline()
        time.sleep(delay)
        process.kill()


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("case", killed_fit.CASES)
def test_a_killed_fit_is_resumed_to_the_bit(case: str, tmp_path: Path) -> None:
    FRAME.sample(3000, replace=True, random_state=0).to_csv(tmp_path / "table.csv", index=False)
    whole, times = finish(case, tmp_path / "whole")
    moments = random.Random(case)
    for i in range(KILLS):
        n_lines, folder = moments.randrange(1, len(times)), tmp_path / f"killed-{i}"
        kill(case, folder, n_lines, moments.random() * (times[n_lines] - times[n_lines - 1]))
        if (folder / "model").exists():  # the fit was faster than the uninterrupted one
            assert weights(folder) == whole
            continue
        resumed, after = finish(case, folder)
        assert resumed == whole, f"killed after line {n_lines} of {len(times)}"
        assert len(after) <= len(times) - n_lines + 1  # what was kept is not trained again
