"""A small finished run with the weights of its epochs, and the static page of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from narrows import Autoencoder
from narrows.apps.site import Runtime, Site
from narrows.apps.viewer.datasets import described
from narrows.apps.viewer.queries import Queries
from narrows.apps.viewer.runs import Run, run_of_model
from narrows.data import Rows
from narrows.estimators.weight_vector import weight_vector

RUNTIME = Runtime(b"// a script", b"\0asm")


def trained_run(rows: Rows, **settings: Any) -> Run:
    """A run of three epochs with their weights and pictures."""
    model = Autoencoder(n_components=2, hidden_layer_sizes=(8,), epochs=3, random_state=0, device="cpu", **settings)
    past = [(epoch.number, weight_vector(model)) for epoch in model.fit_epochs(rows)]
    run = run_of_model(model, rows, None, "some", 1)
    for epoch, weights in past:
        run.past_weights.add(epoch, weights)
        run.frames.add(epoch, np.zeros_like(run.original))
    return run


def site_of(run: Run) -> Site:
    assert run.rows is not None
    description = described(run.rows, run.weights.get()[0].schema_, "some")
    return Site([run], [description], Queries(lambda _: None))


def files_in(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
