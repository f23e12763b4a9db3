"""How the page is started: with nothing, rows, a model; on a port that is free or is not; and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import narrows
from narrows import Autoencoder
from narrows.apps.cli import main
from narrows.apps.cli.commands.lab import _model
from tests.apps.lab.client import PATIENCE, SMALL, Said, Served, served
from tests.apps.lab.test_run_store import free_port
from tests.apps.lab.test_training import gone, wait_for


def test_the_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom narrows.apps.cli import main\nmain(['lab', '--help'])\n"
        "print([m for m in ('torch', 'starlette', 'uvicorn', 'numpy', 'sklearn') if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "[]"
    assert "--no-browser" in answer.stdout


def test_the_server_is_up_before_torch_is_there() -> None:
    code = (
        "import sys\nimport narrows.apps.lab.launch, narrows.apps.lab.server\n"
        "print([m for m in ('torch', 'sklearn', 'scipy', 'pyarrow', 'matplotlib') if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["nowhere.csv"], 1, "There is no file, folder, model or dataset 'nowhere.csv'"),
        (["empty.csv"], 1, "empty.csv"),
        (["one.csv"], 1, "one.csv has a single row"),
        (["page.csv"], 1, "page.csv is an HTML page"),
        (["codes.csv"], 1, "codes.csv has no column to learn from"),
        (["digits", "--data", "mnist"], 2, "digits is not a saved model"),
        (["good.csv", "--label", "colour"], 1, "colour"),
        (["--host", "256.1.1.1"], 1, "Cannot listen on"),
    ],
)
def test_what_cannot_be_opened_is_a_sentence(
    arguments: list[str], status: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "one.csv").write_text("a,b\n1,2\n")
    (tmp_path / "page.csv").write_text("<html><body>Not found</body></html>")
    (tmp_path / "codes.csv").write_text("code\n" + "".join(f"a{i}x{i * 7}\n" for i in range(50)))
    (tmp_path / "good.csv").write_text("a,b\n1,2\n2,3\n3,5\n")
    assert main(["lab", "--no-browser", *arguments]) == status
    said = capfd.readouterr()
    assert "The lab is at" not in said.out or "--host" in arguments  # no browser opens on a dead page
    result = said.err.strip()
    assert words in result
    assert "Traceback" not in result
    assert result.count("\n") == 0


def test_a_port_that_is_taken_is_told_and_a_free_one_is_found(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["lab", "--no-browser", "--port", str(port)]) == 1
    assert f"Port {port} is in use; give another" in capfd.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    port = free_port()
    command = [sys.executable, "-m", "narrows", "lab", "--no-browser", "--port", str(port)]
    environment = {**os.environ, "NARROWS_LAB": str(tmp_path)}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert server.stdout is not None
    address = server.stdout.readline()
    assert f"http://127.0.0.1:{port}/" in address
    with Served(None, port, None).ready() as page:  # type: ignore[arg-type]
        page.until_state("r1", "running", "done")
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        assert children
        server.send_signal(number)
        _, errors = server.communicate(timeout=PATIENCE)
    assert server.returncode == 0, errors
    assert errors.strip() == "The lab has ended; its runs are kept."
    wait_for(lambda: all(gone(int(child)) for child in children))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "digits-plain"
    Autoencoder(n_components=2, epochs=3, random_state=0, device="cpu").fit(narrows.read("digits")).save(path)
    return path


def test_a_saved_model_is_shown_on_rows(saved: Path, tmp_path: Path) -> None:
    with served(tmp_path, _model(saved, "digits")) as lab, lab.ready() as page:
        run = page.state["runs"][0]
        assert (run["state"], run["can_train"], run["epoch"]) == ("loaded", True, 3)
        model, digits = narrows.load(saved), narrows.read("digits")
        assert np.allclose(page.ask("codes", run["id"]).arrays["xy"], model.transform(digits), atol=1e-5)
        assert page.ask("frames", run["id"]).arrays["rebuilt"].shape == (1, 16, 8, 8, 1)
        other = page.train("digits", **SMALL)
        page.until_state(other, "done")


def test_a_saved_model_alone_decodes_and_says_what_it_lacks(saved: Path, tmp_path: Path) -> None:
    with served(tmp_path, _model(saved, None)) as lab, lab.ready() as page:
        run = page.state["runs"][0]
        assert not run["can_train"]
        model = narrows.load(saved)
        values = page.decode(run["number"], [0.5, -0.5])[1]
        expected = np.rint(model.inverse_transform([[0.5, -0.5]])[0] * 255)
        assert np.array_equal(values.reshape(8, 8), expected)
        assert page.ask("activations", run["id"], values=[0.5] * 64).arrays["code"].shape == (2,)
        with pytest.raises(Said, match="came without rows; start the page with --data"):
            page.ask("codes", run["id"])


def test_a_model_of_a_table_finds_its_columns_by_name(tmp_path: Path) -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 4)), columns=list("abcd"))
    Autoencoder(n_components=2, epochs=2, random_state=0, device="cpu").fit(frame).save(tmp_path / "model")
    frame[["extra"]] = 1.5
    frame[["d", "extra", "b", "a", "c"]].to_csv(tmp_path / "rows.csv", index=False)
    with served(tmp_path / "lab", _model(tmp_path / "model", str(tmp_path / "rows.csv"))) as lab, lab.ready() as page:
        model = narrows.load(tmp_path / "model")
        shown = page.ask("rows", "r1", positions=[4])
        assert np.allclose(shown.arrays["code"], model.transform(frame[list("abcd")].iloc[[4]]), atol=1e-5)


@pytest.mark.slow
def test_an_idle_page_hears_nothing_and_costs_nothing(lab: Served) -> None:
    with lab.ready() as page:
        while page.hear(0.5):
            pass
        before = time.process_time()
        assert not page.hear(5.0)
        assert time.process_time() - before < 0.05  # 1 % of a core
