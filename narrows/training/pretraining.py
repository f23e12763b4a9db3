"""Greedy pre-training: a stack of RBMs, one for each layer of the encoder, unrolled into both halves.

Hinton & Salakhutdinov 2006, with the settings of the code that they released.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from narrows.errors import DivergedError, SettingError
from narrows.model import MLP, AutoencoderNetwork, GaussianCode, Linear, MixedError
from narrows.training.history import LayerEpoch
from narrows.training.precision import product_dtype
from narrows.training.rbm import RBM, Gradient, Units
from narrows.training.run_state import below, copies, overwrite
from narrows.training.settings import count
from narrows.training.threads import limited_threads, most_threads

PRETRAINERS = (None, "rbm")

_CHUNK = 8192
_NAMES = ("weight", "visible_bias", "hidden_bias")


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
    velocity: Sequence[Tensor] | None = None,
    n_done: int = 0,
) -> Iterator[LayerEpoch]:
    """Train `rbm` in place on rows x (n, n_visible), yielding a record after every epoch.

    Parameters
    ----------
    generator : torch.Generator
        Of the order and the units' draws, on the device of x.
    weight : Tensor of shape (n,) or None
        Of the rows, with mean 1.
    layer : (int, int)
        Number of the layer and number of layers, for the record.
    velocity : sequence of Tensor or None
        Momentum of weight, visible and hidden bias to go on with, changed in place; None: zero.
    n_done : int
        Epochs that are done already.

    Raises DivergedError where a weight is no longer finite.
    """
    n_hidden, n_visible = rbm.weight.shape
    batch = min(how.batch_size, len(x))
    dtype = product_dtype(how.precision, x.device, rows=batch, inputs=n_visible, outputs=n_hidden)
    velocity = _no_velocity(rbm) if velocity is None else velocity
    n_threads = most_threads(10 * batch * n_hidden * n_visible)
    for number in range(n_done + 1, how.epochs + 1):
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
                f"{float(x.abs().max()):.3g}",
                'set scale="standard", or pretrain=None',
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


def _step(rbm: RBM, velocity: Sequence[Tensor], gradient: Gradient, how: ContrastiveDivergence, number: int) -> None:
    rate, momentum = how.rate(rbm), how.momentum_of(number)
    for speed, direction in zip(velocity, gradient[:3], strict=True):
        speed.mul_(momentum).add_(direction, alpha=rate)
    velocity[0].sub_(rbm.weight, alpha=rate * how.weight_decay)
    for parameter, speed in zip(_parameters(rbm), velocity, strict=True):
        parameter.add_(speed)


def _no_velocity(rbm: RBM) -> list[Tensor]:
    return [torch.zeros_like(parameter) for parameter in _parameters(rbm)]


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
            f"{start} columns of one kind, and these have several; leave the text, dates and missing values out, or "
            "set pretrain=None."
        )
    if len(encoder.layers) > 1 and encoder.activation_name != "sigmoid":
        raise SettingError(
            f'{start} activation="sigmoid", the units of a Boltzmann machine, not {encoder.activation_name!r}.'
        )
    if encoder.last_activation_name not in ("linear", "sigmoid"):
        raise SettingError(f'{start} code_activation="linear" or "sigmoid", not {encoder.last_activation_name!r}.')
    if len(encoder.layers) == 1 and not network.likelihood.bounded and encoder.last_activation_name == "linear":
        raise SettingError(f"{start} a hidden layer, or values from 0 to 1, for gaussian units on both sides diverge.")


class Pretraining:
    """Train one RBM for each layer of the encoder, from the input to the code, and unroll each as soon as it is done.

    Iterating over it trains, and yields a record after every epoch.

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
    how : ContrastiveDivergence
    generator : torch.Generator
        On that device.

    Raises DivergedError.
    """

    def __init__(
        self,
        network: AutoencoderNetwork,
        x: Tensor,
        how: ContrastiveDivergence,
        *,
        generator: torch.Generator,
        weight: Tensor | None = None,
    ) -> None:
        check_pretrainable(network)
        self._network, self._x, self._how, self._generator, self._weight = network, x, how, generator, weight
        self._n_layers, self._n_epochs = 0, 0  # layers that are done, and epochs of the next one
        self._rbm: RBM | None = None
        self._velocity: list[Tensor] = []

    def __iter__(self) -> Iterator[LayerEpoch]:
        network, x = self._network, self._x
        assert isinstance(network.encoder, MLP)
        assert isinstance(network.decoder, MLP)
        layers, mirrors = network.encoder.linears, network.decoder.layers[::-1]
        for i, (layer, mirror) in enumerate(zip(layers, mirrors, strict=True)):
            if i < self._n_layers:
                rbm = self._rolled(i, layer)
            else:
                if self._rbm is None:
                    self._rbm = self._drawn(i, layer)
                    self._velocity = _no_velocity(self._rbm)
                yield from self._trained(self._rbm, x, (i + 1, len(layers)))
                rbm = self._rbm
                self._unroll(rbm, layer, mirror, is_code=i == len(layers) - 1)
                self._n_layers, self._n_epochs, self._rbm = i + 1, 0, None
            if i < len(layers) - 1:
                with torch.inference_mode():
                    x = torch.cat([rbm.hidden_mean(part) for part in x.split(_CHUNK)])

    def state(self) -> dict[str, Tensor]:
        """Return a copy of the state between two epochs."""
        tensors = {f"network.{name}": value for name, value in self._network.state_dict().items()}
        tensors |= {"n_layers": torch.tensor(self._n_layers), "n_epochs": torch.tensor(self._n_epochs)}
        if self._rbm is not None:
            for name, value, speed in zip(_NAMES, _parameters(self._rbm), self._velocity, strict=True):
                tensors |= {f"rbm.{name}": value, f"velocity.{name}": speed}
        return copies(tensors) | {"generator": self._generator.get_state()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on where `state` was taken; KeyError, ValueError or RuntimeError where it is that of another network."""
        assert isinstance(self._network.encoder, MLP)
        self._network.load_state_dict(below(state, "network."))
        self._n_layers, self._n_epochs = int(state["n_layers"]), int(state["n_epochs"])
        layers = self._network.encoder.linears
        if not (0 <= self._n_layers <= len(layers) and self._n_epochs >= 0):
            raise ValueError("there is no such layer")
        if "rbm.weight" in state:
            self._rbm = self._drawn(self._n_layers, layers[self._n_layers])
            self._velocity = _no_velocity(self._rbm)
            overwrite(dict(zip(_NAMES, _parameters(self._rbm), strict=True)), below(state, "rbm."))
            overwrite(dict(zip(_NAMES, self._velocity, strict=True)), below(state, "velocity."))
        if state["generator"].shape == self._generator.get_state().shape:  # else of another kind of device
            self._generator.set_state(state["generator"])

    def _trained(self, rbm: RBM, x: Tensor, layer: tuple[int, int]) -> Iterator[LayerEpoch]:
        for record in train_rbm(
            rbm,
            x,
            self._how,
            generator=self._generator,
            weight=self._weight,
            layer=layer,
            velocity=self._velocity,
            n_done=self._n_epochs,
        ):
            self._n_epochs = record.number
            yield record

    def _drawn(self, i: int, layer: Linear) -> RBM:
        """Return the RBM of layer `i` before its training."""
        n_hidden, visible, hidden = self._shape(i, layer)
        return RBM.drawn(layer.in_features, n_hidden, visible=visible, hidden=hidden, generator=self._generator)

    def _rolled(self, i: int, layer: Linear) -> RBM:
        """Return the RBM from which layer `i` was unrolled; its visible bias, which nothing needs, is 0."""
        n_hidden, visible, hidden = self._shape(i, layer)
        weight, bias = layer.weight.detach()[:n_hidden].clone(), layer.bias.detach()[:n_hidden].clone()
        return RBM(weight, weight.new_zeros(layer.in_features), bias, visible, hidden)

    def _shape(self, i: int, layer: Linear) -> tuple[int, Units, Units]:
        """Return the number of hidden units of the RBM of layer `i`, and the types of its units."""
        network = self._network
        assert isinstance(network.encoder, MLP)
        is_code = i == len(network.encoder.linears) - 1
        visible = _units(i > 0 or network.likelihood.bounded)
        hidden = _units(not is_code or network.encoder.last_activation_name == "sigmoid")
        return network.n_components if is_code else layer.out_features, visible, hidden

    @torch.no_grad()
    def _unroll(self, rbm: RBM, layer: Linear, mirror: torch.nn.Module, *, is_code: bool) -> None:
        """Write the weights of an RBM into an encoder layer and its mirror, which may use the encoder's own."""
        n_hidden = len(rbm.weight)
        layer.weight[:n_hidden] = rbm.weight
        layer.bias[:n_hidden] = rbm.hidden_bias
        if isinstance(mirror, Linear):
            mirror.weight.copy_(rbm.weight.t())
        mirror.bias.copy_(rbm.visible_bias)  # pyright: ignore[reportCallIssue]
        if isinstance(self._network.code, GaussianCode) and is_code:
            layer.weight[n_hidden:] = 0


def _units(binary: bool) -> Units:
    return "binary" if binary else "gaussian"


def pretraining_settings(pretrain: object, epochs: object, precision: str) -> ContrastiveDivergence | None:
    """Return the settings for an estimator's `pretrain`, `pretrain_epochs` and `precision`; None for no pre-training.

    Raises SettingError.
    """
    if pretrain is None:
        return None
    if pretrain not in PRETRAINERS:
        raise SettingError(f'pretrain={pretrain!r} is not known; choose None or "rbm".')
    return ContrastiveDivergence(epochs=count("pretrain_epochs", epochs), precision=precision)
