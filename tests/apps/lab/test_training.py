"""Trainings as a page commands them: paused, stepped, stopped, gone on with, and what becomes of them in trouble."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from narrows.apps.lab.session import InitialContent
from narrows.apps.viewer import protocol
from narrows.apps.viewer.datasets import Source
from tests.apps.lab.client import PATIENCE, SMALL, Page, Said, Served, served

# The small rate keeps early stopping away.
LONG = {"hidden_layer_sizes": [64], "epochs": 3000, "batch_size": 64, "learning_rate": 1e-4}


def gone(process: int) -> bool:
    """Whether a process of ours has ended (a zombie has)."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def wait_for(what) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def settled(page: Page) -> None:
    """Let what is under way arrive."""
    while page.hear(0.3):
        pass


def test_every_epoch_is_told_once_and_in_order(lab: Served) -> None:
    with lab.ready() as page:
        run = page.train("digits", **{**SMALL, "epochs": 40})
        page.until_state(run, "done")
        n = page.run(run)["epoch"]
        page.until(lambda: len(page.records.get(run, [])) == n)
        assert [record["number"] for record in page.records[run]] == list(range(1, n + 1))
        assert lab.json(f"/api/runs/{run}/history")["records"] == page.records[run]
        assert page.records[run][-1]["validation"] < page.records[run][0]["validation"]


def test_the_same_seed_learns_the_same(lab: Served) -> None:
    with lab.ready() as page:
        runs = [page.train("digits", seed=5, **SMALL) for _ in range(2)]
        for run in runs:
            page.until_state(run, "done")
        one, other = ([r["loss"] for r in lab.json(f"/api/runs/{run}/history")["records"]] for run in runs)
        assert one == other


def test_a_paused_run_stands_still_steps_once_and_goes_on(lab: Served) -> None:
    with lab.ready() as page:
        run = page.train("digits", **LONG)
        page.until_state(run, "running")
        page.command("train.pause", run=run)
        page.until_state(run, "paused")
        settled(page)
        n = len(page.records[run])
        assert page.run(run)["epoch"] == n
        assert not page.hear(0.5)
        page.command("train.step", run=run)
        page.until(lambda: len(page.records[run]) == n + 1 and page.run(run)["state"] == "paused")
        settled(page)
        assert len(page.records[run]) == n + 1
        page.command("train.resume", run=run)
        page.until(lambda: len(page.records[run]) > n + 3)
        assert [record["number"] for record in page.records[run]] == list(range(1, len(page.records[run]) + 1))
        page.command("train.stop", run=run)
        stopped = page.until_state(run, "stopped")
        assert stopped["can_resume"]


def test_a_stopped_run_goes_on_from_what_it_learned(lab: Served) -> None:
    with lab.ready() as page:
        run = page.train("digits", **LONG)
        page.until(lambda: len(page.records.get(run, [])) > 5)
        page.command("train.stop", run=run)
        n = page.until_state(run, "stopped")["epoch"]
        before = lab.json(f"/api/runs/{run}/history")["records"]
        page.command("train.resume", run=run)
        page.until(lambda: len(page.records[run]) > n + 2)
        page.command("train.stop", run=run)
        page.until_state(run, "stopped")
        after = lab.json(f"/api/runs/{run}/history")["records"]
        assert after[: len(before)] == before
        assert [record["number"] for record in after] == list(range(1, len(after) + 1))
        assert after[n + 1]["loss"] < before[0]["loss"]


@pytest.mark.slow
def test_a_run_that_is_stopped_and_goes_on_ends_as_an_uninterrupted_one_to_the_bit(lab: Served) -> None:
    settings = {"hidden_layer_sizes": [32], "epochs": 120, "batch_size": 64, "optimizer": "muon", "seed": 3}
    with lab.ready() as page:
        whole = page.train("digits", **settings)
        page.until_state(whole, "done")
        run = page.train("digits", **settings)
        for n in (3, 9, 15):
            page.until(lambda n=n: len(page.records.get(run, [])) > n)
            page.command("train.stop", run=run)
            page.until_state(run, "stopped")
            page.command("train.resume", run=run)
            page.until_state(run, "preparing", "running")  # records may come before the state does
        page.until_state(run, "done")
        models = [lab.session.runs[name].weights.get()[0] for name in (whole, run)]
        for name, weight in models[0].network_.state_dict().items():
            assert torch.equal(weight, models[1].network_.state_dict()[name])
        histories = [lab.json(f"/api/runs/{name}/history")["records"] for name in (whole, run)]
        assert [r["loss"] for r in histories[0]] == [r["loss"] for r in histories[1]]
        wait_for(lambda: not lab.session.run_store.checkpoint(run).exists())


