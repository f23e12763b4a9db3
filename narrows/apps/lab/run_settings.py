"""What the page's settings mean: checked, filled in by variant and data, and turned into an estimator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast, get_args

from narrows.estimators.variants import VARIANTS, Variant, make_estimator

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder

NAMES = (
    "n_components",
    "hidden_layer_sizes",
    "epochs",
    "learning_rate",
    "batch_size",
    "optimizer",
    "activation",
    "seed",
    "normal",
    "rows",
    "corruption",
    "corruption_level",
    "sparsity",
    "contraction",
    "beta",
    "architecture",
)
"""The settings of a run, as the page names them."""

_CHOICES = {
    "optimizer": ("adam", "adamw", "rmsprop", "sgd", "muon"),
    "activation": ("relu", "gelu", "silu", "elu", "tanh", "sigmoid", "linear"),
    "corruption": ("gaussian", "masking", "salt-and-pepper"),
    "architecture": ("mlp", "conv"),
}
_WHOLE = {"n_components": (1, 512), "epochs": (1, 10_000), "batch_size": (1, 65_536), "seed": (0, 2**32 - 1)}
_NUMBERS = {
    "learning_rate": (0.0, 1e9),
    "corruption_level": (0.0, 1e6),
    "sparsity": (0.0, 1e6),
    "contraction": (0.0, 1e6),
    "beta": (0.0, 1e6),
}
_WORDS = {
    "n_components": "The size of the code",
    "hidden_layer_sizes": "The hidden layers",
    "epochs": "The number of epochs",
    "learning_rate": "The learning rate",
    "batch_size": "The batch size",
    "seed": "The seed",
    "corruption_level": "The amount of noise",
    "sparsity": "The weight of sparsity",
    "contraction": "The weight of contraction",
    "beta": "Beta",
}
_MOST_LAYERS, _WIDEST, _MOST_RANGES = 6, 4096, 1000


def check_variant(value: Any) -> Variant:
    """One of the five; SettingError for anything else."""
    if not isinstance(value, str) or value not in VARIANTS:
        raise _wrong(f"There is no variant {value!r}; the variants are {', '.join(get_args(Variant))}.")
    return cast("Variant", value)


def check(given: Mapping[str, Any], classes: list[str] | None) -> dict[str, Any]:
    """Settings from a page, all names filled in, None for what was not said; SettingError with a sentence.

    classes : those of the data, among which "normal" chooses.
    """
    unknown = [str(name) for name in given if name not in NAMES]
    if unknown:
        raise _wrong(f"There is no setting {unknown[0]!r}; the settings are {', '.join(NAMES)}.")
    return {name: _checked(name, given.get(name), classes) for name in NAMES}


def filled_in(settings: dict[str, Any], variant: Variant, description: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with what the lab chooses itself, for a map that shows something soon.

    description : of the data, see `narrows.apps.viewer.datasets.describe`.
    """
    shape, n_rows = description["shape"], description["rows"]
    n_floats = None if shape is None else shape[0] * shape[1] * shape[2]
    chosen: dict[str, Any] = {"seed": 0, "architecture": "mlp", "n_components": 16 if variant == "sparse" else 2}
    if variant == "denoising":
        chosen |= {"corruption": "gaussian", "corruption_level": 0.3}
    if variant == "sparse":
        chosen["sparsity"] = 0.1
    if variant == "contractive":
        chosen["contraction"] = 0.1
    if variant == "variational":
        chosen["beta"] = 1.0
    if settings["architecture"] != "conv" and n_floats is not None:
        if n_floats <= 256:
            chosen |= {"hidden_layer_sizes": [64, 32], "epochs": 60}
        elif n_floats <= 1024:
            chosen["hidden_layer_sizes"] = [256, 64]
    if n_rows >= 20_000:
        chosen |= {"epochs": 20, "batch_size": 256}
    return {name: chosen.get(name) if value is None else value for name, value in settings.items()}


def estimator(settings: Mapping[str, Any], variant: Variant) -> Autoencoder:
    """The unfitted estimator; settings of other variants are left out, so that they survive a switch and back."""
    hidden = settings["hidden_layer_sizes"]
    arguments: dict[str, Any] = {
        "n_components": settings["n_components"],
        "hidden_layer_sizes": None if hidden is None else tuple(hidden),
        "epochs": settings["epochs"],
        "learning_rate": settings["learning_rate"],
        "batch_size": settings["batch_size"],
        "optimizer": settings["optimizer"],
        "activation": settings["activation"],
        "random_state": settings["seed"],
        "network": settings["architecture"],
        "device": "cpu",
    }
    if variant == "denoising":
        arguments |= {"corruption": settings["corruption"], "level": settings["corruption_level"]}
    elif variant == "sparse":
        arguments["penalty_weight"] = settings["sparsity"]
    elif variant == "contractive":
        arguments["penalty_weight"] = settings["contraction"]
    elif variant == "variational":
        arguments["beta"] = settings["beta"]
    return make_estimator(variant, arguments)


def _checked(name: str, value: Any, classes: list[str] | None) -> Any:
    if value is None:
        return None
    if name == "normal":
        return _normal(value, classes)
    if name == "rows":
        return _ranges(value)
    if name == "hidden_layer_sizes":
        if not isinstance(value, list) or len(value) > _MOST_LAYERS:
            raise _wrong(f"{_WORDS[name]} must be a list of at most {_MOST_LAYERS} sizes, such as [64, 32].")
        return [_whole(name, size, 1, _WIDEST) for size in value]
    if name in _CHOICES:
        if value not in _CHOICES[name]:
            raise _wrong(f"The {name} {value!r} is not known; choose one of {', '.join(_CHOICES[name])}.")
        return value
    if name in _WHOLE:
        return _whole(name, value, *_WHOLE[name])
    low, high = _NUMBERS[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise _wrong(f"{_WORDS[name]} must be a number of at least {low:g}, got {value!r}.")
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
    """[[first, last], ...], places from 0, both ends counted in."""
    pairs: list[Any] = value if isinstance(value, list) and len(value) <= _MOST_RANGES else [None]
    for pair in pairs:
        whole = isinstance(pair, list) and len(pair) == 2 and all(type(place) is int for place in pair)
        if not whole or not 0 <= pair[0] <= pair[1]:
            raise _wrong("The rows must be a list of [first, last], places of rows that count from 0.")
    return pairs or None


def _whole(name: str, value: Any, low: int, high: int) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _wrong(f"{_WORDS[name]} must be a whole number from {low} to {high:,}, got {value!r}.")
    return value


def _wrong(sentence: str) -> Exception:
    from narrows.errors import SettingError

    return SettingError(sentence)
