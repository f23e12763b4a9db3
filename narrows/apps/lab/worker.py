"""The training process: it drives the epochs, obeys between two of them, and tells the server what it sees.

Messages are pickled, and travel between our own two processes alone. To the worker: a `Job`, then "pause", "resume",
"step" (one epoch) and "stop"; None ends it. From the worker: (event, values), see `Teller`.
"""

from __future__ import annotations

import os
import pickle
import signal
import time
import warnings
from collections.abc import Generator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, cast

from narrows.apps.lab.datasets import Source, load

if TYPE_CHECKING:
    import numpy as np

    from narrows.data import Rows
    from narrows.estimators import Autoencoder, Epoch

N_FIXED = 16
"""Rows whose reconstructions are told after every epoch."""
_CODES_EVERY, _MODEL_EVERY = 0.2, 0.2  # seconds, at least
_SHARE = 0.2  # of the time that telling may take


@dataclass(frozen=True, eq=False)
class Job:
    """A training.

    Parameters
    ----------
    source : Source
    variant : str
    settings : dict
        Checked and filled in, see `narrows.apps.lab.settings`.
    rows : Rows or None
        The rows themselves, where they are in memory.
    model : bytes or None
        A pickled model to go on from.
    """

    source: Source
    variant: str
    settings: dict[str, Any]
    rows: Rows | None = None
    model: bytes | None = None


def main(connection: Connection, n_threads: int) -> None:
    """The life of the process: warm up, then one job after another."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the server says when to end
    os.environ["OMP_NUM_THREADS"] = str(n_threads)
    warnings.simplefilter("ignore")
    import torch

    import narrows.estimators
    import narrows.insight.payloads  # noqa: F401

    torch.set_num_threads(n_threads)
    if hasattr(os, "nice"):
        os.nice(5)  # from here on the page goes first
    serve(connection)


def serve(connection: Connection) -> None:
    """Do jobs until the other side says None or is gone."""
    try:
        while (job := receive(connection)) is not None:
            if isinstance(job, Job):  # a command that came too late is none
                _do(connection, job)
    except (EOFError, OSError):
        pass


def send(connection: Connection, message: Any) -> None:
    """One message; plain pickle, since multiprocessing's own would pass tensors by shared memory."""
    connection.send_bytes(pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL))


def receive(connection: Connection) -> Any:
    """The next message; waits for it. EOFError where the other side is gone."""
    return pickle.loads(connection.recv_bytes())


def training_places(rows: Rows, settings: dict[str, Any]) -> np.ndarray | None:
    """The places of the rows that a run learns from, by the classes and the ranges it was told; None for all.

    Raises SettingError where fewer than two are left.
    """
    import numpy as np

    from narrows.errors import SettingError

    normal, ranges = settings.get("normal"), settings.get("rows")
    if not ranges and (not normal or rows.labels is None):
        return None
    chosen = np.ones(len(rows), bool)
    if normal and rows.labels is not None:
        chosen &= np.isin(rows.labels.astype(str), normal)
    if ranges:
        within = np.zeros(len(rows), bool)
        for first, last in ranges:
            within[first : last + 1] = True
        chosen &= within
    if chosen.sum() < 2:
        raise SettingError("A training needs at least 2 rows; choose more classes, or more rows.")
    return np.flatnonzero(chosen)


def _do(connection: Connection, job: Job) -> None:
    from narrows.errors import DivergedError, NarrowsError

    try:
        drive(connection, job)
    except DivergedError as error:
        message, _, hint = str(error).rpartition("; ")
        send(connection, ("diverged", {"message": f"{message}.", "hint": f"{hint[:1].upper()}{hint[1:]}"}))
    except NarrowsError as error:
        send(connection, ("failed", {"message": str(error), "hint": None}))
    except (EOFError, OSError):
        raise
    except MemoryError:
        hint = "Use fewer rows, smaller layers or a smaller batch."
        send(connection, ("failed", {"message": "Memory ran out.", "hint": hint}))
    except Exception as error:
        told = " ".join(str(error).split())
        if isinstance(error, RuntimeError) and "memory" in told:
            told = f"Memory ran out: {told}"
        send(connection, ("failed", {"message": f"Unexpected {type(error).__name__}: {told}", "hint": None}))


def drive(connection: Connection, job: Job) -> None:
    """Train, and obey between two epochs."""
    rows = load(job.source) if job.rows is None else job.rows
    model = _model(job)
    places = training_places(rows, job.settings)
    part = rows if places is None else rows.take(places)
    epochs = cast("Generator[Epoch]", model.fit_epochs(part))
    teller = Teller(connection, model, rows, places)
    driver = _Driver(connection)
    if driver.stops(teller):
        send(connection, ("stopped", {"message": None}))
        return
    stopped = False
    try:
        for epoch in epochs:
            teller.epoch(epoch)
            stopped = driver.stops(teller)
            if stopped:
                break
    finally:
        epochs.close()
    teller.everything()
    n = len(model.history_)
    early = not stopped and n < teller.n_epochs
    message = f"The held-out loss no longer fell, so training ended after epoch {n}." if early else None
    send(connection, ("stopped" if stopped else "done", {"message": message}))


