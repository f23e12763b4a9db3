"""The static folder: what is in it, and that it holds the server's answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from torch import nn

import narrows
from narrows.apps.site import check_target, write_site, zipped_site
from narrows.apps.site.run_networks import chosen_epochs
from narrows.apps.viewer.protocol import Frame, unpack
from narrows.apps.viewer.queries import Queries
from narrows.apps.viewer.runs import Run
from narrows.data import as_rows
from narrows.errors import OutputError, OutputExistsError, SettingError
from tests.apps.site.made import RUNTIME, files_in, site_of, trained_run

DIGITS = narrows.read("digits")


@pytest.fixture(scope="module")
def run() -> Run:
    return trained_run(DIGITS.take(np.arange(120)))


@pytest.fixture(scope="module")
def folder(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("page") / "site"
    size = write_site(target, site_of(run), RUNTIME)
    assert size == sum(len(content) for content in files_in(target).values())
    return target


def frames(content: bytes) -> Iterator[Frame]:
    while content:
        n = int.from_bytes(content[:4], "little")
        yield unpack(content[4 : 4 + n])
        content = content[4 + n :]


def held(folder: Path, file: str, view: str) -> list[Frame]:
    return [frame for frame in frames((folder / "data/r1" / file).read_bytes()) if frame.view == view]


def test_each_epoch_has_its_networks_and_its_map(folder: Path) -> None:
    names = {path.name for path in (folder / "data/r1").iterdir()}
    networks = {f"{kind}-{epoch}.onnx" for kind in ("network", "decoder") for epoch in (1, 2, 3)}
    assert names == networks | {"epoch-1.bin", "epoch-2.bin"} | {
        f"{part}.bin" for part in ("flow", "map", "noise", "errors", "training")
    }
    about = json.loads((folder / "data/site.json").read_text())["runs"]["r1"]
    assert (about["epochs"], about["live"], about["rows"]) == ([1, 2, 3], True, 120)


def test_every_address_is_relative_and_leads_to_a_file_of_the_folder(folder: Path) -> None:
    files = files_in(folder)
    page = files["index.html"].decode()
    addresses = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert {address for address in addresses if address != "data:,"} <= files.keys()
    for path, content in files.items():
        if not path.endswith(".js") or path.startswith("runtime/"):
            continue
        imported = re.findall(r'^import .* from "(\..+)";', content.decode(), re.MULTILINE)
        for other in imported:
            there = (folder / PurePosixPath(path).parent / other).resolve()
            assert there.is_file(), (path, other)
        assert not re.search(r'["`]/(?!/)\w|https?://(?!www\.w3\.org)', content.decode()), path


def test_the_files_hold_what_the_server_answers(folder: Path, run: Run) -> None:
    queries = Queries(lambda _: None)
    views = {"map.bin": ("codes", "code_neighbours"), "flow.bin": ("rows", "activations"), "training.bin": ("frames",)}
    for file, names in views.items():
        for name in names:
            for frame in held(folder, file, name):
                answer = queries.answer(run, name, frame.about["request"])
                for array, values in answer.arrays.items():
                    assert np.allclose(frame.arrays[array], values, rtol=1e-6, equal_nan=True), (name, array)
    (scores,) = held(folder, "errors.bin", "scores")
    wanted = queries.answer(run, "scores", {"normal": [str(digit) for digit in range(10) if digit != 4]})
    assert np.allclose(scores.arrays["score"], wanted.arrays["score"])
    assert scores.about["auroc"] == pytest.approx(wanted.about["auroc"])


def test_an_epochs_map_and_decoder_are_those_of_its_weights(folder: Path, run: Run) -> None:
    import onnxruntime

    from narrows.estimators.weight_vector import with_weights

    then = with_weights(run.weights.get()[0], dict(run.past_weights.kept)[1])
    (codes,) = held(folder, "epoch-1.bin", "codes")
    assert run.rows is not None
    assert np.allclose(codes.arrays["xy"], then.transform(run.rows), atol=1e-6)
    decoder = onnxruntime.InferenceSession((folder / "data/r1/decoder-1.onnx").read_bytes())
    z = codes.arrays["xy"][:3]
    assert np.allclose(decoder.run(None, {"code": z})[0], then.inverse_transform(z).reshape(3, -1), atol=1e-5)


def test_a_network_without_an_onnx_form_comes_without_decoder(tmp_path: Path) -> None:
    rows = as_rows(np.random.default_rng(0).normal(size=(40, 6)))
    run = trained_run(rows, decoder=nn.Sequential(nn.Linear(2, 6), nn.Softplus()))
    write_site(tmp_path / "site", site_of(run), RUNTIME)
    about = json.loads((tmp_path / "site/data/site.json").read_text())["runs"]["r1"]
    assert (about["live"], about["epochs"]) == (False, [3])
    assert not list((tmp_path / "site").rglob("*.onnx"))


def test_of_many_epochs_some_are_kept_within_the_limit() -> None:
    assert chosen_epochs([0, 1, 2, 3], 10, most=1000) == [0, 1, 2, 3]
    thin = chosen_epochs(list(range(101)), 100, most=1200)
    assert (thin[0], thin[-1], len(thin)) == (0, 100, 11)
    assert chosen_epochs([4, 9], 10**9, most=100) == [9]


def test_a_folder_that_is_no_page_or_not_empty_is_refused(folder: Path, tmp_path: Path, run: Run) -> None:
    with pytest.raises(OutputExistsError, match="use --force"):
        check_target(folder, force=False)
    check_target(folder, force=True)
    (tmp_path / "mine").mkdir()
    check_target(tmp_path / "mine", force=False)
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputExistsError, match="is not an exported page"):
        write_site(tmp_path / "mine", site_of(run), RUNTIME, force=True)
    with pytest.raises(OutputError, match="There is no folder"):
        check_target(tmp_path / "nowhere" / "site", force=False)


def test_what_fails_leaves_nothing(tmp_path: Path, run: Run) -> None:
    site = site_of(run)
    site.runs.clear()
    with pytest.raises(SettingError, match="There is no finished run to export"):
        write_site(tmp_path / "site", site, RUNTIME)
    assert list(tmp_path.iterdir()) == []


def test_the_zip_file_holds_the_same_folder(folder: Path, run: Run) -> None:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(zipped_site(site_of(run), RUNTIME, "page"))) as archive:
        assert {f"page/{path}" for path in files_in(folder)} == set(archive.namelist())
        assert archive.read("page/data/r1/decoder-2.onnx") == (folder / "data/r1/decoder-2.onnx").read_bytes()
