"""How do processor time, memory and temporary disk grow with the rows of a table read in chunks?

The table is one Parquet file of a million rows, linked as often as needed into folders `part=0`, `part=1`, ..., whose
number is a column, so that no row comes twice. Each measurement is a process of its own that believes in a machine of
2 GiB, so that every size is read in chunks: `python -m benchmarks.scale COMMAND ...`.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import LINES, Report

_ROWS, _NUMBERS, _TEXTS = 10**6, 16, 3  # and the number of the part
_MEMORY = 2 << 30
_WORKS = ("fit", "score", "encode")
_MIB = 1 << 20


def reports(rounds: int, quick: bool, *, full: bool = False) -> list[Report]:
    """Processor seconds, peak memory and temporary disk of fit, score and encode; `rounds` has no effect."""
    sizes = [10**4, 10**5] if quick else [10**6, 10**7, *([10**8] if full else [])]
    raw: dict[str, dict[int, dict[str, float]]] = {work: {} for work in _WORKS}
    with tempfile.TemporaryDirectory(prefix="narrows-scale-") as place:
        folder = Path(place)
        for size in sizes:
            table = lake(folder / f"lake-{size}", size, min(size, _ROWS))
            for work in _WORKS:
                raw[work][size] = measured(work, table, folder)
                print(work, f"{size:,}", raw[work][size], flush=True)
    rows = [[f"{size:,}", work, *_cells(size, raw[work][size])] for work in _WORKS for size in sizes]

    def draw(axes: Any) -> None:
        for work, colour in zip(_WORKS, LINES, strict=False):
            axes.plot(list(raw[work]), [found["peak_mib"] for found in raw[work].values()], "o-", label=work, c=colour)
        axes.set(xscale="log", xlabel="rows", ylabel="peak memory, MiB", ylim=(0, None))
        axes.legend(frameon=False)

    return [
        Report(
            "scale",
            "Tables read in chunks, 20 columns (16 float32, 3 text, number of the part)",
            ("rows", "work", "rows/s of one core", "processor seconds", "µs a row", "peak MiB", "temporary MiB"),
            rows,
            {"measured": raw},
            draw,
            (
                "One process with one thread; rows a second and µs a row are of processor time, start included.",
                "fit: one epoch with the diagnosis; score and encode write Parquet.",
            ),
        )
    ]


def _cells(size: int, found: dict[str, float]) -> list[str]:
    seconds = found["processor_seconds"]
    each = [f"{size / seconds:,.0f}", f"{seconds:,.1f}", f"{1e6 * seconds / size:.1f}"]
    return [*each, f"{found['peak_mib']:,.0f}", f"{found['temporary_mib']:,.0f}"]


def lake(folder: Path, n_rows: int, n_in_file: int) -> Path:
    """Make folders of one Parquet file each, links to one file, of together `n_rows` rows."""
    import pyarrow as pa
    from pyarrow import parquet

    parts = [folder / f"part={i}" for i in range(n_rows // n_in_file)]
    for part in parts:
        part.mkdir(parents=True)
    rng = np.random.default_rng(0)
    z = rng.standard_normal((n_in_file, 4), dtype=np.float32)
    x = z @ rng.standard_normal((4, _NUMBERS), dtype=np.float32)
    x += rng.standard_normal(x.shape, dtype=np.float32)
    columns: dict[str, Any] = {f"x{i}": x[:, i] for i in range(_NUMBERS)}
    for i in range(_TEXTS):
        levels = np.array([f"level {k}" for k in range(10 * (i + 1))])
        columns[f"t{i}"] = pa.array(levels).take(pa.array((np.abs(z[:, i]) * 10).astype(int) % len(levels)))
    first = parts[0] / "rows.parquet"
    parquet.write_table(pa.table(columns), first, row_group_size=100_000)
    for part in parts[1:]:
        os.link(first, part / "rows.parquet")
    return folder


def measured(work: str, table: Path, folder: Path) -> dict[str, float]:
    """Run a command of narrows in a process of its own; return what it took."""
    model = folder / "model"
    commands = {
        "fit": ["fit", table, "-o", model, "--force", "--out-of-core", "--epochs", "1", "--seed", "0"],
        "score": ["score", model, table, "-o", folder / "scores.parquet", "--force"],
        "encode": ["encode", model, table, "-o", folder / "codes.parquet", "--force"],
    }
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "benchmarks.scale", *map(str, commands[work]), "--quiet"]
    environment = {**os.environ, "TMPDIR": str(scratch), "OMP_NUM_THREADS": "1"}
    output = os.open(os.devnull, os.O_WRONLY)
    process = os.posix_spawn(sys.executable, command, environment, file_actions=[(os.POSIX_SPAWN_DUP2, output, 1)])
    os.close(output)
    watch = _DiskWatch(process, scratch)
    _, status, usage = os.wait4(process, 0)
    watch.ended.set()
    watch.join()
    if status:
        raise RuntimeError(f"{' '.join(command)} ended with status {status}.")
    for name in ("scores.parquet", "codes.parquet"):
        (folder / name).unlink(missing_ok=True)
    return {
        "processor_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mib": usage.ru_maxrss / 1024,
        "temporary_mib": watch.most / _MIB,
    }


class _DiskWatch(threading.Thread):
    """Looks at the open files of a process below a folder, deleted ones too, and keeps their largest size together."""

    def __init__(self, process: int, folder: Path) -> None:
        super().__init__(daemon=True)
        self._open, self._folder = Path(f"/proc/{process}/fd"), str(folder)
        self.most, self.ended = 0, threading.Event()
        self.start()

    def run(self) -> None:
        while not self.ended.wait(0.2):
            size = 0
            with suppress(OSError):
                for file in self._open.iterdir():
                    with suppress(OSError):
                        if os.readlink(file).startswith(self._folder):
                            size += file.stat().st_size
            self.most = max(self.most, size)


def _command(arguments: list[str]) -> int:
    """Run narrows as on a machine of 2 GiB."""
    from narrows.apps.cli import inputs, main

    inputs.memory = lambda: _MEMORY
    return main(arguments)


if __name__ == "__main__":
    sys.exit(_command(sys.argv[1:]))
