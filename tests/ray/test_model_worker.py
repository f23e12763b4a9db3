"""What a worker makes of batches of rows, and the judgement of all rows together; without Ray."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import narrows
from narrows.errors import NotNumericError, OutputExistsError
from narrows.ray.judging import judge_together
from narrows.ray.model_worker import Job, ModelWorker
from narrows.ray.result_folder import address_of, folder_of_results, n_rows_of
from narrows.ray.table_operations import _files_of

RNG = np.random.default_rng(0)
TABLE = pa.table(
    {
        "a": RNG.normal(size=400),
        "b": pa.array(np.where(RNG.random(400) < 0.1, np.nan, RNG.normal(size=400)), from_pandas=True),
        "kind": RNG.choice(["x", "y"], 400),
        "more": np.arange(400),
    }
)


@pytest.fixture(scope="module")
def model() -> narrows.VariationalAutoencoder:
    settings = {"n_components": 2, "epochs": 2, "random_state": 0, "device": "cpu"}
    return narrows.VariationalAutoencoder(**settings).fit(TABLE.drop_columns("more"))


def _of_batches(model: object, table: pa.Table, job: Job) -> pa.Table:
    files = _files_of(model)
    schema = ModelWorker(files, job)(table[:100]).schema
    worker = ModelWorker(files, job, schema)
    return pa.concat_tables([worker(table[start : start + 77]) for start in range(0, len(table), 77)])


@pytest.mark.parametrize("operation", ["score", "encode", "reconstruct", "impute"])
def test_the_results_of_batches_are_those_of_all_rows_to_the_bit(
    model: narrows.VariationalAutoencoder, operation: str
) -> None:
    found = _of_batches(model, TABLE, Job(operation, "t", label="more" if operation == "score" else None))
    rows = TABLE.drop_columns("more")
    if operation == "score":
        assert found.column_names == ["reconstruction_error", "elbo", "label"]
        assert np.array_equal(found["reconstruction_error"].to_numpy(), model.reconstruction_error(rows))
        assert np.array_equal(found["elbo"].to_numpy(), model.elbo(rows))
        assert found["label"].to_pylist() == list(range(400))
    elif operation == "encode":
        assert np.array_equal(np.column_stack([c.to_numpy() for c in found.columns]), model.transform(rows))
    elif operation == "reconstruct":
        assert found.equals(model.reconstruct(rows))
    else:
        assert found.drop_columns("more").equals(model.impute(rows))
        assert found["more"].equals(TABLE["more"])


def _written(table: pa.Table, folder: Path) -> None:
    for i, start in enumerate(range(0, len(table), 150)):
        parquet.write_table(table[start : start + 150], folder / f"part-{i:08}.parquet")


@pytest.mark.parametrize("threshold", ["budget", "benjamini-hochberg"])
def test_alarms_of_files_that_are_judged_together_are_those_of_all_rows(tmp_path: Path, threshold: str) -> None:
    rows = TABLE.drop_columns("more")
    rule = {"budget": {"budget": 7}, "benjamini-hochberg": {"alpha": 0.1}}[threshold]
    detector = narrows.AnomalyDetector(threshold=threshold, **rule, n_members=1, random_state=0).fit(rows)
    with folder_of_results(tmp_path / "out", force=False) as folder:
        _written(_of_batches(detector, TABLE, Job("score", "t")), Path(folder.path))
        judge_together(detector, folder)
        assert n_rows_of(folder.rglob()) == 400
    found = parquet.read_table(tmp_path / "out")
    assert found.column_names == ["score", "p_value", "anomaly"]
    assert np.array_equal(found["anomaly"].to_numpy() == 1, detector.alarms(found["score"].to_numpy()))
    assert np.array_equal(found["score"].to_numpy(), -detector.score_samples(rows))


def test_rows_with_invalid_cells_of_any_file_are_above_all_others(model, tmp_path: Path) -> None:
    texts = [str(x) for x in TABLE["a"].to_pylist()]
    texts[217] = "soon"
    table = TABLE.set_column(0, "a", [texts])
    with pytest.raises(NotNumericError, match=r"soon.*within a part of t"):
        _of_batches(model, table, Job("score", "t"))
    with folder_of_results(tmp_path / "out", force=False) as folder:
        _written(_of_batches(model, table, Job("score", "t", errors="flag")), Path(folder.path))
        judge_together(model, folder)
    found = parquet.read_table(tmp_path / "out")
    assert found.column_names == ["reconstruction_error", "elbo"]
    assert found["reconstruction_error"].to_numpy().argmax() == found["elbo"].to_numpy().argmin() == 217
    others = np.arange(400) != 217
    whole = model.reconstruction_error(TABLE.drop_columns("more"))
    assert np.array_equal(found["reconstruction_error"].to_numpy()[others], whole[others])


def test_a_folder_is_replaced_only_if_it_holds_results(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "part-00000000.parquet").touch()
    with pytest.raises(OutputExistsError, match="use --force"), folder_of_results(tmp_path / "full", force=False):
        pass
    with folder_of_results(tmp_path / "full", force=True):
        pass
    assert not list((tmp_path / "full").iterdir())
    (tmp_path / "full" / "thesis.txt").touch()
    with pytest.raises(OutputExistsError, match="not replaced"), folder_of_results(tmp_path / "full", force=True):
        pass
    assert address_of(Path("s3://bucket/scores")) == "s3://bucket/scores"
    assert address_of(Path("file:///a/b")) == "file:///a/b"
    assert address_of(Path("C:/a")) == "C:/a"
