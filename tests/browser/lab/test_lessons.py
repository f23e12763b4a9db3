"""What each view teaches, on each data set, as a visitor who starts afresh sees it on the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import grave
from tests.browser.chromium import Chromium
from tests.browser.lab.serving import Lab, data, lab_page, pixels, served, served_digits, until, until_true
from tests.browser.lab.tables import coloured_squares, first_images, penguins_with_dates

KINDS = ("first", "second")
LONG = 1200
"""Seconds for a training on ten or twenty thousand images, which gives way to all else that a busy machine does."""
BORROWED = Path("/usr/share/datasets")
"""Where Debian's package dataset-fashion-mnist has its files."""


@pytest.fixture
def image_set(
    request: pytest.FixtureRequest, data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The name of a set of which the lab finds 21,000 images: more than the examples of the views are trained on."""
    name: str = request.param
    folder = next((folder / name for folder in (data_folder, BORROWED) if (folder / name).is_dir()), None)
    if folder is None:
        pytest.skip(f"no {name} in {data_folder}; on Debian apt-get install dataset-{name}")
    first_images(folder, tmp_path / "sets" / name, {"train": 20_000, "t10k": 1000})
    monkeypatch.setenv("NARROWS_DATA", str(tmp_path / "sets"))
    return name


@contextmanager
def fresh(chromium: Chromium, folder: Path, name: str, view: str) -> Iterator[tuple[Lab, Page]]:
    """A lab without runs on these data, and its page at a view."""
    with served(folder, name) as lab, lab_page(chromium, lab, f"view={view}") as page:
        yield lab, page


def open_view(page: Page, view: str) -> None:
    """Goes to a view and waits until the network that it opens on is in view."""
    page.locator(f"[data-tab={view}]").click()
    until_true(
        page,
        "(view) => document.querySelector('.narrows-lab').dataset.openingExample !== 'true'"
        " && document.querySelector(`[data-view=${view}]`)?.dataset.ready === 'true'",
        view,
    )


def opened_example(page: Page, view: str) -> str:
    """The id of the run that the view has chosen."""
    until_true(page, "(view) => location.hash.includes(`${view}-run=`)", view)
    return page.locator(".lab-header").get_attribute("data-run") or ""


def check_anomalies(page: Page, lab: Lab, *, at_least: float = 0.95) -> None:
    """Anomaly: normal rows pass, others raise an alarm, and the default detector says how it judges them."""
    open_view(page, "anomaly")
    lab.wait(opened_example(page, "anomaly"), "done", seconds=LONG)
    until(page, "anomaly", f"Number(d.auc) >= {at_least}")
    page.wait_for_selector("[data-detector-note]:not([hidden])")
    threshold = float(data(page, "anomaly", "threshold"))
    errors = [float(page.locator(f"[data-kind={kind}]").get_attribute("data-score") or "nan") for kind in KINDS]
    assert errors[0] <= threshold < errors[1]
    for kind in KINDS:
        expect(page.locator(f"[data-kind={kind}]")).to_contain_text("threshold")
        expect(page.locator(f"[data-kind={kind}] [data-detector]")).to_contain_text("Default detector:")
    assert float(page.locator(".roc-figure").inner_text().split("AUC")[1].split()[0]) >= at_least
    expect(page.locator("[data-detector-note]")).to_contain_text("AUC of the default detector")


def check_denoising(page: Page, lab: Lab, *, gain: float = 6, lead: float = 0.5) -> None:
    """Denoise: the denoising network is `gain` dB above the noise and `lead` dB above the plain one next to it."""
    open_view(page, "denoise")
    opened_example(page, "denoise")
    until_true(page, "() => /denoise-compare=r/.test(location.hash)")
    address = page.evaluate("() => Object.fromEntries(new URLSearchParams(location.hash.slice(1)))")
    pair = [address[f"denoise-{name}"] for name in ("run", "compare")]
    for run in pair:
        lab.wait(run, "done", seconds=LONG)
    last = [lab.run(run)["epoch"] for run in pair]
    until(page, "denoise", f"d.compared && d.epoch === '{last[0]}' && d.comparedEpoch === '{last[1]}'")
    noisy, denoised, plain = (float(data(page, "denoise", f"psnr{name}")) for name in ("Noisy", "Denoised", "Compared"))
    assert denoised >= noisy + gain
    assert denoised >= plain + lead
    sentence = page.locator("[data-view=denoise] .live-sentence").inner_text().replace("\N{NO-BREAK SPACE}", " ")
    assert f"noisy images: {noisy:.1f} dB" in sentence
    assert f"{denoised:.1f} dB" in sentence


def check_other_noise(page: Page, lab: Lab, *, gain: float = 6) -> None:
    """Denoise: a network that was trained on other noise says so; one click trains one on the noise in view."""
    page.locator("[data-act=kind]").select_option("masking")
    until(page, "denoise", "d.kind === 'masking'")
    expect(page.locator("[data-other-noise]")).to_contain_text("This network was trained on other noise: Gaussian.")
    assert not grave(page, "[data-view=denoise]")
    before = opened_example(page, "denoise")
    page.get_by_role("button", name="Train on this noise").click()
    until_true(page, "(run) => document.querySelector('.lab-header').dataset.run !== run", before)
    run = opened_example(page, "denoise")
    settings = lab.wait(run, "done", seconds=LONG)["settings"]
    assert (settings["corruption"], str(settings["corruption_level"])) == ("masking", data(page, "denoise", "level"))
    until(page, "denoise", f"d.kind === 'masking' && d.epoch === '{lab.run(run)['epoch']}'")
    expect(page.locator("[data-other-noise]")).to_be_hidden()
    noisy, denoised = (float(data(page, "denoise", f"psnr{name}")) for name in ("Noisy", "Denoised"))
    assert denoised >= noisy + gain


def check_clusters(page: Page, lab: Lab, *, at_least: float) -> None:
    """Latent: one click trains a map of clusters, and the page says for which share the nearest codes are right."""
    open_view(page, "latent")
    before = page.locator(".lab-header").get_attribute("data-run")
    offer = page.get_by_role("button", name="Show clusters")
    offer.focus()
    page.keyboard.press("Enter")
    example = opened_example(page, "latent")
    assert example != before
    lab.wait(example, "done", seconds=LONG)
    until(page, "latent", f"d.neighbours && d.epoch === '{lab.run(example)['epoch']}'")
    share = float(data(page, "latent", "neighbours"))
    assert share >= at_least
    sentence = page.locator("[data-view=latent] [data-neighbours]")
    expect(sentence).to_contain_text(f"The 10 nearest codes name the right class for {round(100 * share)} %")
    expect(sentence).to_contain_text("that training did not see")
    assert not grave(page, "[data-view=latent]")
    page.get_by_role("button", name="Back to run").click()
    until_true(page, "() => !location.hash.includes('latent-run=')")
    assert page.locator(".lab-header").get_attribute("data-run") == before
    page.get_by_role("button", name="Show clusters").click()
    assert opened_example(page, "latent") == example


@pytest.mark.timeout(3 * LONG)
@pytest.mark.mnist
@pytest.mark.parametrize(("image_set", "clusters"), [("mnist", 0.9), ("fashion-mnist", 0.7)], indirect=["image_set"])
def test_a_large_set_of_images_teaches_clusters_anomalies_and_denoising(
    chromium: Chromium, tmp_path: Path, image_set: str, clusters: float
) -> None:
    with fresh(chromium, tmp_path, image_set, "flow") as (lab, page):
        until(page, "flow", "Number(d.epoch) >= 1")
        page.get_by_role("button", name="Stop training").click()
        lab.wait("r1", "stopped", "done")
        check_clusters(page, lab, at_least=clusters)
        check_anomalies(page, lab)
        if image_set == "mnist":
            check_denoising(page, lab, lead=1.5)
            check_other_noise(page, lab)


@pytest.mark.timeout(3 * LONG)
def test_the_digits_teach_clusters_and_denoising(chromium: Chromium, tmp_path_factory: pytest.TempPathFactory) -> None:
    with served_digits(tmp_path_factory, "r1") as lab, lab_page(chromium, lab, "view=latent") as page:
        check_clusters(page, lab, at_least=0.85)
        check_denoising(page, lab)
        check_other_noise(page, lab)


def test_a_folder_of_small_colour_images_teaches_anomalies_and_denoising(chromium: Chromium, tmp_path: Path) -> None:
    folder = coloured_squares(tmp_path / "squares")
    with fresh(chromium, tmp_path, str(folder), "flow") as (lab, page):
        lab.wait("r1", "done")
        check_anomalies(page, lab)
        check_denoising(page, lab)
        assert pixels(page, ".large-triple [data-role=denoised]").shape == (12, 10)


def test_a_table_speaks_the_users_language_and_opens_again_where_one_left(
    chromium: Chromium, tmp_path: Path, data_folder: Path
) -> None:
    table = penguins_with_dates(data_folder / "penguins" / "penguins.csv", tmp_path / "penguins.csv")
    with fresh(chromium, tmp_path, str(table), "flow") as (lab, page):
        lab.wait("r1", "done")
        until(page, "flow", f"d.ready === 'true' && d.epoch === '{lab.run('r1')['epoch']}'")
        head = page.locator("[data-view=flow] .columns-table thead").inner_text().split()
        assert head == ["Column", "Observed", "Expected", "Error"]
        cells = {row[0]: row[1] for row in page.locator(".columns-table tbody tr").evaluate_all(
            "rows => rows.map((row) => [...row.children].map((cell) => cell.innerText))")}  # fmt: skip
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
