"""Newswire stories through 2000-500-250-125-10 (Fig. 4): precision of retrieval by the codes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from torch import Tensor
from torch.nn.functional import log_softmax, softmax

from narrows.errors import DataError, DataNotFoundError
from narrows.estimators import Autoencoder
from narrows.model import Likelihood
from narrows.reproductions.experiment import Experiment, Record, Result, Setup
from narrows.reproductions.hinton2006 import figures
from narrows.reproductions.paper_data import TrainTest
from narrows.reproductions.timed_fit import fit_with_progress

SIZES = (500, 250, 125, 10)
HOW_TO_GET_REUTERS = (
    "an NPZ file with `counts` (n, 2000), the counts of the 2000 commonest word stems in each story, and `labels` "
    "(n,), the class of each story as a number; the RCV1-v2 token files of Lewis et al. 2004 contain the words"
)
RETRIEVED = np.array([1, 3, 7, 15, 31, 63, 127, 255, 511, 1023])
_TASK, _AT = "Reuters, 10 numbers", 15
_UNIT = f"% of the class among {_AT} retrieved"
_QUERIES = 2000


@dataclass(eq=False, repr=False)
class Multinomial(Likelihood):
    """-p log softmax(output) in nats per hundred words, for rows of words per hundred."""

    name: ClassVar[str] = "multinomial"
    unit: ClassVar[str] = "nats per hundred words"
    is_density: ClassVar[bool] = True

    def loss(self, output: Tensor, x: Tensor) -> Tensor:
        return -x * log_softmax(output, dim=1)

    def mean(self, output: Tensor) -> Tensor:
        return softmax(output, dim=1)


def _run(setup: Setup) -> Iterator[Record]:
    if "reuters" not in setup.paths:
        yield Result(_TASK, "all", None, _UNIT, None, "Fig. 4", note=f"not run; --reuters PATH: {HOW_TO_GET_REUTERS}")
        return
    data = read_documents(setup.paths["reuters"], setup.rows(804_414, quick=10_000), setup.seed)
    assert data.test_labels is not None
    at = RETRIEVED[len(data.test) > RETRIEVED]
    curves = {}
    for n in (10, 50):
        curves[f"LSA, {n} numbers"] = retrieval(_lsa(data, n), data.test_labels, at, setup.seed)
    model = Autoencoder(
        n_components=SIZES[-1],
        hidden_layer_sizes=SIZES[:-1],
        loss=Multinomial(),
        linear_path="off",
        scale="none",
        output_activation="linear",
        batch_size=min(512, len(data.train)),
        epochs=setup.epochs(50, quick=20),
        validation_fraction=0,
        early_stopping=False,
        random_state=setup.seed,
    )
    seconds = yield from fit_with_progress(model, data.train, f"{_TASK}, Muon from random weights")
    method = "autoencoder, 10 numbers"
    curves[method] = retrieval(model.transform(data.test), data.test_labels, at, setup.seed)
    i = int(np.abs(at - _AT).argmin())
    for name, curve in curves.items():
        took, note = (seconds, "Muon from random weights") if name == method else (None, "")
        yield Result(_TASK, name, 100 * float(curve[i]), _UNIT, None, "Fig. 4 is a picture", took, note)
    yield figures.precision_curves("reuters-10", "Reuters: precision of retrieval", curves, at)


def read_documents(path: Path, n: int, seed: int) -> TrainTest:
    """Return words per hundred (n, words) and labels of `n` random stories of a file, half of them as the test set.

    Raises DataNotFoundError if there is no file, DataError if it cannot be used.
    """
    if not path.is_file():
        raise DataNotFoundError(f"There is no file {path}; --reuters takes {HOW_TO_GET_REUTERS}.")
    try:
        with np.load(path) as file:
            counts, labels = np.asarray(file["counts"], np.float32), file["labels"]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path} cannot be used ({error}); --reuters takes {HOW_TO_GET_REUTERS}.") from error
    if counts.ndim != 2 or labels.shape != counts.shape[:1] or len(counts) < 4 or not (counts >= 0).all():
        raise DataError(f"{path} has no counts with one label per story; --reuters takes {HOW_TO_GET_REUTERS}.")
    chosen = np.random.default_rng(seed).permutation(np.flatnonzero(counts.any(axis=1)))[:n]
    shares, labels = 100 * counts[chosen] / counts[chosen].sum(axis=1, keepdims=True), labels[chosen]
    half = len(chosen) // 2
    return TrainTest(shares[:half], shares[half:], labels[:half], labels[half:])


def _lsa(data: TrainTest, n_components: int) -> np.ndarray:
    """Return the codes of latent semantic analysis as in the paper: PCA of log(1 + count), here per thousand words."""
    from sklearn.decomposition import PCA

    train, test = (np.log1p(10 * part) for part in (data.train, data.test))
    return PCA(min(n_components, *train.shape), random_state=0).fit(train).transform(test)


def retrieval(codes: np.ndarray, labels: np.ndarray, at: np.ndarray, seed: int) -> np.ndarray:
    """Return the precision at each of `at` retrieved documents, ranked by the cosine similarity of codes.

    Codes (n, k), labels (n,), at (m,) -> (m,), the mean over queries: all documents, or a random 2000.
    """
    n = len(codes)
    queries = np.arange(n) if n <= _QUERIES else np.random.default_rng(seed).choice(n, _QUERIES, replace=False)
    z = codes / np.maximum(np.linalg.norm(codes, axis=1, keepdims=True), 1e-12)
    total = np.zeros(len(at))
    for part in np.array_split(queries, max(1, len(queries) // 200)):
        nearness = z[part] @ z.T
        nearness[np.arange(len(part)), part] = -np.inf
        most = int(at.max())
        order = np.argsort(-nearness, axis=1, kind="stable")[:, :most]
        hits = np.cumsum(labels[order] == labels[part, None], axis=1)
        total += (hits[:, at - 1] / at).sum(axis=0)
    return total / len(queries)


DOCUMENTS = Experiment("documents", "Reuters stories through 2000-500-250-125-10", _run)
