"""Preparation of a fit: from parameters and rows to a trainer and the fitted state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from narrows.data import Rows, RowStream, Schema, as_rows
from narrows.errors import DataError, SettingError
from narrows.estimators.fitting.pca_start import begin, enough, set_path
from narrows.estimators.fitting.prepared_fit import PreparedFit
from narrows.estimators.fitting.training_rows import StreamEncoder, TrainingRows, joined_hashes, row_tensors, spooled
from narrows.estimators.fitting.validation_split import HeldOutBy, ValidationSplit
from narrows.estimators.parameters import parameter_checks
from narrows.estimators.parameters.resolution import Resolved, learn_schema, resolve, with_width
from narrows.estimators.state import FittedRows, FittedState
from narrows.model import AutoencoderNetwork, Likelihood
from narrows.training import (
    ContrastiveDivergence,
    DistinctRows,
    Pretraining,
    Trainer,
    TrainingSettings,
    Workers,
    check_pieces,
    check_pretrainable,
    distinct_rows,
    pieces_of_batch,
    pretraining_settings,
)

_CHUNK = 8192
_NO_HASHES = np.zeros(0, np.uint64)
_RATE_AT_PCA = 5e-4  # of Muon, whose steps have the same length wherever they begin; ten times larger ones leave PCA
_BATCH_PIXELS = 32 * 32 * 32  # of network="residual", whose memory grows with the pixels of a batch

_TRAINING_PARAMETERS = tuple(field.name for field in fields(TrainingSettings))


@dataclass(frozen=True, eq=False, kw_only=True)
class FitOptions:
    """Arguments of one fit other than the constructor parameters and the rows.

    Parameters
    ----------
    estimator : str
        Class name of the estimator, for error messages.
    sample_weight, validation_data, groups
        As for `Autoencoder.fit`.
    schema : Schema or None, default=None
        How to encode the rows; None learns it from them.
    hold_out : bool, default=True
        Whether `validation_fraction` applies.
    epochs_before : int, default=0
        Length of the history that is continued.
    seed : int or None, default=None
        Seed of a fit that is resumed, or that of all its workers; None takes `random_state`.
    n_pieces : int or None, default=None
        Pieces of a batch of a fit that is resumed, where the parameter is "auto".
    """

    estimator: str
    sample_weight: Any = None
    validation_data: Any = None
    groups: Any = None
    schema: Schema | None = None
    hold_out: bool = True
    epochs_before: int = 0
    seed: int | None = None
    n_pieces: int | None = None


def prepare(
    params: Mapping[str, Any], given: Rows | RowStream, previous: FittedState | None, options: FitOptions
) -> PreparedFit:
    """Check the parameters against the rows and prepare the training.

    Parameters
    ----------
    params : mapping
        All constructor parameters of an autoencoder.
    given : Rows or RowStream
        Scaling, sizes and validation rows of a stream come from its sample; its other rows are encoded to disk.
    previous : FittedState or None
        The fit whose weights, schema and mean are continued.
    options : FitOptions

    Raises
    ------
    SettingError, DataError
    """
    rows, weight = _checked_rows(params, given, options.sample_weight, is_continued=previous is not None)
    device = parameter_checks.device(params["device"])
    random = _Randomness.from_seed(
        parameter_checks.seed(params["random_state"]) if options.seed is None else options.seed
    )
    encoded = _encode(params, rows, weight, previous, options)
    settled = params if previous is None else with_width(params, previous.n_components)
    resolved, pretraining = _build(settled, encoded, given, random.for_weights)
    network = resolved.network
    split = _split(params, encoded, random.for_split, options, in_memory=not isinstance(given, RowStream))
    began_as_pca = _set_first_weights(params, resolved, split, previous)
    network.to(device)
    n_pieces = pieces_of_batch(
        options.n_pieces if params["n_pieces"] == "auto" and options.n_pieces is not None else params["n_pieces"],
        Workers.current().size,
    )
    check_pieces(network, resolved.objective, n_pieces)
    if isinstance(given, RowStream):
        held_hashes = encoded.distinct.hashes[split.held]
        encoder = StreamEncoder(encoded.schema, network.likelihood, options.estimator, held_hashes, split.by)
        training = spooled(given, encoder, random.for_split, n_pieces=n_pieces, workers=Workers.current())
    else:
        training = _in_memory(split, device)
    divided = {**params, "n_pieces": n_pieces}
    trainer = _trainer(divided, resolved, training, random.for_order, options, began_as_pca=began_as_pca)
    validation, validation_weight = _validation(params, split, network.likelihood, device, options)
    layers = None
    if pretraining is not None and previous is None:
        assert isinstance(training.x, Tensor)
        generator = torch.Generator(device=device).manual_seed(random.layer_seed)
        layers = Pretraining(network, training.x, pretraining, generator=generator, weight=training.weight)
    state = _state(params, encoded, resolved, training.rows, trainer, previous, options.estimator, device, random.seed)
    return PreparedFit(state, trainer, training.x, training.weight, validation, validation_weight, layers)


@dataclass(frozen=True)
class _Randomness:
    """The independent generators for the parts of a fit, all from one seed."""

    seed: int
    for_weights: torch.Generator
    for_split: torch.Generator
    for_order: torch.Generator
    layer_seed: int

    @classmethod
    def from_seed(cls, seed: int) -> _Randomness:
        words = np.random.SeedSequence(seed).generate_state(4, np.uint64) >> np.uint64(1)
        weights, split, order, layers = map(int, words)
        return cls(
            seed,
            for_weights=torch.Generator().manual_seed(weights),
            for_split=torch.Generator().manual_seed(split),
            for_order=torch.Generator().manual_seed(order),
            layer_seed=layers,
        )


@dataclass(frozen=True, eq=False)
class _Encoded:
    """Rows as floats (n, n_floats), with their weights (n,) or None."""

    rows: Rows
    schema: Schema
    floats: np.ndarray
    weight: np.ndarray | None
    distinct: DistinctRows


@dataclass(frozen=True, eq=False)
class _Split:
    """Encoded rows, and the positions of validation and training rows among the distinct ones, ascending."""

    encoded: _Encoded
    held: np.ndarray
    kept: np.ndarray
    by: HeldOutBy

    def tensors(self, places: np.ndarray, device: str) -> tuple[Tensor, Tensor | None]:
        distinct = self.encoded.distinct
        return row_tensors(self.encoded.floats[distinct.first[places]], distinct.weight, places, device)


def _checked_rows(
    params: Mapping[str, Any], given: Rows | RowStream, sample_weight: Any, *, is_continued: bool
) -> tuple[Rows, np.ndarray | None]:
    rows = as_rows(given.sample if isinstance(given, RowStream) else given, image_shape=params["image_shape"])
    if isinstance(given, RowStream) and sample_weight is not None:
        raise SettingError("sample_weight needs rows in memory, not a stream; use only one of the two.")
    weight = parameter_checks.sample_weight(sample_weight, len(rows))
    n_used = len(rows) if weight is None else int(np.count_nonzero(weight))
    if n_used < 2 and not is_continued:
        raise DataError(
            f"A fit needs at least 2 rows, and {rows.source} has {n_used} sample; "
            "give it more rows, or use a model that is already fitted."
        )
    return rows, weight


def _encode(
    params: Mapping[str, Any],
    rows: Rows,
    weight: np.ndarray | None,
    previous: FittedState | None,
    options: FitOptions,
) -> _Encoded:
    if previous is not None:
        schema = previous.schema
    elif options.schema is not None:
        schema = options.schema
    else:
        schema = learn_schema(params, rows, sample_weight=weight)
    floats = schema.encode(rows, who=options.estimator, units=previous is not None)
    return _Encoded(rows, schema, floats, weight, distinct_rows(floats, weight))


def _build(
    params: Mapping[str, Any], encoded: _Encoded, given: Rows | RowStream, generator: torch.Generator
) -> tuple[Resolved, ContrastiveDivergence | None]:
    """Build the network and check it against the rows."""
    resolved = resolve(params, encoded.schema, encoded.floats, generator=generator)
    network = resolved.network
    if network.n_parameters == 0:
        raise SettingError("The encoder and decoder have no parameter to train; give them layers, or unfreeze some.")
    parameter_checks.within_density(network.likelihood, encoded.floats, encoded.rows)
    if resolved.objective.n_nearest and isinstance(given, RowStream):
        raise SettingError("penalty='neighbours' needs rows in memory, not a stream; use only one of the two.")
    pretraining = pretraining_settings(params["pretrain"], params["pretrain_epochs"], params["precision"])
    if pretraining is not None:
        check_pretrainable(network)
        if isinstance(given, RowStream):
            raise SettingError("pretrain='rbm' needs rows in memory, not a stream; use only one of the two.")
    return resolved, pretraining


def _split(
    params: Mapping[str, Any], encoded: _Encoded, generator: torch.Generator, options: FitOptions, *, in_memory: bool
) -> _Split:
    """Hold out `validation_fraction` of the rows."""
    is_given = options.validation_data is not None
    rule = ValidationSplit.of(params, encoded.rows, options.groups, is_given=is_given, in_memory=in_memory)
    n_distinct = len(encoded.distinct.first)
    held = rule.held(encoded.distinct, generator) if options.hold_out else np.zeros(0, np.intp)
    return _Split(encoded, held, np.setdiff1d(np.arange(n_distinct), held, assume_unique=True), rule.by)


def _set_first_weights(
    params: Mapping[str, Any], resolved: Resolved, split: _Split, previous: FittedState | None
) -> bool:
    """Set the initial weights; return whether the layers are PCA."""
    network = resolved.network
    encoded = split.encoded
    distinct = encoded.distinct
    some = enough(split.kept, encoded.schema.n_floats)
    known = encoded.floats[distinct.first[some]]
    counts = None if distinct.weight is None else distinct.weight[some]
    mean = _mean(encoded.schema, known, counts)
    if previous is None:
        return begin(params, network, known, counts, mean, is_map=resolved.objective.n_nearest > 0)
    set_path(network, known, counts, mean)
    _continue_from(previous.network, network)
    return False


def _continue_from(old: AutoencoderNetwork, new: AutoencoderNetwork) -> None:
    """Load the layers of `old` into `new`; the linear path of a network is that of its own rows."""
    state, wanted = (
        {name: value for name, value in network.state_dict().items() if not name.startswith("path.")}
        for network in (old, new)
    )
    if state.keys() != wanted.keys() or any(state[name].shape != wanted[name].shape for name in wanted):
        raise SettingError(
            "warm_start continues from the weights of the previous fit, but the network's parameters have changed; "
            "set warm_start=False or restore them."
        )
    new.load_state_dict(new.state_dict() | state)


def _in_memory(split: _Split, device: str) -> TrainingRows:
    distinct = split.encoded.distinct
    x, weight = split.tensors(split.kept, device)
    rows = FittedRows(
        np.flatnonzero(np.isin(distinct.group, split.held)),
        distinct.hashes[split.held],
        distinct.hashes[split.kept],
        distinct.fingerprint,
        split.by,
        len(split.encoded.rows),
    )
    return TrainingRows(x, weight, rows)


def _trainer(
    params: Mapping[str, Any],
    resolved: Resolved,
    training: TrainingRows,
    generator: torch.Generator,
    options: FitOptions,
    *,
    began_as_pca: bool,
) -> Trainer:
    given = {name: params[name] for name in _TRAINING_PARAMETERS}
    workers = Workers.current()
    if params["network"] == "residual" and given["batch_size"] == "auto":
        given["batch_size"] = max(1, min(64, _BATCH_PIXELS // _n_pixels(resolved.network), len(training.x)))
    begins_probabilistic = began_as_pca and resolved.network.path is None
    if begins_probabilistic and given["optimizer"] == "muon" and given["learning_rate"] == "auto":
        given["learning_rate"] = _RATE_AT_PCA
    settings = TrainingSettings.resolve(
        **given,
        n_rows=len(training.x),
        n_parameters=resolved.network.n_parameters,
        n_workers=workers.size,
        of_pairs=resolved.objective.n_nearest > 0,
    )
    return Trainer(
        resolved.network,
        resolved.objective,
        settings,
        generator=generator,
        epochs_before=options.epochs_before,
        n_rows=len(training.x),
        began_as_pca=began_as_pca,
        follows_load=params["random_state"] is None,
        workers=workers,
    )


def _n_pixels(network: AutoencoderNetwork) -> int:
    assert network.image_shape is not None
    return network.image_shape[0] * network.image_shape[1]


def _validation(
    params: Mapping[str, Any], split: _Split, likelihood: Likelihood, device: str, options: FitOptions
) -> tuple[Tensor | None, Tensor | None]:
    """Return the validation rows and their weights."""
    if options.validation_data is None:
        return split.tensors(split.held, device) if len(split.held) else (None, None)
    rows = as_rows(options.validation_data, image_shape=params["image_shape"], name="validation_data")
    floats = split.encoded.schema.encode(rows, who=options.estimator)
    parameter_checks.within_density(likelihood, floats, rows)
    return torch.from_numpy(floats).to(device), None


def _state(
    params: Mapping[str, Any],
    encoded: _Encoded,
    resolved: Resolved,
    rows: FittedRows,
    trainer: Trainer,
    previous: FittedState | None,
    estimator: str,
    device: str,
    seed: int,
) -> FittedState:
    seen = _NO_HASHES if previous is None else previous.rows.training_hashes
    mean = _mean(encoded.schema, encoded.floats, encoded.weight) if previous is None else previous.mean
    return FittedState(
        estimator=estimator,
        params=params,
        network=resolved.network,
        schema=encoded.schema,
        mean=mean,
        rows=replace(rows, training_hashes=joined_hashes(seen, rows.training_hashes)),
        n_components=resolved.n_components,
        hidden_layer_sizes=resolved.hidden_layer_sizes,
        code_activation=resolved.code_activation,
        batch_size=trainer.settings.batch_size,
        n_pieces=trainer.settings.n_pieces,
        epochs=trainer.settings.epochs,
        learning_rate=trainer.settings.learning_rate,
        precision=trainer.precision,
        device=device,
        seed=seed,
        label_column=encoded.rows.label_column or (None if previous is None else previous.label_column),
    )


def _mean(schema: Schema, floats: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Return the mean of the observed floats as float32 (n_floats,)."""
    if not (schema.mask_indices >= 0).any():
        return np.average(floats, axis=0, weights=weight).astype(np.float32)
    total, there = np.zeros(schema.n_floats), np.zeros(schema.n_floats)
    for first in range(0, len(floats), _CHUNK):
        chunk = floats[first : first + _CHUNK]
        counted = schema.observed(chunk) * (1.0 if weight is None else weight[first : first + _CHUNK, None])
        total += (chunk * counted).sum(axis=0)
        there += counted.sum(axis=0)
    return (total / there).astype(np.float32)
