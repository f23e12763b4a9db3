"""Ray Data: the results of one process, in their order."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet
from pyarrow.fs import LocalFileSystem

import narrows
import narrows.ray
from narrows.data import RemotePath
from narrows.errors import ModelError, NotNumericError, OutputExistsError
from narrows.ray.result_folder import datasink


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three Parquet files in folders of two years, and the same rows as three CSV files."""
    folder, rng = tmp_path_factory.mktemp("lake"), np.random.default_rng(0)
    for i, year in enumerate((2023, 2023, 2024)):
        z = rng.normal(size=300)
        b = np.where(rng.random(300) < 0.1, np.nan, 2 * z + rng.normal(size=300))
        table = pa.table({"a": z, "b": b, "kind": np.where(z > 0, "up", "down"), "day": rng.integers(0, 9, 300)})
        table = table.set_column(1, "b", pa.array(b, from_pandas=True))
        for place in (folder / "parquet" / f"year={year}", folder / "csv"):
            place.mkdir(parents=True, exist_ok=True)
        parquet.write_table(table, folder / "parquet" / f"year={year}" / f"{i}.parquet", row_group_size=70)
        csv.write_csv(table, folder / "csv" / f"{i}.csv")
    return folder


@pytest.fixture(scope="module")
def model(lake: Path) -> narrows.VariationalAutoencoder:
    settings = {"n_components": 2, "epochs": 2, "random_state": 0, "device": "cpu"}
    return narrows.VariationalAutoencoder(**settings).fit(narrows.read(lake / "parquet"))


def _written(folder: Path) -> pa.Table:
    """The rows of a folder, in the order of the names of its files."""
    return pa.concat_tables([parquet.read_table(file) for file in sorted(folder.iterdir())])


def test_scores_are_those_of_one_process_to_the_bit_and_in_their_order(
    model: narrows.VariationalAutoencoder, lake: Path, tmp_path: Path
) -> None:
    source = f"file://{lake}/parquet"
    assert narrows.ray.score(model, source, tmp_path / "scores") == 900
    found, rows = _written(tmp_path / "scores"), narrows.read(lake / "parquet")
    assert found.column_names == ["reconstruction_error", "elbo"]
    assert np.array_equal(found["reconstruction_error"].to_numpy(), model.reconstruction_error(rows))
    assert np.array_equal(found["elbo"].to_numpy(), model.elbo(rows))
    with pytest.raises(OutputExistsError, match="already there"):
        narrows.ray.score(model, source, tmp_path / "scores")


def test_codes_and_reconstructions_are_those_of_one_process(
    model: narrows.VariationalAutoencoder, lake: Path, tmp_path: Path
) -> None:
    model.save(tmp_path / "m")
    rows = narrows.read(lake / "parquet")
    narrows.ray.encode(tmp_path / "m", lake / "parquet", tmp_path / "codes", workers=1)
    codes = _written(tmp_path / "codes")
    assert np.array_equal(np.column_stack([c.to_numpy() for c in codes.columns]), model.transform(rows))
    narrows.ray.reconstruct(tmp_path / "m", lake / "parquet", tmp_path / "back")
    back = _written(tmp_path / "back")
    assert back.column_names == list(rows.feature_names)
    assert np.array_equal(back["a"].to_numpy(), model.reconstruct(rows)["a"].to_numpy())


def test_the_gaps_of_csv_files_are_filled_and_all_else_is_kept(lake: Path, tmp_path: Path) -> None:
    rows = narrows.read(lake / "csv")
    model = narrows.Autoencoder(n_components=2, epochs=1, random_state=0, device="cpu").fit(rows)
    narrows.ray.impute(model, lake / "csv", tmp_path / "filled")
    assert len(list((tmp_path / "filled").iterdir())) == 3  # each file is a part of its own, for any worker
    filled, given = (
        _written(tmp_path / "filled"),
        pa.concat_tables([csv.read_csv(lake / "csv" / f"{i}.csv") for i in range(3)]),
    )
    assert filled.column_names == given.column_names
    assert filled["day"].to_pylist() == given["day"].to_pylist()
    expected, known = model.impute(rows)["b"].to_numpy(), given["b"].is_valid().to_numpy()
    assert given["b"].null_count > 0
    assert np.array_equal(filled["b"].to_numpy(), expected)
    assert np.array_equal(filled["b"].to_numpy()[known], given["b"].to_numpy()[known])


def test_many_batches_of_a_part_keep_their_order(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(220_000, 2))
    parquet.write_table(pa.table({"a": x[:, 0], "b": x[:, 1]}), tmp_path / "rows.parquet", row_group_size=30_000)
    rows = narrows.read(tmp_path / "rows.parquet")
    model = narrows.Autoencoder(n_components=1, epochs=1, random_state=0, device="cpu").fit(rows)
    narrows.ray.impute(model, tmp_path / "rows.parquet", tmp_path / "filled", workers=1)
    found = _written(tmp_path / "filled")
    assert np.array_equal(np.column_stack([c.to_numpy() for c in found.columns]), x)


def test_a_written_block_keeps_the_order_of_its_chunks(tmp_path: Path) -> None:
    # Arrow's threads changed the order of about a third of such blocks.
    blocks = [
        pa.concat_tables([pa.table({"i": np.arange(start, start + 50_000)}) for start in range(0, 600_000, 50_000)])
    ]
    folder = RemotePath(LocalFileSystem(), str(tmp_path), str(tmp_path))
    for task in range(10):
        datasink(folder).write([*blocks, blocks[0][:0]], SimpleNamespace(task_idx=task))
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == [f"part-{task:08}.parquet" for task in range(10)]
    assert all(np.array_equal(parquet.read_table(file)["i"].to_numpy(), np.arange(600_000)) for file in files)


def test_a_budget_is_one_for_all_rows(lake: Path, tmp_path: Path) -> None:
    rows = narrows.read(lake / "csv")
    detector = narrows.AnomalyDetector(threshold="budget", budget=7, n_members=1, random_state=0).fit(rows)
    narrows.ray.score(detector, lake / "csv", tmp_path / "scores")
    found = _written(tmp_path / "scores")
    scores = -detector.score_samples(rows)
    assert np.array_equal(found["score"].to_numpy(), scores)
    assert np.flatnonzero(found["anomaly"].to_numpy()).tolist() == np.flatnonzero(detector.alarms(scores)).tolist()
    with pytest.raises(ModelError, match="only scores rows"):
        narrows.ray.encode(detector, lake / "csv", tmp_path / "codes")


def test_a_cell_of_another_type_stops_or_comes_first(model, lake: Path, tmp_path: Path) -> None:
    (tmp_path / "late.csv").write_text("a,b,kind,day,year\n" + "0.1,0.2,up,3,2023\n" * 400 + "soon,0.2,up,3,2023\n")
    with pytest.raises(NotNumericError, match=r"soon.*within a part of late\.csv"):
        narrows.ray.score(model, tmp_path / "late.csv", tmp_path / "scores")
    assert not (tmp_path / "scores").exists()
    narrows.ray.score(model, tmp_path / "late.csv", tmp_path / "scores", errors="flag")
    found = _written(tmp_path / "scores")
    assert found.column_names == ["reconstruction_error", "elbo"]
    assert found["reconstruction_error"].to_numpy().argmax() == 400
    assert found["elbo"].to_numpy().argmin() == 400
