"""The default scorer: small trimmed variational autoencoders, and the distance to the nearest training rows.

The two parts complement each other. Large networks also learn the anomalies among their training rows. Small networks
that ignore the worst fifth of every batch do not, but they miss anomalies that their few code units do not represent;
the distance finds these. The settings were chosen by measurement on 22 data sets, the same for all; see
docs/anomalies.md.

Images are blurred slightly for the networks, so that a stroke at a slightly wrong position does not count twice, and
their distance is that of the strengths of their edges. Both parts are divided by a power of the contrast, because
otherwise images of low contrast would always have low scores.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from narrows.estimators.anomaly.edges import edge_strengths
from narrows.estimators.anomaly.kept_parts import NOTHING_KEPT, KeptParts
from narrows.estimators.anomaly.tails import ScaledParts, centre_and_spread
from narrows.estimators.anomaly.weights import drawn, median, of, quantile
from narrows.estimators.autoencoder import Autoencoder
from narrows.estimators.saving import saved_values
from narrows.model import VAEEnsemble
from narrows.training import train_trimmed

HIDDEN_LAYER_SIZES, N_COMPONENTS = (64, 32), 2
STEPS, BATCH_SIZE, LEARNING_RATE, BETA = 400, 128, 3e-3, 4.0
MOST_REFERENCES = 4000
NEIGHBOURS, WORST = 5, 2
STANDS_OUT = 6.0
"""Rows are not references if their error exceeds the median by this many times (upper quartile - median)."""
ALIKE, COMMON = 1e-2, 5e-3
"""Except common rows: a share `COMMON` of all rows is within a squared distance of `ALIKE` of them."""
LEAST_UNITS = np.array([1 / 20, 1e-5])
"""Smallest unit of each part, relative to the part of a row that is replaced by the mean row."""

SHARP = 28  # image width divided by the standard deviation of the blur
_BLOCK, _SMALL_BLOCK = 64, 8
_CHUNK = 2048
_CELLS = 8_000_000  # differences in memory at once

PARTS, WEIGHTS = ("reconstruction", "distance"), np.array([1.0, 0.85])
WEIGHTS_OF_IMAGES = np.array([1.0, 1.6])
"""Where the distance is that of edges."""


@dataclass(frozen=True, eq=False)
class DefaultScorer:
    """An ensemble of trimmed networks, and reference rows.

    Parameters
    ----------
    network : VAEEnsemble
    references : ndarray of shape (m, d)
        Training rows, encoded.
    image_shape : (height, width, channels) or None
        Shape of each row of images; None for tables.
    exponents : ndarray of shape (2,)
        Power of the contrast of an image by which each part is divided; 0 for tables.
    has_edges : bool
        Whether the distance of images is that of their edges; it is not in detectors saved before it was.
    """

    network: VAEEnsemble
    references: np.ndarray
    image_shape: tuple[int, int, int] | None = None
    exponents: np.ndarray = field(default_factory=lambda: np.zeros(2))
    has_edges: bool = False

    @classmethod
    def fit(
        cls,
        floats: np.ndarray,
        places: np.ndarray,
        *,
        near: np.ndarray,
        n_members: int,
        trim: float,
        seed: int,
        image_shape: tuple[int, int, int] | None = None,
        weight: np.ndarray | None = None,
        kept: KeptParts = NOTHING_KEPT,
    ) -> tuple[DefaultScorer, np.ndarray]:
        """Fit to standardised floats or pixels (n, d); return the ensemble, and the parts (n, 2) of all rows.

        places : positions of the rows that the networks are trained on.
        near : positions of the rows that references are drawn from. Rows with large errors are left out, because
            anomalies often form groups. No row is its own neighbour.
        weight : (n,), weights of the rows in batches, in what is usual, and in the draw of references.
        kept : parts of an earlier, interrupted fit, and where to keep those of this one.
        """
        every = seen(floats, image_shape)
        x = torch.from_numpy(every[places])
        generator = torch.Generator().manual_seed(seed)
        network = VAEEnsemble(n_members, x.shape[1], HIDDEN_LAYER_SIZES, N_COMPONENTS, generator)
        train_trimmed(
            network,
            x,
            steps=STEPS,
            batch_size=BATCH_SIZE,
            learning_rate=LEARNING_RATE,
            beta=BETA,
            trim=trim,
            generator=generator,
            weight=None if weight is None else torch.from_numpy(weight[places]),
            state=kept.state("members"),
            between=lambda state: kept.keep("members", state()) if kept.is_time else None,
        )
        errors = _errors(_in_doubles(network.eval()), every)
        usual = near[_is_usual(errors, every, places, near, weight)]
        if weight is None:
            chosen = usual[torch.randperm(len(usual), generator=generator)[:MOST_REFERENCES].sort().values.numpy()]
        else:
            chosen = usual[drawn(len(usual), MOST_REFERENCES, weight[usual], np.random.default_rng([seed, 6]))]
        ensemble = cls(network, floats[chosen], image_shape, has_edges=image_shape is not None)
        parts = np.column_stack([errors, ensemble._distances(ensemble.compared(floats, every), ensemble._own(floats))])
        if image_shape is not None:
            contrast = _contrast(every)
            exponents = _exponents(parts[places], contrast[places])
            ensemble, parts = replace(ensemble, exponents=exponents), parts / contrast[:, None] ** exponents
        return ensemble, parts

    def parts(self, floats: np.ndarray) -> np.ndarray:
        """Return the mean squared error of the two worst members, and the mean squared distance to references: (n, 2).

        The distance is to the five nearest references. A reference is not its own neighbour, so that rows of the fit
        have the same score when they are scored again.
        """
        x = seen(floats, self.image_shape)
        distances = self._distances(self.compared(floats, x), self._own(floats))
        parts = np.column_stack([_errors(self._network, x), distances])
        return parts / _contrast(x)[:, None] ** self.exponents if self.exponents.any() else parts

    def expected(self, floats: np.ndarray, columns: np.ndarray, n_columns: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the expected value of each column of floats (n, d), and its contribution to the score.

        The expected value is the mean of the references that are nearest in all other columns. The contribution is
        the decrease of the squared distance to the nearest references when the column is left out.

        columns : the column of each float (d,).

        Returns
        -------
        expected : ndarray of shape (n, d)
        far : ndarray of shape (n, n_columns)
            0 for columns without floats.
        """
        x = seen(floats, self.image_shape)
        expected, far = expected_by_neighbours(x, self._references, columns, n_columns)
        return (expected if self.image_shape else np.sinh(expected)), far

    def combination(self, parts: np.ndarray, floats: np.ndarray, weight: np.ndarray | None = None) -> ScaledParts:
        """Return how parts are combined, from the parts (n, 2) and encoded rows (n, d) of training rows.

        The distance has a slightly lower weight, that of edges a higher one. With many repeated rows the spread may be
        0; therefore no unit is below `LEAST_UNITS` times the part of a row that is replaced by the mean row.
        """
        middle, spread = centre_and_spread(parts, weight)
        x = seen(floats, self.image_shape)
        spaces = (x, self.compared(floats, x)) if self.has_edges else (x,)
        apart = np.column_stack([np.square(s - s.mean(axis=0, dtype=np.float64)).sum(axis=1) for s in spaces])
        if self.exponents.any():
            apart = apart / _contrast(x)[:, None] ** self.exponents
        mean = apart.mean(axis=0)
        weights = WEIGHTS_OF_IMAGES if self.has_edges else WEIGHTS
        units = np.maximum(spread, LEAST_UNITS * np.where(mean > 0, mean, 1.0)) / weights
        return ScaledParts(np.stack([middle, units]))

    def compared(self, floats: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return encoded rows (n, d), transformed to x, as they are compared with references: x, or edges of images."""
        if self.has_edges and self.image_shape is not None:
            return edge_strengths(floats, self.image_shape)
        return x

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parts."""
        return PARTS

    @property
    def models(self) -> tuple[Autoencoder, ...]:
        """Return an empty tuple: there is no autoencoder of the user."""
        return ()

    def facts(self) -> dict[str, Any]:
        """Return the JSON values to save: none."""
        return {}

    def card_note(self) -> str:
        """Return the note for the card of a saved detector that it contains rows of the fit."""
        return holds_rows(len(self.references))

    @cached_property
    def _references(self) -> Tensor:
        return torch.from_numpy(seen(self.references, self.image_shape))

    @cached_property
    def _squared_references(self) -> tuple[Tensor, Tensor]:
        """The references (m, d) as they are compared, in float64, and the sum of squares of each (m,)."""
        references = torch.from_numpy(self.compared(self.references, self._references.numpy())).double()
        return references, references.square().sum(dim=1)

    @cached_property
    def _network(self) -> VAEEnsemble:
        return _in_doubles(self.network)

    @cached_property
    def _place_of(self) -> dict[bytes, int]:
        return {row.tobytes(): place for place, row in enumerate(self.references)}

    def _own(self, floats: np.ndarray) -> np.ndarray:
        """Return the position of each row (n, d) among the references (n,): the last of equal ones, -1 for none."""
        rows = np.ascontiguousarray(floats, dtype=self.references.dtype)
        return np.fromiter((self._place_of.get(row.tobytes(), -1) for row in rows), np.intp, len(rows))

    def _distances(self, x: np.ndarray, own: np.ndarray) -> np.ndarray:
        """Return the mean squared distance (n,) of transformed rows (n, d) to the nearest references.

        own : position of the row itself among the references (n,), which is excluded; -1 for none.

        The nearest references are found by a fast matrix product. Its rounding depends on the other rows, so the
        distances themselves are sums of squared differences.
        """
        references, squares = self._squared_references
        n_near = max(1, min(NEIGHBOURS, len(references) - 1))
        distances = np.empty(len(x))
        step = max(1, min(_CHUNK, _CELLS // (n_near * x.shape[1])))
        for start in range(0, len(x), step):
            rows = torch.from_numpy(x[start : start + step]).double()
            apart = torch.addmm(squares, rows, references.T, alpha=-2)
            places = own[start : start + step]
            known = np.flatnonzero(places >= 0) if len(references) > 1 else np.zeros(0, np.intp)
            apart[torch.from_numpy(known), torch.from_numpy(places[known])] = torch.inf
            nearest = references[torch.topk(apart, n_near, dim=1, largest=False, sorted=False).indices]
            exact = np.square((rows[:, None] - nearest).numpy()).sum(axis=2)
            distances[start : start + step] = np.sort(exact, axis=1).mean(axis=1)
        return distances

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors to save."""
        state = {f"members.{name}": value for name, value in self.network.state_dict().items()}
        edges = {"edges": torch.ones(1)} if self.has_edges else {}
        rows = {"rows": torch.from_numpy(self.references), "exponents": torch.from_numpy(self.exponents)}
        return {**state, **rows, **edges}

    @classmethod
    def restore(cls, tensors: dict[str, Tensor], image_shape: tuple[int, int, int] | None = None) -> DefaultScorer:
        """Return the scorer with these `tensors`; KeyError, ValueError or RuntimeError if they are invalid."""
        references = saved_values.array(tensors, "rows", "float", (None, None))
        exponents = saved_values.array(tensors, "exponents", "float", (2,))
        state = {name.removeprefix("members."): t for name, t in tensors.items() if name.startswith("members.")}
        n_members, d, _ = state["encoder.0"].shape
        if references.shape[1] != d or not len(references):
            raise ValueError("the reference rows do not fit the members")
        with torch.device("meta"):
            network = VAEEnsemble(n_members, d, HIDDEN_LAYER_SIZES, N_COMPONENTS, None)
        saved_values.check_weights(state, network)
        network.load_state_dict(state, assign=True)
        return cls(network.eval(), references, image_shape, exponents, "edges" in tensors and image_shape is not None)


def holds_rows(n: int) -> str:
    """Return the note for the card of a detector that holds n rows of the fit."""
    return (
        f"\nIt holds {n:,} of the rows of the fit, scaled, since new rows are "
        "compared with them: share it only with whom you would share the data.\n"
    )


def expected_by_neighbours(
    x: np.ndarray, references: Tensor, columns: np.ndarray, n_columns: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return `DefaultScorer.expected` of transformed rows (n, d), compared with transformed references (m, d)."""
    column_of = torch.from_numpy(columns)
    expected, far = np.empty(x.shape, np.float32), np.empty((len(x), n_columns))
    step = max(1, _CELLS // references.numel())
    n_near = min(NEIGHBOURS, len(references))
    for start in range(0, len(x), step):
        rows = torch.from_numpy(x[start : start + step])
        squares = (rows[:, None] - references).square()
        by_column = squares
        if not np.array_equal(columns, np.arange(n_columns)):
            by_column = squares.new_zeros(*squares.shape[:2], n_columns).index_add_(2, column_of, squares)
        whole = by_column.sum(dim=2)
        nearest = torch.topk(whole, n_near, dim=1, largest=False).values.mean(dim=1)
        without = torch.topk(whole[:, :, None] - by_column, n_near, dim=1, largest=False)
        here = slice(start, start + len(rows))
        far[here] = (nearest[:, None] - without.values.mean(dim=1)).clamp_min(0).numpy()
        near = torch.gather(references.expand(len(rows), *references.shape), 1, without.indices[:, :, column_of])
        expected[here] = near.mean(dim=1).numpy()
    return expected, far


def _in_doubles(network: VAEEnsemble) -> VAEEnsemble:
    return deepcopy(network).double()


@torch.inference_mode()
def _errors(network: VAEEnsemble, x: np.ndarray) -> np.ndarray:
    """Return the mean squared error of each row (n, d) over the two members with the largest errors: (n,).

    The rounding of matrix products depends on the position of a row and on the other rows. In float64 and in blocks of
    two sizes it disappears when the error is rounded to float32, so that equal rows have equal errors.
    """
    errors = np.empty(len(x), np.float32)
    step = _BLOCK if len(x) > _SMALL_BLOCK else _SMALL_BLOCK
    block = torch.zeros(step, x.shape[1], dtype=torch.float64)
    for start in range(0, len(x), step):
        size = min(step, len(x) - start)
        block[:size] = torch.from_numpy(x[start : start + size])
        block[size:] = 0
        each = (network.reconstruct(block) - block).square().sum(dim=2)
        worst = torch.topk(each, min(WORST, len(each)), dim=0).values
        errors[start : start + size] = worst.mean(dim=0)[:size].numpy()
    return errors.astype(np.float64)


def _is_usual(
    errors: np.ndarray, x: np.ndarray, places: np.ndarray, near: np.ndarray, weight: np.ndarray | None
) -> np.ndarray:
    """Return which of the rows `near` of x (n, d) have no unusually large error (n,) compared with those at `places`.

    They are at least half. Rows that are common, up to small differences, always count as usual: the networks ignore
    the worst fifth of every batch, and may never have learned a pattern of a tenth of the rows.
    """
    middle, upper = quantile(errors[places], [0.5, 0.75], of(weight, places))
    bound = max(middle + STANDS_OUT * (upper - middle + 1e-9), float(median(errors[near], of(weight, near))))
    usual = errors[near] <= bound
    usual[~usual] = _are_common(x[near[~usual]], x[near], of(weight, near))
    return usual


def _are_common(rows: np.ndarray, others: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Return which rows (n, d) have enough of the others within a squared distance of `ALIKE`.

    Enough is at least a share `COMMON`, and more than `NEIGHBOURS`; of rows with weights, their weights.
    """
    if len(others) > MOST_REFERENCES:
        some = np.random.default_rng(0).choice(len(others), MOST_REFERENCES, replace=False)
        others, weight = others[some], of(weight, some)
    enough = max(COMMON * len(others), NEIGHBOURS + 1)
    against = torch.from_numpy(others).double()
    counts = torch.ones(len(others), dtype=torch.float64) if weight is None else torch.from_numpy(weight)
    found = [
        ((torch.cdist(torch.from_numpy(rows[i : i + _CHUNK]).double(), against).square() <= ALIKE).double() @ counts)
        >= enough
        for i in range(0, len(rows), _CHUNK)
    ]
    return torch.cat(found).numpy() if found else np.zeros(0, bool)


def seen(floats: np.ndarray, image_shape: tuple[int, int, int] | None = None) -> np.ndarray:
    """Return encoded rows (n, d) as transformed for the networks and the distance.

    Tables are transformed by asinh, which is linear near 0 and logarithmic for large values, so that one extreme value
    does not dominate a row. Images are blurred by one pixel in 28.
    """
    floats = floats.astype(np.float32)
    if image_shape is None:
        return np.arcsinh(floats)
    from scipy.ndimage import gaussian_filter

    height, width, _ = image_shape
    sigma = min(height, width) / SHARP
    return gaussian_filter(floats.reshape(-1, *image_shape), (0, sigma, sigma, 0)).reshape(floats.shape)


def _contrast(x: np.ndarray) -> np.ndarray:
    """Return the contrast of each image (n, d): the sum of squared deviations from its median, (n,)."""
    squares = np.square(x - np.median(x, axis=1, keepdims=True), dtype=np.float64).sum(axis=1)
    return np.maximum(squares, 1e-3 * np.median(squares) + 1e-12)


def _exponents(parts: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    """Return the slope of log part (n, p) over log contrast (n,) for each part: (p,), between 0 and 1."""
    over = np.log(contrast)
    over -= over.mean()
    spread = np.square(over).sum()
    if not spread > 1e-9:
        return np.zeros(parts.shape[1])
    return np.clip(over @ np.log(parts + 1e-12) / spread, 0, 1)
