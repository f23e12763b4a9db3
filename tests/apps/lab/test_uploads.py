"""A reader's own rows: files and folders that a page sends, good ones and broken ones."""

from __future__ import annotations

import gzip
import io
import json
import re
import runpy
import struct
import zipfile
import zlib
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_iris

import narrows
from narrows.apps.lab import uploads as uploads_module
from narrows.apps.lab.server import STATIC
from narrows.apps.viewer.datasets import MOST_COLUMNS
from narrows.data.readers.image_folder import IMAGE_ENDINGS
from narrows.estimators.variants import VARIANTS
from narrows.estimators.weight_vector import weight_vector
from tests.apps.lab.client import SMALL, Served
from tests.browser.lab.tables import coloured_squares

IRIS = load_iris(as_frame=True)
TABLE = IRIS.data.assign(species=IRIS.target_names[IRIS.target], id=np.arange(150) * 7 + 3)


def put(lab: Served, name: str, body: bytes) -> tuple[int, dict]:
    status, answer, _ = lab.send(
        "PUT", f"/api/upload?name={quote(name)}", body, Content_Type="application/octet-stream"
    )
    return status, json.loads(answer)


def open_(lab: Served, upload: str) -> tuple[int, dict]:
    status, answer, _ = lab.send("POST", f"/api/upload/{upload}/open", b"")
    return status, json.loads(answer)


def send_file(lab: Served, name: str, body: bytes) -> tuple[int, dict]:
    status, said = put(lab, name, body)
    return open_(lab, said["upload"]) if status == 200 else (status, said)


def send_folder(lab: Served, name: str, files: dict[str, bytes]) -> tuple[int, dict]:
    upload = put(lab, name, b"")[1]["upload"]
    for path, body in files.items():
        status, answer, _ = lab.send("PUT", f"/api/upload/{upload}/{quote(path)}", body)
        if status != 200:
            return status, json.loads(answer)
    return open_(lab, upload)


def png(pixels: np.ndarray) -> bytes:
    return packed(pixels, "png")


def tif(pixels: np.ndarray) -> bytes:
    return packed(pixels, "tiff")


