"""Start and end of a server: its address, its socket, and the signals that end it."""

from __future__ import annotations

import errno
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_TRIES = 20


@contextmanager
def ended_by(end: Callable[..., None]) -> Iterator[None]:
    """Let SIGTERM and SIGHUP call `end`, unless they are ignored (`nohup`)."""
    signals = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in signals}
    taken = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
    for number in taken:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in taken.items():
            signal.signal(number, handler)


def make_server(app: object, *, grace: int = 1, **settings: Any):
    """Return the HTTP server of an application.

    Parameters
    ----------
    app : ASGI application
    grace : int, default=1
        Seconds that requests have to end after a signal.
    settings : further settings of `uvicorn.Config`
    """
    import uvicorn

    return uvicorn.Server(
        uvicorn.Config(
            app,  # pyright: ignore[reportArgumentType]
            log_level="critical",  # errors are answered
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=grace,
            lifespan="on",
            **settings,
        )
    )


def listen(host: str, port: int | None, *, first: int) -> socket.socket:
    """Return a socket on a port; without one, on the first free port from `first` on.

    Raises
    ------
    OutputError
        The address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    ports = range(first, first + _TRIES) if port is None else [port]
    for candidate in ports:
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio asks for it to set NODELAY
        try:
            if sys.platform != "win32":  # on Windows two servers could share the port
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host.strip("[]"), candidate))
            listening.listen(128)
        except OSError as error:
            listening.close()
            if port is None and error.errno in (errno.EADDRINUSE, errno.EACCES):
                continue
            raise _unusable(host, candidate, error) from error
        return listening
    raise _unusable(host, first, None)


def _unusable(host: str, port: int, error: OSError | None) -> Exception:
    from narrows.errors import OutputError

    if error is None:
        return OutputError(f"All ports from {port} to {port + _TRIES - 1} are in use; give a free one with --port.")
    if error.errno == errno.EADDRINUSE:
        return OutputError(f"Port {port} is in use; give another one with --port, or leave --port out.")
    return OutputError(f"Cannot listen on {host} port {port} ({error.strerror or error}); give another address.")


def address_of(host: str, port: int) -> str:
    """Return the URL of a server, ending in "/"."""
    name = _own_ip() if host in ("0.0.0.0", "::") else f"[{host.strip('[]')}]" if ":" in host else host
    return f"http://{name}:{port}/"


def _own_ip() -> str:
    """Return the IP address under which other machines reach this one, else its name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # chooses the outgoing interface; nothing is sent
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()
