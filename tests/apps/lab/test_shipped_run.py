"""The finished run on the digits that comes with narrows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import narrows
from narrows import Autoencoder
from narrows.apps.lab.run_settings import check, filled_in
from narrows.apps.lab.run_store import SHIPPED_RUN, RunStore
from narrows.apps.lab.session import InitialContent
from narrows.apps.viewer.datasets import Source, describe
from narrows.apps.viewer.prepared_answers import PreparedAnswers
from tests.apps.lab.client import SMALL, served

CONFIG = json.loads((SHIPPED_RUN / "config.json").read_text())
DIGITS = InitialContent(Source.of("digits"), is_default=True)

FIRST_PICTURE = """
import asyncio, sys
from pathlib import Path
import numpy as np
import narrows.apps.lab.launch, narrows.apps.lab.server
from narrows.apps.lab.session import InitialContent, Session
from narrows.apps.viewer.datasets import Source

async def main():
    session = Session(Path(sys.argv[1]), backend="thread")
    begun = asyncio.create_task(session.begin(lambda: InitialContent(Source.of("digits"), is_default=True)))
    while not session.state()["runs"]:
        await asyncio.sleep(0.01)
    run = session.runs[session.state()["opens_on"]]
    rows = session.queries.answer(run, "rows", {"n": 48})
    for view, given in [("activations", {"position": int(rows.arrays["position"][0])}), ("codes", {"most": 70_000})]:
        session.queries.answer(run, view, given)
    picture, epoch = session.queries.decode(run, np.zeros(2, np.float32))
    print(picture.shape, epoch, [m for m in ("torch", "sklearn", "scipy", "pandas", "pyarrow") if m in sys.modules])
    session.queried.set()
    await begun
    await session.close()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    return narrows.load(SHIPPED_RUN / "model")


def test_it_is_small_and_marked_and_has_the_settings_of_the_labs_own_run() -> None:
    files = [file for file in SHIPPED_RUN.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 300_000
    assert not [file.name for file in files if file.suffix in (".pkl", ".pt", ".py")]
    assert (CONFIG["example"], CONFIG["shipped"], CONFIG["state"], CONFIG["message"]) == (True, True, "done", None)
    description = describe(Source.of("digits"), "digits")
    assert CONFIG["settings"] == filled_in(check({}, None), "plain", description)
    assert CONFIG["description"] == description


def test_its_answers_and_its_decoder_are_those_of_the_saved_model(model: Autoencoder) -> None:
    prepared = PreparedAnswers.of(SHIPPED_RUN)
    assert prepared is not None
    digits = narrows.read("digits")
    codes = prepared.answer("codes", {"most": 70_000})
    assert codes is not None
    assert np.allclose(codes.arrays["xy"], model.transform(digits)[codes.arrays["position"]], atol=1e-4)
    rows = prepared.answer("rows", {"n": 48})
    assert rows is not None
    original = digits.take(rows.arrays["position"])
    assert np.array_equal(rows.arrays["original"].reshape(48, -1), np.rint(original.block() * 255))
    assert prepared.answer("rows", {"n": 47}) is None
    for z in [*model.transform(digits)[::100], np.array([900.0, -900.0], np.float32)]:
        expected = np.rint(np.clip(model.inverse_transform(z[None])[0], 0, 1) * 255).ravel()
        assert np.abs(prepared.decode(z).ravel().astype(int) - expected).max() <= 1


def test_a_damaged_file_of_answers_leaves_them_to_the_model(tmp_path: Path) -> None:
    (tmp_path / "answers.bin.gz").write_bytes(b"no gzip")
    prepared = PreparedAnswers.of(tmp_path)
    assert prepared is not None
    assert prepared.answer("rows", {"n": 48}) is None


def test_the_first_picture_needs_neither_torch_nor_scikit_learn(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FIRST_PICTURE, str(tmp_path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "(8, 8, 1) 60 []"


def test_the_first_visit_opens_on_it_and_it_is_kept(tmp_path: Path, model: Autoencoder) -> None:
    with served(tmp_path, lambda: DIGITS) as lab, lab.ready() as page:
        assert page.state["opens_on"] == "r1"
        (run,) = page.state["runs"]
        assert (run["state"], run["shipped"], run["example"]) == ("done", True, True)
        some = page.ask("codes", "r1", most=100).arrays  # computed by the model, not in advance
        assert np.allclose(some["xy"], model.transform(narrows.read("digits"))[some["position"]], atol=1e-4)
        assert page.ask("activations", "r1", position=1000).arrays["code"].shape == (2,)
        picture = np.rint(np.clip(model.inverse_transform([[0.5, -0.5]])[0], 0, 1) * 255)
        assert np.array_equal(page.decode(1, [0.5, -0.5])[1].reshape(8, 8), picture.reshape(8, 8))
        mine = page.train("digits", **SMALL)
        page.until_state(mine, "done")
    assert RunStore(tmp_path).opens_prepared() is False  # there are two, and none was looked at
    with served(tmp_path, lambda: DIGITS) as lab, lab.ready() as page:
        assert page.state["opens_on"] == mine
        assert page.run("r1")["shipped"]
        page.command("run.remove", run="r1")
    with served(tmp_path, lambda: DIGITS) as lab, lab.ready() as page:
        assert [run["id"] for run in page.state["runs"]] == [mine]


def test_a_named_dataset_is_trained(tmp_path: Path) -> None:
    with served(tmp_path, lambda: InitialContent(Source.of("digits"))) as lab, lab.ready() as page:
        page.until_state("r1", "preparing", "running", "done")
        assert not page.run("r1")["shipped"]
        page.end("r1")


@pytest.mark.slow
def test_it_is_a_product_of_our_own_training(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "narrows.apps.lab.make_shipped_run", str(tmp_path / "digits_run")]
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    again = json.loads((tmp_path / "digits_run" / "history.json").read_text())
    shipped = json.loads((SHIPPED_RUN / "history.json").read_text())
    for name in ("loss", "validation"):
        assert again[-1][name] == pytest.approx(shipped[-1][name], rel=0.03)  # processors round differently
