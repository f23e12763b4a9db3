"""Events that a training process sends to the server, and the messages between them."""

from __future__ import annotations

import pickle
import time
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from narrows.apps.viewer.model_facts import N_FIXED_ROWS, code_plane, network_facts

if TYPE_CHECKING:
    import numpy as np

    from narrows.data import Rows
    from narrows.estimators import Autoencoder, Epoch

_CODES_EVERY, _MODEL_EVERY = 0.2, 0.2  # seconds, at pause
_WITHIN_EVERY = 0.5  # seconds, between the pictures within an epoch
_SHARE = 0.2  # of the time may be spent on sending
_LONG_EPOCH = 2_000_000
"""Values (rows x floats) from which an epoch takes seconds; its training is shown from before the first one."""
_MOST_WEIGHTS = 2_000_000
"""Of larger networks the weights of earlier epochs are not kept."""


def send(connection: Connection, message: Any) -> None:
    """Send a message with plain pickle; that of multiprocessing would put tensors into shared memory."""
    connection.send_bytes(pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL))


def receive(connection: Connection) -> Any:
    """Wait for the next message and return it; EOFError if the other side has closed the connection."""
    return pickle.loads(connection.recv_bytes())


class EventSender:
    """Sends events about a training to the server.

    Events: "resumed" with the records of the epochs that the checkpoint has; "started" once, after the first epoch, or
    before it where epochs are long, with the reconstructions of the fixed rows by the untrained network; "epoch" after
    each epoch, with the reconstructions of these rows and, unless they are many, the weights; "within", the
    reconstructions several times within a long epoch, with the share of it that is done; "model" and "codes" as often
    as a fifth of the time allows; "paused"; and at the end one of "done", "stopped", "diverged", "failed".

    Parameters
    ----------
    connection : Connection
    model : Autoencoder
    rows : Rows
        All rows of the dataset.
    indices : ndarray of shape (n,) or None
        Rows of the dataset that the model is trained on; None for all.
    """

    def __init__(self, connection: Connection, model: Autoencoder, rows: Rows, indices: np.ndarray | None) -> None:
        self._connection = connection
        self._model = model
        self._rows = rows
        self._indices = indices
        self._fixed: Any = None
        self._positions: Any = None
        self._untrained: Any = None
        self._untrained_weights: Any = None
        self._has_started = False
        self._n_before = 0
        self._plane: Any = None
        self._next = {"model": 0.0, "codes": 0.0}
        self._sent_at = {"model": -1, "codes": -1}
        self.n_epochs = 0

    def prepare(self, n_before: int = 0) -> None:
        """Choose the fixed rows, before the first epoch of a fit that follows another one of `n_before` epochs."""
        import numpy as np

        from narrows.insight.payloads import balanced_sample

        model = self._model
        watched = model.validation_rows_ if len(model.validation_rows_) else np.arange(len(self._training_rows()))
        positions = self._training_rows()[watched]
        labels = self._rows.labels
        self._positions = positions[
            balanced_sample(None if labels is None else labels[positions], len(positions), N_FIXED_ROWS)
        ]
        self._fixed = model.schema_.encode(self._rows.take(self._positions))
        self._untrained = None if model.history_ else self._reconstructions()
        self._untrained_weights = None if model.history_ else self._weights()
        self._n_before = n_before
        self._next["within"] = time.monotonic() + _WITHIN_EVERY
        if len(self._training_rows()) * model.schema_.n_floats >= _LONG_EPOCH:
            self._start()

    def within_epoch(self, share: float) -> None:
        """Send the reconstructions within an epoch, at most twice a second and in a fifth of the time."""
        start = time.monotonic()
        if not self._has_started or share >= 1 or start < self._next["within"]:
            return
        send(self._connection, ("within", {"share": share, "rebuilt": self._reconstructions()}))
        now = time.monotonic()
        self._next["within"] = now + max(_WITHIN_EVERY, (now - start) * (1 / _SHARE - 1))

    def epoch(self, epoch: Epoch) -> None:
        """Send the events of an epoch."""
        if not self._has_started:
            self._start()
        self._next["within"] = time.monotonic() + _WITHIN_EVERY
        values = {"record": epoch.to_dict(), "rebuilt": self._reconstructions(), "weights": self._weights()}
        send(self._connection, ("epoch", values))
        for kind in ("model", "codes"):
            if time.monotonic() >= self._next[kind]:
                self._send(kind)

    def paused(self) -> None:
        """Send the current weights and "paused", before waiting for a command."""
        if self._has_started:
            for kind in ("model", "codes"):
                if self._sent_at[kind] != len(self._model.history_):
                    self._send(kind)
        send(self._connection, ("paused", {}))

    def finish(self) -> None:
        """Send the final weights, at the end of the training."""
        self._send("model")
        self._send("codes")
        send(self._connection, ("rebuilt", {"rebuilt": self._reconstructions()}))

    def _start(self) -> None:
        model = self._model
        self._has_started = True
        self.n_epochs = model.epochs_ + self._n_before
        from narrows.apps.viewer.pixels import page_values

        values = {
            "about": network_facts(model, epochs=self.n_epochs),
            "positions": self._positions,
            "original": page_values(model, self._fixed, like=self._fixed),
            "untrained": self._untrained,
            "untrained_weights": self._untrained_weights,
            "held_out": bool(len(model.validation_rows_)),
        }
        self._send("model")  # first, so that queries can be answered as soon as the run has started
        send(self._connection, ("started", values))

    def _training_rows(self) -> np.ndarray:
        import numpy as np

        return np.arange(len(self._rows)) if self._indices is None else self._indices

    def _reconstructions(self) -> np.ndarray:
        from narrows.apps.viewer.pixels import page_values
        from narrows.insight import reconstruct_floats

        return page_values(self._model, reconstruct_floats(self._model, self._fixed), like=self._fixed)

    def _weights(self) -> np.ndarray | None:
        """Return all weights, float32 (p,); None if they are many."""
        from narrows.estimators.weight_vector import weight_vector

        return None if self._model.network_.n_parameters > _MOST_WEIGHTS else weight_vector(self._model)

    def _send(self, kind: str) -> None:
        start = time.monotonic()
        n = len(self._model.history_)
        if kind == "model":
            send(self._connection, ("model", {"epoch": n, "pickled": pickle.dumps(self._model)}))
            pause = _MODEL_EVERY
        else:
            send(self._connection, ("codes", {"epoch": n, **self._codes()}))
            pause = _CODES_EVERY
        now = time.monotonic()
        self._sent_at[kind] = n
        self._next[kind] = now + max(pause, (now - start) * (1 / _SHARE - 1))

    def _codes(self) -> dict[str, Any]:
        from narrows.insight.payloads import codes

        found = codes(self._model, self._rows, most=len(self._rows), like=self._plane, with_pca=False)
        self._plane = code_plane(found)
        return {"plane": self._plane, **{name: found[name] for name in ("xy", "origin", "axes")}}