def _model(job: Job) -> Autoencoder:
    from narrows.apps.lab.settings import check_variant, estimator

    if job.model is None:
        return estimator(job.settings, check_variant(job.variant))
    model: Autoencoder = pickle.loads(job.model)
    left = max(1, int(job.settings["epochs"] or model.epochs_) - len(model.history_))
    return model.set_params(warm_start=True, epochs=left)


class _Driver:
    """What was commanded: whether to go on, and how far."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._paused = False
        self._steps = 0

    def stops(self, teller: Teller) -> bool:
        """Obey what has come in, wait while paused; True where the training shall end."""
        if self._steps:
            self._steps -= 1
            self._paused = self._steps == 0
        told = False
        while True:
            if self._paused and not told and not self._connection.poll():
                teller.paused()
                told = True
            if not self._paused and not self._connection.poll():
                return False
            command = receive(self._connection)
            if command is None:
                raise EOFError
            if command == "stop":
                return True
            if command == "step":
                self._steps, self._paused = 1, False
                return False
            if command in ("pause", "resume"):
                self._paused = command == "pause"


class Teller:
    """Tells the server what the model has become.

    Events: "started" once, after the first epoch; "epoch" after each, with the fixed rows' reconstructions; "model" and
    "codes" as often as a fifth of the time allows; "paused"; and one last of "done", "stopped", "diverged", "failed".
    """

    def __init__(self, connection: Connection, model: Autoencoder, rows: Rows, places: np.ndarray | None) -> None:
        self._connection = connection
        self._model = model
        self._rows = rows
        self._places = places
        self._fixed: Any = None
        self._plane: Any = None
        self._next = {"model": 0.0, "codes": 0.0}
        self._told = {"model": -1, "codes": -1}
        self.n_epochs = 0

    def epoch(self, epoch: Epoch) -> None:
        """After an epoch."""
        if self._fixed is None:
            self._start()
        send(self._connection, ("epoch", {"record": epoch.to_dict(), "rebuilt": self._rebuilt()}))
        for what in ("model", "codes"):
            if time.monotonic() >= self._next[what]:
                self._tell(what)

    def paused(self) -> None:
        """Before waiting, so that what is looked at is what the network is."""
        if self._fixed is not None:
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
        import numpy as np

        from narrows.insight.payloads import mixed

        model, schema = self._model, self._model.schema_
        self.n_epochs = model.epochs_ + (len(model.history_) - 1)
        held = model.validation_rows_ if len(model.validation_rows_) else np.arange(len(self._training_places()))
        positions = self._training_places()[held]
        labels = self._rows.labels
        chosen = mixed(None if labels is None else labels[positions], len(positions), N_FIXED)
        positions = positions[chosen]
        floats = schema.encode(self._rows.take(positions))
        self._fixed = floats
        about = about_network(model, epochs=self.n_epochs)
        values = {
            "about": about,
            "positions": positions,
            "original": pictures(model, floats, like=floats),
            "held_out": bool(len(model.validation_rows_)),
        }
        self._tell("model")  # so that whoever hears of the start can ask at once
        send(self._connection, ("started", values))

    def _training_places(self) -> np.ndarray:
        import numpy as np

        return np.arange(len(self._rows)) if self._places is None else self._places

    def _rebuilt(self) -> np.ndarray:
        from narrows.insight import passage

        return pictures(self._model, passage(self._model, self._fixed), like=self._fixed)

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
        self._plane = plane_of(found)
        return {"plane": self._plane, **{name: found[name] for name in ("xy", "origin", "axes")}}


def about_network(model: Autoencoder, *, epochs: int) -> dict[str, Any]:
    """What the page is told of a fitted network."""
    from narrows.insight.payloads import architecture, has_prior

    found, schema = architecture(model), model.schema_
    is_image = schema.image_shape is not None
    layers = [
        {**layer, "units": int(units), "parameters": int(parameters)}
        for layer, units, parameters in zip(found.about["layers"], found["units"], found["parameters"], strict=True)
    ]
    return {
        "epochs": epochs,
        "kind": "images" if is_image else "table",
        "shape": list(schema.image_shape) if schema.image_shape else None,
        "names": None if is_image else list(schema.float_names),
        "n_floats": schema.n_floats,
        "n_components": model.n_components_,
        "unit": model.loss_unit_,
        "layers": layers,
        "n_parameters": found.about["n_parameters"],
        "activation": found.about["activation"],
        "can_sample": has_prior(model),
    }


def plane_of(found: Any) -> Any:
    """The plane that a `codes` payload is drawn in."""
    from narrows.insight.payloads import CodePlane

    names = found.about["names"]
    return CodePlane(found["origin"], found["axes"], (names[0], names[1]), found.about["kept"])


def pictures(model: Autoencoder, floats: np.ndarray, *, like: np.ndarray | None = None) -> np.ndarray:
    """Encoded rows as they travel: images as uint8, rows of a table as float32."""
    import numpy as np

    from narrows.insight.payloads import as_pictures

    shown = as_pictures(model, floats, like=like)
    return shown.astype(np.float32) if model.schema_.image_shape is None else pixels(shown)


def pixels(values: np.ndarray) -> np.ndarray:
    """Brightness in [0, 1] as uint8."""
    import numpy as np

    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
