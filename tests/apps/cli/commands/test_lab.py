"""`narrows lab --export` before any work: the folder, the runtime and the options are checked."""

from __future__ import annotations

from pathlib import Path

from tests.apps.conftest import Shell


def test_a_folder_with_other_files_is_refused_before_anything_is_trained(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    for force in ((), ("--force",)):
        done = shell("lab", "--export", "thesis", *force)
        assert done.status == 1
        assert "thesis exists and is not an exported page" in done.err
    assert not (tmp_path / "lab").exists()


def test_a_runtime_folder_without_the_runtime_is_refused_before_anything_is_trained(
    shell: Shell, tmp_path: Path
) -> None:
    done = shell("lab", "--export", "site", "--runtime", tmp_path)
    assert done.status == 2
    assert "has no ort.wasm.bundle.min.mjs" in done.err
    assert not (tmp_path / "lab").exists()
    assert not (tmp_path / "site").exists()


def test_force_needs_export(shell: Shell) -> None:
    done = shell("lab", "--force")
    assert done.status == 2
    assert "--force belongs to --export" in done.err
