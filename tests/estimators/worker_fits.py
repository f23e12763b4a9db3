"""Fits by several workers, for `test_workers`: `run` is one of them."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn
from unittest.mock import patch

import numpy as np
import pandas as pd
import torch
from torch import distributed

from narrows import AnomalyDetector, Autoencoder, SparseAutoencoder, VariationalAutoencoder, scan
from narrows.data import RowStream
from narrows.errors import DataError, WorkerError
from narrows.training import Workers, spool

R = np.random.default_rng(0)
X = R.normal(size=(150, 2)) @ R.normal(size=(2, 5)) + 0.1 * R.normal(size=(150, 5))
FRAME = pd.DataFrame({"a": X[:, 0], "b": np.where(R.random(150) < 0.2, np.nan, X[:, 1]), "kind": X[:, 2] > 0})
FRAME["kind"] = np.where(FRAME["kind"], "x", "y")
WEIGHT = R.integers(1, 4, size=150)
COMMON = {"n_components": 2, "hidden_layer_sizes": (6,), "batch_size": 32, "random_state": 0, "n_pieces": 4}


def _tensors(model: Autoencoder) -> bytes:
    return b"".join(value.numpy().tobytes() for value in model.network_.state_dict().values())


def _fitted(model: Autoencoder, x: object = X, **others: object) -> bytes:
    model.fit(x, **others)  # pyright: ignore[reportArgumentType]
    return _tensors(model) + json.dumps([(e.loss, e.validation) for e in model.history_]).encode()


def _stopped() -> bytes:
    found = _fitted(Autoencoder(epochs=30, patience=1, tol=0.2, **COMMON))
    return found + b"stopped" if len(json.loads(found[found.rindex(b"[[") :])) < 30 else b"not stopped"


def _fast() -> bytes:
    """Fit with the gradients added in both ways, which differ by rounding; return the exact fit."""
    given = {"code": "gaussian", "epochs": 3, "optimizer": "adam", **COMMON}
    exact, fast = (Autoencoder(reduce=reduce, **given) for reduce in ("exact", "fast"))
    found = _fitted(exact, FRAME, sample_weight=WEIGHT)
    _fitted(fast, FRAME, sample_weight=WEIGHT)
    for name, value in exact.network_.state_dict().items():
        torch.testing.assert_close(fast.network_.state_dict()[name], value, rtol=1e-5, atol=1e-6)
    for one, other in zip(exact.history_, fast.history_, strict=True):
        np.testing.assert_allclose([other.loss, other.validation], [one.loss, one.validation], rtol=1e-5)
    return found


def _dropout() -> bytes:
    encoder = torch.nn.Sequential(torch.nn.Linear(5, 6), torch.nn.Dropout(0.3), torch.nn.Linear(6, 2))
    for parameter in encoder.parameters():
        torch.nn.init.constant_(parameter, 0.1)
    given = {**COMMON, "hidden_layer_sizes": "auto", "n_components": "auto"}
    return _fitted(Autoencoder(encoder=encoder, epochs=2, **given))


def _stream(*, n_blocks: int = 3, **others: object) -> bytes:
    """Fit to a file that is read in chunks, in several blocks on the disk."""
    with tempfile.TemporaryDirectory() as folder, patch.object(spool, "_BLOCK_BYTES", 4 * 5 * 150 // n_blocks):
        FRAME.to_csv(Path(folder, "table.csv"), index=False)
        model = Autoencoder(**{**COMMON, "epochs": 3, **others})  # pyright: ignore[reportArgumentType]
        found = _fitted(model, scan(Path(folder, "table.csv")))
        rows = model.state_.rows
    assert rows.training_hashes is not None
    held = rows.validation_rows.tolist()
    assert len(rows.training_hashes) + len(held) == rows.n_rows == len(FRAME)
    return found + json.dumps([held, rows.training_hashes.tolist(), rows.fingerprint]).encode()


def _detector() -> bytes:
    return AnomalyDetector(random_state=0, n_members=2).fit(X).decision_scores_.tobytes()


def _detector_of_autoencoders() -> bytes:
    found = AnomalyDetector(Autoencoder(epochs=2, **COMMON), n_members=2, random_state=0)
    return found.fit(X, sample_weight=WEIGHT).decision_scores_.tobytes()


CASES: dict[str, Callable[[], bytes]] = {
    "plain, muon": lambda: _fitted(Autoencoder(epochs=3, **COMMON)),
    "gaussian code with free bits, adam": lambda: _fitted(
        Autoencoder(code="gaussian", epochs=2, free_bits=0.1, optimizer="adam", **COMMON)
    ),
    "mixed with gaps and weights": lambda: _fitted(Autoencoder(epochs=2, **COMMON), FRAME, sample_weight=WEIGHT),
    "early stopping": _stopped,
    "fast": _fast,
    "stream": _stream,
}
MORE: dict[str, Callable[[], bytes]] = {
    "variational": lambda: _fitted(VariationalAutoencoder(epochs=2, kl_warmup=1, **COMMON)),
    "activity": lambda: _fitted(SparseAutoencoder(penalty="kl", epochs=2, **COMMON)),
    "denoising, lbfgs": lambda: _fitted(
        Autoencoder(corruption="masking", optimizer="lbfgs", epochs=2, **{**COMMON, "batch_size": 64})
    ),
    "dropout": _dropout,
    "pre-training": lambda: _fitted(
        Autoencoder(pretrain="rbm", pretrain_epochs=1, activation="sigmoid", epochs=1, **COMMON)
    ),
    "fewer rows than pieces": lambda: _fitted(Autoencoder(epochs=2, **{**COMMON, "batch_size": 33})),
    "stream, one block": lambda: _stream(n_blocks=1, optimizer="adam", corruption="masking"),
    "detector": _detector,
    "detector with an autoencoder": _detector_of_autoencoders,
}


def run(rank: int, size: int, folder: str, cases: tuple[str, ...]) -> None:
    """Fit every case as worker `rank` and write the results to `folder`."""
    torch.set_num_threads(1)
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    if size > 1:
        store = f"file://{folder}/store"
        distributed.init_process_group("gloo", init_method=store, rank=rank, world_size=size)
    write(rank, folder, cases)
    if size > 1:
        Path(folder, f"sentences.{rank}").write_text(json.dumps(_sentences(rank)))
        distributed.destroy_process_group()


def _damaged(stream: RowStream, _: range) -> NoReturn:
    raise DataError(f"{stream.source} is damaged.")


def write(rank: int, folder: str, cases: tuple[str, ...]) -> None:
    """Fit every case in the current process group, and write the results to `folder`."""
    for i, name in enumerate(cases):
        Path(folder, f"{i}.{rank}").write_bytes((CASES | MORE)[name]())


def _sentences(rank: int) -> list[str]:
    """Return the errors of fits in which one worker differs, and the seed that all agree on."""
    found = []
    for given, x in [({}, X + rank), ({"patience": 3 + rank}, X), ({}, X if rank == 0 else "no.csv")]:
        try:
            Autoencoder(epochs=1, **{**COMMON, **given}).fit(x)
        except Exception as error:
            found.append(f"{type(error).__name__}: {error}")
    with patch.object(RowStream, "chunks", _damaged) if rank else contextlib.nullcontext():
        try:
            _stream()
        except Exception as error:
            found.append(f"{type(error).__name__}: {error}")
    fitted = Autoencoder(epochs=1, **{**COMMON, "random_state": None, "n_pieces": "auto", "reduce": "fast"}).fit(X)
    assert fitted.n_pieces_ == Workers.current().size
    assert WorkerError.__name__ in found[0]
    return [*found, str(fitted.seed_), str(fitted.network_.state_dict())]
