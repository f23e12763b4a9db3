"""Fits by several processes: the weights are those of one process with as many pieces, to the bit."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from narrows import Autoencoder, load
from narrows.errors import SettingError
from tests.estimators import worker_fits
from tests.mixed_table import FRAME


def results(folder: Path, size: int, cases: tuple[str, ...]) -> Sequence[BaseProcess]:
    """Start `size` workers that fit the cases."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.estimators.worker_fits"])
    folder.mkdir()
    workers = [context.Process(target=worker_fits.run, args=(rank, size, str(folder), cases)) for rank in range(size)]
    for worker in workers:
        worker.start()
    return workers


def assert_equal_to_one_process(folder: Path, size: int, cases: tuple[str, ...]) -> None:
    started = [*results(folder / "one", 1, cases), *results(folder / "several", size, cases)]
    for worker in started:
        worker.join()
        assert worker.exitcode == 0
    for i, name in enumerate(cases):
        one = (folder / "one" / f"{i}.0").read_bytes()
        assert len(one) > 20, name
        for rank in range(size):
            assert (folder / "several" / f"{i}.{rank}").read_bytes() == one, f"{name}, worker {rank} of {size}"


def test_two_workers_give_the_weights_of_one_process(tmp_path):
    assert_equal_to_one_process(tmp_path, 2, tuple(worker_fits.CASES))
    assert b"not stopped" not in (tmp_path / "one" / "3.0").read_bytes()
    first, second = (json.loads((tmp_path / "several" / f"sentences.{rank}").read_text()) for rank in range(2))
    assert first[0].startswith("WorkerError: The rows of worker 1 of 2 differ from those of worker 0")
    assert first[1].startswith("WorkerError: The settings of worker 1 of 2 differ from those of worker 0")
    assert first[2].startswith("WorkerError: Worker 1 of 2 failed: ")
    assert "no.csv" in first[2]
    assert second[:2] == first[:2]
    assert second[2].startswith("DataNotFoundError: ")
    assert first[3] == "WorkerError: Worker 1 of 2 failed: table.csv is damaged."
    assert second[3] == "DataError: table.csv is damaged."
    assert second[4:] == first[4:]  # the seed that was drawn, and the weights


@pytest.mark.slow
def test_four_workers_give_the_weights_of_one_process(tmp_path):
    assert_equal_to_one_process(tmp_path, 4, (*worker_fits.CASES, *worker_fits.MORE))


def test_the_number_of_pieces_is_saved_and_loaded(tmp_path):
    model = Autoencoder(n_components=1, hidden_layer_sizes=(4,), epochs=1, n_pieces=3, random_state=0)
    model.fit(worker_fits.X).save(tmp_path / "m")
    assert load(tmp_path / "m").n_pieces_ == 3
    assert model.set_params(n_pieces="auto").fit(worker_fits.X).n_pieces_ == 1


def test_pieces_of_a_penalty_that_needs_all_rows_are_refused_at_the_fit():
    with pytest.raises(SettingError, match=r"A batch in 2 pieces .* 'neighbours'"):
        Autoencoder(penalty="neighbours", n_components=2, n_pieces=2).fit(worker_fits.X)


COMMAND = ["-m", "narrows", "fit", "table.csv", "-o", "model", "--seed", "1", "--n-components", "2", "--epochs", "60"]
COMMAND += ["--patience", "60", "--batch-size", "64", "--checkpoint-every", "0", "--quiet"]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node"]


def in_folder(folder: Path) -> dict[str, object]:
    folder.mkdir()
    FRAME.sample(900, replace=True, random_state=0).to_csv(folder / "table.csv", index=False)
    root = str(Path(__file__).parents[2])
    return {"cwd": folder, "env": {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": root}, "text": True}


def weights(folder: Path) -> bytes:
    return (folder / "model" / "model.safetensors").read_bytes()


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    while not path.exists():
        assert process.poll() is None
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("reading", ["--in-memory", "--out-of-core"])
def test_a_training_of_two_processes_is_resumed_by_one_and_by_two(tmp_path, reading):
    where = in_folder(tmp_path / "one")
    of_fit = [*COMMAND, reading]
    subprocess.run([sys.executable, *of_fit, "--n-pieces", "2"], **where, check=True)  # pyright: ignore
    for folder, again in [("by one", [sys.executable]), ("by two", [*TORCHRUN, "2", "--master-port", free_port()])]:
        where = in_folder(tmp_path / folder)
        command = [*TORCHRUN, "2", "--master-port", free_port(), *of_fit]
        with subprocess.Popen(command, **where, stderr=subprocess.PIPE, start_new_session=True) as process:  # pyright: ignore
            wait_for(tmp_path / folder / "model.checkpoint" / "narrows.json", process)  # pyright: ignore
            os.killpg(process.pid, signal.SIGKILL)
            kill_workers(tmp_path / folder)
        assert not (tmp_path / folder / "model" / "narrows.json").exists()
        subprocess.run([*again, *of_fit, "--resume"], **where, check=True)  # pyright: ignore
        assert weights(tmp_path / folder) == weights(tmp_path / "one"), folder


@pytest.mark.slow
def test_torchrun_prints_once_and_a_signal_to_one_worker_saves_the_model(tmp_path):
    where = in_folder(tmp_path / "runs")
    command = [*TORCHRUN, "2", "--master-port", free_port(), *COMMAND, "--epochs", "100000", "--patience", "99999"]
    with subprocess.Popen(command, **where, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # pyright: ignore
        wait_for(tmp_path / "runs" / "model.checkpoint" / "narrows.json", process)  # pyright: ignore
        os.kill(next(iter(workers_in(tmp_path / "runs"))), signal.SIGTERM)
        out, _ = process.communicate(timeout=120)
    assert out.count("Saved as model.") + out.count("the model is saved as model") <= 1
    assert load(tmp_path / "runs" / "model").interrupted_


def free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def workers_in(folder: Path) -> list[int]:
    """Return the processes that run in a folder, other than torchrun itself."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.readlink(entry / "cwd") == str(folder):
                command = (entry / "cmdline").read_bytes()
                if b"torch.distributed.run" not in command and b"table.csv" in command:
                    found.append(int(entry.name))
        except OSError:
            continue
    return found


def kill_workers(folder: Path) -> None:
    for pid in workers_in(folder):
        os.kill(pid, signal.SIGKILL)
