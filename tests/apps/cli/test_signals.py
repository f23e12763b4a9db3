"""SIGTERM, SIGHUP and Ctrl-C, as real signals to real processes."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import narrows
from narrows.apps.cli import main, signals

ENDLESS = ("--epochs", "100000", "--patience", "100000", "--hidden", "16")
SLOW_SAVE = """
import sys
from narrows.estimators.saving import model_folder
from narrows.apps.cli import main

write = model_folder.write_folder

def slow(*args, **kwargs):
    print("saving", flush=True)
    sys.stdin.readline()
    write(*args, **kwargs)

model_folder.write_folder = slow
sys.exit(main())
"""

SAID_FIT = """
import sys
from narrows.apps.cli import main
from narrows.estimators.anomaly.default_scorer import DefaultScorer

fit = DefaultScorer.fit

def said(*args, **kwargs):
    print("fitting", file=sys.stderr, flush=True)
    while True:
        fit(*args, **kwargs)

DefaultScorer.fit = said
sys.exit(main())
"""
SLOW_EPOCH = """
import sys
from narrows.apps.cli import main
from narrows.training import Trainer

update, n_batches = Trainer._update, 0

def slow(*args, **kwargs):
    global n_batches
    n_batches += 1
    if n_batches == 3:
        print("the third batch", file=sys.stderr, flush=True)
        sys.stdin.readline()
    return update(*args, **kwargs)

Trainer._update = slow
sys.exit(main())
"""
SLOW_READ = """
import sys
from narrows.apps.cli import main

def slow(*args, **kwargs):
    print("reading", file=sys.stderr, flush=True)
    sys.stdin.readline()