def packed(pixels: np.ndarray, kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def parquet(frame: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.to_parquet(file)
    return file.getvalue()


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
def test_a_table_is_opened_trained_on_and_coloured_by_a_column(lab: Served, ending: str) -> None:
    separator = {"csv": ",", "tsv": "\t"}
    body = TABLE.to_csv(index=False, sep=separator[ending]).encode() if ending in separator else parquet(TABLE)
    status, dataset = send_file(lab, f"iris {ending}.{ending}", body)
    assert status == 200
    assert (dataset["kind"], dataset["rows"], dataset["labels"]) == ("table", 150, "species")
    assert any("'id' is not used" in note for note in dataset["notes"])
    with lab.ready() as page:
        page.command("data.label", dataset=dataset["id"], column=None)
        page.until(lambda: any(d["id"] == dataset["id"] and d["labels"] is None for d in page.state["datasets"]))
        plain = next(d for d in page.state["datasets"] if d["id"] == dataset["id"])
        assert dict(zip(plain["columns"], plain["kinds"], strict=True))["species"] == "category"
        preview = lab.json(f"/api/data/{dataset['id']}/preview")
        assert preview["columns"] == list(TABLE.columns)
        assert preview["head"][0][4] == "setosa"
        page.command("data.label", dataset=dataset["id"], column="species")
        page.until(lambda: any(d["id"] == dataset["id"] and d["labels"] == "species" for d in page.state["datasets"]))
        run = page.train(dataset["id"], **SMALL)
        found = page.until_state(run, "done", "failed")
        assert found["state"] == "done", found
        assert found["names"] == list(IRIS.data.columns)
        shown = page.ask("codes", run)
        assert shown.about["classes"] == ["setosa", "versicolor", "virginica"]
        top = page.ask("error_map", run, position=3).about["top"]
        model = lab.session.runs[run].weights.get()[0]
        columns = IRIS.data.columns[:4]
        expected = model.reconstruct(TABLE.drop(columns="species"))
        assert top[0]["observed"] == pytest.approx(TABLE[top[0]["name"]][3])
        assert top[0]["expected"] == pytest.approx(expected[top[0]["name"]][3], rel=1e-4)
        assert sorted(one["name"] for one in top) == sorted(columns)
        assert [one["error"] for one in top] == sorted((one["error"] for one in top), reverse=True)
        decoded = page.decode(found["number"], [0.0, 0.0], np.float32)[1]
        assert decoded.shape == (4,)
        noisy = page.ask("denoise", run, level=0.5, n=3).arrays["noisy"]
        assert noisy.dtype == np.float32


def test_a_folder_of_images_has_its_sub_folders_for_classes(lab: Served) -> None:
    rng = np.random.default_rng(0)
    files = {
        f"{kind}/{i}.png": png(rng.integers(low, low + 100, (20, 30 + i % 3), np.uint8))
        for kind, low in (("dark", 0), ("light", 150))
        for i in range(12)
    }
    files["dark/broken.png"] = b"\x89PNG nothing"
    files["dark/cut.png"] = png(rng.integers(0, 255, (20, 30), np.uint8))[:200]
    files["readme.txt"] = b"not an image"
    status, dataset = send_folder(lab, "shades", files)
    assert status == 200, dataset
    assert (dataset["rows"], dataset["shape"], dataset["classes"]) == (24, [20, 31, 1], ["dark", "light"])
    assert any("2 damaged images were left out" in note for note in dataset["notes"])
    assert any("resized to 20 x 31" in note for note in dataset["notes"])
    preview = lab.json(f"/api/data/{dataset['id']}/preview")
    assert preview["labels"].count("dark") == preview["labels"].count("light") == 6
    with lab.ready() as page:
        run = page.train(dataset["id"], normal=["dark"], **SMALL)
        assert page.until_state(run, "done", "failed")["state"] == "done"
        assert page.ask("scores", run).about["n_anomalous"] == 12


def test_large_images_are_shrunk(lab: Served) -> None:
    rng = np.random.default_rng(0)
    files = {f"{i}.png": png(rng.integers(0, 255, (200, 100, 3), np.uint8)) for i in range(4)}
    status, dataset = send_folder(lab, "large", files)
    assert status == 200
    assert dataset["shape"] == [64, 32, 3]


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("empty.csv", b"", "is empty"),
        ("head.csv", b"a,b\n", ""),
        ("one.csv", b"a,b\n1,2\n", "single row"),
        ("text.csv", b"name\nann\nbob\ncat\ndan\neve\n", "no column to learn from"),
        ("missing.csv", b"a,b\n,\n,\n,\n", ""),
        ("broken.parquet", b"PAR1 and nothing", ""),
        ("pickled.npy", None, ""),
        ("notes.docx", b"words", "narrows cannot read"),
        ("one.png", png(np.zeros((8, 8), np.uint8)), "single row"),
        ("half.png", png(np.zeros((8, 8), np.uint8))[:40], "half.png is damaged and cannot be read as an image"),
    ],
)
def test_a_file_that_cannot_be_used_gets_a_sentence(lab: Served, name: str, body: bytes | None, words: str) -> None:
    if body is None:
        file = io.BytesIO()
        np.save(file, np.array([{"a": 1}, {"b": 2}], object), allow_pickle=True)
        body = file.getvalue()
    before = len(lab.session.datasets)
    status, said = send_file(lab, name, body)
    assert status == 400, said
    assert words in said["msg"]
    assert said["msg"].endswith(".")
    assert "Unexpected" not in said["msg"]
    assert str(lab.session.home) not in said["msg"]
    assert len(lab.session.datasets) == before


