"""Refits of a model: unfitted copies, and the spread of the errors over random seeds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from sklearn.base import clone

from narrows.data import as_rows
from narrows.errors import SettingError
from narrows.estimators.fitting.parallel import in_parallel
from narrows.insight.measure import squared_error
from narrows.insight.splits import EvaluationSplit

if TYPE_CHECKING:
    from narrows.data import Rows, Schema
    from narrows.estimators import Autoencoder

_MAX_MEASURED = 10_000


def check_autoencoder(model: object) -> None:
    """Raise SettingError unless `model` is an autoencoder, fitted or not."""
    from narrows.estimators import Autoencoder

    if not isinstance(model, Autoencoder):
        raise SettingError(f"A narrows autoencoder is needed here, got {type(model).__name__}.")


def fresh_copy(model: Autoencoder, **settings: Any) -> Autoencoder:
    """Return an unfitted copy with some other `settings`.

    Fit all copies with one schema, so that their errors have the same unit.
    """
    copy = cast("Autoencoder", clone(model))
    copy.set_params(warm_start=False, verbose=0, **settings)
    return copy


def seed_errors(model: Autoencoder, X: Any, n_seeds: int, *, random_state: int = 0) -> Iterator[float]:
    """Refit with other seeds; yields the squared error per row of each refit.

    All refits train on the same rows and are measured on the same held-out ones: those of the model's fit if X holds
    the rows of that fit, else one half of X each. Where a backend of joblib is set, several run at once.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    X : like that of `fit`, or Rows
    n_seeds : int
        At least 2.
    random_state : int, default=0
        Seed from which the seeds of the refits are drawn.

    Raises
    ------
    SettingError
        Fewer than two seeds.
    """
    if n_seeds < 2:
        raise SettingError(f"A spread over seeds needs at least 2 seeds, got {n_seeds!r}.")
    rows = as_rows(X, image_shape=model.image_shape)
    model.check_is_fitted()
    split = EvaluationSplit.of(model, rows, seed=random_state)
    training, held = rows.take(split.known), rows.take(split.measured)
    floats = model.schema_.encode(held.take(slice(_MAX_MEASURED)), who=type(model).__name__)
    fitted = type(model)(**model.fitted_params_)  # parameters set after the fit do not count
    seeds = np.random.SeedSequence(random_state).generate_state(n_seeds)
    copies = [fresh_copy(fitted, random_state=int(seed)) for seed in seeds]
    yield from in_parallel([partial(_error_of, copy, training, held, model.schema_, floats) for copy in copies])


def _error_of(copy: Autoencoder, training: Rows, held: Rows, schema: Schema, floats: np.ndarray) -> float:
    """Fit a copy, and return its squared error per row of `floats`."""
    for _ in copy.fit_epochs(training, validation_data=held, schema=schema):
        pass
    if copy.interrupted_:  # an interrupted training is no result
        raise KeyboardInterrupt
    return float(squared_error(copy, floats).mean())
