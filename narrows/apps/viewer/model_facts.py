"""Facts about a fitted model that a page shows: sizes, layers, the range of its values, the plane of its map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from narrows.estimators import Autoencoder
    from narrows.insight.payloads import CodePlane, Payload

N_FIXED_ROWS = 16
"""Rows whose reconstructions are kept after every epoch."""


def network_facts(model: Autoencoder, *, epochs: int) -> dict[str, Any]:
    """Return the facts about a fitted network that a page shows, as plain values.

    epochs : planned epochs, those of earlier fits included.
    """
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
        "masks": None if is_image else schema.mask_indices.tolist(),
        "n_floats": schema.n_floats,
        "n_components": model.n_components_,
        "unit": model.loss_unit_,
        "error": {
            "name": model.network_.likelihood.unit,
            "sum": model.state_.loss_sum,
            "uninformed": model.state_.uninformed_error,
        },
        "layers": layers,
        "n_parameters": found.about["n_parameters"],
        "activation": found.about["activation"],
        "can_sample": has_prior(model),
    }


def drawn_range(kind: str, values: np.ndarray) -> list[float]:
    """Return the range in which the values of a row are drawn: [0, 1] if all lie in it, else [-3, 3].

    kind : "images" or "table".
    """
    if kind == "images" or (values.min() >= 0 and values.max() <= 1):
        return [0.0, 1.0]
    return [-3.0, 3.0]


def code_plane(codes: Payload) -> CodePlane:
    """Return the plane in which a `codes` payload is drawn."""
    from narrows.insight.payloads import CodePlane

    names = codes.about["names"]
    return CodePlane(codes["origin"], codes["axes"], (names[0], names[1]), codes.about["kept"])


def average_error(model: Autoencoder, training: np.ndarray | None, floats: np.ndarray) -> float | None:
    """Return the reconstruction error of answering the average training row in place of one encoded row (d,).

    For a mixed table it is the number of learned columns, at which nothing is known; None for other losses than the
    squared error, and without training rows (n, d).
    """
    from narrows.insight import mean_baseline
    from narrows.insight.measure import observed

    uninformed = model.state_.uninformed_error
    if uninformed is not None or training is None or model.network_.likelihood.name != "mse":
        return uninformed
    row = floats[None]
    return float(mean_baseline(training, row, observed(model, row))[0])
