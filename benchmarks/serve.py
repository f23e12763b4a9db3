"""15. Does the service stay up under four times the load that it can take? Measured with `hey` (apt install hey)."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.report import LINES, Report
from narrows import AnomalyDetector, Autoencoder

_CALIBRATION, _SECONDS, _CLIENTS = 10, 60, 8
_OVERLOAD = 4.5  # `hey` sends a tenth less than it is asked for
_MOST_CLIENTS = 64
_GRACE = 60  # seconds beyond its time in which `hey` and the service must end


def reports(rounds: int, quick: bool) -> list[Report]:
    """Requests of one row at the rate that the service can answer, and at four times that rate."""
    if shutil.which("hey") is None:
        return []
    seconds, calibration = (10, 3) if quick else (_SECONDS, _CALIBRATION)
    raw: dict[str, dict[str, dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (model, row) in _cases().items():
            model.save(Path(folder) / name)
            body = Path(folder) / f"{name}.json"
            body.write_text(json.dumps([row]))
            with _service(Path(folder) / name) as (address, process):
                _load(address, body, 2, _CLIENTS, None)  # warms up
                raw[name] = {}
                for load, length, clients, times in (
                    ("at its rate", calibration, _CLIENTS, None),
                    ("at four times", seconds, _MOST_CLIENTS, _OVERLOAD),
                ):
                    before = _memory(process)
                    rate = None if times is None else times * raw[name]["at its rate"]["answered"]
                    found = _load(address, body, length, clients, rate)
                    raw[name][load] = {**found, "before": before, "after": _memory(process)}
    table = [
        [
            name,
            load,
            f"{found['rate']:,.0f}",
            f"{found['answered']:,.0f}",
            ", ".join(f"{n:,} × {status}" for status, n in found["statuses"].items()),
            f"{found['p50']:.1f}",
            f"{found['p99']:.1f}",
            f"{found['before']:.0f} to {found['after']:.0f}",
        ]
        for name, loads in raw.items()
        for load, found in loads.items()
    ]

    def draw(axes: Any) -> None:
        for (name, loads), colour in zip(raw.items(), LINES, strict=False):
            for (load, found), style in zip(loads.items(), ("-", "--"), strict=True):
                axes.plot(found["quantiles"], np.linspace(0, 1, 101), style, color=colour, label=f"{name}, {load}")
        axes.set(xscale="log", xlabel="ms to the answer of an accepted request", ylabel="share of requests")
        axes.legend(frameon=False, fontsize=7)

    columns = ("model", "load", "requests/s", "answered/s", "statuses", "p50, ms", "p99, ms", "memory, MiB")
    note = (
        f"One row a request, one process. The rate is that of {_CLIENTS} clients in {calibration} s, then four times "
        f"as many requests from {_MOST_CLIENTS} clients for {seconds} s on the machine of the service; p50 and p99 are "
        "of the answers with status 200."
    )
    return [Report("serve", "The service under load", columns, table, {"measured": raw}, draw, (note,))]


def _cases() -> dict[str, tuple[Any, dict[str, Any]]]:
    """Return fitted models with a row for each."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=2000)
    table = pd.DataFrame({f"x{i}": z * (i - 4) + rng.normal(size=2000) for i in range(10)})
    table["kind"] = np.where(z > 0.5, "high", np.where(z > -0.5, "middle", "low"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        models = {
            "autoencoder": Autoencoder(n_components=3, epochs=10, random_state=0).fit(table),
            "detector": AnomalyDetector(random_state=0).fit(table),
        }
    row = json.loads(str(table[:1].to_json(orient="records")))[0]
    return {name: (model, row) for name, model in models.items()}


@contextmanager
def _service(model: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "narrows", "serve", str(model), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found, "the service printed no address"
        yield found.group() + "score", process
    finally:
        process.terminate()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _load(address: str, body: Path, seconds: int, clients: int, rate: float | None) -> dict[str, Any]:
    """Return what `hey` measures with this many clients, at a rate of requests a second if one is given."""
    limit = [] if rate is None else ["-q", f"{rate / clients:.2f}"]
    command = ["hey", "-z", f"{seconds}s", "-c", str(clients), "-m", "POST", "-T", "application/json", "-o", "csv"]
    whole = [*command, *limit, "-D", str(body), address]
    text = subprocess.run(whole, capture_output=True, text=True, check=True, timeout=seconds + _GRACE).stdout
    lines = list(csv.DictReader(io.StringIO(text)))
    status = np.array([int(line["status-code"]) for line in lines])
    times = 1000 * np.array([float(line["response-time"]) for line in lines])
    accepted = times[status == 200]
    if not len(accepted):
        raise RuntimeError(f"{address} answered none of {len(lines)} requests with status 200")
    return {
        "rate": len(lines) / seconds,
        "answered": len(accepted) / seconds,
        "statuses": dict(sorted(Counter(status.tolist()).items())),
        "p50": float(np.quantile(accepted, 0.5)),
        "p99": float(np.quantile(accepted, 0.99)),
        "quantiles": np.quantile(accepted, np.linspace(0, 1, 101)).tolist(),
    }


def _memory(process: subprocess.Popen[str]) -> float:
    """Return the resident memory of the process in MiB."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
    assert found
    return int(found[1]) / 1024
