"""A saved model: a folder that is written whole or not at all, and checked when it is read.

model.safetensors   weights, scalers
narrows.json        format version, estimator, parameters, schema, library versions, seed, checksums
history.json        one record per epoch
README.md           a card for people; the one file that may be edited
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import platform
from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import sklearn
import torch
from torch import Tensor, nn

import narrows
from narrows.data import Schema, clear_leftovers, whole_folder
from narrows.errors import (
    ModelDamagedError,
    ModelNotFoundError,
    ModelVersionError,
    NarrowsError,
    NotAModelError,
    OutputError,
    OutputExistsError,
    SettingError,
)
from narrows.estimators.autoencoder import Autoencoder
from narrows.estimators.model_card import model_card
from narrows.estimators.resolution import resolve
from narrows.estimators.variants import variant_classes
from narrows.model import Code, Corruption, Likelihood, Penalty, block_from_description, describe_block
from narrows.training import Epoch, History

FORMAT = "narrows-model"
FORMAT_VERSION = 2
"""1 knew tables of numbers alone, which are written alike in 2."""
MEMBER = "member-"
"""How the folders of models begin that a detector holds."""

_WEIGHTS, _ABOUT, _HISTORY, _CARD = "model.safetensors", "narrows.json", "history.json", "README.md"
_HASHES = ("validation_hashes", "training_hashes")
_STATIONS = (Corruption, Code, Penalty, Likelihood)
_PLAIN_FITTED = (
    "n_components_",
    "hidden_layer_sizes_",
    "code_activation_",
    "loss_",
    "batch_size_",
    "epochs_",
    "learning_rate_",
    "precision_",
    "seed_",
    "fingerprint_",
    "interrupted_",
    "n_features_in_",
)


def save(model: Autoencoder, path: str | PathLike[str], *, overwrite: bool = False) -> None:
    """Write a fitted model; raises `OutputExistsError` or `OutputError`, and then leaves what was there."""
    write_folder(Path(path), files_of(model), overwrite=overwrite)


def files_of(model: Autoencoder) -> dict[str, bytes]:
    """The files that a model is saved as."""
    if type(model) not in variant_classes():
        raise SettingError(
            f"{type(model).__name__} is a class of your own, which could not be loaded again; save a narrows estimator."
        )
    tensors = {f"network.{name}": value for name, value in model.network_.state_dict().items()}
    tensors |= {f"schema.{name}": torch.from_numpy(array.copy()) for name, array in model.schema_.arrays().items()}
    tensors["mean"] = torch.from_numpy(model.mean_)
    tensors["validation_rows"] = torch.from_numpy(model.validation_rows_)
    for name in _HASHES:
        hashes = getattr(model, f"{name}_")
        if hashes is not None:
            tensors[name] = torch.from_numpy(hashes.view(np.int64))
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    about = {
        "estimator": type(model).__name__,
        # Those of the fit: parameters that were set for the next one do not describe these weights.
        "parameters": {name: describe(value) for name, value in model._fitted_params.items()},
        "fitted": {name: describe(getattr(model, name)) for name in _PLAIN_FITTED},
        "schema": model.schema_.describe(),
    }
    history = [epoch.to_dict() for epoch in model.history_]
    return sealed(tensors, history, about, model_card(model, versions()))


def sealed(tensors: dict[str, Tensor], history: list[Any], about: dict[str, Any], card: str) -> dict[str, bytes]:
    """The files of a model, with their checksums."""
    files = {_WEIGHTS: safetensors.torch.save(tensors), _HISTORY: _json(history)}
    about = {"format": FORMAT, "format_version": FORMAT_VERSION, **about, "versions": versions()}
    about["sha256"] = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    about["sha256"][_ABOUT] = _self_checksum(about)
    return {**files, _ABOUT: _json(about), _CARD: card.encode()}


def load(
    path: str | PathLike[str],
    *,
    encoder: nn.Module | None = None,
    decoder: nn.Module | None = None,
    stations: tuple[Any, ...] = (),
    device: str = "cpu",
) -> Any:
    """Read a model that `save` wrote; it answers to the bit as the saved one did.

    Nothing in the folder is executed or unpickled.

    Parameters
    ----------
    path : path of the folder
    encoder, decoder : nn.Module or None
        Your own modules, where the model was fitted with some: the same architectures, whose weights are
        then filled in (in copies).
    stations : tuple of classes
        Your own corruptions, codes, penalties or likelihoods that the model was fitted with.
    device : str, default="cpu"

    Raises
    ------
    ModelNotFoundError
        Nothing is there.
    NotAModelError
        Something else is there.
    ModelVersionError
        A later version of narrows wrote it.
    ModelDamagedError
        A file is missing or was altered.
    SettingError
        Own modules or stations are needed and were not given.
    """
    path = Path(path)
    about = _read_about(path)
    contents = {name: _read_checked(path, name, about) for name in (_WEIGHTS, _HISTORY)}
    try:
        tensors = safetensors.torch.load(contents[_WEIGHTS])
        if about["estimator"] == "AnomalyDetector":
            from narrows.estimators.anomaly.detector_folder import restore

            own = {"encoder": encoder, "decoder": decoder, "stations": stations, "device": device}
            return restore(path, about, tensors, own)
        model = _estimator(about, {"encoder": encoder, "decoder": decoder}, stations, path)
        _restore(model, about, tensors, json.loads(contents[_HISTORY]), device)
    except NarrowsError:
        raise
    except (
        KeyError,
        ValueError,
        TypeError,
        RuntimeError,
        AttributeError,
        IndexError,
        safetensors.SafetensorError,
    ) as error:
        raise ModelDamagedError(
            f"The model {path} contradicts itself ({type(error).__name__}: {_one_line(error)}); save it again."
        ) from error
    return model


def is_model(path: Path) -> bool:
    """Whether `path` is a folder that holds a narrows model, whole or not."""
    try:
        return json.loads((path / _ABOUT).read_bytes())["format"] == FORMAT
    except (OSError, ValueError, KeyError, TypeError):
        return False


def replaceable(path: Path) -> bool:
    """Whether `path` is a folder with nothing but a narrows model in it, or with nothing at all."""
    if not path.is_dir() or path.is_symlink():
        return False
    entries = [entry for entry in path.iterdir() if not (entry.name.startswith(MEMBER) and replaceable(entry))]
    names = {entry.name for entry in entries}
    return not names or (is_model(path) and names <= {_WEIGHTS, _ABOUT, _HISTORY, _CARD})


def write_folder(path: Path, files: dict[str, bytes], *, overwrite: bool) -> None:
    clear_leftovers(path)
    _check_free(path, overwrite)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_folder(path, replace=overwrite) as folder:
            for name, content in files.items():
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_bytes(content)
            _check_free(path, overwrite)  # again: writing takes a while
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR) and os.path.lexists(path):
            raise _taken(path) from error
        raise OutputError(
            f"{path} could not be written ({error.strerror or error}); nothing was left there."
        ) from error


def _check_free(path: Path, overwrite: bool) -> None:
    if not os.path.lexists(path) or _is_empty(path):
        return
    if not overwrite:
        raise _taken(path)
    if not replaceable(path):
        raise OutputExistsError(f"{path} holds more than a narrows model and is not overwritten; choose another name.")


def _is_empty(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and not any(path.iterdir())


def _taken(path: Path) -> OutputExistsError:
    return OutputExistsError(f"{path} is already there; choose another name or allow overwriting it.")


def _read_about(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise ModelNotFoundError(f"There is no model at {path}; check the path, or fit one with `narrows fit`.")
    if not path.is_dir():
        raise NotAModelError(f"{path} is a file, and a narrows model is a folder with a {_ABOUT} in it.")
    if not (path / _ABOUT).exists():
        if (path / _WEIGHTS).exists():
            raise ModelDamagedError(f"The model {path} has lost its {_ABOUT}; restore it from a copy or fit again.")
        raise NotAModelError(f"The folder {path} is not a narrows model: it has no {_ABOUT}.")
    damaged = ModelDamagedError(
        f"{path / _ABOUT} was altered or cut off (its checksum does not fit); restore it from a copy or fit again."
    )
    try:
        about = json.loads((path / _ABOUT).read_bytes())
    except (ValueError, RecursionError) as error:
        raise damaged from error
    except OSError as error:
        raise ModelDamagedError(f"{path / _ABOUT} cannot be read ({error.strerror}).") from error
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise NotAModelError(f"{path / _ABOUT} does not describe a narrows model.")
    version = about.get("format_version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise ModelVersionError(
            f"The model {path} has format version {version}, and this narrows ({narrows.__version__}) reads up to "
            f"{FORMAT_VERSION}; upgrade narrows."
        )
    sums = about.get("sha256")
    if (
        version not in range(1, FORMAT_VERSION + 1)
        or not isinstance(sums, dict)
        or sums.get(_ABOUT) != _self_checksum(about)
    ):
        raise damaged
    return about


def _read_checked(path: Path, name: str, about: dict[str, Any]) -> bytes:
    try:
        content = (path / name).read_bytes()
    except FileNotFoundError as error:
        raise ModelDamagedError(
            f"The model {path} has lost its {name}; restore it from a copy or fit again."
        ) from error
    except OSError as error:
        raise ModelDamagedError(f"{path / name} cannot be read ({error.strerror}).") from error
    if hashlib.sha256(content).hexdigest() != about["sha256"].get(name):
        raise ModelDamagedError(
            f"{path / name} was altered or cut off (its checksum does not fit); restore it from a copy or fit again."
        )
    return content


def _estimator(
    about: dict[str, Any], modules: dict[str, nn.Module | None], stations: tuple[Any, ...], path: Path
) -> Autoencoder:
    classes = {cls.__name__: cls for cls in variant_classes()}
    estimator = classes[about["estimator"]]
    known = {field.name for field in fields(estimator) if field.init}
    given = {}
    for name, told in about["parameters"].items():
        if name not in known:
            raise KeyError(f"{estimator.__name__} has no parameter {name}")
        if isinstance(told, dict) and "module" in told:
            if modules[name] is None:
                raise SettingError(
                    f"The model {path} was fitted with an {name} of your own ({told['module']}); "
                    f"pass it: narrows.load(path, {name}=...)."
                )
            given[name] = modules[name]
        else:
            given[name] = tuple(told) if name == "categorical" else undescribe(told, stations, path)
    return estimator(**given)


def _restore(
    model: Autoencoder, about: dict[str, Any], tensors: dict[str, Tensor], history: list[dict], device: str
) -> None:
    from narrows.estimators import parameter_checks

    arrays = {name.removeprefix("schema."): t.numpy() for name, t in tensors.items() if name.startswith("schema.")}
    schema = Schema.restore(about["schema"], arrays)
    # On the meta device sizes cost nothing, so a forged size cannot fill the memory.
    with torch.device("meta"):
        network = resolve(model, schema, None, generator=None).network
    weights = {name.removeprefix("network."): t for name, t in tensors.items() if name.startswith("network.")}
    network.load_state_dict(weights, assign=True)
    device = parameter_checks.device(device)
    for name in _PLAIN_FITTED:
        setattr(model, name, about["fitted"][name])
    model.hidden_layer_sizes_ = tuple(model.hidden_layer_sizes_)
    model.network_ = network.to(device).eval()
    model.schema_ = schema
    model.history_ = History(Epoch(**record) for record in history)
    model.pretraining_ = []
    model.mean_ = tensors["mean"].numpy()
    model.validation_rows_ = tensors["validation_rows"].numpy()
    for name in _HASHES:
        setattr(model, f"{name}_", tensors[name].numpy().view(np.uint64) if name in tensors else None)
    model.device_ = device
    model._fitted_params = model.get_params(deep=False)
    if schema.names is not None:
        model.feature_names_in_ = np.asarray(schema.names, dtype=object)


def describe(value: Any) -> Any:
    """A parameter as JSON."""
    if isinstance(value, _STATIONS):
        return describe_block(value)
    if isinstance(value, nn.Module):
        return {"module": type(value).__name__}
    if isinstance(value, list | tuple):
        return [describe(item) for item in value]
    if isinstance(value, np.random.RandomState | np.random.Generator):
        return None  # the seed that was drawn from it stands in seed_
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, torch.device):
        return str(value)
    return value.item() if isinstance(value, np.generic) else value


def undescribe(told: Any, stations: tuple[Any, ...], path: Path) -> Any:
    if isinstance(told, dict):
        try:
            return block_from_description(told, stations)
        except KeyError as error:
            raise SettingError(
                f"The model {path} was fitted with a station of your own, {told.get('station')}; "
                "pass its class: narrows.load(path, stations=(...,))."
            ) from error
    if isinstance(told, list):
        items = [undescribe(item, stations, path) for item in told]
        return items if any(isinstance(item, str | Penalty) for item in items) else tuple(items)
    return told


def versions() -> dict[str, str]:
    return {
        "narrows": narrows.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
        "safetensors": safetensors.__version__,
    }


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _self_checksum(about: dict[str, Any]) -> str:
    """SHA-256 of everything in narrows.json but this number itself."""
    sums = {name: value for name, value in about["sha256"].items() if name != _ABOUT}
    content = json.dumps(about | {"sha256": sums}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
