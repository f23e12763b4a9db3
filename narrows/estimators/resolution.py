"""From parameters and a schema to the stations of a network and its objective."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from narrows.data import Rows, Schema, hidden_floats, loss_weights
from narrows.errors import DataRangeError, SettingError
from narrows.estimators import parameter_checks
from narrows.model import (
    L1,
    AutoencoderNetwork,
    Binarised,
    Contractive,
    GaussianCode,
    KLSparsity,
    KLToPrior,
    Objective,
    build_network,
    default_hidden_layer_sizes,
    make_code,
    make_corruption,
    make_likelihood,
    make_mixed,
    make_penalty,
)

if TYPE_CHECKING:
    from narrows.estimators.autoencoder import Autoencoder
    from narrows.model import Corruption, Likelihood


@dataclass(frozen=True)
class Resolved:
    """The stations and sizes that a set of parameters means for a schema."""

    n_components: int
    hidden_layer_sizes: tuple[int, ...]
    code_activation: str
    network: AutoencoderNetwork
    objective: Objective


def resolve(
    model: Autoencoder, schema: Schema, floats: np.ndarray | None, *, generator: torch.Generator | None
) -> Resolved:
    """What the parameters mean for this schema.

    Without floats (a model that is being loaded) ranges are not checked; without a generator weights are
    not initialised.
    """
    for name in ("level", "penalty_weight", "rho", "beta", "kl_warmup", "free_bits"):
        parameter_checks.number(name, getattr(model, name))
    code = make_code(model.code, model.k)
    penalties = make_penalty(model.penalty, model.penalty_weight, rho=model.rho)
    gaussian = isinstance(code, GaussianCode)
    if gaussian:
        penalties = (
            KLToPrior(beta=model.beta, warmup=model.kl_warmup, free_bits=model.free_bits),
            *penalties,
        )
    bounded = _bounded(model, schema, floats)
    loss = model.loss
    if isinstance(loss, str) and loss == "auto":
        loss = _automatic_loss(schema, bounded=bounded, gaussian=gaussian)
    if isinstance(loss, str) and loss == "bce" and floats is not None:
        _check_unit_range(floats, "loss='bce'")
    n_components = _n_components(model.n_components, schema.n_columns, own=model.encoder is not None)
    hidden = model.hidden_layer_sizes
    if isinstance(hidden, str) and hidden == "auto":
        hidden = default_hidden_layer_sizes(model.network, schema.n_floats, schema.image_shape)
    code_activation = model.code_activation
    if code_activation == "auto":
        code_activation = "linear" if gaussian else _code_activation(penalties)
    network = build_network(
        n_floats=schema.n_floats,
        image_shape=schema.image_shape,
        n_components=n_components,
        hidden_layer_sizes=hidden,
        network=model.network,
        activation=model.activation,
        code_activation=code_activation,
        tied_weights=model.tied_weights,
        code=code,
        likelihood=make_likelihood(loss, bounded=bounded, n_floats=schema.n_floats),
        generator=generator,
        encoder=model.encoder,
        decoder=model.decoder,
    )
    corruption = corruption_for(schema, model.corruption, model.level)
    if isinstance(corruption, Binarised) and floats is not None:
        _check_unit_range(floats, "corruption=Binarised()")
    objective = Objective(corruption, penalties)
    objective.check(network)
    return Resolved(network.n_components, _sizes(hidden), code_activation, network, objective)


def learn_schema(model: Autoencoder, rows: Rows, *, sample_weight: np.ndarray | None = None) -> Schema:
    """The schema of the training rows; data in [0, 1] stay as they are where the settings ask for just that."""
    asked = partial(
        Schema.learn, rows, missing=model.missing, categorical=model.categorical, sample_weight=sample_weight
    )
    if model.scale == "auto" and rows.image_shape is None and _needs_unit_interval(model):
        kept = asked(scale="none")
        if kept.bounded:
            return kept
    return asked(scale=model.scale)


def _needs_unit_interval(model: Autoencoder) -> bool:
    """Whether a setting makes sense for data in [0, 1] alone."""
    loss, corruption = model.loss, model.corruption
    return (
        model.output_activation == "sigmoid"
        or (loss == "bce" if isinstance(loss, str) else loss.bounded)
        or isinstance(corruption, Binarised)
    )


def corruption_for(schema: Schema, spec: str | Corruption | None, level: float) -> Corruption | None:
    """The corruption that a name means for the floats of a schema."""
    cells = None
    if schema.is_mixed:
        cells = (tuple(schema.float_columns.tolist()), tuple(hidden_floats(schema).tolist()))
    return make_corruption(spec, level, bounded=schema.bounded, cells=cells)


def _automatic_loss(schema: Schema, *, bounded: bool, gaussian: bool) -> str | Likelihood:
    """A density for a gaussian code, whose prior is weighed in nats against it; else what is balanced."""
    if schema.is_mixed:
        found = loss_weights(schema)
        return make_mixed(
            found.blocks,
            shares=found.shares.tolist(),
            gap_floats=found.mask_indices.tolist(),
            unknown=found.unknown.tolist(),
            density=gaussian,
        )
    if gaussian:
        return "bce" if bounded else "gaussian"
    return "mse"


def _n_components(value: Any, n_columns: int, *, own: bool) -> int | None:
    """None where the user's own encoder decides."""
    if isinstance(value, str) and value == "auto":
        return None if own else max(1, min(32, round(n_columns / 4)))
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < 1:
        raise SettingError(f"n_components must be a whole number of at least 1 or 'auto', got {value!r}.")
    return int(value)


def _code_activation(penalties: tuple[Any, ...]) -> str:
    # The KL penalty is defined on activities in (0, 1), and Rifai's contraction saturates sigmoids.
    if any(isinstance(penalty, (KLSparsity, Contractive)) for penalty in penalties):
        return "sigmoid"
    # A rectified unit can be exactly 0.
    return "relu" if any(isinstance(penalty, L1) for penalty in penalties) else "linear"


def _bounded(model: Autoencoder, schema: Schema, floats: np.ndarray | None) -> bool:
    """Whether the output passes through a sigmoid."""
    wanted = parameter_checks.choice("output_activation", model.output_activation)
    if wanted == "sigmoid" and floats is not None:
        _check_unit_range(floats, "output_activation='sigmoid'")
    return schema.bounded if wanted == "auto" else wanted == "sigmoid"


def _check_unit_range(floats: np.ndarray, what: str) -> None:
    low, high = float(floats.min()), float(floats.max())
    if low < -1e-6 or high > 1 + 1e-6:
        raise DataRangeError(
            f"{what} needs values from 0 to 1, and after scaling they run from {low:.4g} to {high:.4g}; "
            "set scale='minmax', or loss='mse' with output_activation='linear'."
        )


def _sizes(hidden: Any) -> tuple[int, ...]:
    """Hidden sizes that the network has accepted, as a tuple."""
    return (int(hidden),) if hasattr(hidden, "__index__") else tuple(int(size) for size in hidden)
