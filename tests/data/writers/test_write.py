from __future__ import annotations

import errno
import os

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from narrows.data import as_rows, atomic, check_output, montage, read, write
from narrows.data.image_grid import visible
from narrows.errors import OutputError, OutputExistsError

R = np.random.default_rng(0)
TABLE = R.normal(size=(5, 3))
IMAGES = R.integers(0, 256, (5, 8, 9), np.uint8)


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".npy", ".npz"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
def test_what_was_written_is_read_back_to_the_bit(tmp_path, ending, dtype):
    X = (TABLE * 100).astype(dtype)
    write(tmp_path / f"t{ending}", X)
    np.testing.assert_array_equal(read(tmp_path / f"t{ending}").block().astype(dtype), X)
    assert os.listdir(tmp_path) == [f"t{ending}"]


def test_names_gaps_and_labels_are_kept(tmp_path):
    frame = pd.DataFrame({"a": [1.5, np.nan], "label": [1, 2]})
    for ending in (".csv", ".parquet"):
        write(tmp_path / f"t{ending}", frame, labels=np.array(["x", "y"]))
        rows = read(tmp_path / f"t{ending}", label="label_")
        assert rows.names == ("a", "label")
        np.testing.assert_array_equal(rows.block(), frame.to_numpy())
        assert list(rows.labels) == ["x", "y"]  # pyright: ignore
    write(tmp_path / "s.csv", np.arange(3), names=["score"])
    assert read(tmp_path / "s.csv").names == ("score",)


def test_images_are_arrays_of_images(tmp_path):
    write(tmp_path / "t.npy", IMAGES.reshape(5, 72), image_shape=(8, 9))
    np.testing.assert_array_equal(np.load(tmp_path / "t.npy"), IMAGES)
    write(tmp_path / "t.npz", IMAGES, labels=np.arange(5))
    np.testing.assert_array_equal(read(tmp_path / "t.npz").labels, np.arange(5))


@pytest.mark.parametrize("images", [IMAGES, IMAGES.astype(np.uint16) * 257, R.integers(0, 256, (5, 8, 9, 3), np.uint8)])
def test_a_folder_of_images_is_read_back(tmp_path, images):
    write(tmp_path / "out", images, labels=np.array(["b/..", "a", "a", "a", "b/.."]))
    rows = read(tmp_path / "out")
    np.testing.assert_array_equal(rows.block().reshape(images.shape), images[[1, 2, 3, 0, 4]])
    assert list(rows.labels) == ["a", "a", "a", "b_", "b_"]  # pyright: ignore
    write(f"{tmp_path}/flat.v1/", images)
    np.testing.assert_array_equal(read(tmp_path / "flat.v1").block().reshape(images.shape), images)


def test_floats_are_pixels_of_0_to_1_unless_said_otherwise(tmp_path):
    write(tmp_path / "a", IMAGES / 255)
    write(tmp_path / "b", IMAGES / 1.0, pixel_range=(0, 255))
    np.testing.assert_array_equal(read(tmp_path / "a").block(), IMAGES.reshape(5, -1))
    np.testing.assert_array_equal(read(tmp_path / "b").block(), IMAGES.reshape(5, -1))


def test_a_png_is_one_sheet(tmp_path):
    write(tmp_path / "t.png", IMAGES)
    sheet = np.asarray(Image.open(tmp_path / "t.png"))
    assert sheet.shape == (2 * (8 * 6 + 4) + 4, 3 * (9 * 6 + 4) + 4)
    np.testing.assert_array_equal(sheet[4:52:6, 4:58:6], IMAGES[0])
    assert sheet[0, 0] == 255
    with pytest.raises(OutputError, match="folder"):
        write(tmp_path / "big.png", np.broadcast_to(np.uint8(0), (1000, 300, 300)))


def test_a_montage_of_colour_images_takes_the_columns_it_is_given():
    assert montage(R.random((3, 8, 8, 3)), columns=3, scale=1).size == (40, 16)


@pytest.mark.parametrize(("name", "values"), [("t.csv", TABLE), ("out", IMAGES)])
def test_what_is_there_is_replaced_only_by_force(tmp_path, name, values):
    write(tmp_path / name, values)
    with pytest.raises(OutputExistsError, match="--force"):
        write(tmp_path / name, values)
    write(tmp_path / name, values[:2], force=True)
    assert len(read(tmp_path / name)) == 2
    assert os.listdir(tmp_path) == [name]


def test_foreign_files_are_never_deleted(tmp_path):
    out = tmp_path / "out"
    write(out, IMAGES)
    (out / "thesis.tex").write_text("years of work")
    with pytest.raises(OutputExistsError, match="more than images"):
        write(out, IMAGES, force=True)
    assert (out / "thesis.tex").exists()
    (tmp_path / "t").write_text("a file")
    with pytest.raises(OutputExistsError, match="another kind"):
        write(tmp_path / "t", IMAGES, force=True)
    (tmp_path / "empty").mkdir()
    write(tmp_path / "empty", IMAGES)


@pytest.mark.parametrize("name", ["t.csv", "t.npz", "t.png", "out"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path, monkeypatch, name):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=rf"{name} could not be written: the disk is full"):
        write(tmp_path / name, IMAGES)
    assert os.listdir(tmp_path) == []


