"""Photographs the live page's five views, light and dark, wide and narrow, into docs/images/lab.

    python -m benchmarks.lab_pictures [--to FOLDER] [--data DATA]

Needs Chromium on the path. The lab it opens trains on DATA (digits by default) in a cache of its own.
"""

from __future__ import annotations

import argparse
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

HERE = Path(__file__).resolve().parent.parent
VIEWS = ("flow", "latent", "training", "denoise", "anomaly")
SIZES = {"wide": (1280, 900), "narrow": (360, 780)}
SCHEMES = ("light", "dark")
VARIANT = {"denoise": "Denoising"}
"""The variant that a view is shown with, where it is not the plain one."""
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage")


@contextmanager
def lab(data: str) -> Iterator[str]:
    """The address of a lab, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "narrows", "lab", data, "--no-browser", "--port", str(port)]
        process = subprocess.Popen(command, env={**os.environ, "NARROWS_LAB": home}, stdout=subprocess.DEVNULL)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


def runs(address: str) -> list[dict]:
    try:
        with urllib.request.urlopen(f"{address}/api/state", timeout=5) as answer:
            return json.load(answer)["runs"]
    except OSError:
        return []


def wait_until_done(address: str, n: int) -> None:
    """Until the lab has n runs, all of them trained."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        found = runs(address)
        if len(found) >= n and all(run["state"] == "done" for run in found):
            return
        time.sleep(0.2)
    raise SystemExit(f"The lab did not train its {n} runs: {runs(address)}")


def prepare(browser: Browser, address: str) -> dict[str, str]:
    """Trains what the views are shown with; view -> run."""
    wait_until_done(address, 1)
    page = browser.new_page()
    page.goto(f"{address}/?test=1#view=latent&run=r1")
    page.wait_for_selector("[data-view=latent][data-ready=true]")
    chosen = dict.fromkeys(VIEWS, "r1")
    for view, variant in VARIANT.items():
        page.get_by_role("button", name=variant).click()
        wait_until_done(address, 2)
        chosen[view] = runs(address)[-1]["id"]
    page.close()
    return chosen


def ready(page: Page, view: str) -> None:
    page.wait_for_selector(f"[data-view={view}][data-ready=true]")
    page.wait_for_timeout(700)  # fonts, pictures and the first answers


def photograph(browser: Browser, address: str, chosen: dict[str, str], folder: Path) -> list[Path]:
    """One PNG for each view, size and scheme."""
    taken = []
    for scheme in SCHEMES:
        for size, (width, height) in SIZES.items():
            for view in VIEWS:
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                page.goto(f"{address}/?test=1#view={view}&run={chosen[view]}")
                ready(page, view)
                path = folder / f"{view}-{size}-{scheme}.png"
                page.screenshot(path=path, full_page=size == "narrow")
                page.close()
                with Image.open(path) as image:
                    image.convert("RGB").save(path, optimize=True)
                taken.append(path)
    return taken


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
    with lab(arguments.data) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        chosen = prepare(browser, address)
        for path in photograph(browser, address, chosen, arguments.to):
            print(path)
        browser.close()


if __name__ == "__main__":
    main()
