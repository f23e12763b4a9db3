"""Errors of requests, each with its HTTP status."""

from __future__ import annotations


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
    """More requests than may wait; the client should come again later."""

    def __init__(self) -> None:
        super().__init__(
            "The service is working on as many requests as it takes; send this one again in a second.", 503
        )
