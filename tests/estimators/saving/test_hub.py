"""Models of the Hugging Face Hub, with a stand-in for the download of its library."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import narrows
from narrows.errors import DownloadError, ModelNotFoundError, SettingError

hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is in the extra hub")

SAVED = Path(__file__).parents[2] / "saved_models" / "models" / "plain"


def test_a_model_is_loaded_from_the_folder_that_the_library_returns(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for file in (SAVED / "model").iterdir():  # the cache of the library holds links
        (tmp_path / file.name).symlink_to(file)
    asked = []

    def snapshot_download(repo_id: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        asked.append((repo_id, revision, allow_patterns))
        return str(tmp_path)

    monkeypatch.setattr(hub, "snapshot_download", snapshot_download)
    rows = np.load(SAVED / "rows.npz")
    X = rows[rows.files[0]]
    wanted = narrows.load(SAVED / "model").transform(X)
    for address, revision in (("hf://user/my-model", None), ("hf://user/my-model@v1.0", "v1.0")):
        assert np.array_equal(narrows.load(address).transform(X), wanted)
        assert asked[-1][:2] == ("user/my-model", revision)
    assert not any(pattern == "*" or "pkl" in pattern for pattern in asked[-1][2])


@pytest.mark.parametrize("address", ["hf://", "hf://model", "hf://a/b/c", "hf://a/b@", "hf://a/b?x=1", "hf://../b c"])
def test_another_form_of_address_is_refused(address: str) -> None:
    with pytest.raises(SettingError, match="hf://USER/MODEL"):
        narrows.load(address)


def test_what_the_hub_lacks_or_the_network_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(error: Exception):
        def snapshot_download(*_: object, **__: object) -> str:
            raise error

        return snapshot_download

    missing = hub.errors.RepositoryNotFoundError.__new__(hub.errors.RepositoryNotFoundError)
    monkeypatch.setattr(hub, "snapshot_download", failing(missing))
    with pytest.raises(ModelNotFoundError, match="There is no model hf://user/model"):
        narrows.load("hf://user/model")
    monkeypatch.setattr(hub, "snapshot_download", failing(OSError("no route to host")))
    with pytest.raises(DownloadError, match="no route to host"):
        narrows.load("hf://user/model")


@pytest.mark.parametrize("name", ["plain", "detector"])
def test_the_card_has_the_front_matter_that_the_hub_reads(name: str, tmp_path: Path) -> None:
    narrows.load(SAVED.parent / name / "model").save(tmp_path / "m")
    card = hub.ModelCard.load(tmp_path / "m" / "README.md")
    assert card.data.library_name == "narrows"
    assert card.data.license == "unknown"
    assert {"narrows", "tabular"} <= set(card.data.tags)
    if name == "plain":
        (result,) = card.data.eval_results
        assert result.metric_type == "loss"
        losses = [epoch.validation for epoch in narrows.load(tmp_path / "m").history_ if epoch.validation is not None]
        assert result.metric_value == min(losses)
    assert card.text.lstrip().startswith("# ")
