"""Try narrows as it is installed in this environment: `python try_installed.py VERSION`; make package runs it.

Nothing but narrows and its own dependencies may be needed. Writes `table.csv` into the current folder, for the shell
lines that follow.
"""

from __future__ import annotations

import csv
import random
import re
import signal
import subprocess
import sys
import urllib.request
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import narrows


def check_the_package(version: str) -> None:
    assert narrows.__version__ == version, (narrows.__version__, version)
    package = Path(narrows.__file__).parent
    assert "site-packages" in package.parts, package
    assert (package / "py.typed").exists()
    for development_only in ("pandas", "polars", "pytest", "anywidget"):
        assert find_spec(development_only) is None, f"{development_only} is installed, so this environment is not empty"
    for name in narrows.__all__:
        assert getattr(narrows, name) is not None


def write_a_table() -> None:
    draw = random.Random(0)
    with Path("table.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["length", "width", "colour"])
        for _ in range(60):
            length = draw.gauss(5, 1)
            table.writerow([f"{length:.2f}", f"{length / 2 + draw.gauss(0, 0.1):.2f}", draw.choice(["red", "green"])])


def get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=30) as answer:
        return answer.read().decode("utf-8", errors="replace")


def check_the_lab() -> int:
    """Start the lab, fetch its page and all that the page and its modules name; return how many files that were."""
    command = [str(Path(sys.executable).parent / "narrows"), "lab", "table.csv", "--no-browser", "--port", "0"]
    lab = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert lab.stdout is not None
        found = next((match for line in lab.stdout if (match := re.search(r"http://[\w.:\[\]]+/?", line))), None)
        assert found, "the lab printed no address"
        home = found.group().rstrip("/") + "/"
        waiting, seen = [home], set()
        while waiting:
            address = waiting.pop()
            if address in seen:
                continue
            seen.add(address)
            text = get(address)
            path = urlsplit(address).path
            pattern = (
                r"""(?:from|import)\s*\(?["'](\.[^"']+)["']""" if path.endswith(".js") else r'(?:src|href)="([^"#:]+)"'
            )
            if path.endswith((".js", "/")):
                waiting += [urljoin(address, name) for name in re.findall(pattern, text)]
        return len(seen)
    finally:
        lab.send_signal(signal.SIGINT)
        try:
            lab.wait(timeout=30)
        except subprocess.TimeoutExpired:
            lab.kill()


def check_the_shipped_run() -> None:
    """Decode a code with the network that the lab shows at the first visit."""
    import numpy

    from narrows.apps.lab.run_store import RunStore

    run, _ = RunStore(Path("lab")).shipped_run()
    assert run.prepared is not None
    assert run.prepared.decode(numpy.zeros(2, "float32")).shape == (8, 8, 1)


if __name__ == "__main__":
    check_the_package(sys.argv[1])
    check_the_shipped_run()
    write_a_table()
    n_files = check_the_lab()
    assert n_files > 20, n_files
    print(f"The package imports, and the lab serves its page and the {n_files - 1} files that it imports.")
