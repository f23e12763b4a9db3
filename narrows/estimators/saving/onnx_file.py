"""A fitted autoencoder as an ONNX model, and ONNX models as files."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from narrows.data import whole_file
from narrows.errors import OutputError, OutputExistsError, SettingError
from narrows.estimators.state import FittedState
from narrows.export import Dates, ModelGraph, emit_autoencoder


def autoencoder_model(state: FittedState, dates: Dates) -> Any:
    """Return a fitted autoencoder as an `onnx.ModelProto`; SettingError for a part that has no ONNX form."""
    if not state.network.compresses:
        raise SettingError(
            "A model with network='residual' cannot be exported to ONNX, which has no median for the noise level; use "
            "it in Python or with narrows denoise."
        )
    model = ModelGraph(state.schema, dates)
    emit_autoencoder(model, state.network, state.loss_unit)
    return model.model(facts_of(state), f"{state.estimator} of narrows: columns to codes, reconstructions and errors.")


def facts_of(state: FittedState) -> dict[str, str]:
    """Return the facts of a fitted autoencoder for the metadata of an exported model."""
    return {"estimator": state.estimator, "loss_unit": state.loss_unit, "seed": str(state.seed)}


def write_model(model: Any, path: str | PathLike[str], *, overwrite: bool) -> None:
    """Write an `onnx.ModelProto` as a file, whole or not at all.

    Raises
    ------
    OutputExistsError, OutputError
    """
    target = Path(path)
    if target.is_symlink() or target.is_dir():
        raise OutputExistsError(f"{target} is a link or a folder; choose another name.")
    if target.exists() and not overwrite:
        raise OutputExistsError(f"{target} is already there; choose another name or allow overwriting it.")
    try:
        with whole_file(target, replace=overwrite) as file:
            file.write(model.SerializeToString())
    except FileExistsError as error:
        raise OutputExistsError(f"{target} was created by another program in the meantime.") from error
    except OSError as error:
        raise OutputError(
            f"{target} could not be written ({error.strerror or error}); nothing was left there."
        ) from error
