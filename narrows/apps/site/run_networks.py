"""The networks of one run as ONNX files, of each epoch that a page shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from narrows.apps.viewer.runs import Run

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder

MOST_BYTES = 24 << 20
"""Limit for the networks and codes of one run; of longer runs fewer epochs are shown."""
_MARGIN = 1.05  # of the last epoch's files, for those of the others


def chosen_epochs(available: list[int], bytes_each: int, most: int = MOST_BYTES) -> list[int]:
    """Return epochs that fit into a limit, evenly spaced, the first and the last among them; the last always.

    available : in ascending order.
    """
    n = int(max(1, min(len(available), most // max(1, int(_MARGIN * bytes_each)))))
    if n == 1:
        return available[-1:]
    return [available[i] for i in np.linspace(0, len(available) - 1, n).round().astype(int).tolist()]


def available_epochs(run: Run) -> list[int]:
    """Return the epochs of a run whose weights are kept, in ascending order; the last is that of its model."""
    _, last = run.weights.get()
    return [epoch for epoch, _ in run.past_weights.kept if epoch < last] + [last]


def models(run: Run, epochs: list[int]) -> Iterator[tuple[int, Autoencoder]]:
    """Yield the model of a run after each of these epochs."""
    from narrows.estimators.weight_vector import with_weights

    last, at = run.weights.get()
    past = dict(run.past_weights.kept)
    for epoch in epochs:
        yield epoch, last if epoch == at else with_weights(last, past[epoch])


def drawing_scale(model: Autoencoder, like: np.ndarray | None) -> tuple[np.ndarray, np.ndarray] | None:
    """Return gain and bias (d,) by which brightness that was drawn becomes encoded floats; None where it is that."""
    from narrows.apps.viewer.row_selection import floats_of

    schema = model.schema_
    if schema.image_shape is None or schema.floats_are_pixels:
        return None
    black, white = (floats_of(model, np.full(schema.n_floats, v, np.float32), like) for v in (0.0, 1.0))
    return white - black, black