def test_a_loss_that_explodes_is_told_with_its_cure(lab: Served) -> None:
    with lab.ready() as page:
        run = page.train("digits", learning_rate=1e6, **{**SMALL, "epochs": 30})
        found = page.until_state(run, "diverged", "done")
        assert found["state"] == "diverged"
        assert "became NaN or infinite" in found["message"]
        assert found["hint"].startswith("Set learning_rate=")


@pytest.mark.parametrize("variant", ["plain", "denoising", "sparse", "contractive", "variational"])
def test_every_variant_trains_and_is_what_its_name_says(lab: Served, variant: str) -> None:
    with lab.ready() as page:
        run = page.train("digits", variant, **SMALL)
        found = page.until_state(run, "done")
        model = lab.session.runs[run].weights.get()[0]
        assert type(model).variant == variant
        assert found["can_sample"] == (variant == "variational")
        assert found["penalties"] == {"sparse": ["l1"], "contractive": ["contractive"]}.get(variant, [])
        assert found["n_parameters"] == model.network_.n_parameters
        if variant == "variational":
            assert page.ask("sample", run, n=4).arrays["sample"].shape == (4, 8, 8, 1)


def test_the_map_moves_while_it_is_looked_at(lab: Served) -> None:
    with lab.ready() as page:
        run = page.train("digits", **{**SMALL, "n_components": 5, "epochs": 400})
        page.until_state(run, "running")
        shown = page.ask("codes", run, most=300)
        page.until(lambda: sum(frame.view == "codes" for frame in page.pushed) >= 2)
        first, second = [frame for frame in page.pushed if frame.view == "codes"][:2]
        assert first.arrays["xy"].shape == shown.arrays["xy"].shape == (300, 2)
        assert not np.array_equal(first.arrays["xy"], second.arrays["xy"])
        # The plane turns with the network, and does not flip.
        assert (np.einsum("ij,ij->i", first.arrays["axes"], second.arrays["axes"]) > 0).all()
        page.command("train.stop", run=run)
        page.until_state(run, "stopped")


def test_two_trainings_at_once_are_enough(lab: Served) -> None:
    with lab.ready() as page:
        runs = [page.train("digits", **LONG) for _ in range(2)]
        with pytest.raises(Said, match="2 trainings are running already"):
            page.train("digits", **SMALL)
        for run in runs:
            page.command("train.stop", run=run)
            page.until_state(run, "stopped")


def test_a_training_is_not_refused_for_examples_but_an_example_for_trainings(lab: Served) -> None:
    with lab.ready() as page:
        found = page.command("train.example", view="denoise", dataset="digits")
        runs = [found["run"], found["compare"]]
        with pytest.raises(Said, match="2 trainings are running already"):
            page.command("train.example", view="latent", dataset="digits")
        runs += [page.train("digits", **LONG) for _ in range(2)]
        with pytest.raises(Said, match="2 trainings are running already"):
            page.train("digits", **SMALL)
        for run in runs:
            page.end(run)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"n_components": 0}, "The size of the code must be a whole number from 1 to 512"),
        ({"epochs": "many"}, "The number of epochs must be a whole number"),
        ({"hidden_layer_sizes": [9999]}, "The hidden layers must be a whole number from 1 to 4,096"),
        ({"learning_rate": -1}, "The learning rate must be a number of at least 0"),
        ({"optimizer": "luck"}, "The optimizer 'luck' is not known"),
        ({"normal": ["ten"]}, "There is no class 'ten'"),
        ({"colour": 1}, "There is no setting 'colour'"),
    ],
)
def test_a_setting_that_makes_no_sense_gets_a_sentence(lab: Served, settings: dict, words: str) -> None:
    with lab.ready() as page, pytest.raises(Said, match=words):
        page.train("digits", **settings)


