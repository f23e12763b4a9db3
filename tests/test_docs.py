"""What the README and the docs show is run: Python as it stands, shell lines through the command line."""

import re
import shlex
import sys
from pathlib import Path

import pytest

import narrows
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


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=name)
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


def test_the_api_page_lists_every_name_that_narrows_exports():
    head = (DOCS / "api/index.md").read_text().split("**Packages**")[0]
    listed = re.findall(r"^   narrows\.(\w+)$", head, flags=re.MULTILINE)
    assert sorted(listed) == sorted(set(narrows.__all__) - {"__version__"})


WIDTH = 100
PROSE = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", ROOT / "CHANGELOG.md"]


def prose(page: Path) -> list[str]:
    """Return the lines of a page outside of code, tables and headings."""
    text = re.sub(r"^ *(`{3,}|:{3,}).*?^ *\1", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return [line for line in text.splitlines() if not re.match(r" {4}| *[|#<]", line)]


@pytest.mark.parametrize("page", PROSE, ids=name)
def test_prose_is_wrapped_at_100_columns(page):
    whole = re.compile(r"!?\[[^\]]*\]\([^)]*\)|`[^`]*`")  # links, pictures and code, which stay in one line
    for line in prose(page):
        n_words = len(whole.sub("word", line.strip()).split())
        assert len(line) <= WIDTH or n_words == 1, line
