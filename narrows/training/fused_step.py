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
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from narrows.model import MLP, AutoencoderNetwork, ForwardPass, Linear, Means, Objective, PointCode
from narrows.training.flat_parameters import FlatParameters
from narrows.training.precision import product_dtype

_aten = torch.ops.aten
_Call = Callable[[], object]


def _out_of_place(function: Callable[..., object]) -> Callable[[Tensor, Tensor], object]:
    return lambda u, y: function(u, out=y)


# f(u) into y, which is u itself for the activations of `_IN_PLACE`. For relu a call that writes in place takes a third
# of the time of one that has a separate output.
_FORWARD: dict[str, Callable[[Tensor, Tensor], object]] = {
    "relu": lambda u, y: torch.relu_(u),
    "gelu": _out_of_place(_aten.gelu.out),
    "silu": _out_of_place(_aten.silu.out),
    "elu": _out_of_place(_aten.elu.out),
    "tanh": lambda u, y: torch.tanh_(u),
    "sigmoid": lambda u, y: torch.sigmoid_(u),
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
        self._by_rows: dict[int, tuple[Tensor, tuple[Tensor, Tensor]]] = {}

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
        if self._plain_code:
            with torch.inference_mode():
                output = self._decoder.forward(self._encoder.forward(x_tilde))
            loss, gradient = self._loss(output, x, weight)
            with torch.inference_mode():
                of_code = self._decoder.backward(gradient)
                assert of_code is not None
                self._encoder.backward(of_code)
            return {"reconstruction": loss}
        with torch.inference_mode():
            h = self._encoder.forward(x_tilde)
        with torch.enable_grad():
            h = h.detach().requires_grad_()
            z = network.code.draw(h, noise)
            forward = ForwardPass(network, x, x_tilde, h, z, noise, progress, True, weight, pairs, means)
            terms = self._objective.penalty_terms(forward) if self._objective.penalties else {}
            penalties = {name: mean_over_batch(term, weight) for name, term in terms.items()}
            cost = sum(penalties.values(), torch.zeros(())) / network.n_floats
        with torch.inference_mode():
            output = self._decoder.forward(z.detach())
        loss, gradient = self._loss(output, x, weight)
        with torch.inference_mode():
            of_code = self._decoder.backward(gradient)
        if penalties:
            torch.autograd.backward([z, cost], [of_code, None])
        else:
            z.backward(of_code)
        assert h.grad is not None
        with torch.inference_mode():
            self._encoder.backward(h.grad)
        return {"reconstruction": loss} | {name: value.detach() for name, value in penalties.items()}

    def _loss(self, output: Tensor, x: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return the mean reconstruction loss, and its gradient with respect to the raw output (n, n_floats)."""
        share, scratch = self._by_rows.get(len(x)) or self._bind(len(x))
        if weight is not None:
            share = share * weight
        losses, gradient = self._network.likelihood.loss_and_gradient(output, x, share, scratch)
        return mean_over_batch(losses, weight), gradient

    def _bind(self, n: int) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the weight of each row's loss in the mean over rows, per feature (n,), and memory for n rows."""
        share = (torch.ones(()) / self._network.n_floats / n).expand(n)
        self._by_rows[n] = bound = share, (self._scratch[0, :n], self._scratch[1, :n])
        return bound


class _Half:
    """An encoder or a decoder: a chain of dense layers.

    The calls of a step are bound to their buffers once for each number of rows: in a small network, looking them up
    takes as long as a product.

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
        self._passes: dict[int, _Passes] = {}

    def forward(self, x: Tensor) -> Tensor:
        """Return the output (n, out) for an input (n, in): float32, in memory that the next call writes again.

        The input must not change until `backward` has run. Both need `torch.inference_mode`.
        """
        passes = self._passes.get(len(x)) or self._bind(len(x))
        passes.x.set_(x)  # pyright: ignore[reportCallIssue, reportArgumentType]
        for call in passes.forward:
            call()
        return passes.output

    def backward(self, gradient: Tensor) -> Tensor | None:
        """Return the gradient of the input (n, in) from that of the output (n, out), which is overwritten."""
        passes = self._passes[len(gradient)]
        passes.gradient.set_(gradient)  # pyright: ignore[reportCallIssue, reportArgumentType]
        for call in passes.backward:
            call()
        return passes.input_gradient

    def _bind(self, n: int) -> _Passes:
        """Return the calls for n rows, and keep them."""
        with torch.inference_mode(False):
            x, gradient = torch.empty(0), torch.empty(0)
        forward: list[_Call] = []
        backward: list[list[_Call]] = []
        inputs, value = [], x
        for layer in self._layers:
            calls, layer_input, value = layer.bind_forward(value, n)
            forward += calls
            inputs.append(layer_input)
        output = value
        if output.dtype is not torch.float32:
            output = self._output[:n]
            forward.append(partial(output.copy_, value))
        g: Tensor | None = gradient
        for layer, layer_input in zip(reversed(self._layers), reversed(inputs), strict=True):
            assert g is not None
            calls, g = layer.bind_backward(g, layer_input, n)
            backward.append(calls)
        calls = [call for calls in backward for call in calls]
        input_gradient = g
        if g is not None and g.dtype is not torch.float32:
            input_gradient = torch.empty(g.shape)
            calls.append(partial(input_gradient.copy_, g))
        self._passes[n] = passes = _Passes(x, forward, output, gradient, calls, input_gradient)
        return passes


@dataclass(frozen=True, eq=False)
class _Passes:
    """The calls of a half for some number of rows.

    Parameters
    ----------
    x, gradient : Tensor
        Take the memory of the input, and of the gradient of the output.
    forward, backward : list of callable
    output : Tensor
    input_gradient : Tensor or None
        None for the first half.
    """

    x: Tensor
    forward: list[_Call]
    output: Tensor
    gradient: Tensor
    backward: list[_Call]
    input_gradient: Tensor | None


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

    def bind_forward(self, x: Tensor, n: int) -> tuple[list[_Call], Tensor, Tensor]:
        """Return the calls for an input (n, in), the input in the type of the products, and the output (n, out)."""
        calls: list[_Call] = []
        if self._is_low:
            calls += [partial(self._low_weight.copy_, self._weight), partial(self._low_bias.copy_, self._bias)]
        if x.dtype is not self.dtype:
            calls.append(partial(self._x[:n].copy_, x))
            x = self._x[:n]
        u, y = self._u[:n], self._y[:n]
        calls.append(partial(torch.addmm, self._product_bias, x, self._transposed, out=u))
        if self._forward is not None:
            calls.append(partial(self._forward, u, y))
        return calls, x, y

    def bind_backward(self, gradient: Tensor, x: Tensor, n: int) -> tuple[list[_Call], Tensor | None]:
        """Return the calls for the gradient of the output (n, out), and the gradient of the input (n, in).

        x : the input in the type of the products.
        """
        calls: list[_Call] = []
        g = gradient
        if g.dtype is not self.dtype:
            g = self._g[:n]
            calls.append(partial(g.copy_, gradient))
        if self._backward is not None:
            calls.append(partial(self._backward, g, self._u[:n], self._y[:n]))
        if self._is_low:
            calls += [
                partial(_weight_gradient, g, x, self._low_weight_gradient),
                partial(self._weight_gradient.copy_, self._low_weight_gradient),
                lambda: self._bias_gradient.copy_(torch.sum(g, 0)),
            ]
        else:
            calls += [
                partial(_weight_gradient, g, x, self._weight_gradient),
                partial(torch.sum, g, 0, out=self._bias_gradient),
            ]
        if self._gradient is None:
            return calls, None
        result = self._gradient[:n]
        calls.append(partial(torch.mm, g, self._product_weight, out=result))
        return calls, result


def _weight_gradient(g: Tensor, x: Tensor, result: Tensor) -> None:
    # The transpose is taken anew: g may have taken other memory.
    torch.mm(g.t(), x, out=result)


def mean_over_batch(value: Tensor, weight: Tensor | None) -> Tensor:
    """Return the mean over rows of a term per row (n,), weights having mean 1; a scalar term already is one."""
    if value.ndim == 0:
        return value
    return value.mean() if weight is None else (value * weight).mean()
