"""The optimizer that looks for its own step: a few line searches on every batch, as the 2006 paper fine-tunes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

_MOST_EVALUATIONS = 20  # for each search; torch's own default would end after the first one


class LBFGS:
    """L-BFGS on one batch at a time (Liu & Nocedal 1989), each line search to the strong Wolfe conditions.

    No state is carried over from one batch to the next, since the objective differs. Hinton & Salakhutdinov 2006
    make three line searches of conjugate gradients on batches of 1000 rows.

    Parameters
    ----------
    values, gradients : Tensor of shape (n,)
    weight_decay : float
        An L2 term.
    """

    n_searches = 3

    def __init__(self, values: Tensor, gradients: Tensor, *, weight_decay: float) -> None:
        self._values, self._gradients, self._weight_decay = values, gradients, weight_decay

    def search(self, evaluate: Callable[[], float], rate: float) -> None:
        """Move the values to a lower loss; `evaluate` returns the loss and stores the gradient.

        rate : the first step that a search tries, as a share of L-BFGS's own.
        """
        from torch import optim  # this import takes 0.7 s

        values = torch.nn.Parameter(self._values, requires_grad=False)
        values.grad = self._gradients
        optimizer = optim.LBFGS(
            [values],
            lr=rate,
            max_iter=self.n_searches,
            max_eval=_MOST_EVALUATIONS * self.n_searches,
            tolerance_grad=0.0,
            tolerance_change=0.0,
            line_search_fn="strong_wolfe",
        )

        def loss() -> float:
            value = evaluate()
            if self._weight_decay:
                value += self._weight_decay / 2 * float(self._values.square().sum())
                self._gradients.add_(self._values, alpha=self._weight_decay)
            return value

        optimizer.step(loss)  # pyright: ignore[reportArgumentType]

    def state(self) -> dict[str, Tensor]:
        """Return nothing: no state is carried over."""
        return {}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Do nothing; ValueError where the state is that of another optimizer."""
        if state:
            raise ValueError("the saved averages are those of another optimizer")
