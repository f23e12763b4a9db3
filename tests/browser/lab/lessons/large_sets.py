"""What each view teaches on a large set of images."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.chromium import Chromium
from tests.browser.lab.lessons.checks import (
    begin_map,
    check_anomalies,
    check_clusters,
    check_denoising,
    check_flow,
    check_other_noise,
    check_training,
    check_within_first_epoch,
    fresh,
)
from tests.browser.lab.tables import first_images

BORROWED = Path("/usr/share/datasets")
"""Where Debian's package dataset-fashion-mnist has its files."""


def check_large_set(
    chromium: Chromium, folder: Path, name: str, *, clusters: float, lead: float, kinds: tuple[str, ...] = ()
) -> None:
    """Check every view on a set that `let_find` offers; `kinds` are those of other noise to train on."""
    with fresh(chromium, folder, name, "training") as (lab, page):
        run = check_within_first_epoch(page, lab)
        check_training(page, lab, run)
        check_flow(page, lab, run)
        begin_map(page)  # the other trainings run next to it
        check_anomalies(page, lab)
        check_denoising(page, lab, lead=lead)
        for kind in kinds:
            check_other_noise(page, lab, kind)
        check_clusters(page, lab, at_least=clusters)


def let_find(name: str, data_folder: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the lab find 21,000 images of a set, more than the examples of the views are trained on; else skip."""
    found = next((place / name for place in (data_folder, BORROWED) if (place / name).is_dir()), None)
    if found is None:
        pytest.skip(f"no {name} in {data_folder}; on Debian apt-get install dataset-{name}")
    first_images(found, folder / "sets" / name, {"train": 20_000, "t10k": 1000})
    monkeypatch.setenv("NARROWS_DATA", str(folder / "sets"))
