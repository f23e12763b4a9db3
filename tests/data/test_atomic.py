"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from narrows.data import atomic, reserved, whole_file, whole_folder
from narrows.data.atomic import _hidden, clear_leftovers

WRITER = """
import os, signal, sys
from pathlib import Path
from narrows.data import whole_file, whole_folder

target = Path(sys.argv[2])
with (whole_folder if sys.argv[1] == "folder" else whole_file)(target) as it:
    (it / "x").write_text("half") if sys.argv[1] == "folder" else it.write(b"half")
    print("writing", flush=True)
    sys.stdin.read()
"""


def writer(kind: str, target: Path) -> subprocess.Popen[str]:
    """A process in the middle of writing `target`."""
    command = [sys.executable, "-c", WRITER, kind, str(target)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    return process


@pytest.mark.parametrize("kind", ["file", pytest.param("folder", marks=pytest.mark.slow)])
@pytest.mark.slow
def test_what_a_killed_writer_left_goes_with_the_next_write_and_what_a_living_one_writes_stays(
    tmp_path: Path, kind: str
) -> None:
    killed, living = writer(kind, tmp_path / "m.csv"), writer(kind, tmp_path / "m.csv")
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    (left,) = tmp_path.glob(f".m.csv.*-{killed.pid}-*.part")
    with whole_file(tmp_path / "other.csv") as file:
        file.write(b"1")
    assert left.exists()
    clear_leftovers(tmp_path / "m.csv")
    assert not left.exists()
    assert list(tmp_path.glob(f".m.csv.*-{living.pid}-*.part"))
    living.communicate("")
    assert living.returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.csv", "other.csv"]


def test_a_folder_that_was_set_aside_gets_its_name_back(tmp_path: Path) -> None:
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    mine, process = _hidden(tmp_path / "m", "old"), gone.stdout.decode().strip()
    left = mine.with_name(mine.name.replace(f"-{os.getpid()}-", f"-{process}-"))
    left.mkdir()
    (left / "x").write_text("precious")
    with pytest.raises(OSError, match=r"m"), whole_folder(tmp_path / "m", replace=False) as folder:
        (folder / "x").write_text("new")
    assert (tmp_path / "m" / "x").read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_leftovers_of_unknown_owners_stay_for_a_day(tmp_path: Path) -> None:
    fresh, stale = tmp_path / ".m.01234567.part", tmp_path / ".m.89abcdef.part"
    elsewhere = tmp_path / ".m.00000000-1-01234567.part"
    for path in (fresh, stale, elsewhere):
        path.write_text("")
    os.utime(stale, (time.time() - 90_000,) * 2)
    clear_leftovers(tmp_path / "m")
    assert sorted(tmp_path.iterdir()) == sorted([fresh, elsewhere])


def write_while_taken(whole: Callable, target: Path) -> None:
    with whole(target, replace=False) as ours:
        if whole is whole_file:
            ours.write(b"ours")
            target.write_text("theirs")
        else:
            (ours / "x").write_text("ours")
            target.mkdir()
            (target / "x").write_text("theirs")


def test_a_name_that_is_taken_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        write_while_taken(whole_file, tmp_path / "f")
    with pytest.raises(OSError, match="not empty"):
        write_while_taken(whole_folder, tmp_path / "d")
    assert (tmp_path / "f").read_text() == (tmp_path / "d" / "x").read_text() == "theirs"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_rescue_gets_the_finished_file(tmp_path: Path) -> None:
    def rescue(finished: Path, error: OSError) -> None:
        assert isinstance(error, FileExistsError)
        os.rename(finished, tmp_path / "g")

    with whole_file(tmp_path / "f", replace=False, rescue=rescue) as file:
        file.write(b"ours")
        (tmp_path / "f").write_text("theirs")
    assert (tmp_path / "f").read_text() == "theirs"
    assert (tmp_path / "g").read_text() == "ours"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_overwrite_that_ends_between_its_two_renamings_keeps_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "x").write_text("old")
    rename = os.rename

    def failing(start: Path, end: Path) -> None:
        rename(start, end)
        if str(end).endswith(".old"):
            raise error

    monkeypatch.setattr(atomic, "_exchange", lambda one, other: False)  # as elsewhere than on Linux
    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(type(error)), whole_folder(tmp_path / "m") as folder:
        (folder / "x").write_text("new")
    assert (tmp_path / "m" / "x").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_a_name_of_the_greatest_length_can_be_written(tmp_path: Path) -> None:
    target = tmp_path / ("é" * 127)
    with whole_file(target) as file:
        file.write(b"1")
    assert target.read_bytes() == b"1"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux exchanges two names in one step")
def test_an_overwrite_has_no_moment_without_a_folder_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "x").write_text("old")

    def forbidden(start: Path, end: Path) -> None:
        raise AssertionError(f"{start} was renamed to {end}")

    monkeypatch.setattr(os, "rename", forbidden)
    with whole_folder(tmp_path / "m") as folder:
        (folder / "x").write_text("new")
    assert (tmp_path / "m" / "x").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


@pytest.mark.slow
def test_a_name_is_reserved_for_one_living_process(tmp_path: Path) -> None:
    other = writer("file", tmp_path / "m")
    with pytest.raises(FileExistsError, match=f"process {other.pid}"), reserved(tmp_path / "m"):
        pass
    other.kill()
    other.communicate()
    with reserved(tmp_path / "m"):
        (mark,) = tmp_path.iterdir()
        assert str(os.getpid()) in mark.name
    assert list(tmp_path.iterdir()) == []
