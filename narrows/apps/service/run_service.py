"""Start and end of the service: address, token, signals."""

from __future__ import annotations

import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from narrows.apps.service.patient_protocol import MOST_CONNECTIONS, patient_protocol
from narrows.apps.web.access import AccessPolicy, is_loopback, new_token
from narrows.apps.web.serving import address_of, ended_by, listen, make_server

FIRST_PORT = 8780
GRACE = 25  # seconds
_SWITCH = 0.0005
"""Seconds after which Python lets another thread go on. The lanes give way at each product of matrices, and would each
time wait Python's 5 ms while the event loop refuses requests."""
_OTHER_FILES = 128


def run_service(
    paths: Sequence[Path],
    *,
    host: str,
    port: int | None,
    token: str | None,
    with_token: bool,
    reference: str | None,
    body_mb: int,
    wait_ms: int,
) -> None:
    """Serve saved models until Ctrl-C or SIGTERM; SIGHUP loads them again.

    Raises
    ------
    OutputError
        The server cannot listen on the address.
    NarrowsError
        A model cannot be loaded.
    """
    from narrows.apps.service.routes import Limits, create_service
    from narrows.apps.service.served_models import ServedModels

    warnings.simplefilter("ignore")  # of single requests; their drift is in the metrics
    models = ServedModels(paths, reference, _say)
    listening = listen(host, port, first=FIRST_PORT)
    needs_token = with_token or token is not None or not is_loopback(host)
    policy = AccessPolicy(host, (token or new_token()) if needs_token else None, any_host=True)
    service = create_service(models, policy, Limits(body_mb << 20, wait_ms / 1000))
    server = make_server(
        service.app,
        grace=GRACE,
        ws="none",
        http=patient_protocol(service.refusal.refusal_of, most_connections=_most_connections()),
        timeout_keep_alive=75,
    )
    sys.setswitchinterval(_SWITCH)
    names = ", ".join(served.name for served in models)
    print(f"Serving {names} at {address_of(host, listening.getsockname()[1])}  (Ctrl-C ends it)", flush=True)
    if policy.token is not None and token is None:
        print(f"Requests need the header  Authorization: Bearer {policy.token}", flush=True)

    def end(*_: object) -> None:
        server.should_exit = True

    try:
        with ended_by(end), _reloaded_by(models.reload):
            server.run(sockets=[listening])
    except KeyboardInterrupt:
        pass
    finally:
        listening.close()
    _say("The service has ended.")


def _most_connections() -> int:
    """Return the number of connections beyond which new ones get HTTP 503, so that open files do not run out."""
    try:
        import resource
    except ImportError:  # Windows
        return MOST_CONNECTIONS
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(_OTHER_FILES, min(files - _OTHER_FILES, MOST_CONNECTIONS))


@contextmanager
def _reloaded_by(reload) -> Iterator[None]:
    """Let SIGHUP call `reload` in a thread."""
    number = getattr(signal, "SIGHUP", None)
    if number is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(*_: object) -> None:
        threading.Thread(target=reload, daemon=True, name="narrows-reload").start()

    before = signal.signal(number, handle)
    try:
        yield
    finally:
        signal.signal(number, before)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
