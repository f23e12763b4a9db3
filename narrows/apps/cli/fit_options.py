"""The options of `narrows fit`, made from the table of parameters.

An option that is left out keeps the variant's own default, which is defined only in the estimator.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from narrows.declarations.parameter import GROUPS, Parameter
from narrows.declarations.registered_names import class_defaults
from narrows.declarations.requirements import Positive, Value, alternatives
from narrows.estimators.parameters.idle_parameters import DETECTOR_REQUIREMENTS, constructor_defaults, idle_parameters
from narrows.estimators.parameters.parameter_definitions import BY_NAME, PARAMETERS
from narrows.estimators.variants import VARIANTS, Variant, make_estimator, variant_class

if TYPE_CHECKING:
    from narrows.estimators import AnomalyDetector, Autoencoder

VariantName = Annotated[
    Variant,
    typer.Option(
        metavar="NAME", help=f"Variant of the autoencoder. ({', '.join(VARIANTS)})", rich_help_panel="Variant"
    ),
]

_PANELS = (None, "Sweep", "Variant", *GROUPS, "Output")
_TYPES = {"int": int, "float": float, "bool": bool, "text": str, "sizes": str, "columns": str}
_WITHOUT_DEFAULT = ("k", "random_state", "categorical")  # None is no value of theirs
_METAVARS = {"int": "N", "float": "X", "bool": ""}


def with_parameters(command: Callable[..., None]) -> Callable[..., None]:
    """Give `command(..., **parameters)` one option for each parameter that the shell has, panel by panel."""
    signature = inspect.signature(command, eval_str=True)
    own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    options = [option for parameter in _offered() for option in _options(parameter)]

    @functools.wraps(command)
    def with_values(**arguments: object) -> None:
        given = {parameter.name: _take_value(parameter, arguments) for parameter in _offered()}
        command(**arguments, **given)

    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*own, *options)]
    parameters.sort(key=lambda p: _PANELS.index(p.annotation.__metadata__[0].rich_help_panel))
    with_values.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportAttributeAccessIssue]
    return with_values


def estimator_from_options(variant: Variant, given: Mapping[str, object]) -> Autoencoder:
    """Return the unfitted estimator of a variant; parameters that are None keep the variant's defaults.

    Raises
    ------
    SettingError
        An option has no effect among the others; the sentence names the one that it needs.
    """
    from narrows.errors import SettingError

    model = make_estimator(variant, given)
    values = model.get_params(deep=False)
    for name in idle_parameters(values, constructor_defaults(type(model))):
        raise SettingError(_refusal(BY_NAME[name], values[name], variant))
    return model


def layer_sizes(text: str) -> tuple[int, ...]:
    """Return `1000,500,250` as sizes; `none` as no hidden layer."""
    if text.strip().lower() == "none":
        return ()
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError:
        sizes = (0,)
    if min(sizes) < 1:
        raise typer.BadParameter(f"{text!r} is not a list of layer sizes such as 1000,500,250, or 'none'.")
    return sizes


def column_names(text: str) -> tuple[str, ...]:
    """Return `a,b` as names."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _offered() -> list[Parameter]:
    return [parameter for parameter in PARAMETERS if parameter.option is not None]


def _options(parameter: Parameter) -> list[inspect.Parameter]:
    """Return the arguments from which Typer makes the option: its name, and hidden ones for its other names.

    Typer's help has a column for each name, which would leave no room for the words.
    """
    assert parameter.option is not None
    choices = ", ".join(parameter.choices) if parameter.kind == "name" else ""
    text = f"{parameter.help} ({choices})" if choices else parameter.help
    text += _default_sentence(parameter)
    other = f"no_{parameter.name}" if parameter.kind == "bool" else parameter.option.short
    if parameter.kind == "bool":
        text += f" (off: {_flag(f'no_{parameter.name}')})"
    elif other:
        text += f" Also {_flag(other)}."
    names = [(parameter.name, text)] + ([(other, None)] if other else [])
    return [_option(parameter, name, words) for name, words in names]


