"""Finished runs as a static page, from the lab and without it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from narrows.apps.lab.publishing import Published, export_page
from narrows.apps.lab.session import InitialContent
from narrows.apps.site import folder
from narrows.apps.site import runtime as pinned
from narrows.apps.viewer.datasets import Source
from narrows.errors import SettingError
from tests.apps.lab.client import SMALL, Served, served
from tests.apps.site.made import RUNTIME


@pytest.fixture
def runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that passes for the pinned runtime."""
    import hashlib

    target = tmp_path / "runtime"
    target.mkdir()
    for name in pinned.HASHES:
        (target / name).write_bytes(name.encode())
    monkeypatch.setattr(pinned, "HASHES", {name: hashlib.sha256(name.encode()).hexdigest() for name in pinned.HASHES})
    return target


def index_of(target: Path) -> dict:
    return json.loads((target / "data" / "site.json").read_text())


@pytest.fixture
def few_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "MOST_BYTES", 400_000)


def exported(home: Path, target: Path, make: Callable[[], InitialContent] = InitialContent) -> Published:
    return export_page(make, home, target, RUNTIME, force=False, say=pytest.fail, backend="thread")


def test_finished_runs_of_the_lab_become_a_page_without_a_server(home: Path, tmp_path: Path, few_epochs: None) -> None:
    made = exported(home, tmp_path / "site")
    assert [run.id for run in made.runs] == ["r1"]
    index = index_of(tmp_path / "site")
    (run,) = index["state"]["runs"]
    assert (run["state"], run["can_train"], run["epoch"]) == ("done", False, 60)
    assert index["runs"]["r1"]["epochs"] == [0, 30, 60]
    assert index["runs"]["r1"]["trained_epochs"] == 61
    assert index["state"]["opened"] == "digits"
    # None of the runs that the other views open on is there.
    assert index["opening"] == {}


@pytest.mark.slow
def test_the_view_latent_of_the_page_opens_on_clusters_if_they_were_trained(
    home: Path, tmp_path: Path, few_epochs: None
) -> None:
    with served(home) as lab, lab.ready() as page:
        run = page.command("train.example", view="latent", dataset="digits")["run"]
        page.until(lambda: page.run(run)["epoch"] > 0)
        page.command("train.stop", run=run)
        page.until_state(run, "stopped")
    exported(home, tmp_path / "site")
    assert index_of(tmp_path / "site")["opening"] == {"latent": [run]}


@pytest.mark.slow
def test_where_there_is_no_run_the_one_of_the_lab_and_those_of_its_views_are_trained(tmp_path: Path) -> None:
    table = tmp_path / "kinds.csv"
    rows = [f"{i % 7},{(i * 3) % 11},{i % 5},{'ab'[i % 2]}" for i in range(60)]
    table.write_text("\n".join(["x,y,z,class", *rows]) + "\n")
    said: list[str] = []
    target = tmp_path / "site"
    source = Source.of(str(table), label="class")
    made = export_page(lambda: InitialContent(source), tmp_path / "home", target, RUNTIME, force=False, say=said.append)
    assert len(said) == 1
    opening = index_of(target)["opening"]
    variants = {run.id: (run.variant, run.settings["normal"]) for run in made.runs}
    assert [variants[run][0] for run in opening["denoise"]] == ["denoising", "plain"]
    assert len(variants[opening["anomaly"][0]][1]) == 1


def test_without_rows_or_runs_one_sentence_says_so(home: Path, tmp_path: Path) -> None:
    import narrows

    model = narrows.Autoencoder(n_components=1, hidden_layer_sizes=(2,), epochs=1, random_state=0, device="cpu")
    model.fit([[0.0, 1.0], [1.0, 0.5], [0.3, 0.2]])
    with pytest.raises(SettingError, match=r"There is no finished run to export\. This model came without rows"):
        exported(home, tmp_path / "site", lambda: InitialContent(model=model))
    assert not (tmp_path / "site").exists()


def test_the_button_gives_the_page_of_the_runs_on_these_data(
    home: Path, runtime_folder: Path, few_epochs: None
) -> None:
    with served(home, runtime=runtime_folder) as lab, lab.ready() as page:
        page.until_state("r1", "done")
        status, body, headers = lab.get("/api/runs/r1/page.zip")
    assert (status, headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert {name.split("/")[0] for name in archive.namelist()} == {"narrows-page"}
        index = json.loads(archive.read("narrows-page/data/site.json"))
        assert index["runs"]["r1"]["epochs"] == [0, 30, 60]
        for epoch in (0, 30, 60):
            assert archive.read(f"narrows-page/data/r1/decoder-{epoch}.onnx")
        assert archive.read("narrows-page/runtime/onnxruntime.wasm") == pinned.WASM.encode()


def test_a_runtime_that_is_missing_is_a_sentence_on_the_page(lab: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: object) -> None:
        raise SettingError("The folder has no runtime.")

    monkeypatch.setattr("narrows.apps.site.find_runtime", none)
    with lab.ready() as page:
        page.until_state("r1", "done")
        status, body, _ = lab.get("/api/runs/r1/page.zip")
    assert (status, json.loads(body)["msg"]) == (400, "The folder has no runtime.")


def test_the_weights_of_every_epoch_are_there_again_after_a_restart(home: Path) -> None:
    with served(home) as lab, lab.ready() as page:
        run = page.train("digits", **SMALL)
        page.until_state(run, "done")
        before = lab.session.runs[run].past_weights.kept
    with served(home) as lab, lab.ready() as page:
        page.until_state(run, "done")
        after = lab.session.runs[run].past_weights.kept
    assert [epoch for epoch, _ in after] == [0, 1, 2, 3]
    assert all((one == other).all() for (_, one), (_, other) in zip(before, after, strict=True))
