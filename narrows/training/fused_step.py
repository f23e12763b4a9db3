"""The fast training step of mirror MLPs: forward and backward written out, without autograd, into kept buffers.

A step of a small network is nearly all overhead: autograd's graph costs several times what the products cost. Here
each half of the network is a chain of `_Dense` layers that write gradients straight into the flat vector, and the
large products run in bfloat16 where that pays. In float32 the gradients are autograd's to the bit (with several
penalties of one code, up to the order in which their gradients are added).

The code between the halves (a drawn code, penalties of the code) is small and left to autograd, as is the
gradient of a likelihood that has none written out. Whatever does not fit here, `AutogradStep` trains.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from narrows.model import MLP, AutoencoderNetwork, ForwardPass, Linear, Means, Objective, PointCode
from narrows.training.flat_parameters import FlatParameters
from narrows.training.precision import product_dtype

_aten = torch.ops.aten

# f(u) into a buffer.
_FORWARD: dict[str, Callable[..., object]] = {
    "relu": _aten.relu.out,
    "gelu": _aten.gelu.out,
    "silu": _aten.silu.out,
    "elu": _aten.elu.out,
    "tanh": _aten.tanh.out,
    "sigmoid": _aten.sigmoid.out,
}
# g f'(u) in the place of g, from u before and y = f(u) behind the activation.
_BACKWARD: dict[str, Callable[[Tensor, Tensor, Tensor], object]] = {
    "relu": lambda g, u, y: _aten.threshold_backward.grad_input(g, y, 0, grad_input=g),
    "gelu": lambda g, u, y: _aten.gelu_backward.grad_input(g, u, grad_input=g),
    "silu": lambda g, u, y: _aten.silu_backward.grad_input(g, u, grad_input=g),
    "elu": lambda g, u, y: _aten.elu_backward.grad_input(g, 1, 1, 1, False, u, grad_input=g),
    "tanh": lambda g, u, y: _aten.tanh_backward.grad_input(g, y, grad_input=g),
    "sigmoid": lambda g, u, y: _aten.sigmoid_backward.grad_input(g, y, grad_input=g),
}
# Activations whose derivative is a function of y alone, so that y may overwrite u.
_IN_PLACE = {"relu", "tanh", "sigmoid"}


def can_fuse(network: AutoencoderNetwork, objective: Objective) -> bool:
    """Return whether `FusedStep` can train this network: untied MLP halves on a CPU, penalties of the code alone."""
    halves = (network.encoder, network.decoder)
    return (
        type(objective) is Objective
        and next(network.parameters()).device.type == "cpu"
        and not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())
        and all(type(half) is MLP and all(type(layer) is Linear for layer in half.layers) for half in halves)
        and all(parameter.requires_grad for parameter in network.parameters())
        and not any(penalty.through_network for penalty in objective.penalties)
    )


class FusedStep:
    """Loss and gradient of one batch.

    Parameters
    ----------
    network, objective
        Such that `can_fuse`.
    flat : FlatParameters
        Of the network; attached while a step is taken. Gradients are left in it.
    precision : str
        See `product_dtype`.
    max_rows : int
        The most rows of one call.
    batch_rows : int or None, default=None
        The most rows of a batch, of which a call may take a piece: they decide on the type of products. None:
        `max_rows`.
    """

    def __init__(
        self,
        network: AutoencoderNetwork,
        objective: Objective,
        flat: FlatParameters,
        precision: str,
        max_rows: int,
        batch_rows: int | None = None,
    ) -> None:
        sizes = max_rows, batch_rows or max_rows
        self._network, self._objective = network, objective
        assert isinstance(network.encoder, MLP)
        assert isinstance(network.decoder, MLP)
        self._encoder = _Half(network.encoder, flat, precision, sizes, is_first=True)
        self._decoder = _Half(network.decoder, flat, precision, sizes, is_first=False)
        self._likelihood_gradients = [flat.view(p)[1] for p in network.likelihood.parameters()]
        self._plain_code = type(network.code) is PointCode and not objective.penalties
        self.dtypes = [*self._encoder.dtypes, *self._decoder.dtypes]
        self._scratch = torch.empty(2, max_rows, network.n_floats)
        self._shares: dict[int, Tensor] = {}

    def __call__(
        self,
        x: Tensor,
        noise: torch.Generator,
        *,
        progress: float,
        weight: Tensor | None,
        pairs: Tensor | None = None,
        means: Means | None = None,
    ) -> dict[str, Tensor]:
        """Leave the gradient of the objective per feature in the flat vector; returns the terms, means over rows."""
        network = self._network
        for gradient in self._likelihood_gradients:
            gradient.zero_()
        x, x_tilde = self._objective.draw(x, noise)
        h = self._encoder.forward(x_tilde)
        if self._plain_code:
            loss, gradient = self._reconstruction(h, x, weight)
            self._encoder.backward(gradient)
            return {"reconstruction": loss}
        with torch.enable_grad():
            h = h.detach().requires_grad_()
            z = network.code.draw(h, noise)
            forward = ForwardPass(network, x, x_tilde, h, z, noise, progress, True, weight, pairs, means)
            penalties = {p.name: mean_over_batch(p(forward), weight) for p in self._objective.penalties}
            cost = sum(penalties.values(), torch.zeros(())) / network.n_floats
        loss, gradient = self._reconstruction(z.detach(), x, weight)
        if penalties:
            torch.autograd.backward([z, cost], [gradient, None])
        else:
            z.backward(gradient)
        assert h.grad is not None
        self._encoder.backward(h.grad)
        return {"reconstruction": loss} | {name: value.detach() for name, value in penalties.items()}

    def _reconstruction(self, z: Tensor, x: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return the mean reconstruction loss, and the gradient with respect to the codes (n, k)."""
        share = self._share(len(x))
        if weight is not None:
            share = share * weight
        output = self._decoder.forward(z)
        scratch = (self._scratch[0, : len(x)], self._scratch[1, : len(x)])
        losses, gradient = self._network.likelihood.loss_and_gradient(output, x, share, scratch)
        gradient = self._decoder.backward(gradient)
        assert gradient is not None
        return mean_over_batch(losses, weight), gradient

    def _share(self, n: int) -> Tensor:
        """Return the weight of each row's loss in the mean over rows, per feature (n,)."""
        if n not in self._shares:
            self._shares[n] = (torch.ones(()) / self._network.n_floats / n).expand(n)
        return self._shares[n]


