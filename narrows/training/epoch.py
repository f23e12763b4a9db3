"""The record of one pass over the training rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Epoch:
    """What one epoch did; every loss is per row (summed over features, averaged over rows).

    Parameters
    ----------
    number : int
        Counts from 1 over the whole history of the model.
    loss : float
        The training objective, averaged over the epoch's batches while the weights moved.
    parts : dict[str, float]
        The objective's terms, which sum to `loss`: "reconstruction", and one per penalty.
    validation : float or None
        The objective on held-out rows after the epoch, without corruption; None where no row is held out.
    validation_parts : dict[str, float]
        Its terms.
    learning_rate : float
        At the epoch's last step.
    rows_per_second : float
        Training rows per second, validation left out.
    seconds : float
        The epoch's whole time, validation included.
    """

    number: int
    loss: float
    parts: dict[str, float]
    validation: float | None
    validation_parts: dict[str, float] = field(default_factory=dict)
    learning_rate: float = 0.0
    rows_per_second: float = 0.0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)
