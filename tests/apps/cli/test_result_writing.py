"""A result that cannot be written to its output path is written elsewhere, with a message."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import narrows
from narrows.apps.cli import result_writing
from narrows.apps.cli.messages import Messages


def take(path: Path) -> None:
    """What another program puts there meanwhile."""
    if path.suffix:
        path.write_text("theirs")
    else:
        path.mkdir()
        (path / "theirs.txt").write_text("theirs")


def is_theirs(path: Path) -> bool:
    return (path if path.suffix else path / "theirs.txt").read_text() == "theirs"


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Lets something happen once, after the work and before its result is written."""

    def when(happens: Callable[[], object]) -> None:
        original, happened = result_writing.write_or_rescue, []

        def late(*args, **kwargs):
            if not happened:
                happened.append(happens())
            return original(*args, **kwargs)

        monkeypatch.setattr(result_writing, "write_or_rescue", late)
        for command in ("denoise", "demo", "reproduce"):
            monkeypatch.setattr(sys.modules[f"narrows.apps.cli.commands.{command}"], "write_or_rescue", late)

    return when


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files of its own."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize("force", [(), ("--force",)])
@pytest.mark.parametrize("command", ["fit", "detect"])
def test_a_model_whose_name_is_taken_during_the_training_is_saved_beside_it(
    shell, quick, table, meanwhile, command: str, force: tuple[str, ...]
) -> None:
    meanwhile(lambda: take(Path("m")))
    settings = quick if command == "fit" else ("--seed", "0")
    done = shell(command, table, "-o", "m", "--json", *force, *settings)
    assert done.status == 1
    result = [line for line in done.err.splitlines() if line.startswith("Error: ")]
    assert result == ["Error: m was created by another program in the meantime; the model is saved as m-2."]
    assert (done.json["model"], done.json["error"]) == ("m-2", result[0].removeprefix("Error: "))
    assert is_theirs(Path("m"))
    assert narrows.load("m-2") is not None
    assert sorted(path.name for path in Path().iterdir()) == ["m", "m-2", table.name]


def test_an_empty_folder_that_was_there_before_is_filled(shell, quick) -> None:
    Path("m").mkdir()
    done = shell("fit", "digits", "-o", "m", *quick)
    assert done.status == 0
    assert narrows.load("m").history_
    assert [path.name for path in Path().iterdir()] == ["m"]


def test_names_with_dots_and_numbers_that_are_taken_too(shell, quick, meanwhile) -> None:
    take(Path("rate-0.5-2"))
    meanwhile(lambda: Path("rate-0.5").write_text("theirs"))
    assert shell("fit", "digits", "-o", "rate-0.5", *quick).status == 1
    assert narrows.load("rate-0.5-3").history_


def test_a_model_whose_folder_vanishes_is_saved_there_or_here(shell, quick, meanwhile) -> None:
    Path("out").mkdir()

    def vanish() -> None:
        shutil.rmtree("out")
        Path("out").write_text("a file")

    meanwhile(vanish)
    done = shell("fit", "digits", "-o", "out/m", "--quiet", *quick)
    assert done.status == 1
    assert done.err.count("\n") == 1
    assert done.err.endswith("; the model is saved as m.\n")
    assert narrows.load("m").history_


