"""Answers to the queries of the views: a query's name and parameters become named arrays and plain values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.apps.viewer.answer import Answer
from narrows.apps.viewer.datasets import Source
from narrows.apps.viewer.pixels import page_values, to_uint8
from narrows.apps.viewer.query_params import QueryParams
from narrows.apps.viewer.run_data import RunData
from narrows.apps.viewer.runs import Run

if TYPE_CHECKING:
    from narrows.data import Rows

QUERIES = (
    "codes",
    "code_neighbours",
    "rows",
    "sheet",
    "decoded_grid",
    "path",
    "sample",
    "activations",
    "training_step",
    "cells",
    "denoise",
    "scores",
    "detector_scores",
    "diagnosis",
    "error_map",
    "similar",
    "history",
    "frames",
)
"""The names of the queries, which the messages of the page give as "view"."""
SLOW_QUERIES = frozenset({"diagnosis"})
"""Those that may take many seconds; others need not wait for them."""

_IMAGES = {
    *("original", "rebuilt", "decoded", "way", "sample", "clean", "noisy", "denoised", "input", "output", "target"),
    "output_after",
}
"""Arrays that are sent as uint8 if rows are images."""


class Queries:
    """Answers queries of the views about runs; safe to use from several threads.

    Parameters
    ----------
    source_of : callable
        Returns the current source of a dataset by its id, or None, see `RunData`.
    """

    def __init__(self, source_of: Callable[[str], Source | None]) -> None:
        self._data = RunData(source_of)

    def forget(self, run: str) -> None:
        """Drop the cached values of a run that was removed."""
        self._data.forget(run)

    def rows(self, run: Run) -> Rows:
        """Return the rows of a run, with the classes that its dataset has now; SettingError if it has none."""
        return self._data.rows(run)

    def like(self, run: Run) -> np.ndarray | None:
        """Return encoded rows that define black and white, for images whose unit is not a pixel; else None."""
        return self._data.like(run, run.weights.get()[0])

    def answer(self, run: Run, view: str, given: dict[str, Any]) -> Answer:
        """Answer the query of a view.

        Raises
        ------
        NarrowsError
            An unknown query, a wrong parameter, or a run without rows or weights.
        """
        if view not in QUERIES:
            raise _wrong(f"There is no query {view!r}; the queries are {', '.join(QUERIES)}.")
        if found := self.prepared(run, view, given):
            return found
        params = QueryParams(view, given)
        if view == "frames":  # needs no model
            return _frames(run)
        from narrows.apps.viewer.view_payloads import PAYLOADS

        model, epoch = run.weights.get()
        found = PAYLOADS[view](self._data, run, model, params)
        is_image = model.schema_.image_shape is not None
        arrays = {
            name: to_uint8(array) if is_image and name in _IMAGES and array.dtype != np.uint8 else array
            for name, array in found.arrays.items()
        }
        return Answer(dict(found.about), arrays, epoch)

    def prepared(self, run: Run, view: str, given: dict[str, Any]) -> Answer | None:
        """Return the answer to a query that came with the run; None if there is none."""
        return None if run.prepared is None else run.prepared.answer(view, given)

    def decode(self, run: Run, z: np.ndarray) -> tuple[np.ndarray, int]:
        """Decode one code (k,): the row as `page_values` gives it, without its first axis, and the epoch."""
        if run.prepared is not None and not run.weights.in_memory and z.shape == (run.about["n_components"],):
            return run.prepared.decode(z), run.weights.epoch
        from narrows.estimators.inference import map_floats

        model, epoch = run.weights.get()
        if z.shape != (model.n_components_,):
            raise _wrong(f"A code of this run is {model.n_components_} numbers, got {z.size}.")
        decoded = map_floats(z[None], model.network_.decode, model.device_)
        return page_values(model, decoded, like=self._data.like(run, model))[0], epoch


def _frames(run: Run) -> Answer:
    if run.positions is None or run.original is None or not (kept := run.frames.kept):
        raise _wrong("There is no epoch to look back at yet.")
    epochs = [epoch for epoch, _ in kept]
    by_number = {record["number"]: record for record in run.history}
    losses = {
        name: np.array([by_number.get(epoch, {}).get(name) or np.nan for epoch in epochs], np.float32)
        for name in ("loss", "validation")
    }
    arrays = {
        "positions": run.positions,
        "original": run.original,
        "rebuilt": np.stack([frame for _, frame in kept]),
        "epoch": np.array(epochs),
        **losses,
    }
    return Answer({"epochs": epochs}, arrays, epochs[-1])


def _wrong(sentence: str) -> Exception:
    from narrows.errors import SettingError

    return SettingError(sentence)
