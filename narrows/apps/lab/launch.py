"""Start and end of the server: address, browser, signals."""

from __future__ import annotations

import errno
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from narrows.apps.lab.security import AccessPolicy, is_loopback, new_token
from narrows.apps.lab.session import InitialContent, Session
from narrows.apps.viewer.protocol import MOST_BYTES

FIRST_PORT, _TRIES = 8765, 20


def launch(make: Callable[[], InitialContent], *, host: str, port: int | None, browser: bool, token: bool) -> None:
    """Serve the page until Ctrl-C, SIGTERM or SIGHUP.

    Raises
    ------
    OutputError
        The server cannot listen on the address.
    NarrowsError
        The initial content cannot be read.
    """
    from narrows.apps.lab.run_store import home_folder
    from narrows.apps.lab.server import create_app

    listening = _listen(host, port)
    policy = AccessPolicy(host, new_token() if token or not is_loopback(host) else None)
    address = _address(host, listening.getsockname()[1], policy.token)
    print(f"The lab is at {address}  (Ctrl-C ends it)", flush=True)

    session = Session(home_folder())

    def end(*_: object) -> None:
        server.should_exit = True

    server = make_server(create_app(session, make, policy, on_failure=end))
    if browser:
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    try:
        with _ended_by(end):
            server.run(sockets=[listening])
    except KeyboardInterrupt:
        pass
    finally:
        listening.close()
    if session.failure is not None:
        raise session.failure
    print("The lab has ended; its runs are kept.", file=sys.stderr)


@contextmanager
def _ended_by(end: Callable[..., None]) -> Iterator[None]:
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


def make_server(app: object):
    """Return the HTTP server of an application."""
    import uvicorn

    return uvicorn.Server(
        uvicorn.Config(
            app,  # pyright: ignore[reportArgumentType]
            ws="websockets-sansio",
            ws_max_size=MOST_BYTES,
            ws_per_message_deflate=False,
            log_level="critical",  # errors are sent to the page
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
            lifespan="on",
        )
    )


def _listen(host: str, port: int | None) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    ports = range(FIRST_PORT, FIRST_PORT + _TRIES) if port is None else [port]
    for candidate in ports:
        listening = socket.socket(family, socket.SOCK_STREAM)
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
    raise _unusable(host, FIRST_PORT, None)


def _unusable(host: str, port: int, error: OSError | None) -> Exception:
    from narrows.errors import OutputError

    if error is None:
        return OutputError(f"All ports from {port} to {port + _TRIES - 1} are in use; give a free one with --port.")
    if error.errno == errno.EADDRINUSE:
        return OutputError(f"Port {port} is in use; give another one with --port, or leave --port out.")
    return OutputError(f"Cannot listen on {host} port {port} ({error.strerror or error}); give another address.")


def _address(host: str, port: int, token: str | None) -> str:
    name = _own_ip() if host in ("0.0.0.0", "::") else f"[{host.strip('[]')}]" if ":" in host else host
    return f"http://{name}:{port}/" + (f"?token={token}" if token else "")


def _own_ip() -> str:
    """Return the IP address under which other machines reach this one, else its name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # chooses the outgoing interface; nothing is sent
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()
