"""Refusal of requests that would wait too long: before their body is read, and without the rest of the application.

Under a load several times the service's capacity, most of its requests are refused; the cheaper a refusal,
the more is left for the others. A request that comes in one piece, as small ones do, is refused by its bytes alone
(`refusal_of`); others are refused by their headers.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import lru_cache

from starlette.types import ASGIApp, Receive, Scope, Send

from narrows.apps.service.admission import Admission
from narrows.apps.service.answers import OPERATIONS
from narrows.apps.service.request_errors import BUSY, body_of, refusal_headers

_BODY = body_of(BUSY)
_WORK = (*OPERATIONS, "infer")
_REQUEST = re.compile(rb"POST ([!-~]{1,500}) HTTP/1\.1\r\n")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,7})[ \t]*\r\n", re.IGNORECASE)
_SPECIAL = re.compile(rb"\r\n(?:transfer-encoding|connection|expect|upgrade)[ \t]*:", re.IGNORECASE)
_KEEP_ALIVE = re.compile(rb"\r\nconnection:[ \t]*keep-alive[ \t]*\r\n", re.IGNORECASE)
_LONGEST_HEAD, _MOST_HEADS = 2048, 256  # bytes, and heads that are kept, since a client repeats its own
_PHRASE = b"HTTP/1.1 503 Service Unavailable\r\n"


class EarlyRefusal:
    """Answers HTTP 503 where the admission of a request with rows is full.

    Parameters
    ----------
    app : ASGI application
        Gets all other requests.
    admission_of : callable
        Returns the `Admission` of a request with a body of so many bytes.
    count : callable
        Called as count(path, operation) for a refused request.
    """

    def __init__(
        self, app: ASGIApp, admission_of: Callable[[int], Admission], count: Callable[[str, str], None]
    ) -> None:
        self._app = app
        self._admission_of = admission_of
        self._count = count
        self._n_coming = 0  # requests since the last turn of the event loop, which the application has not seen yet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; without a length its body counts as small."""
        if scope["type"] == "http" and scope["method"] == "POST":
            length = next((int(value) for name, value in scope["headers"] if name == b"content-length"), 0)
            headers = self._refusal(scope["path"], length)
            if headers is not None:
                await send({"type": "http.response.start", "status": 503, "headers": headers})
                await send({"type": "http.response.body", "body": _BODY})
                return
        await self._app(scope, receive, send)

    def refusal_of(self, data: bytes) -> bytes | None:
        """Return the whole answer to the bytes of a whole request that is refused; None for all others."""
        end = data.find(b"\r\n\r\n")
        if not 0 <= end < _LONGEST_HEAD:
            return None
        found = _path_and_length(data[: end + 2])
        if found is None or len(data) != end + 4 + found[1]:
            return None
        headers = self._refusal(*found, n_coming=self._n_coming)
        if headers is None:
            if not self._n_coming:
                asyncio.get_running_loop().call_soon(self._begin_turn)
            self._n_coming += 1
            return None
        return b"".join([_PHRASE, *(b"%b: %b\r\n" % pair for pair in headers), b"\r\n", _BODY])

    def _begin_turn(self) -> None:
        """Forget the requests of the last turn: the tasks that admit them run now, before others are read."""
        self._n_coming = 0

    def _refusal(self, path: str, length: int, *, n_coming: int = 0) -> list[tuple[bytes, bytes]] | None:
        """Count a refused request and return the headers of its answer; None where it is not refused."""
        operation = path.rpartition("/")[2]
        admission = self._admission_of(length)
        if operation not in _WORK or not admission.is_full(n_coming):
            return None
        self._count(path, operation)
        return refusal_headers(_BODY, admission.retry_after)


@lru_cache(_MOST_HEADS)
def _path_and_length(head: bytes) -> tuple[str, int] | None:
    """Return the path of a plain POST request and the length of its body; None for all other heads."""
    request, length = _REQUEST.match(head), _LENGTH.findall(head)
    if request is None or len(length) != 1 or _SPECIAL.search(_KEEP_ALIVE.sub(b"\r\n", head)):
        return None
    return request[1].partition(b"?")[0].decode("ascii"), int(length[0])
