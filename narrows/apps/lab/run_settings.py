"""Settings of a run: checked, filled in by variant and data, and turned into an estimator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast, get_args

from narrows.apps.lab.example_runs import denoising_components
from narrows.estimators.parameters.lab_fields import LAB_FIELDS, LabField
from narrows.estimators.variants import VARIANT_HELP, VARIANT_LAB_SETTINGS, VARIANTS, Variant, make_estimator

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder

_FIELDS = {field.key: field for field in LAB_FIELDS}
NAMES = (*_FIELDS, "normal", "rows")
"""The settings of a run, as the page names them; "normal" are the classes and "rows" the ranges to train on."""

_MOST_LAYERS, _MOST_RANGES = 6, 1000


def page_settings() -> dict[str, list[dict[str, Any]]]:
    """Return the variants and the fields that the page shows, ready for JSON."""
    variants = [{"name": name, "label": name.capitalize(), "help": VARIANT_HELP[name]} for name in VARIANTS]
    fields = [
        {
            "key": field.key,
            "label": field.label,
            "hint": field.hint,
            "kind": field.kind,
            "low": field.low,
            "high": field.high,
            "choices": field.choices,
            "variants": field.variants,
            "section": field.section,
        }
        for field in LAB_FIELDS
    ]
    return {"variants": variants, "settings": fields}


def check_variant(value: Any) -> Variant:
    """Return the name of a variant; SettingError for anything else."""
    if not isinstance(value, str) or value not in VARIANTS:
        raise _wrong(f"There is no variant {value!r}; the variants are {', '.join(get_args(Variant))}.")
    return cast("Variant", value)


def check(given: Mapping[str, Any], classes: list[str] | None) -> dict[str, Any]:
    """Return the settings from a page under every name, None for those left out; SettingError on a wrong one.

    classes : those of the data, among which "normal" chooses.
    """
    unknown = [str(name) for name in given if name not in NAMES]
    if unknown:
        raise _wrong(f"There is no setting {unknown[0]!r}; the settings are {', '.join(NAMES)}.")
    return {name: _checked(name, given.get(name), classes) for name in NAMES}


def complete(variant: Any, given: Mapping[str, Any], description: Mapping[str, Any]) -> tuple[Variant, dict[str, Any]]:
    """Return the variant and all settings of a run from what a page gives; SettingError if any of it is wrong.

    description : of the data, see `narrows.apps.viewer.datasets.describe`.
    """
    checked = check_variant(variant)
    return checked, filled_in(check(given, description.get("classes")), checked, description)


def filled_in(settings: dict[str, Any], variant: Variant, description: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with the lab's own defaults, chosen to show results soon.

    description : of the data, see `narrows.apps.viewer.datasets.describe`.
    """
    chosen: dict[str, Any] = {"seed": 0, "architecture": "mlp", "n_components": 2, **VARIANT_LAB_SETTINGS[variant]}
    if variant == "denoising":
        chosen["n_components"] = denoising_components(description)
    if variant != "plain" or settings["penalty"] != "neighbours":  # its own defaults follow from the rows of the fit
        chosen |= _sizes(description, is_dense=settings["architecture"] != "conv")
    return {name: chosen.get(name) if value is None else value for name, value in settings.items()}


def _sizes(description: Mapping[str, Any], *, is_dense: bool) -> dict[str, Any]:
    """Return layers, epochs and batch size, as far as the lab has defaults of its own for such data."""
    shape = description["shape"]
    n_floats = None if shape is None else shape[0] * shape[1] * shape[2]
    chosen: dict[str, Any] = {}
    if is_dense and n_floats is not None:
        if n_floats <= 256:
            chosen |= {"hidden_layer_sizes": [64, 32], "epochs": 60}
        elif n_floats <= 1024:
            chosen["hidden_layer_sizes"] = [256, 64]
    if description["rows"] >= 20_000:
        chosen |= {"epochs": 20, "batch_size": 256}
    return chosen


def estimator(settings: Mapping[str, Any], variant: Variant) -> Autoencoder:
    """Return the unfitted estimator; fields of other variants, which would have no effect, are left out."""
    hidden = settings["hidden_layer_sizes"]
    given = {**settings, "hidden_layer_sizes": None if hidden is None else tuple(hidden)}
    used = [field for field in LAB_FIELDS if not field.variants or variant in field.variants]
    return make_estimator(variant, {"device": "cpu", **{field.parameter: given[field.key] for field in used}})


def _checked(name: str, value: Any, classes: list[str] | None) -> Any:
    if value is None:
        return None
    if name == "normal":
        return _normal(value, classes)
    if name == "rows":
        return _ranges(value)
    field = _FIELDS[name]
    if field.kind == "sizes":
        if not isinstance(value, list) or len(value) > _MOST_LAYERS:
            raise _wrong(f"{field.phrase} must be a list of at most {_MOST_LAYERS} sizes, such as [64, 32].")
        return [_whole(field, size) for size in value]
    if field.kind == "name":
        if value not in field.choices:
            raise _wrong(f"{field.phrase} {value!r} is not known; choose one of {', '.join(field.choices)}.")
        return value
    if field.kind == "int":
        return _whole(field, value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not field.low <= value <= field.high:
        raise _wrong(f"{field.phrase} must be a number of at least {field.low:g}, got {value!r}.")
    if name == "learning_rate" and value == 0:
        raise _wrong("The learning rate must be above 0.")
    return float(value)


def _normal(value: Any, classes: list[str] | None) -> list[str] | None:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise _wrong("The normal classes must be a list of class names.")
    unknown = [name for name in value if name not in (classes or [])]
    if unknown:
        raise _wrong(
            f"There is no class {unknown[0]!r}; choose the normal ones among {', '.join(classes or ['none'])}."
        )
    return sorted(set(value)) or None


def _ranges(value: Any) -> list[list[int]] | None:
    """Return [[first, last], ...], row numbers from 0, both included."""
    pairs: list[Any] = value if isinstance(value, list) and len(value) <= _MOST_RANGES else [None]
    for pair in pairs:
        whole = isinstance(pair, list) and len(pair) == 2 and all(type(place) is int for place in pair)
        if not whole or not 0 <= pair[0] <= pair[1]:
            raise _wrong("The rows must be a list of [first, last], places of rows that count from 0.")
    return pairs or None


def _whole(field: LabField, value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not field.low <= value <= field.high:
        raise _wrong(f"{field.phrase} must be a whole number from {field.low} to {field.high:,}, got {value!r}.")
    return value


def _wrong(sentence: str) -> Exception:
    from narrows.errors import SettingError

    return SettingError(sentence)
