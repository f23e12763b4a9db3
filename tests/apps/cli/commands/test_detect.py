from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import narrows


@pytest.fixture
def sensors(tmp_path: Path) -> Path:
    """200 rows of four related numbers, the last five of them wrong in column c, and a label that says so."""
    z = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    rows = np.column_stack([z[:, 0], z[:, 0] + z[:, 1], z[:, 1] * 3, z[:, 0] - z[:, 1]])
    rows[195:, 2] += [12, -11, 10, -12, 11]
    lines = ["a,b,c,d,broken"] + [",".join(f"{x:.4f}" for x in row) + f",{int(i >= 195)}" for i, row in enumerate(rows)]
    path = tmp_path / "sensors.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_most_anomalous_rows_are_shown_with_their_reasons_and_the_detector_is_saved(shell, sensors: Path) -> None:
    result = shell("detect", sensors, "--label", "broken", "-o", "d", "--seed", "0", "--contamination", "0.05")
    assert result.status == 0
    shown = [line for line in result.out.splitlines() if line.startswith("  row ")]
    assert {int(line.split()[1]) for line in shown} == {196, 197, 198, 199, 200}
    assert all(": c " in line for line in shown)
    assert "AUROC 1.000" in result.out.replace("\n", " ")
    assert isinstance(narrows.load("d"), narrows.AnomalyDetector)


def test_scores_p_values_alarms_and_reasons_are_written(shell, sensors: Path) -> None:
    assert shell("detect", sensors, "--ignore", "broken", "-o", "d", "--seed", "0", "-q").status == 0
    result = shell("score", "d", sensors, "--explain", "2", "-o", "s.csv", "--json")
    assert result.json["alarms"] >= 5
    rows = list(csv.DictReader(Path("s.csv").read_text().splitlines()))
    assert list(rows[0]) == ["score", "p_value", "anomaly", "reason_1", "reason_2"]
    assert all(row["reason_1"].startswith("c ") and row["anomaly"] == "1" for row in rows[195:])
    assert {entry["row"] for entry in result.json["most_anomalous"]} == {195, 196, 197, 198, 199}
    assert result.json["strangest"] == result.json["most_anomalous"]
    assert result.json["strange_cells"] == result.json["invalid_cells"]
    refused = shell("score", "d", sensors, "--explain", "2", "-o", "s.npy")
    assert refused.status == 1
    assert ".csv or .parquet" in refused.err


def test_a_plain_model_names_its_reasons_too(shell, sensors: Path) -> None:
    settings = ("--n-components", "2", "--epochs", "60", "--seed", "0", "--device", "cpu")
    Path("whole.csv").write_text("\n".join(sensors.read_text().splitlines()[:196]) + "\n")
    assert shell("fit", "whole.csv", "--ignore", "broken", "-o", "m", *settings).status == 0
    result = shell("score", "m", sensors, "--explain", "1", "--label", "broken", "--json")
    assert result.json["most_anomalous"][0]["reasons"][0]["column"] == "c"
    assert result.json["quality"]["auroc"] > 0.9


def test_drift_names_the_column(shell, quick, sensors: Path) -> None:
    assert shell("detect", sensors, "--ignore", "broken", "-o", "d", "--seed", "0", "-q").status == 0
    lines = sensors.read_text().splitlines()
    moved = [lines[0], *(f"{float(a) + 4},{rest}" for a, rest in (line.split(",", 1) for line in lines[1:]))]
    Path("now.csv").write_text("\n".join(moved) + "\n")
    assert "changed in 1 of 4 columns: a" in shell("drift", "d", "now.csv").out
    assert "No change was found" in shell("drift", "d", sensors).out
    assert shell("fit", sensors, "--ignore", "broken", "-o", "m", *quick).status == 0
    assert "--reference" in shell("drift", "m", "now.csv").err
    assert shell("drift", "m", "now.csv", "--reference", sensors, "--json").json["drifted"] == ["a"]


