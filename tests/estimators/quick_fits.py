"""Iris, the digits, and an autoencoder that is fitted in three epochs."""

from sklearn.datasets import load_digits, load_iris

from narrows import Autoencoder

IRIS = load_iris().data
DIGITS = load_digits().images / 16


def quick(**others) -> Autoencoder:
    return Autoencoder(**({"n_components": 2, "epochs": 3, "random_state": 0} | others))
