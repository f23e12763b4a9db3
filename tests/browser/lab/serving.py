"""A lab of its own for a module's tests, and its page opened as a person opens it."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page
from websockets.sync.client import connect

from tests.apps.lab import client
from tests.apps.lab.prepared import copy_runs
from tests.browser.chromium import PATIENCE, Chromium

_PIXELS = (
    "c => [c.width, [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, i) => i % 4 === 0)]"
)


@dataclass
class Lab:
    """A server that runs."""

    address: str
    folder: Path
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End the server where it stands."""
        self.process.kill()
        self.process.wait()

    def kill_trainings(self) -> None:
        """End the processes that train, and those that wait to, where they stand."""
        for between in _children(self.process.pid):
            for worker in _children(between):
                os.kill(worker, signal.SIGKILL)

    def complaints(self) -> str:
        """What the server has written besides its address."""
        return (self.folder / "server.txt").read_text().partition("\n")[2]

    def state(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.address}/api/state", timeout=PATIENCE / 1000) as answer:
            return json.load(answer)

    def run(self, run: str) -> dict[str, Any]:
        return next(one for one in self.state()["runs"] if one["id"] == run)

    def wait(self, run: str, *states: str, seconds: float = PATIENCE / 1000) -> dict[str, Any]:
        """The run, once it is in one of these states."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = [one for one in self.state()["runs"] if one["id"] == run]
            if found and found[0]["state"] in states:
                return found[0]
            time.sleep(0.05)
        raise AssertionError(f"{run} did not become {states} in {seconds:g} s: {self.state()['runs']}")

    def start(self, dataset: str, variant: str = "plain", **settings: Any) -> str:
        """The id of a run with these settings that has begun."""
        with connect(f"{self.address.replace('http', 'ws')}/ws", max_size=None) as line:
            return client.Page(line).train(dataset, variant, **settings)

    def train(self, dataset: str, variant: str = "plain", **settings: Any) -> str:
        """The id of a run with these settings, once it is finished."""
        run = self.start(dataset, variant, **settings)
        self.wait(run, "done")
        return run

    def model(self, run: str) -> Any:
        """The run's model, as one downloads it."""
        import narrows

        with urllib.request.urlopen(f"{self.address}/api/runs/{run}/model.zip", timeout=30) as answer:
            packed = zipfile.ZipFile(io.BytesIO(answer.read()))
        target = self.folder / f"model-{run}"
        packed.extractall(target)
        return narrows.load(next(path.parent for path in sorted(target.rglob("narrows.json"))))


@contextmanager
def served(folder: Path, *arguments: str, port: int | None = None) -> Iterator[Lab]:
    """`narrows lab` with these arguments, with a cache of its own, until the block ends."""
    port = port or free_port()
    command = [sys.executable, "-m", "narrows", "lab", *arguments, "--no-browser", "--port", str(port)]
    environment = {**os.environ, "NARROWS_LAB": str(folder / "lab"), "OMP_NUM_THREADS": "1"}
    with (folder / "server.txt").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    lab = Lab(f"http://127.0.0.1:{port}", folder, process)
    try:
        _wait_until_ready(lab, process)
        yield lab
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            lab.kill()


@contextmanager
def served_digits(factory: pytest.TempPathFactory, *runs: str, port: int | None = None) -> Iterator[Lab]:
    """A lab on the digits in a folder of its own, with finished runs; see `copy_runs`."""
    folder = factory.mktemp("digits")
    copy_runs(factory, folder / "lab", *runs)
    with served(folder, "digits", port=port) as lab:
        yield lab


def _children(process: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True, check=False)
    return [int(child) for child in found.stdout.split()]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_ready(lab: Lab, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            if lab.state()["status"] == "ready":
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"The lab did not become ready: {(lab.folder / 'server.txt').read_text()}")


@dataclass
class Seen:
    """The errors of a page, and its requests to other servers."""

    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


@contextmanager
def lab_page(
    chromium: Chromium, lab: Lab, hash_: str, *, width: int = 1280, height: int = 900, scheme: str = "light"
) -> Iterator[Page]:
    """The page at `#hash_`, without motion; at a good end, nothing was complained of or fetched elsewhere."""
    seen = Seen()
    page = chromium.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.on("console", lambda message: seen.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith((lab.address, "blob:", "data:")) else seen.foreign.append(request.url)
        ),
    )
    try:
        page.goto(f"{lab.address}/?test=1#{hash_}")
        yield page
        assert not seen.complaints, seen.complaints
        assert not seen.foreign, seen.foreign
    except AssertionError as error:
        error.add_note(f"The page complained of {seen.complaints}")
        raise
    finally:
        page.close()


def run_in_view(page: Page) -> str:
    """The id of the run that the page shows."""
    return page.locator(".lab-header").get_attribute("data-run") or ""


def pixels(page: Page, selector: str) -> np.ndarray:
    """The grey values of a canvas (height, width), as they are drawn."""
    width, values = page.locator(selector).evaluate(_PIXELS)
    return np.array(values, dtype=int).reshape(-1, width)


def until_true(page: Page, script: str, arg: Any = None) -> None:
    """Waits until a function of the page is true; not `wait_for_function`, which the page's security policy forbids."""
    end = time.monotonic() + PATIENCE / 1000
    while not page.evaluate(script, arg):
        if time.monotonic() > end:
            seen = " ".join(page.locator("body").inner_text().split())
            raise AssertionError(f"It never became true: {script} of {arg}. The page says: {seen}")
        page.wait_for_timeout(50)


def until_redrawn(page: Page, selector: str, before: np.ndarray) -> None:
    """Waits until a pixel of a canvas differs from what it was."""
    until_true(
        page,
        f"([selector, before]) => ({_PIXELS})(document.querySelector(selector))[1].some((v, i) => v !== before[i])",
        [selector, before.ravel().tolist()],
    )


def until_alike(page: Page, one: str, other: str) -> None:
    """Waits until two canvases show the same picture: that of a hand, and that which was answered."""
    until_true(
        page,
        f"(both) => {{ const [a, b] = both.map((one) => ({_PIXELS})(document.querySelector(one))[1]);"
        " return a.length === b.length && a.every((v, i) => v === b[i]); }",
        [one, other],
    )


def data(page: Page, view: str, name: str) -> str:
    """A `data-*` attribute of the view, by its name in JavaScript."""
    return page.locator(f"[data-view={view}]").evaluate("(el, name) => el.dataset[name] ?? ''", name)


def until(page: Page, view: str, expression: str) -> None:
    """Waits until an expression in `d`, the view's dataset, holds."""
    until_true(
        page,
        f"() => {{ const d = document.querySelector('[data-view={view}]')?.dataset;"
        f" return Boolean(d && {expression}); }}",
    )