def test_a_failed_replacement_keeps_the_old_folder(tmp_path, monkeypatch):
    write(tmp_path / "out", IMAGES)
    rename, calls = os.rename, []

    def fail_second(a, b):
        calls.append(a)
        if len(calls) == 2:
            raise OSError(errno.EIO, "Input/output error")
        rename(a, b)

    monkeypatch.setattr(atomic, "_exchange", lambda one, other: False)  # as elsewhere than on Linux
    monkeypatch.setattr(os, "rename", fail_second)
    with pytest.raises(OutputError, match="Input/output"):
        write(tmp_path / "out", IMAGES[:1], force=True)
    assert len(read(tmp_path / "out")) == 5
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("no/t.csv", "is not a folder"), ("t.docx", "ending"), ("t.png", "are a table"), ("t", "are a table")],
)
def test_what_cannot_be_written_is_said(tmp_path, name, sentence):
    with pytest.raises(OutputError, match=sentence):
        write(tmp_path / name, TABLE)
    assert os.listdir(tmp_path) == []


def test_a_folder_that_may_not_be_written_to_is_said_before_the_work(tmp_path):
    tmp_path.chmod(0o500)
    if os.access(tmp_path, os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.raises(OutputError, match="may not be written"):
        check_output(tmp_path / "t.csv")


def test_rows_keep_their_own_labels(tmp_path):
    rows = as_rows(IMAGES)
    write(tmp_path / "t.csv", rows)
    assert read(tmp_path / "t.csv").n_columns == 72


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_gaps_in_labels_stay_empty_and_whole_numbers_stay_whole(tmp_path, ending):
    path = tmp_path / f"t{ending}"
    for labels in (["x", None, "y"], [1, None, 3]):
        write(path, TABLE[:3], labels=np.array(labels, dtype=object), force=True)
        rows = read(path, label="label")
        assert list(rows.labels) == labels  # pyright: ignore
        write(path, rows, force=True)
        assert list(read(path, label="label").labels) == labels  # pyright: ignore
    write(path, TABLE[:3], labels=np.array(["x", 1, np.nan], dtype=object), force=True)
    assert list(read(path, label="label").labels) == ["x", "1", None]  # pyright: ignore


def test_gaps_in_labels_are_nan_or_empty_text_in_an_npz(tmp_path):
    path = tmp_path / "t.npz"
    write(path, TABLE[:2], labels=np.array([1, None], dtype=object))
    np.testing.assert_array_equal(read(path).labels, [1, np.nan])
    write(path, TABLE[:2], labels=np.array(["x", None], dtype=object), force=True)
    np.testing.assert_array_equal(read(path).labels, ["x", ""])


@pytest.mark.parametrize("dtype", [">i4", ">f8", np.longdouble])
def test_labels_and_values_of_other_machines_are_written_as_tables(tmp_path, dtype):
    write(tmp_path / "t.parquet", TABLE.astype(dtype), labels=np.arange(5).astype(dtype))
    assert list(read(tmp_path / "t.parquet", label="label").labels) == [0, 1, 2, 3, 4]  # pyright: ignore


def test_labels_that_no_table_holds_are_refused_and_nothing_is_left_behind(tmp_path):
    with pytest.raises(OutputError, match=r"do not fit into a \.csv file"):
        write(tmp_path / "t.csv", TABLE, labels=np.ones(5, complex))
    assert not os.listdir(tmp_path)


def test_four_channels_are_kept_with_their_transparency_in_a_folder(tmp_path):
    images = R.integers(0, 256, (3, 8, 9, 4), np.uint8)
    write(tmp_path / "out", images)
    with Image.open(sorted((tmp_path / "out").iterdir())[1]) as image:
        np.testing.assert_array_equal(np.asarray(image), images[1])


@pytest.mark.parametrize(("n_channels", "mode"), [(2, "L"), (5, "RGB")])
def test_other_numbers_of_channels_are_written_as_they_are_seen(tmp_path, n_channels, mode):
    images = R.integers(0, 256, (3, 8, 9, n_channels), np.uint8)
    write(tmp_path / "out", images)
    seen = np.rint(images.mean(-1)) if n_channels == 2 else images[..., :3]
    with Image.open(sorted((tmp_path / "out").iterdir())[1]) as image:
        assert image.mode == mode
        np.testing.assert_array_equal(np.asarray(image), seen[1])
    write(tmp_path / "sheet.png", images)


def test_pixels_of_a_folder_stay_in_their_own_units(tmp_path):
    for name, images in (("a", IMAGES // 8), ("b", (IMAGES // 8).astype(np.uint16) * 128)):
        write(tmp_path / name, images, pixel_range=(0, images.max()))
        np.testing.assert_array_equal(read(tmp_path / name).block().reshape(images.shape), images)


def test_two_channels_are_grey_four_lie_on_white_and_of_more_three_are_seen():
    for top, images in ((255, R.integers(0, 256, (2, 3, 4, 5), np.uint8)), (1, R.random((2, 3, 4, 5), np.float32))):
        np.testing.assert_array_equal(visible(images), images[..., :3])
        np.testing.assert_allclose(visible(images[..., :2])[..., 0], images[..., :2].mean(-1), atol=top / 500)
        cover = images[..., 3:4] / top
        np.testing.assert_allclose(
            visible(images[..., :4]), images[..., :3] * cover + top * (1 - cover), atol=top / 500
        )
        for n_channels in (1, 3):
            np.testing.assert_array_equal(visible(images[..., :n_channels]), images[..., :n_channels])
        assert visible(images[..., :2]).dtype == visible(images[..., :4]).dtype == images.dtype


def test_pictures_of_twelve_bits_are_not_drawn_black():
    images = np.full((1, 8, 8), 4095, np.uint16)
    assert np.asarray(montage(images, scale=1)).min() == 255
