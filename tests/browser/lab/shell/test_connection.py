"""The page and its server: lost, found again, and shared by two pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.apps.lab.prepared import copy_runs
from tests.browser.chromium import Chromium
from tests.browser.lab.serving import Lab, data, free_port, lab_page, run_in_view, served, until, until_true


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
