"""4. How fast are rows scored, and in how much memory?

Each measurement is a process of its own: `python -m benchmarks.scoring LIBRARY ROWS` prints it as JSON.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from functools import partial
from typing import Any

import numpy as np

from benchmarks.contenders import installed
from benchmarks.report import LINES, Report
from benchmarks.rounds import alternate, middle

_COLUMNS, _HIDDEN, _CODE = 30, (64, 32), 8


def reports(rounds: int, quick: bool) -> list[Report]:
    """Rows a second and peak memory from 10^4 rows on."""
    sizes = [10**4, 10**5] if quick else [10**4, 10**5, 10**6, 10**7]
    libraries = ["narrows"] + (["PyOD"] if installed("pyod") else [])
    raw: dict[str, dict[int, list[dict[str, float]]]] = {name: {} for name in libraries}
    for size in sizes:
        turns = {name: partial(_apart, name, size) for name in libraries if size < 10**7 or name == "narrows"}
        for name, answers in alternate(turns, rounds).items():
            raw[name][size] = answers
    rows = []
    for size in sizes:
        for name in libraries:
            if size not in raw[name]:
                continue
            rate = middle([answer["rows_per_second"] for answer in raw[name][size]])
            ours = middle([answer["rows_per_second"] for answer in raw["narrows"][size]])
            peak = middle([answer["megabytes"] for answer in raw[name][size]])
            rows.append([f"{size:,}", name, f"{rate:,.0f}", f"{ours / rate:.1f}", f"{1e9 / rate:,.0f}", f"{peak:,.0f}"])

    def draw(axes: Any) -> None:
        for name, colour in zip(libraries, LINES, strict=False):
            done = list(raw[name])
            rates = [middle([answer["rows_per_second"] for answer in raw[name][size]]) for size in done]
            axes.plot(done, rates, marker="o", label=name, color=colour)
        axes.set(xscale="log", yscale="log", xlabel="rows", ylabel="rows/s (more is better)")
        axes.legend(frameon=False)

    return [
        Report(
            "scoring",
            "Scoring rows of 30 columns through 30-64-32-8 and back",
            ("rows", "library", "rows/s", "times slower than narrows", "ns a row", "MB above the input"),
            rows,
            {"measured": raw},
            draw,
            (
                "reconstruction_error beside PyOD's decision_function, same widths and activation; each in a "
                f"process of its own, medians of {rounds}. Memory is the process's peak above the input.",
                "PyOD is not run on 10,000,000 rows: that takes it minutes.",
            ),
        )
    ]


def _apart(library: str, size: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.scoring", library, str(size)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def _measure(library: str, size: int) -> dict[str, float]:
    rng = np.random.default_rng(0)
    few = rng.standard_normal((2000, _COLUMNS), dtype=np.float32)
    if library == "narrows":
        from narrows import Autoencoder

        score = (
            Autoencoder(hidden_layer_sizes=_HIDDEN, n_components=_CODE, activation="relu", epochs=1, random_state=0)
            .fit(few)
            .reconstruction_error
        )
    else:
        from pyod.models.auto_encoder import AutoEncoder

        score = AutoEncoder(hidden_neuron_list=[*_HIDDEN, _CODE], epoch_num=1, verbose=0).fit(few).decision_function
    score(few)
    x = rng.standard_normal((size, _COLUMNS), dtype=np.float32)
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    score(x)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"rows_per_second": size / seconds, "megabytes": (peak - held) / 1024}


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1], int(sys.argv[2]))))
