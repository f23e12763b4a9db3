import tempfile
from types import SimpleNamespace

import numpy as np
import torch

from narrows.training import Shards, Workers
from narrows.training import spool as spool_module
from narrows.training.batches import Batches

N, P = 103, 4


def rows(n: int = N) -> np.ndarray:
    return np.stack([np.arange(n), -np.arange(n)], axis=1).astype(np.float32)


def shards(workers: Workers, n: int = N, n_rows: int = N) -> Shards:
    found = Shards(2, n_rows, torch.Generator().manual_seed(0), n_pieces=P, workers=workers)
    numbers = np.arange(n)
    for part in np.array_split(numbers, 3):
        own = part[(found.own_rows.start <= part) & (part < found.own_rows.stop)]
        found.add(rows(n)[own], own)
    return found


def of_workers(monkeypatch, size: int, **others: int) -> list[Shards]:
    """Return the shards of each worker, after an exchange between them."""
    found = [shards(Workers(rank, size), **others) for rank in range(size)]
    own = [[spool.all_block_sizes for spool in one._spools] for one in found]
    monkeypatch.setattr(Workers, "exchanged", lambda self, sizes: own)
    for one in found:
        one.share(Workers(0, size))
    return found


def batches(x: Shards, seed: int) -> Batches:
    return Batches(
        x,
        None,
        None,
        batch_size=10,
        generator=torch.Generator().manual_seed(seed),
        device=torch.device("cpu"),
        own=lambda n: slice(0, n),
    )


def epoch(x: Shards, seed: int) -> list[tuple[list[float], int, tuple[int, ...]]]:
    return [(batch.x[:, 0].tolist(), batch.n_rows, batch.pieces or ()) for batch in batches(x, seed).epoch()]


def test_an_epoch_holds_every_row_once_in_an_order_of_its_own(monkeypatch):
    (one,) = of_workers(monkeypatch, 1)
    assert len(one) == N
    first, again, second = epoch(one, 1), epoch(one, 1), epoch(one, 2)
    assert sorted(value for values, _, _ in first for value in values) == list(range(N))
    assert first == again != second
    assert [n for _, n, _ in first] == batches(one, 1).sizes


def test_each_piece_of_a_batch_holds_rows_of_its_own_shard(monkeypatch):
    (one,) = of_workers(monkeypatch, 1)
    for values, n_rows, pieces in epoch(one, 0):
        assert sum(pieces) == n_rows == len(values)
        assert max(pieces) - min(pieces) <= 1
        assert max(pieces) <= (batches(one, 0).largest_piece or 0)
        ends = np.cumsum([0, *pieces])
        for i in range(P):
            first, last = i * N // P, (i + 1) * N // P
            assert all(first <= value < last for value in values[ends[i] : ends[i + 1]])


def test_several_workers_have_the_batches_of_one_between_them(monkeypatch):
    monkeypatch.setattr(spool_module, "_BLOCK_BYTES", 8 * 20)  # several blocks
    whole = epoch(of_workers(monkeypatch, 1)[0], 7)
    assert len({pieces for _, _, pieces in whole}) > 1  # blocks, and so pieces, of several sizes
    for size in (2, 4):
        parts = [epoch(one, 7) for one in of_workers(monkeypatch, size)]
        for i, (values, n_rows, pieces) in enumerate(whole):
            assert [value for part in parts for value in part[i][0]] == values
            assert all(part[i][1:] == (n_rows, pieces) for part in parts)


def test_a_shard_may_be_empty(monkeypatch):
    (one,) = of_workers(monkeypatch, 1, n=2, n_rows=2)
    assert [(sorted(values), pieces) for values, _, pieces in epoch(one, 0)] == [([0.0, 1.0], (0, 1, 0, 1))]


def test_each_shard_is_one_open_file(monkeypatch):
    opened = []

    def counted(**settings):
        opened.append(tempfile.TemporaryFile(**settings))  # noqa: SIM115
        return opened[-1]

    monkeypatch.setattr(spool_module, "tempfile", SimpleNamespace(TemporaryFile=counted))
    found = Shards(2, 10**9, torch.Generator(), n_pieces=100, workers=Workers())
    assert len(opened) == len(found.own) == 100
