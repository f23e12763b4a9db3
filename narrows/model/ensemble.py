"""Several small variational autoencoders at once: the members are the leading dimension of every weight."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from narrows.model.code import bound_log_variance

_HIDDEN_GAIN, _CODE_GAIN, _OUTPUT_GAIN = 1.4, 0.3, 0.1


class VAEEnsemble(nn.Module):
    """E variational autoencoders of one shape with a gaussian code of k units; their products run as one batch.

    Parameters
    ----------
    n_members, n_floats, n_components : int
        E, d and k.
    hidden_layer_sizes : sequence of int
        From the input to the code; mirrored on the way out. SiLU behind each.
    generator : torch.Generator or None
        Draws the initial weights; None leaves them unset, to be loaded.
    """

    def __init__(
        self,
        n_members: int,
        n_floats: int,
        hidden_layer_sizes: Sequence[int],
        n_components: int,
        generator: torch.Generator | None,
    ) -> None:
        super().__init__()
        self.n_members, self.n_floats, self.n_components = n_members, n_floats, n_components
        self.hidden_layer_sizes = tuple(hidden_layer_sizes)
        there = (n_floats, *hidden_layer_sizes, 2 * n_components)
        back = (n_components, *reversed(hidden_layer_sizes), n_floats)
        self.encoder = _weights(n_members, there, _CODE_GAIN, generator)
        self.decoder = _weights(n_members, back, _OUTPUT_GAIN, generator)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the means and log-variances (E, n, k) of the codes of rows (E, n, d)."""
        mean, raw = _passed(self.encoder, x).chunk(2, dim=2)
        return mean, bound_log_variance(raw)

    def decode(self, z: Tensor) -> Tensor:
        """Return the reconstructions (E, n, d) of codes (E, n, k)."""
        return _passed(self.decoder, z)

    def reconstruct(self, x: Tensor) -> Tensor:
        """Return every member's reconstruction (E, n, d) of rows (n, d) from its mean code."""
        mean, _ = self.encode(x.expand(self.n_members, *x.shape))
        return self.decode(mean)


def _weights(
    n_members: int, widths: Sequence[int], last_gain: float, generator: torch.Generator | None
) -> nn.ParameterList:
    parameters = []
    for i, (inputs, outputs) in enumerate(pairwise(widths)):
        weight, bias = torch.empty(n_members, inputs, outputs), torch.zeros(n_members, 1, outputs)
        if generator is not None:
            gain = last_gain if i == len(widths) - 2 else _HIDDEN_GAIN
            weight.normal_(0, gain / inputs**0.5, generator=generator)
        parameters += [nn.Parameter(weight), nn.Parameter(bias)]
    return nn.ParameterList(parameters)


def _passed(weights: nn.ParameterList, h: Tensor) -> Tensor:
    n_layers = len(weights) // 2
    for i in range(n_layers):
        h = torch.baddbmm(weights[2 * i + 1], h, weights[2 * i])
        if i < n_layers - 1:
            h = functional.silu(h)
    return h
