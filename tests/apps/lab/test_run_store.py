"""What is left when the server ends, however it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from narrows.apps.lab.run_store import MOST_RUNS, RunStore
from narrows.apps.lab.session_types import InitialContent
from narrows.apps.viewer.datasets import Source, load
from narrows.apps.viewer.runs import Frames
from tests.apps.lab.client import SMALL, Served, served
from tests.apps.lab.test_training import wait_for


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def test_a_finished_run_is_there_again_whole(home: Path) -> None:
    with served(home) as lab, lab.ready() as page:
        page.until_state("r1", "done")
        run = page.train("digits", **SMALL)
        before = page.until_state(run, "done")
        codes = page.ask("codes", run).arrays["xy"]
        frames = page.ask("frames", run).arrays["rebuilt"]
    _forget_the_untrained_network(home / "runs" / "r1" / "frames.npz")
    with served(home) as lab, lab.ready() as page:
        after = page.until_state(run, "done")
        assert after == before
        assert np.array_equal(page.ask("codes", run).arrays["xy"], codes)
        assert np.array_equal(page.ask("frames", run).arrays["rebuilt"], frames)
        assert page.ask("frames", run).arrays["epoch"][0] == 0
        assert page.ask("frames", "r1").arrays["epoch"].tolist() == list(range(1, page.run("r1")["epoch"] + 1))
        assert {one["id"] for one in page.state["runs"]} == {"r1", run}  # and nothing new was begun
        assert page.train("digits", **SMALL) == "r3"


def _forget_the_untrained_network(path: Path) -> None:
    """As the frames were written before there was an epoch 0."""
    with np.load(path) as arrays:
        kept = {name: arrays[name][1:] if name in ("epochs", "rebuilt") else arrays[name] for name in arrays}
    np.savez_compressed(path, **kept)


@pytest.mark.slow
def test_a_server_that_is_killed_leaves_what_was_learned(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "narrows", "lab", "--no-browser", "--port", str(port)]
    environment = {**os.environ, "NARROWS_LAB": str(tmp_path)}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: _is_up(port))
        lab = Served(None, port, None)  # type: ignore[arg-type]
        with lab.ready() as page:
            page.until_state("r1", "running", "done")
            run = page.train("digits", hidden_layer_sizes=[32], epochs=9000, batch_size=4)  # lasts for a minute
            config = tmp_path / "runs" / run / "config.json"
            wait_for(lambda: config.is_file() and json.loads(config.read_text())["epoch"] > 1)
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()
    with served(tmp_path) as lab, lab.ready() as page:
        found = page.run(run)
        assert found["state"] == "stopped"
        assert "The server ended during this training" in found["message"]
        assert found["can_resume"]
        records = lab.json(f"/api/runs/{run}/history")["records"]
        assert len(records) == found["epoch"] > 1
        assert page.ask("rows", run).header.epoch == found["epoch"]
        page.command("train.resume", run=run)
        page.until(lambda: page.records.get(run) and page.records[run][-1]["number"] > found["epoch"] + 1)
        after = lab.json(f"/api/runs/{run}/history")["records"]
        assert after[: len(records)] == records
        assert [record["number"] for record in after] == list(range(1, len(after) + 1))


def _is_up(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


def test_damaged_runs_are_passed_over(home: Path) -> None:
    runs = home / "runs"
    shutil.copytree(runs / "r1", runs / "r2")
    (runs / "r2" / "config.json").write_text("{")
    (runs / ".r9.12345678.part").mkdir()
    (runs / "r1").rename(runs / ".r1.12345678.old")
    found = RunStore(home).load()
    assert [run.id for run, _ in found] == ["r1"]
    assert not list(runs.glob(".*"))


def test_a_damaged_file_of_arrays_costs_no_other_run(home: Path) -> None:
    runs = home / "runs"
    shutil.copytree(runs / "r1", runs / "r2", ignore=lambda *_: ["config.json"])
    config = json.loads((runs / "r1" / "config.json").read_text())
    (runs / "r2" / "config.json").write_text(json.dumps({**config, "id": "r2", "number": 2}))
    for file in (runs / "r1" / "weights.npz", runs / "r2" / "frames.npz"):
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2])
    ((run, _),) = RunStore(home).load()
    assert run.id == "r1"
    assert run.frames.kept
    assert run.past_weights.kept == []


def test_the_shelf_holds_the_newest_runs(home: Path) -> None:
    first = (home / "runs" / "r1" / "config.json").read_text()
    for number in range(2, MOST_RUNS + 4):
        folder = home / "runs" / f"r{number}"
        (folder / "model").mkdir(parents=True)
        result = {**json.loads(first), "id": f"r{number}", "number": number}
        (folder / "config.json").write_text(json.dumps(result))
        (folder / "history.json").write_text("[]")
    found = RunStore(home).load()
    assert [run.number for run, _ in found] == list(range(4, MOST_RUNS + 4))
    assert not (home / "runs" / "r1").exists()


@pytest.mark.slow
def test_two_labs_share_a_home_and_neither_writes_over_the_runs_of_the_other(tmp_path: Path) -> None:
    with served(tmp_path) as one, served(tmp_path) as other:
        names = []
        for lab in (one, other):
            with lab.ready() as page:
                (found,) = page.state["runs"]
                names.append(found["id"])
                page.until_state(found["id"], "done")
        assert sorted(names) == ["r1", "r2"]
    with served(tmp_path) as lab, lab.ready() as page:
        assert {run["id"] for run in page.state["runs"]} == {"r1", "r2"}


def test_a_run_that_another_lab_trains_is_neither_loaded_nor_cleaned_up(home: Path) -> None:
    store = RunStore(home)
    assert store.claim_number(1) == 2  # r1 is there
    (home / "runs" / "r2").mkdir()
    (home / "runs" / ".r2.12345678.part").mkdir()
    other = RunStore(home)
    assert [run.id for run, _ in other.load()] == ["r1"]
    assert (home / "runs" / ".r2.12345678.part").is_dir()
    assert not other.claim("r2")
    assert other.claim_number(2) == 3
    store.close()
    other.load()
    assert not (home / "runs" / ".r2.12345678.part").exists()
    assert other.claim("r2")


@pytest.mark.parametrize("n", [1, 2, 7, 100, 1000])
def test_frames_are_thinned_evenly_and_end_with_the_newest(n: int) -> None:
    frames = Frames(budget=10 * 64)
    for epoch in range(1, n + 1):
        frames.add(epoch, np.full(64, epoch % 256, np.uint8))
    epochs = [epoch for epoch, _ in frames.kept]
    assert len(epochs) <= 11
    assert epochs[0] == 1
    assert epochs[-1] == n
    assert [frame[0] for _, frame in frames.kept] == [epoch % 256 for epoch in epochs]
    steps = np.diff(epochs)[:-1]
    assert len(set(steps.tolist())) <= 1
    assert n < 10 or len(epochs) >= 5


def reopened(home: Path, start: InitialContent) -> dict[str, Any]:
    """The state of a lab that is started with this content, without further trainings."""
    with served(home, lambda: start) as lab, lab.ready() as page:
        assert all(run["state"] in ("done", "stopped") for run in page.state["runs"])
        return page.state


def test_the_next_start_opens_on_what_was_worked_on_and_never_on_an_example(home: Path, tmp_path: Path) -> None:
    table = tmp_path / "my.csv"
    table.write_text("a,b,c\n" + "\n".join(f"{i % 7},{i % 5},{i}" for i in range(60)))
    digits, own = InitialContent(Source.of("digits"), is_default=True), InitialContent(Source.of(str(table)))
    with served(home, lambda: own) as lab, lab.ready() as page:
        mine = page.until_state("r2", "done")["id"]
        page.command("run.shown", run=mine)
        example = page.command("train.example", view="denoise", dataset=page.run(mine)["dataset"])["run"]
        page.until_state(example, "running", "done")  # before its first epoch there is nothing to keep
        page.end(example)
    for start, first in [(digits, mine), (own, mine), (InitialContent(Source.of("digits")), "r1")]:
        assert reopened(home, start)["opens_on"] == first
    (home / "shown.txt").unlink()  # as a lab of an earlier version leaves it
    state = reopened(home, digits)
    assert (state["opens_on"], state["opened"]) == (mine, "my")
    assert next(run for run in state["runs"] if run["id"] == example)["example"]
    table.unlink()
    load.cache_clear()
    assert reopened(home, digits)["opens_on"] == "r1"