@pytest.mark.parametrize("command", ["encode", "reconstruct", "diagnose"])
@pytest.mark.slow
def test_other_commands_say_that_a_detector_is_none_of_theirs(shell, sensors: Path, command: str) -> None:
    assert shell("detect", sensors, "--ignore", "broken", "-o", "d", "-q").status == 0
    result = shell(command, "d", sensors, *([] if command == "diagnose" else ["-o", "out.csv"]))
    assert result.status == 1
    assert "is an anomaly detector" in result.err


def test_a_promise_that_cannot_be_kept_is_a_sentence(shell, sensors: Path) -> None:
    result = shell("detect", sensors, "--threshold", "conformal", "--alpha", "0.001", "-o", "d")
    assert result.status == 1
    assert "at least 999 calibration rows" in result.err.replace("\n", " ")
    assert not Path("d").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--threshold", "budget", "--budget", "7"), "7 alarms, the number of --budget"),
        (("--threshold", "benjamini-hochberg", "--alpha", "0.1"), "at most 10% of them false on average"),
        (("--threshold", "conformal", "--alpha", "0.1"), "above a score of"),
    ],
)
@pytest.mark.slow
def test_alarms_are_told_by_what_they_went_by(shell, sensors: Path, options: tuple[str, ...], words: str) -> None:
    result = shell("detect", sensors, "--ignore", "broken", "-o", "d", "--seed", "0", *options)
    assert result.status == 0
    assert words in result.out


@pytest.mark.parametrize(
    ("options", "needed"),
    [
        ("--alpha 0.05", "--alpha 0.05 has no effect without --threshold conformal or benjamini-hochberg"),
        ("--budget 3", "--budget 3 has no effect without --threshold budget"),
        ("--threshold conformal --contamination 0.2", "--contamination 0.2 has no effect without --threshold"),
    ],
)
def test_an_option_without_effect_is_refused_before_the_data_are_read(shell, options: str, needed: str) -> None:
    refused = shell("detect", "nowhere.csv", *options.split())
    assert refused.status == 2
    assert needed in refused.err
    assert refused.err.count("\n") == 1


@pytest.mark.slow
def test_the_share_of_anomalies_is_estimated_with_a_reason(shell, sensors: Path) -> None:
    options = ("--ignore", "broken", "--seed", "0", "--contamination", "auto", "--force")
    result = shell("detect", sensors, *options, "-o", "d")
    assert result.status == 0
    assert "The rows seem contaminated:" in result.out.replace("\n", " ")
    regime = shell("detect", sensors, *options, "-o", "d", "--json").json["regime"]
    assert regime["name"] == "contaminated"
    assert 0.015 <= regime["share"] <= 0.05
    refused = shell("detect", sensors, "--contamination", "many")
    assert refused.status != 0
    assert "--contamination must be a number above 0 and at most 0.5, or auto" in refused.err


@pytest.mark.slow
def test_a_detection_that_was_killed_is_resumed_to_the_bit(shell, sensors: Path, monkeypatch) -> None:
    from narrows.estimators.anomaly.kept_parts import KeptParts

    def killed(*arguments) -> None:
        keep(*arguments)
        raise MemoryError

    keep, options = KeptParts.keep, ("--ignore", "broken", "--checkpoint-every", "0", "-q")
    monkeypatch.setattr(KeptParts, "keep", killed)
    assert shell("detect", sensors, "-o", "d", *options).status == 1  # without a seed: the one that it drew is kept
    assert sorted(path.name for path in Path().iterdir()) == ["d.checkpoint", "sensors.csv"]
    monkeypatch.setattr(KeptParts, "keep", keep)
    assert shell("detect", sensors, "-o", "d", "--resume", *options).status == 0
    seed = str(narrows.load("d").seed_)
    assert shell("detect", sensors, "-o", "whole", "--seed", seed, *options).status == 0
    assert Path("d/model.safetensors").read_bytes() == Path("whole/model.safetensors").read_bytes()
    assert sorted(path.name for path in Path().iterdir()) == ["d", "sensors.csv", "whole"]
