from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.reproductions.papers import PAPER


@pytest.fixture(autouse=True)
def made_up(monkeypatch):
    """A paper that takes no time, in the place of the real ones."""
    import narrows.reproductions

    monkeypatch.setattr(narrows.reproductions, "reproduction", {"made2000": PAPER}.__getitem__)


@pytest.fixture
def when_written(monkeypatch) -> Callable[[str, Callable[[], object]], None]:
    """Lets something happen once, before or after the first results are written."""
    import narrows.reproductions

    write = narrows.reproductions.write_results

    def when(moment: str, happens: Callable[[], object]) -> None:
        happened = []

        def written(*args, **kwargs):
            if moment == "before" and not happened:
                happened.append(happens())
            about = write(*args, **kwargs)
            if moment == "after" and not happened:
                happened.append(happens())
            return about

        monkeypatch.setattr(narrows.reproductions, "write_results", written)

    return when


def test_without_a_name_the_papers_are_listed(shell) -> None:
    result = shell("reproduce")
    assert result.status == 0
    assert "hinton2006" in result.out
    assert "hinton2006" in shell("reproduce", "--json").json


def test_a_paper_is_a_table_and_a_folder(shell) -> None:
    result = shell("reproduce", "made2000", "--seed", "4")
    assert result.status == 0
    for words in ("Nobody 2000", "1.250", "1.5 (Table 1)", "not run: faces are needed"):
        assert words in result.out
    assert "4/4" in result.err
    about = json.loads(Path("made2000/results.json").read_text())
    assert about["command"] == "narrows reproduce made2000 --seed 4"
    assert Path("made2000/line.svg").is_file()


def test_a_part_is_a_folder_of_its_own_and_json_is_one_object(shell) -> None:
    found_result = shell("reproduce", "made2000", "--quick", "--only", "counting", "--json", "--quiet")
    assert found_result.err == ""
    assert [result["task"] for result in found_result.json["results"]] == ["counting"]
    assert found_result.json["command"] == "narrows reproduce made2000 --quick --only counting --seed 0"
    assert found_result.json["output"] == "made2000-counting"
    assert Path("made2000-counting/results.md").is_file()


def test_nothing_but_an_earlier_reproduction_is_replaced(shell) -> None:
    assert shell("reproduce", "made2000").status == 0
    refused = shell("reproduce", "made2000")
    assert (refused.status, "--force" in refused.err) == (1, True)
    assert shell("reproduce", "made2000", "--force").status == 0
    Path("made2000/letter.txt").write_text("mine")
    refused = shell("reproduce", "made2000", "--force")
    assert refused.status == 1
    assert Path("made2000/letter.txt").read_text() == "mine"


def test_results_that_are_done_are_kept_when_a_later_experiment_fails(shell) -> None:
    result = shell("reproduce", "made2000", "--faces", ".")
    assert result.status == 1
    assert "These are no faces." in result.err
    assert [r["task"] for r in json.loads(Path("made2000/results.json").read_text())["results"]] == ["counting"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--only", "nothing"), "its experiments are counting, missing"),
        (("--reuters", "x"), "uses no reuters"),
        (("--faces", "nowhere"), "There is no nowhere; --faces takes ask for them"),
    ],
)
def test_what_is_not_there_is_refused_before_any_work(shell, arguments, words: str) -> None:
    result = shell("reproduce", "made2000", *arguments)
    assert result.status in (1, 2)
    assert words in result.err
    assert not Path("made2000").exists()


def test_results_whose_folder_is_taken_meanwhile_are_written_beside_it(shell, when_written) -> None:
    when_written("before", lambda: Path("made2000").write_text("theirs"))
    result = shell("reproduce", "made2000", "--json")
    assert (result.status, result.json["output"]) == (1, "made2000-2")
    assert result.err.count("the results are saved as made2000-2.") == 1
    assert len(json.loads(Path("made2000-2/results.json").read_text())["results"]) == len(result.json["results"]) > 1
    assert Path("made2000").read_text() == "theirs"


def test_what_is_put_beside_results_while_they_grow_is_not_replaced(shell, when_written) -> None:
    when_written("after", lambda: Path("made2000/letter.txt").write_text("mine"))
    result = shell("reproduce", "made2000", "--json")
    assert (result.status, result.json["output"]) == (1, "made2000-2")
    assert Path("made2000/letter.txt").read_text() == "mine"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_end_while_results_are_written_keeps_them(shell, when_written, number, status) -> None:
    when_written("after", lambda: os.kill(os.getpid(), number))
    output = shell("reproduce", "made2000")
    assert output.status == status
    assert output.err.splitlines()[-1].endswith("; 1 result of made2000 are in made2000.")
    assert len(json.loads(Path("made2000/results.json").read_text())["results"]) == 1


def test_a_run_that_was_killed_is_resumed_in_its_folder(shell, when_written) -> None:
    moments = iter((MemoryError,))

    def killed() -> None:
        for error in moments:
            raise error

    when_written("after", killed)
    assert shell("reproduce", "made2000", "-o", "r").status == 1
    assert sorted(path.name for path in Path().iterdir()) == ["r", "r.checkpoint"]
    assert shell("reproduce", "made2000", "-o", "r2").status == 0
    refused = shell("reproduce", "made2000", "-o", "r")
    assert (refused.status, "--force" in refused.err) == (1, True)
    other = shell("reproduce", "made2000", "--quick", "-o", "r", "--resume")
    assert (other.status, "another command" in other.err) == (2, True)
    assert shell("reproduce", "made2000", "-o", "r", "--resume").status == 0
    assert sorted(path.name for path in Path().iterdir()) == ["r", "r2"]
    found, whole = (json.loads(Path(name, "results.json").read_text()) for name in ("r", "r2"))
    assert found["results"] == whole["results"]
