"""From settings and rows to everything a training needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from narrows.data import Rows, RowStream, Schema, as_rows
from narrows.errors import DataError, SettingError
from narrows.estimators import parameter_checks
from narrows.estimators.parameters import warn_of_idle_parameters
from narrows.estimators.pca_start import begin, enough
from narrows.estimators.resolution import learn_schema, resolve
from narrows.model import AutoencoderNetwork
from narrows.training import (
    DistinctRows,
    Epoch,
    History,
    LayerEpoch,
    Spool,
    Trainer,
    TrainingSettings,
    check_pretrainable,
    distinct_rows,
    fingerprint_of,
    pretrain,
    pretraining_settings,
    row_hashes,
)

if TYPE_CHECKING:
    from narrows.estimators.autoencoder import Autoencoder
    from narrows.model import Likelihood

_CHUNK = 8192


@dataclass(frozen=True, eq=False)
class Plan:
    """A training that is ready to start.

    Parameters
    ----------
    fitted : dict
        Attributes that the estimator takes over.
    trainer : Trainer
    x, weight : Tensor of shape (n, n_floats) or Spool, Tensor of shape (n,) or None
        Distinct training rows on the device, or all training rows of a stream on disk.
    validation, validation_weight
        The same of the held-out rows, or None.
    pretraining : iterator of LayerEpoch
        To be exhausted before training; empty where there is none.
    """

    fitted: dict[str, Any]
    trainer: Trainer
    x: Tensor | Spool
    weight: Tensor | None
    validation: Tensor | None
    validation_weight: Tensor | None
    pretraining: Iterator[LayerEpoch]

    def records(self) -> Iterator[LayerEpoch | Epoch]:
        """Pre-train and train, yielding the record of every pass over the rows."""
        yield from self.pretraining
        yield from self.trainer.epochs(
            self.x, weight=self.weight, validation=self.validation, validation_weight=self.validation_weight
        )


def plan(
    model: Autoencoder,
    given: Rows | RowStream,
    *,
    sample_weight: Any = None,
    validation_data: Any = None,
    hold_out: bool = True,
    resume: bool | None = None,
    schema: Schema | None = None,
) -> Plan:
    """Check the settings against the rows and prepare the training; raises `SettingError` or `DataError`.

    given : of a stream, scaling, sizes and held-out rows come from its sample; the others are put on disk, encoded.
    schema : how to encode the rows; None learns it from them.
    """
    warn_of_idle_parameters(model)
    rows = as_rows(given.sample if isinstance(given, RowStream) else given, image_shape=model.image_shape)
    if isinstance(given, RowStream) and sample_weight is not None:
        raise SettingError("sample_weight needs rows in memory, and a stream is not; leave one of them out.")
    resume = (model.warm_start and hasattr(model, "network_")) if resume is None else resume
    weight = parameter_checks.sample_weight(sample_weight, len(rows))
    n_used = len(rows) if weight is None else int(np.count_nonzero(weight))
    if n_used < 2 and not resume:
        raise DataError(
            f"A fit needs at least 2 rows, and {rows.source} has {n_used} sample; "
            "give it more rows, or use a model that is already fitted."
        )
    device = parameter_checks.device(model.device)
    seed = parameter_checks.seed(model.random_state)
    *words, for_layers = (int(w) for w in np.random.SeedSequence(seed).generate_state(4, np.uint64) >> np.uint64(1))
    for_weights, for_split, for_order = (torch.Generator().manual_seed(word) for word in words)

    if resume:
        schema = model.schema_
    elif schema is None:
        schema = learn_schema(model, rows, sample_weight=weight)
    floats = schema.encode(rows, who=type(model).__name__, units=resume)
    distinct = distinct_rows(floats, weight)
    resolved = resolve(model, schema, floats, generator=for_weights)
    network = resolved.network
    if network.n_parameters == 0:
        raise SettingError("The encoder and decoder have no parameter to train; give them layers, or unfreeze some.")
    parameter_checks.within_density(network.likelihood, floats, rows)
    pretraining = pretraining_settings(model.pretrain, model.pretrain_epochs, model.precision)
    if pretraining is not None:
        check_pretrainable(network)
        if isinstance(given, RowStream):
            raise SettingError("pretrain='rbm' needs rows in memory, and a stream is not; leave one of them out.")

    fraction = parameter_checks.share("validation_fraction", model.validation_fraction)
    n_held = int(len(distinct.first) * fraction) if hold_out and validation_data is None else 0
    held, kept = _split(distinct, n_held, for_split)
    begins_at_pca = False
    if resume:
        _continue_from(model.network_, network)
    else:
        some = enough(kept, schema.n_floats)
        known, counts = floats[distinct.first[some]], None if distinct.weight is None else distinct.weight[some]
        begins_at_pca = begin(model, network, known, counts, _mean(schema, known, counts))
    network.to(device)

    def tensors(places: np.ndarray) -> tuple[Tensor, Tensor | None]:
        return _tensors(floats[distinct.first[places]], distinct.weight, places, device)

    if isinstance(given, RowStream):
        spooled = _spooled(model, given, schema, network.likelihood, distinct.hashes[held], for_split)
        x, x_weight, validation_rows, hashes, fingerprint = (
            spooled.x,
            None,
            spooled.held,
            spooled.hashes,
            spooled.fingerprint,
        )
    else:
        x, x_weight = tensors(kept)
        validation_rows = np.flatnonzero(np.isin(distinct.group, held))
        hashes, fingerprint = distinct.hashes[kept], distinct.fingerprint
    settings = TrainingSettings.resolve(
        **{name: getattr(model, name) for name in _TRAINING_PARAMETERS},
        n_rows=len(x),
        n_parameters=network.n_parameters,
    )
    history = History(model.history_ if resume else [])
    trainer = Trainer(
        network,
        resolved.objective,
        settings,
        generator=for_order,
        epochs_before=len(history),
        n_rows=len(x),
        keep_start=begins_at_pca,
    )
    if validation_data is not None:
        watchable = as_rows(validation_data, image_shape=model.image_shape, name="validation_data")
        watched = schema.encode(watchable, who=type(model).__name__)
        parameter_checks.within_density(network.likelihood, watched, watchable)
        validation, validation_weight = torch.from_numpy(watched).to(device), None
    else:
        validation, validation_weight = tensors(held) if n_held else (None, None)

    fitted = {
        "network_": network,
        "schema_": schema,
        "history_": history,
        "pretraining_": [],
        "_fitted_params": model.get_params(deep=False),
        "validation_rows_": validation_rows,
        "validation_hashes_": distinct.hashes[held],
        "training_hashes_": joined_hashes(model.training_hashes_ if resume else _NO_HASHES, hashes),
        "fingerprint_": fingerprint,
        "interrupted_": False,
        "mean_": model.mean_ if resume else _mean(schema, floats, weight),
        "n_components_": resolved.n_components,
        "hidden_layer_sizes_": resolved.hidden_layer_sizes,
        "code_activation_": resolved.code_activation,
        "loss_": network.likelihood.name,
        "batch_size_": settings.batch_size,
        "epochs_": settings.epochs,
        "learning_rate_": settings.learning_rate,
        "precision_": trainer.precision,
        "device_": device,
        "seed_": seed,
        "n_features_in_": rows.n_columns,
    }
    if rows.names is not None:
        fitted["feature_names_in_"] = np.asarray(rows.names, dtype=object)
    layers: Iterator[LayerEpoch] = iter(())
    if pretraining is not None and not resume:
        assert isinstance(x, Tensor)
        generator = torch.Generator(device=device).manual_seed(for_layers)
        layers = pretrain(network, x, pretraining, generator=generator, weight=x_weight)
    return Plan(fitted, trainer, x, x_weight, validation, validation_weight, layers)


def training_tensors(model: Autoencoder, rows: Rows, sample_weight: Any) -> tuple[Tensor, Tensor | None, np.ndarray]:
    """Distinct rows, their weights and hashes, for one more pass of a fitted model."""
    weight = parameter_checks.sample_weight(sample_weight, len(rows))
    floats = model.schema_.encode(rows, who=type(model).__name__)
    parameter_checks.within_density(model.network_.likelihood, floats, rows)
    distinct = distinct_rows(floats, weight)
    places = np.arange(len(distinct.first))
    return *_tensors(floats[distinct.first], distinct.weight, places, model.device_), distinct.hashes


@dataclass(frozen=True, eq=False)
class _Spooled:
    """The training rows of a stream on disk, the places of those held out, the others' hashes, and the word for all."""

    x: Spool
    held: np.ndarray
    hashes: np.ndarray | None
    fingerprint: str


