"""Greedy pre-training: a stack of RBMs, one for each layer of the encoder, unrolled into both halves.

Hinton & Salakhutdinov 2006, with the settings of the code that they released.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from narrows.errors import DivergedError, SettingError
from narrows.model import MLP, AutoencoderNetwork, GaussianCode, Linear, MixedError
from narrows.training.history import LayerEpoch
from narrows.training.precision import product_dtype
from narrows.training.rbm import RBM, Gradient, Units
from narrows.training.settings import count
from narrows.training.threads import limited_threads, most_threads

PRETRAINERS = (None, "rbm")

_CHUNK = 8192


@dataclass(frozen=True)
class ContrastiveDivergence:
    """Settings for training an RBM; the defaults are those of the 2006 paper.

    Parameters
    ----------
    epochs : int
        Passes over the rows.
    learning_rate : float
        Of weights and biases, on the statistics of a batch averaged over its rows.
    gaussian_learning_rate : float
        The same where one layer is gaussian: its means have no bound.
    weight_decay : float
        The paper's weight cost: an L2 term on the weights.
    first_momentum, momentum : float
        In the first five epochs, and later.
    batch_size : int
        Rows per step.
    k : int
        Steps of the Gibbs chain.
    precision : {"auto", "float32", "bfloat16"}
        Of large matrix products, see `narrows.training.precision`.
    """

    epochs: int = 50
    learning_rate: float = 0.1
    gaussian_learning_rate: float = 0.001
    weight_decay: float = 2e-4
    first_momentum: float = 0.5
    momentum: float = 0.9
    batch_size: int = 100
    k: int = 1
    precision: str = "auto"

    def momentum_of(self, number: int) -> float:
        """Return the momentum of epoch `number`, counting from 1."""
        return self.first_momentum if number <= 5 else self.momentum

    def rate(self, rbm: RBM) -> float:
        """Return the learning rate for the units of this RBM."""
        return self.gaussian_learning_rate if "gaussian" in (rbm.visible, rbm.hidden) else self.learning_rate


def train_rbm(
    rbm: RBM,
    x: Tensor,
    how: ContrastiveDivergence,
    *,
    generator: torch.Generator,
    weight: Tensor | None = None,
    layer: tuple[int, int] = (1, 1),
) -> Iterator[LayerEpoch]:
    """Train `rbm` in place on rows x (n, n_visible), yielding a record after every epoch.

    Parameters
    ----------
    generator : torch.Generator
        Of the order and the units' draws, on the device of x.
    weight : Tensor of shape (n,) or None
        Of the rows, with mean 1.
    layer : (int, int)
        Which of how many, for the record.

    Raises DivergedError where a weight is no longer finite.
    """
    n_hidden, n_visible = rbm.weight.shape
    batch = min(how.batch_size, len(x))
    dtype = product_dtype(how.precision, x.device, rows=batch, inputs=n_visible, outputs=n_hidden)
    velocity = [torch.zeros_like(p) for p in _parameters(rbm)]
    n_threads = most_threads(10 * batch * n_hidden * n_visible)
    for number in range(1, how.epochs + 1):
        start = time.perf_counter()
        total = x.new_zeros(())
        with torch.inference_mode(), limited_threads(n_threads):
            for rows in torch.randperm(len(x), generator=generator, device=x.device).split(how.batch_size):
                shares = None if weight is None else weight[rows]
                low = replace(rbm, weight=rbm.weight.to(dtype))
                gradient = low.contrast(x[rows], generator, k=how.k, row_weight=shares)
                _step(rbm, velocity, gradient, how, number)
                total += gradient.error * len(rows)
        error, seconds = float(total) / len(x), time.perf_counter() - start
        if not math.isfinite(error):
            raise DivergedError(
                f"Pre-training diverged in epoch {number} of layer {layer[0]}, whose input is as large as "
                f'{float(x.abs().max()):.3g}; set scale="standard", or pretrain=None.'
            )
        yield LayerEpoch(
            layer=layer[0],
            n_layers=layer[1],
            n_visible=n_visible,
            n_hidden=n_hidden,
            number=number,
            n_epochs=how.epochs,
            error=error,
            rows_per_second=len(x) / seconds,
            seconds=seconds,
        )


def _step(rbm: RBM, velocity: list[Tensor], gradient: Gradient, how: ContrastiveDivergence, number: int) -> None:
    rate, momentum = how.rate(rbm), how.momentum_of(number)
    for speed, direction in zip(velocity, gradient[:3], strict=True):
        speed.mul_(momentum).add_(direction, alpha=rate)
    velocity[0].sub_(rbm.weight, alpha=rate * how.weight_decay)
    for parameter, speed in zip(_parameters(rbm), velocity, strict=True):
        parameter.add_(speed)


def _parameters(rbm: RBM) -> tuple[Tensor, Tensor, Tensor]:
    return rbm.weight, rbm.visible_bias, rbm.hidden_bias


def check_pretrainable(network: AutoencoderNetwork) -> None:
    """Raise SettingError where no stack of RBMs unrolls into `network`."""
    start = 'pretrain="rbm" needs'
    encoder, decoder = network.encoder, network.decoder
    if not isinstance(encoder, MLP) or not isinstance(decoder, MLP):
        raise SettingError(f'{start} dense layers of narrows\' own: set network="mlp" and give no encoder or decoder.')
    if isinstance(network.likelihood, MixedError):
        raise SettingError(
            f"{start} columns of one kind, and these have several; leave the text, dates and gaps out, or set "
            "pretrain=None."
        )
    if len(encoder.layers) > 1 and encoder.activation_name != "sigmoid":
        raise SettingError(
            f'{start} activation="sigmoid", the units of a Boltzmann machine, not {encoder.activation_name!r}.'
        )
    if encoder.last_activation_name not in ("linear", "sigmoid"):
        raise SettingError(f'{start} code_activation="linear" or "sigmoid", not {encoder.last_activation_name!r}.')
    if len(encoder.layers) == 1 and not network.likelihood.bounded and encoder.last_activation_name == "linear":
        raise SettingError(f"{start} a hidden layer, or values from 0 to 1, for gaussian units on both sides diverge.")


def pretrain(
    network: AutoencoderNetwork,
    x: Tensor,
    how: ContrastiveDivergence,
    *,
    generator: torch.Generator,
    weight: Tensor | None = None,
) -> Iterator[LayerEpoch]:
    """Train one RBM for each layer of the encoder, from the input to the code, and unroll each as soon as it is done.

    An RBM learns from the hidden probabilities of the one before. Its weights become the encoder layer's, and
    transposed those of its mirror in the decoder. The input's units are binary where the output is bounded, else
    gaussian; those of a linear code are gaussian. Of a gaussian code this is the mean; the log-variance is 0, the
    variance of a gaussian unit.

    Parameters
    ----------
    network : AutoencoderNetwork
        Such that `check_pretrainable`; its weights are written.
    x, weight : Tensor of shape (n, n_floats), (n,) or None
        Encoded rows on the network's device, and their weights with mean 1.
    generator : torch.Generator
        On that device.

    Raises DivergedError.
    """
    check_pretrainable(network)
    assert isinstance(network.encoder, MLP)
    assert isinstance(network.decoder, MLP)
    layers, mirrors = network.encoder.linears, network.decoder.layers[::-1]
    for i, (layer, mirror) in enumerate(zip(layers, mirrors, strict=True)):
        is_code = i == len(layers) - 1
        rbm = RBM.drawn(
            layer.in_features,
            network.n_components if is_code else layer.out_features,
            visible=_units(i > 0 or network.likelihood.bounded),
            hidden=_units(not is_code or network.encoder.last_activation_name == "sigmoid"),
            generator=generator,
        )
        yield from train_rbm(rbm, x, how, generator=generator, weight=weight, layer=(i + 1, len(layers)))
        _unroll(rbm, layer, mirror)
        if isinstance(network.code, GaussianCode) and is_code:
            with torch.no_grad():
                layer.weight[len(rbm.weight) :] = 0
        if not is_code:
            with torch.inference_mode():
                x = torch.cat([rbm.hidden_mean(part) for part in x.split(_CHUNK)])


def _units(binary: bool) -> Units:
    return "binary" if binary else "gaussian"


@torch.no_grad()
def _unroll(rbm: RBM, layer: Linear, mirror: torch.nn.Module) -> None:
    """Write the weights of an RBM into an encoder layer and its mirror, which may use the encoder's own."""
    n_hidden = len(rbm.weight)
    layer.weight[:n_hidden] = rbm.weight
    layer.bias[:n_hidden] = rbm.hidden_bias
    if isinstance(mirror, Linear):
        mirror.weight.copy_(rbm.weight.t())
    mirror.bias.copy_(rbm.visible_bias)  # pyright: ignore[reportCallIssue]


def pretraining_settings(pretrain: object, epochs: object, precision: str) -> ContrastiveDivergence | None:
    """Return the settings for an estimator's `pretrain`, `pretrain_epochs` and `precision`; None for no pre-training.

    Raises SettingError.
    """
    if pretrain is None:
        return None
    if pretrain not in PRETRAINERS:
        raise SettingError(f'pretrain={pretrain!r} is not known; choose None or "rbm".')
    return ContrastiveDivergence(epochs=count("pretrain_epochs", epochs), precision=precision)
