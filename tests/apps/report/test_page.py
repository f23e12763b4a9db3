from __future__ import annotations

import base64
import hashlib
import re
import stat
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import narrows
from narrows import Autoencoder, DenoisingAutoencoder
from narrows.apps.report import report
from narrows.errors import NotFittedError, OutputError, OutputExistsError
from tests.six_networks import DIGITS, X


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    return DenoisingAutoencoder(n_components=2, epochs=4, random_state=3, device="cpu").fit(X[:300])


@pytest.fixture(scope="module")
def page(model: Autoencoder) -> str:
    return report(model, X[:300], DIGITS.target[:300])


class Links(HTMLParser):
    """Everything that a page could fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.found += [value or "" for name, value in attrs if name in ("href", "src", "xlink:href", "action")]


def without_its_script(page: str) -> str:
    return re.sub(r"<script.*?</script>|<template.*?</template>", "", page, flags=re.DOTALL)


def test_the_page_refers_to_nothing_outside_itself(page: str) -> None:
    links = Links()
    links.feed(page)
    assert links.found
    assert all(link.startswith(("#", "data:")) for link in links.found)
    assert {"iframe", "object", "embed", "form", "link"} & set(links.tags) == {"link"}
    assert "default-src 'none'" in page
    assert not re.search(r"@import|url\((?!#|&quot;#|\"#)", without_its_script(page))


def test_the_one_script_that_may_run_is_its_own(page: str) -> None:
    links = Links()
    links.feed(page)
    assert links.tags.count("script") == 1
    script = re.findall(r'<script type="module">(.*?)</script>', page, re.DOTALL)[0]
    assert not re.search(r"XMLHttpRequest|WebSocket\(|\beval\(|new Function|innerHTML", script)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = unescape(re.findall(r'Content-Security-Policy" content="([^"]+)"', page)[0])
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"
    assert not re.search(r"\son\w+=", without_its_script(page))


def test_it_holds_every_finding_and_a_figure_for_all_that_there_is(model: Autoencoder, page: str) -> None:
    page = without_its_script(page)
    text = unescape(re.sub(r"<[^>]+>", " ", page))
    for finding in narrows.diagnose(model, X[:300], DIGITS.target[:300]).findings:
        assert finding.question in text
        assert finding.meaning in text
        assert finding.figure in text
    names = re.findall(r'<figure role="group" aria-label="([^"]+)"', page)
    assert names == [
        *("reconstructions", "training", "denoising", "map of the code", "decoded grid", "interpolation"),
        *("error histogram", "error by pixel", "most anomalous rows", "architecture"),
    ]
    assert page.count("<svg") == len(names)
    assert len(set(re.findall(r'<clipPath id="([^"]+)"', page))) == len(re.findall(r"<clipPath id=", page))


def test_the_python_on_the_page_makes_the_same_model(model: Autoencoder, page: str) -> None:
    code = unescape(re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL)[0])
    said: dict = {"X": X[:300]}
    exec(code, said)
    assert np.array_equal(said["model"].transform(X), model.transform(X))


@pytest.mark.slow
def test_the_same_call_writes_the_same_page(model: Autoencoder, page: str) -> None:
    assert report(model, X[:300], DIGITS.target[:300]) == page


@pytest.mark.slow
def test_names_from_the_data_stay_words() -> None:
    table = pd.DataFrame(np.random.default_rng(0).random((60, 4)), columns=["<img src=x>", "a&b", "'", '"'])
    odd = Autoencoder(n_components=2, epochs=1, random_state=0, device="cpu").fit(table)
    page = report(odd, table, np.where(np.arange(60) % 2, "<script>alert(1)</script>", "b"))
    links = Links()
    links.feed(page)
    assert "img" not in links.tags
    assert links.tags.count("script") == 1
    assert "<script>alert" not in page
    assert "&lt;img src=x&gt;" in page


@pytest.mark.slow
def test_two_classes_get_curves_for_the_rarer_one(model: Autoencoder) -> None:
    page = report(model, X[:300], DIGITS.target[:300] == 7)
    assert 'aria-label="detection"' in page
    assert "class True" in page


@pytest.mark.slow
@pytest.mark.parametrize("n", [4, 6, 20])
def test_a_handful_of_rows_is_enough_for_a_page(model: Autoencoder, n: int) -> None:
    assert "<svg" in report(model, X[:n])


@pytest.mark.slow
def test_a_table_of_one_column_and_constant_rows_have_a_page() -> None:
    for table in (np.random.default_rng(0).random((40, 1)), np.full((30, 3), 2.0)):
        fitted = Autoencoder(n_components=1, epochs=1, random_state=0, device="cpu").fit(table)
        assert "<svg" in report(fitted, table)


def test_a_page_that_is_there_is_kept_unless_told(model: Autoencoder, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("mine")
    with pytest.raises(OutputExistsError, match="already there"):
        report(model, X[:20], path=path)
    assert path.read_text() == "mine"
    page = report(model, X[:20], path=path, overwrite=True)
    assert path.read_text() == page
    assert list(tmp_path.iterdir()) == [path]


def test_a_page_that_cannot_be_written_is_a_sentence(model: Autoencoder, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="could not be written"):
        report(model, X[:20], path=tmp_path / "nowhere" / "page.html")
    with pytest.raises(OutputExistsError):
        report(model, X[:20], path=tmp_path, overwrite=True)
    assert stat.S_ISDIR(tmp_path.stat().st_mode)


def test_an_unfitted_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFittedError):
        report(Autoencoder(), X, path=tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


def test_the_package_offers_it() -> None:
    assert narrows.report is report


def test_rows_are_named_by_their_places_in_the_data() -> None:
    table = pd.DataFrame(np.random.default_rng(0).standard_normal((200, 4)), columns=list("abcd"))
    model = Autoencoder(n_components=1, epochs=1, random_state=0, device="cpu").fit(table)
    page = report(model, table)
    worst = narrows.diagnose(model, table)["Which rows are most anomalous?"].values["rows"]
    figure = page[page.index('aria-label="most anomalous rows"') :]
    named = re.findall(r">row (\d+)<", figure)
    assert isinstance(worst, list)
    assert named == [str(int(row)) for row in worst[:6]]
    assert {int(row) for row in re.findall(r">row (\d+)<", page)} <= set(model.validation_rows_.tolist())


@pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.slow
def test_a_page_of_one_row_has_what_there_is_to_see(model: Autoencoder, n: int) -> None:
    found = narrows.diagnose(model, X[:300])
    table = pd.DataFrame(np.random.default_rng(0).random((40, 4)), columns=list("abcd"))
    flat = Autoencoder(n_components=3, epochs=1, random_state=0, device="cpu").fit(table)
    for fitted, rows in ((model, X[300 : 300 + n]), (model, X[:n]), (flat, table[:n]), (flat, table[:n] / 2)):
        assert "<svg" in report(fitted, rows, ["a"] * n, diagnosis=found)
