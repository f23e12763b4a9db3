from __future__ import annotations

import re
import shlex
from html import unescape
from pathlib import Path

import numpy as np
import pytest

import narrows


@pytest.mark.slow
def test_a_page_is_written_and_its_headline_said(shell, models: Path) -> None:
    result = shell("report", models / "variational", "digits", "-o", "page.html")
    assert result.status == 0
    assert "Wrote page.html." in result.out
    assert "VariationalAutoencoder on digits" in Path("page.html").read_text()
    assert shell("report", models / "variational", "digits", "-o", "page.html").status == 1
    again = shell("report", models / "variational", "digits", "-o", "page.html", "--force", "--json")
    assert again.json["diagnosis"]["findings"]


@pytest.mark.slow
def test_the_command_on_the_page_makes_the_same_model(shell, models: Path) -> None:
    assert shell("report", models / "denoising", "digits").status == 0
    command = unescape(re.findall(r"<pre>(narrows .*?)</pre>", Path("report.html").read_text(), re.DOTALL)[0])
    assert shell(*shlex.split(command)[1:], "-o", "again").status == 0
    digits = narrows.read("digits")
    ours, theirs = (narrows.load(path).transform(digits) for path in (models / "denoising", Path("again")))
    assert np.array_equal(ours, theirs)


def test_where_it_cannot_go_is_said_before_any_work(shell, models: Path) -> None:
    Path("folder.html").mkdir()
    for output, words in (
        ("page.txt", "must end in .html"),
        ("folder.html", "a link or a folder"),
        ("nowhere/page.html", "no folder"),
    ):
        result = shell("report", models / "plain", "digits", "-o", output)
        assert result.status == 1
        assert words in result.err.replace("\n", " ")


def test_a_class_column_that_the_fit_left_out_colours_the_map(shell) -> None:
    rng = np.random.default_rng(0)
    rows = (
        f"{40 + 5 * k + x:.3f},{3000 + 500 * k + 90 * y:.1f},{'abc'[k]}"
        for k in (0, 1, 2)
        for x, y in rng.random((100, 2))
    )
    Path("p.csv").write_text("bill,mass,species\n" + "\n".join(rows) + "\n")
    # With a seed: of few held-out rows a class may have fewer than the three that the finding needs.
    assert shell("fit", "p.csv", "--ignore", "species", "--epochs", "2", "--seed", "0", "-o", "m").status == 0
    result = shell("report", "m", "p.csv")
    assert "Column 'species' is taken for the classes; --label names another one." in result.err
    assert "Does the code help to tell classes apart?" in Path("report.html").read_text()
    assert shell("fit", "p.csv", "--epochs", "2", "-o", "learned").status == 0
    assert "species" not in shell("report", "learned", "p.csv", "--force").err


def two_classes(path: str, column: str) -> None:
    """Write 200 rows of two numbers, and a column of their classes."""
    rng = np.random.default_rng(0)
    rows = (f"{4 * k + x:.3f},{y - 2 * k:.3f},{('no', 'yes')[k]}" for k in (0, 1) for x, y in rng.random((100, 2)))
    Path(path).write_text(f"a,b,{column}\n" + "\n".join(rows) + "\n")


CLASS_CHAPTER = "Does the code help to tell classes apart?"


def test_the_column_of_the_classes_is_that_of_the_fit(shell) -> None:
    two_classes("train.csv", "survived")
    two_classes("renamed.csv", "alive")
    assert shell("fit", "train.csv", "--label", "survived", "--epochs", "2", "--seed", "0", "-o", "m").status == 0
    for command in (("report", "m", "train.csv"), ("diagnose", "m", "train.csv")):
        assert shell(*command).status == 0
    page = Path("report.html").read_text()
    assert CLASS_CHAPTER in page
    assert "--label survived" in page
    assert CLASS_CHAPTER in shell("diagnose", "m", "train.csv").out

    absent = shell("report", "m", "renamed.csv", "--force")
    assert absent.status == 0
    assert "renamed.csv has no column 'survived', which held the classes at the fit; --label names another one." in (
        " ".join(absent.err.split())
    )
    assert CLASS_CHAPTER not in Path("report.html").read_text()
    assert shell("report", "m", "renamed.csv", "--force", "--label", "alive").status == 0
    assert CLASS_CHAPTER in Path("report.html").read_text()
