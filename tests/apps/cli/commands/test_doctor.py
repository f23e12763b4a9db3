from __future__ import annotations

import torch

import narrows
from narrows.estimators import machine_report


def test_the_doctor_shows_the_machine_and_the_precision(shell, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("NARROWS_CACHE", str(tmp_path / "cache"))
    done = shell("doctor")
    assert done.status == 0
    found = shell("doctor", "--json").json
    assert found["narrows"] == narrows.__version__
    assert found["torch"] == torch.__version__
    assert found["precision"] == machine_report()["precision"]
    for words in (str(found["processor"]), found["precision_reason"], "pandas", torch.__version__):
        assert words.split(",")[0] in done.out


def test_the_doctor_says_where_nothing_can_be_kept(shell, tmp_path, monkeypatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NARROWS_CACHE", str(tmp_path / "file" / "cache"))
    assert shell("doctor", "--json").json["cache_is_writable"] is False
    assert "cannot be written" in " ".join(shell("doctor").out.split())
