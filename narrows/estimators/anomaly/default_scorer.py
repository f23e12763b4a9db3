"""The default of the detector: small trimmed variational autoencoders, and the distance to the nearest training rows.

Each sees what the other misses. Many strong networks learn the anomalies among their training rows; few weak ones that
leave out the worst fifth of every batch do not, but are blind to what lies off the data within their narrow view, which
the distance sees. Chosen by measurement on 22 sets, one setting for all of them; see docs/anomalies.md.

Images are seen through a slight blur, so that a stroke beside its place is not two errors, and errors are measured
against what images of that contrast have: else a faint image, which has little to get wrong, is never strange.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from narrows.estimators.autoencoder import Autoencoder
from narrows.model import VAEEnsemble
from narrows.training import train_trimmed

HIDDEN_LAYER_SIZES, N_COMPONENTS = (64, 32), 2
STEPS, BATCH_SIZE, LEARNING_RATE, BETA = 400, 128, 3e-3, 4.0
MOST_REFERENCES = 4000
NEIGHBOURS, WORST = 5, 2
STANDS_OUT = 6.0
"""Rows whose error is so many ways from median to upper quartile above the median are nobody's neighbours."""
ALIKE, COMMON = 1e-2, 5e-3
"""But for those that come again: a share `COMMON` of the rows is within a squared distance of `ALIKE` of them."""
LEAST_UNITS = np.array([1 / 20, 1e-5])
"""The least unit of each part, as a share of what it is for a row that is replaced by the mean row."""

_SHARP = 28  # of the width, which is a standard deviation of the blur
_BLOCK = 64
_CHUNK = 2048
_CELLS = 8_000_000  # differences held at once

PARTS, WEIGHTS = ("reconstruction", "distance"), np.array([1.0, 0.85])


