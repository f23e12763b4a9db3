"""What each view teaches on a folder of small colour images."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.chromium import Chromium
from tests.browser.lab.lessons.checks import (
    begin_map,
    check_anomalies,
    check_denoising,
    check_flow,
    check_training,
    fresh,
    opened_example,
)
from tests.browser.lab.serving import pixels
from tests.browser.lab.tables import coloured_squares


def test_a_folder_of_small_colour_images_teaches_every_view(chromium: Chromium, tmp_path: Path) -> None:
    folder = coloured_squares(tmp_path / "squares")
    with fresh(chromium, tmp_path, str(folder), "flow") as (lab, page):
        lab.wait("r1", "done")
        check_flow(page, lab, "r1")
        check_training(page, lab, "r1")
        check_anomalies(page, lab)
        check_denoising(page, lab)
        assert pixels(page, ".large-triple [data-role=denoised]").shape == (12, 10)
        begin_map(page)
        opened_example(page, "latent")
        expect(page.get_by_role("button", name="Back to run 1")).to_be_visible()
