"""The same fit gives the same model, whatever surrounds it."""

import numpy as np
import torch

from narrows import Autoencoder
from tests.estimators.quick_fits import DIGITS, IRIS, quick


def test_the_same_seed_gives_the_same_model_to_the_bit_whatever_the_global_seeds_are():
    np.random.seed(1)
    torch.manual_seed(1)
    numpy_state, torch_state = np.random.get_state()[1].copy(), torch.get_rng_state()
    first = quick().fit(IRIS)
    assert np.array_equal(np.random.get_state()[1], numpy_state)
    assert torch.equal(torch.get_rng_state(), torch_state)
    torch.manual_seed(2)
    second = quick().fit(IRIS)
    assert np.array_equal(first.transform(IRIS), second.transform(IRIS))
    assert np.array_equal(first.fit(IRIS).transform(IRIS), second.transform(IRIS))
    assert [e.loss for e in first.history_] == [e.loss for e in second.history_]


def test_without_a_seed_fits_differ_and_the_drawn_seed_repeats_one():
    model = quick(random_state=None).fit(IRIS)
    codes, seed = model.transform(IRIS), model.seed_
    assert not np.array_equal(model.fit(IRIS).transform(IRIS), codes)
    assert np.array_equal(quick(random_state=seed).fit(IRIS).transform(IRIS), codes)


def test_the_order_of_the_rows_does_not_change_the_model():
    shuffled = DIGITS[np.random.default_rng(0).permutation(len(DIGITS))]
    a, b = quick(epochs=1).fit(DIGITS), quick(epochs=1).fit(shuffled)
    assert np.array_equal(a.transform(DIGITS[:9]), b.transform(DIGITS[:9]))


def test_a_row_has_the_same_code_to_the_bit_alone_and_among_others():
    model = Autoencoder(n_components=8, epochs=2, random_state=0).fit(DIGITS)
    together = model.transform(DIGITS)
    for n in (1, 2, 17, 300):
        assert np.array_equal(model.transform(DIGITS[:n]), together[:n])


def test_the_order_of_rows_that_are_standardised_does_not_change_the_model():
    X = 40 + 10 * np.random.default_rng(0).normal(size=(20_000, 4))
    shuffled = X[np.random.default_rng(1).permutation(len(X))]
    a, b = (quick(epochs=1).fit(data).transform(X[:50]) for data in (X, shuffled))
    assert np.array_equal(a, b)


def test_a_batch_far_larger_than_the_rows_is_as_large_as_they_are():
    model, whole = quick(batch_size=10**9).fit(IRIS), quick(batch_size=len(IRIS)).fit(IRIS)
    assert np.array_equal(model.transform(IRIS), whole.transform(IRIS))
