"""What each view teaches on a table, in the words of its columns."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.axe import grave
from tests.browser.chromium import Chromium
from tests.browser.lab.lessons.checks import (
    COLUMNS,
    check_anomalies,
    check_denoising,
    check_flow,
    check_named_columns,
    check_training,
    fresh,
)
from tests.browser.lab.serving import lab_page, served, until, until_true
from tests.browser.lab.tables import penguins_with_dates


def test_a_table_speaks_the_users_language_and_opens_again_where_one_left(
    chromium: Chromium, tmp_path: Path, data_folder: Path
) -> None:
    table = penguins_with_dates(data_folder / "penguins" / "penguins.csv", tmp_path / "penguins.csv")
    with fresh(chromium, tmp_path, str(table), "flow") as (lab, page):
        lab.wait("r1", "done")
        check_flow(page, lab, "r1")
        cells = check_named_columns(page, "flow", ["Column", "Observed", "Expected", "Error"], COLUMNS)
        assert cells["island"] in ("Biscoe", "Dream", "Torgersen")
        assert 2700 <= float(cells["body_mass_g"]) <= 6300
        page.locator("[data-act=draw]").click()
        until(page, "flow", "d.sample === 'drawn'")
        page.locator(".column-sliders details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
        names, shown = (page.locator(f".column-sliders label:has(output) {part}").all_inner_texts()
                        for part in (".slider-name", "output"))  # fmt: skip
        values = dict(zip(names, shown, strict=True))
        assert float(values["body_mass_g"]) == pytest.approx(float(cells["body_mass_g"]), rel=1e-3)
        assert float(values["price"]) == pytest.approx(float(cells["price"]), rel=0.01)
        assert values["seen"] == cells["seen"][:10]
        assert not [name for name in values if "sine" in name or "missing" in name]
        slider = page.get_by_role("slider", name="seen")
        slider.focus()
        page.keyboard.press("End")
        until_true(page, "() => document.querySelector('.columns-table').innerText.includes('2009-12-01')")
        assert slider.get_attribute("aria-valuetext") == "2009-12-01"
        page.get_by_role("checkbox", name="sex is missing").press("Space")
        until_true(page, "() => [...document.querySelectorAll('.columns-table .is-missing')].length > 0")
        assert not grave(page, "[data-view=flow]")
        check_training(page, lab, "r1")
        page.locator("[data-tab=latent]").click()
        until(page, "latent", "d.ready === 'true' && Number(d.decoded) > 0")
        decoded = check_named_columns(page, "latent", ["Column", "Decoded", "Nearest row"], COLUMNS)
        assert 2700 <= float(decoded["body_mass_g"]) <= 6300
        check_denoising(page, lab, gain=0.5, lead=0.5)  # day and price are random
        check_anomalies(page, lab, at_least=0.9)
        example = page.locator(".lab-header").get_attribute("data-run")
        page.locator("[data-tab=flow]").click()
        until(page, "flow", "d.ready === 'true'")
        assert page.locator(".lab-header").get_attribute("data-run") == "r1" != example
    for arguments in [(), (str(table),)]:
        with served(tmp_path, *arguments) as lab, lab_page(chromium, lab, "view=flow") as page:
            until(page, "flow", "d.ready === 'true'")
            expect(page.locator("[data-action=data]")).to_contain_text("penguins.csv")
            assert page.locator(".lab-header").get_attribute("data-run") == "r1"
            assert {run["dataset"] for run in lab.state()["runs"]} == {"penguins"}
