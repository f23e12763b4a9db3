"""Tables that the shell reads in chunks."""

from __future__ import annotations

import csv
import re
import weakref
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from pyarrow import parquet

from narrows import Autoencoder, machine
from narrows.apps.cli import inputs
from narrows.data import Rows, memory_needed
from narrows.data.readers import row_stream
from narrows.data.writers import verbatim_cells as written_cells


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of three Parquet files, read in chunks of 100 rows."""
    monkeypatch.setattr(row_stream, "_CELLS_PER_CHUNK", 400)
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


@pytest.mark.slow
def test_a_table_too_large_for_memory_is_read_in_chunks_unasked(
    shell, quick, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shell("fit", lake, "-o", "m", *quick).status == 0
    whole = {name: shell(name, "m", lake, "-o", f"{name}.csv") for name in ("encode", "score")}
    monkeypatch.setattr(inputs, "memory", lambda: 1000)
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


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_codes_that_are_written_are_no_longer_in_memory(
    shell, quick, lake: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    assert shell("fit", lake, "-o", "m", *quick).status == 0
    alive: list[weakref.ref[np.ndarray]] = []
    most = 0

    def transform(self: Autoencoder, rows: Rows) -> np.ndarray:
        nonlocal most
        codes = whole(self, rows)
        alive.append(weakref.ref(codes))
        most = max(most, sum(codes() is not None for codes in alive))
        return codes

    whole = Autoencoder.transform
    monkeypatch.setattr(Autoencoder, "transform", transform)
    monkeypatch.setattr(inputs, "memory", lambda: 1000)
    monkeypatch.setattr(row_stream, "_CELLS_PER_CHUNK", 80)
    assert shell("encode", "m", lake, "-o", f"codes.{ending}").status == 0
    assert most < 6 < len(alive)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A CSV file of 900 rows with gaps, whose numbers, truth values and moments are written in ways of their own."""
    monkeypatch.setattr(row_stream, "CSV_BLOCK", 1 << 12)
    monkeypatch.setattr(written_cells, "CSV_BLOCK", 1 << 12)
    rng = np.random.default_rng(0)
    lines = ["n,x,kind,on,when,note"]
    for i, z in enumerate(rng.normal(size=900)):
        cells = [f"{int(50 + 9 * z):04d}", f"{z:.2f}0", "up" if z > 0 else "down", str(z > 0.5).upper()]
        cells += [f"2024-01-{15 + int(3 * z):02d}T08:30:00Z", f'"a, ""{i}"""']
        lines.append(",".join("NA" if k < 5 and rng.random() < 0.1 else cell for k, cell in enumerate(cells)))
    path = tmp_path / "written.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_what_is_written_in_chunks_is_what_is_written_at_once(
    shell, quick, written: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    assert shell("fit", written, "-o", "m", "--ignore", "note", *quick).status == 0
    assert shell("detect", written, "-o", "d", "--seed", "0", "--ignore", "note").status == 0
    commands = {
        "reconstruct": ("reconstruct", "m", written),
        "impute": ("impute", "m", written),
        "explain": ("score", "m", written, "--explain", "2", "--label", "note"),
        "detected": ("score", "d", written, "--explain", "9"),
    }
    monkeypatch.setattr("narrows.apps.cli.commands.score._EXPLAINED", 3)  # so that most chunks have no reasons
    for name, command in commands.items():
        done = shell(*command, "-o", f"{name}.{ending}", "--json")
        assert done.status == 0, done.err
        with monkeypatch.context() as small:
            small.setattr(inputs, "memory", lambda: 1000)
            again = shell(*command, "-o", f"{name}-in-chunks.{ending}", "--json")
        assert "read in chunks" in again.err
        whole, parts = (Path(f"{name}{middle}.{ending}") for middle in ("", "-in-chunks"))
        if ending == "csv":
            assert parts.read_bytes() == whole.read_bytes()
        else:
            assert parquet.read_table(parts).equals(parquet.read_table(whole))
        assert _comparable(again.json) == _comparable(done.json)
    assert not list(Path().glob(".*"))


def _comparable(result: dict) -> dict:
    """Return the result of a command without its output path, with means and shares as approximate numbers."""
    # The report of `impute` measures the rows in memory, which are fewer where a table is read in chunks.
    kept = {k: v for k, v in result.items() if k not in ("output", "report")}
    comparable = {k: pytest.approx(v) if isinstance(v, float) else v for k, v in kept.items()}
    for name in {"most_anomalous", "strangest"} & comparable.keys():
        comparable[name] = [(s["row"], [r["column"] for r in s["reasons"] if r["share"]]) for s in comparable[name]]
    return comparable


def test_cells_that_are_there_come_back_as_they_are_written(shell, quick, written: Path) -> None:
    assert shell("fit", written, "-o", "m", "--ignore", "note", *quick).status == 0
    assert shell("impute", "m", written, "-o", "full.csv").status == 0
    before, after = written.read_text().splitlines(), Path("full.csv").read_text().splitlines()
    assert len(before) == len(after) > 900
    for old, new in zip(csv.reader(before), csv.reader(after), strict=True):
        assert [cell for cell in old if cell != "NA"] == [b for a, b in zip(old, new, strict=True) if a != "NA"]
        _, x, kind, on, when, note = new
        assert kind in ("up", "down", "kind")
        assert on in ("TRUE", "FALSE", "on")
        assert re.fullmatch(r"2024-01-\d\dT\d\d:\d\d:\d\dZ|when", when)
        assert re.fullmatch(r"-?\d+\.\d+(e-\d+)?|-?\d|x", x)
        assert note.startswith("a, ") or note == "note"


@pytest.mark.slow
def test_a_budget_is_one_for_all_chunks(shell, lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shell("detect", lake, "-o", "d", "--threshold", "budget", "--budget", "7").status == 0
    monkeypatch.setattr(inputs, "memory", lambda: 1000)
    assert shell("score", "d", lake, "--json").json["alarms"] == 7


def test_the_memory_of_a_container_counts(lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "none").write_text("max\n")
    (tmp_path / "small").write_text("1000\n")
    for limit, fits in (("none", True), ("absent", True), ("small", False)):
        monkeypatch.setattr(machine, "MEMORY_LIMITS", (tmp_path / limit,))
        assert inputs.fits_into_memory(str(lake)) is fits


@pytest.mark.parametrize(("n_workers", "is_in_memory"), [(1, True), (2, True), (3, False)])
@pytest.mark.parametrize("launcher", ["torchrun", "ray"])
def test_the_tables_of_all_workers_of_a_machine_count(
    lake: Path, shell, quick, monkeypatch: pytest.MonkeyPatch, launcher: str, n_workers: int, is_in_memory: bool
) -> None:
    monkeypatch.setattr(inputs, "memory", lambda: int(2.5 * 3 * memory_needed(lake)))  # two and a half tables
    read = []

    def said(whole: object) -> None:
        read.append(whole)
        raise KeyboardInterrupt  # before the training

    monkeypatch.setattr("narrows.apps.cli.fit_progress.train", lambda model, whole, **_: said(whole))
    monkeypatch.setattr("narrows.apps.cli.commands.fit.n_local_workers", lambda: n_workers)
    more = ("--ray", n_workers) if launcher == "ray" else ()
    shell("fit", lake, "-o", "m", *quick, *more)
    assert isinstance(read[0], Rows) is is_in_memory


def test_what_needs_memory_is_refused_with_the_reason(shell, lake: Path) -> None:
    done = shell("fit", lake, "--out-of-core", "--missing", "drop")
    assert done.status == 2
    assert "need data in memory" in done.err
