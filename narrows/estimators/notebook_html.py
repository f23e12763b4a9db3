"""What a notebook shows of a fitted model, below scikit-learn's own box of parameters."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from narrows.estimators.autoencoder import Autoencoder


def model_html(model: Autoencoder) -> str:
    """The network, the data and the training in a table, and the curve of the losses."""
    schema = model.schema_
    shape = f"images of {' × '.join(map(str, schema.image_shape))}" if schema.image_shape else "a table"
    sizes = (schema.n_floats, *model.hidden_layer_sizes_, model.n_components_)
    own = model.encoder is not None or model.network == "conv"
    layers = f"{schema.n_floats} → … → {model.n_components_}" if own else " → ".join(map(str, sizes))
    facts = {
        "fitted on": f"{shape}, {schema.n_columns} columns",
        "encoder": f"{layers} ({model.network_.n_parameters:,} weights and biases with its decoder)",
        "loss": model.loss_unit_,
        "seed": f"{model.seed_} ({model.precision_} on {model.device_})",
    }
    rows = "".join(
        f"<tr><th style=text-align:left>{name}</th><td style=text-align:left>{html.escape(str(told))}</td></tr>"
        for name, told in facts.items()
    )
    return f"<table>{rows}</table>{model.history_._repr_html_()}"
