"""Runs: settings, state, history, reconstructions during training, and the latest weights."""

from __future__ import annotations

import pickle
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from zipfile import BadZipFile

from narrows.apps.viewer.datasets import Source
from narrows.apps.viewer.model_facts import N_FIXED_ROWS, drawn_range, network_facts
from narrows.apps.viewer.prepared_answers import PreparedAnswers
from narrows.estimators.parameters.lab_fields import LAB_FIELDS

if TYPE_CHECKING:
    import numpy as np

    from narrows.data import Rows
    from narrows.estimators import Autoencoder

State = Literal["preparing", "running", "pausing", "paused", "done", "stopped", "diverged", "failed", "loaded"]
ACTIVE = ("preparing", "running", "pausing", "paused")
"""States in which a worker is busy with the run."""

FRAME_BYTES = 32 << 20
WEIGHT_BYTES = 16 << 20
_NAMED = 6
_OF_LIKELIHOOD = ("reconstruction", "kl_to_prior")
"""Terms of a loss that are not penalties: the two of the evidence lower bound, or the first alone."""


class Frames:
    """One array for each epoch, such as reconstructions of the fixed rows; every second is dropped above a limit."""

    def __init__(self, budget: int = FRAME_BYTES) -> None:
        self._budget = budget
        self._every = 1
        self._kept: list[tuple[int, np.ndarray]] = []

    def add(self, epoch: int, array: np.ndarray) -> None:
        """Add the array of an epoch; the latest is always kept."""
        kept = list(self._kept)  # replaced as a whole, since queries read it from other threads
        if len(kept) > 1 and (kept[-1][0] - kept[0][0]) % self._every:
            kept.pop()  # kept only as the latest one
        if kept and kept[-1][0] == epoch:
            kept.pop()
        kept.append((epoch, array))
        while len(kept) > 2 and sum(frame.nbytes for _, frame in kept) > self._budget:
            self._every *= 2
            first, last = kept[0][0], kept[-1][0]
            kept = [pair for pair in kept if (pair[0] - first) % self._every == 0 or pair[0] == last]
        self._kept = kept

    @property
    def kept(self) -> list[tuple[int, np.ndarray]]:
        """Epochs with their arrays, oldest first."""
        return self._kept

    def until(self, epoch: int) -> list[tuple[int, np.ndarray]]:
        """Return epochs and arrays up to an epoch."""
        return [(number, frame) for number, frame in self.kept if number <= epoch]


class PastWeights(Frames):
    """The weights of a run after each epoch, see `narrows.estimators.weight_vector`, at most 16 MiB.

    Parameters
    ----------
    path : Path or None, default=None
        File of earlier epochs, written by `write`; read at the first use.
    """

    def __init__(self, path: Path | None = None) -> None:
        super().__init__(WEIGHT_BYTES)
        self._path = path

    def add(self, epoch: int, array: np.ndarray) -> None:
        """Add the weights (p,) after an epoch."""
        self._read()
        super().add(epoch, array)

    @property
    def kept(self) -> list[tuple[int, np.ndarray]]:
        """Epochs with their weights, oldest first; empty where they were not kept."""
        self._read()
        return super().kept

    def write(self, path: Path, epoch: int) -> None:
        """Write the weights up to an epoch, unless there are none."""
        import numpy as np

        if past := self.until(epoch):
            np.savez(path, epochs=np.array([number for number, _ in past]), weights=np.stack([w for _, w in past]))

    def _read(self) -> None:
        if self._path is None:
            return
        import numpy as np

        path, self._path = self._path, None
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                found = list(zip(arrays["epochs"].tolist(), arrays["weights"], strict=True))
        except (OSError, ValueError, KeyError, BadZipFile):
            return  # a damaged file: the page shows the last epoch alone
        for epoch, weights in found:
            super().add(int(epoch), weights)


