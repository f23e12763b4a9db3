"""What a training process sends while an epoch is long."""

from __future__ import annotations

from multiprocessing import Pipe
from typing import Any

import numpy as np
import pytest

from narrows import Autoencoder
from narrows.apps.lab import worker_events
from narrows.apps.lab.worker_events import EventSender, receive
from narrows.data import as_rows
from narrows.estimators.weight_vector import with_weights


def test_a_long_epoch_is_shown_from_before_it_and_several_times_within(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_events, "_LONG_EPOCH", 100)
    monkeypatch.setattr(worker_events, "_WITHIN_EVERY", 0.0)
    monkeypatch.setattr(worker_events, "_SHARE", 1.0)
    rows = as_rows(np.random.default_rng(0).normal(size=(60, 4)))
    server, training = Pipe()
    # Small enough for all events to wait in the pipe.
    settings: dict[str, Any] = {"hidden_layer_sizes": (8,), "batch_size": 10, "random_state": 0, "device": "cpu"}
    model = Autoencoder(n_components=2, epochs=1, **settings)
    events = EventSender(training, model, rows, None)
    epochs = model.start_fit(rows, after_batch=events.within_epoch)
    events.prepare()
    for epoch in epochs:
        events.epoch(epoch)  # pyright: ignore[reportArgumentType]
        codes = model.transform(rows)
    sent = []
    while server.poll():
        sent.append(receive(server))
    names = [name for name, _ in sent]
    assert names[:2] == ["model", "started"]
    within = [values for name, values in sent if name == "within"]
    shares = [values["share"] for values in within]
    assert len(shares) >= 4
    assert shares == sorted(shares)
    assert max(shares) < 1
    assert not np.array_equal(within[0]["rebuilt"], within[-1]["rebuilt"])
    assert names.index("within") < names.index("epoch")
    started, epoch = dict(sent)["started"], dict(sent)["epoch"]
    assert with_weights(model, epoch["weights"]).transform(rows) == pytest.approx(codes)
    assert not np.array_equal(started["untrained_weights"], epoch["weights"])
