"""HTTP connections that are not held by slow clients, and that refuse requests by their bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from narrows.apps.service.request_errors import CONNECTIONS, body_of, refusal_headers

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_REFUSAL = body_of(CONNECTIONS)
_RETRY_AFTER = 1  # seconds
MOST_CONNECTIONS = 4096
HEAD = 15.0
"""Seconds from the first moment without a request to a whole request head, while bytes of it come."""
READING = 60.0
"""Seconds in which a client must take a part of an answer that does not fit into the buffers."""


def patient_protocol(
    refusal_of: Callable[[bytes], bytes | None],
    *,
    most_connections: int = MOST_CONNECTIONS,
    head: float = HEAD,
    reading: float = READING,
) -> type[asyncio.Protocol]:
    """Return a class of HTTP connections for `uvicorn.Config`, which has no such bounds of its own.

    Parameters
    ----------
    refusal_of : callable
        Returns the answer to the bytes of a whole request that is refused at once, else None.
    most_connections : int
        Number of connections beyond which a new one gets HTTP 503 and is closed.
    head, reading : float
        Seconds, see `HEAD` and `READING`.
    """
    import h11
    from uvicorn.protocols.http.auto import AutoHTTPProtocol
    from uvicorn.protocols.http.h11_impl import H11Protocol

    base = cast("type[H11Protocol]", AutoHTTPProtocol)  # or that of httptools, where it is installed

    class PatientProtocol(base):
        """Closes connections whose client sends or reads too slowly; the service itself bounds the time of bodies."""

        _head_timer: asyncio.TimerHandle | None = None
        _reading_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            if len(self.connections) > most_connections:
                self.app = _refuse
            self._follow()

        def data_received(self, data: bytes) -> None:
            answer = refusal_of(data) if self._is_between_requests() else None
            if answer is None:
                super().data_received(data)
                self._follow()
            else:
                self.transport.write(answer)
                self._stop_head_timer()
                self._unset_keepalive_if_required()
                self.timeout_keep_alive_task = self.loop.call_later(
                    self.timeout_keep_alive, self.timeout_keep_alive_handler
                )

        def connection_lost(self, exc: Exception | None) -> None:
            self._cancel()
            super().connection_lost(exc)

        def pause_writing(self) -> None:
            super().pause_writing()
            if self._reading_timer is None:
                self._watch_reading()

        def resume_writing(self) -> None:
            super().resume_writing()
            if self._reading_timer is not None:
                self._reading_timer.cancel()
                self._reading_timer = None

        def _watch_reading(self) -> None:
            n_left = self.transport.get_write_buffer_size()
            self._reading_timer = self.loop.call_later(reading, self._check_reading, n_left)

        def _check_reading(self, n_before: int) -> None:
            if self.transport.get_write_buffer_size() < n_before:
                self._watch_reading()
            else:
                self.transport.abort()

        def _follow(self) -> None:
            """Run the timer while no request is in work; a received byte does not restart it."""
            if self._has_request():
                self._stop_head_timer()
            elif self._head_timer is None:
                self._head_timer = self.loop.call_later(head, self._give_up)

        def _is_between_requests(self) -> bool:
            """Return whether the next byte begins a request; only h11's connections tell."""
            state = getattr(self, "conn", None)
            return (
                state is not None
                and state.our_state is state.their_state is h11.IDLE
                and not state.trailing_data[0]
                and not self.flow.write_paused
            )

        def _has_request(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def _give_up(self) -> None:
            self._head_timer = None
            if not self._has_request():
                self.transport.close()

        def _stop_head_timer(self) -> None:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

        def _cancel(self) -> None:
            self._stop_head_timer()
            if self._reading_timer is not None:
                self._reading_timer.cancel()

    return PatientProtocol


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request of a connection for which there is no room, and let it be closed."""
    headers = [*refusal_headers(_REFUSAL, _RETRY_AFTER), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": _REFUSAL})
