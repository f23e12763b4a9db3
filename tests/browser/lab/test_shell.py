"""The page around the views: variants, data of one's own, keys, sizes, and what it says when something fails."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.apps.lab.prepared import copy_runs
from tests.browser.axe import grave
from tests.browser.chromium import Chromium
from tests.browser.lab.serving import Lab, data, free_port, lab_page, served, served_digits, until, until_true
from tests.browser.lab.tables import two_kinds
from tests.browser.surfaces import VIEWS


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """With no runs but those that are started here."""
    with served_digits(tmp_path_factory, "r1") as running:
        yield running


@pytest.fixture
def page(chromium: Chromium, lab: Lab) -> Iterator[Page]:
    with lab_page(chromium, lab, "view=training&run=r1") as opened_page:
        until(opened_page, "training", "d.ready === 'true'")
        yield opened_page


def run_in_view(page: Page) -> str:
    return page.locator(".lab-header").get_attribute("data-run") or ""


def stop(page: Page, lab: Lab) -> None:
    """Ends the training of the run in view."""
    page.get_by_role("button", name="Stop training").click()
    lab.wait(run_in_view(page), "stopped")


def test_a_variant_is_one_click_away_and_so_is_the_way_back(page: Page, lab: Lab) -> None:
    page.get_by_role("button", name="Contractive").click()
    until_true(page, "() => document.querySelector('.lab-header').dataset.run !== 'r1'")
    run = run_in_view(page)
    found = lab.wait(run, "running")
    assert found["variant"] == "contractive"
    assert found["settings"]["epochs"] == lab.run("r1")["settings"]["epochs"]
    until(page, "training", "d.ready === 'true'")
    stop(page, lab)
    page.get_by_role("button", name="Plain").click()
    until_true(page, "() => document.querySelector('.lab-header').dataset.run === 'r1'")
    n = len(lab.state()["runs"])
    page.get_by_role("button", name="Contractive").click()
    until_true(page, f"() => document.querySelector('.lab-header').dataset.run === '{run}'")
    assert len(lab.state()["runs"]) == n


def test_a_sparse_run_gets_the_many_units_it_needs_and_the_way_back_finds_the_two(page: Page, lab: Lab) -> None:
    page.get_by_role("button", name="Sparse").click()
    until_true(page, "() => document.querySelector('.lab-header').dataset.run !== 'r1'")
    assert lab.wait(run_in_view(page), "running")["settings"]["n_components"] == 16
    stop(page, lab)
    page.get_by_role("button", name="Plain").click()
    until_true(page, "() => document.querySelector('.lab-header').dataset.run === 'r1'")


def test_names_with_commas_survive_the_address(page: Page) -> None:
    names = ["a, b", "c", "100%", "é&="]
    assert names == page.evaluate(
        """async (names) => { const { createStore } = await import('/static/core/store.js');
        const store = createStore(); store.set('normal', names);
        return createStore(String(store)).get('normal', []); }""",
        names,
    )


def test_a_table_of_ones_own_is_shown_labelled_and_learned(page: Page, lab: Lab, tmp_path: Path) -> None:
    page.get_by_role("button", name="digits").click()
    page.locator("[data-input=file]").set_input_files(two_kinds(tmp_path / "people.csv"))
    card = page.locator("[data-dataset]", has_text="people.csv")
    expect(card).to_have_attribute("aria-checked", "true")
    expect(card).to_contain_text("300 rows")
    expect(page.locator(".preview-table th")).to_contain_text(["height", "weight", "shoe", "leg", "spare", "kind"])
    page.locator("[data-input=label]").select_option("kind")
    expect(page.locator("[data-about=data]")).to_contain_text("odd (30)")
    page.get_by_role("button", name="Train on people.csv").click()
    until_true(page, "() => document.querySelector('.lab-header').dataset.run !== 'r1'")
    run = lab.wait(run_in_view(page), "done")
    assert run["kind"] == "table"
    assert run["n_floats"] == 5
    for i, view in enumerate(VIEWS):
        page.keyboard.press(str(i + 1))
        until(page, view, "d.ready === 'true'")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view


def test_a_folder_of_images_is_learned_with_its_sub_folders_as_classes(page: Page, lab: Lab, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name, low in (("dark", 0), ("light", 120)):
        (tmp_path / "stones" / name).mkdir(parents=True)
        for i in range(24):
            grey = rng.integers(low, low + 120, size=(10, 12), dtype=np.uint8)
            Image.fromarray(grey).save(tmp_path / "stones" / name / f"{i}.png")
    page.get_by_role("button", name="digits").click()
    page.locator("[data-input=folder]").set_input_files(tmp_path / "stones")
    card = page.locator("[data-dataset]", has_text="stones")
    expect(card).to_have_attribute("aria-checked", "true")
    expect(card).to_contain_text("48 images of 10×12, 2 classes")
    expect(page.locator(".preview-images canvas")).to_have_count(12)
    page.get_by_role("button", name="Train on stones").click()
    until_true(page, "() => document.querySelector('.lab-header').dataset.run !== 'r1'")
    assert lab.wait(run_in_view(page), "done")["shape"] == [10, 12, 1]
    page.keyboard.press("2")
    until(page, "latent", "d.ready === 'true' && d.points === '48'")
    expect(page.locator(".legend .chip")).to_contain_text(["dark", "light"])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "empty.csv"),
        ("one.csv", b"a,b\n1,2\n", "single row"),
        ("broken.npy", b"\x93NUMPY not really", "broken.npy"),
    ],
)
def test_a_broken_file_is_refused_with_a_sentence(
    chromium: Chromium, lab: Lab, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    n = len(lab.state()["datasets"])
    page = chromium.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        page.goto(f"{lab.address}/?test=1#view=training&run=r1")
        until(page, "training", "d.ready === 'true'")
        page.locator("[data-action=data]").click()
        page.locator("[data-input=file]").set_input_files(tmp_path / name)
        error = page.locator("[data-upload-error]")
        expect(error).to_be_visible()
        expect(error).to_contain_text(words)
        assert "Traceback" not in error.inner_text()
        assert len(lab.state()["datasets"]) == n
        assert errors == []
    finally:
        page.close()


def test_a_setting_that_cannot_be_is_said_beside_its_field(page: Page) -> None:
    page.get_by_role("button", name="Settings").click()
    field = page.locator("[data-setting=n_components]")
    field.fill("two")
    page.get_by_role("button", name="Train with these settings").click()
    expect(page.locator(".settings .is-problem").first).to_contain_text("whole number")
    expect(field).to_be_focused()
    field.fill("3")
    page.locator("[data-setting=hidden_layer_sizes]").fill("20, 10")
    page.locator("[data-setting=epochs]").fill("3")
    page.get_by_role("button", name="Train with these settings").click()
    until_true(page, "() => document.querySelector('.lab-header').dataset.run !== 'r1'")
    until_true(page, "() => document.querySelector('.lab-header').dataset.runState === 'done'")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_everything_is_reached_by_keys_alone(page: Page) -> None:
    for i, view in enumerate(VIEWS):
        page.keyboard.press(str(i + 1))
        until(page, view, "d.ready === 'true'")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys and help")
    expect(keys).to_contain_text("pause or resume the training")
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.keyboard.press("2")
    until(page, "latent", "d.ready === 'true'")
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.innerText")
        )
        if page.evaluate("document.activeElement.classList.contains('map')"):
            break
    assert page.evaluate("document.activeElement.classList.contains('map')"), seen
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    before = data(page, "latent", "z")
    page.keyboard.press("ArrowLeft")
    until(page, "latent", f"d.z !== '{before}'")
    expect(page.locator("[data-live=true]").first).to_contain_text("z ")


def test_every_control_has_a_name(page: Page) -> None:
    for i, view in enumerate(VIEWS):
        page.keyboard.press(str(i + 1))
        until(page, view, "d.ready === 'true'")
        nameless = page.evaluate(
            """() => [...document.querySelectorAll(
                '.narrows-lab :is(button, input, select, [role=slider], [tabindex="0"])')]
            .filter(el => el.offsetParent !== null || el instanceof SVGElement)
            .filter(el => !(el.getAttribute('aria-label') || el.getAttribute('aria-labelledby')
                || el.textContent?.trim()
                || el.labels?.[0]?.textContent.trim() || el.title)).map(el => el.outerHTML.slice(0, 120))"""
        )
        assert nameless == [], view


def test_light_and_dark_follow_the_system_until_one_chooses(chromium: Chromium, lab: Lab) -> None:
    with lab_page(chromium, lab, "view=latent&run=r1", scheme="dark") as page:
        until(page, "latent", "d.ready === 'true'")
        root = page.locator(".narrows-lab")
        expect(root).to_have_attribute("data-theme", "dark")
        page.get_by_role("button", name="Switch to light").click()
        expect(root).to_have_attribute("data-theme", "light")
        page.reload()
        until(page, "latent", "d.ready === 'true'")
        expect(root).to_have_attribute("data-theme", "light")


def test_the_python_the_picture_and_the_model_go_along(page: Page, lab: Lab, tmp_path: Path) -> None:
    import narrows

    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=lab.address)
    page.get_by_role("button", name="Copy Python").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    code = page.evaluate("navigator.clipboard.readText()")
    compile(code, "recipe", "exec")
    assert "Autoencoder(" in code
    with page.expect_download() as picture:
        page.get_by_role("button", name="Save PNG").click()
    assert picture.value.suggested_filename == "narrows-training.png"
    picture.value.save_as(tmp_path / "view.png")
    with Image.open(tmp_path / "view.png") as image:
        grey = np.asarray(image.convert("L"), float)
    assert grey.shape[1] > 2000
    assert (np.abs(grey - np.median(grey)) > 60).mean() > 0.02
    with page.expect_download() as model:
        page.get_by_role("button", name="Save model").click()
    model.value.save_as(tmp_path / "model.zip")
    with zipfile.ZipFile(tmp_path / "model.zip") as packed:
        packed.extractall(tmp_path / "model")
    found = narrows.load(next(path.parent for path in (tmp_path / "model").rglob("narrows.json")))
    assert found.n_components_ == 2


def test_a_picture_has_its_source_and_no_controls(page: Page) -> None:
    page.evaluate("""() => {
        window.pictured = [];
        const set = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, 'src').set;
        const keep = function (v) { window.pictured.push(v); set.call(this, v); };
        Object.defineProperty(HTMLImageElement.prototype, 'src', { set: keep });
    }""")
    with page.expect_download():
        page.get_by_role("button", name="Save PNG").click()
    drawn = page.evaluate("() => window.pictured.map(decodeURIComponent).find((one) => one.includes('foreignObject'))")
    epoch = page.locator(".lab-header").get_attribute("data-epoch")
    assert f"digits · run 1: plain, code of 2 · epoch {epoch} · narrows " in drawn
    body = drawn.partition("</style>")[2]
    assert "<canvas" not in body
    assert not [word for word in ("<input", "<select", "<details", 'class="controls') if word in body]


def test_data_that_are_not_here_say_how_to_fetch_them(page: Page, lab: Lab) -> None:
    missing = [one for one in lab.state()["offered"] if not one["here"]]
    if not missing:
        pytest.skip("all data sets are on this machine")
    page.locator("[data-action=data]").click()
    for one in missing:
        command = page.get_by_text(f"narrows data fetch {one['id']}", exact=True)
        card = page.locator(".card.is-offer").filter(has=command)
        expect(card).to_contain_text("in a terminal")
        expect(card.get_by_role("button", name="Open")).to_be_hidden()


def test_a_second_page_sees_the_same_training(chromium: Chromium, lab: Lab, page: Page) -> None:
    with lab_page(chromium, lab, "view=training&run=r1") as other:
        until(other, "training", "d.ready === 'true'")
        for one in lab.state()["runs"]:  # the examples of other tests may still be training
            if one["state"] in ("preparing", "running", "pausing"):
                lab.wait(one["id"], "done", "stopped")
        page.get_by_role("button", name="Train again").click()
        until_true(page, "() => document.querySelector('.lab-header').dataset.run !== 'r1'")
        run = run_in_view(page)
        other.get_by_role("button", name="Runs").click()
        other.locator(f".run-item[data-run={run}] .run-choose").click()
        last = lab.wait(run, "done")["epoch"]
        until(other, "training", f"d.epoch === '{last}'")
        until(page, "training", f"d.epoch === '{last}'")


def test_a_server_killed_in_the_middle_of_a_training_comes_back_with_what_was_learned(
    chromium: Chromium, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    port = free_port()
    page = chromium.new_page()
    copy_runs(tmp_path_factory, tmp_path / "lab", "r1")
    try:
        with served(tmp_path, "digits", port=port) as lab:
            page.goto(f"{lab.address}/?test=1#view=training&run=r1&settings=1")
            until(page, "training", "d.ready === 'true'")
            page.locator("[data-restart=epochs]").fill("10000")
            page.locator("[data-restart=learning_rate]").fill("0.02")  # which rises over the first 500 epochs
            page.get_by_role("button", name="Start again").click()
            until_true(page, "() => document.querySelector('.lab-header').dataset.run === 'r2'")
            until(page, "training", "Number(d.epoch) >= 20")
            while not (tmp_path / "lab" / "runs" / "r2" / "config.json").exists():
                page.wait_for_timeout(50)
            lab.kill()
        expect(page.locator(".lab-notice")).to_contain_text("Reconnecting… Showing epoch")
        with served(tmp_path, "digits", port=port) as lab:
            until_true(page, "() => document.querySelector('.lab-header').dataset.runState === 'stopped'")
            expect(page.locator(".lab-notice")).to_be_hidden()
            kept = lab.run("r2")["epoch"]
            assert kept >= 1
            page.get_by_role("button", name="Resume").click()
            until(page, "training", f"Number(d.records) > {kept}")
            page.get_by_role("button", name="Stop training").click()
            stopped = lab.wait("r2", "stopped")
            until(page, "training", f"d.records === '{stopped['epoch']}'")
            assert lab.complaints() == ""
    finally:
        page.close()


def test_what_is_seen_stays_until_a_server_that_was_started_again_knows_its_runs(page: Page) -> None:
    heard = page.evaluate(
        """async () => {
          const { createSession } = await import('/static/core/session.js');
          const { createStore } = await import('/static/core/store.js');
          const host = { can: {}, reduced: true, history: async () => [], announce() {} };
          const lab = createSession(createStore(''), host);
          const heard = [];
          lab.on('connection', (state) => heard.push(state));
          const hear = (status, ...runs) => {
            const opens_on = runs.at(-1) ?? null;
            lab.receive({ t: 'state', state: { status, opens_on, runs: runs.map((id) => ({ id })), datasets: [] } });
            heard.push(`${status} ${lab.connected} ${lab.run?.id}`);
          };
          lab.connection('open');
          hear('starting');
          hear('starting', 'r1');
          hear('ready', 'r1', 'r2');
          lab.connection('lost');
          lab.connection('open');
          hear('starting');
          hear('ready', 'r1', 'r2');
          lab.connection('lost');
          lab.connection('open');
          hear('ready', 'r3', 'r4');
          return heard;
        }"""
    )
    assert heard == [
        # The run in view does not change when another one begins.
        *("open", "starting true undefined", "starting true r1", "ready true r1"),
        *("lost", "starting false r1", "open", "ready true r1"),
        # A server on other data opens its own run.
        *("lost", "open", "ready true r4"),
    ]


def test_a_view_that_has_gone_neither_hears_nor_queries(page: Page) -> None:
    seen = page.evaluate(
        """async () => {
          const { createSession, viewSession } = await import('/static/core/session.js');
          const { createStore } = await import('/static/core/store.js');
          const heard = [];
          const host = { can: {}, reduced: true, history: async () => [], announce() {} };
          const lab = createSession(createStore('view=flow'), host);
          let answer;
          const query = (view, run) => {
            heard.push(`${view} of ${run}`);
            return new Promise((resolve) => { answer = resolve; });
          };
          lab.attach({ query });
          lab.receive({ t: 'state', state: { status: 'ready', runs: [{ id: 'r1' }], datasets: [] } });
          const view = viewSession(lab);
          const dropped = (query) => query.then(() => 'answered', (error) => (error.dropped ? 'dropped' : 'failed'));
          const before = dropped(view.lab.query('scores'));
          answer({ about: {} });
          await before;
          const waiting = dropped(view.lab.query('scores'));
          const off = { later: () => {} };
          lab.on('run', () => { view.end(); off.later(); });
          off.later = lab.on('run', () => heard.push('the view that has gone'));
          lab.emit('run', null);
          answer({ about: {} });
          return [...heard, await before, await waiting, await dropped(view.lab.query('scores')), heard.length];
        }"""
    )
    assert seen == ["scores of r1", "scores of r1", "answered", "dropped", "dropped", 2]


def test_the_page_recovers_by_itself_when_the_server_comes_back(
    chromium: Chromium, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    port = free_port()
    page = chromium.new_page()
    copy_runs(tmp_path_factory, tmp_path / "lab", "r1")
    try:
        with served(tmp_path, "digits", port=port) as lab:
            page.goto(f"{lab.address}/?test=1#view=latent&run=r1")
            until(page, "latent", "d.ready === 'true'")
            z, last = data(page, "latent", "z"), lab.run("r1")["epoch"]
            page.locator("[data-view=latent]").evaluate("el => { el.dataset.mark = 'the same'; }")
        notice = page.locator(".lab-notice")
        expect(notice).to_contain_text(f"Reconnecting… Showing epoch {last}", timeout=20_000)
        expect(page.locator("[data-action=train]")).to_be_disabled()
        with served(tmp_path, "digits", port=port):
            expect(notice).to_be_hidden(timeout=30_000)
            expect(page.locator("[data-action=train]")).to_be_enabled(timeout=30_000)
            page.locator(".map").first.focus()
            page.keyboard.press("ArrowRight")
            until(
                page, "latent", f"d.z !== '{z}' && document.querySelector('[data-picture=decoded]').dataset.z === d.z"
            )
            assert data(page, "latent", "mark") == "the same"
    finally:
        page.close()


def test_a_finished_run_has_its_diagnosis_under_the_title_of_every_view(chromium: Chromium, lab: Lab) -> None:
    with lab_page(chromium, lab, "view=training&run=r1") as page:
        for view in ("training", "flow", "latent"):
            page.locator(f"[data-tab={view}]").click()
            until(page, view, "d.ready === 'true'")
            line = page.locator(f"[data-view={view}] h2 ~ [data-diagnosis]")
            expect(line).to_contain_text("Diagnosis: ")
        pca = float(page.locator(".lab-status [data-pca] b").inner_text())
        expect(line).to_contain_text(f"PCA with 2 numbers: {pca:.3g}.")
        assert not grave(page, ".lab-header")
        before = page.locator(".lab-header").get_attribute("data-run")
        page.get_by_role("button", name="Train again").click()
        until_true(page, "(run) => document.querySelector('.lab-header').dataset.run !== run", before)
        expect(line).to_be_hidden()  # no verdict on an unfinished training
        lab.wait(page.locator(".lab-header").get_attribute("data-run") or "", "done")


def test_the_whole_map_is_in_the_window_of_a_laptop_below_one_line_of_diagnosis(chromium: Chromium, lab: Lab) -> None:
    with lab_page(chromium, lab, "view=latent&run=r1", width=1280, height=800) as page:
        until(page, "latent", "d.ready === 'true'")
        words = page.locator("[data-view=latent] [data-diagnosis] > summary")
        expect(words).to_be_visible()
        lines = "el => el.getBoundingClientRect().height / parseFloat(getComputedStyle(el).lineHeight)"
        is_cut = "el => el.scrollWidth > el.clientWidth"
        assert words.evaluate(lines) == pytest.approx(1, abs=0.1)
        assert words.evaluate(is_cut)
        box = page.locator("[data-view=latent] .map").first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 800
        assert box["height"] >= 320
        assert (words.locator("..").get_attribute("title") or "").startswith("The model learned")
        words.click()  # shows all of it
        until_true(page, "() => document.querySelector('.diagnosis').open")
        assert words.evaluate(lines) == pytest.approx(2, abs=0.1)
        assert not words.evaluate(is_cut)
        assert not grave(page, ".view")
