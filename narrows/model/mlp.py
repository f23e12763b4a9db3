"""The mirror MLP: the hidden layers of the encoder, and the same ones backwards in the decoder."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from narrows.model.activations import gain, make_activation
from narrows.model.layers import Linear, TiedLinear

# Small, so that a fresh network answers with the middle of the data: logits near 0, standard scores near 0.
OUTPUT_GAIN = 0.1


class MLP(nn.Module):
    """Linear layers with an activation between them and another behind the last: (n, in) -> (n, out)."""

    def __init__(self, layers: Sequence[Linear | TiedLinear], activation: str, last_activation: str):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.activation_name = activation
        self.last_activation_name = last_activation
        self.activation = make_activation(activation)
        self.last_activation = make_activation(last_activation, "code_activation")

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.last_activation(self.layers[-1](x))

    @property
    def linears(self) -> list[Linear]:
        """The layers, of an encoder."""
        return [layer for layer in self.layers if isinstance(layer, Linear)]

    def initialise(self, generator: torch.Generator, last_gain: float) -> None:
        """Draw every weight so that the scale of the signal survives the depth."""
        *hidden, last = self.layers
        for layer in hidden:
            layer.initialise(generator, gain(self.activation_name))  # pyright: ignore[reportCallIssue]
        last.initialise(generator, last_gain)  # pyright: ignore[reportCallIssue]


def mlp_encoder(
    n_floats: int, hidden_layer_sizes: Sequence[int], n_outputs: int, activation: str, code_activation: str
) -> MLP:
    """Return a network from rows x (n, n_floats) to code statistics (n, n_outputs)."""
    sizes = (n_floats, *hidden_layer_sizes, n_outputs)
    return MLP([Linear(n_in, n_out) for n_in, n_out in pairwise(sizes)], activation, code_activation)


def mlp_decoder(
    n_components: int,
    hidden_layer_sizes: Sequence[int],
    n_floats: int,
    activation: str,
    mirror: MLP | None = None,
) -> MLP:
    """Return a network from z (n, n_components) to raw output (n, n_floats); hidden layers mirror the encoder.

    mirror : the encoder whose weights are used, transposed (Vincent et al. 2010, section 2.2). Where it gives
    more than `n_components` floats, as for a gaussian code, only those of the mean are.
    """
    sizes = (n_components, *reversed(hidden_layer_sizes), n_floats)
    if mirror is None:
        return MLP([Linear(n_in, n_out) for n_in, n_out in pairwise(sizes)], activation, "linear")
    mirrored = zip(mirror.linears[::-1], sizes[:-1], strict=True)
    return MLP([TiedLinear(layer, n_in) for layer, n_in in mirrored], activation, "linear")
