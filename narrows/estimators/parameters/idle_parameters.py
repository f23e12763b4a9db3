"""Parameters without effect among the others: when each has one, and the warning about those that have none.

Importing this module does not load PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from narrows.declarations.requirements import NotGiven, NotInstance, Requirement, Value
from narrows.estimators.parameters.parameter_definitions import BY_NAME, PARAMETERS

REQUIREMENTS: dict[str, Requirement] = {
    parameter.name: parameter.requires for parameter in PARAMETERS if parameter.requires is not None
}
"""When each conditional parameter of the autoencoders has an effect."""

_SETTINGS_OF_ESTIMATOR = NotInstance("estimator", "Autoencoder", remedy_words="set it in the estimator")

DETECTOR_REQUIREMENTS: dict[str, Requirement] = {
    "contamination": Value("threshold", ("contamination", "budget")),
    "alpha": Value("threshold", ("conformal", "benjamini-hochberg")),
    "budget": Value("threshold", ("budget",)),
    "missing": _SETTINGS_OF_ESTIMATOR,
    "categorical": _SETTINGS_OF_ESTIMATOR,
    "novelty": NotGiven(("estimator",), remedy_words="it is for the default score"),
}
"""When each conditional parameter of `AnomalyDetector` has an effect."""


_PLAIN = (bool, int, float, str, tuple, list, type(None))
"""Types of parameters that compare by value."""


def idle_parameters(
    values: Mapping[str, Any], defaults: Mapping[str, Any], requirements: Mapping[str, Requirement] = REQUIREMENTS
) -> Iterator[str]:
    """Yield the name of each parameter that differs from its default and has no effect among these values.

    values, defaults : every parameter by name; the defaults are those of the class.
    """
    for name, requirement in requirements.items():
        if not (_same(values[name], defaults[name]) or requirement.holds(values) or _is_refused(requirement, values)):
            yield name


def idle_sentence(name: str, values: Mapping[str, Any], requirement: Requirement) -> str:
    """Return the sentence on a parameter without effect: which setting prevents it, and the one it needs."""
    return f"{name}={values[name]!r} has no effect with {requirement.remedy(values)}."


def constructor_defaults(estimator: type[Any]) -> dict[str, Any]:
    """Return the default of each parameter of an estimator's constructor."""
    return {field.name: field.default for field in fields(estimator) if field.init}


def warn_of_idle_parameters(estimator: Any, requirements: Mapping[str, Requirement] = REQUIREMENTS) -> None:
    """Warn of each parameter of an estimator that differs from its default and has no effect."""
    from narrows.errors import IdleParameterWarning, warn

    defaults = constructor_defaults(type(estimator))
    values = {name: getattr(estimator, name) for name in defaults}
    for name in idle_parameters(values, defaults, requirements):
        warn(idle_sentence(name, values, requirements[name]), IdleParameterWarning)


def _is_refused(requirement: Requirement, values: Mapping[str, Any]) -> bool:
    """Return whether the required setting has an unknown name, for which `fit` raises an error."""
    if not isinstance(requirement, Value) or requirement.parameter not in BY_NAME:
        return False
    given, choices = values[requirement.parameter], BY_NAME[requirement.parameter].choices
    return isinstance(given, str) and bool(choices) and given not in choices


def warn_of_changed_parameters(values: Mapping[str, Any], fitted: Mapping[str, Any]) -> None:
    """Warn of parameters that differ from those of the first call of `partial_fit`, which goes on with these."""
    from narrows.errors import IdleParameterWarning, warn

    changed = [
        name
        for name, value in values.items()
        if name != "verbose" and isinstance(value, _PLAIN) and not _same(value, fitted.get(name, value))
    ]
    if changed:
        names = ", ".join(f"{name}={values[name]!r}" for name in changed)
        warn(
            f"{names} has no effect in partial_fit, which goes on with the network and the settings of its first call; "
            "call fit to use new ones.",
            IdleParameterWarning,
        )


def _same(value: Any, default: Any) -> bool:
    try:
        return value is default or bool(value == default)
    except (TypeError, ValueError):  # an array
        return False