class Weights:
    """The latest model of a run, unpickled or loaded at the first use; safe to use from several threads.

    Parameters
    ----------
    path : Path or None, default=None
        Folder of a saved model.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._pickled: bytes | None = None
        self._path = path
        self._model: Autoencoder | None = None
        self.epoch = 0

    def offer(self, pickled: bytes, epoch: int) -> None:
        """Store a newer model, pickled by the training process."""
        with self._lock:
            self._pickled, self.epoch = pickled, epoch

    def put(self, model: Autoencoder, epoch: int) -> None:
        """Store a model."""
        with self._lock:
            self._model, self._pickled, self.epoch = model, None, epoch

    @property
    def in_memory(self) -> bool:
        """Whether there is a model, and it was loaded."""
        return self._model is not None

    @property
    def there(self) -> bool:
        """Whether there is a model."""
        return self._model is not None or self._pickled is not None or self._path is not None

    def get(self) -> tuple[Autoencoder, int]:
        """Return the latest model and its epoch; NotFittedError if there is none yet."""
        with self._lock:
            if self._pickled is not None:
                self._model, self._pickled = pickle.loads(self._pickled), None
            if self._model is None and self._path is not None:
                from narrows.estimators import load

                self._model = load(self._path)  # pyright: ignore[reportAttributeAccessIssue]
            if self._model is None:
                from narrows.errors import NotFittedError

                raise NotFittedError("This run has no weights yet; wait for its first epoch.")
            return self._model, self.epoch


@dataclass(eq=False)
class Run:
    """A training, or a model that was loaded.

    Parameters
    ----------
    id, number : str, int
        Its name in the address of the page, and in frames.
    dataset : str or None
        Id of its dataset; None for a model without rows.
    source : Source or None
        Source of its rows at the time of the training.
    rows : Rows or None
        Rows that are in memory only.
    """

    id: str
    number: int
    dataset: str | None
    source: Source | None
    variant: str
    settings: dict[str, Any]
    data_name: str = ""
    state: State = "preparing"
    message: str | None = None
    hint: str | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    """Facts about the network, see `network_facts`."""
    positions: np.ndarray | None = None
    """Indices of the fixed rows."""
    original: np.ndarray | None = None
    """The fixed rows, see `page_values`."""
    frames: Frames = field(default_factory=Frames)
    """Reconstructions of the fixed rows after each epoch."""
    past_weights: PastWeights = field(default_factory=PastWeights)
    weights: Weights = field(default_factory=Weights)
    rows: Rows | None = None
    plane: Any = None
    """Plane of the latest map."""
    stopping: bool = False
    """Whether the run will stop."""
    example: bool = False
    """Whether a view started it by itself, or it came with narrows."""
    shipped: bool = False
    """Whether it came with narrows."""
    prepared: PreparedAnswers | None = None
    was_killed: bool = False
    """Whether its process ended unexpectedly."""

    @property
    def active(self) -> bool:
        """Whether the run is in training."""
        return self.state in ACTIVE

    @property
    def epoch(self) -> int:
        """Number of epochs so far."""
        return self.history[-1]["number"] if self.history else 0

    def model_at(self, epoch: int) -> tuple[Autoencoder, int]:
        """Return the model of the epoch nearest to this one whose weights are kept, and that epoch."""
        model, last = self.weights.get()
        kept = dict(self.past_weights.kept)
        nearest = min((last, *kept), key=lambda one: abs(one - epoch))
        if nearest == last:
            return model, last
        from narrows.estimators.weight_vector import with_weights

        return with_weights(model, kept[nearest]), nearest

    def to_dict(self) -> dict[str, Any]:
        """Return the run as plain values for the page."""
        last = self.history[-1] if self.history else {}
        about = {
            "kind": None,
            "shape": None,
            "names": None,
            "masks": None,
            "range": None,
            "n_floats": None,
            "n_components": self.settings.get("n_components"),
            "unit": None,
            "error": None,
            "layers": [],
            "n_parameters": None,
            "activation": self.settings.get("activation"),
            "can_sample": False,
            "epochs": self.settings.get("epochs"),
            **self.about,
        }
        return {
            "id": self.id,
            "number": self.number,
            "name": f"{self.variant} · {self.data_name}{self._part()}",
            "dataset": self.dataset,
            "variant": self.variant,
            "settings": self.settings,
            "state": self.state,
            "example": self.example,
            "shipped": self.shipped,
            "message": self.message,
            "hint": self.hint,
            "epoch": self.epoch,
            "loss": last.get("loss"),
            "validation": last.get("validation"),
            "penalties": [name for name in last.get("parts", {}) if name not in _OF_LIKELIHOOD],
            "seconds": sum(record["seconds"] for record in self.history),
            **about,
            "can_train": self.source is not None or self.rows is not None,
            "can_resume": self.may_go_on and self.weights.there and self.left > 0,
        }

    def _part(self) -> str:
        """Return the end of the name of a run on a part of the rows."""
        normal, ranges = self.settings.get("normal"), self.settings.get("rows")
        classes = ", ".join((normal or [])[:_NAMED]) + (", …" if normal and len(normal) > _NAMED else "")
        return (f", only {classes}" if classes else "") + (", some rows" if ranges else "")

    @property
    def may_go_on(self) -> bool:
        """Whether the training ended before its end."""
        return self.state == "stopped" or (self.state == "failed" and self.was_killed)

    @property
    def left(self) -> int:
        """Number of planned epochs that are left."""
        planned = self.about.get("epochs") or self.settings.get("epochs") or 0
        return max(0, int(planned) - self.weights.epoch)


def run_of_model(model: Autoencoder, rows: Rows | None, source: Source | None, dataset: str | None, number: int) -> Run:
    """Return the run of a saved model.

    Parameters
    ----------
    model : Autoencoder
    rows : Rows or None
        Rows in the form of its fit.
    source : Source or None
        Source of the rows.
    dataset : str or None
        Id of their dataset.
    number : int
        Number of the run.
    """
    from narrows.apps.viewer.pixels import page_values
    from narrows.insight import reconstruct_floats
    from narrows.insight.payloads import balanced_sample

    name = rows.source if rows is not None else "a saved model"
    run = Run(f"r{number}", number, dataset, source, model.variant, _settings(model), name, state="loaded", rows=rows)
    run.about = network_facts(model, epochs=len(model.history_))
    run.history = [epoch.to_dict() for epoch in model.history_]
    run.weights.put(model, run.epoch)
    if rows is not None:
        run.positions = balanced_sample(rows.labels, len(rows), N_FIXED_ROWS)
        floats = model.schema_.encode(rows.take(run.positions))
        run.original = page_values(model, floats, like=floats)
        run.frames.add(run.epoch, page_values(model, reconstruct_floats(model, floats), like=floats))
        run.about["range"] = drawn_range(run.about["kind"], run.original)
    return run


def _settings(model: Autoencoder) -> dict[str, Any]:
    """Return the settings of a model under the names of the page."""
    resolved = {
        "n_components": model.n_components_,
        "hidden_layer_sizes": list(model.hidden_layer_sizes_),
        "epochs": model.epochs_,
        "learning_rate": model.learning_rate_,
        "batch_size": model.batch_size_,
        "random_state": model.seed_,
    }
    values = {**model.fitted_params_, **resolved}
    settings: dict[str, Any] = {"normal": None}
    for one in LAB_FIELDS:
        value = values[one.parameter]
        is_not_offered = one.kind == "name" and value not in one.choices
        is_of_another = bool(one.variants) and model.variant not in one.variants
        settings[one.key] = None if is_not_offered or is_of_another else value
    return settings
