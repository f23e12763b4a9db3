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
