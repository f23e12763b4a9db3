"""Admission of requests by the time that they would wait for the work of those before them.

The rows of a request are not known before its body is parsed, but its bytes are. The seconds of work are therefore
averaged by model, operation and size of the body, as measured in the last requests.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from narrows.apps.service.request_errors import Busy

_WEIGHT = 0.2  # of the newest time in an average
Kind = tuple[str, str]
"""Model and operation."""


@dataclass(eq=False)
class Ticket:
    """An admitted request, and the seconds of work that are expected of it."""

    kind: Kind
    size: int
    seconds: float


@dataclass(eq=False)
class Admission:
    """The work that was admitted and is not done; only the event loop uses it.

    Parameters
    ----------
    most_seconds : float
        Longest expected wait; a request that would wait longer is refused. Without a queue each is admitted.
    most_requests : int
        Requests in work or waiting, as a bound of memory.
    always : int, default=1
        Requests that are admitted whatever their wait: merged ones hardly take longer together than one alone.
    """

    most_seconds: float
    most_requests: int
    always: int = 1
    n_requests: int = 0
    _seconds: float = 0.0
    _typical: float = 0.0  # seconds of a request of any kind
    _average: dict[tuple[Kind, int], float] = field(default_factory=dict)

    def is_full(self, n_coming: int = 0) -> bool:
        """Return whether a request would be refused after `n_coming` others that are not admitted yet."""
        n_before = self.n_requests + n_coming
        if n_before >= self.most_requests:
            return True
        return n_before >= self.always and self._seconds + n_coming * self._typical > self.most_seconds

    @property
    def retry_after(self) -> int:
        """Whole seconds after which a refused request may come again: the admitted work is done then."""
        return max(1, math.ceil(self._seconds))

    def admit(self, kind: Kind, size: int) -> Ticket:
        """Admit a request with a body of `size` bytes; raises `Busy` if it would wait too long."""
        if self.is_full():
            raise Busy(self.retry_after)
        ticket = Ticket(kind, size, self.expected(kind, size))
        self.n_requests += 1
        self._seconds += ticket.seconds
        return ticket

    def leave(self, ticket: Ticket, seconds: float | None) -> None:
        """Count a request as done after so many seconds of work; None if it was not worked on."""
        self.n_requests -= 1
        self._seconds = self._seconds - ticket.seconds if self.n_requests else 0.0  # no rounding is left over
        if seconds is not None:
            key = ticket.kind, _size_class(ticket.size)
            before = self._average.get(key, seconds)
            self._average[key] = before + _WEIGHT * (seconds - before)
            self._typical += _WEIGHT * (seconds - self._typical)

    def expected(self, kind: Kind, size: int) -> float:
        """Return the expected seconds of work: of requests of this size, else in proportion to smaller ones.

        It is 0 where neither was measured.
        """
        wanted = _size_class(size)
        for known in range(wanted, -1, -1):
            average = self._average.get((kind, known))
            if average is not None:
                return average * 2 ** (wanted - known)
        return 0.0


def _size_class(size: int) -> int:
    """Return the binary digits of a size: bodies of one class differ by less than a factor of two."""
    return size.bit_length()
