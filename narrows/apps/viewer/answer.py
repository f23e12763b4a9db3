"""The answer to a query of a view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class Answer:
    """The answer to a query.

    Parameters
    ----------
    about : dict
        Plain values for JSON.
    arrays : dict of str to ndarray
    epoch : int
        The epoch of the weights that were used.
    """

    about: dict[str, Any]
    arrays: dict[str, np.ndarray]
    epoch: int
