"""Which rows and columns `narrows fit` learns from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import narrows


def test_columns_are_chosen_set_aside_and_named(shell, quick, table: Path) -> None:
    done = shell("fit", table, "-o", "m", *quick)
    assert "columns     5: 4 numeric; ignored: name (a different value in almost every row)" in done.out
    assert narrows.load("m").feature_names_in_.tolist() == ["a", "b", "c", "age", "name"]
    assert shell("fit", table, "-o", "n", "--columns", "a,c", *quick).status == 0
    assert narrows.load("n").feature_names_in_.tolist() == ["a", "c"]
    assert shell("fit", table, "-o", "o", "--ignore", "a", "--label", "name", *quick).status == 0
    assert narrows.load("o").feature_names_in_.tolist() == ["b", "c", "age"]


def test_kinds_are_told_in_words_and_in_json_and_can_be_overruled(shell, quick) -> None:
    lines = [f"{i % 3},{'xy'[i % 2]},2020-01-{1 + i % 28:02d},{i % 4 == 0},{i * i % 17}" for i in range(60)]
    Path("t.csv").write_text("code,side,day,flag,n\n" + "\n".join(lines) + "\n")
    result = shell("fit", "t.csv", "-o", "m", *quick).out
    assert "columns     5: 2 numeric, 1 category, 1 date, 1 true-or-false column" in result
    kinds = shell("fit", "t.csv", "-o", "n", "--categorical", "code,n", "--json", *quick).json["kinds"]
    assert kinds == {
        "code": "category",
        "side": "category",
        "day": "date",
        "flag": "true-or-false column",
        "n": "category",
    }
    wrong = shell("fit", "t.csv", "-o", "o", "--categorical", "cod", *quick)
    assert (wrong.status, wrong.err.count("\n")) == (2, 1)
    assert "'cod'" in wrong.err


def test_gaps_are_learned_stop_a_fit_are_filled_or_dropped(shell, quick, gaps: Path) -> None:
    assert shell("fit", gaps, "-o", "k", *quick).status == 0
    stopped = shell("fit", gaps, "-o", "m", "--missing", "error", *quick)
    assert stopped.status == 1
    assert "'b'" in stopped.err
    assert "row 3" in stopped.err
    assert "--missing" in stopped.err
    assert not Path("m").exists()
    assert shell("fit", gaps, "-o", "m", "--missing", "mean", *quick).status == 0
    dropped = shell("fit", gaps, "-o", "n", "--missing", "drop", "--json", *quick)
    assert dropped.json["rows"] == 39
    assert "1 of 40 rows" in dropped.err


def test_images_are_read_from_a_folder_and_resized(shell, quick) -> None:
    from PIL import Image

    for i in range(12):
        place = Path("pictures", "ab"[i % 2])
        place.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(i).integers(0, 256, (10, 12), dtype=np.uint8)
        Image.fromarray(pixels).save(place / f"{i}.png")
    assert shell("fit", "pictures", "-o", "m", "--image-size", "8x9", *quick).status == 0
    assert narrows.load("m").schema_.image_shape == (8, 9, 1)
    wrong = shell("fit", "pictures", "-o", "n", "--image-size", "8-9", *quick)
    assert wrong.status == 2
    assert "8x" in wrong.err or "28x28" in wrong.err


def test_labels_with_gaps_are_no_obstacle(shell, quick, table: Path) -> None:
    lines = table.read_text().splitlines()
    marked = [lines[0] + ",kind", *(f"{line},{'' if i % 4 == 0 else i % 2}" for i, line in enumerate(lines[1:]))]
    table.write_text("\n".join(marked) + "\n")
    assert shell("fit", table, "-o", "m", "--label", "kind", *quick).status == 0
    assert shell("report", "m", table, "--label", "kind").status == 0


def test_groups_and_times_are_held_out_and_not_learned_from(shell, quick) -> None:
    rng = np.random.default_rng(0)
    lines = ["a,b,c,person,day"]
    for i in range(200):
        numbers = ",".join(f"{x:.4f}" for x in rng.standard_normal(3))
        lines.append(f"{numbers},p{i % 20},2024-{1 + i % 12:02}-{1 + i // 12:02}")
    Path("t.csv").write_text("\n".join(lines))
    done = shell("fit", "t.csv", "-o", "m", "--group", "person", "--ignore", "day", "--n-components", "1", *quick)
    assert (done.status, "held out of training as whole groups" in done.out) == (0, True)
    model = narrows.load("m")
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]  # pyright: ignore[reportAttributeAccessIssue]
    assert len({i % 20 for i in model.validation_rows_}) * 10 == len(model.validation_rows_)  # pyright: ignore
    done = shell("fit", "t.csv", "-o", "n", "--time", "day", "--ignore", "person", "--n-components", "1", *quick)
    assert (done.status, "the last ones" in done.out) == (0, True)
    both = shell("fit", "t.csv", "-o", "k", "--time", "day", "--group", "person", *quick)
    assert (both.status, "use only one" in both.err) == (2, True)
    wrong = shell("fit", "t.csv", "-o", "k", "--validation", "groups", *quick)
    assert (wrong.status, "--group COLUMN" in wrong.err) == (2, True)
    idle = shell("fit", "t.csv", "-o", "k", "--validation", "last", "--validation-fraction", "0", *quick)
    assert (idle.status, "without --validation-fraction above 0" in idle.err) == (2, True)