def _spooled(
    model: Autoencoder,
    stream: RowStream,
    schema: Schema,
    likelihood: Likelihood,
    held_hashes: np.ndarray,
    generator: torch.Generator,
) -> _Spooled:
    """Encode a stream; rows equal to held-out ones are held out too."""
    x = Spool(schema.n_floats, len(stream), generator)
    held: list[np.ndarray] = []
    hashes: list[np.ndarray] = []
    start, sums = 0, []
    for rows in stream.chunks():
        # The sample is of all rows; a chunk of a sorted file is not like it.
        floats = schema.encode(rows, who=type(model).__name__, units=False)
        parameter_checks.within_density(likelihood, floats, rows)
        keys = row_hashes(floats)
        is_held = np.isin(keys, held_hashes)
        held.append(start + np.flatnonzero(is_held))
        x.add(floats[~is_held])
        if len(x) <= _MOST_HASHES:
            hashes.append(keys[~is_held])
        sums.append(keys.sum(dtype=np.uint64))
        start += len(rows)
    known = np.unique(np.concatenate(hashes)) if len(x) <= _MOST_HASHES else None
    return _Spooled(x, np.concatenate(held), known, fingerprint_of(np.array(sums)))


def joined_hashes(seen: np.ndarray | None, more: np.ndarray | None) -> np.ndarray | None:
    """The hashes of all rows that a model trained on; None where they are unknown, or too many to keep."""
    if seen is None or more is None or len(seen) + len(more) > _MOST_HASHES:
        return None
    return np.union1d(seen, more)


