"""Messages of the workers of a training to the process that started it, and its request to stop."""

from __future__ import annotations

import asyncio
from typing import Any


def make_inbox(ray: Any) -> Any:
    """Return an actor of Ray that keeps messages until they are taken, and marks of the training.

    The marks are "stop" (end early, with a model), "over" (a result or an error was sent, so that workers which
    start later do nothing) and "abandoned" (no caller waits for a result).

    Its class is local, so that Ray copies it by value and the actor's process need not import narrows.
    """

    class Inbox:
        def __init__(self) -> None:
            self._messages: list[bytes] = []
            self._arrived = asyncio.Event()
            self._status: set[str] = set()

        async def put(self, message: bytes) -> None:
            self._messages.append(message)
            self._arrived.set()

        async def take(self) -> list[bytes]:
            await self._arrived.wait()
            self._arrived.clear()
            taken, self._messages = self._messages, []
            return taken

        async def mark(self, *status: str) -> None:
            self._status.update(status)

        async def status(self) -> set[str]:
            return self._status

    return ray.remote(num_cpus=0)(Inbox).remote()
