"""Bounds on the log-likelihood of rows under a network with a gaussian code.

The draws from the posterior depend on the values of the row alone, so a row has the same bound in every batch.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from narrows.estimators.row_noise import RowNoise
from narrows.model import AutoencoderNetwork, GaussianCode, kl_to_standard_normal, log_normal

_ELBO_STREAM, _LIKELIHOOD_STREAM = 1, 2


def elbo(network: AutoencoderNetwork, x: Tensor, *, n_pairs: int) -> Tensor:
    """Return the evidence lower bound of encoded rows x (n, d) in nats (n,), from antithetic pairs of draws."""
    mean, log_variance = _posterior(network, x)
    spread, noise = torch.exp(0.5 * log_variance), RowNoise(x, network.n_components, stream=_ELBO_STREAM)
    log_p = torch.zeros(len(x), device=x.device)
    for i in range(n_pairs):
        step = spread * noise.draw(i)
        log_p += _log_p(network, x, mean + step) + _log_p(network, x, mean - step)
    return log_p / (2 * n_pairs) - kl_to_standard_normal(mean, log_variance).sum(dim=1)


def importance_weighted_bound(network: AutoencoderNetwork, x: Tensor, *, k: int) -> Tensor:
    """Return the importance-weighted bound on log p(x) of encoded rows (n, d) in nats (n,), from k draws."""
    mean, log_variance = _posterior(network, x)
    spread, noise = torch.exp(0.5 * log_variance), RowNoise(x, network.n_components, stream=_LIKELIHOOD_STREAM)
    total = torch.full((len(x),), -math.inf, device=x.device)
    for i in range(k):
        z = mean + spread * noise.draw(i)
        log_ratio = log_normal(z, 0.0, 0.0).sum(dim=1) - log_normal(z, mean, log_variance).sum(dim=1)
        total = torch.logaddexp(total, _log_p(network, x, z) + log_ratio)
    return total - math.log(k)


def _posterior(network: AutoencoderNetwork, x: Tensor) -> tuple[Tensor, Tensor]:
    code = network.code
    assert isinstance(code, GaussianCode)
    return code.mean_and_log_variance(network.encode(x))


def _log_p(network: AutoencoderNetwork, x: Tensor, z: Tensor) -> Tensor:
    return -network.likelihood.loss(network.output(z), x).sum(dim=1)
