"""The processes that share one training: those of the default process group of `torch.distributed`, or this one alone.

They exchange tensors in a fixed order, so that all of them compute with the same numbers.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed

from narrows.errors import NarrowsError, WorkerError, WorkerLostError, sentence_of

_T = TypeVar("_T")


@dataclass(frozen=True)
class _Failure:
    """The sentence of an error, in place of the value of a worker."""

    sentence: str


class _OtherFailedError(WorkerError):
    """Another worker failed, and all workers know it."""


@dataclass(frozen=True)
class Workers:
    """The workers of a training, of which this process is one.

    Parameters
    ----------
    rank : int, default=0
        Number of this process, from 0.
    size : int, default=1
        Number of processes.
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def current(cls) -> Workers:
        """Return those of the process group that is initialised, else this process alone."""
        if distributed.is_available() and distributed.is_initialized():
            return cls(distributed.get_rank(), distributed.get_world_size())
        return cls()

    @property
    def is_first(self) -> bool:
        """Whether this worker writes and prints."""
        return self.rank == 0

    def gather(self, own: Tensor) -> Tensor:
        """Return the rows (m, n) of every worker, in the order of the workers (size * m, n)."""
        if self.size == 1:
            return own
        sent = own.to(exchange_device())
        lines = sent.new_empty(self.size * len(sent), *sent.shape[1:])
        self.own_lines(lines).copy_(sent)
        self.exchange(lines)
        return lines.to(own.device)

    def own_lines(self, lines: Tensor) -> Tensor:
        """Return the part of the rows of all workers (size * m, n) that this worker fills, (m, n)."""
        m = len(lines) // self.size
        return lines[self.rank * m : (self.rank + 1) * m]

    def exchange(self, lines: Tensor) -> None:
        """Fill the rows of the other workers in `lines` (size * m, n), on `exchange_device()`; see `own_lines`.

        Each worker sends to each: with gloo that takes less than half of the time of `all_gather`, which copies more.
        """
        if self.size == 1:
            return
        own, parts = self.own_lines(lines), lines.chunk(self.size)
        others = [rank for rank in range(self.size) if rank != self.rank]
        with _reaching_others():
            for work in distributed.batch_isend_irecv(
                [distributed.P2POp(distributed.isend, own, other) for other in others]
                + [distributed.P2POp(distributed.irecv, parts[other], other) for other in others]
            ):
                work.wait()

    def add(self, own: Tensor) -> Tensor:
        """Return the sum over the workers, rounded in an order that the group chooses."""
        if self.size == 1:
            return own
        sent = own.to(exchange_device(), copy=own.device != exchange_device())
        with _reaching_others():
            distributed.all_reduce(sent)
        return sent.to(own.device)

    def give(self, tensors: Iterable[Tensor]) -> None:
        """Overwrite the tensors of all workers with those of the first."""
        if self.size == 1:
            return
        for tensor in tensors:
            sent = tensor.detach().to(exchange_device()).contiguous()
            with _reaching_others():
                distributed.broadcast(sent, src=0)
            tensor.detach().copy_(sent)

    def agreed(self, make: Callable[[], _T]) -> _T:
        """Return what `make` returns on the first worker, or raise its error, on all of them."""
        if self.size == 1:
            return make()
        answer: list[Any] = [None]
        if self.is_first:
            try:
                answer = [(make(), None)]
            except Exception as error:
                answer = [(None, sendable(error))]
        with _reaching_others():
            distributed.broadcast_object_list(answer, src=0)
        value, error = answer[0]
        if error is not None:
            raise error
        return value

    @contextmanager
    def together(self) -> Iterator[None]:
        """Run a block on all workers; if it fails on one, it fails on all, and none waits for it.

        Its only exchanges are those of `exchanged`.

        Raises
        ------
        WorkerError
            Where another worker failed.
        """
        if self.size == 1:
            yield
            return
        failed: Exception | None = None
        try:
            yield
        except _OtherFailedError as error:  # all of them know
            raise WorkerError(str(error)) from None
        except Exception as error:
            failed = error
        found = self._all(None if failed is None else _Failure(sentence_of(failed)))
        if failed is not None:
            raise failed
        if (sentence := self._failure(found)) is not None:
            raise WorkerError(sentence)

    def exchanged(self, own: _T) -> list[_T]:
        """Return the value of each worker, in their order; inside of `together`.

        Raises
        ------
        WorkerError
            Where another worker failed.
        """
        if self.size == 1:
            return [own]
        found = self._all(own)
        if (sentence := self._failure(found)) is not None:
            raise _OtherFailedError(sentence)
        return found

    def _all(self, own: Any) -> list[Any]:
        found: list[Any] = [None] * self.size
        with _reaching_others():
            distributed.all_gather_object(found, own)
        return found

    def _failure(self, found: list[Any]) -> str | None:
        """Return a sentence about the first worker that gave its failure."""
        for rank, one in enumerate(found):
            if isinstance(one, _Failure):
                return f"Worker {rank} of {self.size} failed: {one.sentence}"
        return None

    def check_same(self, given: Mapping[str, Any]) -> None:
        """Raise `WorkerError` on all workers where one was given something else than the first.

        given : by its name in words, such as "rows".
        """
        if self.size == 1:
            return
        found = self._all(dict(given))
        for rank, other in enumerate(found):
            for name, value in found[0].items():
                if other[name] != value:
                    raise WorkerError(
                        f"The {name} of worker {rank} of {self.size} differ from those of worker 0; give every worker "
                        "all rows and the same settings: narrows divides each batch itself."
                    )


@contextmanager
def _reaching_others() -> Iterator[None]:
    """Raise WorkerLostError where an exchange fails."""
    try:
        yield
    except RuntimeError as error:
        raise WorkerLostError(
            "Another worker of this training ended or cannot be reached; its own messages say why, and the training "
            "can be resumed from its checkpoint."
        ) from error


def exchange_device() -> torch.device:
    """Return where the tensors of an exchange have to be: NCCL reaches those of a GPU only, the others the CPU's."""
    if distributed.get_backend() == "nccl":
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("cpu")


def sendable(error: Exception) -> Exception:
    """Return an error that can be sent to another process, with the same sentence."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return NarrowsError(sentence_of(error))
    return error
