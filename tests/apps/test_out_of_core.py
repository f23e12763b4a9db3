"""Tables that the shell reads in chunks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from pyarrow import parquet

from narrows.apps.cli import sources
from narrows.data import stream


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of three Parquet files, read in chunks of 100 rows."""
    monkeypatch.setattr(stream, "_CELLS_PER_CHUNK", 400)
    rng = np.random.default_rng(0)
    folder = tmp_path / "lake"
    folder.mkdir()
    for i in range(3):
        z = rng.normal(size=200)
        table = {"a": z, "b": 2 * z + rng.normal(size=200), "kind": np.where(z > 0, "up", "down"), "day": [i] * 200}
        parquet.write_table(pa.table(table), folder / f"part-{i}.parquet")
    return folder


def test_a_lake_is_fitted_in_chunks_and_says_so(shell, quick, lake: Path) -> None:
    done = shell("fit", lake, "-o", "m", "--out-of-core", *quick)
    assert done.status == 0
    assert "lake has 600 rows and is read in chunks" in done.err
    assert shell("fit", lake, "-o", "n", *quick).err.count("chunks") == 0


def test_a_table_too_large_for_memory_is_read_in_chunks_unasked(
    shell, quick, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shell("fit", lake, "-o", "m", *quick).status == 0
    whole = {name: shell(name, "m", lake, "-o", f"{name}.csv") for name in ("encode", "score")}
    monkeypatch.setattr(sources, "_memory", lambda: 1000)
    for name, before in whole.items():
        done = shell(name, "m", lake, "-o", f"{name}-in-chunks.csv")
        assert done.status == 0
        assert "in chunks" in done.err
        assert "in chunks" not in before.err
        ours, theirs = (pyarrow.csv.read_csv(f"{name}{end}.csv") for end in ("-in-chunks", ""))
        assert ours.column_names == theirs.column_names
        for column in ours.column_names:
            np.testing.assert_allclose(ours[column].to_numpy(), theirs[column].to_numpy(), rtol=1e-5, atol=1e-6)
    assert shell("fit", lake, "-o", "m", "--force", *quick).status == 0
    assert shell("detect", lake, "-o", "d").status == 0


def test_a_budget_is_one_for_all_chunks(shell, lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shell("detect", lake, "-o", "d", "--threshold", "budget", "--budget", "7").status == 0
    monkeypatch.setattr(sources, "_memory", lambda: 1000)
    assert shell("score", "d", lake, "--json").json["alarms"] == 7


def test_what_needs_memory_is_refused_with_the_reason(shell, lake: Path) -> None:
    done = shell("fit", lake, "--out-of-core", "--missing", "drop")
    assert done.status == 2
    assert "need data in memory" in done.err