def _default_sentence(parameter: Parameter) -> str:
    """Return " Default: point (variational: gaussian)."; "" if the help says it or there is none to name."""
    if parameter.kind == "bool" or parameter.name in _WITHOUT_DEFAULT:
        return ""
    if "auto" in parameter.choices and parameter.kind != "name":  # the help says what it is; the shell has no "auto"
        return ""
    defaults = {variant: _defaults_of(variant).get(parameter.name) for variant in VARIANTS}
    usual = defaults.pop("plain")
    usual = f"{usual:g}" if isinstance(usual, float) else usual
    others = [f"{variant}: {value}" for variant, value in defaults.items() if value is not None and value != usual]
    of_variants = f" ({', '.join(others)})" if others else ""
    return f" Default: {'none' if usual is None else usual}{of_variants}."


@functools.cache
def _defaults_of(variant: Variant) -> dict[str, object]:
    """Return the defaults that a variant sets, read from its source without importing PyTorch."""
    if variant == "plain":
        return {parameter.name: parameter.default for parameter in PARAMETERS}
    return class_defaults(f"estimators/{variant}.py")


def _option(parameter: Parameter, name: str, text: str | None) -> inspect.Parameter:
    assert parameter.option is not None
    option = typer.Option(
        _flag(name),
        help=text,
        hidden=text is None,
        rich_help_panel=parameter.group,
        parser={"sizes": layer_sizes, "columns": column_names}.get(parameter.kind),
        metavar=parameter.option.metavar or _METAVARS.get(parameter.kind, "NAME"),
        show_default=False,
    )
    kind = _TYPES.get(parameter.kind) or Literal[parameter.choices]
    annotation = Annotated[kind | None, option]  # pyright: ignore[reportOperatorIssue, reportInvalidTypeForm]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _take_value(parameter: Parameter, arguments: dict[str, object]) -> object:
    """Take the value given under any name of the option out of `arguments`; None if the option was left out."""
    assert parameter.option is not None
    if parameter.kind == "bool":
        on, off = arguments.pop(parameter.name), arguments.pop(f"no_{parameter.name}")
        return False if off else on
    value = arguments.pop(parameter.name)
    other = arguments.pop(parameter.option.short) if parameter.option.short else None
    return value if other is None else other


def _refusal(parameter: Parameter, value: object, variant: Variant) -> str:
    """Return the sentence on an option without effect."""
    needs = parameter.requires
    if isinstance(needs, Positive):
        return refusal_sentence(parameter.flag, value, [f"{BY_NAME[needs.parameter].flag} above 0"])
    assert isinstance(needs, Value)  # the other requirements are about objects, which the shell does not have
    variants = [name for name in VARIANTS if needs.holds(constructor_defaults(variant_class(name)))]
    # Where the variant itself has what is needed, another option took it away.
    needed = [f"--variant {alternatives(variants)}"] if variants and variant not in variants else []
    needed.append(_needed(BY_NAME[needs.parameter].flag, needs))
    return refusal_sentence(parameter.flag, value, needed)


def refusal_sentence(flag: str, value: object, needed: list[str]) -> str:
    """Return the sentence on an option without effect: "--top-k 3 has no effect without --code top-k; ..."."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{flag} {text} has no effect without {alternatives(needed)}; add it or leave {flag} out."


def check_detector_options(detector: AnomalyDetector) -> None:
    """Raise SettingError for an option of `narrows detect` that has no effect."""
    from narrows.errors import SettingError

    values = detector.get_params(deep=False)
    for name in idle_parameters(values, constructor_defaults(type(detector)), DETECTOR_REQUIREMENTS):
        needs = DETECTOR_REQUIREMENTS[name]
        assert isinstance(needs, Value)  # the other requirements are about estimators, which the shell does not take
        raise SettingError(refusal_sentence(_flag(name), values[name], [_needed(_flag(needs.parameter), needs)]))


def _needed(flag: str, needs: Value) -> str:
    return flag if needs.values == (True,) else f"{flag} {alternatives(list(map(str, needs.values)))}"


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
