"""6. How does the live page feel?"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.report import Report, bars
from benchmarks.rounds import middle

_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
_PATIENCE = 120
_AIMS = {
    "address printed, from the command": 1.0,
    "first paint, from the command": 2.0,
    "first decoded picture, from the command": 2.5,
    "first decoded picture, from the command, with the start of a browser": 2.5,
    "first picture of the flow, from the command": 2.5,
    "first paint, from opening the page": 1.0,
    "first decoded picture, from opening the page": 2.0,
    "pointer to picture, median": 0.05,
    "pointer to picture, 95th percentile": 0.1,
    "pointer to picture while training, median": 0.05,
    "pointer to picture while training, 95th percentile": 0.1,
}
# When the pointer moved, when its picture was there, and when that was on the screen. While a network trains the page
# decodes the place of the last move again, too: a picture of that place does not answer the next move.
_WATCH = """
window.seen = {moved: 0, trips: [], frames: [], first: 0};
addEventListener("pointermove", () => { seen.moved = performance.now(); }, {capture: true});
const watch = new MutationObserver(() => {
  const moved = seen.moved;
  const [picture, view] = ["[data-picture=decoded]", "[data-view=latent]"].map((one) => document.querySelector(one));
  const isOfMove = picture?.dataset.z === view?.dataset.z;
  requestAnimationFrame(() => setTimeout(() => {
    seen.first ||= performance.now();
    if (isOfMove && moved && moved === seen.moved) seen.trips.push(performance.now() - moved);
  }));
});
addEventListener("DOMContentLoaded", () =>
  watch.observe(document.body, {attributes: true, subtree: true, attributeFilter: ["data-decoded"]}));
