"""The option --ray of the shell: the results of the command without it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyarrow import parquet

from narrows import AnomalyDetector, VariationalAutoencoder
from narrows.apps.cli import main
from tests.mixed_table import FRAME


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table as two Parquet files, a model of it, and a detector."""
    folder = tmp_path_factory.mktemp("commands")
    (folder / "table").mkdir()
    frame = FRAME.assign(kind=FRAME["kind"].astype(object))
    for i in range(2):
        frame[i * 150 : (i + 1) * 150].to_parquet(folder / "table" / f"{i}.parquet", index=False)
    settings = {"n_components": 2, "hidden_layer_sizes": (8,), "epochs": 2, "random_state": 0, "device": "cpu"}
    VariationalAutoencoder(**settings).fit(folder / "table").save(folder / "model")
    AnomalyDetector(random_state=0).fit(folder / "table").save(folder / "detector")
    return folder


@pytest.mark.parametrize(
    ("command", "model"),
    [("score", "model"), ("score", "detector"), ("encode", "model"), ("reconstruct", "model"), ("impute", "model")],
)
def test_a_command_with_ray_writes_the_numbers_of_the_command_without(
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    model: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    common = [command, str(place / model), str(place / "table"), "--json"]
    assert main([*common, "-o", "alone.parquet"]) == 0
    capsys.readouterr()
    assert main([*common, "-o", "together", "--ray"]) == 0
    assert json.loads(capsys.readouterr().out) == {"output": "together", "rows": 300}
    alone, together = parquet.read_table("alone.parquet"), parquet.read_table("together")
    assert together.num_rows == 300
    assert together.to_pydict() == alone.to_pydict()


def test_the_spread_over_seeds_with_ray_is_that_of_one_process(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for more in ([], ["--ray"]):
        assert main(["diagnose", str(place / "model"), str(place / "table"), "--seeds", "2", "--json", *more]) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert found[0] == found[1]
    assert any("seed" in str(finding).lower() for finding in found[0]["findings"])
