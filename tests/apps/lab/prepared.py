"""Finished runs of the lab, trained once per session and copied into the homes of its servers."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest

from narrows.apps.lab.session import InitialContent
from narrows.apps.viewer.datasets import Source
from tests.apps.lab.client import served
from tests.shared import made_once

NORMAL = [str(digit) for digit in range(9)]


def copy_runs(factory: pytest.TempPathFactory, home: Path, *runs: str) -> Path:
    """Puts finished runs on the digits into a home; returns the home.

    Parameters
    ----------
    runs : {"r1", "r2"}
        r1 is the run that the lab starts by itself, r2 one of the same settings without the nines.
    """
    for run in runs:
        prepared = made_once(factory, f"lab-{run}", partial(_train_on_digits, factory, run))
        shutil.copytree(prepared / "runs" / run, home / "runs" / run)
    return home


def copy_table_run(factory: pytest.TempPathFactory, home: Path, table: Path, *, label: str | None = None) -> Path:
    """Puts r1, a finished run on a table or a folder of images, into a home; returns the home."""

    def train(folder: Path) -> None:
        with served(folder, lambda: InitialContent(Source.of(str(table), label=label))) as lab, lab.ready() as page:
            page.until_state("r1", "done")

    prepared = made_once(factory, f"lab-{table.stem}", train)
    shutil.copytree(prepared / "runs", home / "runs")
    return home


def _train_on_digits(factory: pytest.TempPathFactory, run: str, home: Path) -> None:
    if run == "r2":
        copy_runs(factory, home, "r1")
    with served(home) as lab, lab.ready() as page:
        if run == "r2":
            assert page.train("digits", normal=NORMAL) == "r2"
        page.until_state(run, "done")
