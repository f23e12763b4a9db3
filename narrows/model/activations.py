"""The activations a network may use, and how widely weights in front of each are drawn."""

from __future__ import annotations

from typing import Literal, get_args

from torch import nn

from narrows.errors import SettingError

ActivationName = Literal["relu", "gelu", "silu", "elu", "tanh", "sigmoid", "linear"]
ACTIVATIONS: tuple[str, ...] = get_args(ActivationName)

_MODULES = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "elu": nn.ELU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "linear": nn.Identity,
}

# E[f(u)²]^(-1/2) for u ~ N(0, 1), He et al. 2015 carried to every activation, so that depth keeps the scale.
_GAINS = {
    "relu": 1.4142,
    "gelu": 1.5335,
    "silu": 1.6765,
    "elu": 1.2452,
    "tanh": 1.5925,
    "sigmoid": 1.8462,
    "linear": 1.0,
}


def make_activation(name: str, setting: str = "activation") -> nn.Module:
    """Return the activation called `name`; raise SettingError naming the `setting` it came from."""
    if name not in _MODULES:
        raise SettingError(f"{setting}={name!r} is not known; choose one of {', '.join(ACTIVATIONS)}.")
    return _MODULES[name]()


def gain(name: str) -> float:
    """Return the factor of 1/sqrt(inputs) in the standard deviation of the weights before this activation."""
    return _GAINS[name]
