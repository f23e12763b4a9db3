"""What each view teaches, on each data set, as a visitor who starts afresh sees it on the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import grave
from tests.browser.chromium import Chromium
from tests.browser.lab.serving import PATIENCE, Lab, data, lab_page, pixels, served, until, until_true
from tests.browser.lab.tables import coloured_squares, penguins_with_dates

KINDS = ("first", "second")
DEBIAN = Path("/usr/share/datasets")


@contextmanager
def fresh(chromium: Chromium, folder: Path, name: str, view: str) -> Iterator[tuple[Lab, Page]]:
    """A lab without runs on these data, and its page at a view."""
    with served(folder, name) as lab, lab_page(chromium, lab, f"view={view}") as page:
        yield lab, page


@pytest.fixture
def fashion_folder(data_folder: Path) -> Path:
    """The folder that holds fashion-mnist: that of the other sets, or Debian's package dataset-fashion-mnist."""
    found = next((one for one in (data_folder, DEBIAN) if (one / "fashion-mnist").is_dir()), None)
    return found or pytest.skip(f"fashion-mnist is neither in {data_folder} nor in {DEBIAN}")


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


def stop(lab: Lab, run: str) -> None:
    """Ends a training, and keeps what it has learned."""
    with lab_session(lab) as say:
        say("train.stop", run)
    lab.wait(run, "done", "stopped")


@contextmanager
def lab_session(lab: Lab) -> Iterator:
    """A second visitor, who sends commands."""
    import json

    from websockets.sync.client import connect

    with connect(lab.address.replace("http", "ws") + "/ws", max_size=None) as line:
        yield lambda name, run: line.send(json.dumps({"t": name, "seq": 1, "run": run}))


def check_anomalies(page: Page, lab: Lab, *, at_least: float = 0.95) -> None:
    """Anomaly: normal rows pass, others raise an alarm, and the default detector says how it judges them."""
    open_view(page, "anomaly")
    lab.wait(opened_example(page, "anomaly"), "done")
    until(page, "anomaly", f"Number(d.auc) >= {at_least}")
    threshold = float(data(page, "anomaly", "threshold"))
    errors = [float(page.locator(f"[data-kind={kind}]").get_attribute("data-score") or "nan") for kind in KINDS]
    assert errors[0] <= threshold < errors[1]
    for kind in KINDS:
        expect(page.locator(f"[data-kind={kind}]")).to_contain_text("threshold")
        expect(page.locator(f"[data-kind={kind}] [data-detector]")).to_contain_text("Default detector:")
    assert float(page.locator(".roc-figure").inner_text().split("AUC")[1].split()[0]) >= at_least
    expect(page.locator("[data-detector-note]")).to_contain_text("AUC of the default detector")


def check_denoising(page: Page, lab: Lab, *, epochs: int, gain: float = 6, lead: float = 0.5) -> None:
    """Denoise: the denoising network, stopped after some epochs, is `lead` dB above the plain one next to it."""
    open_view(page, "denoise")
    opened_example(page, "denoise")
    until_true(page, "() => /denoise-compare=r/.test(location.hash)")
    address = page.evaluate("() => Object.fromEntries(new URLSearchParams(location.hash.slice(1)))")
    pair = [address[f"denoise-{name}"] for name in ("run", "compare")]
    for run in pair:
        until_true(
            page,
            "([run, epochs]) => fetch('/api/state').then((r) => r.json()).then(({runs}) => runs.some((one) =>"
            " one.id === run && (one.epoch >= epochs || one.state === 'done')))",
            [run, epochs],
        )
        if lab.run(run)["state"] != "done":
            stop(lab, run)
    last = [lab.run(run)["epoch"] for run in pair]
    until(page, "denoise", f"d.compared && d.epoch === '{last[0]}' && d.comparedEpoch === '{last[1]}'")
    noisy, denoised, plain = (float(data(page, "denoise", f"psnr{name}")) for name in ("Noisy", "Denoised", "Compared"))
    assert denoised >= noisy + gain
    assert denoised >= plain + lead
    sentence = page.locator("[data-view=denoise] .live-sentence").inner_text().replace("\N{NO-BREAK SPACE}", " ")
    assert f"noisy images: {noisy:.1f} dB" in sentence
    assert f"{denoised:.1f} dB" in sentence


def test_mnist_teaches_every_lesson(chromium: Chromium, tmp_path: Path, data_folder: Path, monkeypatch) -> None:
    monkeypatch.setenv("NARROWS_DATA", str(data_folder.resolve()))
    with fresh(chromium, tmp_path, "mnist", "training") as (lab, page):
        seen: set[str] = set()
        for _ in range(PATIENCE // 20):  # pictures within the first epoch, before any epoch is over
            seen |= {data(page, "training", "within")} if page.locator("[data-view=training]").count() else set()
            if len(seen - {""}) >= 3 or lab_has_epoch(page):
                break
            page.wait_for_timeout(20)
        assert len(seen - {""}) >= 3
        assert lab.run("r1")["epoch"] == 0
        expect(page.locator("[data-sentence]")).to_contain_text("Within epoch 1")
        lab.wait("r1", "running")
        until(page, "training", "Number(d.frames) >= 2")
        page.locator("[data-action=stop]").click()
        lab.wait("r1", "stopped", "done")
        page.get_by_role("button", name="From the beginning").click()
        until(page, "training", f"d.replaying === 'false' && d.epoch === '{lab.run('r1')['epoch']}'")
        check_anomalies(page, lab)
        check_denoising(page, lab, epochs=6)
        check_map(page, lab, accuracy=0.9)


def lab_has_epoch(page: Page) -> bool:
    return (page.locator(".lab-header").get_attribute("data-epoch") or "0") not in ("", "0")


def check_map(page: Page, lab: Lab, *, accuracy: float) -> None:
    """Latent: the classes lie apart, though training did not use them."""
    open_view(page, "latent")
    lab.wait(opened_example(page, "latent"), "done", seconds=3 * PATIENCE / 1000)
    until(page, "latent", "d.neighbours")
    assert float(data(page, "latent", "neighbours")) >= accuracy
    note = page.locator("[data-neighbours]").inner_text()
    assert int(note.split(" %")[0].split()[-1]) >= 100 * accuracy
    assert "that training did not see" in note


def test_fashion_teaches_anomalies_and_the_map(
    chromium: Chromium, tmp_path: Path, fashion_folder: Path, monkeypatch
) -> None:
    monkeypatch.setenv("NARROWS_DATA", str(fashion_folder.resolve()))
    with fresh(chromium, tmp_path, "fashion-mnist", "flow") as (lab, page):
        lab.wait("r1", "running")
        stop(lab, "r1")
        check_anomalies(page, lab)
        expect(page.locator(".normal-chip[data-class='Ankle boot']")).to_be_visible()
        check_map(page, lab, accuracy=0.7)


def test_a_folder_of_small_colour_images_teaches_anomalies_and_denoising(chromium: Chromium, tmp_path: Path) -> None:
    folder = coloured_squares(tmp_path / "squares")
    with fresh(chromium, tmp_path, str(folder), "flow") as (lab, page):
        lab.wait("r1", "done")
        check_anomalies(page, lab)
        check_denoising(page, lab, epochs=400)
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
