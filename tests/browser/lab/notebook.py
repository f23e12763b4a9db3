"""A notebook's cell without a notebook: the widget's script in a page, over a line to the widget in Python."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from narrows.apps.notebook.comm import reply
from narrows.apps.notebook.widget import Explorer
from tests.browser.chromium import Chromium

_CELL = """<!doctype html><html lang="en"><meta charset="utf-8"><title>cell</title><link rel="icon" href="data:,">
<style>body {{ margin: 0; background: {ground}; }} #cell {{ width: {width}px; }}</style><div id="cell"></div></html>"""
_SHOW = """async ({ script, style, traits }) => {
  const heard = new Set();
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
  const model = {
    get: (name) => traits[name], set: (name, value) => { traits[name] = value; }, save_changes() {},
    on: (name, f) => { if (name === "msg:custom") heard.add(f); }, off: (name, f) => heard.delete(f),
    async send(content, _callbacks, buffers = []) {
      const [said, parts] = await window.toPython(content, buffers.map(text));
      for (const f of heard) f(said, parts.map((part) => new DataView(bytes(part).buffer)));
    },
  };
  document.head.append(Object.assign(document.createElement("style"), { textContent: style }));
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const { default: widget } = await import(address);
  window.traits = traits;
  window.end = await widget.render({ model, el: document.getElementById("cell") });
  window.showAgain = () => widget.render({ model, el: document.body.appendChild(document.createElement("div")) });
}"""


@contextmanager
def cell(
    chromium: Chromium, widget: Explorer, folder: Path, *, width: int = 900, ground: str = "white"
) -> Iterator[Page]:
    """The widget in a cell of this width; at a good end nothing was complained of or fetched."""
    path = folder / "cell.html"
    path.write_text(_CELL.format(width=width, ground=ground), "utf-8")
    with chromium.page(path, width=max(width, 1000), height=1400) as page:
        page.expose_function("toPython", lambda content, parts: _answer(widget, content, parts))
        traits = {"state": widget.state, "hash": widget.hash}
        page.evaluate(_SHOW, {"script": widget._esm, "style": widget._css, "traits": traits})
        yield page
        # That pixels are read often is the tests' doing.
        complaints = [words for words in chromium.complaints if "willReadFrequently" not in words]
        assert not complaints, complaints
        assert all(url == path.as_uri() or url.startswith(("blob:", "data:")) for url in chromium.requests)


def _answer(widget: Explorer, content: Any, parts: list[str]) -> Any:
    said, buffers = reply(widget._offline, content, [base64.b64decode(part) for part in parts])
    return [said, [base64.b64encode(part).decode() for part in buffers]]
