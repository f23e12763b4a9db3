"""Resolution of the parameters: "auto" values, and the network and objective that follow from them and a schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np
import torch

from narrows.data import Rows, Schema, hidden_floats, loss_weights, natural_white
from narrows.errors import DataRangeError, SettingError
from narrows.estimators.fitting.pca_start import uses_linear_path
from narrows.estimators.parameters import parameter_checks
from narrows.estimators.parameters.parameter_definitions import PARAMETERS
from narrows.model import (
    AutoencoderNetwork,
    Binarised,
    Code,
    Corruption,
    GaussianCode,
    KLToPrior,
    Likelihood,
    Objective,
    Penalty,
    PenaltyParameters,
    VariedNoise,
    build_network,
    default_hidden_layer_sizes,
    make_code,
    make_corruption,
    make_likelihood,
    make_mixed,
    make_penalty,
    needs_unit_interval,
)

_PENALTY_SETTINGS = tuple(field.name for field in fields(PenaltyParameters) if not field.name.startswith("penalty"))
_OBJECTIVE_NUMBERS = tuple(one.name for one in PARAMETERS if one.group == "Objective" and one.kind == "float")

_SHARE, _SHARE_OF_FLOATS, _WIDEST = 1 / 4, 1 / 2, 32  # of the columns, and of their floats, for n_components="auto"


@dataclass(frozen=True)
class Resolved:
    """The network, objective and sizes that follow from the parameters and a schema."""

    n_components: int
    hidden_layer_sizes: tuple[int, ...]
    code_activation: str
    network: AutoencoderNetwork
    objective: Objective


def resolve(
    params: Mapping[str, Any], schema: Schema, floats: np.ndarray | None, *, generator: torch.Generator | None
) -> Resolved:
    """Resolve all parameters for a schema.

    Parameters
    ----------
    params : mapping
        All constructor parameters of an autoencoder.
    schema : Schema
    floats : ndarray of shape (n, n_floats) or None
        Encoded rows whose range is checked; None checks no range.
    generator : torch.Generator or None
        Generator of the initial weights; None leaves them uninitialised.

    Raises
    ------
    SettingError, DataRangeError
    """
    code, penalties = _code_and_penalties(params)
    gaussian = isinstance(code, GaussianCode)
    bounded = _bounded(params, schema, floats)
    loss = _loss(params["loss"], schema, floats, bounded=bounded, gaussian=gaussian)
    n_components = _n_components(params, schema, code)
    hidden = hidden_layer_sizes(params, schema.n_floats, schema.image_shape)
    code_activation = params["code_activation"]
    if code_activation == "auto":
        code_activation = "linear" if gaussian else _code_activation(penalties)
    network = build_network(
        n_floats=schema.n_floats,
        image_shape=schema.image_shape,
        n_components=n_components,
        hidden_layer_sizes=hidden,
        network=params["network"],
        activation=params["activation"],
        code_activation=code_activation,
        tied_weights=params["tied_weights"],
        code=code,
        likelihood=make_likelihood(loss, bounded=bounded, n_floats=schema.n_floats),
        generator=generator,
        encoder=params["encoder"],
        decoder=params["decoder"],
        linear_path=uses_linear_path(params, code, code_activation),
        noise=params["corruption"] if isinstance(params["corruption"], str) else "gaussian",
    )
    corruption = _training_corruption(params, schema)
    if isinstance(corruption, Binarised) and floats is not None:
        _check_unit_range(floats, "corruption=Binarised()")
    objective = Objective(corruption, penalties)
    objective.check(network)
    return Resolved(network.n_components, _sizes(hidden), code_activation, network, objective)


def _code_and_penalties(params: Mapping[str, Any]) -> tuple[Code, tuple[Penalty, ...]]:
    for name in _OBJECTIVE_NUMBERS:
        parameter_checks.number(name, params[name])
    code = make_code(params["code"], params["k"])
    penalties = make_penalty(
        params["penalty"], params["penalty_weight"], **{name: params[name] for name in _PENALTY_SETTINGS}
    )
    if isinstance(code, GaussianCode):
        prior = KLToPrior(beta=params["beta"], warmup=params["kl_warmup"], free_bits=params["free_bits"])
        penalties = (prior, *penalties)
    return code, penalties


def _loss(
    loss: str | Likelihood, schema: Schema, floats: np.ndarray | None, *, bounded: bool, gaussian: bool
) -> str | Likelihood:
    if isinstance(loss, str) and loss == "auto":
        loss = _automatic_loss(schema, bounded=bounded, gaussian=gaussian)
    if needs_unit_interval(loss) and floats is not None:
        _check_unit_range(floats, f"loss={loss!r}")
    return loss


def learn_schema(params: Mapping[str, Any], rows: Rows, *, sample_weight: np.ndarray | None = None) -> Schema:
    """Learn the schema of the training rows; data in [0, 1] keep their scale where a parameter needs that interval."""
    learn = partial(
        Schema.learn, rows, missing=params["missing"], categorical=params["categorical"], sample_weight=sample_weight
    )
    if params["scale"] == "auto" and rows.image_shape is None and _needs_unit_interval(params):
        kept = learn(scale="none")
        if kept.bounded:
            return kept
    return learn(scale=params["scale"])


def _needs_unit_interval(params: Mapping[str, Any]) -> bool:
    """Return whether a parameter requires data in [0, 1]."""
    loss, corruption = params["loss"], params["corruption"]
    return (
        params["output_activation"] == "sigmoid"
        or (needs_unit_interval(loss) if isinstance(loss, str) else loss.bounded)
        or isinstance(corruption, Binarised)
    )


def corruption_for(schema: Schema, spec: str | Corruption | None, level: float) -> Corruption | None:
    """Return the corruption of this name for the floats of a schema."""
    cells = None
    if schema.is_mixed:
        cells = (tuple(schema.float_columns.tolist()), tuple(hidden_floats(schema).tolist()))
    return make_corruption(spec, level, bounded=schema.bounded, cells=cells)


def _automatic_loss(schema: Schema, *, bounded: bool, gaussian: bool) -> str | Likelihood:
    """Return a density for a gaussian code, whose KL term is in nats; else a loss balanced over column kinds."""
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


def _training_corruption(params: Mapping[str, Any], schema: Schema) -> Corruption | None:
    """Return the corruption of the training: for network="residual" noise of all levels up to `level`."""
    spec = params["corruption"]
    if params["network"] != "residual" or isinstance(spec, Corruption):
        return corruption_for(schema, spec, params["level"])
    if spec is None:
        raise SettingError(
            "network='residual' learns to remove noise and needs a corruption; use a DenoisingAutoencoder (--variant "
            "denoising), or set corruption."
        )
    if schema.image_shape is None:
        raise SettingError("network='residual' needs images: give an array of images, or image_shape.")
    if not _has_usual_range(schema):
        raise SettingError(
            "network='residual' needs images whose pixels use at least half of the range from black to white; give "
            "them as floats from 0 to 1 with scale='none', or use network='conv'."
        )
    return VariedNoise(spec, params["level"], schema.image_shape)


def _has_usual_range(schema: Schema) -> bool:
    """Return whether a pixel is scaled as that of any other image of its type, so that other images fit the network."""
    if not schema.floats_are_pixels or schema.pixel_range is None:
        return False
    black, white = schema.pixel_range
    return black == 0 and (np.dtype(schema.dtypes[0]).kind == "f" or white == natural_white(white))


def with_width(params: Mapping[str, Any], n_components: int) -> Mapping[str, Any]:
    """Return parameters in which the automatic width of the code is that of a fitted model.

    Earlier versions chose other widths.
    """
    is_chosen = _is_auto(params["n_components"]) and params["encoder"] is None
    return {**params, "n_components": n_components} if is_chosen else params


def _n_components(params: Mapping[str, Any], schema: Schema, code: Code) -> int | None:
    """Return the width of the code, or None if the user's own encoder determines it.

    A model of tables from which rows are drawn or cells are filled loses what its code cannot hold, and the prior
    empties components that it does not need; other codes are there to be short.
    """
    value = params["n_components"]
    if _is_auto(value):
        if params["network"] == "residual":
            return schema.n_floats
        wanted = round(_SHARE * schema.n_columns)
        if isinstance(code, GaussianCode) and schema.image_shape is None:
            wanted = min(schema.n_columns, int(_SHARE_OF_FLOATS * schema.n_floats))
        return None if params["encoder"] is not None else max(1, min(_WIDEST, wanted))
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < 1:
        raise SettingError(f"n_components must be a whole number of at least 1 or 'auto', got {value!r}.")
    return int(value)


def _is_auto(value: object) -> bool:
    return isinstance(value, str) and value == "auto"


def _code_activation(penalties: tuple[Penalty, ...]) -> str:
    """Return the activation of the code for code_activation="auto"."""
    wanted = [penalty.code_activation for penalty in penalties if penalty.code_activation != "linear"]
    # A penalty on activities in (0, 1) is not defined without a sigmoid; the others can do with one.
    return "sigmoid" if "sigmoid" in wanted else next(iter(wanted), "linear")


def _bounded(params: Mapping[str, Any], schema: Schema, floats: np.ndarray | None) -> bool:
    """Return whether the output passes through a sigmoid."""
    wanted = parameter_checks.choice("output_activation", params["output_activation"])
    if wanted == "sigmoid" and floats is not None:
        _check_unit_range(floats, "output_activation='sigmoid'")
    if wanted == "auto":
        return schema.bounded and params["network"] != "residual"  # which adds to pixels, not to logits
    return wanted == "sigmoid"


def _check_unit_range(floats: np.ndarray, what: str) -> None:
    low, high = float(floats.min()), float(floats.max())
    if low < -1e-6 or high > 1 + 1e-6:
        raise DataRangeError(
            f"{what} needs values from 0 to 1, and after scaling they run from {low:.4g} to {high:.4g}; "
            "set scale='minmax', or loss='mse' with output_activation='linear'."
        )


def hidden_layer_sizes(params: Mapping[str, Any], n_floats: int, image_shape: tuple[int, int, int] | None) -> Any:
    """Return the parameter, or the sizes that follow from the others where it is "auto"."""
    sizes = params["hidden_layer_sizes"]
    if isinstance(sizes, str) and sizes == "auto":
        _, penalties = _code_and_penalties(params)
        is_map = any(penalty.n_nearest() for penalty in penalties)
        return default_hidden_layer_sizes(params["network"], n_floats, image_shape, is_map=is_map)
    return sizes


def _sizes(hidden: Any) -> tuple[int, ...]:
    """Return hidden layer sizes as a tuple."""
    return (int(hidden),) if hasattr(hidden, "__index__") else tuple(int(size) for size in hidden)
