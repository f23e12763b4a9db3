"""Ray itself: imported, started, and its errors as those of narrows."""

from __future__ import annotations

import importlib
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from narrows.errors import MissingExtraError, NarrowsError


def ray_data() -> Any:
    """Return the module `ray.data`; MissingExtraError without it."""
    return imported("ray.data")


def imported(name: str) -> Any:
    """Return a module of Ray; MissingExtraError without it."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtraError("Work on several machines needs narrows[ray]: pip install 'narrows[ray]'.") from error


@contextmanager
def running() -> Iterator[Any]:
    """Give the module `ray` with a session: that which runs, a cluster of ``RAY_ADDRESS``, or one on this machine.

    A session that is started on this machine listens on the loopback address alone, and ends with the block.

    Raises
    ------
    NarrowsError
        As it was raised by a worker.
    """
    ray = imported("ray")
    is_ours = not ray.is_initialized()
    if is_ours:
        alone: dict[str, Any] = {"address": "local", "_node_ip_address": "127.0.0.1", "include_dashboard": False}
        with _own_signals():
            ray.init(log_to_driver=False, logging_level="error", **({} if "RAY_ADDRESS" in os.environ else alone))
    try:
        yield ray
    except Exception as error:
        ours = next((cause for cause in _causes(error) if isinstance(cause, NarrowsError)), None)
        if ours is None:
            raise
        raise ours from None
    finally:
        if is_ours:
            ray.shutdown()


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep the handlers of signals that the program has set, in whose place Ray sets its own."""
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: handler for number in numbers if callable(handler := signal.getsignal(number))}
    yield
    if threading.current_thread() is threading.main_thread():
        for number, handler in before.items():
            signal.signal(number, handler)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those that led to it, in this process and in workers."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        found = waiting.pop()
        if found is not None and id(found) not in seen:
            seen.add(id(found))
            yield found
            waiting += [found.__cause__, found.__context__, getattr(found, "cause", None)]