_NO_HASHES = np.zeros(0, np.uint64)
_MOST_HASHES = 4_000_000  # 32 MB in a saved model

_TRAINING_PARAMETERS = tuple(field.name for field in fields(TrainingSettings))


def _continue_from(old: AutoencoderNetwork, new: AutoencoderNetwork) -> None:
    state = old.state_dict()
    wanted = new.state_dict()
    if state.keys() != wanted.keys() or any(state[name].shape != wanted[name].shape for name in wanted):
        raise SettingError(
            "warm_start goes on from the weights of the fit before, but the network's parameters have changed since; "
            "set warm_start=False or restore them."
        )
    new.load_state_dict(state)


def _split(distinct: DistinctRows, n_held: int, generator: torch.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Places of held-out and of training rows among the distinct rows, each in ascending order."""
    order = torch.randperm(len(distinct.first), generator=generator).numpy()
    return np.sort(order[:n_held]), np.sort(order[n_held:])


def _tensors(
    floats: np.ndarray, weight: np.ndarray | None, places: np.ndarray, device: str
) -> tuple[Tensor, Tensor | None]:
    x = torch.from_numpy(floats).to(device)
    if weight is None:
        return x, None
    share = weight[places] / weight[places].mean()
    return x, torch.from_numpy(share.astype(np.float32)).to(device)


def _mean(schema: Schema, floats: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Of what is there, float32 (n_floats,)."""
    if not (schema.mask_indices >= 0).any():
        return np.average(floats, axis=0, weights=weight).astype(np.float32)
    total, there = np.zeros(schema.n_floats), np.zeros(schema.n_floats)
    for first in range(0, len(floats), _CHUNK):
        chunk = floats[first : first + _CHUNK]
        counted = schema.observed(chunk) * (1.0 if weight is None else weight[first : first + _CHUNK, None])
        total += (chunk * counted).sum(axis=0)
        there += counted.sum(axis=0)
    return (total / there).astype(np.float32)
