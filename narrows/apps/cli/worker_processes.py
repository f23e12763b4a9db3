"""Processes that torchrun, or another launcher with the same variables, starts: `narrows fit` trains on all of them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from narrows.estimators import Workers

_VARIABLES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def rank_and_size() -> tuple[int, int]:
    """Return the number of this process and how many there are, from the environment; (0, 1) outside of a launcher."""
    found = [os.environ.get(name, "") for name in _VARIABLES]
    if not all(found) or not all(text.isdigit() for text in found[:2]):
        return 0, 1
    return int(found[0]), max(1, int(found[1]))


def n_local_workers() -> int:
    """Return how many of the processes run on this machine; 1 where the launcher does not say."""
    found = os.environ.get("LOCAL_WORLD_SIZE", "")
    return max(1, int(found)) if rank_and_size()[1] > 1 and found.isdigit() else 1


def is_said_by_first(error: BaseException) -> bool:
    """Return whether this is a later process whose error the first one prints."""
    if rank_and_size()[0] == 0:
        return False
    from typer.exceptions import TyperException

    from narrows.errors import NarrowsError

    return isinstance(error, NarrowsError | TyperException)


@contextmanager
def worker_group() -> Iterator[Workers]:
    """Yield the workers of this command, in a process group over gloo that ends with the block; alone without others.

    A process group that is initialised already is used, and stays. Warnings are printed by the first worker alone.
    """
    from narrows.estimators import Workers

    if rank_and_size()[1] == 1 or Workers.current().size > 1:
        yield Workers.current()
        return
    import torch
    from torch import distributed

    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
    distributed.init_process_group("gloo")
    try:
        workers = Workers.current()
        with warnings.catch_warnings():
            if not workers.is_first:
                warnings.simplefilter("ignore")
            yield workers
    finally:
        distributed.destroy_process_group()
