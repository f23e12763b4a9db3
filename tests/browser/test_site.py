"""The static page: served by `python -m http.server` below a folder, and used as a visitor uses it."""

from __future__ import annotations

import functools
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from narrows.apps.lab.run_store import RunStore
from narrows.apps.notebook.explore import VIEWS
from narrows.apps.viewer.runs import Run
from narrows.estimators.weight_vector import with_weights
from tests.apps.lab.prepared import copy_runs
from tests.browser.axe import grave
from tests.browser.chromium import Chromium
from tests.browser.lab.serving import data, pixels, until, until_true
from tests.browser.surfaces import open_tab

RUNTIME = Path(__file__).parents[2] / "node_modules" / "onnxruntime-web"
_DECODE = """async ([run, epoch, z]) => {
  const { networks } = await import(new URL("static/site/static-page.js", location.href).href);
  return Array.from(await networks.decode(run, epoch, Float32Array.from(z), 1));
}"""


@dataclass
class Served:
    """A static page on a web server, and its run as the lab has it."""

    address: str
    run: Run
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @contextmanager
    def opened(self, chromium: Chromium, hash_: str = "", *, width: int = 1280) -> Iterator[Page]:
        """The page; at a good end nothing was complained of, or fetched outside of its folder."""
        self.foreign.clear()
        self.complaints.clear()
        page = chromium.new_page(viewport={"width": width, "height": 900})
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._note(request.url))
        try:
            page.goto(f"{self.address}#{hash_}")
            until_true(page, "() => document.querySelector('.site-page').dataset.decoder === 'ready'")
            yield page
            assert self.complaints == []
            assert self.foreign == []
        finally:
            page.close()

    def _note(self, url: str) -> None:
        if not url.startswith((self.address, "blob:", "data:")):
            self.foreign.append(url)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a page that was closed while it loaded."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page of a finished run on the digits, in the folder course/lesson of a server."""
    if not RUNTIME.is_dir():
        reason = "no onnxruntime-web in node_modules (make js installs it)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    root, home = tmp_path_factory.mktemp("web"), tmp_path_factory.mktemp("home")
    copy_runs(tmp_path_factory, home, "r1")
    (root / "course").mkdir()
    command = [sys.executable, "-m", "narrows", "lab", "--export", "lesson", "--runtime", str(RUNTIME)]
    subprocess.run(command, cwd=root / "course", env={**os.environ, "NARROWS_LAB": str(home)}, check=True)
    server = _Server(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ((run, _),) = RunStore(home).load()
    yield Served(f"http://127.0.0.1:{server.server_address[1]}/course/lesson/", run)
    server.shutdown()
    server.server_close()


def point_at(page: Page, x: float, y: float) -> np.ndarray:
    """Moves the pointer over the map; returns the code of the picture that is shown then."""
    box = page.locator(".map").first.bounding_box()
    assert box is not None
    before = data(page, "latent", "z")
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
    until(page, "latent", f"d.z !== '{before}'")
    z = data(page, "latent", "z")
    until_true(page, "(z) => document.querySelector('[data-picture=decoded]').dataset.z === z", z)
    return np.array(z.split(","), np.float32)


_FRAMES = """async ([x, y]) => {
  const frame = () => new Promise(requestAnimationFrame);
  const view = document.querySelector("[data-view=latent]");
  const picture = document.querySelector("[data-picture=decoded]");
  await frame();
  const before = view.dataset.z;
  const move = new PointerEvent("pointermove", { clientX: x, clientY: y, bubbles: true });
  document.querySelector(".map canvas").dispatchEvent(move);
  for (let frames = 0; frames < 60; frames++) {
    if (view.dataset.z !== before && picture.dataset.z === view.dataset.z) return frames;
    await frame();
  }
  return null;
}"""
"""Moves the pointer within the page; the frames until the decoded picture is that of the new place, None after 60."""


def test_a_move_of_the_pointer_has_its_decoded_picture_within_the_next_frames(chromium: Chromium, site: Served) -> None:
    with site.opened(chromium, "view=latent") as page:
        until(page, "latent", "d.ready === 'true' && d.decoded")
        box = page.locator(".map").first.bounding_box()
        assert box is not None
        shown = data(page, "latent", "decoded")
        places = [(0.3 + 0.01 * i, 0.4 + 0.005 * (i % 7)) for i in range(40)]
        frames = [
            page.evaluate(_FRAMES, [box["x"] + x * box["width"], box["y"] + y * box["height"]]) for x, y in places
        ]
        assert None not in frames, frames
        assert sorted(frames)[len(frames) // 2] <= 2, frames
        assert int(data(page, "latent", "decoded")) >= int(shown) + len(places)


def test_the_five_views_open_and_offer_no_training(chromium: Chromium, site: Served) -> None:
    with site.opened(chromium) as page:
        for view in VIEWS:
            open_tab(page, view)
        for words in ("Train", "Save model", "Copy Python", "Other samples", "Live"):
            assert page.get_by_role("button", name=words, exact=True).count() == 0, words
        assert page.locator(".site-footer").inner_text().count("pip install narrows") == 1


def test_the_decoded_picture_under_the_pointer_is_the_models_own(chromium: Chromium, site: Served) -> None:
    model, epoch = site.run.weights.get()
    with site.opened(chromium, "view=latent") as page:
        until(page, "latent", "d.ready === 'true' && d.decoded")
        for place in ((0.35, 0.5), (0.6, 0.4)):
            z = point_at(page, *place)
            expected = model.inverse_transform(z[None])[0].ravel()
            assert np.abs(np.array(page.evaluate(_DECODE, ["r1", epoch, z.tolist()])) - expected).max() < 1e-4
            shown = pixels(page, "[data-picture=decoded]")
            assert np.abs(shown - np.rint(255 * expected).reshape(8, 8)).max() <= 1


def test_the_epoch_moves_map_decoder_and_flow(chromium: Chromium, site: Served) -> None:
    model, last = site.run.weights.get()
    then = with_weights(model, dict(site.run.past_weights.kept)[5])
    assert site.run.source is not None
    with site.opened(chromium, "view=latent&epoch=5") as page:
        until(page, "latent", "d.ready === 'true' && d.decoded && d.epoch === '5'")
        z = point_at(page, 0.5, 0.5)
        assert (
            np.abs(pixels(page, "[data-picture=decoded]") - 255 * then.inverse_transform(z[None])[0].squeeze()).max()
            < 1.5
        )
        open_tab(page, "flow")
        position = int(data(page, "flow", "sample"))
        row = _digits().take(np.array([position]))
        assert float(data(page, "flow", "error")) == pytest.approx(then.reconstruction_error(row)[0], rel=1e-4)
        page.locator("[data-control=epoch]").focus()
        page.keyboard.press("End")
        until(page, "flow", f"d.epoch === '{last}'")
        assert float(data(page, "flow", "error")) == pytest.approx(model.reconstruction_error(row)[0], rel=1e-4)


def test_a_drawing_passes_through_the_network_in_the_page(chromium: Chromium, site: Served) -> None:
    model, _ = site.run.weights.get()
    with site.opened(chromium, "view=flow") as page:
        until(page, "flow", "d.ready === 'true'")
        page.locator("[data-act=draw]").click()
        until(page, "flow", "d.sample === 'drawn'")
        empty = np.zeros((1, 8, 8), np.float32)
        assert float(data(page, "flow", "error")) == pytest.approx(model.reconstruction_error(empty)[0], rel=1e-3)


@pytest.mark.parametrize("view", VIEWS)
def test_on_a_phone_nothing_is_too_wide_and_nothing_bars_anyone(chromium: Chromium, site: Served, view: str) -> None:
    with site.opened(chromium, f"view={view}", width=390) as page:
        until(page, view, "d.ready === 'true'")
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        assert grave(page) == []


@functools.cache
def _digits():
    import narrows

    return narrows.read("digits")
