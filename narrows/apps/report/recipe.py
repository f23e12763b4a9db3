"""How to fit the same model again: settings, data, versions, and both ways to say it."""

from __future__ import annotations

import platform
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from narrows.apps.cli.settings import SETTINGS, VARIANTS

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators import Autoencoder


@dataclass(frozen=True)
class Recipe:
    """What a reader needs to repeat a fit.

    Parameters
    ----------
    facts : dict of str
        What was fitted on what, in words.
    settings : dict of str
        Parameters that are not the defaults, and what "auto" became.
    python, shell : str
        The code, and the command; the command is empty where a setting cannot be said in the shell.
    versions : dict of str
        Of the libraries at hand.
    """

    facts: dict[str, str]
    settings: dict[str, str]
    python: str
    shell: str
    versions: dict[str, str]

    @classmethod
    def of(cls, model: Autoencoder, rows: Rows) -> Recipe:
        """The recipe of a fitted model; `rows` name the data."""
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
        return cls(facts, settings, _python(model, changed), _shell(model, changed, rows.source), _versions())


def _changed(model: Autoencoder) -> dict[str, Any]:
    """The parameters of the fit that are not the defaults, with the seed that was used."""
    defaults = type(model)().get_params(deep=False)
    changed = {name: value for name, value in model._fitted_params.items() if not _same(value, defaults[name])}
    return {**changed, "random_state": model.seed_}


def _same(value: Any, default: Any) -> bool:
    try:
        return type(value) is type(default) and bool(value == default)
    except (TypeError, ValueError):
        return False


def _python(model: Autoencoder, changed: dict[str, Any]) -> str:
    name = type(model).__name__
    arguments = "".join(f"    {key}={value!r},\n" for key, value in changed.items())
    return f"from narrows import {name}\n\nmodel = {name}(\n{arguments}).fit(X)\n"


def _shell(model: Autoencoder, changed: dict[str, Any], source: str) -> str:
    known = {setting.name: setting for setting in SETTINGS}
    words = ["narrows", "fit", source if source != "X" else "DATA"]
    variant = next(word for word, name in VARIANTS.items() if name == type(model).__name__)
    words += [] if variant == "plain" else ["--variant", variant]
    for name, value in changed.items():
        setting = known.get(name)
        if name == "missing" and value == "mean":
            words += ["--missing", "mean"]
        elif setting is None or not isinstance(value, str | int | float | tuple):
            return ""
        elif isinstance(value, bool):
            words.append(f"--{'' if value else 'no-'}{name.replace('_', '-')}")
        else:
            flag = "--" + (setting.also or name).replace("_", "-")
            words += [flag, (",".join(map(str, value)) or "none") if isinstance(value, tuple) else str(value)]
    return shlex.join(words)


def _versions() -> dict[str, str]:
    import matplotlib
    import numpy
    import sklearn
    import torch

    import narrows

    libraries = {"narrows": narrows, "torch": torch, "scikit-learn": sklearn, "numpy": numpy, "matplotlib": matplotlib}
    return {"python": platform.python_version(), **{name: lib.__version__ for name, lib in libraries.items()}}
