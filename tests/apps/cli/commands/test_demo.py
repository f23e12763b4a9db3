from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from PIL import Image

import narrows
from narrows.apps.cli.commands import demo


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """One epoch instead of sixty."""
    monkeypatch.setitem(demo._SHARED, "epochs", 1)


@pytest.mark.slow
@pytest.mark.usefixtures("brief")
def test_the_demo_leaves_three_models_three_pictures_and_commands_that_work(shell) -> None:
    done = shell("demo")
    assert done.status == 0
    assert sorted(path.name for path in Path("narrows-demo").iterdir()) == [
        "denoised.png",
        "denoising",
        "plain",
        "reconstructions.png",
        "report.html",
        "samples.png",
        "variational",
    ]
    for name in ("plain", "denoising", "variational"):
        assert narrows.load(Path("narrows-demo", name)).n_features_in_ == 64
        assert name in done.out
    for picture in Path("narrows-demo").glob("*.png"):
        with Image.open(picture) as image:
            assert image.width > 400
    commands = [line.strip() for line in done.out.splitlines() if line.startswith("  narrows ")]
    assert len(commands) == 3
    for command in commands:
        assert shell(*shlex.split(command)[1:], *(["--epochs", "1"] if " fit " in command else [])).status == 0


@pytest.mark.slow
@pytest.mark.usefixtures("brief")
def test_the_demo_replaces_only_a_demo_and_only_with_force(shell) -> None:
    assert shell("demo", "-q").status == 0
    assert "--force" in shell("demo").err
    assert shell("demo", "--force").status == 0
    Path("narrows-demo/notes.txt").write_text("mine")
    refused = shell("demo", "--force")
    assert refused.status == 1
    assert "other than a demo" in refused.err
    assert Path("narrows-demo/notes.txt").read_text() == "mine"


@pytest.mark.slow
@pytest.mark.usefixtures("brief")
def test_a_demo_that_fails_leaves_nothing(shell, monkeypatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("narrows.apps.cli.output_paths.write_picture", full)
    failed = shell("demo")
    assert failed.status == 1
    assert "disk is full" in failed.err
    assert list(Path().iterdir()) == []


@pytest.mark.slow
@pytest.mark.usefixtures("brief")
def test_a_demo_whose_name_is_taken_meanwhile_is_written_beside_it(shell, monkeypatch) -> None:
    import narrows.insight

    def late(*args: object) -> object:
        Path("narrows-demo").write_text("theirs")
        return diagnose(*args)

    diagnose = narrows.insight.diagnose
    monkeypatch.setattr(narrows.insight, "diagnose", late)
    done = shell("demo", "--json")
    assert (done.status, done.json["output"]) == (1, "narrows-demo-2")
    assert Path("narrows-demo").read_text() == "theirs"
    assert narrows.load("narrows-demo-2/plain").n_features_in_ == 64
