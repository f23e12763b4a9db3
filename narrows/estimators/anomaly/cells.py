"""How surprising each cell of a row is, given its other cells: a masked autoencoder over codes of cells.

A column of levels has a code for each level, a column of numbers one for each of up to 32 intervals with about equally
many training rows, and both one for missing cells. `CellNetwork` predicts the code of a hidden cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from narrows.data import Schema
from narrows.estimators.anomaly.weights import of
from narrows.estimators.saving import saved_values
from narrows.model import CellNetwork
from narrows.training import train_masked

MOST_CODES, FEWEST_CODES, MOST_CODES_IN_ALL = 32, 8, 640
FEW_ROWS = 10_000
SMALL = {"n_hidden": 64, "batch_size": 128}
LARGE = {"n_hidden": 128, "batch_size": 256}
"""Settings with fewer than `FEW_ROWS` rows, and with more."""
FEWEST_STEPS, MOST_STEPS, ROWS_PER_STEP = 150, 1500, 10
_PARTS, _FEWER_PARTS, _ROWS_FOR_FEWER = 10, 2, 1000
"""Parts in which unseen rows are predicted, and from how many rows on there are fewer."""
LEARNING_RATE, HIDDEN_SHARE = 3e-3, 0.3
_CHUNK = 1 << 13  # cells


@dataclass(frozen=True)
class CellFloats:
    """The floats of one column.

    Parameters
    ----------
    column : int
    first : int
        Its first float: the number, or that of the first level.
    n_levels : int
        Number of floats of levels; 0 for a number.
    masks : tuple of int
        Floats that are 1 where the number does not count: the cell is missing, or has the column's common value.
    is_number : bool
        Whether the first float alone says what the number is; not so for dates.
    """

    column: int
    first: int
    n_levels: int
    masks: tuple[int, ...]
    is_number: bool


def cell_floats(schema: Schema) -> list[CellFloats]:
    """Return the floats of each learned column of a table."""
    first: dict[int, tuple[int, int, bool]] = {}
    masks: dict[int, list[int]] = {}
    for kind, place in schema.float_slices():
        columns = kind.float_columns.tolist()
        if kind.loss == "softmax":
            first[columns[0]] = (place.start, len(columns), False)
        elif kind.name in ("gaps", "common"):
            for i, column in enumerate(columns):
                masks.setdefault(column, []).append(place.start + i)
        else:
            for i in reversed(range(len(columns))):  # a date has several floats, the first is its trend
                first[columns[i]] = (place.start + i, 0, columns.count(columns[i]) == 1)
    return [CellFloats(j, *first[j][:2], tuple(masks.get(j, ())), first[j][2]) for j in sorted(first)]


@dataclass(frozen=True, eq=False)
class CellCodes:
    """Codes of the cells of encoded rows.

    Parameters
    ----------
    cells : list of CellFloats
    edges : list of ndarray
        Inner edges of the intervals of each number, rising; empty for levels.
    centres : list of ndarray
        Median float of the training rows in each interval; empty for levels.
    """

    cells: list[CellFloats]
    edges: list[np.ndarray]
    centres: list[np.ndarray]

    @classmethod
    def learn(cls, cells: list[CellFloats], floats: np.ndarray) -> CellCodes:
        """Learn the intervals from encoded training rows (n, d)."""
        most = int(np.clip(MOST_CODES_IN_ALL // max(1, len(cells)), FEWEST_CODES, MOST_CODES))
        edges, centres = [], []
        for cell in cells:
            values = np.zeros(0, np.float32)
            if not cell.n_levels:
                values = floats[~_is_masked(cell, floats).any(axis=1), cell.first]
            edges.append(_edges(values, most))
            place = np.searchsorted(edges[-1], values)
            centres.append(
                np.array([np.median(values[place == k]) for k in range(len(edges[-1]) + 1)], np.float32)
                if len(values)
                else np.zeros(0, np.float32)
            )
        return cls(cells, edges, centres)

    @property
    def sizes(self) -> list[int]:
        """Number of codes of each column: the levels or intervals, and one for each way to be absent."""
        return [
            (cell.n_levels or len(edges) + 1) + (1 if cell.n_levels else len(cell.masks))
            for cell, edges in zip(self.cells, self.edges, strict=True)
        ]

    def encode(self, floats: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the codes (n, c) of encoded rows (n, d), counted within each column, and their numbers (n, c).

        An unknown level has the code of a missing one.
        """
        codes = np.empty((len(floats), len(self.cells)), np.int64)
        numbers = np.zeros(codes.shape, np.float32)
        for j, (cell, edges) in enumerate(zip(self.cells, self.edges, strict=True)):
            if cell.n_levels:
                levels = floats[:, cell.first : cell.first + cell.n_levels]
                codes[:, j] = np.where(levels.max(axis=1) > 0.5, levels.argmax(axis=1), cell.n_levels)
                continue
            codes[:, j] = np.searchsorted(edges, floats[:, cell.first])
            numbers[:, j] = np.arcsinh(floats[:, cell.first])
            for k, is_masked in reversed(list(enumerate(_is_masked(cell, floats).T if cell.masks else ()))):
                codes[is_masked, j], numbers[is_masked, j] = len(edges) + 1 + k, 0
        return codes, numbers

    def decode_into(self, floats: np.ndarray, codes: np.ndarray) -> None:
        """Write codes (n, c) into encoded rows (n, d), in place; dates stay as they are."""
        for j, (cell, centres) in enumerate(zip(self.cells, self.centres, strict=True)):
            code = codes[:, j]
            if cell.n_levels:
                levels = np.arange(cell.n_levels)
                floats[:, cell.first : cell.first + cell.n_levels] = code[:, None] == levels
            elif cell.is_number and len(centres):
                is_number = code < len(centres)
                floats[is_number, cell.first] = centres[code[is_number]]
                for k, mask in enumerate(cell.masks):
                    floats[:, mask] = code == len(centres) + k

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the learned numbers, those of all columns one after another."""
        lengths = np.array([len(edges) for edges in self.edges], np.int64)
        return {
            "edges": np.concatenate([*self.edges, np.zeros(0)]),
            "n_edges": lengths,
            "centres": np.concatenate([*self.centres, np.zeros(0, np.float32)]),
            "n_centres": np.array([len(centres) for centres in self.centres], np.int64),
        }

    @classmethod
    def restore(cls, cells: list[CellFloats], tensors: dict[str, Tensor]) -> CellCodes:
        """Return the codes of saved `arrays`; KeyError or ValueError if they contradict themselves."""
        found = []
        for name in ("edges", "centres"):
            lengths = saved_values.array(tensors, f"n_{name}", "int", (len(cells),))
            values = saved_values.array(tensors, name, "float", (None,))
            if (lengths < 0).any() or lengths.sum() != len(values):
                raise ValueError("the codes of the cells do not fit the schema")
            found.append(np.split(values, np.cumsum(lengths)[:-1]))
        return cls(cells, *found)


@dataclass(frozen=True, eq=False)
class CellSurprise:
    """-log p of each cell, given the other cells of its row.

    Parameters
    ----------
    codes : CellCodes
    network : CellNetwork
    """

    codes: CellCodes
    network: CellNetwork

    @classmethod
    def fit(cls, schema: Schema, floats: np.ndarray, *, seed: int, weight: np.ndarray | None = None) -> CellSurprise:
        """Fit to encoded training rows (n, d), of weights (n,) with mean 1."""
        codes = CellCodes.learn(cell_floats(schema), floats)
        settings = dict(SMALL if len(floats) < FEW_ROWS else LARGE)
        generator = torch.Generator().manual_seed(seed)
        network = CellNetwork(codes.sizes, settings.pop("n_hidden"), generator)
        of_rows, numbers = codes.encode(floats)
        counted = of_rows + np.array(network.starts)
        of_cells = None if weight is None else np.repeat(weight, counted.shape[1])
        counts = np.bincount(counted.ravel(), of_cells, minlength=sum(network.sizes))
        with torch.no_grad():
            network.output_bias.copy_(torch.from_numpy(np.log((counts + 0.5) / len(floats))))
        train_masked(
            network,
            torch.from_numpy(counted),
            torch.from_numpy(numbers),
            **settings,
            steps=int(np.clip(len(floats) // ROWS_PER_STEP, FEWEST_STEPS, MOST_STEPS)),
            learning_rate=LEARNING_RATE,
            hidden_share=HIDDEN_SHARE,
            generator=generator,
            weight=None if weight is None else torch.from_numpy(weight),
        )
        return cls(codes, network.eval())

    def surprise(self, floats: np.ndarray) -> np.ndarray:
        """Return -log p of each cell of encoded rows (n, d): (n, c), each row for itself to the bit."""
        return self._predicted(floats)[0]

    def expected(self, floats: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the most probable code of each cell (n, c), and how much less probable its own is, in nats (n, c)."""
        surprise, codes, least = self._predicted(floats)
        return codes, surprise - least

    @cached_property
    def _network(self) -> CellNetwork:
        from copy import deepcopy

        return deepcopy(self.network).double()

    @torch.inference_mode()
    def _predicted(self, floats: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return -log p of each cell, the most probable code, and its -log p: (n, c) each.

        Products are in float64 and the results are rounded to float32, so that other rows do not show in them.
        """
        codes, numbers = self.codes.encode(floats)
        counted = torch.from_numpy(codes + np.array(self.network.starts))
        surprise, least = np.empty(codes.shape, np.float32), np.empty(codes.shape, np.float32)
        best = np.empty(codes.shape, np.int64)
        step = max(1, _CHUNK // max(1, codes.shape[1]))
        for start in range(0, len(codes), step):
            here = slice(start, min(start + step, len(codes)))
            values = torch.from_numpy(numbers[here]).double()
            for columns, log_p in self._network.alone_by_size(counted[here], values):
                of_columns = log_p.numpy().transpose(1, 0, 2)  # (n, k, size)
                found = of_columns.argmax(axis=2)
                best[here, columns] = found
                least[here, columns] = -_at(of_columns, found)
                surprise[here, columns] = -_at(of_columns, codes[here][:, columns])
        return surprise.astype(np.float64), best, least.astype(np.float64)

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors to save."""
        state = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        return state | {name: torch.from_numpy(array) for name, array in self.codes.arrays().items()}

    @classmethod
    def restore(cls, schema: Schema, tensors: dict[str, Tensor]) -> CellSurprise:
        """Return the inverse of `tensors`; KeyError, ValueError or RuntimeError if they are invalid."""
        state = {name.removeprefix("network."): t for name, t in tensors.items() if name.startswith("network.")}
        codes = CellCodes.restore(cell_floats(schema), tensors)
        with torch.device("meta"):
            network = CellNetwork(codes.sizes, len(state["bias"]), None)
        saved_values.check_weights(state, network)
        network.load_state_dict(state, assign=True)
        return cls(codes, network.eval())


def unseen_surprise(schema: Schema, floats: np.ndarray, seed: int, weight: np.ndarray | None = None) -> np.ndarray:
    """Return -log p of the cells of few training rows (n, d), by a network that was not trained on them: (n, c).

    Few rows, see `are_few`, are partly memorised, so each part is predicted by a network of the other parts. There are
    ten parts of fewer than 1,000 rows, whose threshold is set by these: networks of half of the rows predict worse.
    """
    n_parts = min(_PARTS if len(floats) < _ROWS_FOR_FEWER else _FEWER_PARTS, len(floats))
    order = np.random.default_rng([seed, 4]).permutation(len(floats))
    found = np.empty((len(floats), len(cell_floats(schema))))
    for i in range(n_parts):
        own = order[i::n_parts]
        others = np.setdiff1d(order, own)
        of_others = CellSurprise.fit(schema, floats[others], seed=seed, weight=of(weight, others))
        found[own] = of_others.surprise(floats[own])
    return found


def are_few(n_rows: int) -> bool:
    """Return whether the training rows are so few that networks partly memorise them, yet enough to split in half."""
    return 4 <= n_rows < FEW_ROWS


def _at(log_p: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return log p (n, k) of these codes (n, k) of log p (n, k, size) of all codes."""
    return np.take_along_axis(log_p, codes[:, :, None], axis=2)[:, :, 0]


def _is_masked(cell: CellFloats, floats: np.ndarray) -> np.ndarray:
    return floats[:, list(cell.masks)] > 0.5


def _edges(values: np.ndarray, most: int) -> np.ndarray:
    """Return the inner edges of at most `most` intervals of about equally many values; equal values share one."""
    different = np.unique(values)
    if len(different) <= most:
        lower = different[:-1]
    else:
        lower = np.unique(np.quantile(values, np.arange(1, most) / most, method="inverted_cdf"))
        lower = lower[lower < different[-1]]
    upper = different[np.searchsorted(different, lower, side="right")]
    return (lower.astype(np.float64) + upper) / 2
