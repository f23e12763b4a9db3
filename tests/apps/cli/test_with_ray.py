from __future__ import annotations

import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("command", ["score", "encode", "reconstruct", "impute"])
def test_without_ray_one_sentence_says_how_to_install_it(
    shell, models: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    for name in ("ray", "ray.data"):
        monkeypatch.setitem(sys.modules, name, None)
    Path("t.csv").write_text("a,b\n1,2\n3,4\n")
    done = shell(command, models / "plain", "t.csv", "-o", "out", "--ray")
    assert done.status == 1
    assert "pip install 'narrows[ray]'" in done.err.splitlines()[-1]
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("-o", "out", "--explain", "3"), "--explain"),
        (("-o", "out", "--missing", "drop"), "--missing drop"),
        ((), "needs an --output"),
    ],
)
def test_what_ray_cannot_do_is_refused(shell, options: tuple[str, ...], words: str) -> None:
    done = shell("score", "m", "t.csv", "--ray", *options)
    assert done.status == 2
    assert words in done.err


def test_a_fit_with_ray_is_refused_without_ray_and_under_torchrun(shell, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("t.csv").write_text("a,b\n" + "1,2\n3,4\n" * 20)
    for name in ("ray", "ray.train", "ray.train.torch"):
        monkeypatch.setitem(sys.modules, name, None)
    done = shell("fit", "t.csv", "-o", "m", "--ray", "2")
    assert done.status == 1
    assert "pip install 'narrows[ray]'" in done.err.splitlines()[-1]
    assert not Path("m").exists()
    for name, value in {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    done = shell("fit", "t.csv", "-o", "m", "--ray", "2")
    assert done.status == 2
    assert "without torchrun" in done.err


def test_a_diagnosis_without_other_seeds_has_nothing_for_ray(shell, models: Path) -> None:
    done = shell("diagnose", models / "plain", "t.csv", "--ray")
    assert done.status == 2
    assert "--seeds" in done.err


def test_what_ray_prints_leaves_the_result_alone(capsys: pytest.CaptureFixture[str]) -> None:
    from narrows.apps.cli.with_ray import ray_messages_on_stderr

    with ray_messages_on_stderr():
        print("(raylet) WARNING: 8 workers")
    print("the result")
    assert capsys.readouterr() == ("the result\n", "(raylet) WARNING: 8 workers\n")
