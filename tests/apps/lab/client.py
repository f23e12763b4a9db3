"""A page without a browser: a socket and plain HTTP, for tests."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from websockets.sync.client import ClientConnection, connect

from narrows.apps.lab.launch import make_page_server
from narrows.apps.lab.server import create_app
from narrows.apps.lab.session import InitialContent, Session
from narrows.apps.lab.worker_pool import Backend
from narrows.apps.viewer import protocol
from narrows.apps.viewer.datasets import Source
from narrows.apps.viewer.protocol import Frame, Header
from narrows.apps.web.access import AccessPolicy

PATIENCE = 120  # seconds, on a busy machine
SMALL = {"hidden_layer_sizes": [16], "epochs": 3, "batch_size": 128}
"""A training that takes a moment."""


@dataclass
class Served:
    """A server in a thread."""

    session: Session
    port: int
    failed: threading.Event

    def get(self, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        return self.send("GET", path, None, **headers)

    def send(self, method: str, path: str, body: bytes | None, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers; no redirect is followed."""
        url = f"http://127.0.0.1:{self.port}{path}"
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(url, body, given, method=method)
        try:
            with urllib.request.build_opener(_Stay).open(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read(), {k.lower(): v for k, v in answer.headers.items()}
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), {k.lower(): v for k, v in error.headers.items()}

    def json(self, path: str) -> Any:
        status, body, _ = self.get(path)
        assert status == 200, body
        return json.loads(body)

    @contextmanager
    def page(self, **headers: str) -> Iterator[Page]:
        url = f"ws://127.0.0.1:{self.port}/ws"
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        with connect(url, max_size=None, additional_headers=given) as line:
            yield Page(line)

    @contextmanager
    def ready(self) -> Iterator[Page]:
        """A page of a session that has opened its data."""
        with self.page() as page:
            page.until(lambda: page.state.get("status") == "ready")
            yield page


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Said(Exception):
    """An error that the server said."""

    def __init__(self, message: dict[str, Any]) -> None:
        super().__init__(message["msg"])
        self.hint = message["hint"]


@dataclass
class Page:
    """What a page hears, kept."""

    line: ClientConnection
    state: dict[str, Any] = field(default_factory=dict)
    answers: dict[int, Any] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    pushed: list[Frame] = field(default_factory=list)
    seq: int = 0

    def until(self, done: Callable[[], Any]) -> None:
        """Listen until something is so."""
        end = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < end, (self.state, self.errors)
            self.hear(end - time.monotonic())

    def hear(self, seconds: float) -> bool:
        """One message; False where none came."""
        try:
            message = self.line.recv(timeout=seconds)
        except TimeoutError:
            return False
        if isinstance(message, bytes):
            self._take_frame(message)
            return True
        result = json.loads(message)
        if result["t"] == "state":
            self.state = result["state"]
        elif result["t"] == "epochs":
            self.records.setdefault(result["run"], []).extend(result["records"])
        elif result["t"] == "dropped":
            self.dropped.append(result["seq"])
        else:
            self.answers[result["seq"]] = result
            if result["t"] == "err":
                self.errors.append(result)
        return True

    def _take_frame(self, data: bytes) -> None:
        kind, seq = data[0], int.from_bytes(data[4:8], "little")
        if kind == protocol.DECODED:
            self.answers[seq] = data
        elif kind == protocol.ANSWER:
            self.answers[seq] = protocol.unpack(data)
        else:
            self.pushed.append(protocol.unpack(data))

    def say(self, t: str, **fields: Any) -> int:
        self.seq += 1
        self.line.send(json.dumps({"t": t, "seq": self.seq, **fields}))
        return self.seq

    def command(self, t: str, **fields: Any) -> dict[str, Any]:
        return self._answer(self.say(t, **fields))

    def ask(self, view: str, run: str, **params: Any) -> Frame:
        return self._answer(self.say("ask", view=view, run=run, params=params))

    def _answer(self, seq: int) -> Any:
        self.until(lambda: seq in self.answers)
        answer = self.answers[seq]
        if isinstance(answer, dict) and answer["t"] == "err":
            raise Said(answer)
        return answer

    def send_code(self, number: int, z: Any) -> int:
        self.seq += 1
        values = np.asarray(z, np.float32)
        self.line.send(protocol.pack_values(Header(protocol.DECODE, number, self.seq), values))
        return self.seq

    def decode(self, number: int, z: Any, dtype: Any = np.uint8) -> tuple[int, np.ndarray]:
        data = self._answer(self.send_code(number, z))
        return int.from_bytes(data[8:12], "little"), np.frombuffer(data[24:], dtype)

    def run(self, identity: str) -> dict[str, Any]:
        return next(run for run in self.state["runs"] if run["id"] == identity)

    def until_state(self, identity: str, *states: str) -> dict[str, Any]:
        def there() -> bool:
            return any(run["id"] == identity and run["state"] in states for run in self.state.get("runs", []))

        self.until(there)
        return self.run(identity)

    def end(self, identity: str) -> None:
        """Stop a training that may be over before the command arrives, and wait until it is."""
        with suppress(Said):
            self.command("train.stop", run=identity)
        self.until_state(identity, "stopped", "done")

    def train(self, dataset: str, variant: str = "plain", **settings: Any) -> str:
        return self.command("train.start", dataset=dataset, variant=variant, settings=settings)["run"]


@contextmanager
def served(
    home: Path,
    start: Callable[[], InitialContent] = lambda: InitialContent(Source.of("digits")),
    *,
    backend: Backend = "thread",
    policy: AccessPolicy = AccessPolicy(),  # noqa: B008 - frozen
    runtime: Path | None = None,
    address: str = "",
    pupil_token: str | None = None,
) -> Iterator[Served]:
    """A server on a free port, in a thread, until the block ends."""
    session = Session(home, backend=backend)
    failed = threading.Event()
    app = create_app(
        session,
        start,
        policy,
        on_failure=failed.set,
        runtime=runtime,
        address=address,
        pupil_token=pupil_token,
    )
    server = make_page_server(app)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield Served(session, listening.getsockname()[1], failed)
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
            assert not thread.is_alive()
