"""How to repeat a fit: settings, data, versions, Python code and shell command."""

from __future__ import annotations

import platform
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.estimators.parameters.idle_parameters import constructor_defaults, idle_parameters
from narrows.estimators.parameters.parameter_definitions import BY_NAME
from narrows.estimators.variants import VARIANTS
from narrows.insight.splits import rows_were_dropped
from narrows.version import __version__

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators import Autoencoder

_NO_PART_OF_A_MODEL = ("verbose", "warm_start")


@dataclass(frozen=True)
class Recipe:
    """Information to repeat a fit.

    Parameters
    ----------
    facts : dict of str
        Facts about data and model.
    settings : dict of str
        Parameters that are not the defaults, and values chosen automatically.
    python, shell : str
        Code and command; the command is "" if a setting has no option in the shell.
    versions : dict of str
        Versions of the libraries.
    notes : tuple of str
        Steps that code and command do not repeat.
    """

    facts: dict[str, str]
    settings: dict[str, str]
    python: str
    shell: str
    versions: dict[str, str]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, model: Autoencoder, rows: Rows) -> Recipe:
        """Return the recipe of a fitted model; `rows` name the data."""
        changed = _changed(model)
        history = model.history_
        schema = model.schema_
        shape = f"images of {'×'.join(map(str, schema.image_shape))}" if schema.image_shape else "columns"
        facts = {
            "given rows": f"{len(rows):,}"
            + (" (those of the fit)" if model.was_fitted_on(rows) else " (not of the fit)"),
            "row": f"{schema.n_columns:,} {shape}" if not schema.image_shape else shape,
            "code": f"{model.n_components_} numbers",
            "weights and biases": f"{model.network_.n_parameters:,}",
            "loss": model.loss_unit_,
            "training": f"{len(history)} of at most {model.epochs_} epochs, {sum(e.seconds for e in history):.1f} s",
            "device": f"{model.device_}, {model.precision_}",
            "fingerprint of the rows of the fit": model.fingerprint_,
        }
        resolved = (
            "n_components_",
            "hidden_layer_sizes_",
            "batch_size_",
            "learning_rate_",
            "loss_",
            "code_activation_",
        )
        settings = {name: repr(value) for name, value in changed.items()}
        settings |= {name: repr(getattr(model, name)) for name in resolved}
        shell = _shell(model, changed, rows)
        return cls(facts, settings, _python(model, changed), shell, _versions(), _notes(model))


def python_recipe(model: Autoencoder) -> str:
    """Return Python code that fits the same model to `X`."""
    return _python(model, _changed(model))


def _changed(model: Autoencoder) -> dict[str, Any]:
    """Return the parameters of the fit that differ from the defaults and have an effect, with the seed."""
    defaults = type(model)().get_params(deep=False)
    every = constructor_defaults(type(model)) | dict(model.fitted_params_)
    idle = set(idle_parameters(every, defaults))
    given = {name: _plain(value) for name, value in model.fitted_params_.items() if name not in _NO_PART_OF_A_MODEL}
    changed = {name: value for name, value in given.items() if name not in idle and not _same(value, defaults[name])}
    return {**changed, "random_state": model.seed_}


def _plain(value: Any) -> Any:
    """Return a plain Python value for a scalar of NumPy or a device of PyTorch."""
    if type(value).__module__ == "torch" and type(value).__name__ == "device":
        return str(value)
    if isinstance(value, list | tuple):
        return type(value)(_plain(item) for item in value)
    return value.item() if isinstance(value, np.generic) else value


def _same(value: Any, default: Any) -> bool:
    try:
        return type(value) is type(default) and bool(value == default)
    except (TypeError, ValueError):
        return False


def _python(model: Autoencoder, changed: dict[str, Any]) -> str:
    kind = type(model)
    module = "narrows" if kind.__name__ in VARIANTS.values() else kind.__module__
    start = (
        f"from {module} import {kind.__name__}\n" if module != "__main__" else f"# {kind.__name__} is your own class\n"
    )
    arguments = "".join(
        f"    {key}={value!r},\n" if _is_literal(value) else f"    # {key}: {type(value).__name__}, your own class\n"
        for key, value in changed.items()
    )
    return f"{start}\nmodel = {kind.__name__}(\n{arguments}).fit(X)\n"


def _is_literal(value: Any) -> bool:
    """Return whether `repr` of the value is valid Python."""
    if isinstance(value, list | tuple):
        return all(map(_is_literal, value))
    return value is None or (isinstance(value, bool | int | float | str) and value not in (float("inf"), float("-inf")))


def _shell(model: Autoencoder, changed: dict[str, Any], rows: Rows) -> str:
    variant = next((word for word, name in VARIANTS.items() if name == type(model).__name__), None)
    names = model.schema_.names or ()
    if variant is None or any("," in name or name != name.strip() for name in names):
        return ""
    words = ["narrows", "fit", _data(model, rows)]
    words += [] if variant == "plain" else ["--variant", variant]
    # the file may have more columns, which a fit would use
    words += ["--columns", ",".join(names)] if names else []
    words += ["--label", model.label_column_] if model.label_column_ else []
    words += ["--missing", "drop"] if rows_were_dropped(rows) else []
    for name, value in changed.items():
        option = BY_NAME[name].option if name in BY_NAME else None
        value = tuple(value) if isinstance(value, list) and name == "hidden_layer_sizes" else value
        if name == "missing":
            words += ["--missing", value]
        elif option is None or not isinstance(value, str | int | float | tuple):
            return ""
        elif isinstance(value, bool):
            words.append(f"--{'' if value else 'no-'}{name.replace('_', '-')}")
        else:
            words += [
                BY_NAME[name].flag,
                (",".join(map(str, value)) or "none") if isinstance(value, tuple) else str(value),
            ]
    return shlex.join(words)


def _data(model: Autoencoder, rows: Rows) -> str:
    """Return DATA for the shell: the source of the rows if they are those of the fit, else "DATA"."""
    is_part = rows.part in ("test", "all")
    return "DATA" if rows.source == "X" or is_part or not model.was_fitted_on(rows) else rows.source


def _notes(model: Autoencoder) -> tuple[str, ...]:
    """Return sentences on steps that the settings do not repeat."""
    notes, history = [], model.history_
    watched = any(epoch.validation is not None for epoch in history)
    trained = 0 if model.training_hashes_ is None else len(model.training_hashes_)
    should_watch = int(trained * model.fitted_params_["validation_fraction"]) > 0
    if watched and not len(model.validation_rows_):
        notes.append("The fit used validation_data; pass the same rows again.")
    if history and not watched and should_watch:
        notes.append("The model was trained with partial_fit: repeat the calls with the same rows in the same order.")
    elif len(history) > model.epochs_:
        notes.append("The fit continued an earlier one (warm_start): repeat all calls.")
    if model.interrupted_:
        notes.append("The training was interrupted; a complete training gives another model.")
    return tuple(notes)


def _versions() -> dict[str, str]:
    import matplotlib
    import numpy
    import sklearn
    import torch

    libraries = {"torch": torch, "scikit-learn": sklearn, "numpy": numpy, "matplotlib": matplotlib}
    versions = {"python": platform.python_version(), "narrows": __version__}
    return versions | {name: lib.__version__ for name, lib in libraries.items()}