@dataclass(frozen=True, eq=False)
class TrimmedEnsemble:
    """Fitted members and reference rows.

    Parameters
    ----------
    network : VAEEnsemble
    references : ndarray of shape (m, d)
        Training rows, encoded.
    image_shape : (height, width, channels) or None
        Of rows that are images.
    exponents : ndarray of shape (2,)
        The power of an image's contrast that each part grows with; 0 for tables.
    """

    network: VAEEnsemble
    references: np.ndarray
    image_shape: tuple[int, int, int] | None = None
    exponents: np.ndarray = field(default_factory=lambda: np.zeros(2))

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
    ) -> tuple[TrimmedEnsemble, np.ndarray]:
        """Learn from standardised floats or pixels (n, d); returns the ensemble, and the parts (n, 2) of all the rows.

        places : rows that the networks are trained on.
        near : rows that references are drawn from, but for those that stand out, since anomalies often come in groups.
            None is its own neighbour.
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
        )
        errors = _errors(_in_doubles(network.eval()), every)
        usual = near[_is_usual(errors, every, places, near)]
        chosen = usual[torch.randperm(len(usual), generator=generator)[:MOST_REFERENCES].sort().values.numpy()]
        ensemble = cls(network, floats[chosen], image_shape)
        parts = np.column_stack([errors, ensemble._distances(every, ensemble._own(floats))])
        if image_shape is not None:
            contrast = _contrast(every)
            exponents = _exponents(parts[places], contrast[places])
            ensemble, parts = replace(ensemble, exponents=exponents), parts / contrast[:, None] ** exponents
        return ensemble, parts

    def parts(self, floats: np.ndarray) -> np.ndarray:
        """The error of the two members that do worst, the squared distance to the five nearest references: (n, 2).

        Both are means; the error is squared. A row that is a reference is not its own neighbour, so that rows of the
        fit are as strange when they come again.
        """
        x = seen(floats, self.image_shape)
        parts = np.column_stack([_errors(self._network, x), self._distances(x, self._own(floats))])
        return parts / _contrast(x)[:, None] ** self.exponents if self.exponents.any() else parts

    def expected(self, floats: np.ndarray, columns: np.ndarray, n_columns: int) -> tuple[np.ndarray, np.ndarray]:
        """What each column of floats (n, d) should be by the others, and how much of the strangeness is its own.

        The references nearest in all other columns say what to expect; a column's own share is what the squared
        distance to the nearest references falls by when it is left out: a row that is ordinary without one column is
        strange because of it.

        columns : (d,) the column of each float.

        Returns
        -------
        expected : ndarray of shape (n, d)
        far : ndarray of shape (n, n_columns)
            0 for columns without floats.
        """
        references, column_of = self._references, torch.from_numpy(columns)
        expected, far = np.empty(floats.shape, np.float32), np.empty((len(floats), n_columns))
        step = max(1, _CELLS // self.references.size)
        n_near = min(NEIGHBOURS, len(references))
        for start in range(0, len(floats), step):
            x = torch.from_numpy(seen(floats[start : start + step], self.image_shape))
            squares = (x[:, None] - references).square()
            by_column = squares
            if not np.array_equal(columns, np.arange(n_columns)):
                by_column = squares.new_zeros(*squares.shape[:2], n_columns).index_add_(2, column_of, squares)
            whole = by_column.sum(dim=2)
            nearest = torch.topk(whole, n_near, dim=1, largest=False).values.mean(dim=1)
            without = torch.topk(whole[:, :, None] - by_column, n_near, dim=1, largest=False)
            here = slice(start, start + len(x))
            far[here] = (nearest[:, None] - without.values.mean(dim=1)).clamp_min(0).numpy()
            near = torch.gather(references.expand(len(x), *references.shape), 1, without.indices[:, :, column_of])
            expected[here] = (near.mean(dim=1) if self.image_shape else torch.sinh(near.mean(dim=1))).numpy()
        return expected, far

    def units(self, spread: np.ndarray, floats: np.ndarray) -> np.ndarray:
        """Unit of each part (2,), from its spread (2,) over training rows (n, d); the distance counts a little less.

        Among repeated rows, most distances are 0 and a few rows have all the error, so the spread may be 0: no unit is
        below `LEAST_UNITS` times the part of a row that is replaced by the mean row.
        """
        x = seen(floats, self.image_shape)
        apart = np.square(x - x.mean(axis=0, dtype=np.float64)).sum(axis=1)[:, None]
        if self.exponents.any():
            apart = apart / _contrast(x)[:, None] ** self.exponents
        mean = apart.mean(axis=0)
        return np.maximum(spread, LEAST_UNITS * np.where(mean > 0, mean, 1.0)) / WEIGHTS

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parts."""
        return PARTS

    @property
    def models(self) -> tuple[Autoencoder, ...]:
        """No autoencoder of the user."""
        return ()

    def facts(self) -> dict[str, Any]:
        """JSON values to save: none."""
        return {}

    def card_note(self) -> str:
        """Say on the card of a saved detector that it contains rows of the fit."""
        return (
            f"\nIt holds {len(self.references):,} of the rows of the fit, scaled, since new rows are "
            "compared with them: share it only with whom you would share the data.\n"
        )

    @cached_property
    def _references(self) -> Tensor:
        return torch.from_numpy(seen(self.references, self.image_shape))

    @cached_property
    def _network(self) -> VAEEnsemble:
        return _in_doubles(self.network)

    @cached_property
    def _place_of(self) -> dict[bytes, int]:
        return {row.tobytes(): place for place, row in enumerate(self.references)}

    def _own(self, floats: np.ndarray) -> np.ndarray:
        """The place of each row (n, d) among the references, the last of equal ones; -1 where it is none: (n,)."""
        rows = np.ascontiguousarray(floats, dtype=self.references.dtype)
        return np.fromiter((self._place_of.get(row.tobytes(), -1) for row in rows), np.intp, len(rows))

    def _distances(self, x: np.ndarray, own: np.ndarray) -> np.ndarray:
        """The mean squared distance of seen rows (n, d) to the nearest references but for a row's own place (n,): (n,).

        A fast product says which are nearest. What it rounds off depends on the rows beside, and is all there is
        between equal rows, so the distances themselves are sums of squared differences.
        """
        references = self._references.double()
        squares = references.square().sum(dim=1)
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
        """Tensors to save."""
        state = {f"members.{name}": value for name, value in self.network.state_dict().items()}
        return {**state, "rows": torch.from_numpy(self.references), "exponents": torch.from_numpy(self.exponents)}

    @classmethod
    def restore(cls, tensors: dict[str, Tensor], image_shape: tuple[int, int, int] | None = None) -> TrimmedEnsemble:
        """The inverse of `tensors`; KeyError, ValueError or RuntimeError on nonsense."""
        references, exponents = tensors["rows"].numpy(), tensors["exponents"].numpy()
        state = {name.removeprefix("members."): t for name, t in tensors.items() if name.startswith("members.")}
        n_members, d, _ = state["encoder.0"].shape
        if references.ndim != 2 or references.shape[1] != d or not len(references):
            raise ValueError("the reference rows do not fit the members")
        if exponents.shape != (2,) or not np.isfinite(exponents).all():
            raise ValueError("there are not two exponents of the contrast")
        with torch.device("meta"):
            network = VAEEnsemble(n_members, d, HIDDEN_LAYER_SIZES, N_COMPONENTS, None)
        network.load_state_dict(state, assign=True)
        return cls(network.eval(), references, image_shape, exponents)


