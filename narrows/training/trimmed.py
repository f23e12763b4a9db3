"""Training that leaves out the rows with the largest errors in every batch, so that anomalies are not learned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor

from narrows.model import LOG_VARIANCE_BOUND, VAEEnsemble
from narrows.training.first_order import Adam
from narrows.training.flat_parameters import FlatParameters
from narrows.training.run_state import below, overwrite

_WARMUP_STEPS = 20
_STEPS_BETWEEN = 20
_aten = torch.ops.aten


def train_trimmed(
    network: VAEEnsemble,
    x: Tensor,
    *,
    steps: int,
    batch_size: int,
    learning_rate: float,
    beta: float,
    trim: float,
    generator: torch.Generator,
    weight: Tensor | None = None,
    state: Mapping[str, Tensor] | None = None,
    between: Callable[[Callable[[], dict[str, Tensor]]], None] | None = None,
) -> float:
    """Train every member on separate batches; return the mean loss per row of the last tenth of the steps.

    Parameters
    ----------
    network : VAEEnsemble
    x : Tensor of shape (n, d)
    steps, batch_size, learning_rate
        Adam, with a short warm-up and a linear fall to zero.
    beta : float
        Weight of KL(posterior || prior) against the squared error.
    trim : float in [0, 1)
        Share of each batch, by each member's own loss, that is left out of the step (as in least trimmed squares,
        Rousseeuw 1984).
    generator : torch.Generator
        Of batches and codes.
    weight : float64 Tensor of shape (n,), optional
        The rows of batches are drawn with probabilities in proportion to it.
    state : mapping of Tensor, optional
        To go on from, to the bit; KeyError, ValueError or RuntimeError if it is that of another training.
    between : callable, optional
        Called after every 20 steps, and the last one, with a function that returns the state.
    """
    flat = FlatParameters(list(network.parameters()))
    optimizer = Adam(flat.values, flat.gradients, weight_decay=0.0, decoupled=False)
    n_rows = min(batch_size, len(x))
    recent: list[Tensor] = []
    cumulative = None if weight is None else weight.cumsum(0)
    with flat.attached(), torch.inference_mode():
        step = TrimmedStep(network, flat, n_rows, beta=beta, n_kept=max(1, round(n_rows * (1 - trim))))
        for number in range(_restored(state, flat, optimizer, generator, recent), steps):
            loss = step(x, generator, cumulative)
            optimizer.step(learning_rate * min(1.0, (number + 1) / _WARMUP_STEPS) * (1 - number / steps))
            if number >= 0.9 * steps:
                recent.append(loss)
            if between is not None and ((number + 1) % _STEPS_BETWEEN == 0 or number + 1 == steps):
                between(partial(_state, number + 1, flat, optimizer, generator, recent))
    return float(torch.stack(recent).mean())


def _state(
    n_steps: int, flat: FlatParameters, optimizer: Adam, generator: torch.Generator, recent: list[Tensor]
) -> dict[str, Tensor]:
    """Return a copy of all that the further steps depend on."""
    return {
        "n_steps": torch.tensor(n_steps),
        "values": flat.values.clone(),
        "generator": generator.get_state(),
        "recent": torch.stack(recent) if recent else torch.zeros(0),
        **{f"optimizer.{name}": value for name, value in optimizer.state().items()},
    }


def _restored(
    state: Mapping[str, Tensor] | None,
    flat: FlatParameters,
    optimizer: Adam,
    generator: torch.Generator,
    recent: list[Tensor],
) -> int:
    """Restore what `_state` returned, and return the number of steps that are done."""
    if state is None:
        return 0
    overwrite({"values": flat.values}, {"values": state["values"]})
    optimizer.load(below(state, "optimizer."))
    generator.set_state(state["generator"])
    recent.extend(state["recent"])
    return int(state["n_steps"])


def drawn_rows(n_rows: int, n: int, cumulative: Tensor | None, generator: torch.Generator) -> Tensor:
    """Return n positions (n,) of `n_rows` rows, drawn with replacement by the running sums of weights (n_rows,)."""
    if cumulative is None:
        return torch.randint(n_rows, (n,), generator=generator)
    at = torch.rand(n, generator=generator, dtype=torch.float64) * cumulative[-1]
    return torch.searchsorted(cumulative, at, right=True).clamp_max_(n_rows - 1)


class TrimmedStep:
    """Loss and gradient of one batch for each member: written out, without autograd, into kept buffers.

    The members are small, so that autograd's graph and fresh memory would take more time than the products.

    Parameters
    ----------
    network : VAEEnsemble
    flat : FlatParameters
        Of the network; attached while a step is taken. The gradient of the kept rows' mean loss per float, summed over
        members, is left in it.
    n_rows, n_kept : int
        Rows of a batch, and how many of them count: those of least loss.
    beta : float
    """

    def __init__(self, network: VAEEnsemble, flat: FlatParameters, n_rows: int, *, beta: float, n_kept: int) -> None:
        self._beta, self._n_kept = beta, n_kept
        self._share = 1 / (n_kept * network.n_floats)
        members = network.n_members
        self._batch = torch.empty(members * n_rows, network.n_floats)
        self._noise = torch.empty(members, n_rows, network.n_components)
        self._counts = torch.empty(members, n_rows)
        self._encoder = _Chain(network.encoder, flat, n_rows, is_first=True)
        self._decoder = _Chain(network.decoder, flat, n_rows, is_first=False)

    def __call__(self, x: Tensor, generator: torch.Generator, cumulative: Tensor | None = None) -> Tensor:
        """Draw a batch of x (n, d) for each member, by running sums of weights (n,); the mean loss of a kept row."""
        members, n_rows = self._counts.shape
        chosen = drawn_rows(len(x), members * n_rows, cumulative, generator)
        torch.index_select(x, 0, chosen, out=self._batch)
        return self.on(self._batch.view(members, n_rows, -1), self._noise.normal_(generator=generator))

    def on(self, batch: Tensor, noise: Tensor) -> Tensor:
        """Compute the same for rows (E, n, d) and noise of the codes (E, n, k)."""
        k = noise.shape[2]
        code = self._encoder.forward(batch)
        mean, squashed = code[..., :k], torch.tanh(code[..., k:] / LOG_VARIANCE_BOUND)
        log_variance = LOG_VARIANCE_BOUND * squashed
        deviation = torch.exp(0.5 * log_variance).mul_(noise)
        rest = self._decoder.forward(mean + deviation).sub_(batch)

        excess = torch.expm1(log_variance)  # of the variance over the prior's
        kl = 0.5 * (mean.square() + excess - log_variance).sum(dim=2)
        loss = torch.linalg.vector_norm(rest, dim=2).square_().add_(kl, alpha=self._beta)
        kept = torch.topk(loss, self._n_kept, dim=1, largest=False, sorted=False)
        counts = self._counts.zero_().scatter_(1, kept.indices, self._share)[..., None]

        by_code = self._decoder.backward(rest.mul_(2 * counts))
        assert by_code is not None
        weight = self._beta * counts
        by_mean = by_code + weight * mean
        by_log_variance = 0.5 * (by_code * deviation + weight * excess)
        self._encoder.backward(torch.cat([by_mean, by_log_variance * (1 - squashed.square())], dim=2))
        return kept.values.mean()


class _Chain:
    """One half of the members: dense layers with SiLU between them, forward and backward."""

    def __init__(
        self, parameters: torch.nn.ParameterList, flat: FlatParameters, n_rows: int, *, is_first: bool
    ) -> None:
        seen = [flat.view(parameter) for parameter in parameters]
        self._weights, self._biases = seen[::2], seen[1::2]
        members, width, _ = self._weights[0][0].shape
        widths = [width, *(value.shape[2] for value, _ in self._weights)]
        # Before and behind each activation; the last layer has none.
        self._u = [torch.empty(members, n_rows, n) for n in widths[1:]]
        self._y = [torch.empty_like(u) for u in self._u[:-1]]
        self._gradients = [None if is_first else torch.empty(members, n_rows, width), *map(torch.empty_like, self._y)]
        self._inputs: list[Tensor] = []

    def forward(self, h: Tensor) -> Tensor:
        """Return the output (E, n, out) for an input (E, n, in), in memory that the next call writes again."""
        self._inputs = [h, *self._y]
        for i, ((weight, _), (bias, _)) in enumerate(zip(self._weights, self._biases, strict=True)):
            torch.baddbmm(bias, self._inputs[i], weight, out=self._u[i])
            if i < len(self._y):
                _aten.silu.out(self._u[i], out=self._y[i])
        return self._u[-1]

    def backward(self, g: Tensor) -> Tensor | None:
        """Return the gradient of the input from that of the output; None in the first half, which needs none."""
        for i in reversed(range(len(self._weights))):
            torch.bmm(self._inputs[i].transpose(1, 2), g, out=self._weights[i][1])
            torch.sum(g, 1, keepdim=True, out=self._biases[i][1])
            gradient = self._gradients[i]
            if gradient is None:
                return None
            g = torch.bmm(g, self._weights[i][0].transpose(1, 2), out=gradient)
            if i:
                _aten.silu_backward.grad_input(g, self._u[i - 1], grad_input=g)
        return g
