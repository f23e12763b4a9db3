"""Answers of a fitted autoencoder about encoded rows, which may come from several callers.

Rows are checked and encoded one caller after another, and pass through the network together.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from torch import Tensor

from narrows.data import Rows
from narrows.estimators.fitted_autoencoder import FittedAutoencoder, row_losses
from narrows.estimators.inference import map_floats
from narrows.estimators.likelihood_bounds import elbo
from narrows.estimators.parameters import parameter_checks
from narrows.model import GaussianCode

SIZES = (64, 128, 192, 256)
MOST_TOGETHER = SIZES[-1]
"""Rows of one batch where `answers_alone` has found that the other rows change no bit."""
_ELBO_PAIRS = 8  # as in `VariationalAutoencoder.elbo`


def encode_checked(model: FittedAutoencoder, rows: Rows, *, within_density: bool) -> np.ndarray:
    """Return the floats (n, n_floats) of rows in the form of the fit; raise as `reconstruction_error` does.

    There are no warnings of columns in other units.
    """
    floats = model.state_.encode(rows, units=False)  # a service shows no warnings
    if within_density:
        parameter_checks.within_density(model.network_.likelihood, floats, rows, 0)
    return floats


def has_elbo(model: FittedAutoencoder) -> bool:
    """Return whether rows have an ELBO under the model."""
    network = model.network_
    return hasattr(model, "elbo") and network.likelihood.is_density and isinstance(network.code, GaussianCode)


def scores_of_floats(model: FittedAutoencoder, floats: np.ndarray) -> dict[str, np.ndarray]:
    """Return the reconstruction errors (n,) of encoded rows, and the ELBO where there is one."""
    found = {"reconstruction_error": map_floats(floats, row_losses(model.network_), model.device_)}
    if has_elbo(model):
        found["elbo"] = map_floats(floats, partial(elbo, model.network_, n_pairs=_ELBO_PAIRS), model.device_)
    return found


def codes_of_floats(model: FittedAutoencoder, floats: np.ndarray) -> np.ndarray:
    """Return the codes (n, n_components) of encoded rows."""
    return map_floats(floats, model.network_.codes, model.device_)


def reconstructions_of_floats(model: FittedAutoencoder, floats: np.ndarray) -> np.ndarray:
    """Return the reconstructions (n, n_floats) of encoded rows, encoded."""
    return map_floats(floats, model.network_.reconstruct, model.device_)


def answers_alone(model: FittedAutoencoder) -> bool:
    """Return whether rows have the same answers to the bit alone and among up to `MOST_TOGETHER` others.

    Products of matrices are rounded by their sizes. `inference` pads them so that sizes do not matter on most
    processors; this measures it on the one at hand.
    """
    floats = np.random.default_rng(0).standard_normal((MOST_TOGETHER, model.schema_.n_floats)).astype(np.float32)
    network = model.network_
    answers: list[Callable[[Tensor], Tensor]] = [network.codes, network.reconstruct, row_losses(network)]
    if has_elbo(model):
        answers.append(partial(elbo, network, n_pairs=_ELBO_PAIRS))
    for answer in answers:
        alone = map_floats(floats[-1:], answer, model.device_)
        for size in SIZES:
            if not np.array_equal(map_floats(floats[-size:], answer, model.device_)[-1:], alone, equal_nan=True):
                return False
    return True
