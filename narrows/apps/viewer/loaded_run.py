"""A saved model as a run of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from narrows.apps.lab.worker_events import N_FIXED, about_network, pictures
from narrows.apps.viewer.datasets import Source
from narrows.apps.viewer.runs import Run

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators import Autoencoder


def run_of_model(model: Autoencoder, rows: Rows | None, source: Source | None, dataset: str | None, number: int) -> Run:
    """The run that shows a model, on rows in the form of its fit where there are some."""
    from narrows.insight import reconstruct_floats
    from narrows.insight.payloads import balanced_sample

    name = rows.source if rows is not None else "a saved model"
    run = Run(f"r{number}", number, dataset, source, model.variant, _settings(model), name, state="loaded", rows=rows)
    run.about = about_network(model, epochs=len(model.history_))
    run.history = [epoch.to_dict() for epoch in model.history_]
    run.weights.put(model, run.epoch)
    if rows is not None:
        run.positions = balanced_sample(rows.labels, len(rows), N_FIXED)
        floats = model.schema_.encode(rows.take(run.positions))
        run.original = pictures(model, floats, like=floats)
        run.frames.add(run.epoch, pictures(model, reconstruct_floats(model, floats), like=floats))
        low, high = float(np.min(run.original)), float(np.max(run.original))
        run.about["range"] = [0.0, 1.0] if model.schema_.image_shape or (low >= 0 and high <= 1) else [-3.0, 3.0]
    return run


def matched(model: Autoencoder, rows: Rows) -> Rows:
    """Rows in the form of the fit: its columns by name, in its order; SchemaMismatchError where they have none."""
    from narrows.apps.cli.inputs import matched as by_name
    from narrows.apps.cli.messages import Voice

    return by_name(model, rows, Voice(quiet=True))


def _settings(model: Autoencoder) -> dict:
    """The model's settings under the page's names."""
    given = model.fitted_params_
    return {
        "n_components": model.n_components_,
        "hidden_layer_sizes": list(model.hidden_layer_sizes_),
        "epochs": model.epochs_,
        "learning_rate": model.learning_rate_,
        "batch_size": model.batch_size_,
        "optimizer": given["optimizer"],
        "activation": given["activation"],
        "seed": model.seed_,
        "normal": None,
        "corruption": given["corruption"] if isinstance(given["corruption"], str) else None,
        "corruption_level": given["level"],
        "sparsity": given["penalty_weight"] if model.variant == "sparse" else None,
        "contraction": given["penalty_weight"] if model.variant == "contractive" else None,
        "beta": given["beta"],
        "architecture": given["network"],
    }
