"""A service in a thread, and plain HTTP requests to it."""

from __future__ import annotations

import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from narrows.apps.service.patient_protocol import MOST_CONNECTIONS, patient_protocol
from narrows.apps.service.routes import Limits, create_service
from narrows.apps.service.served_models import ServedModels
from narrows.apps.web.access import AccessPolicy
from narrows.apps.web.serving import make_server

SAVED = Path(__file__).parents[2] / "saved_models" / "models"
PATIENCE = 120  # seconds, on a busy machine


def saved(name: str) -> Path:
    """Return the folder of a saved model of the fixtures, under the name "model"."""
    return SAVED / name / "model"


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Service:
    """A running service."""

    models: ServedModels
    port: int
    said: list[str]

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, None, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        """Send bytes as they are, all else as JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.send("POST", path, raw, **headers)

    def send(self, method: str, path: str, body: bytes | None, **headers: str) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, given, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return Answer(answer.status, answer.read(), {k.lower(): v for k, v in answer.headers.items()})
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(), {k.lower(): v for k, v in error.headers.items()})


@contextmanager
def serving(
    *paths: Path,
    policy: AccessPolicy = AccessPolicy(),  # noqa: B008 - frozen
    limits: Limits = Limits(),  # noqa: B008 - frozen
    reference: str | None = None,
    patience: float = PATIENCE,
    most_connections: int = MOST_CONNECTIONS,
) -> Iterator[Service]:
    """Serve models on a free port, in a thread, until the block ends."""
    said: list[str] = []
    models = ServedModels(paths, reference, said.append)
    service = create_service(models, policy, limits)
    connections = patient_protocol(
        service.refusal.refusal_of, most_connections=most_connections, head=patience, reading=patience
    )
    server = make_server(service.app, grace=5, ws="none", http=connections)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield Service(models, listening.getsockname()[1], said)
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
            assert not thread.is_alive()


def named(paths: Sequence[tuple[str, str]], folder: Path) -> list[Path]:
    """Copy models of the fixtures into a folder, each under a name of its own."""
    import shutil

    found = []
    for model, name in paths:
        shutil.copytree(saved(model), folder / name)
        found.append(folder / name)
    return found
