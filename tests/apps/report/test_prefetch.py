from __future__ import annotations

import base64
import zlib
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

import narrows
from narrows import Autoencoder, VariationalAutoencoder
from narrows.apps.report.prefetch import prefetch
from narrows.apps.viewer.protocol import Frame, unpack
from narrows.data import as_rows

DIGITS = narrows.read("digits")


def frames(text: str | None) -> list[Frame]:
    assert text is not None

    def cut(packed: bytes) -> Iterator[Frame]:
        while packed:
            n = int.from_bytes(packed[:4], "little")
            yield unpack(packed[4 : 4 + n])
            packed = packed[4 + n :]

    return list(cut(zlib.decompress(base64.b64decode(text))))


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    return VariationalAutoencoder(n_components=2, epochs=2, random_state=0, device="cpu").fit(DIGITS)


@pytest.fixture(scope="module")
def digits(model: Autoencoder) -> list[Frame]:
    return frames(prefetch(model, DIGITS))


def of(found: list[Frame], view: str) -> list[Frame]:
    return [frame for frame in found if frame.view == view]


def test_every_view_has_its_answers(digits: list[Frame]) -> None:
    assert Counter(frame.view for frame in digits) == {
        **dict.fromkeys(("session", "codes", "sheet", "decoded_grid", "rows", "scores", "frames", "history"), 1),
        **{"code_neighbours": 1, "activations": 24, "denoise": 33, "sample": 4},
        "error_map": len(of(digits, "scores")[0].about["pictured"]),
    }


def test_every_row_on_the_map_has_its_picture(digits: list[Frame]) -> None:
    sheet = of(digits, "sheet")[0].arrays
    assert np.array_equal(sheet["position"], of(digits, "codes")[0].arrays["position"])
    assert np.array_equal(sheet["original"].reshape(-1, 64), np.rint(DIGITS.block()[sheet["position"]] * 255))


def test_the_grid_is_the_models_own_decode(model: Autoencoder, digits: list[Frame]) -> None:
    grid, codes = of(digits, "decoded_grid")[0].arrays, of(digits, "codes")[0].arrays
    points = np.stack(np.meshgrid(grid["x"], grid["y"]), axis=2).reshape(-1, 2)
    expected = model.inverse_transform(codes["origin"] + points @ codes["axes"])
    shown = np.rint(expected.reshape(len(points), -1) * 255)
    assert np.abs(grid["decoded"].reshape(len(points), -1).astype(int) - shown).max() <= 1


def test_each_sample_has_its_way_through_the_network(digits: list[Frame]) -> None:
    positions = of(digits, "rows")[0].arrays["position"].tolist()
    assert [frame.about["request"]["position"] for frame in of(digits, "activations")] == positions
    assert {tuple(frame.about["request"]["positions"]) for frame in of(digits, "denoise")} == {tuple(positions[:6])}


def test_the_rarer_of_two_classes_is_the_anomaly(model: Autoencoder) -> None:
    found = frames(prefetch(model, DIGITS, np.where(DIGITS.labels == DIGITS.labels[0], "a", "b")))
    assert of(found, "scores")[0].about["normal"] == ["b"]
    assert of(found, "session")[0].about["state"]["runs"][0]["settings"]["normal"] == ["b"]


@pytest.mark.slow
def test_noise_that_does_not_deflate_stays_within_bounds() -> None:
    images = np.random.default_rng(0).integers(0, 256, (400, 12, 12, 3), np.uint8)
    large = Autoencoder(
        n_components=2, hidden_layer_sizes=(8,), epochs=1, validation_fraction=0.5, random_state=0, device="cpu"
    ).fit(images)
    whole, part = prefetch(large, as_rows(images)), prefetch(large, as_rows(images), most=600_000)
    assert whole is not None
    assert part is not None
    assert len(part) < 600_000 < len(whole) < 3_500_000
    assert len(of(frames(part), "denoise")) < len(of(frames(whole), "denoise"))
    assert prefetch(large, as_rows(images), most=1000) is None


def test_a_handful_of_rows_has_nothing_to_move_over(model: Autoencoder) -> None:
    assert prefetch(model, DIGITS.take(np.arange(9))) is None
    assert prefetch(model, DIGITS.take(np.arange(10))) is not None
