"""Errors of requests, each with its HTTP status."""

from __future__ import annotations

import json


class RequestError(ValueError):
    """A request that cannot be answered; the message is one sentence.

    Parameters
    ----------
    sentence : str
    status : int, default=422
    column : str or None, default=None
        The column that the sentence is about.
    """

    def __init__(self, sentence: str, status: int = 422, column: str | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.column = column


class Busy(RequestError):
    """A request that would wait too long; the client should come again later.

    Parameters
    ----------
    retry_after : int
        Seconds until then.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(BUSY, 503)
        self.retry_after = retry_after


BUSY = "The service has as much work as it can do in time; send this request again after the seconds in Retry-After."
CONNECTIONS = "The service has as many connections as it can hold; send this again after the seconds in Retry-After."


def body_of(sentence: str) -> bytes:
    """Return the JSON of an error without a column."""
    return json.dumps({"error": sentence, "column": None}).encode()


def refusal_headers(body: bytes, retry_after: int) -> list[tuple[bytes, bytes]]:
    """Return the headers of an HTTP 503; retry_after : whole seconds."""
    return [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"retry-after", b"%d" % retry_after),
    ]
