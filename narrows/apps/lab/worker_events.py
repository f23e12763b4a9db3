"""What the training process tells of the model it trains, and the forms in which it travels."""

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

_CODES_EVERY, _MODEL_EVERY = 0.2, 0.2  # seconds, at least
_SHARE = 0.2  # of the time that telling may take


def send(connection: Connection, message: Any) -> None:
    """One message; plain pickle, since multiprocessing's own would pass tensors by shared memory."""
    connection.send_bytes(pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL))


def receive(connection: Connection) -> Any:
    """The next message; waits for it. EOFError where the other side is gone."""
    return pickle.loads(connection.recv_bytes())


class EventSender:
    """Tells the server what the model has become.

    Events: "started" once, after the first epoch, with the fixed rows as the untrained network rebuilds them; "epoch"
    after each, with these rows' reconstructions; "model" and "codes" as often as a fifth of the time allows; "paused";
    and one last of "done", "stopped", "diverged", "failed".
    """

    def __init__(self, connection: Connection, model: Autoencoder, rows: Rows, places: np.ndarray | None) -> None:
        self._connection = connection
        self._model = model
        self._rows = rows
        self._places = places
        self._fixed: Any = None
        self._positions: Any = None
        self._untrained: Any = None
        self._has_started = False
        self._plane: Any = None
        self._next = {"model": 0.0, "codes": 0.0}
        self._told = {"model": -1, "codes": -1}
        self.n_epochs = 0

    def before(self) -> None:
        """Before the first epoch: chooses the fixed rows."""
        import numpy as np

        from narrows.insight.payloads import mixed

        model = self._model
        held = model.validation_rows_ if len(model.validation_rows_) else np.arange(len(self._training_places()))
        positions = self._training_places()[held]
        labels = self._rows.labels
        self._positions = positions[mixed(None if labels is None else labels[positions], len(positions), N_FIXED_ROWS)]
        self._fixed = model.schema_.encode(self._rows.take(self._positions))
        self._untrained = None if model.history_ else self._rebuilt()

    def epoch(self, epoch: Epoch) -> None:
        """After an epoch."""
        if not self._has_started:
            self._start()
        send(self._connection, ("epoch", {"record": epoch.to_dict(), "rebuilt": self._rebuilt()}))
        for what in ("model", "codes"):
            if time.monotonic() >= self._next[what]:
                self._tell(what)

    def paused(self) -> None:
        """Before waiting, so that what is looked at is what the network is."""
        if self._has_started:
            for what in ("model", "codes"):
                if self._told[what] != len(self._model.history_):
                    self._tell(what)
        send(self._connection, ("paused", {}))

    def everything(self) -> None:
        """At the end, when the best weights are back."""
        self._tell("model")
        self._tell("codes")
        send(self._connection, ("rebuilt", {"rebuilt": self._rebuilt()}))

    def _start(self) -> None:
        model = self._model
        self._has_started = True
        self.n_epochs = model.epochs_ + (len(model.history_) - 1)
        from narrows.apps.viewer.pixels import page_values

        values = {
            "about": network_facts(model, epochs=self.n_epochs),
            "positions": self._positions,
            "original": page_values(model, self._fixed, like=self._fixed),
            "untrained": self._untrained,
            "held_out": bool(len(model.validation_rows_)),
        }
        self._tell("model")  # so that whoever hears of the start can ask at once
        send(self._connection, ("started", values))

    def _training_places(self) -> np.ndarray:
        import numpy as np

        return np.arange(len(self._rows)) if self._places is None else self._places

    def _rebuilt(self) -> np.ndarray:
        from narrows.apps.viewer.pixels import page_values
        from narrows.insight import passage

        return page_values(self._model, passage(self._model, self._fixed), like=self._fixed)

    def _tell(self, what: str) -> None:
        start = time.monotonic()
        n = len(self._model.history_)
        if what == "model":
            send(self._connection, ("model", {"epoch": n, "pickled": pickle.dumps(self._model)}))
            least = _MODEL_EVERY
        else:
            send(self._connection, ("codes", {"epoch": n, **self._codes()}))
            least = _CODES_EVERY
        now = time.monotonic()
        self._told[what] = n
        self._next[what] = now + max(least, (now - start) * (1 / _SHARE - 1))

    def _codes(self) -> dict[str, Any]:
        from narrows.insight.payloads import codes

        found = codes(self._model, self._rows, most=len(self._rows), like=self._plane, with_pca=False)
        self._plane = code_plane(found)
        return {"plane": self._plane, **{name: found[name] for name in ("xy", "origin", "axes")}}
