from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from narrows.apps.cli import main
from tests.apps.lab.client import Served, served
from tests.apps.lab.prepared import copy_runs


@dataclass(frozen=True)
class Outcome:
    """What one call of the command line came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        return json.loads(self.out)


Shell = Callable[..., Outcome]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Runs `narrows` in an empty folder, in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NARROWS_DEBUG", raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> Outcome:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        return Outcome(status, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def quick() -> tuple[str, ...]:
    """Settings of a fit that takes a moment."""
    return ("--epochs", "2", "--hidden", "16", "--seed", "0", "--batch-size", "32", "--device", "cpu")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A CSV of 40 rows: three related numbers, a whole number, and a text."""
    rng = np.random.default_rng(0)
    lines = ["a,b,c,age,name"]
    lines += [f"{x:.4f},{2 * x + 1:.4f},{-x:.4f},{int(40 + 5 * x)},row {i}" for i, x in enumerate(rng.normal(size=40))]
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def gaps(table: Path) -> Path:
    """The same with an empty cell in row 3 of column b."""
    lines = table.read_text().splitlines()
    cells = lines[3].split(",")
    lines[3] = ",".join([cells[0], "", *cells[2:]])
    path = table.with_name("gaps.csv")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def tabular(shell, quick, table: Path) -> Path:
    """A plain model of that table."""
    assert shell("fit", table, "-o", "tabular", *quick).status == 0
    return Path("tabular").absolute()


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, quick: tuple[str, ...]) -> Path:
    """A folder with a plain, a denoising and a variational model of digits."""
    folder = tmp_path_factory.mktemp("models")
    for variant in ("plain", "denoising", "variational"):
        assert main(["fit", "digits", "-o", str(folder / variant), "--variant", variant, "--quiet", *quick]) == 0
    return folder


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps the lab from the user's own cache."""
    monkeypatch.setenv("NARROWS_LAB", str(tmp_path / "lab"))


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a lab whose first run on the digits is done."""
    return copy_runs(tmp_path_factory, tmp_path, "r1")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A page on the digits, whose first run is done; trainings run in threads."""
    with served(copy_runs(tmp_path_factory, tmp_path_factory.mktemp("lab"), "r1")) as lab:
        yield lab
