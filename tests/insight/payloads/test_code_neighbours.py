from __future__ import annotations

import numpy as np

import narrows
from narrows import Autoencoder
from narrows.data import as_rows
from narrows.insight.payloads import code_neighbours

DIGITS = narrows.read("digits")


def test_the_accuracy_is_that_of_ten_neighbours_among_the_training_rows() -> None:
    model = Autoencoder(n_components=2, epochs=4, random_state=0, device="cpu").fit(DIGITS)
    about = code_neighbours(model, DIGITS).about
    held_out = model.validation_rows_
    seen = np.setdiff1d(np.arange(len(DIGITS)), held_out)
    z, labels = model.transform(DIGITS), np.asarray(DIGITS.labels)
    right = 0
    for row in held_out:
        nearest = seen[np.argsort(((z[seen] - z[row]) ** 2).sum(axis=1), kind="stable")[:10]]
        names, counts = np.unique(labels[nearest].astype(str), return_counts=True)
        right += names[counts.argmax()] == str(labels[row])
    assert about["held_out"]
    assert about["n"] == len(held_out)
    assert abs(about["accuracy"] - right / len(held_out)) < 0.02  # rows with equal distances may differ
    assert about["chance"] < 0.2 < about["accuracy"]


def test_without_classes_nothing_is_measured() -> None:
    model = Autoencoder(n_components=2, epochs=1, random_state=0, device="cpu").fit(DIGITS.block())
    assert code_neighbours(model, as_rows(DIGITS.block())).about["accuracy"] is None
