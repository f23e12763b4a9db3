"""The variational autoencoder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from narrows.data import Rows, to_container
from narrows.errors import SettingError
from narrows.estimators.autoencoder import Autoencoder
from narrows.estimators.generation.drawing import Codes, draw_rows, fit_sampler
from narrows.estimators.inference import map_rows
from narrows.estimators.likelihood_bounds import elbo, importance_weighted_bound
from narrows.estimators.parameters import parameter_checks
from narrows.estimators.state import FitRows, FittedState
from narrows.model import AutoencoderNetwork, Code, GaussianCode


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

    def sample(
        self,
        n_samples: int = 1,
        *,
        given: Any = None,
        codes: Codes = "posterior",
        gaps: bool = True,
        random_state: Any = None,
    ) -> Any:
        """Return new rows: codes are drawn from a density, and rows from the likelihood of each code.

        Levels are drawn by their probabilities and numbers with their noise; pixels of images are the means. Numbers
        of a table are then brought to the distribution of their column in the training rows (quantile matching), so
        that they have its grid, decimals, range and spread; the dependence between columns is the model's.

        Parameters
        ----------
        n_samples : int, default=1
        given : mapping, label or None, default=None
            Column name -> the value that all rows have in this column. A key "label", or a label alone, chooses a
            class: one of the `y` of the fit, or of the labels that came with its rows. Codes are then drawn from the
            conditional distribution, by importance resampling (Rubin 1987).
        codes : {"posterior", "prior"}, default="posterior"
            "posterior" is a mixture of normal densities fitted to codes of training rows, that is to the aggregate
            posterior. "prior" is the standard normal, without the matching of quantiles: the model as it is written.
        gaps : bool, default=True
            Whether values may be missing in columns where training rows have missing values, and as often.
        random_state : int, RandomState or None, default=None
            None gives other rows in every call.

        Returns
        -------
        Rows in the container, units, dtypes and image shape of the fit.

        Raises
        ------
        SettingError
            `given` has an unknown column, level or label, or rows with its values are too rare in the model.

        Notes
        -----
        Models that a version without these densities saved draw codes from the prior, and numbers of tables without
        other columns are means.
        """
        rows = self.sample_rows(n_samples, given=given, codes=codes, gaps=gaps, random_state=random_state)
        return to_container(rows)

    def sample_rows(
        self,
        n_samples: int = 1,
        *,
        given: Any = None,
        codes: Codes = "posterior",
        gaps: bool = True,
        random_state: Any = None,
    ) -> Rows:
        """Return new rows as `Rows`; see `sample`."""
        self.check_is_fitted()
        if not isinstance(n_samples, (int, np.integer)) or not 1 <= n_samples < 2**31:
            raise SettingError(f"n_samples must be a whole number from 1 to 2**31, got {n_samples!r}.")
        seed = parameter_checks.seed(random_state)
        return draw_rows(self.state_, int(n_samples), given=given, codes=codes, gaps=gaps, seed=seed)

    def _completed(self, state: FittedState, fit_rows: FitRows) -> FittedState:
        rows = fit_rows.rows
        labels = rows.labels if fit_rows.y is None else np.asarray(fit_rows.y)
        weight = parameter_checks.sample_weight(fit_rows.sample_weight, len(rows))
        return replace(state, sampler=fit_sampler(state, rows, labels, weight))

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