def full_below(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every flush below `folder` say that the disk is full."""
    fsync = os.fsync

    def flush(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").resolve().is_relative_to(folder.resolve()):
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", flush)


def test_a_full_disk_sends_the_model_to_the_temporary_files(
    shell, quick, monkeypatch, temporary: Path, tmp_path: Path
) -> None:
    full_below(tmp_path, monkeypatch)
    done = shell("fit", "digits", "-o", "m", "--json", *quick)
    place = Path(done.json["model"])
    assert done.status == 1
    assert f"m could not be written (No space left on device); the model is saved as {place}.\n" in done.err
    assert place.is_relative_to(temporary)
    assert narrows.load(place).history_
    assert list(Path().iterdir()) == []


def test_where_nothing_can_be_written_the_first_error_is_told_and_nothing_is_left(
    shell, quick, monkeypatch, temporary: Path
) -> None:
    full_below(Path("/"), monkeypatch)
    done = shell("fit", "digits", "-o", "m", "--quiet", *quick)
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert "m could not be written (No space left on device)" in done.err
    assert [*Path().iterdir(), *temporary.iterdir()] == []


def test_a_failed_overwrite_keeps_the_model_that_was_there(shell, quick, monkeypatch, temporary, tmp_path) -> None:
    assert shell("fit", "digits", "-o", "m", *quick).status == 0
    before = {path.name: path.read_bytes() for path in Path("m").iterdir()}
    full_below(tmp_path, monkeypatch)
    assert shell("fit", "digits", "-o", "m", "--force", "--json", *quick).status == 1
    assert {path.name: path.read_bytes() for path in Path("m").iterdir()} == before
    assert [path.name for path in Path().iterdir()] == ["m"]


@pytest.fixture
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of 64 kB."""
    folder = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a disk is not permitted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_too_small_costs_nothing(shell, quick, small_disk: Path) -> None:
    wide = ("--epochs", "1", "--hidden", "256", "--device", "cpu")
    done = shell("fit", "digits", "-o", small_disk / "m", "--json", *wide)
    assert (done.status, done.json["model"]) == (1, "m")
    assert narrows.load("m").history_
    rows = np.random.default_rng(0).normal(size=(9000, 4))
    np.save("rows.npy", rows)
    assert shell("fit", "rows.npy", "-o", "n", *quick).status == 0
    done = shell("encode", "n", "rows.npy", "-o", small_disk / "codes.csv")
    assert done.status == 1
    assert "No space left on device); the result is saved as codes.csv." in done.err
    assert len(Path("codes.csv").read_text().splitlines()) == 9001
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "target"),
    [
        (("encode", "plain", "digits"), "codes.csv"),
        (("encode", "plain", "digits"), "codes.npz"),
        (("score", "plain", "digits"), "scores.parquet"),
        (("score", "plain", "digits", "--explain", "2"), "scores.csv"),
        (("generate", "variational"), "new.png"),
        (("generate", "variational", "-n", "3"), "new"),
        (("reconstruct", "plain", "digits"), "rebuilt.csv"),
        (("reconstruct", "plain", "digits"), "rebuilt.png"),
        (("impute", "plain", "digits"), "filled.npy"),
        (("denoise", "denoising", "digits"), "clean.png"),
        (("denoise", "denoising", "digits"), "clean.npy"),
        pytest.param(("report", "plain", "digits"), "page.html", marks=pytest.mark.slow),
        (("sweep", "digits", "--values", "1", "--epochs", "1", "--hidden", "8"), "s.csv"),
        (("sweep", "digits", "--values", "1", "--epochs", "1", "--hidden", "8"), "s.png"),
    ],
)
def test_a_result_whose_name_is_taken_meanwhile_is_written_beside_it(
    shell, models: Path, meanwhile, arguments: tuple[str, ...], target: str
) -> None:
    meanwhile(lambda: take(Path(target)))
    places = [str(models / word) if word in ("plain", "denoising", "variational") else word for word in arguments]
    done = shell(*places, "-o", target, "--json")
    other = f"{Path(target).stem}-2{Path(target).suffix}"
    assert done.status == 1
    assert done.err.endswith(f" saved as {other}.\n")
    assert done.json["output"] == other
    assert done.json["error"]
    assert is_theirs(Path(target))
    assert sorted(path.name for path in Path().iterdir()) == sorted([target, other])
    clear = shell(*places, "-o", f"clear-{target}")
    assert clear.status == 0


