"""Loading of saved models: from a folder to the estimator that was saved."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import nn

from narrows.errors import ModelDamagedError, NarrowsError, warn
from narrows.estimators.anomaly import detector_folder
from narrows.estimators.anomaly.detector import AnomalyDetector
from narrows.estimators.autoencoder import Autoencoder
from narrows.estimators.saving import hub, model_folder, persistence
from narrows.estimators.saving.model_folder import FolderContents
from narrows.estimators.saving.saved_trainer import SavedTrainer
from narrows.estimators.variants import variant_classes

_CONTRADICTIONS = (
    ArithmeticError,  # OverflowError is one
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,  # RecursionError is one
    TypeError,
    ValueError,
    safetensors.SafetensorError,
)
"""Errors of a folder whose checksums are right and whose contents do not fit together."""


def load(
    path: str | PathLike[str],
    *,
    encoder: nn.Module | None = None,
    decoder: nn.Module | None = None,
    custom_objects: tuple[Any, ...] = (),
    device: str = "cpu",
    stations: tuple[Any, ...] | None = None,
) -> Any:
    """Return the model that `save` wrote; its results are bit-identical to those of the saved model.

    Nothing in the folder is executed or unpickled.

    Parameters
    ----------
    path : path of the folder
        Or "hf://USER/MODEL", a model of the Hugging Face Hub (``narrows[hub]``); see `narrows.estimators.saving.hub`.
    encoder, decoder : nn.Module or None, default=None
        Modules of the same architecture as your own ones in the fit, if there were any. Copies receive the weights.
    custom_objects : tuple of classes, default=()
        Your own corruptions, codes, penalties or likelihoods that the model was fitted with.
    device : str, default="cpu"
    stations : tuple of classes or None, default=None
        Deprecated name of `custom_objects`.

    Returns
    -------
    Autoencoder or AnomalyDetector

    Raises
    ------
    ModelNotFoundError
        The path does not exist.
    NotAModelError
        The path is not a narrows model.
    ModelVersionError
        A later version of narrows wrote it.
    ModelDamagedError
        A file is missing or was altered.
    SettingError
        The model needs your own modules or classes, and they were not given.
    """
    if stations is not None:
        message = "stations= of narrows.load is now custom_objects=, and will be removed in the next release."
        warn(message, DeprecationWarning)
        custom_objects = (*custom_objects, *stations)
    path = hub.downloaded(path) if isinstance(path, str) and path.startswith(hub.PREFIX) else Path(path)
    modules = {"encoder": encoder, "decoder": decoder}
    try:
        contents = model_folder.read_folder(path)
        if contents.about["estimator"] == "AnomalyDetector":
            load_member = partial(load, **modules, custom_objects=custom_objects, device=device)
            return _detector(contents, load_member, path)
        return _autoencoder(contents, modules, custom_objects, device, path)
    except NarrowsError:
        raise
    except MemoryError as error:
        raise ModelDamagedError(
            f"The model {path} needs more memory than there is; close other programs, or restore it from a copy if it "
            "was altered."
        ) from error
    except _CONTRADICTIONS as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelDamagedError(
            f"The model {path} contradicts itself ({type(error).__name__}: {reason}); save it again."
        ) from error


def _detector(contents: FolderContents, load_member: Callable[[Path], Any], path: Path) -> AnomalyDetector:
    tensors = safetensors.torch.load(contents.weights)
    params, state = detector_folder.read_detector(path, contents.about, tensors, load_member)
    return AnomalyDetector.from_state(params, state)


def _autoencoder(
    contents: FolderContents,
    modules: dict[str, nn.Module | None],
    custom_objects: tuple[Any, ...],
    device: str,
    path: Path,
) -> Autoencoder:
    about = contents.about
    classes = {cls.__name__: cls for cls in variant_classes()}
    estimator = classes[about["estimator"]]
    known = estimator().get_params(deep=False)
    given = persistence.read_params(about["parameters"], known, modules, custom_objects, path)
    earlier = {"linear_path": "off"}  # of models saved before the parameter existed
    tensors = safetensors.torch.load(contents.weights)
    state = persistence.read_state(about, known | earlier | given, tensors, device)
    trainer = SavedTrainer.restore(about.get("trainer"), tensors)
    return estimator.from_state(state, persistence.read_progress(about, json.loads(contents.history)), trainer)