class _Half:
    """An encoder or a decoder: a chain of dense layers.

    sizes : the most rows of one call, and those that decide on the type of products.
    """

    def __init__(
        self, mlp: MLP, flat: FlatParameters, precision: str, sizes: tuple[int, int], *, is_first: bool
    ) -> None:
        activations = [mlp.activation_name] * (len(mlp.layers) - 1) + [mlp.last_activation_name]
        self._layers = [
            _Dense(layer, activation, flat, precision, sizes, needs_input_gradient=not is_first or i > 0)
            for i, (layer, activation) in enumerate(zip(mlp.layers, activations, strict=True))
            if isinstance(layer, Linear)
        ]
        self._output = torch.empty(sizes[0], mlp.layers[-1].out_features)  # pyright: ignore[reportCallIssue, reportArgumentType]
        self.dtypes = [layer.dtype for layer in self._layers]

    @torch.inference_mode()
    def forward(self, x: Tensor) -> Tensor:
        """Return the output (n, out) for an input (n, in): float32, in memory that the next call writes again."""
        n = len(x)
        for layer in self._layers:
            x = layer.forward(x, n)
        return x if x.dtype is torch.float32 else self._output[:n].copy_(x)

    @torch.inference_mode()
    def backward(self, gradient: Tensor) -> Tensor | None:
        """Return the gradient of the input (n, in) from that of the output (n, out), which is overwritten."""
        n = len(gradient)
        result: Tensor | None = gradient
        for layer in reversed(self._layers):
            assert result is not None
            result = layer.backward(result, n)
        return result if result is None or result.dtype is torch.float32 else result.float()


class _Dense:
    """y = f(u), u = x Wᵀ + b, with its backward pass; products in `dtype`, weights and their gradients in float32."""

    def __init__(
        self,
        layer: Linear,
        activation: str,
        flat: FlatParameters,
        precision: str,
        sizes: tuple[int, int],
        *,
        needs_input_gradient: bool,
    ) -> None:
        inputs, outputs = layer.in_features, layer.out_features
        self._weight, self._weight_gradient = flat.view(layer.weight)
        self._bias, self._bias_gradient = flat.view(layer.bias)
        dtype = product_dtype(precision, self._weight.device, rows=sizes[1], inputs=inputs, outputs=outputs)
        self.dtype = dtype
        self._is_low = dtype is not torch.float32
        if self._is_low:
            self._low_weight, self._low_bias = self._weight.to(dtype), self._bias.to(dtype)
            self._low_weight_gradient = torch.empty_like(self._low_weight)
        weight = self._low_weight if self._is_low else self._weight
        self._product_weight, self._product_bias = weight, self._low_bias if self._is_low else self._bias
        self._transposed = weight.t()
        self._forward = _FORWARD.get(activation)
        self._backward = _BACKWARD.get(activation)

        def buffer(width: int) -> Tensor:
            return torch.empty(sizes[0], width, dtype=dtype)

        self._u = buffer(outputs)
        self._y = self._u if self._forward is None or activation in _IN_PLACE else buffer(outputs)
        self._gradient = buffer(inputs) if needs_input_gradient else None
        # Operands that come in another type are converted into these.
        self._x = buffer(inputs)
        self._g = buffer(outputs)
        self._slices: dict[int, tuple[Tensor, Tensor, Tensor | None]] = {}

    def forward(self, x: Tensor, n: int) -> Tensor:
        u, y, _ = self._buffers(n)
        if self._is_low:
            self._low_weight.copy_(self._weight)
            self._low_bias.copy_(self._bias)
        self._input = x = x if x.dtype is self.dtype else self._x[:n].copy_(x)
        torch.addmm(self._product_bias, x, self._transposed, out=u)
        if self._forward is not None:
            self._forward(u, out=y)
        return y

    def backward(self, gradient: Tensor, n: int) -> Tensor | None:
        u, y, result = self._buffers(n)
        g = gradient if gradient.dtype is self.dtype else self._g[:n].copy_(gradient)
        if self._backward is not None:
            self._backward(g, u, y)
        if self._is_low:
            self._weight_gradient.copy_(torch.mm(g.t(), self._input, out=self._low_weight_gradient))
            self._bias_gradient.copy_(torch.sum(g, 0))
        else:
            torch.mm(g.t(), self._input, out=self._weight_gradient)
            torch.sum(g, 0, out=self._bias_gradient)
        return None if result is None else torch.mm(g, self._product_weight, out=result)

    def _buffers(self, n: int) -> tuple[Tensor, Tensor, Tensor | None]:
        if n not in self._slices:
            gradient = self._gradient
            self._slices[n] = (self._u[:n], self._y[:n], None if gradient is None else gradient[:n])
        return self._slices[n]


def mean_over_batch(value: Tensor, weight: Tensor | None) -> Tensor:
    """Return the mean over rows of a term per row (n,), weights having mean 1; a scalar term already is one."""
    if value.ndim == 0:
        return value
    return value.mean() if weight is None else (value * weight).mean()
