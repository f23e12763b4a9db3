from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest
from PIL import Image

import narrows
from narrows.data import read


@pytest.fixture
def tabular(shell, quick, table: Path) -> Path:
    assert shell("fit", table, "-o", "tabular", *quick).status == 0
    return Path("tabular").absolute()


def size_of(path: str) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


# -- encode


def test_encode_writes_the_codes_and_the_labels(shell, models: Path) -> None:
    done = shell("encode", models / "plain", "digits", "-o", "codes.csv")
    assert done.status == 0
    found = pyarrow.csv.read_csv("codes.csv")
    assert found.column_names == [*(f"autoencoder{i}" for i in range(16)), "label"]
    codes = np.column_stack([found[i].to_numpy() for i in range(16)])
    np.testing.assert_allclose(codes, narrows.load(models / "plain").transform(read("digits")), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(found["label"].to_numpy(), read("digits").labels)


@pytest.mark.parametrize("ending", ["parquet", "npy", "npz"])
def test_the_ending_chooses_the_format(shell, models: Path, ending: str) -> None:
    assert shell("encode", models / "plain", "digits", "-o", f"codes.{ending}").status == 0
    if ending == "parquet":
        assert pyarrow.parquet.read_table("codes.parquet").num_columns == 17
    else:
        loaded = np.load(f"codes.{ending}")
        assert (loaded if ending == "npy" else loaded["X"]).shape == (1797, 16)


@pytest.mark.parametrize("name", ["codes.png", "codes", "codes.xyz"])
def test_an_ending_that_does_not_fit_is_found_before_the_work(shell, models: Path, name: str) -> None:
    refused = shell("encode", models / "plain", "digits", "-o", name)
    assert refused.status == 1
    assert ".csv" in refused.err
    assert list(Path().iterdir()) == []


def test_the_label_column_of_a_table_goes_with_the_codes(shell, tabular: Path, table: Path) -> None:
    assert shell("encode", tabular, table, "--label", "name", "-o", "codes.csv").status == 0
    assert pyarrow.csv.read_csv("codes.csv")["label"].to_pylist()[:2] == ["row 0", "row 1"]


# -- the columns of a model


def test_columns_are_found_by_name_in_any_order_and_others_are_left_aside(shell, tabular: Path, table: Path) -> None:
    found = pyarrow.csv.read_csv(table)
    shuffled = found.select(["age", "c", "a", "b"]).append_column("extra", found["a"])
    pyarrow.csv.write_csv(shuffled, "shuffled.csv")
    done = shell("encode", tabular, "shuffled.csv", "-o", "shuffled.npy")
    assert done.status == 0
    assert shell("encode", tabular, table, "-o", "straight.npy").status == 0
    np.testing.assert_array_equal(np.load("shuffled.npy"), np.load("straight.npy"))


def test_a_column_that_is_not_there_is_named(shell, tabular: Path) -> None:
    Path("other.csv").write_text("a,B,c,age\n1,2,3,4\n5,6,7,8\n")
    refused = shell("score", tabular, "other.csv")
    assert refused.status == 1
    assert "'b'" in refused.err
    assert "lacks 1 of the model's 5 columns" in refused.err


def test_the_wrong_number_of_nameless_columns_is_counted(shell, tabular: Path, models: Path) -> None:
    np.save("wide.npy", np.zeros((5, 6)))
    for model, expected in ((tabular, 5), (models / "plain", 64)):
        refused = shell("score", model, "wide.npy")
        assert refused.status == 1
        assert "6" in refused.err
        assert str(expected) in refused.err


def test_nameless_columns_in_the_right_number_are_taken_in_order(shell, tabular: Path, table: Path) -> None:
    found = pyarrow.csv.read_csv(table)
    np.save("table.npy", np.column_stack([found[name].to_numpy() for name in ("a", "b", "c", "age")]).astype(float))
    done = shell("encode", tabular, "table.npy", "-o", "codes.npy")
    assert done.status == 0
    assert "taken for a, b, c, age" in done.err


def test_a_model_of_images_refuses_a_table_and_the_other_way_round(shell, tabular: Path, models: Path) -> None:
    images = shell("score", tabular, "digits")
    assert images.status == 1
    assert "images of 8x8" in images.err
    assert "a table" in images.err
    np.save("large.npy", np.zeros((3, 9, 9), np.uint8))
    assert "images of 9x9, and the model was fitted on 8x8" in shell("score", models / "plain", "large.npy").err
    refused = shell("score", models / "plain", tabular.parent / "table.csv")
    assert refused.status == 1
    assert "4" in refused.err


def test_gaps_at_use_stop_are_filled_or_dropped(shell, tabular: Path, gaps: Path) -> None:
    with pytest.warns(UserWarning, match=r"missing values in columns that had none during fit \('b'\)"):
        narrows.load(tabular).transform(read(gaps))
    stopped = shell("score", tabular, gaps, "--missing", "error")
    assert stopped.status == 1
    assert "row 3" in stopped.err
    assert shell("score", tabular, gaps, "--missing", "mean", "--json").json["rows"] == 40
    assert shell("score", tabular, gaps, "--missing", "drop", "--json").json["rows"] == 39


# -- reconstruct


def test_reconstruct_keeps_columns_and_types(shell, tabular: Path, table: Path) -> None:
    assert shell("reconstruct", tabular, table, "-o", "rebuilt.parquet").status == 0
    found = pyarrow.parquet.read_table("rebuilt.parquet")
    given = pyarrow.csv.read_csv(table)
    assert found.schema.equals(given.schema)
    assert found["name"].equals(given["name"])


def test_reconstruct_keeps_the_shape_of_images(shell, models: Path) -> None:
    assert shell("reconstruct", models / "plain", "digits", "-o", "rebuilt.npy").status == 0
    np.testing.assert_array_equal(np.load("rebuilt.npy"), narrows.load(models / "plain").reconstruct(read("digits")))


def test_reconstruct_writes_a_sheet_or_a_folder_of_images(shell, models: Path) -> None:
    assert shell("reconstruct", models / "plain", "digits", "-o", "sheet.png").status == 0
    assert size_of("sheet.png")[0] > 8 * 40
    assert shell("reconstruct", models / "plain", "digits", "-o", "folder").status == 0
    assert len(list(Path("folder").rglob("*.png"))) == 1797
    assert len(list(Path("folder", "3").glob("*.png"))) == 183


def test_floats_beyond_1_are_drawn_in_their_own_range(shell, quick) -> None:
    images = np.random.default_rng(0).uniform(0, 4000, size=(30, 8, 8))
    np.save("images.npy", images)
    assert shell("fit", "images.npy", "-o", "m", *quick).status == 0
    assert shell("reconstruct", "m", "images.npy", "-o", "folder").status == 0
    pixels = np.array([pixels_of(path) for path in sorted(Path("folder").glob("*.png"))])
    assert 60 < pixels.mean() < 195


# -- score


def test_score_writes_one_error_per_row_and_a_variational_model_its_elbo(shell, models: Path) -> None:
    assert shell("score", models / "variational", "digits", "-o", "scores.parquet").status == 0
    found = pyarrow.parquet.read_table("scores.parquet")
    assert found.column_names == ["reconstruction_error", "elbo", "label"]
    model = narrows.load(models / "variational")
    np.testing.assert_allclose(found["elbo"], model.elbo(read("digits")), rtol=1e-5)
    np.testing.assert_allclose(found["reconstruction_error"], model.reconstruction_error(read("digits")), rtol=1e-5)


def test_score_says_where_a_column_that_was_constant_has_another_value(shell) -> None:
    rows = ["1,red,5", "3,blue,5", "5,red,5", "8,blue,5", "2,red,5"]
    Path("then.csv").write_text("\n".join(["x,y,c", *rows * 4]))
    Path("now.csv").write_text("\n".join(["x,y,c", *rows, "3,blue,6", "5,red,4"]))
    assert shell("fit", "then.csv", "-o", "m", "--epochs", "1", "--seed", "0").status == 0
    assert "c was constant during fit and has another value in 2 rows" in shell("score", "m", "now.csv").out
    assert shell("score", "m", "now.csv", "--json").json["changed"] == {"c": 2}
    assert "constant" not in shell("score", "m", "then.csv").out
    assert shell("score", "m", "then.csv", "--json").json["changed"] == {}


def test_score_states_mean_median_and_maximum_in_words_and_in_json(shell, models: Path) -> None:
    errors = narrows.load(models / "plain").reconstruction_error(read("digits"))
    told = shell("score", models / "plain", "digits", "--json").json["reconstruction_error"]
    assert told == pytest.approx({"mean": errors.mean(), "median": np.median(errors), "max": errors.max()}, rel=1e-5)
    words = shell("score", models / "plain", "digits").out
    for word in ("mean", "median", "max", "squared error per row"):
        assert word in words


# -- denoise


def test_denoise_cleans_what_it_is_given(shell, models: Path) -> None:
    assert shell("denoise", models / "denoising", "digits", "-o", "clean.npy").status == 0
    np.testing.assert_array_equal(np.load("clean.npy"), narrows.load(models / "denoising").reconstruct(read("digits")))


def test_denoise_with_corrupt_measures_the_gain_against_the_clean_rows(shell, models: Path) -> None:
    done = shell("denoise", models / "denoising", "digits", "--corrupt", "--seed", "3", "-o", "a.npy", "--json")
    clean = read("digits").block().reshape(-1, 8, 8)
    expected = 10 * np.log10(1 / ((np.load("a.npy") - clean) ** 2).mean())
    assert done.json["psnr_denoised"] == pytest.approx(expected, abs=1e-3)
    assert done.json["psnr_noisy"] == pytest.approx(-20 * np.log10(0.3), abs=0.1)
    again = shell("denoise", models / "denoising", "digits", "--corrupt", "--seed", "3", "-o", "b.npy", "--json")
    assert again.json["psnr_denoised"] == done.json["psnr_denoised"]
    np.testing.assert_array_equal(np.load("a.npy"), np.load("b.npy"))


def test_denoise_draws_clean_over_noisy_over_denoised(shell, models: Path) -> None:
    assert shell("denoise", models / "denoising", "digits", "--corrupt", "-o", "three.png").status == 0
    assert shell("denoise", models / "denoising", "digits", "-o", "two.png").status == 0
    assert size_of("three.png")[1] > size_of("two.png")[1] + 60


def test_denoise_explains_that_a_model_never_saw_noise(shell, models: Path) -> None:
    refused = shell("denoise", models / "plain", "digits", "-o", "clean.npy")
    assert refused.status == 1
    assert "--variant denoising" in refused.err
    assert not Path("clean.npy").exists()


# -- generate


def test_generate_answers_in_the_shape_of_the_data_and_by_its_seed(shell, models: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert shell("generate", models / "variational", "-n", 5, "--seed", seed, "-o", f"{name}.npy").status == 0
    a, b, c = (np.load(f"{name}.npy") for name in "abc")
    assert a.shape == (5, 8, 8)
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


def test_generate_answers_in_the_columns_of_a_table(shell, quick, table: Path) -> None:
    assert shell("fit", table, "-o", "m", "--variant", "variational", *quick).status == 0
    assert shell("generate", "m", "-n", "7", "-o", "new.csv").status == 0
    found = pyarrow.csv.read_csv("new.csv")
    assert (found.column_names, found.num_rows) == (["a", "b", "c", "age", "name"], 7)
    assert str(found.schema.field("age").type) == "int64"
    assert found["name"].null_count == 7


def test_generate_needs_a_variational_model(shell, models: Path) -> None:
    refused = shell("generate", models / "plain", "-n", "5", "-o", "new.npy")
    assert refused.status == 1
    assert "--variant variational" in refused.err


# -- all of them


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


def test_generated_rows_are_compared_with_real_ones(shell, quick, table: Path) -> None:
    assert shell("fit", table, "-o", "v", "--variant", "variational", "--ignore", "name", *quick).status == 0
    told = shell("generate", "v", "-n", "40", "-o", "new.csv", "--like", table, "--json")
    found = told.json["fidelity"]
    assert set(found["columns"]) == {"a", "b", "c", "age"}
    assert 0 < found["column_score"] <= 1
    assert len(found["pairs"]) == 6
    assert "1 means indistinguishable" in shell("generate", "v", "-n", "40", "-o", "more.csv", "--like", table).out