@pytest.fixture
def streamed(table: Path, shell, quick, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The table, which the shell now reads in several chunks, and a model `m` of it."""
    assert shell("fit", table, "-o", "m", *quick).status == 0
    monkeypatch.setattr("narrows.apps.cli.inputs.fits_into_memory", lambda *_, **__: False)
    monkeypatch.setattr("narrows.data.readers.row_stream.CSV_BLOCK", 400)
    return table


def test_a_streamed_result_whose_name_is_taken_meanwhile_is_written_beside_it(shell, streamed, monkeypatch) -> None:
    assert shell("impute", "m", streamed, "-o", "clear.csv").status == 0
    n_chunks, module = [], sys.modules["narrows.data.writers.write"]
    write = module.write_tables

    def taken(file, tables, *args, **kwargs) -> None:
        given = list(tables)
        n_chunks.append(len(given))
        write(file, given, *args, **kwargs)
        Path("filled.csv").write_text("theirs")

    monkeypatch.setattr(module, "write_tables", taken)
    done = shell("impute", "m", streamed, "-o", "filled.csv")
    assert done.status == 1
    assert n_chunks[0] > 1
    problem = "filled.csv was created by another program in the meantime"
    assert done.err.endswith(f"{problem}; the result is saved as filled-2.csv.\n")
    assert Path("filled.csv").read_text() == "theirs"
    assert Path("filled-2.csv").read_bytes() == Path("clear.csv").read_bytes()


def test_a_streamed_result_that_does_not_fit_leaves_nothing(shell, streamed, monkeypatch, tmp_path) -> None:
    full_below(tmp_path, monkeypatch)
    before = sorted(Path().iterdir())
    done = shell("impute", "m", streamed, "-o", "filled.csv", "--quiet")
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert "the disk is full; nothing was left behind" in done.err
    assert sorted(Path().iterdir()) == before


def test_the_rows_that_are_read_are_never_the_output_under_whatever_name(shell, table, quick, models: Path) -> None:
    os.link(table, "again.csv")
    os.link(table, "page.html")
    before = table.read_bytes()
    assert shell("fit", table, "-o", "m", *quick).status == 0
    for arguments in (
        ("sweep", table, "-o", "again.csv"),
        ("encode", "m", table, "-o", "again.csv"),
        ("score", "m", table, "-o", "again.csv"),
        ("impute", "m", table, "-o", "again.csv"),
        ("reconstruct", "m", table, "-o", "again.csv"),
        ("report", "m", table, "-o", "page.html"),
        ("generate", models / "variational", "--like", table, "-o", "again.csv"),
    ):
        refused = shell(*arguments, "--force")
        assert (refused.status, refused.err.count("\n")) == (1, 1)
        assert "is the input file" in refused.err
    assert table.read_bytes() == Path("again.csv").read_bytes() == before


def test_a_name_that_is_too_long_is_told_before_the_work(shell, quick, monkeypatch) -> None:
    monkeypatch.setattr(
        sys.modules["narrows.apps.cli.commands.fit"], "read_for_fit", lambda *_, **__: pytest.fail("read")
    )
    refused = shell("fit", "digits", "-o", "x" * 300, *quick)
    assert (refused.status, refused.err.count("\n")) == (1, 1)
    assert "too long" in refused.err


@pytest.mark.slow
def test_writing_goes_on_where_nobody_reads_the_progress(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "narrows", "fit", "digits", "--epochs", "2", "--hidden", "16", "-o"]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with open("/dev/full", "w") as full:
        for name, errors, environment in (
            ("a", writing, buffered),
            ("b", full, buffered),
            ("d", writing, {**buffered, "PYTHONUNBUFFERED": "1"}),
        ):
            done = subprocess.run([*command, name], stderr=errors, cwd=tmp_path, env=environment, check=False)
            assert done.returncode == 0
            assert narrows.load(tmp_path / name).history_
        done = subprocess.run([*command, "c"], stdout=full, stderr=subprocess.PIPE, cwd=tmp_path, check=False)
    os.close(writing)
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[-1].endswith("The model is saved as c.")


@pytest.mark.slow
def test_standard_streams_that_are_closed_are_no_traceback() -> None:
    for closed in ("<&-", ">&-", "2>&-"):
        command = f"{sys.executable} -m narrows data list {closed}"
        done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_other_places_are_free_names_here_and_then_temporary_ones(tmp_path, temporary, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("out").mkdir()
    for name in ("out/s.csv", "out/s-2.csv", "s.csv"):
        Path(name).write_text("")
    found = list(result_writing._other_places(Path("out/s.csv"), is_folder=False))
    assert [str(path) for path in found[:2]] == ["out/s-3.csv", "s-2.csv"]
    assert found[2].is_relative_to(temporary)
    assert found[2].name == "s.csv"
    assert list(temporary.iterdir()) == []


def test_what_fails_everywhere_raises_what_failed_first() -> None:
    places = []

    def write(path: Path, force: bool) -> None:
        places.append((path, force))
        raise OSError(len(places), "no")

    with pytest.raises(OSError, match="no") as caught:
        result_writing.write_or_rescue(Path("m"), write, subject="the model is", messages=Messages(), force=True)
    assert caught.value.errno == 1
    assert [force for _, force in places] == [True] + [False] * (len(places) - 1)
