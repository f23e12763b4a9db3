"""Tables of other kinds in the shell: JSON, and Parquet files with lists."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

RNG = np.random.default_rng(0)


def test_json_lines_are_fitted_scored_and_imputed(shell, quick, tmp_path: Path) -> None:
    rows = [{"a": float(x), "b": {"c": float(2 * x), "kind": "xy"[int(x > 0)]}} for x in RNG.normal(size=40)]
    rows[3]["b"]["kind"] = None
    (tmp_path / "events.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert shell("fit", "events.jsonl", *quick).status == 0
    assert shell("score", "events-plain", "events.jsonl").status == 0
    done = shell("impute", "events-plain", "events.jsonl", "-o", "full.csv")
    assert done.status == 0, done.err
    assert "b.kind 1" in done.out
    assert (tmp_path / "full.csv").read_text().startswith('"a","b.c","b.kind"\n')


def test_lists_are_learned_from_and_imputed_whole(shell, quick) -> None:
    vectors = RNG.normal(size=(40, 3)).tolist()
    table = pa.table({"tags": [["x"] * (i % 3) for i in range(40)], "v": [None, *vectors[1:]]})
    parquet.write_table(table, "v.parquet")
    fitted = shell("fit", "v.parquet", "-o", "m", *quick)
    assert fitted.status == 0, fitted.err
    assert "'tags', give each value a column" in " ".join(fitted.err.split())
    assert shell("impute", "m", "v.parquet", "-o", "full.parquet").status == 0
    found = parquet.read_table("full.parquet")
    assert found.column_names == table.column_names
    assert found["v"].to_pylist()[1:] == vectors[1:]
    assert len(found["v"][0].as_py()) == 3


def test_a_detector_says_what_it_does_not_learn_from_and_how_to_keep_it(shell, tmp_path: Path) -> None:
    lines = ["id,x,y", *(f"{i},{x:.3f},{-x:.3f}" for i, x in enumerate(RNG.normal(size=60)))]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    done = shell("detect", "t.csv", "--seed", 0)
    assert done.status == 0
    assert (
        "'id' (a different value in every row); to learn from it as from categories, set --categorical id." in done.err
    )
    assert "Warning" not in done.err
