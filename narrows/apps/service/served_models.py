"""Models of the service by name: loaded, and loaded again on request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from narrows.apps.service.drift_watch import DriftWatch
from narrows.apps.service.request_errors import RequestError


@dataclass(frozen=True, eq=False)
class ServedModel:
    """A loaded model.

    Parameters
    ----------
    name : str
    path : Path
    model : Autoencoder or AnomalyDetector
    together : bool
        Whether rows of several requests may pass through the network together: no bit of an answer changes by it.
    watch : DriftWatch
    """

    name: str
    path: Path
    model: Any
    together: bool
    watch: DriftWatch

    @property
    def is_detector(self) -> bool:
        from narrows.estimators import AnomalyDetector

        return isinstance(self.model, AnomalyDetector)

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations that the model has."""
        return ("score", "explain") if self.is_detector else ("score", "encode", "reconstruct", "explain")


class ServedModels:
    """The models of a service.

    Parameters
    ----------
    paths : sequence of Path
        Folders of saved models; a model has the name of its folder.
    reference : str or None
        Rows of the fit for the drift of models that store none.
    say : callable
        Called with a sentence for the person who started the service.

    Raises
    ------
    SettingError
        Two models have one name.
    NarrowsError
        A model cannot be loaded.
    """

    def __init__(self, paths: Sequence[Path], reference: str | None, say: Callable[[str], None]) -> None:
        from narrows.errors import SettingError

        self._reference = reference
        self._say = say
        self._lock = threading.Lock()
        self.n_failures = 0
        self._models: dict[str, ServedModel] = {}
        for path in paths:
            name = path.resolve().name
            if name in self._models:
                raise SettingError(f"Two models have the name {name!r}; rename one of the folders.")
            self._models[name] = self._load(name, path)

    def __iter__(self):
        return iter(list(self._models.values()))

    def get(self, name: str | None) -> ServedModel:
        """Return a model by name; without a name the only one.

        Raises
        ------
        RequestError
        """
        models = self._models
        if name is None and len(models) == 1:
            return next(iter(models.values()))
        listed = ", ".join(map(repr, models))
        if name is None:
            raise RequestError(f"There are several models; say which one with /models/NAME: {listed}.", 404)
        if name not in models:
            raise RequestError(f"There is no model {name!r}; the models are {listed}.", 404)
        return models[name]

    def reload(self) -> None:
        """Load all models again; where that fails, the old one stays, and a sentence says so."""
        from narrows.errors import sentence_of

        with self._lock:
            for name, old in list(self._models.items()):
                try:
                    self._models[name] = self._load(name, old.path)
                except Exception as error:
                    self.n_failures += 1
                    self._say(f"Model {name!r} was not loaded again, and the old one stays: {sentence_of(error)}")
                else:
                    self._say(f"Model {name!r} was loaded again from {old.path}.")

    def _load(self, name: str, path: Path) -> ServedModel:
        from narrows.estimators import AnomalyDetector, load
        from narrows.estimators.anomaly.verdicts import judges_alone
        from narrows.estimators.encoded_rows import answers_alone

        model = load(path)
        together = judges_alone(model) if isinstance(model, AnomalyDetector) else answers_alone(model)
        return ServedModel(name, path, model, together, DriftWatch(model, self._reference))
