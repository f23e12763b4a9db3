"""Start and end of the service: address, token, signals."""

from __future__ import annotations

import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from narrows.apps.web.access import AccessPolicy, is_loopback, new_token
from narrows.apps.web.serving import address_of, ended_by, listen, make_server

FIRST_PORT = 8780
GRACE = 25  # seconds


def run_service(
    paths: Sequence[Path],
    *,
    host: str,
    port: int | None,
    token: str | None,
    with_token: bool,
    reference: str | None,
    body_mb: int,
    in_flight: int,
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
    server = make_server(
        create_service(models, policy, Limits(body_mb << 20, in_flight)), grace=GRACE, ws="none", timeout_keep_alive=75
    )
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
