from __future__ import annotations

import re
from pathlib import Path

import pytest

from narrows.apps.lab.server import STATIC
from narrows.apps.notebook.explore import VIEWS
from narrows.apps.viewer import bundle
from narrows.apps.viewer.bundle import BundleError, flatten


def written(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("entry", ["embed/widget.js", "embed/report.js"])
def test_the_pages_modules_become_one_that_imports_nothing(entry: str) -> None:
    script = bundle.script(entry)
    assert not re.search(r"^\s*import\b", script, re.MULTILINE)
    assert script.count("export") == script.count("export default module") == 1
    for view in ("flow", "latent", "training", "denoise", "anomaly"):
        assert script.count(f"// views/{view}/index.js\n") == 1


def test_the_notebook_knows_the_views_of_the_page() -> None:
    names = re.findall(r'\["(\w+)", "', (STATIC / "core" / "view-names.js").read_text("utf-8"))
    assert tuple(names) == VIEWS
    assert {path.parent.name for path in (STATIC / "views").glob("*/index.js")} == set(VIEWS)


def test_a_file_name_stands_for_one_thing() -> None:
    names = [path.name for path in STATIC.rglob("*") if path.is_file() and path.name != "index.js"]
    assert sorted(set(names)) == sorted(names)


def test_a_module_stands_behind_what_it_imports(tmp_path: Path) -> None:
    root = written(
        tmp_path,
        a='import { b } from "./b.js";\nimport { c } from "./c.js";\nexport const a = b + c;\n',
        b='import { c } from "./c.js";\nexport const b = c;\n',
        c="export const c = 1;\n",
    )
    assert re.findall(r"^// (\w)\.js", flatten(root, "a.js"), re.MULTILINE) == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('import { x } from "other";\n', "not relative"),
        ('import { x } from "../x.js";\n', "outside"),
        ('import { a } from "./a.js";\nexport const a = 1;\n', "imports itself"),
        ("export default 1;\n", "not supported"),
        ("export { x };\n", "not supported"),
        ("export let x = 1;\n", "not supported"),
        ('const x = await import("./x.js");\n', "not supported"),
        ("const x = '</script>';\n", "end the script"),
    ],
)
def test_what_cannot_be_flattened_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BundleError, match=words):
        flatten(written(tmp_path, a=text), "a.js")


def test_the_styles_touch_nothing_but_the_views() -> None:
    rules = re.sub(r"/\*.*?\*/", "", bundle.style(), flags=re.DOTALL)
    selectors = re.findall(r"(?:^|[{};])\s*([^{};@]+)\{", rules)
    assert len(selectors) > 100
    frames = re.compile(r"^(from|to|\d+%)")
    assert [one for one in selectors if ".narrows-lab" not in one and not frames.match(one.strip())] == []
