"""Checks of what each view of the lab teaches, as a visitor who starts afresh sees it on the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.axe import grave
from tests.browser.chromium import Chromium
from tests.browser.lab.serving import Lab, data, lab_page, served, until, until_true

KINDS = ("first", "second")
COLUMNS = {"island", "bill_length_mm", "body_mass_g", "sex", "seen", "price"}
"""Some columns of the penguins."""
LONG = 1200
"""Seconds for a training on ten or twenty thousand images, which gives way to all else that a busy machine does."""


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
    until(page, "anomaly", f"d.state === 'done' && Number(d.auc) >= {at_least}")
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
    lab.wait(opened_example(page, "denoise"), "done", seconds=LONG)  # the other may wait for its place
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
    assert re.search(f"noisy (images|rows): {noisy:.1f} dB", sentence)
    assert f"{denoised:.1f} dB" in sentence


def check_other_noise(page: Page, lab: Lab, kind: str, *, gain: float = 6) -> None:
    """Denoise: a network that was trained on other noise says so; one click trains one on the noise in view."""
    open_view(page, "denoise")
    page.locator("[data-act=kind]").select_option(kind)
    until(page, "denoise", f"d.kind === '{kind}'")
    expect(page.locator("[data-other-noise]")).to_contain_text("This network was trained on other noise: ")
    assert not grave(page, "[data-view=denoise]")
    before = opened_example(page, "denoise")
    page.get_by_role("button", name="Train on this noise").click()
    until_true(page, "(run) => document.querySelector('.lab-header').dataset.run !== run", before)
    run = opened_example(page, "denoise")
    settings = lab.wait(run, "done", seconds=LONG)["settings"]
    assert (settings["corruption"], str(settings["corruption_level"])) == (kind, data(page, "denoise", "level"))
    until(page, "denoise", f"d.kind === '{kind}' && d.epoch === '{lab.run(run)['epoch']}'")
    expect(page.locator("[data-other-noise]")).to_be_hidden()
    noisy, denoised = (float(data(page, "denoise", f"psnr{name}")) for name in ("Noisy", "Denoised"))
    assert denoised >= noisy + gain


def begin_map(page: Page) -> None:
    """Latent: the view says that it trains a map of clusters, and shows the run in view until it is there."""
    page.locator("[data-tab=latent]").click()
    note = page.locator("[data-view=latent] [data-clusters]")
    expect(note).to_contain_text("It is in training")
    expect(note).to_contain_text(re.compile("it takes|left"))
    expect(note).to_contain_text("The map shows it when it is done.")
    assert "latent-run" not in page.evaluate("location.hash")


def check_clusters(page: Page, lab: Lab, *, at_least: float) -> None:
    """Latent: the map is in view once trained, says for which share the nearest codes are right, and can be left."""
    page.locator("[data-tab=latent]").click()
    example = next(run["id"] for run in lab.state()["runs"] if run["settings"]["penalty"] == "neighbours")
    last = lab.wait(example, "done", seconds=LONG)["epoch"]
    assert opened_example(page, "latent") == example
    until(page, "latent", f"d.neighbours && d.epoch === '{last}'")
    share = float(data(page, "latent", "neighbours"))
    assert share >= at_least
    sentence = page.locator("[data-view=latent] [data-neighbours]")
    expect(sentence).to_contain_text(f"The 10 nearest codes name the right class for {round(100 * share)} %")
    expect(sentence).to_contain_text("that training did not see")
    assert not grave(page, "[data-view=latent]")
    back = page.get_by_role("button", name="Back to run")
    before = f"r{(back.text_content() or '').split()[-1]}"
    back.focus()
    page.keyboard.press("Enter")
    until_true(page, "(run) => document.querySelector('.lab-header').dataset.run === run", before)
    until(page, "latent", f"d.ready === 'true' && d.epoch === '{lab.run(before)['epoch']}'")
    page.get_by_role("button", name="Show clusters").click()
    until_true(page, "(run) => document.querySelector('.lab-header').dataset.run === run", example)


def check_flow(page: Page, lab: Lab, run: str) -> None:
    """Flow: each stage has a sentence, and the row is rebuilt better than by the average row."""
    page.locator("[data-tab=flow]").click()
    until(page, "flow", f"d.ready === 'true' && d.epoch === '{lab.run(run)['epoch']}' && d.playing === 'false'")
    sentence = page.locator("[data-view=flow] .live-sentence")
    error, average = re.findall(r"[Ee]rror (\d+\.?\d*) \(0 is perfect; .*?(\d+\.?\d*)", sentence.inner_text())[0]
    assert float(error) < float(average)
    stages = []
    for layer in range(int(data(page, "flow", "layers"))):
        page.locator("[data-view=flow] [data-act=step]").click()
        until(page, "flow", f"d.layer === '{layer}'")
        stages.append(page.locator("[data-view=flow] [data-stage-words]").inner_text().lower())
    code = next(i for i, words in enumerate(stages) if "the code (bottleneck)" in words)
    assert all("encoder" in words for words in stages[1:code])
    assert all("decoder" in words for words in stages[code + 1 :])


def check_training(page: Page, lab: Lab, run: str) -> None:
    """Training: the validation loss falls, and *From the beginning* shows again how the reconstructions improve."""
    page.locator("[data-tab=training]").click()
    last = lab.run(run)["epoch"]
    until(page, "training", f"d.ready === 'true' && d.epoch === '{last}' && d.records === '{last}'")
    losses = {}
    for key in ("Home", "End"):
        page.keyboard.press(key)
        if key == "Home" and data(page, "training", "epoch") == "0":
            page.keyboard.press("ArrowRight")  # the untrained network has no loss
        words = page.locator("[data-view=training] [data-sentence]").inner_text()
        losses[key] = float(re.findall(r"loss\): (\d+\.?\d*)", words)[0])
    assert losses["End"] < losses["Home"]
    page.get_by_role("button", name="16×").click()
    page.evaluate(
        "() => { const el = document.querySelector('[data-view=training]'); window.seen = [];"
        " new MutationObserver(() => window.seen.push(Number(el.dataset.epoch)))"
        ".observe(el, {attributeFilter: ['data-epoch']}); }"
    )
    page.get_by_role("button", name="From the beginning").click()
    until(page, "training", f"d.replaying === 'false' && window.seen.at(-1) === {last}")
    seen = page.evaluate("window.seen")
    assert seen[0] <= 1
    assert seen == sorted(seen)


def check_within_first_epoch(page: Page, lab: Lab) -> str:
    """Training: a long first epoch shows reconstructions before it ends; the run, stopped after two epochs."""
    until(page, "training", "d.ready === 'true'")
    page.get_by_role("button", name="Stop training").click()
    lab.wait("r1", "stopped", "done")
    page.get_by_text("Change settings and start again").click()
    page.get_by_role("button", name="Start again").click()
    until_true(page, "() => document.querySelector('.lab-header').dataset.run === 'r2'")
    until(page, "training", "Number(d.within) > 0 && Number(d.within) < 1 && d.epoch === '0'")
    expect(page.locator("[data-view=training] [data-sentence]")).to_contain_text("Within epoch 1:")
    until(page, "training", "Number(d.epoch) >= 2")
    page.get_by_role("button", name="Stop training").click()
    lab.wait("r2", "stopped", "done")
    return "r2"


def check_named_columns(page: Page, view: str, heads: list[str], names: set[str]) -> dict[str, str]:
    """The table of a view names the columns as the user does; the first value of each."""
    last = page.get_by_role("columnheader", name=heads[-1], exact=True)
    table = page.locator(f"[data-view={view}] .columns-table:visible").filter(has=last)
    assert table.locator("thead").inner_text().strip().split("\t") == heads
    cells = {row[0]: row[1] for row in table.locator("tbody tr").evaluate_all(
        "rows => rows.map((row) => [...row.children].map((cell) => cell.innerText))")}  # fmt: skip
    assert names <= set(cells)
    return cells
