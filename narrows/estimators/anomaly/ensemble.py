"""The default of the detector: small trimmed variational autoencoders, and the distance to the nearest training rows.

Each sees what the other misses. Many strong networks learn the anomalies among their training rows; few weak ones that
leave out the worst fifth of every batch do not, but are blind to what lies off the data within their narrow view, which
the distance sees. Chosen by measurement on 22 sets, one setting for all of them; see docs/anomalies.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from narrows.model import StackedVariational
from narrows.training import train_trimmed

HIDDEN_LAYER_SIZES, N_COMPONENTS = (64, 32), 2
STEPS, BATCH_SIZE, LEARNING_RATE, BETA = 400, 256, 3e-3, 4.0
MOST_REFERENCES = 4000
NEIGHBOUR = 3
_CHUNK = 2048

PARTS = ("reconstruction", "distance")


@dataclass(frozen=True, eq=False)
class TrimmedEnsemble:
    """Fitted members and reference rows.

    Parameters
    ----------
    network : StackedVariational
    references : ndarray of shape (m, d)
        Training rows, as the networks see them.
    """

    network: StackedVariational
    references: np.ndarray

    @classmethod
    def fit(
        cls, floats: np.ndarray, places: np.ndarray, *, near: np.ndarray, n_members: int, trim: float, seed: int
    ) -> tuple[TrimmedEnsemble, np.ndarray]:
        """Learn from standardised floats (n, d); returns the ensemble, and the parts (n, 2) of all the rows.

        places : rows that the networks are trained on.
        near : rows that references are drawn from. None of them is its own neighbour.
        """
        squeezed_floats = squeezed(floats)
        x = torch.from_numpy(squeezed_floats[places])
        generator = torch.Generator().manual_seed(seed)
        network = StackedVariational(n_members, x.shape[1], HIDDEN_LAYER_SIZES, N_COMPONENTS, generator)
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
        chosen = near[torch.randperm(len(near), generator=generator)[:MOST_REFERENCES].sort().values.numpy()]
        ensemble = cls(network.eval(), squeezed_floats[chosen])
        own = np.full(len(floats), -1)
        own[chosen] = np.arange(len(chosen))
        return ensemble, ensemble.parts(floats, own=own)

    def parts(self, floats: np.ndarray, *, own: np.ndarray | None = None) -> np.ndarray:
        """Squared error, a mean over members, and distance to the third nearest reference: (n, 2).

        own : (n,) each row's place among the references, which is then left out of its neighbours; -1 for none.
        """
        parts = np.empty((len(floats), 2))
        for start in range(0, len(floats), _CHUNK):
            x = torch.from_numpy(squeezed(floats[start : start + _CHUNK]))
            parts[start : start + len(x), 0] = (self._rebuilt(x) - x).square().sum(dim=2).mean(dim=0).numpy()
            distances, _ = self._neighbours(x, None if own is None else own[start : start + len(x)])
            parts[start : start + len(x), 1] = distances[:, -1].numpy()
        return parts

    def expected(self, floats: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What either part expects instead of floats (n, d), and how far each float is from it: (2, n, d) both.

        The members' mean reconstruction, and the mean of the nearest references; squared distances on the scale that
        the members see.
        """
        expected, far = np.empty((2, *floats.shape), np.float32), np.empty((2, *floats.shape), np.float32)
        for start in range(0, len(floats), _CHUNK):
            x = torch.from_numpy(squeezed(floats[start : start + _CHUNK]))
            rebuilt = self._rebuilt(x)
            _, places = self._neighbours(x, None)
            near = torch.from_numpy(self.references)[places].mean(dim=1)
            here = slice(start, start + len(x))
            far[0, here] = (rebuilt - x).square().mean(dim=0).numpy()
            far[1, here] = (near - x).square().numpy()
            expected[0, here] = torch.sinh(rebuilt.mean(dim=0)).numpy()
            expected[1, here] = torch.sinh(near).numpy()
        return expected, far

    @torch.inference_mode()
    def _rebuilt(self, x: Tensor) -> Tensor:
        return self.network.reconstruct(x)

    def _neighbours(self, x: Tensor, own: np.ndarray | None) -> tuple[Tensor, Tensor]:
        distances = torch.cdist(x, torch.from_numpy(self.references))
        if own is not None:
            rows = np.flatnonzero(own >= 0)
            distances[torch.from_numpy(rows), torch.from_numpy(own[rows])] = torch.inf
        n = max(1, min(NEIGHBOUR, len(self.references) - (own is not None)))
        nearest = torch.topk(distances, n, dim=1, largest=False)
        return nearest.values, nearest.indices

    def tensors(self) -> dict[str, Tensor]:
        """What is saved."""
        state = {f"members.{name}": value for name, value in self.network.state_dict().items()}
        return {**state, "references": torch.from_numpy(self.references)}

    @classmethod
    def restore(cls, tensors: dict[str, Tensor]) -> TrimmedEnsemble:
        """The inverse of `tensors`; KeyError, ValueError or RuntimeError on nonsense."""
        references = tensors["references"].numpy()
        state = {name.removeprefix("members."): t for name, t in tensors.items() if name.startswith("members.")}
        n_members, d, _ = state["encoder.0"].shape
        if references.ndim != 2 or references.shape[1] != d or not len(references):
            raise ValueError("the reference rows do not fit the members")
        with torch.device("meta"):
            network = StackedVariational(n_members, d, HIDDEN_LAYER_SIZES, N_COMPONENTS, None)
        network.load_state_dict(state, assign=True)
        return cls(network.eval(), references)


def squeezed(floats: np.ndarray) -> np.ndarray:
    """asinh: the identity near 0, a logarithm far out, so that one wild value does not rule a row."""
    return np.arcsinh(floats.astype(np.float32))
