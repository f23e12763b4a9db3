"""The penguins in every view: in their own columns, units and words."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.apps.lab.prepared import copy_table_run
from tests.browser.axe import grave
from tests.browser.chromium import Chromium
from tests.browser.lab.serving import Lab, data, lab_page, served, until, until_true

LEVEL = re.compile(r"^(Biscoe|Dream|Torgersen) \d+ %$")


@pytest.fixture(scope="module")
def table(data_folder: Path) -> Path:
    return data_folder / "penguins" / "penguins.csv"


@pytest.fixture(scope="module")
def penguins(tmp_path_factory: pytest.TempPathFactory, table: Path) -> Iterator[Lab]:
    """A lab on the penguins; r1 is finished."""
    folder = tmp_path_factory.mktemp("penguins")
    copy_table_run(tmp_path_factory, folder / "lab", table, label="species")
    with served(folder, str(table), "--label", "species") as lab:
        yield lab


@pytest.fixture(scope="module")
def rows(table: Path) -> list[dict[str, str]]:
    with table.open() as lines:
        return list(csv.DictReader(lines))


def shown(cells: Locator) -> dict[str, dict[str, str]]:
    """The texts of a table of cells: by the words above a row's values, by column."""
    expect(cells).to_be_visible()
    heads = cells.locator("thead th").all_inner_texts()[1:]
    lines = cells.locator("tbody tr").evaluate_all(
        "rows => rows.map((row) => [...row.children].map((c) => c.innerText))"
    )
    return {head: {line[0]: line[i + 1].strip() for line in lines} for i, head in enumerate(heads)}


def check_row(found: dict[str, str], row: dict[str, str]) -> None:
    """The values are those of the file; the class is not among them."""
    assert list(found) == [name for name in row if name != "species"]
    for name, value in found.items():
        assert value == ("missing" if row[name] in ("", "NA") else row[name]), name


def check_decoded(found: dict[str, str]) -> None:
    assert LEVEL.match(found["island"])
    assert re.match(r"^(male|female) \d+ %$|^missing$", found["sex"])
    assert found["body_mass_g"] == "missing" or 2500 < float(found["body_mass_g"]) < 6500


@pytest.fixture
def page(chromium: Chromium, penguins: Lab, request: pytest.FixtureRequest) -> Iterator[Page]:
    view = request.param
    with lab_page(chromium, penguins, f"view={view}&run=r1") as opened_page:
        until(opened_page, view, f"d.ready === 'true' && d.epoch === '{penguins.run('r1')['epoch']}'")
        yield opened_page
        assert not grave(opened_page, f"[data-view={view}]")
        assert opened_page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("page", ["flow"], indirect=True)
def test_flow_counts_columns_and_names_the_worst_with_its_values(page: Page, rows: list[dict[str, str]]) -> None:
    sentence = page.locator("[data-view=flow] [data-sentence]")
    expect(sentence).to_contain_text(re.compile(r"squeezes 7 columns \(\d+ numbers\) into 2; the decoder rebuilds"))
    found = shown(page.locator(".result-row .cells"))
    check_row(found["Observed"], rows[int(data(page, "flow", "sample"))])
    check_decoded(found["Expected"])
    worst = max(found["Error"], key=lambda name: float(found["Error"][name].replace("−", "-")))
    observed, expected = (found[head][worst] for head in ("Observed", "Expected"))
    expect(page.locator(".result-row .stat")).to_contain_text(
        f"largest error: {worst}, observed {observed}, expected {expected}"
    )


@pytest.mark.parametrize("page", ["flow"], indirect=True)
def test_the_value_under_the_pointer_is_in_the_users_units(page: Page, rows: list[dict[str, str]]) -> None:
    names = page.evaluate("() => [...document.querySelectorAll('.cells tbody th')].map((one) => one.innerText)")
    picture = page.locator("[data-role=input]")
    picture.hover(position={"x": 8, "y": 20})
    row = rows[int(data(page, "flow", "sample"))]
    titled = picture.get_attribute("title") or ""
    name, _, value = titled.partition(": ")
    assert name in names
    assert float(value) == pytest.approx(float(row[name]), rel=1e-3)


@pytest.mark.parametrize("page", ["training"], indirect=True)
def test_the_chosen_row_of_the_training_is_read_at_each_epoch(page: Page, rows: list[dict[str, str]]) -> None:
    until_true(page, "() => document.querySelector('.gallery').dataset.cells === '0'")
    cell = page.locator(".gallery-cell").nth(2)
    cell.focus()
    page.keyboard.press("Enter")
    until_true(page, "() => document.querySelector('.gallery').dataset.cells === '2'")
    expect(cell).to_have_attribute("aria-pressed", "true")
    cells = page.locator("[data-view=training] .cells")
    last, text = shown(cells), cells.inner_text()
    check_row(last["Observed"], rows[int(cell.get_attribute("data-position") or -1)])
    check_decoded(last["Expected"])
    page.keyboard.press("Home")
    until(page, "training", "Number(d.epoch) <= 1")
    until_true(page, "(text) => document.querySelector('[data-view=training] .cells').innerText !== text", text)
    first = shown(cells)
    assert first["Observed"] == last["Observed"]
    assert first["Expected"] != last["Expected"]


@pytest.mark.parametrize("page", ["denoise"], indirect=True)
def test_clean_noisy_and_denoised_values_stand_under_the_sample(page: Page, rows: list[dict[str, str]]) -> None:
    found = shown(page.locator("[data-view=denoise] .cells"))
    assert list(found) == ["Clean", "Noisy", "Denoised"]
    assert any(list(found["Clean"].values()) == [row[name] for name in found["Clean"]] for row in rows)
    assert found["Noisy"]["body_mass_g"] != found["Clean"]["body_mass_g"]
    check_decoded(found["Denoised"])


@pytest.mark.parametrize("page", ["latent"], indirect=True)
def test_the_decoded_point_is_read_next_to_the_nearest_row(page: Page, rows: list[dict[str, str]]) -> None:
    until_true(page, "() => document.querySelectorAll('.probe-panel .cells thead th').length === 3")
    found = shown(page.locator(".probe-panel .cells"))
    check_decoded(found["Decoded"])
    check_row(found["Nearest row"], rows[int(data(page, "latent", "row"))])
    until_true(page, "() => document.querySelector('.path').dataset.steps === '8'")
    path = shown(page.locator(".path .cells"))
    assert list(path) == ["A", "2", "3", "4", "5", "6", "7", "B"]
    for step in path.values():
        check_decoded(step)


def test_generated_rows_are_read_in_columns(chromium: Chromium, penguins: Lab) -> None:
    run = penguins.train("penguins", "variational", epochs=20)
    with lab_page(chromium, penguins, f"view=latent&run={run}") as page:
        page.wait_for_selector("[data-samples='16']")
        found = shown(page.locator(".samples .cells"))
        assert list(found) == [str(i) for i in range(1, 17)]
        for row in found.values():
            check_decoded(row)