def _in_doubles(network: VAEEnsemble) -> VAEEnsemble:
    return deepcopy(network).double()


@torch.inference_mode()
def _errors(network: VAEEnsemble, x: np.ndarray) -> np.ndarray:
    """The mean squared error of each row (n, d) by the two members that do worst: (n,). What all rebuild is usual.

    What products round off depends on a row's place and the rows beside it. In doubles and blocks of one size it is
    lost when the error is rounded to single precision, so that equal rows have equal errors.
    """
    errors = np.empty(len(x), np.float32)
    block = torch.zeros(_BLOCK, x.shape[1], dtype=torch.float64)
    for start in range(0, len(x), _BLOCK):
        size = min(_BLOCK, len(x) - start)
        block[:size] = torch.from_numpy(x[start : start + size])
        block[size:] = 0
        each = (network.reconstruct(block) - block).square().sum(dim=2)
        worst = torch.topk(each, min(WORST, len(each)), dim=0).values
        errors[start : start + size] = worst.mean(dim=0)[:size].numpy()
    return errors.astype(np.float64)


def _is_usual(errors: np.ndarray, x: np.ndarray, places: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Which of the rows `near` of x (n, d) do not stand out by their errors (n,), measured by those at `places`.

    At least half. A row that comes again and again, within little, is usual whatever its error: the networks leave out
    the worst fifth, and what makes up a tenth of a log may never have been learned.
    """
    middle, upper = np.quantile(errors[places], [0.5, 0.75])
    bound = max(middle + STANDS_OUT * (upper - middle + 1e-9), float(np.median(errors[near])))
    usual = errors[near] <= bound
    usual[~usual] = _come_again(x[near[~usual]], x[near])
    return usual


def _come_again(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which rows (n, d) have at least a share `COMMON` of the others, and more than `NEIGHBOURS`, `ALIKE` to them."""
    if len(others) > MOST_REFERENCES:
        others = others[np.random.default_rng(0).choice(len(others), MOST_REFERENCES, replace=False)]
    enough = max(COMMON * len(others), NEIGHBOURS + 1)
    against = torch.from_numpy(others).double()
    found = [
        (torch.cdist(torch.from_numpy(rows[i : i + _CHUNK]).double(), against).square() <= ALIKE).sum(dim=1) >= enough
        for i in range(0, len(rows), _CHUNK)
    ]
    return torch.cat(found).numpy() if found else np.zeros(0, bool)


def seen(floats: np.ndarray, image_shape: tuple[int, int, int] | None = None) -> np.ndarray:
    """Encoded rows (n, d) as the networks and the distance see them.

    Of a table, asinh: the identity near 0, a logarithm far out, so that one wild value does not rule a row. Of images,
    a blur of one pixel in 28.
    """
    floats = floats.astype(np.float32)
    if image_shape is None:
        return np.arcsinh(floats)
    from scipy.ndimage import gaussian_filter

    height, width, _ = image_shape
    sigma = min(height, width) / _SHARP
    return gaussian_filter(floats.reshape(-1, *image_shape), (0, sigma, sigma, 0)).reshape(floats.shape)


def _contrast(x: np.ndarray) -> np.ndarray:
    """How much there is to get wrong in each image (n, d): the squares of its deviations from its own median, (n,)."""
    squares = np.square(x - np.median(x, axis=1, keepdims=True), dtype=np.float64).sum(axis=1)
    return np.maximum(squares, 1e-3 * np.median(squares) + 1e-12)


def _exponents(parts: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    """The slope of the logarithm of each part (n, p) over that of the contrast (n,): (p,), between 0 and 1."""
    over = np.log(contrast)
    over -= over.mean()
    spread = np.square(over).sum()
    if not spread > 1e-9:
        return np.zeros(parts.shape[1])
    return np.clip(over @ np.log(parts + 1e-12) / spread, 0, 1)
