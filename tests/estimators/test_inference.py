import functools
import tracemalloc

import numpy as np
import pytest
import torch
from torch.nn import functional

from narrows import Autoencoder
from narrows.errors import DataRangeError, MissingValuesError


def fitted(X: np.ndarray, **others) -> Autoencoder:
    given = {"hidden_layer_sizes": (8,), "n_components": 2, "epochs": 1, "random_state": 0}
    return Autoencoder(**(given | others)).fit(X)


def test_scoring_takes_no_more_memory_for_more_rows():
    X = np.random.default_rng(0).random((300_000, 20), dtype=np.float32)
    model = fitted(X[:500])
    peaks = []
    for n in (100_000, 300_000):
        tracemalloc.start()
        errors = model.reconstruction_error(X[:n])
        peaks.append(tracemalloc.get_traced_memory()[1] - errors.nbytes)
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]
    assert peaks[1] < X.nbytes / 2


@functools.cache
def products_ignore_the_place_of_a_row() -> bool:
    """Some processors round the last rows of a block in another way, whoever asks: here torch alone."""
    generator = torch.Generator().manual_seed(0)
    for inputs, outputs in ((5, 8), (8, 2)):
        x, weight, bias = (
            torch.rand(*size, generator=generator) for size in ((64, inputs), (outputs, inputs), (outputs,))
        )
        every = functional.linear(x, weight, bias)
        for i in range(64):
            alone = torch.cat([x[i : i + 1], torch.zeros(63, inputs)])
            if not torch.equal(functional.linear(alone, weight, bias)[0], every[i]):
                return False
    return True


@pytest.mark.parametrize("n", [1, 63, 64, 65, 8191, 8192, 8193, 20_000])
def test_every_row_has_the_answer_it_has_alone(n):
    X = np.random.default_rng(0).random((20_000, 5), dtype=np.float32)
    model = fitted(X[:500])
    codes = model.transform(X[:n])
    for row in {0, n // 2, n - 1}:
        alone = model.transform(X[row : row + 1])[0]
        if products_ignore_the_place_of_a_row():
            assert np.array_equal(alone, codes[row])
        else:
            np.testing.assert_allclose(alone, codes[row], rtol=1e-6, atol=3e-7)


def test_the_input_is_not_written_to():
    X = np.random.default_rng(0).random((100, 5), dtype=np.float32)
    model, before = fitted(X), X.copy()
    X.flags.writeable = False
    model.reconstruct(X)
    assert np.array_equal(X, before)


def test_a_refused_cell_is_named_by_its_row_in_the_whole_set():
    X = np.random.default_rng(0).random((20_000, 5), dtype=np.float32)
    model = fitted(X[:500], loss="bce", missing="error")
    X[15_000, 3] = 1.5
    with pytest.raises(DataRangeError, match=r"row 15000 .* column 'x3'"):
        model.reconstruction_error(X)
    X[15_000, 3] = np.nan
    with pytest.raises(MissingValuesError, match=r"row 15000 "):
        model.transform(X)
