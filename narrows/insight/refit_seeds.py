"""The same fit from other seeds: how much of a result is luck."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.data import as_rows
from narrows.errors import SettingError
from narrows.insight.refits import fresh_copy
from narrows.insight.splits import Parts
from narrows.insight.summary import squared_error

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder

_MAX_MEASURED = 10_000


def seed_errors(model: Autoencoder, X: Any, n_seeds: int, *, random_state: int = 0) -> Iterator[float]:
    """Fit `model`'s settings again with other seeds; yields each copy's squared error per row as it is known.

    All copies train on the same rows and are measured on the same held-out ones: those of the model's own fit where X
    is what it was fitted on, else a half each of X.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    X : like that of `fit`, or Rows
    n_seeds : int
        At least 2.
    random_state : int, default=0
        Where the seeds are drawn from.

    Raises
    ------
    SettingError
        Fewer than two seeds.
    """
    if n_seeds < 2:
        raise SettingError(f"A spread over seeds needs at least 2 of them, got {n_seeds!r}.")
    rows = as_rows(X, image_shape=model.image_shape)
    model._check_fitted()
    parts = Parts.of(model, rows, seed=random_state)
    training, held = rows.take(parts.known), rows.take(parts.measured)
    floats = model.schema_.encode(held.take(slice(_MAX_MEASURED)), who=type(model).__name__)
    fitted = type(model)(**model._fitted_params)  # parameters that were set since belong to the next fit
    for seed in np.random.SeedSequence(random_state).generate_state(n_seeds):
        copy = fresh_copy(fitted, random_state=int(seed))
        for _ in copy.fit_epochs(training, validation_data=held, schema=model.schema_):
            pass
        if copy.interrupted_:  # half a training is no result
            raise KeyboardInterrupt
        yield float(squared_error(copy, floats).mean())