const tick = (now) => { seen.frames.push(now); requestAnimationFrame(tick); };
requestAnimationFrame(tick);
"""

# Moves the pointer in each frame for two seconds; counts the pictures that the page decoded, in a second.
_SWEEP = """new Promise((done) => {
  const view = document.querySelector("[data-view=latent]");
  const canvas = view.querySelector("canvas");
  const box = canvas.getBoundingClientRect();
  const [start, before] = [performance.now(), Number(view.dataset.decoded)];
  const step = (now) => {
    const t = (now - start) / 2000;
    if (t >= 1) return done((Number(view.dataset.decoded) - before) / (2 * t));
    const clientX = box.x + box.width * (0.5 + 0.3 * Math.sin(9 * t));
    const clientY = box.y + box.height * (0.5 + 0.3 * Math.cos(7 * t));
    canvas.dispatchEvent(new PointerEvent("pointermove", {clientX, clientY, bubbles: true}));
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""
_RUNTIME = Path(__file__).resolve().parent.parent / "node_modules" / "onnxruntime-web"

_SEEN = 720
_BOX = "document.querySelector('[data-view=latent] canvas')?.getBoundingClientRect().toJSON()"


def reports(rounds: int, quick: bool) -> list[Report]:
    """Seconds that a reader waits, and frames per second; needs Playwright and Chromium."""
    found: dict[str, list[float]] = {}
    frames: list[float] = []
    for _ in range(rounds):
        for name, value in _measured(20 if quick else 60, frames).items():
            found.setdefault(name, []).append(value)
    medians = {name: middle(values) for name, values in found.items()}
    rows = [[name, f"{1000 * value:,.0f} ms", f"{1000 * _AIMS[name]:,.0f} ms"] for name, value in medians.items()]
    rows.append(["frames per second while training", f"{middle(frames):.0f}", "30"])
    decoded = _decoded_per_second(rounds) if _RUNTIME.is_dir() else []
    if decoded:
        rows.append(["pictures per second under the pointer, static page", f"{middle(decoded):.0f}", "30"])
    return [
        Report(
            "lab",
            "The lab: how long a reader waits",
            ("what", "median of rounds", "aim"),
            rows,
            {"seconds": found, "frames_per_second": frames, "pictures_per_second_of_static_page": decoded},
            lambda axes: bars(axes, list(medians), list(medians.values()), "seconds (less is better)", "{:.3f}"),
            (
                f"{rounds} rounds on the digits: a fresh server, Chromium without a GPU, the view of the code.",
                "Pointer to picture: from the event in the page to the frame after the picture was drawn.",
            ),
        )
    ]


def _measured(n_moves: int, frames: list[float]) -> dict[str, float]:
    from playwright.sync_api import sync_playwright

    path = next((p for name in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(name))), None)
    if path is None:
        raise SystemExit("There is no Chromium on the path; on Debian: apt-get install chromium")
    found: dict[str, float] = {}
    with sync_playwright() as playwright:
        options: dict[str, Any] = {"executable_path": path, "args": list(_FLAGS)}
        with tempfile.TemporaryDirectory() as home, _server(Path(home)) as server:
            other = playwright.chromium.launch(**options)
            seconds = _first_picture(other, server, "latent")
            found["first decoded picture, from the command, with the start of a browser"] = seconds
            other.close()
        browser = playwright.chromium.launch(**options)
        with tempfile.TemporaryDirectory() as home, _server(Path(home)) as server:
            found["first picture of the flow, from the command"] = _first_picture(browser, server, "flow")
        with tempfile.TemporaryDirectory() as home, _server(Path(home)) as server:
            found["address printed, from the command"] = server.seconds
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.add_init_script(_WATCH)
            for name, start in (("the command", server.start), ("opening the page", None)):
                page.goto("about:blank")  # another hash alone would be the same page
                opened = time.time()
                page.goto(f"{server.address}#view=latent&run=r1")  # without a run, a map would be trained too
                _until(page, "document.querySelector('[data-view=latent][data-ready=true]') !== null", wiggle=True)
                _until(page, "seen.first > 0", wiggle=True)
                before = 0.0 if start is None else opened - start
                paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") / 1000
                found[f"first paint, from {name}"] = before + paint
                found[f"first decoded picture, from {name}"] = before + page.evaluate("seen.first") / 1000
                _until(page, "fetch('api/state').then(r => r.json()).then(s => s.status === 'ready')")
            found |= _moves(page, n_moves, "")
            run = _train(server.address)
            page.goto("about:blank")
            page.goto(f"{server.address}#view=latent&run={run}")
            _until(page, "document.querySelector('[data-view=latent][data-ready=true]') !== null")
            page.evaluate("seen.frames.length = 0")
            found |= _moves(page, n_moves, " while training")
            times = page.evaluate("seen.frames")
            frames.append(1000 * (len(times) - 1) / (times[-1] - times[0]))
        browser.close()
    return found


def _decoded_per_second(rounds: int) -> list[float]:
    """Return how many pictures the static page of the digits decodes in a second while the pointer moves."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        command = [sys.executable, "-m", "narrows", "lab", "--export", "site", "--runtime", str(_RUNTIME)]
        environment = {**os.environ, "NARROWS_LAB": f"{folder}/lab"}
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        handler = partial(_Quiet, directory=f"{folder}/site")
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(_FLAGS))
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(f"http://127.0.0.1:{server.server_address[1]}/#view=latent")
            _until(page, "document.querySelector('.site-page').dataset.decoder === 'ready'")
            _until(page, "document.querySelector('[data-view=latent][data-decoded]') !== null")
            found = [page.evaluate(_SWEEP) for _ in range(rounds)]
            browser.close()
            server.shutdown()
        return found


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


def _first_picture(browser: Any, server: _Server, view: str) -> float:
    """Return the seconds from the command until the map or the flow shows a row that a network has made."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.add_init_script(_WATCH)
    page.goto(f"{server.address}#view={view}&run=r1")
    if view == "latent":
        _until(page, "document.querySelector('[data-view=latent][data-decoded]') !== null", wiggle=True)
    else:
        _until(page, f"document.querySelector('[data-view={view}][data-ready=true]') !== null")
    seconds = time.time() - server.start
    page.close()
    return seconds


def _moves(page: Any, n: int, when: str) -> dict[str, float]:
    """Jump to places of the map, and wait for the picture of each."""
    box = page.evaluate(_BOX)
    height = min(box["height"], _SEEN - box["y"])  # below are the invitation to the tour and the window's end
    places = random.Random(0)
    trips = []
    for _ in range(n):
        page.evaluate("seen.trips.length = 0; seen.moved = 0")
        x, y = (0.15 + 0.7 * places.random() for _ in range(2))
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * height)
        _until(page, "seen.trips.length > 0")
        trips.append(page.evaluate("seen.trips[0]") / 1000)
        time.sleep(0.05)
    trips.sort()
    return {
        f"pointer to picture{when}, median": middle(trips),
        f"pointer to picture{when}, 95th percentile": trips[int(0.95 * (len(trips) - 1))],
    }


def _until(page: Any, script: str, *, wiggle: bool = False) -> None:
    end, step = time.monotonic() + _PATIENCE, 0
    while not page.evaluate(script):
        if time.monotonic() > end:
            raise SystemExit(f"The page did not come to: {script}")
        if wiggle and (box := page.evaluate(_BOX)) is not None:
            step += 1
            page.mouse.move(box["x"] + box["width"] * (0.4 + 0.01 * (step % 20)), box["y"] + box["height"] / 2)
        time.sleep(0.002)


def _train(address: str) -> str:
    """Begin a training that lasts; its run."""
    from websockets.sync.client import connect

    with connect(address.replace("http", "ws") + "ws", max_size=None) as line:
        settings = {"epochs": 5000, "hidden_layer_sizes": [64, 32]}
        line.send(json.dumps({"t": "train.start", "seq": 1, "dataset": "digits", "settings": settings}))
        while True:
            told = line.recv(timeout=_PATIENCE)
            if isinstance(told, str) and (said := json.loads(told)).get("seq") == 1:
                run = said["run"]
                break
        while True:
            told = line.recv(timeout=_PATIENCE)
            if isinstance(told, str) and (said := json.loads(told))["t"] == "epochs" and said["run"] == run:
                return run


@dataclass(frozen=True)
class _Server:
    address: str
    start: float
    seconds: float


@contextmanager
def _server(home: Path) -> Iterator[_Server]:
    command = [sys.executable, "-m", "narrows", "lab", "--no-browser", "--port", "0"]
    start = time.time()
    environment = {**os.environ, "NARROWS_LAB": str(home)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[4]
        yield _Server(address, start, time.time() - start)
    finally:
        process.terminate()
        process.wait(30)
