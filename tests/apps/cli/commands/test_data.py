from __future__ import annotations

from pathlib import Path


def test_the_list_says_where_each_set_is(shell, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("NARROWS_DATA", raising=False)
    monkeypatch.setenv("NARROWS_CACHE", str(tmp_path))
    done = shell("data", "list")
    assert done.status == 0
    for words in ("digits", "1,797", "with scikit-learn", "fashion-mnist", "narrows data fetch mnist"):
        assert words in done.out
    assert shell("data", "list", "--json").json["mnist"]["where"] is None


def test_fetch_finds_what_is_there_and_explains_what_is_not(shell, data_folder: Path, monkeypatch) -> None:
    monkeypatch.setenv("NARROWS_DATA", str(data_folder))
    assert str(data_folder / "mnist") in shell("data", "fetch", "mnist").out
    assert "nothing to fetch" in shell("data", "fetch", "digits").out
    unknown = shell("data", "fetch", "nonsense")
    assert unknown.status == 1
    assert "digits" in unknown.err