def test_a_run_that_is_removed_is_gone(lab: Served) -> None:
    with lab.ready() as page:
        run = page.train("digits", **SMALL)
        page.until_state(run, "done")
        page.command("run.remove", run=run)
        page.until(lambda: all(one["id"] != run for one in page.state["runs"]))
        with pytest.raises(Said, match="no longer exists"):
            page.ask("codes", run)


@pytest.mark.slow
def test_pushes_are_no_more_than_a_page_can_draw(lab: Served) -> None:
    with lab.ready() as page:
        run = page.train("digits", **LONG)
        page.until_state(run, "running")
        page.ask("codes", run)
        start, page.pushed = time.monotonic(), []
        while time.monotonic() < start + 2:
            page.hear(0.1)
        seconds = time.monotonic() - start
        kinds = [frame.header.kind for frame in page.pushed]
        assert kinds.count(protocol.SNAPSHOT) <= 10 * seconds + 2
        assert kinds.count(protocol.CODES) <= 5 * seconds + 2
        page.command("train.stop", run=run)
        page.until_state(run, "stopped")


# -- with processes


@pytest.fixture
def processes(tmp_path: Path):
    with served(tmp_path, backend="process") as lab:
        yield lab


@pytest.mark.slow
def test_a_killed_process_fails_its_run_and_keeps_what_it_learned(processes: Served) -> None:
    with processes.ready() as page:
        page.until_state("r1", "running", "done")
        run = page.train("digits", **LONG)
        page.until(lambda: len(page.records.get(run, [])) > 3)
        victim = next(w.process.pid for w, r in processes.session._workers._busy.items() if r.id == run)
        os.kill(victim, signal.SIGKILL)
        failed = page.until_state(run, "failed")
        assert "ended unexpectedly (signal 9)" in failed["message"]
        assert failed["hint"].startswith("Start the training again")
        assert page.ask("codes", run).arrays["xy"].shape == (1797, 2)
        assert page.run(run)["can_resume"]
        n = page.run(run)["epoch"]
        page.command("train.resume", run=run)
        page.until(lambda: page.run(run)["epoch"] > n + 2)
        numbers = [record["number"] for record in processes.json(f"/api/runs/{run}/history")["records"]]
        assert numbers == list(range(1, len(numbers) + 1))
        page.command("train.stop", run=run)
        page.until_state(run, "stopped")
        again = page.train("digits", **SMALL)
        page.until_state(again, "done")


@pytest.mark.slow
def test_a_stop_in_the_midst_of_an_epoch_ends_the_process_and_keeps_the_epoch_before(tmp_path: Path) -> None:
    np.save(tmp_path / "large.npy", np.random.default_rng(0).random((60_000, 120), np.float32))
    start = lambda: InitialContent(Source.of(str(tmp_path / "large.npy")))  # noqa: E731
    with served(tmp_path, start, backend="process") as lab, lab.ready() as page:
        page.command("train.stop", run="r1")
        page.until_state("r1", "stopped")
        run = page.train("large", hidden_layer_sizes=[512], batch_size=1, epochs=50)
        worker = next(worker for worker, of in lab.session._workers._busy.items() if of.id == run)
        wait_for(lambda: worker.process.is_alive())
        time.sleep(0.1)
        start = time.monotonic()
        page.command("train.stop", run=run)
        stopped = page.until_state(run, "stopped")
        assert time.monotonic() - start < 20
        assert "epoch" in (stopped["message"] or "epoch")
        wait_for(lambda: gone(worker.process.pid))


def test_no_process_outlives_the_server(tmp_path: Path) -> None:
    with served(tmp_path, backend="process") as lab, lab.ready() as page:
        page.until_state("r1", "running", "done")
        page.train("digits", **LONG)
        pids = lab.session._workers.processes
        assert pids
    wait_for(lambda: all(map(gone, pids)))


def test_a_run_with_the_same_settings_is_found_and_only_else_trained(lab: Served) -> None:
    with lab.ready() as page:
        wanted = {"dataset": "digits", "variant": "plain", "settings": {**SMALL, "seed": 77}}
        assert page.command("train.find", **wanted)["run"] is None
        run = page.command("train.find_or_start", **wanted)["run"]
        page.until_state(run, "done")
        assert page.command("train.find", **wanted)["run"] == run
        assert page.command("train.find_or_start", **wanted)["run"] == run
        with pytest.raises(Said, match="There is no setting 'sead'"):
            page.command("train.find", **{**wanted, "settings": {"sead": 1}})
