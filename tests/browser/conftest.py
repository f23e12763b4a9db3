from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import narrows
from narrows import Autoencoder, DenoisingAutoencoder
from tests import six_networks
from tests.apps.lab.prepared import copy_table_run
from tests.browser.chromium import Chromium, opened
from tests.browser.lab.serving import Lab, served, served_digits
from tests.browser.lab.tables import two_kinds
from tests.shared import made_once


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with opened() as browser:
        yield browser


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab on the digits, for all tests that do not mind one another's runs; r1 is finished."""
    with served_digits(tmp_path_factory, "r1") as running:
        yield running


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with people.csv and kinds.csv, which are alike, and unlabelled.csv."""

    def write(folder: Path) -> None:
        for name in ("people", "kinds", "unlabelled"):
            two_kinds(folder / f"{name}.csv", label=name != "unlabelled")

    return made_once(tmp_path_factory, "tables", write)


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory, tables: Path) -> Iterator[Lab]:
    """A lab on a table of numbers with classes; r1 is finished."""
    table, folder = tables / "people.csv", tmp_path_factory.mktemp("people")
    copy_table_run(tmp_path_factory, folder / "lab", table, label="kind")
    with served(folder, str(table), "--label", "kind") as running:
        yield running


@pytest.fixture(scope="session")
def kinds(tmp_path_factory: pytest.TempPathFactory, tables: Path) -> Iterator[Lab]:
    """A lab on a table of numbers and a category; r1 is finished."""
    table, folder = tables / "kinds.csv", tmp_path_factory.mktemp("kinds")
    copy_table_run(tmp_path_factory, folder / "lab", table)
    with served(folder, str(table)) as running:
        yield running


@pytest.fixture(scope="session")
def denoiser() -> Autoencoder:
    """A model of the digits with two code units."""
    return DenoisingAutoencoder(n_components=2, epochs=8, random_state=0, device="cpu").fit(narrows.read("digits"))


@pytest.fixture(scope="session")
def report(denoiser: Autoencoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of that model."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    narrows.report(denoiser, narrows.read("digits"), path=path)
    return path


@pytest.fixture(scope="session")
def report_of_a_good_network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a model with ten code units."""
    case = six_networks.good()
    path = tmp_path_factory.mktemp("report") / "report.html"
    narrows.report(case.model, case.rows, path=path)
    return path
