"""Image files of any size through a denoiser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import narrows
from narrows import DenoisingAutoencoder
from narrows.estimators.whole_images import clean_image

SMALL = ("--network", "residual", "--variant", "denoising", "--hidden", "4,4", "--epochs", "1", "--seed", "0")


@pytest.fixture(scope="session")
def denoiser(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("models") / "denoiser"
    images = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 3), dtype=np.uint8)
    model = DenoisingAutoencoder(network="residual", hidden_layer_sizes=(4, 4), epochs=1, random_state=0)
    model.fit(images).save(path)
    return path


@pytest.fixture
def photos() -> Path:
    """A folder with a colour JPEG, and a PNG with transparency in a folder of its own."""
    folder = Path("photos")
    (folder / "trip").mkdir(parents=True)
    rng = np.random.default_rng(1)
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    Image.fromarray(rng.integers(0, 256, (45, 61, 3), dtype=np.uint8)).save(folder / "a.jpg", exif=exif)
    Image.fromarray(rng.integers(0, 256, (50, 41, 4), dtype=np.uint8), "RGBA").save(folder / "trip" / "b.png")
    (folder / "notes.txt").write_text("of a journey")
    return folder


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_folder_gives_a_folder_with_the_same_names_sizes_and_metadata(shell, denoiser: Path, photos: Path) -> None:
    done = shell("denoise", denoiser, photos, "-o", "out", "--json")
    assert done.status == 0
    assert done.json["images"] == 2
    assert set(done.json["noise_levels"]) == {"a.jpg", str(Path("trip/b.png"))}
    assert names(Path("out")) == ["a.jpg", str(Path("trip/b.png"))]
    for name in names(Path("out")):
        with Image.open(photos / name) as old, Image.open(Path("out") / name) as new:
            assert (old.mode, old.size, old.format, dict(old.getexif())) == (
                new.mode,
                new.size,
                new.format,
                dict(new.getexif()),
            )


def test_one_image_gives_one_image_with_a_given_level(shell, denoiser: Path, photos: Path) -> None:
    assert shell("denoise", denoiser, photos / "trip/b.png", "-o", "b.png", "--noise-level", "0.1").status == 0
    given = np.asarray(Image.open(photos / "trip/b.png"))
    clean = clean_image(narrows.load(denoiser).state_, given[..., :3] / np.float32(255), level=0.1)
    found = np.asarray(Image.open("b.png"))
    np.testing.assert_array_equal(found[..., :3], np.rint(clean.floats * 255))
    np.testing.assert_array_equal(found[..., 3], given[..., 3])


def test_added_noise_is_measured_beside_doing_nothing(shell, denoiser: Path, photos: Path) -> None:
    done = shell("denoise", denoiser, photos, "--corrupt", "-o", "out", "--json")
    assert done.json["psnr_gain"] == pytest.approx(done.json["psnr_denoised"] - done.json["psnr_noisy"])
    assert done.json["psnr_noisy"] < 15  # of a standard deviation of 0.3, cut off at black and white


def test_a_denoiser_that_does_harm_says_so_first(shell, monkeypatch, denoiser: Path, photos: Path) -> None:
    monkeypatch.setattr("narrows.insight.corrupted", lambda model, floats, **_: floats + np.float32(1e-3))
    done = shell("denoise", denoiser, photos / "a.jpg", "--corrupt", "-o", "a.png")
    assert "worse than doing nothing" in done.out.splitlines()[0]


def test_nothing_is_written_if_one_image_cannot_be(shell, denoiser: Path, photos: Path) -> None:
    (photos / "trip/c.png").write_bytes((photos / "trip/b.png").read_bytes()[:500])
    refused = shell("denoise", denoiser, photos, "-o", "out")
    assert refused.status == 1
    assert "c.png" in refused.err
    assert not Path("out").exists()


def test_grey_images_are_refused_by_a_colour_model(shell, denoiser: Path) -> None:
    Image.new("L", (20, 20), 100).save("grey.png")
    refused = shell("denoise", denoiser, "grey.png", "-o", "out.png")
    assert refused.status == 1
    assert "grey.png has 1 channels" in refused.err
    assert not Path("out.png").exists()


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("photos", "is the input"),
        ("photos/out", "is the input"),
        ("held", "more than images"),
        ("photos/a.jpg", "another kind"),
        ("absent/out", "no folder"),
    ],
)
def test_outputs_that_would_lose_data_are_refused(
    shell, denoiser: Path, photos: Path, output: str, sentence: str
) -> None:
    Path("held").mkdir()
    Path("held/precious.txt").write_text("precious")
    refused = shell("denoise", denoiser, photos, "-o", output, "--force")
    assert refused.status == 1
    assert sentence in refused.err
    assert names(photos) == ["a.jpg", "notes.txt", str(Path("trip/b.png"))]


def test_images_are_replaced_only_with_force(shell, denoiser: Path, photos: Path) -> None:
    for output, source in (("out", photos), ("a.png", photos / "a.jpg")):
        assert shell("denoise", denoiser, source, "-o", output).status == 0
        refused = shell("denoise", denoiser, source, "-o", output)
        assert refused.status == 1
        assert "--force" in refused.err
        assert shell("denoise", denoiser, source, "-o", output, "--force").status == 0


def test_fit_cuts_images_of_any_size_into_patches(shell, photos: Path) -> None:
    done = shell("fit", photos, "-o", "m", *SMALL)
    assert done.status == 0
    assert "patches of 40x40" in done.err
    assert narrows.load("m").schema_.image_shape == (40, 40, 3)
    refused = shell("reconstruct", "m", photos, "-o", "out")
    assert refused.status == 1
    assert "narrows denoise" in refused.err


def test_a_level_needs_image_files(shell, models: Path) -> None:
    refused = shell("denoise", models / "denoising", "digits", "-o", "a.npy", "--noise-level", "0.1")
    assert refused.status == 2
    assert "--noise-level" in refused.err
    assert not Path("a.npy").exists()
