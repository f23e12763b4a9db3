import numpy as np
import pytest
from PIL import Image

from narrows import read
from narrows.data.readers.patches import read_patches
from narrows.errors import DataError, SettingError


def folder_of(path, *shapes):
    rng = np.random.default_rng(0)
    for i, shape in enumerate(shapes):
        Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).save(path / f"{i:02}.png")
    return path


def test_patches_are_parts_of_the_images_that_do_not_overlap(tmp_path):
    path = folder_of(tmp_path, (21, 35, 3))
    rows = read(path, patch_size=8)
    image = np.asarray(Image.open(path / "00.png"))
    assert rows.image_shape == (8, 8, 3)
    assert len(rows) == 2 * 4
    found = []
    for patch in np.rint(rows.block().reshape(-1, 8, 8, 3) * 255):
        places = [
            (top, left)
            for top in range(21 - 7)
            for left in range(35 - 7)
            if np.array_equal(image[top : top + 8, left : left + 8], patch)
        ]
        found += places
    assert len(found) == 8
    assert all(abs(a - c) >= 8 or abs(b - d) >= 8 for i, (a, b) in enumerate(found) for c, d in found[:i])


def test_the_images_share_the_patches_by_their_areas(tmp_path):
    rows = read_patches(folder_of(tmp_path, (80, 80), (80, 160)), 8, most=90)
    assert len(rows) == 90
    assert rows.image_shape == (8, 8, 1)
    assert rows.groups is None


def test_of_ten_images_the_group_is_the_image(tmp_path):
    rows = read_patches(folder_of(tmp_path, *[(16, 16)] * 10), 8)
    np.testing.assert_array_equal(rows.groups, np.repeat(np.arange(10), 4))


def test_grey_images_among_coloured_ones_are_left_out_with_a_note(tmp_path):
    rows = read_patches(folder_of(tmp_path, (16, 16), (16, 16, 3)), 8)
    assert len(rows) == 4
    assert any("1 of 2 images are grey" in note for note in rows.notes)


@pytest.mark.parametrize("size", [7, 9, 0, "8", True])
def test_impossible_sizes_are_refused(tmp_path, size):
    with pytest.raises(SettingError, match="patch_size"):
        read(folder_of(tmp_path, (16, 16)), patch_size=size)


def test_images_smaller_than_a_patch_are_refused(tmp_path):
    with pytest.raises(DataError, match="smaller than a patch"):
        read(folder_of(tmp_path, (16, 6)), patch_size=8)


def test_only_images_are_cut(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    for source in ("digits", tmp_path / "t.csv"):
        with pytest.raises(SettingError, match="patch_size"):
            read(source, patch_size=8)
    with pytest.raises(SettingError, match="patch_size"):
        read(folder_of(tmp_path, (16, 16)), patch_size=8, image_size=(8, 8))