sys.modules["narrows.apps.cli.commands.fit"].read_for_fit = slow
sys.exit(main())
"""


def start(*arguments: str, cwd: Path, script: str | None = None, **options: object) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if k != "NARROWS_DEBUG"}
    program = ["-m", "narrows"] if script is None else ["-c", script]
    return subprocess.Popen(
        [sys.executable, *program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=cwd,
        **options,
    )  # pyright: ignore[reportCallIssue]


def wait_for(run: subprocess.Popen[str], words: str) -> None:
    """Read standard error until it says `words`."""
    assert run.stderr is not None
    for line in run.stderr:
        if words in line:
            return
    pytest.fail(f"it never said {words!r}")


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), pytest.param(signal.SIGHUP, 129, marks=pytest.mark.slow)]
)
@pytest.mark.slow
def test_an_ended_training_is_saved(tmp_path: Path, number: signal.Signals, status: int) -> None:
    run = start("fit", "digits", "-o", "m", "--json", *ENDLESS, cwd=tmp_path)
    wait_for(run, "epoch 1/")
    run.send_signal(number)
    run.send_signal(number)  # as `timeout` and a closing terminal do
    out, err = run.communicate(timeout=60)
    assert run.returncode == status
    assert f"Stopped by {number.name} after" in err
    assert err.splitlines()[-1] == f"Stopped by {number.name}; the model is saved as m."
    assert json.loads(out)["kind"] == "Interrupted"
    assert narrows.load(tmp_path / "m").history_
    assert os.listdir(tmp_path) == ["m"]


@pytest.mark.slow
def test_a_terminal_that_is_closed_does_not_cost_the_model(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    run = subprocess.Popen(
        [sys.executable, "-m", "narrows", "fit", "digits", "-o", "m", *ENDLESS],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=tmp_path,
        start_new_session=True,
        preexec_fn=_take_terminal,
    )
    os.close(theirs)
    seen = b""
    while b"/100000" not in seen:
        seen += os.read(ours, 4096)
    os.close(ours)
    assert run.wait(60) == 129
    assert narrows.load(tmp_path / "m").history_


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.mark.slow
def test_a_training_that_ends_in_its_first_epoch_is_saved(tmp_path: Path) -> None:
    run = start("fit", "digits", "-o", "m", cwd=tmp_path, script=SLOW_EPOCH)
    wait_for(run, "the third batch")
    run.send_signal(signal.SIGTERM)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 143
    assert "Stopped by SIGTERM in the first epoch; the model is kept as it is." in err
    assert err.splitlines()[-1] == "Stopped by SIGTERM; the model is saved as m."
    assert narrows.load(tmp_path / "m").is_trained_


@pytest.mark.slow
def test_an_end_before_the_first_batch_leaves_nothing(tmp_path: Path) -> None:
    run = start("fit", "digits", "-o", "m", cwd=tmp_path, script=SLOW_READ)
    wait_for(run, "reading")
    run.send_signal(signal.SIGTERM)
    out, err = run.communicate(timeout=60)
    assert (run.returncode, out, err) == (143, "", "Stopped by SIGTERM; nothing was written.\n")
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_model_that_is_being_saved_is_saved(tmp_path: Path, number: signal.Signals) -> None:
    run = start("fit", "digits", "-o", "m", "--epochs", "1", "--hidden", "16", cwd=tmp_path, script=SLOW_SAVE)
    assert run.stdout is not None
    assert run.stdout.readline() == "saving\n"
    run.send_signal(number)
    _, err = run.communicate("\n", timeout=60)
    assert run.returncode == 128 + number
    assert err.splitlines()[-1].endswith("; the model is saved as m.")
    assert narrows.load(tmp_path / "m").history_
    assert os.listdir(tmp_path) == ["m"]


@pytest.mark.slow
def test_a_second_request_ends_it_at_once(tmp_path: Path) -> None:
    run = start("fit", "digits", "-o", "m", "--epochs", "1", "--hidden", "16", cwd=tmp_path, script=SLOW_SAVE)
    assert run.stdout is not None
    assert run.stdout.readline() == "saving\n"
    run.send_signal(signal.SIGTERM)
    while run.poll() is None:  # those within half a second are one request
        run.send_signal(signal.SIGTERM)
        try:
            run.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
    run.communicate()
    assert run.returncode == -signal.SIGTERM
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_ended_detector_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    run = start("detect", "digits", "-o", "d", cwd=tmp_path, script=SAID_FIT)
    wait_for(run, "fitting")
    run.send_signal(number)
    out, err = run.communicate(timeout=60)
    assert (run.returncode, out) == (128 + number, "")
    assert err.endswith("; nothing was written.\n")
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
def test_an_ended_sweep_keeps_the_values_that_are_done(tmp_path: Path) -> None:
    values = ",".join(map(str, range(1, 60)))
    more = ("--values", values, "--epochs", "20", "--hidden", "16")
    run = start("sweep", "digits", "-o", "s.csv", *more, cwd=tmp_path)
    wait_for(run, "1 of 59")
    run.send_signal(signal.SIGTERM)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 143
    assert "Stopped by SIGTERM after" in err
    n_done = len((tmp_path / "s.csv").read_text().splitlines()) - 1
    assert 1 <= n_done < 59


def test_ctrl_c_ends_a_sweep_and_not_one_of_its_fits(shell, quick, monkeypatch) -> None:
    from narrows.estimators import Autoencoder

    fit_epochs, epochs = Autoencoder.fit_epochs, []

    def interrupted(model: Autoencoder, *args: object, **kwargs: object):
        for epoch in fit_epochs(model, *args, **kwargs):  # pyright: ignore[reportArgumentType]
            yield epoch
            epochs.append(epoch)
            if len(epochs) == 3:  # the first of the second value's two
                model._progress.interrupted = True  # pyright: ignore[reportOptionalMemberAccess]
                return

    monkeypatch.setattr(Autoencoder, "fit_epochs", interrupted)
    done = shell("sweep", "digits", "--values", "1,2,3", "--json", *quick)
    assert (done.status, len(done.json["points"])) == (0, 1)
    assert "Interrupted after 1 of 3 values." in done.err


def test_an_ignored_signal_stays_ignored_and_handlers_are_put_back() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.listening():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_no_signal_is_taken_by_an_import_or_in_another_thread() -> None:
    code = "import signal, narrows.apps.cli.app; print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
    status = []
    thread = threading.Thread(target=lambda: status.append(main(["data", "list", "--json"])))
    thread.start()
    thread.join()
    assert status == [0]
