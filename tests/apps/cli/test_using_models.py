"""What holds of all commands that use a saved model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


@pytest.mark.parametrize("command", ["encode", "reconstruct", "score", "denoise", "generate"])
def test_an_existing_output_is_replaced_only_with_force(shell, models: Path, command: str) -> None:
    Path("out.npy").write_text("precious")
    model = models / {"denoise": "denoising", "generate": "variational"}.get(command, "plain")
    data = () if command == "generate" else ("digits",)
    refused = shell(command, model, *data, "-o", "out.npy")
    assert refused.status == 1
    assert "--force" in refused.err
    assert Path("out.npy").read_text() == "precious"
    assert shell(command, model, *data, "-o", "out.npy", "--force").status == 0
    assert np.load("out.npy").shape[0] in (64, 1797)
    assert [path.name for path in Path().iterdir()] == ["out.npy"]


def test_a_set_with_a_test_part_is_used_by_it_and_its_fit_measured_on_it(shell, quick, monkeypatch) -> None:
    from narrows.apps.cli import inputs
    from narrows.data import Rows

    rng = np.random.default_rng(0)
    parts = {n: Rows(rng.uniform(size=(n, 4)), labels=np.arange(n), source=f"a set of {n}") for n in (30, 12)}
    monkeypatch.setattr("narrows.data.read", lambda *_, **__: parts[30])
    monkeypatch.setattr("narrows.data.read_held_out", lambda *_: parts[12])
    done = shell("fit", "toy", "-o", "m", "--json", *quick)
    assert (done.json["held_out"], done.json["held_out_rows"], done.json["rows"]) == ("test", 12, 30)
    default = shell("score", "m", "toy", "--json")
    assert default.json["rows"] == 12
    assert "test rows" in default.err
    assert shell("score", "m", "toy", "--part", "train", "--json").json["rows"] == 30
    assert shell("score", "m", "toy", "--part", "all", "--json").json["rows"] == 42
    assert inputs.data_name("toy") == "toy"


def test_a_part_of_data_without_parts_is_a_wrong_call(shell, models: Path) -> None:
    refused = shell("score", models / "plain", "digits", "--part", "test")
    assert refused.status == 2
    assert "no test set" in refused.err


def test_text_and_gaps_in_columns_that_the_model_does_not_use_do_not_matter(shell, quick, tabular: Path) -> None:
    rows = "".join(f"{i},{2 * i},{-i},{i},{'oops' if i == 3 else i if i % 2 else ''}\n" for i in range(20))
    Path("more.csv").write_text("a,b,c,age,other\n" + rows)
    for missing in ("error", "drop"):
        assert shell("encode", tabular, "more.csv", "-o", f"{missing}.npy", "--missing", missing).status == 0
        assert len(np.load(f"{missing}.npy")) == 20


def test_the_rows_that_are_read_are_never_overwritten_whatever_force_says(shell, tabular: Path, table: Path) -> None:
    before = table.read_bytes()
    refused = shell("reconstruct", tabular, table, "-o", table, "--force")
    assert refused.status == 1
    assert "is the input file" in refused.err
    assert table.read_bytes() == before
