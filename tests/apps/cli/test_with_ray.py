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
