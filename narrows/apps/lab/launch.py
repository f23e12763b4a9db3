"""Start and end of the page's server: address, browser, signals."""

from __future__ import annotations

import sys
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from narrows.apps.lab.roles import pupil_token
from narrows.apps.lab.session import InitialContent, Session
from narrows.apps.viewer.protocol import MOST_BYTES
from narrows.apps.web.access import AccessPolicy, is_loopback, new_token
from narrows.apps.web.serving import address_of, ended_by, listen, make_server

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators import Autoencoder

FIRST_PORT = 8765


def launch(
    make: Callable[[], InitialContent],
    *,
    host: str,
    port: int | None,
    browser: bool,
    token: bool,
    in_class: bool = False,
    runtime: Path | None = None,
    report: Callable[[Autoencoder, Rows], str] | None = None,
) -> None:
    """Serve the page until Ctrl-C, SIGTERM or SIGHUP.

    in_class : also prints the address of the pupils, whose pages change nothing.
    runtime : folder of ONNX Runtime Web for exported pages, see `narrows.apps.site.find_runtime`.
    report : makes the report of a model and its rows, a page of HTML.

    Raises
    ------
    OutputError
        The server cannot listen on the address.
    NarrowsError
        The initial content cannot be read.
    """
    from narrows.apps.lab.run_store import home_folder
    from narrows.apps.lab.server import create_app

    listening = listen(host, port, first=FIRST_PORT)
    policy = AccessPolicy(host, new_token() if token or in_class or not is_loopback(host) else None)
    at = address_of(host, listening.getsockname()[1])
    address = f"{at}?token={policy.token}" if policy.token else at
    session = Session(home_folder())
    session.joinable = not is_loopback(host)
    of_pupils = pupil_token() if in_class else None
    session.pupil_address = f"{at}?token={of_pupils}" if of_pupils else None
    print(_announcement(address, session.pupil_address), flush=True)

    def end(*_: object) -> None:
        server.should_exit = True

    app = create_app(
        session,
        make,
        policy,
        on_failure=end,
        runtime=runtime,
        report=report,
        address=session.pupil_address or address,
        pupil_token=of_pupils,
    )
    server = make_page_server(app)
    if browser:
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    try:
        with ended_by(end):
            server.run(sockets=[listening])
    except KeyboardInterrupt:
        pass
    finally:
        listening.close()
    if session.failure is not None:
        raise session.failure
    print("The lab has ended; its runs are kept.", file=sys.stderr)


def _announcement(address: str, for_pupils: str | None) -> str:
    if for_pupils is None:
        return f"The lab is at {address}  (Ctrl-C ends it)"
    return (
        f"The lab is at {address}  (your page; Ctrl-C ends it)\n"
        f"Pupils open {for_pupils}  (they explore; only your page trains)"
    )


def make_page_server(app: object):
    """Return the HTTP server of the page."""
    return make_server(app, ws="websockets-sansio", ws_max_size=MOST_BYTES, ws_per_message_deflate=False)
