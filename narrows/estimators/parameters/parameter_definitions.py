"""The parameters of the autoencoders: a table of their names, defaults, choices, help, groups and conditions.

The options of the shell, the settings of the lab, docs/parameters.md and the warnings about parameters without effect
are made from it. It is read from the sources of the classes that declare them: importing these would load PyTorch.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from narrows.declarations.parameter import Option, Parameter
from narrows.declarations.registered_names import class_body, registered_names
from narrows.declarations.requirements import NotGiven, Positive, Value

_DECLARED_IN = (
    ("estimators/parameters/model_parameters.py", "ModelParameters"),
    ("model/penalty.py", "PenaltyParameters"),
    ("training/settings.py", "TrainingParameters"),
    ("estimators/autoencoder.py", "Autoencoder"),
)
"""The bases of `Autoencoder` that declare parameters, and itself, in the order of its constructor."""


def _declared_parameters(module: str, name: str) -> Iterator[Parameter]:
    """Yield the parameters that a class declares by calls of `parameter`."""

    def declared(default: object, *described: Any, **others: Any) -> tuple[object, tuple[Any, ...], dict[str, Any]]:
        return default, described, others

    names = {item.__name__: item for item in (Option, NotGiven, Positive, Value, registered_names)}
    for node in class_body(module, name):
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Call) and isinstance(node.target, ast.Name):
            call = compile(ast.Expression(node.value), module, "eval")
            default, described, others = eval(call, names | {"parameter": declared})
            yield Parameter(node.target.id, *described, **others, default=default)


PARAMETERS = tuple(found for module, name in _DECLARED_IN for found in _declared_parameters(module, name))

BY_NAME: dict[str, Parameter] = {parameter.name: parameter for parameter in PARAMETERS}
