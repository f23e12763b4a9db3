"""What the README and the docs show is run: Python as it stands, shell lines through the command line."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from narrows.apps.cli import main

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
BUILT = ("_build", "benchmarks")  # the site, and what building it copies
PAGES = [ROOT / "README.md", *sorted(p for p in DOCS.rglob("*.md") if p.relative_to(DOCS).parts[0] not in BUILT)]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT)).removeprefix("docs/")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def run(arguments: list[str]) -> int:
    try:
        return main(arguments) or 0
    except SystemExit as end:
        return int(end.code or 0)


def python_pages() -> list:
    """The pages with Python, those marked slow whose trainings take seconds."""
    slow = {"howto/onnx.md", "howto/pca.md", "howto/pythae.md", "insight.md", "building_blocks.md", "tables.md"}
    pages = [p for p in PAGES if blocks(p, "python")]
    return [pytest.param(p, id=name(p), marks=pytest.mark.slow if name(p) in slow else ()) for p in pages]


@pytest.mark.parametrize("page", python_pages())
@pytest.mark.slow
def test_the_python_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "page"}
    sys.modules["page"] = type(sys)("page")  # dataclasses look their module up
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), names)


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "sh")], ids=name)
def test_the_shell_lines_of_a_page_run(page, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    lines = [line for block in blocks(page, "sh") for line in block.splitlines() if line.startswith("narrows ")]
    assert lines
    for line in lines:
        assert run(shlex.split(line, comments=True)[1:]) == 0, (line, capfd.readouterr())


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_local_link_and_picture_of_a_page_exists(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target
