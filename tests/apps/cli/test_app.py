"""The program as a process: its start, its statuses, its streams."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import narrows

HEAVY = ("torch", "sklearn", "numpy", "pyarrow", "pandas", "scipy", "PIL")


def start(*arguments: str, **options: object) -> subprocess.Popen:
    environment = {k: v for k, v in os.environ.items() if k != "NARROWS_DEBUG"}
    return subprocess.Popen(
        [sys.executable, "-m", "narrows", *arguments],
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        **options,
    )  # pyright: ignore[reportCallIssue, reportArgumentType]


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from narrows.apps.cli import main; main(['--help']); main(['fit', '--help']); "
        f"sys.exit(str([name for name in {HEAVY!r} if name in sys.modules] or ''))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) in ((0, ""), (1, "\n"))
    assert "--hidden-layer-sizes" in done.stdout


def test_help_costs_little_more_than_the_library_that_prints_it() -> None:
    def seconds(*arguments: str) -> float:
        """Of the processor, which others that are busy do not add to; a busy core makes both slower."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    library = ("-c", "import typer.rich_utils")
    assert any(seconds("-m", "narrows", "--help") < 2.2 * seconds(*library) for _ in range(5))


def test_every_command_explains_itself(shell) -> None:
    for command in ("demo", "fit", "encode", "reconstruct", "denoise", "generate", "score", "reproduce"):
        done = shell(command, "--help")
        assert done.status == 0
        assert f"narrows {command}" in done.out


def test_the_version_is_the_packages(shell) -> None:
    assert shell("--version").out.split() == ["narrows", narrows.__version__]


def test_no_command_shows_the_help(shell) -> None:
    done = shell()
    assert "Commands" in done.out + done.err


def test_an_error_is_json_as_well_where_json_was_asked_for(shell) -> None:
    failed = shell("score", "nowhere", "digits", "--json")
    assert failed.status == 1
    assert failed.json["kind"] == "ModelNotFoundError"
    assert failed.err == f"Error: {failed.json['error']}\n"


def test_an_unexpected_error_is_one_sentence_that_says_how_to_see_more(shell, monkeypatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the\nuniverse ended")

    monkeypatch.setattr("narrows.data.read", broken)
    failed = shell("fit", "digits", "-o", "m")
    assert failed.status == 1
    assert failed.err.count("\n") == 1
    for words in ("ZeroDivisionError", "the universe ended", "NARROWS_DEBUG=1"):
        assert words in failed.err
    monkeypatch.setenv("NARROWS_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        shell("fit", "digits", "-o", "m")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "Memory ran out"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "Memory ran out"),
        (OSError(28, "No space left on device", "x"), "disk is full: x"),
        (PermissionError(13, "Permission denied", "x"), "Permission denied: x"),
        (OSError(5, "Input/output error", "x"), "Input/output error: x"),
    ],
)
def test_what_the_system_refuses_is_one_sentence(shell, monkeypatch, error: Exception, words: str) -> None:
    def refused(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("narrows.data.read", refused)
    failed = shell("fit", "digits", "-o", "m")
    assert (failed.status, failed.err.count("\n")) == (1, 1)
    assert words in failed.err


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_learned(tmp_path: Path) -> None:
    run = start("fit", "digits", "-o", "m", "--epochs", "100000", "--patience", "100000", "--json", cwd=tmp_path)
    assert run.stderr is not None
    assert "epoch 1/" in run.stderr.readline()
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 0
    assert "Interrupted after" in err
    result = json.loads(out)
    assert result["stopped"] == "interrupted"
    assert len(narrows.load(tmp_path / "m").history_) == result["epochs"]


def test_ctrl_c_before_the_first_epoch_leaves_nothing(shell, monkeypatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("narrows.data.read", interrupted)
    done = shell("fit", "digits", "-o", "m")
    assert (done.status, done.err) == (130, "Interrupted; nothing was written.\n")
    assert list(Path().iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_under_standard_output_is_one_sentence() -> None:
    with open("/dev/full", "w") as full:
        run = start("data", "list", stdout=full)
        _, err = run.communicate(timeout=60)
    assert run.returncode == 1
    assert err == "Error: The disk is full; free some space or write to another place.\n"


@pytest.mark.slow
def test_a_reader_that_leaves_early_is_met_with_silence() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    run = start("data", "list", stdout=writing)
    os.close(writing)
    _, err = run.communicate(timeout=60)
    assert (run.returncode, err) == (1, "")


@pytest.mark.slow
def test_a_failing_process_shows_no_traceback(tmp_path: Path) -> None:
    run = start("fit", "nowhere.csv", cwd=tmp_path)
    out, err = run.communicate(timeout=60)
    assert (run.returncode, out) == (1, "")
    assert "Traceback" not in err
