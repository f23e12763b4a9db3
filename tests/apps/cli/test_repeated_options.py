from __future__ import annotations

from pathlib import Path

import pytest

import narrows


@pytest.mark.parametrize(
    ("options", "learned"),
    [
        (("--ignore", "name", "--ignore", "a"), {"b", "c", "age"}),
        (("--ignore", "name,a", "--ignore", "b"), {"c", "age"}),
        (("--columns", "a", "--columns", "b,c"), {"a", "b", "c"}),
    ],
)
def test_a_repeated_list_has_the_elements_of_all(
    shell, quick, table: Path, options: tuple[str, ...], learned: set[str]
) -> None:
    assert shell("fit", table, "-o", "m", *options, *quick).status == 0
    schema = narrows.load("m").schema_
    assert {schema.feature_names[i] for i in schema.learned_columns} == learned


def test_types_of_several_options_all_count(shell, table: Path) -> None:
    shown = shell("inspect", table, "--types", "a=category", "--types", "age=category", "--json").json
    kinds = {column["name"]: column["type"] for column in shown["columns"]}
    assert kinds["a"] == kinds["age"] == "category"


def test_of_other_options_the_last_value_counts_and_a_warning_names_the_others(shell, quick, table: Path) -> None:
    done = shell("fit", table, "-o", "m", "--label", "a", "--label", "b", *quick)
    assert done.status == 0
    assert "Warning: --label is given 2 times, with 'a', 'b'; the last one is used." in done.err
    assert narrows.load("m").label_column_ == "b"
    assert "Warning" not in shell("fit", table, "-o", "n", "--label", "a", "--label", "a", *quick).err


def test_two_values_of_a_given_column_are_refused(shell, quick, table: Path) -> None:
    assert shell("fit", table, "-o", "v", "--variant", "variational", *quick).status == 0
    refused = shell("generate", "v", "-n", "3", "--given", "age=40", "--given", "age=41", "-o", "new.csv")
    assert refused.status == 2
    assert "two values for 'age'" in refused.err
    assert not Path("new.csv").exists()
