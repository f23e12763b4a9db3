"""The state of a fitted autoencoder: one immutable value, built by a fit and assigned once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from narrows.data import Rows, Schema
from narrows.estimators.fitted import Fitted
from narrows.estimators.fitting.validation_split import HeldOutBy
from narrows.estimators.generation.sampler import Sampler
from narrows.model import AutoencoderNetwork, MixedError
from narrows.training import History, LayerEpoch, Trainer

MOST_HASHES = 4_000_000
"""Rows whose hashes a model keeps, which take 32 MB when it is saved."""


@dataclass(frozen=True, eq=False)
class FittedRows:
    """Identities of the rows of a fit.

    Parameters
    ----------
    validation_rows : ndarray of int
        Positions in X of the held-out rows.
    validation_hashes, training_hashes : ndarray of uint64, or None
        Hashes of the distinct rows; None where they are unknown or too many to keep.
    fingerprint : str
        Order-independent fingerprint of all rows.
    held_out_by : {"random", "groups", "last", "given"}, default="random"
        How the held-out rows were chosen; "given" if the user gave validation rows.
    n_rows : int or None
        Number of rows of the fit, copies included; None in models that an earlier version saved.
    """

    validation_rows: np.ndarray
    validation_hashes: np.ndarray | None
    training_hashes: np.ndarray | None
    fingerprint: str
    held_out_by: HeldOutBy = "random"
    n_rows: int | None = None


@dataclass(frozen=True, eq=False)
class FitRows:
    """The rows of a fit, or of its sample where they are a stream, with the `y` and `sample_weight` of the call."""

    rows: Rows
    y: Any = None
    sample_weight: Any = None


@dataclass(frozen=True, eq=False)
class FittedState:
    """The results of a fit; `TrainingProgress` holds the records of the training.

    Parameters
    ----------
    estimator : str
        Class name of the estimator, for error messages.
    params : mapping
        Constructor parameters at the time of the fit.
    network : AutoencoderNetwork
        On `device`, in evaluation mode between two epochs.
    schema : Schema
    mean : ndarray of shape (n_floats,)
        Mean of the encoded training rows, without missing values.
    rows : FittedRows
    n_components, hidden_layer_sizes, code_activation, batch_size, epochs, learning_rate, precision, device, seed
        Resolved values of the parameters of these names.
    sampler : Sampler or None
        Sampler of new rows of a variational model; None until its fit ends.
    n_pieces : int, default=1
        As the values above; 1 in models that an earlier version saved.
    label_column : str or None, default=None
        Column of the table that held the classes, which were not learned from.
    """

    estimator: str
    params: Mapping[str, Any]
    network: AutoencoderNetwork
    schema: Schema
    mean: np.ndarray
    rows: FittedRows
    n_components: int
    hidden_layer_sizes: tuple[int, ...]
    code_activation: str
    batch_size: int
    epochs: int
    learning_rate: float
    precision: str
    device: str
    seed: int
    sampler: Sampler | None = None
    n_pieces: int = 1
    label_column: str | None = None

    @property
    def loss_unit(self) -> str:
        """Unit of a loss or a reconstruction error of one row."""
        return f"{self.network.likelihood.unit} per row ({self.loss_sum})"

    @property
    def loss_sum(self) -> str:
        """Terms of which a loss of one row is the sum."""
        if not isinstance(self.network.likelihood, MixedError):
            return f"sum over {self.schema.n_floats} features, {self.schema.unit}"
        each = "" if self.uninformed_error is None else ", each 1 where nothing is known"
        return f"sum over {self._n_learned} columns{each}"

    @property
    def uninformed_error(self) -> float | None:
        """Reconstruction error of a row of which nothing is known; None if the likelihood has no such scale."""
        likelihood = self.network.likelihood
        return float(self._n_learned) if isinstance(likelihood, MixedError) and not likelihood.is_density else None

    @property
    def _n_learned(self) -> int:
        return self.schema.n_columns - len(self.schema.ignored_columns)

    def encode(self, rows: Rows, *, units: bool = True) -> np.ndarray:
        """Encode rows as float32 (n, n_floats); `units` warns of columns in other units than at the fit."""
        return self.schema.encode(rows, who=self.estimator, units=units)


@dataclass(eq=False)
class TrainingProgress:
    """Records of a training, appended to while it runs.

    Parameters
    ----------
    history : History
        One `Epoch` per pass over the rows.
    pretraining : list of LayerEpoch
        One for each pass of each layer's pre-training.
    interrupted : bool
        Whether the training ended early.
    has_begun : bool
        Whether the weights have moved since pre-training, if only by one batch.
    """

    history: History = field(default_factory=History)
    pretraining: list[LayerEpoch] = field(default_factory=list)
    interrupted: bool = False
    has_begun: bool = False


class FittedAttributes(Fitted[FittedState]):
    """The trailing-underscore attributes of a fitted autoencoder: read-only views of its state.

    Before `fit` they raise AttributeError, so that `hasattr` is False; `state_` and `loss_unit_` raise
    `NotFittedError`.
    """

    _progress: TrainingProgress | None = None
    _trainer: Trainer | None = None  # with which `partial_fit` continues
    _checkpoint: Path | None = None  # folder of the last fit's checkpoint, which `save` removes

    @property
    def fitted_params_(self) -> Mapping[str, Any]:
        """Constructor parameters of the last fit; `set_params` changes those of the next one."""
        return self._of_fit("fitted_params_").params

    @property
    def network_(self) -> AutoencoderNetwork:
        return self._of_fit("network_").network

    @property
    def schema_(self) -> Schema:
        return self._of_fit("schema_").schema

    @property
    def history_(self) -> History:
        return self._of_training("history_").history

    @property
    def pretraining_(self) -> list[LayerEpoch]:
        return self._of_training("pretraining_").pretraining

    @property
    def interrupted_(self) -> bool:
        return self._of_training("interrupted_").interrupted

    @property
    def is_trained_(self) -> bool:
        progress = self._of_training("is_trained_")
        return progress.has_begun or bool(progress.history)

    @property
    def validation_rows_(self) -> np.ndarray:
        return self._of_fit("validation_rows_").rows.validation_rows

    @property
    def validation_(self) -> HeldOutBy:
        return self._of_fit("validation_").rows.held_out_by

    @property
    def validation_hashes_(self) -> np.ndarray | None:
        return self._of_fit("validation_hashes_").rows.validation_hashes

    @property
    def training_hashes_(self) -> np.ndarray | None:
        return self._of_fit("training_hashes_").rows.training_hashes

    @property
    def fingerprint_(self) -> str:
        return self._of_fit("fingerprint_").rows.fingerprint

    @property
    def mean_(self) -> np.ndarray:
        return self._of_fit("mean_").mean

    @property
    def n_components_(self) -> int:
        return self._of_fit("n_components_").n_components

    @property
    def hidden_layer_sizes_(self) -> tuple[int, ...]:
        return self._of_fit("hidden_layer_sizes_").hidden_layer_sizes

    @property
    def code_activation_(self) -> str:
        return self._of_fit("code_activation_").code_activation

    @property
    def loss_(self) -> str:
        return self._of_fit("loss_").network.likelihood.name

    @property
    def loss_unit_(self) -> str:
        return self.state_.loss_unit

    @property
    def batch_size_(self) -> int:
        return self._of_fit("batch_size_").batch_size

    @property
    def n_pieces_(self) -> int:
        return self._of_fit("n_pieces_").n_pieces

    @property
    def epochs_(self) -> int:
        return self._of_fit("epochs_").epochs

    @property
    def learning_rate_(self) -> float:
        return self._of_fit("learning_rate_").learning_rate

    @property
    def precision_(self) -> str:
        return self._of_fit("precision_").precision

    @property
    def device_(self) -> str:
        return self._of_fit("device_").device

    @property
    def seed_(self) -> int:
        return self._of_fit("seed_").seed

    @property
    def label_column_(self) -> str | None:
        return self._of_fit("label_column_").label_column

    @property
    def n_features_in_(self) -> int:
        return self._of_fit("n_features_in_").schema.n_columns

    @property
    def feature_names_in_(self) -> np.ndarray:
        names = self._of_fit("feature_names_in_").schema.names
        if names is None:
            raise self._missing("feature_names_in_")
        return np.asarray(names, dtype=object)

    def _of_training(self, name: str) -> TrainingProgress:
        if self._progress is None:
            raise self._missing(name)
        return self._progress
