"""The variational autoencoder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from narrows.data import Rows, to_container
from narrows.errors import SettingError
from narrows.estimators import parameter_checks
from narrows.estimators.autoencoder import Autoencoder
from narrows.estimators.inference import map_floats, map_rows
from narrows.estimators.likelihood_bounds import elbo, importance_weighted_bound
from narrows.model import AutoencoderNetwork, Code, GaussianCode, MixedDensity

_CHUNK = 8192


@dataclass(eq=False, repr=False, kw_only=True)
class VariationalAutoencoder(Autoencoder):
    """A generative autoencoder with a standard normal prior over codes (Kingma & Welling 2014).

    It maximises the evidence lower bound, E_q[log p(x|z)] - beta KL(q(z|x) || N(0, I)), in nats per row.

    Parameters
    ----------
    code : "gaussian" or GaussianCode, default="gaussian"
    beta, kl_warmup, free_bits
        Parameters of the KL term; see `Autoencoder`.
    loss : default="auto"
        The likelihood: "bce" (Bernoulli) for data in [0, 1], else "gaussian" with learned variances. A mixed table has
        one density for each kind of column.
    **others
        Parameters of `Autoencoder`.

    Examples
    --------
    >>> from narrows import VariationalAutoencoder, read
    >>> vae = VariationalAutoencoder(n_components=8, epochs=3, random_state=0).fit(read("digits"))
    >>> vae.sample(5).shape
    (5, 8, 8)
    """

    code: str | Code = "gaussian"

    variant: ClassVar[str] = "variational"

    def sample(self, n_samples: int = 1, *, gaps: bool = True, random_state: Any = None) -> Any:
        """Return new rows, decoded from codes drawn from the prior.

        They are the means of the likelihood given each code; for a mixed table they are drawn from its density.

        Parameters
        ----------
        n_samples : int, default=1
        gaps : bool, default=True
            Whether values may be missing in columns where training rows have missing values, and as often.
        random_state : int, RandomState or None, default=None
            None uses the model's own seed, so that the same call returns the same rows.

        Returns
        -------
        Rows in the container, units, dtypes and image shape of the fit.
        """
        return to_container(self.sample_rows(n_samples, gaps=gaps, random_state=random_state))

    def sample_rows(self, n_samples: int = 1, *, gaps: bool = True, random_state: Any = None) -> Rows:
        """Return new rows as `Rows`; see `sample`."""
        self.check_is_fitted()
        if not isinstance(n_samples, (int, np.integer)) or not 1 <= n_samples < 2**31:
            raise SettingError(f"n_samples must be a whole number from 1 to 2**31, got {n_samples!r}.")
        seed = self.seed_ if random_state is None else parameter_checks.seed(random_state)
        generator = torch.Generator().manual_seed(seed)
        z = torch.randn(int(n_samples), self.n_components_, generator=generator).numpy()
        likelihood = self.network_.likelihood
        if not isinstance(likelihood, MixedDensity):
            return self.schema_.decode_rows(map_floats(z, self.network_.decode, self.device_))
        output = torch.from_numpy(map_floats(z, self.network_.output, self.device_)).split(_CHUNK)
        with torch.inference_mode():
            drawn = [likelihood.draw(part.to(self.device_), generator).cpu().numpy() for part in output]
        return self.schema_.decode_rows(np.concatenate(drawn), with_missing=gaps)

    def elbo(self, X: Any, *, n_draws: int = 16) -> np.ndarray:
        """Return the evidence lower bound of each row in nats (beta = 1), shape (n,).

        The expectation over the posterior is a mean over `n_draws` codes in antithetic pairs; the KL term is
        exact. The draws depend on the values of the row alone, so a row has the same bound in every call.

        Raises
        ------
        SettingError
            If the loss is not a density ("mse", "mae", "huber").
        """
        if not isinstance(n_draws, (int, np.integer)) or n_draws < 1:
            raise SettingError(f"n_draws must be a whole number of at least 1, got {n_draws!r}.")
        return self._bound(X, partial(elbo, n_pairs=(int(n_draws) + 1) // 2))

    def log_likelihood(self, X: Any, k: int = 100) -> np.ndarray:
        """Return the importance-weighted bound on log p(x) in nats, shape (n,) (Burda et al. 2016, eq. 8).

        log 1/k Σ p(x|z_i) p(z_i) / q(z_i|x), with z_i drawn from the posterior. A larger `k` gives a tighter bound.
        The draws depend on the values of the row alone.

        Raises
        ------
        SettingError
            If the loss is not a density ("mse", "mae", "huber").
        """
        if not isinstance(k, (int, np.integer)) or k < 1:
            raise SettingError(f"k must be a whole number of at least 1, got {k!r}.")
        return self._bound(X, partial(importance_weighted_bound, k=int(k)))

    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean evidence lower bound in nats per row; higher is better.

        If the loss is not a density or the code is not gaussian, return the share of variance explained, as
        `Autoencoder.score` does.
        """
        self.check_is_fitted()
        if not self.network_.likelihood.is_density or not isinstance(self.network_.code, GaussianCode):
            return super().score(X)
        return float(self.elbo(X).mean(dtype=np.float64))

    def _bound(self, X: Any, bound: Callable[[AutoencoderNetwork, Tensor], Tensor]) -> np.ndarray:
        rows = self.rows_of(X)
        likelihood = self.network_.likelihood
        if not isinstance(self.network_.code, GaussianCode):
            raise SettingError("Rows have a likelihood only under a gaussian code; fit with code='gaussian'.")
        if not likelihood.is_density:
            raise SettingError(
                f"loss={self.loss_!r} is not a probability density, so rows have no likelihood; "
                "fit with loss='bce' or loss='gaussian'."
            )
        return map_rows(
            self.state_, rows, partial(bound, self.network_), check=partial(parameter_checks.within_density, likelihood)
        )
