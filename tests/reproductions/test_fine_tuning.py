from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from narrows.reproductions import Progress
from narrows.reproductions.fine_tuning import classifier, fine_tune, percent_wrong
from narrows.reproductions.greedy import encoder_layer, greedy, sigmoid_layer

DIGITS = load_digits()
X = (DIGITS.data / 16).astype(np.float32)
Y = DIGITS.target


def ended(records):
    """What a generator returns, and what it yielded."""
    yielded = []
    while True:
        try:
            yielded.append(next(records))
        except StopIteration as end:
            return end.value, yielded


def test_layers_are_learned_each_from_the_codes_of_the_one_below():
    def make(n_units):
        return sigmoid_layer(n_units, epochs=2, random_state=0)

    (layers, seconds), records = ended(greedy(make, (20, 10), X, "digits"))
    below = make(20).fit(X)
    above = make(10).fit(below.transform(X))
    assert seconds > 0
    assert all(isinstance(record, Progress) for record in records)
    for layer, model in zip(layers, (below, above), strict=True):
        assert torch.equal(layer.weight, encoder_layer(model).weight)
        assert torch.equal(layer.bias, encoder_layer(model).bias)


def test_a_classifier_begins_as_the_encoder_and_leaves_it_alone():
    model = sigmoid_layer(20, epochs=2, random_state=0).fit(X)
    network = classifier([encoder_layer(model)], 10, torch.Generator().manual_seed(0))
    h = torch.sigmoid(network.linears[0](torch.from_numpy(X)))
    np.testing.assert_allclose(h.detach().numpy(), model.transform(X), atol=1e-6)
    before = encoder_layer(model).weight.clone()
    ended(fine_tune(network, X, Y, epochs=1, generator=torch.Generator().manual_seed(0), title="digits"))
    assert torch.equal(encoder_layer(model).weight, before)
    assert not torch.equal(network.linears[0].weight, before)


def test_labels_are_learned_and_errors_counted():
    network = classifier(
        [encoder_layer(sigmoid_layer(40, epochs=2, random_state=0).fit(X))], 10, torch.Generator().manual_seed(0)
    )
    guessing = percent_wrong(network, X[1000:], Y[1000:])
    generator = torch.Generator().manual_seed(0)
    _, records = ended(fine_tune(network, X[:1000], Y[:1000], epochs=60, generator=generator, title="t", rate=1e-2))
    assert percent_wrong(network, X[1000:], Y[1000:]) < 12 < guessing
    assert [r.done for r in records] == list(range(1, 61))
    answers = network(torch.from_numpy(X[1000:])).argmax(1).numpy()
    assert percent_wrong(network, X[1000:], answers) == 0
    assert percent_wrong(network, X[1000:], np.where(np.arange(797) < 797 // 2, answers, -1)) == pytest.approx(
        100 * 399 / 797
    )