@pytest.mark.parametrize("path", ["../out.png", "a/../../out.png", "..\\..\\out.png", "/etc/out.png", "a//b.png"])
def test_no_path_leads_out_of_its_upload(lab: Served, path: str) -> None:
    status, said = send_folder(lab, "sneaky", {path: png(np.zeros((8, 8), np.uint8))})
    assert status in (400, 404), said
    assert not list(lab.session.home.rglob("out.png"))


def test_the_bounds_hold(lab: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads_module, "UPLOAD_BYTES", 1000)
    monkeypatch.setattr(uploads_module, "MOST_FILES", 2)
    status, said = put(lab, "large.csv", b"a" * 1001)
    assert status == 400
    assert "at most" in said["msg"]
    tiny = png(np.zeros((8, 8), np.uint8))
    status, said = send_folder(lab, "many", {f"{i}.png": tiny for i in range(3)})
    assert status == 400
    assert "at most 2 files" in said["msg"]
    assert not list(lab.session.home.rglob("large.csv"))


def test_a_table_wider_than_the_page_is_refused(lab: Served) -> None:
    n = MOST_COLUMNS + 1
    rows = [",".join(f"c{i}" for i in range(n)), *(",".join(str(i + r) for i in range(n)) for r in range(3))]
    status, said = send_file(lab, "wide.csv", "\n".join(rows).encode())
    assert status == 400
    assert said["msg"].startswith("wide.csv has 4,097 columns")


@pytest.mark.slow
def test_an_image_that_unpacks_to_gigabytes_is_left_out(lab: Served) -> None:
    small = png(np.zeros((8, 8), np.uint8))
    status, dataset = send_folder(lab, "bomb", {"a.png": packed_black(30_000), "b.png": small, "c.png": small})
    assert (status, dataset["rows"]) == (200, 2)
    assert dataset["notes"] == ["1 damaged image was left out: a.png."]


