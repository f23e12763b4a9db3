from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from narrows.apps.cli.inputs import data_name
from narrows.data.readers import parquet, table_formats


@pytest.mark.parametrize("ending", [".csv", ".CSV.gz", *parquet.ENDINGS, *table_formats.ENDINGS, ".npz", ".idx3.gz"])
def test_a_model_is_named_after_its_file_without_the_ending(ending):
    assert data_name(f"somewhere/flights.2024{ending}") == "flights.2024"


def test_other_endings_belong_to_the_name():
    assert data_name("notes.txt") == "notes.txt"
    assert data_name("digits") == "digits"
    assert data_name(".csv") == ".csv"


def test_commands_take_addresses_and_patterns(shell, quick, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for i in range(2):
        folder = tmp_path / "lake" / str(i)
        folder.mkdir(parents=True)
        columns = {name: rng.normal(size=100).round(3) for name in "abc"}
        pq.write_table(pa.table(columns), folder / "part.parquet")
    assert shell("fit", f"file://{tmp_path}/lake/*/*.parquet", "-o", "m", *quick).status == 0
    for source in ("lake/*/*.parquet", f"file://{tmp_path}/lake", "lake"):
        assert shell("score", "m", source, "-o", "s.parquet", "--force").status == 0
        assert pq.read_metadata("s.parquet").num_rows == 200
    refused = shell("encode", "m", "s3x://bucket/t.csv", "-o", "c.csv")
    assert refused.status == 1
    assert refused.err.count("\n") == 1
    assert shell("score", "m", f"file://{tmp_path}/s.parquet", "-o", "s.parquet", "--force").status == 1
    assert data_name("s3://bucket/flights/*.parquet?region=x") == "flights"
