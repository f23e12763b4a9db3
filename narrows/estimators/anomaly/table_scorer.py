"""The scorer of mixed tables and of normal rows: distance, isolation, cells, and in a contaminated fit reconstruction.

Which parts, weights and exponents is the choice of two measurements, one with anomalies among the rows of the fit and
one without; see docs/anomalies.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from torch import Tensor, from_numpy

from narrows.data import Rows, Schema
from narrows.data.kinds import Category
from narrows.estimators.anomaly.cells import CellSurprise, are_few, unseen_surprise
from narrows.estimators.anomaly.default_scorer import DefaultScorer, holds_rows
from narrows.estimators.anomaly.forest import Forest
from narrows.estimators.anomaly.kept_parts import NOTHING_KEPT, KeptParts
from narrows.estimators.anomaly.neighbours import MOST_REFERENCES, Neighbours
from narrows.estimators.anomaly.number_neighbours import NumberNeighbours
from narrows.estimators.anomaly.tails import MergedTails
from narrows.estimators.anomaly.weights import drawn, of
from narrows.estimators.autoencoder import Autoencoder

MIXED_WEIGHTS = {"reconstruction": 0.1, "distance": 1.0, "isolation": 0.1, "cells": 3.0}
"""Of tables with more than numbers: their cells depend on each other in ways that a distance does not see."""
NOVELTY_WEIGHTS = {"distance": 0.36, "density": 0.15, "ranks": 0.25, "isolation": 0.12, "cells": 0.12}
EXPONENT, NOVELTY_EXPONENT = 1.0, 0.25
"""`NOVELTY_EXPONENT` is that of tables of numbers without anomalies in the fit; all others have `EXPONENT`."""
_FURTHER = ("isolation", "cells")
POWER = 3
"""Power of -log p of a cell: the larger, the less the other cells of a row count."""

Near = DefaultScorer | Neighbours | NumberNeighbours


@dataclass(frozen=True, eq=False)
class TableScorer:
    """Parts of the score of a table's rows.

    Parameters
    ----------
    near : DefaultScorer, Neighbours or NumberNeighbours
        The reconstruction error and the distance to usual rows, where anomalies may be among the rows of the fit; the
        distances to all rows, where all are normal.
    forest : Forest
    cells : CellSurprise
    tails : MergedTails
        Of the parts of the training rows.
    """

    near: Near
    forest: Forest
    cells: CellSurprise
    tails: MergedTails

    @classmethod
    def fit(
        cls,
        schema: Schema,
        floats: np.ndarray,
        places: np.ndarray,
        *,
        near: np.ndarray,
        novelty: bool,
        n_members: int,
        trim: float,
        seed: int,
        weight: np.ndarray | None = None,
        kept: KeptParts = NOTHING_KEPT,
    ) -> tuple[TableScorer, np.ndarray, np.ndarray]:
        """Fit to encoded rows (n, d); return the scorer, and the parts (n, p) of all rows, twice.

        The second time they are as new rows like them would have them: the cells of the rows at `places`, if these are
        few, are predicted by networks that were not trained on them. Tails and thresholds are learned from these.

        Parameters
        ----------
        places : ndarray
            Positions of the rows that networks and forest are trained on.
        near : ndarray
            Positions of the rows that references are drawn from.
        novelty : bool
            Whether all rows are normal: then every row is a reference, and nothing is trimmed.
        n_members, trim, seed, weight, kept
            As for `DefaultScorer.fit`.
        """
        if novelty:
            chosen = near[drawn(len(near), MOST_REFERENCES, of(weight, near), np.random.default_rng([seed, 2]))]
            first: Near
            if schema.is_mixed:
                first = Neighbours(np.ascontiguousarray(floats[chosen], np.float32))
            else:
                first = NumberNeighbours.fit(floats[chosen], floats[near], of(weight, near))
            parts = first.parts(floats)
        else:
            first, parts = DefaultScorer.fit(
                floats, places, near=near, n_members=n_members, trim=trim, seed=seed, weight=weight, kept=kept
            )
        of_places = of(weight, places)
        forest = Forest.fit(floats[places], seed, of_places)
        cells = kept.part(
            "cells",
            lambda: CellSurprise.fit(schema, floats[places], seed=seed, weight=of_places),
            CellSurprise.tensors,
            partial(CellSurprise.restore, schema),
        )
        parts = np.column_stack([parts, _further_parts(forest, cells, floats)])
        unseen = parts.copy()
        if are_few(len(places)):
            unseen[places, -1] = kept.part(
                "unseen",
                lambda: _of_cells(unseen_surprise(schema, floats[places], seed, of_places)),
                lambda found: {"unseen": from_numpy(found)},
                lambda tensors: tensors["unseen"].numpy(),
            )
        tails = _tails(unseen[places], novelty=novelty, mixed=schema.is_mixed, weight=of_places)
        return cls(first, forest, cells, tails), parts, unseen

    def parts(self, floats: np.ndarray) -> np.ndarray:
        """Return the parts of the score of encoded rows (n, d): (n, p).

        Reconstruction and distance are squared, isolation is from 0 to 1, and that of cells is the sum of their
        -log p to the third power, so that one impossible cell outweighs several rare ones.
        """
        return np.column_stack([self.near.parts(floats), _further_parts(self.forest, self.cells, floats)])

    def combination(self, parts: np.ndarray, floats: np.ndarray, weight: np.ndarray | None = None) -> MergedTails:
        """Return the tails of the parts, which the fit has learned."""
        return self.tails

    @property
    def is_novelty(self) -> bool:
        """Whether all rows of the fit were normal."""
        return not isinstance(self.near, DefaultScorer)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parts."""
        return (*self.near.names, *_FURTHER)

    @property
    def models(self) -> tuple[Autoencoder, ...]:
        """Return an empty tuple: there is no autoencoder of the user."""
        return ()

    @property
    def references(self) -> np.ndarray:
        """Encoded rows of the fit (m, d) that new rows are compared with."""
        return self.near.references

    def expected(self, floats: np.ndarray, columns: np.ndarray, n_columns: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the expected floats (n, d), and the contribution of each column (n, n_columns).

        Rows whose cells are the strangest part are explained by the cells: the most probable value of each given the
        others, and how much less probable the observed one is. Other rows by the nearest references, see
        `DefaultScorer.expected`.
        """
        expected, far = self.near.expected(floats, columns, n_columns)
        by_cells = np.flatnonzero(self.tails.strongest(self.parts(floats)) == self.names.index("cells"))
        if len(by_cells):
            codes, unlikely = self.cells.expected(floats[by_cells])
            mended = expected[by_cells]
            self.cells.codes.decode_into(mended, codes)
            expected[by_cells], far[by_cells] = mended, 0
            of_cells = np.array([cell.column for cell in self.cells.codes.cells])
            far[by_cells[:, None], of_cells] = unlikely
        return expected, far

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors to save."""
        forest = {f"forest.{name}": from_numpy(array) for name, array in self.forest.arrays().items()}
        cells = {f"cells.{name}": tensor for name, tensor in self.cells.tensors().items()}
        tails = {f"tails.{name}": from_numpy(array) for name, array in self.tails.arrays().items()}
        return {**self.near.tensors(), **forest, **cells, **tails}

    @classmethod
    def restore(cls, schema: Schema, tensors: dict[str, Tensor]) -> TableScorer:
        """Return the scorer with these `tensors`; KeyError, ValueError or RuntimeError if they are invalid."""
        near: Near
        if "exponents" in tensors:
            near = DefaultScorer.restore(tensors)
            if near.references.shape[1] != schema.n_floats:
                raise ValueError("the reference rows do not fit the schema")
        else:
            # Detectors of numbers that were saved before there were quantiles have the distance alone.
            near = (NumberNeighbours if "quantiles" in tensors else Neighbours).restore(tensors, schema.n_floats)
        forest = Forest.restore(_below(tensors, "forest."), schema.n_floats)
        cells = CellSurprise.restore(schema, _below(tensors, "cells."))
        n_parts = len(near.names) + len(_FURTHER)
        return cls(near, forest, cells, MergedTails.restore(_below(tensors, "tails."), n_parts))

    def facts(self) -> dict[str, Any]:
        """Return the JSON values to save: none."""
        return {}

    def card_note(self) -> str:
        """Return the note for the card of a saved detector that it contains rows of the fit."""
        return holds_rows(len(self.references))


def encoded(schema: Schema, rows: Rows, *, who: str, units: bool = True) -> np.ndarray:
    """Return encoded rows (n, d) as `Schema.encode`, with unknown levels as rare ones where a column has some.

    Where many levels come once, another such level is nothing new.
    """
    floats = schema.encode(rows, who=who, units=units)
    found = iter(schema.unknown_levels(rows).found.T)
    for kind, place in schema.float_slices():
        if isinstance(kind, Category):
            is_unknown = next(found)
            if kind.rare:
                floats[is_unknown, place.stop - 1] = 1.0
    return floats


def _tails(parts: np.ndarray, *, novelty: bool, mixed: bool, weight: np.ndarray | None) -> MergedTails:
    """Return the tails of the parts (n, p) of training rows, with the weights of this kind of table."""
    of_parts = MIXED_WEIGHTS if mixed or not novelty else NOVELTY_WEIGHTS
    weights = np.array([weight for name, weight in of_parts.items() if not (novelty and name == "reconstruction")])
    return MergedTails.of(parts, weights, NOVELTY_EXPONENT if novelty and not mixed else EXPONENT, weight)


def _further_parts(forest: Forest, cells: CellSurprise, floats: np.ndarray) -> np.ndarray:
    return np.column_stack([forest.scores(floats), _of_cells(cells.surprise(floats))])


def _of_cells(surprise: np.ndarray) -> np.ndarray:
    return (surprise**POWER).sum(axis=1)


def _below(named: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in named.items() if name.startswith(prefix)}
