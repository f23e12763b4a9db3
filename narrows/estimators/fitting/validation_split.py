"""The rows that a fit holds out for validation: drawn at random, whole groups, or the last ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch

from narrows.data import Rows
from narrows.data.frames.column_type import is_missing
from narrows.errors import DataError, SettingError
from narrows.estimators.parameters import parameter_checks
from narrows.training import DistinctRows

HeldOutBy = Literal["random", "groups", "last", "given"]
"""How validation rows were chosen; "given" are the `validation_data` of the user."""


@dataclass(frozen=True, eq=False)
class ValidationSplit:
    """A rule for holding rows out.

    Parameters
    ----------
    by : {"random", "groups", "last", "given"}
    fraction : float
        Share of the rows to hold out; 0 for "given".
    keys : ndarray of shape (n,) or None
        The number of each row's group, or what the rows are ordered by; None for "random" and "given".
    """

    by: HeldOutBy
    fraction: float
    keys: np.ndarray | None = None

    @classmethod
    def of(
        cls, params: Mapping[str, Any], rows: Rows, groups: Any, *, is_given: bool, in_memory: bool
    ) -> ValidationSplit:
        """Return the rule of a fit.

        Parameters
        ----------
        params : mapping
            Constructor parameters, of which `validation` and `validation_fraction` count.
        rows : Rows
            May have groups or times.
        groups : array of shape (n,) or None
            In place of those of `rows`.
        is_given : bool
            Whether the user gives the validation rows.
        in_memory : bool
            False for a sample of a stream.

        Raises
        ------
        SettingError, DataError
        """
        wanted = parameter_checks.choice("validation", params["validation"])
        fraction = parameter_checks.share("validation_fraction", params["validation_fraction"])
        if groups is not None and (is_given or wanted not in ("auto", "groups")):
            other = "validation_data" if is_given else f"validation={wanted!r}"
            raise SettingError(f"groups have no effect with {other}; leave one of the two out.")
        if is_given:
            return cls("given", 0.0)
        groups = rows.groups if groups is None else groups
        by: HeldOutBy = _automatic(rows, groups) if wanted == "auto" else wanted  # pyright: ignore[reportAssignmentType]
        if by == "random":
            return cls(by, fraction)
        if not in_memory:
            raise SettingError(
                f"validation={by!r} needs rows in memory, not a stream; use only one of the two (--in-memory)."
            )
        if by == "last":
            return cls(by, fraction, np.arange(len(rows)) if rows.times is None else rows.times)
        if groups is None:
            raise SettingError(
                "validation='groups' needs the group of each row; pass them: fit(X, groups=...) (in the shell: "
                "--group COLUMN)."
            )
        return cls(by, fraction, numbered_groups(groups, len(rows)))

    def held(self, distinct: DistinctRows, generator: torch.Generator) -> np.ndarray:
        """Return the positions of the held-out rows among the distinct ones, ascending.

        A row is held out only if all its copies are: no copy of a training row is.
        """
        n_distinct = len(distinct.first)
        if self.by == "random":
            order = torch.randperm(n_distinct, generator=generator).numpy()
            return np.sort(order[: int(n_distinct * self.fraction)])
        used = np.flatnonzero(distinct.group >= 0)
        n_held = int(len(used) * self.fraction)
        if self.keys is None or not n_held:
            return np.zeros(0, np.intp)
        keys = self.keys[used]
        is_held = _last(keys, n_held) if self.by == "last" else _whole_groups(keys, n_held, generator)
        n_trained = np.bincount(distinct.group[used], weights=~is_held, minlength=n_distinct)
        return np.flatnonzero(n_trained == 0)


def _automatic(rows: Rows, groups: Any) -> HeldOutBy:
    if groups is not None:
        return "groups"
    return "random" if rows.times is None else "last"


def numbered_groups(groups: Any, n_rows: int, name: str = "groups") -> np.ndarray:
    """Return the groups as whole numbers (n,), in an order that depends on their names alone.

    Raises
    ------
    DataError
        Another length, a missing value, or only one group; the message names them `name`.
    """
    names = np.asarray(groups)
    if names.ndim != 1 or len(names) != n_rows:
        raise DataError(f"{name} has the shape {names.shape} for {n_rows} rows; give one group per row.")
    n_missing = int(is_missing(names).sum())
    if n_missing:
        raise DataError(f"{name} has {n_missing} missing values; give every row its group.")
    known, numbers = np.unique(names.astype(str) if names.dtype.kind == "O" else names, return_inverse=True)
    if len(known) < 2:
        raise DataError("All rows are of one group, so none can be held out; leave the groups out.")
    return numbers


def _whole_groups(groups: np.ndarray, n_held: int, generator: torch.Generator) -> np.ndarray:
    """Return a mask of the rows of random groups that have at most `n_held` rows together, or of the smallest group."""
    known, numbers, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    held, room = [], n_held
    for group in torch.randperm(len(known), generator=generator).tolist():
        if sizes[group] <= room and len(held) < len(known) - 1:
            held.append(group)
            room -= sizes[group]
    return np.isin(numbers, held or [int(sizes.argmin())])


def _last(times: np.ndarray, n_held: int) -> np.ndarray:
    """Return a mask of the last `n_held` rows, fewer where that would part rows of one time."""
    latest_trained = np.sort(times)[-n_held - 1]
    is_held = times > latest_trained
    if not is_held.any():  # more rows than `n_held` share the last time
        is_held = times == latest_trained
    if is_held.all():
        raise DataError("All rows have the same time, so none is later than others; leave the time out.")
    return is_held
