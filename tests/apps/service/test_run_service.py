"""The command `narrows serve`: its start, its signals and its end."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from narrows.apps.cli import main
from tests.apps.service.client import PATIENCE, Service, named, saved
from tests.apps.service.fixture_rows import records


def test_the_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom narrows.apps.cli import main\nmain(['serve', '--help'])\n"
        "print([m for m in ('torch', 'starlette', 'uvicorn', 'numpy', 'sklearn') if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "nowhere"),
        (["{model}", "--host", "256.1.1.1"], "Cannot listen on"),
        (["{model}", "--reference", "nowhere.csv"], "nowhere.csv"),
        (["{model}", "{model}"], "Two models have the name"),
    ],
)
def test_what_cannot_be_served_is_a_sentence(
    arguments: list[str], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *(argument.format(model=saved("plain")) for argument in arguments)]) in (1, 2)
    said = capfd.readouterr().err.strip()
    assert words in said
    assert said.count("\n") == 0


@pytest.mark.slow
def test_signals_load_the_models_again_and_end_after_the_requests_in_work(tmp_path: Path) -> None:
    (path,) = named([("plain", "m")], tmp_path)
    command = [sys.executable, "-m", "narrows", "serve", str(path), "--port", "0", "--token"]
    environment = {**os.environ, "NARROWS_TOKEN": "secret"}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert server.stdout is not None
    assert server.stderr is not None
    found = re.search(r"Serving m at http://127\.0\.0\.1:(\d+)/", server.stdout.readline())
    assert found
    service = Service(None, int(found[1]), [])  # type: ignore[arg-type]
    rows = records("plain")
    try:
        assert service.post("/score", rows).status == 401
        before = service.post("/score", rows, authorization="Bearer secret")
        assert before.status == 200
        shutil.rmtree(path)
        shutil.copytree(saved("tied"), path)
        server.send_signal(signal.SIGHUP)
        assert "was loaded again" in server.stderr.readline()
        assert service.post("/score", rows, authorization="Bearer secret").body != before.body
        many = rows * 2000
        with ThreadPoolExecutor(1) as pool:
            sent = threading.Event()

            def post():
                sent.set()
                return service.post("/score", many, authorization="Bearer secret")

            waiting = pool.submit(post)
            assert sent.wait(PATIENCE)
            while "in_flight 1.0" not in service.get("/metrics", authorization="Bearer secret").body.decode():
                if waiting.done():
                    break
            server.send_signal(signal.SIGTERM)
            assert len(waiting.result(PATIENCE).json["rows"]) == len(many)
        _, errors = server.communicate(timeout=PATIENCE)
        assert server.returncode == 0, errors
        assert "The service has ended." in errors
    finally:
        server.kill()
        server.wait()
