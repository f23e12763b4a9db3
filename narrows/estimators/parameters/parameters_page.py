"""The page docs/parameters.md, from the table of parameters; a test compares the two.

``python -m narrows.estimators.parameters.parameters_page > docs/parameters.md`` writes it again.
"""

from __future__ import annotations

from narrows.declarations.parameter import GROUPS, Parameter
from narrows.estimators.autoencoder import Autoencoder
from narrows.estimators.parameters.idle_parameters import constructor_defaults
from narrows.estimators.parameters.parameter_definitions import PARAMETERS
from narrows.estimators.variants import VARIANTS, variant_class

_TYPES = {
    "int": "int",
    "float": "float",
    "bool": "bool",
    "text": "str",
    "sizes": "tuple of int",
    "columns": "tuple of str",
}

_START = """# Parameters

All variants share these parameters, in the order of the constructor. Each variant is the same
estimator with other defaults. A parameter that differs from its default and has no effect among the
others gives an `IdleParameterWarning` at `fit`; the shell refuses such an option.
"""


def markdown() -> str:
    """Return the page as Markdown."""
    defaults = constructor_defaults(Autoencoder)
    parts = [_START]
    for group in GROUPS:
        rows = [_row(parameter, defaults[parameter.name]) for parameter in PARAMETERS if parameter.group == group]
        head = "| Parameter | Type or choices | Default | Has an effect with | Option | Meaning |"
        parts.append("\n".join([f"## {group}", "", head, "|---|---|---|---|---|---|", *rows, ""]))
    parts.append("\n".join(["## Defaults of the variants", "", "| Variant | Class | Defaults |", "|---|---|---|"]))
    rows = []
    for name, cls in VARIANTS.items():
        own = constructor_defaults(variant_class(name))
        changed = ", ".join(f"`{key}={value!r}`" for key, value in own.items() if value != defaults[key])
        rows.append(f"| {name} | `{cls}` | {changed or 'as above'} |")
    return "\n".join(parts) + "\n" + "\n".join(rows) + "\n"


def _row(parameter: Parameter, default: object) -> str:
    kinds = [f'`"{choice}"`' for choice in parameter.choices]
    kinds += [f"`{parameter.accepts}`"] if parameter.accepts else []
    kinds = ([_TYPES[parameter.kind]] if parameter.kind in _TYPES else []) + kinds
    kinds += ["None"] if default is None else []
    needs = "" if parameter.requires is None else f"{parameter.requires}"
    option = f"`{parameter.flag}`" if parameter.option else ""
    return f"| `{parameter.name}` | {', '.join(kinds)} | `{default!r}` | {needs} | {option} | {parameter.help} |"


if __name__ == "__main__":
    print(markdown(), end="")
