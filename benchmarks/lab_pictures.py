"""Photographs the live page, light and dark, wide and narrow, into docs/images/lab.

The five views, the tour, one training step in slow motion, the presentation mode, and a class: the page of a pupil, and
the address of the pupils as the teacher shows it.

    python -m benchmarks.lab_pictures [--to FOLDER] [--data DATA]

Needs Chromium on the path. The lab it opens trains on DATA (digits by default) in a cache of its own.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from narrows.apps.lab.address_code import address_code

HERE = Path(__file__).resolve().parent.parent
VIEWS = ("flow", "latent", "training", "denoise", "anomaly")
SIZES = {"wide": (1280, 900), "narrow": (360, 780)}
SCHEMES = ("light", "dark")
EXAMPLES = {"denoise": 3, "anomaly": 4, "latent": 5}
"""The views that open on runs of their own, with the number of runs that have ended then."""
TOUR, SLOW, PRESENTATION, PUPIL, ADDRESS = "tour", "slow-motion", "presentation", "pupil", "class-address"
SHOWN = {TOUR: "flow", SLOW: "training", PRESENTATION: "flow", PUPIL: "flow", ADDRESS: "flow"}
"""The view of each scene that is not named after its view."""
IN_WINDOW = (TOUR, SLOW, PRESENTATION, ADDRESS)
"""Scenes that show the window and not the whole page."""
PUPIL_ADDRESS = "http://192.168.1.20:8765/?token=k7mf3q2x"
"""In place of that of this machine."""
MOST_BYTES = 150_000
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage")


@contextmanager
def lab(data: str, home: str, *options: str) -> Iterator[list[str]]:
    """The addresses that a lab prints, without "/" at the end, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "narrows", "lab", data, "--no-browser", "--port", str(port), *options]
    process = subprocess.Popen(command, env={**os.environ, "NARROWS_LAB": home}, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2 if options else 1)]
        yield [next(word for word in line.split() if word.startswith("http")).rstrip("/") for line in lines]
    finally:
        process.terminate()
        process.wait(60)


def runs(address: str) -> list[dict]:
    try:
        with urllib.request.urlopen(f"{address}/api/state", timeout=5) as answer:
            return json.load(answer)["runs"]
    except OSError:
        return []


def wait_until_done(address: str, n: int) -> None:
    """Until the lab has n runs, all of them trained."""
    end = time.monotonic() + 1200
    while time.monotonic() < end:
        found = runs(address)
        if len(found) >= n and all(run["state"] == "done" for run in found):
            return
        time.sleep(0.2)
    raise SystemExit(f"The lab did not train its {n} runs: {runs(address)}")


def prepare(browser: Browser, address: str) -> dict[str, str]:
    """Opens each view as a visitor does and waits for what it trains; scene -> the end of its address."""
    wait_until_done(address, 1)
    page = browser.new_page()
    page.goto(f"{address}/?test=1#view=flow")
    page.wait_for_selector("[data-view=flow][data-ready=true]")
    scenes = {view: f"?test=1#view={view}" for view in VIEWS}
    for view, n_runs in EXAMPLES.items():
        page.locator(f"[data-tab={view}]").click()
        page.wait_for_url(f"**{view}-run=*", timeout=120_000)
        page.wait_for_selector(f"[data-view={view}][data-ready=true]")
        wait_until_done(address, n_runs)
        scenes[view] = "?test=1#" + page.url.partition("#")[2]
    page.close()
    further = {TOUR: "?test=1&tour=1#view=flow", SLOW: scenes["training"], PRESENTATION: f"{scenes['flow']}&present=1"}
    return scenes | further


def ready(page: Page, scene: str) -> None:
    """Waits for a view, and for the slowest of what it shows."""
    page.wait_for_selector(f"[data-view={SHOWN.get(scene, scene)}][data-ready=true]")
    if scene == "anomaly":
        page.wait_for_selector("[data-detector-note]:not([hidden])", timeout=120_000)
    if scene == "denoise":
        page.wait_for_selector("[data-view=denoise][data-curve='9']", timeout=120_000)
    if scene == "latent":
        page.wait_for_selector("[data-view=latent][data-neighbours]", timeout=120_000)
    if scene == SLOW:
        page.keyboard.press("s")
        page.wait_for_selector(".slow-step[data-stage-number='0']")
        for stage in range(1, 4):  # the error has come back to the layer after the code
            page.locator("[data-slow=next]").click()
            page.wait_for_selector(f".slow-step[data-stage-number='{stage}']")
        page.mouse.move(0, 0)
    if scene == ADDRESS:
        _show_address(page)
    page.wait_for_timeout(1500)  # fonts, pictures and the first answers


def photograph(browser: Browser, address: str, scenes: dict[str, str], folder: Path) -> list[Path]:
    """One PNG for each scene, size and scheme."""
    taken = []
    for scheme in SCHEMES:
        for size, (width, height) in SIZES.items():
            for scene, end in scenes.items():
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                page.goto(address)  # the token of a class becomes a cookie
                page.goto(f"{address.partition('?')[0].rstrip('/')}/{end}")
                ready(page, scene)
                path = folder / f"{scene}-{size}-{scheme}.png"
                page.evaluate("() => { document.documentElement.style.scrollbarGutter = 'auto'; }")
                page.screenshot(path=path, full_page=scene not in IN_WINDOW)
                page.close()
                taken.append(path)
                _make_small(path)
    return taken


def _show_address(page: Page) -> None:
    """Opens the code of the pupils' address, with another address than that of this machine."""
    page.locator("[data-action=join]").click()
    code = base64.b64encode(address_code(PUPIL_ADDRESS, "view=flow")).decode()
    page.locator(".address-code").evaluate("(el, code) => { el.src = `data:image/svg+xml;base64,${code}`; }", code)
    page.locator(".class-address").evaluate("(el, address) => { el.textContent = address; }", PUPIL_ADDRESS)


def _make_small(path: Path) -> None:
    """Writes a picture again, in 256 colours if need be; SystemExit if it is too large for the docs."""
    with Image.open(path) as image:
        picture = image.convert("RGB")
    picture.save(path, optimize=True)
    if path.stat().st_size > MOST_BYTES:
        picture.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    if path.stat().st_size > MOST_BYTES:
        raise SystemExit(f"{path} has {path.stat().st_size:,} bytes, more than {MOST_BYTES:,}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=HERE / "docs" / "images" / "lab")
    parser.add_argument("--data", default="digits")
    arguments = parser.parse_args()
    arguments.to.mkdir(parents=True, exist_ok=True)
    chromium = next(
        (p for name in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(name))), None
    )
    if chromium is None:
        raise SystemExit("There is no Chromium on the path (on Debian: apt-get install chromium).")
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        with lab(arguments.data, home) as [address]:
            taken = photograph(browser, address, prepare(browser, address), arguments.to)
        with lab(arguments.data, home, "--host", "0.0.0.0", "--class") as [teacher, pupil]:
            for address, scene in ((pupil, PUPIL), (teacher, ADDRESS)):
                taken += photograph(browser, address, {scene: "?test=1#view=flow"}, arguments.to)
        browser.close()
    for path in taken:
        print(path)


if __name__ == "__main__":
    main()