def packed_black(side: int) -> bytes:
    """A black PNG of side x side pixels, a few hundred kilobytes small."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(1)
    row = bytes(1 + side)
    pixels = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def test_the_model_and_the_recipe_can_be_taken_home(lab: Served, tmp_path: Path, monkeypatch) -> None:
    with lab.ready() as page:
        run = page.train("digits", normal=["1", "2"], rows=[[0, 499]], **SMALL)
        page.until_state(run, "done")
    model = lab.session.runs[run].weights.get()[0]
    status, body, headers = lab.get(f"/api/runs/{run}/model.zip")
    assert (status, headers["content-type"]) == (200, "application/zip")
    zipfile.ZipFile(io.BytesIO(body)).extractall(tmp_path)
    loaded = narrows.load(tmp_path / f"narrows-{run}-plain")
    digits = narrows.read("digits")
    assert np.array_equal(loaded.transform(digits), model.transform(digits))
    script = tmp_path / "recipe.py"
    script.write_bytes(lab.get(f"/api/runs/{run}/recipe.py")[1])
    again = runpy.run_path(str(script))["model"]
    assert np.array_equal(again.transform(digits), model.transform(digits))


GAPS = pd.DataFrame(
    {"size": [3.5, np.nan, 1.25, 9.0, 4.75, 2.5, np.nan, 8.25] * 8, "colour": ["red", "blue", None, "red"] * 16,
     "n": range(64), "kind": ["a", "b"] * 32}
)  # fmt: skip
"""A mixed table with gaps."""


@pytest.mark.parametrize("data", ["digits", "table", "folder"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_copied_python_repeats_every_variant_on_every_kind_of_data_to_the_bit(
    lab: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variant: str, data: str
) -> None:
    identity = "digits"
    if data == "table":
        identity = send_file(lab, f"gaps {variant}.csv", GAPS.to_csv(index=False).encode())[1]["id"]
        with lab.ready() as page:
            page.command("data.label", dataset=identity, column="kind")
    elif data == "folder":
        coloured_squares(tmp_path / "squares")
        files = {f"{path.parent.name}/{path.name}": path.read_bytes() for path in (tmp_path / "squares").rglob("*.png")}
        identity = send_folder(lab, f"squares {variant}", files)[1]["id"]
    with lab.ready() as page:
        run = page.train(identity, variant, **SMALL)
        assert page.until_state(run, "done", "failed")["state"] == "done"
    model = lab.session.runs[run].weights.get()[0]
    rows = lab.session.queries.rows(lab.session.runs[run])
    script = tmp_path / "recipe.py"
    script.write_bytes(lab.get(f"/api/runs/{run}/recipe.py")[1])
    again = runpy.run_path(str(script))["model"]
    assert np.array_equal(weight_vector(again), weight_vector(model))
    assert np.array_equal(again.transform(rows), model.transform(rows))
    assert [epoch.loss for epoch in again.history_] == [epoch.loss for epoch in model.history_]


@pytest.mark.parametrize("ending", ["csv.gz", "npz"])
def test_a_small_file_that_unpacks_to_a_large_one_is_refused(
    lab: Served, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr(uploads_module, "UNPACKED_BYTES", 1 << 20)
    for n_rows, expected in ((1000, 200), (400_000, 400)):
        if ending == "csv.gz":
            body = gzip.compress(b"a,b\n" + b"1,2\n3,4\n" * (n_rows // 2))
        else:
            file = io.BytesIO()
            np.savez_compressed(file, X=np.stack([np.arange(n_rows) % 2, np.arange(n_rows) % 3], axis=1))
            body = file.getvalue()
        status, said = send_file(lab, f"packed {n_rows}.{ending}", body)
        assert status == expected, said
    assert "is larger than 1 MB" in said["msg"]
    assert lab.json("/api/state")["status"] == "ready"


def test_images_that_cannot_be_read_are_counted_and_lists_are_not(lab: Served) -> None:
    files = {f"{i}.tif": tif(np.full((8, 8), 9 * i, np.uint8)) for i in range(6)}
    files |= {f"{i}.heic": b"" for i in range(3)} | {"labels.csv": b"a,b", "LICENSE": b"words"}
    status, dataset = send_folder(lab, "photos", files)
    assert (status, dataset["rows"]) == (200, 6)
    assert dataset["notes"] == ["3 of 9 files in files are not images that narrows reads (.heic) and were left out."]


def test_the_page_sends_the_images_that_are_read() -> None:
    script = (STATIC / "lab" / "http-api.js").read_text()
    listed = re.search(r"IMAGES = \[(.*?)\]", script, re.DOTALL)
    assert listed is not None
    assert tuple(re.findall(r'"(\.\w+)"', listed[1])) == IMAGE_ENDINGS


def test_the_dialog_offers_the_tables_that_are_taken() -> None:
    offered = re.search(r"accept: \[(.*?)\]", (STATIC / "lab" / "panels" / "data.js").read_text())
    assert offered is not None
    endings = re.findall(r'"(\.\w+)"', offered[1])
    assert [ending for ending in endings if not uploads_module._TABLES.search(f"a{ending}")] == [".gz"]
    assert set(re.findall(r"\w+", uploads_module._TABLES.pattern)) <= {ending[1:] for ending in endings}


@pytest.mark.parametrize("n_channels", [2, 4, 12])
def test_images_of_any_number_of_channels_are_shown(lab: Served, n_channels: int) -> None:
    file = io.BytesIO()
    np.save(file, np.random.default_rng(0).integers(0, 256, (40, 10, 10, n_channels), np.uint8))
    status, dataset = send_file(lab, "bands.npy", file.getvalue())
    assert (status, dataset["shape"]) == (200, [10, 10, n_channels])
    lab.json(f"/api/data/{dataset['id']}/preview")
    with lab.ready() as page:
        run = page.train(dataset["id"], **SMALL)
        assert page.until_state(run, "done", "failed")["state"] == "done"
        assert page.ask("sheet", run, positions=[1, 2]).arrays["original"].shape == (2, 10, 10, n_channels)
