"""The flattened modules, run."""

from __future__ import annotations

from pathlib import Path

from narrows.apps.viewer import bundle
from tests.browser.chromium import Chromium

_IMPORT = """async (script) => {
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const { default: all } = await import(address);
  return Object.fromEntries(Object.entries(all).map(([k, v]) => [k, typeof v === "function" ? "function" : v]));
}"""
_GRID = """async (script) => {
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const { default: { gridAt, onGrid } } = await import(address);
  const [x, y] = [Float32Array.from([0, 1]), Float32Array.from([5, 3])];
  const grid = { decoded: Uint8Array.from([0, 100, 40, 200]), x, y };
  const places = [[0, 5], [1, 5], [0, 3], [1, 3], [0.5, 5], [0.5, 4], [-9, 9]];
  return places.map(([x, y]) => [gridAt(grid, x, y)[0], onGrid(grid, x, y)]);
}"""


def exported(chromium: Chromium, folder: Path, script: str) -> dict:
    (folder / "page.html").write_text('<!doctype html><title>page</title><link rel="icon" href="data:,">')
    with chromium.page(folder / "page.html") as page:
        found = page.evaluate(_IMPORT, script)
    assert chromium.complaints == []
    return found


def test_modules_keep_their_own_names(chromium: Chromium, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "a.js").write_text(
        'import * as one from "./inner/one.js";\nimport {\n  title as theirs,\n  twice,\n} from "./two.js";\n'
        "export const title = [one.title, theirs];\nexport const value = twice(one.count());\n"
        'export class Thing {}\n// export const nothing = import("x");\n'
    )
    (tmp_path / "inner" / "one.js").write_text(
        'import { twice } from "../two.js";\nexport const title = "one";\n'
        "export function count() { return twice(1); }\n"
    )
    (tmp_path / "two.js").write_text('export const title = "two";\nexport const twice = (v) => 2 * v;\n')
    found = exported(chromium, tmp_path, bundle.flatten(tmp_path, "a.js"))
    assert found == {"title": ["one", "two"], "value": 4, "Thing": "function"}


def test_the_widget_exports_what_anywidget_calls(chromium: Chromium, tmp_path: Path) -> None:
    assert exported(chromium, tmp_path, bundle.script("embed/widget.js")) == {
        "render": "function",
        "commTransport": "function",
    }


def test_the_grid_gives_its_nodes_and_blends_between_them(chromium: Chromium, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text('<!doctype html><title>page</title><link rel="icon" href="data:,">')
    with chromium.page(tmp_path / "page.html") as page:
        found = page.evaluate(_GRID, bundle.script("core/grid-interpolation.js"))
    assert [value for value, _ in found] == [0, 100, 40, 200, 50, 85, 0]
    assert [inside for _, inside in found] == [True] * 6 + [False]
