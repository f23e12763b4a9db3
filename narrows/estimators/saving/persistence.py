"""The files of a saved autoencoder: its parameters and state, written and read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from sklearn.base import BaseEstimator
from torch import Tensor, nn

from narrows.data import Schema
from narrows.errors import SettingError
from narrows.estimators.fitting.validation_split import HeldOutBy
from narrows.estimators.generation.sampler import Sampler
from narrows.estimators.parameters import parameter_checks
from narrows.estimators.parameters.resolution import resolve, with_width
from narrows.estimators.saving import saved_values
from narrows.estimators.saving.model_folder import seal
from narrows.estimators.saving.saved_trainer import SavedTrainer
from narrows.estimators.state import FittedRows, FittedState, TrainingProgress
from narrows.model import Code, Corruption, Likelihood, Penalty, block_from_description, describe_block
from narrows.training import History

_HASHES = ("validation_hashes", "training_hashes")
_BUILDING_BLOCKS = (Corruption, Code, Penalty, Likelihood)


def files_of(
    model_class: type[BaseEstimator],
    state: FittedState,
    progress: TrainingProgress,
    trainer: SavedTrainer | None,
    card: str,
    *,
    row_hashes: bool,
) -> dict[str, bytes]:
    """Return the files of a fitted autoencoder by name; SettingError for a class outside narrows.

    trainer : the state with which `partial_fit` goes on, if there is one. card : the page for people.
    row_hashes : whether the hashes of the rows of the fit are among the files.
    """
    if not model_class.__module__.startswith("narrows."):
        raise SettingError(
            f"{model_class.__name__} is a class of your own, which could not be loaded again; save a narrows estimator."
        )
    about = {
        "estimator": model_class.__name__,
        # The parameters of the fit: those set for the next one do not describe these weights.
        "parameters": {name: describe(value) for name, value in state.params.items()},
        "fitted": {name: describe(value) for name, value in _fitted_values(state, progress).items()},
        "schema": state.schema.describe(),
        **({} if state.sampler is None else {"sampler": state.sampler.describe()}),
    }
    tensors = _tensors(state, row_hashes=row_hashes)
    if trainer is not None:
        about["trainer"], tensors = trainer.describe(), tensors | trainer.tensors()
    history = [epoch.to_dict() for epoch in progress.history[-saved_values.MOST_EPOCHS :]]
    return seal(tensors, history, about, card)


def read_params(
    described: Mapping[str, Any],
    known: Iterable[str],
    modules: Mapping[str, nn.Module | None],
    custom_objects: tuple[Any, ...],
    path: Path,
) -> dict[str, Any]:
    """Return the constructor parameters of a saved model.

    Parameters
    ----------
    described : mapping
        The parameters as JSON values.
    known : iterable of str
        Parameter names of the estimator; KeyError for any other name.
    modules : mapping
        The user's own "encoder" and "decoder", or None.
    custom_objects : tuple
        The user's own building blocks.
    path : Path
        For error messages.

    Raises
    ------
    SettingError
        A module or class of the user is needed and was not given.
    """
    saved_values.check_lists(described)
    known, params = set(known), {}
    for name, value in described.items():
        if name not in known:
            raise KeyError(f"there is no parameter {name}")
        if isinstance(value, dict) and "module" in value:
            if modules[name] is None:
                raise SettingError(
                    f"The model {path} was fitted with an {name} of your own ({value['module']}); "
                    f"pass it: narrows.load(path, {name}=...)."
                )
            params[name] = modules[name]
        else:
            params[name] = tuple(value) if name == "categorical" else undescribe(value, custom_objects, path)
    return params


def read_state(
    about: Mapping[str, Any], params: Mapping[str, Any], tensors: Mapping[str, Tensor], device: str
) -> FittedState:
    """Return the fitted state of a saved model, with its network on `device`."""
    arrays = {name.removeprefix("schema."): t.numpy() for name, t in tensors.items() if name.startswith("schema.")}
    schema = Schema.restore(about["schema"], arrays)
    fitted = about["fitted"]
    n_components = saved_values.whole(fitted, "n_components_", least=1)
    # On the meta device sizes cost nothing, so a forged size cannot fill the memory.
    with torch.device("meta"):
        network = resolve(with_width(params, n_components), schema, None, generator=None).network
    if n_components != network.n_components:
        raise ValueError(f"n_components_ is {n_components} and not {network.n_components}")
    weights = {name.removeprefix("network."): t for name, t in tensors.items() if name.startswith("network.")}
    own = params.get("encoder") is not None or params.get("decoder") is not None
    saved_values.check_weights(weights, network, of_parameters_only=own)
    network.load_state_dict(weights, assign=True)
    device = parameter_checks.device(device)
    sampler = None
    if "sampler" in about:  # models saved before there was one draw from the prior
        drawn = {name.removeprefix("sampler."): t.numpy() for name, t in tensors.items() if name.startswith("sampler.")}
        sampler = Sampler.restore(about["sampler"], drawn, schema, network.n_components)
    hashes = {
        name: saved_values.array(tensors, name, "int", (None,)).view(np.uint64) if name in tensors else None
        for name in _HASHES
    }
    return FittedState(
        estimator=saved_values.text(about, "estimator"),
        params=params,
        network=network.to(device).eval(),
        schema=schema,
        mean=saved_values.array(tensors, "mean", "float", (schema.n_floats,)),
        rows=FittedRows(
            saved_values.array(tensors, "validation_rows", "int", (None,)),
            **hashes,
            fingerprint=saved_values.text(fitted, "fingerprint_"),
            held_out_by=_held_out_by(fitted),
            n_rows=None if fitted.get("n_rows_") is None else saved_values.whole(fitted, "n_rows_"),
        ),
        n_components=n_components,
        hidden_layer_sizes=tuple(fitted["hidden_layer_sizes_"]),
        code_activation=saved_values.text(fitted, "code_activation_"),
        batch_size=saved_values.whole(fitted, "batch_size_", least=1),
        epochs=saved_values.whole(fitted, "epochs_", least=1),
        learning_rate=saved_values.real(fitted, "learning_rate_"),
        precision=saved_values.text(fitted, "precision_"),
        device=device,
        seed=saved_values.whole(fitted, "seed_"),
        sampler=sampler,
        n_pieces=saved_values.whole(fitted, "n_pieces_", least=1) if "n_pieces_" in fitted else 1,
        label_column=saved_values.text(fitted, "label_column_") if "label_column_" in fitted else None,
    )


def read_progress(about: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> TrainingProgress:
    """Return the training records of a saved model, without those of pre-training, which are not saved."""
    epochs = History(saved_values.epochs(history))
    return TrainingProgress(epochs, interrupted=saved_values.flag(about["fitted"], "interrupted_"), has_begun=True)


def describe(value: Any) -> Any:
    """Return a parameter as a JSON value."""
    if isinstance(value, _BUILDING_BLOCKS):
        return describe_block(value)
    if isinstance(value, nn.Module):
        return {"module": type(value).__name__}
    if isinstance(value, list | tuple):
        return [describe(item) for item in value]
    if isinstance(value, np.random.RandomState | np.random.Generator):
        return None  # the seed drawn from it is saved as seed_
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, torch.device):
        return str(value)
    return value.item() if isinstance(value, np.generic) else value


def undescribe(described: Any, custom_objects: tuple[Any, ...], path: Path) -> Any:
    """Return the parameter that `describe` wrote; SettingError where it needs a class of the user."""
    if isinstance(described, dict):
        try:
            return block_from_description(described, custom_objects)
        except KeyError as error:
            raise SettingError(
                f"The model {path} was fitted with a building block of your own, {described.get('station')}; "
                "pass its class: narrows.load(path, custom_objects=(...,))."
            ) from error
    if isinstance(described, list):
        items = [undescribe(item, custom_objects, path) for item in described]
        return items if any(isinstance(item, str | Penalty) for item in items) else tuple(items)
    return described


def _fitted_values(state: FittedState, progress: TrainingProgress) -> dict[str, Any]:
    return {
        "n_components_": state.n_components,
        "hidden_layer_sizes_": state.hidden_layer_sizes,
        "code_activation_": state.code_activation,
        "loss_": state.network.likelihood.name,
        "batch_size_": state.batch_size,
        "n_pieces_": state.n_pieces,
        "epochs_": state.epochs,
        "learning_rate_": state.learning_rate,
        "precision_": state.precision,
        "seed_": state.seed,
        "fingerprint_": state.rows.fingerprint,
        "validation_": state.rows.held_out_by,
        "n_rows_": state.rows.n_rows,
        "interrupted_": progress.interrupted,
        "n_features_in_": state.schema.n_columns,
        **({} if state.label_column is None else {"label_column_": state.label_column}),
    }


def _held_out_by(fitted: Mapping[str, Any]) -> HeldOutBy:
    found = fitted.get("validation_", "random")  # earlier versions held out rows at random alone
    if found not in get_args(HeldOutBy):
        raise ValueError(f"validation_ is {found!r}")
    return found


def _tensors(state: FittedState, *, row_hashes: bool) -> dict[str, Tensor]:
    tensors = {f"network.{name}": value for name, value in state.network.state_dict().items()}
    tensors |= {f"schema.{name}": torch.from_numpy(array.copy()) for name, array in state.schema.arrays().items()}
    if state.sampler is not None:
        tensors |= {f"sampler.{name}": torch.from_numpy(array.copy()) for name, array in state.sampler.arrays().items()}
    tensors["mean"] = torch.from_numpy(state.mean)
    tensors["validation_rows"] = torch.from_numpy(state.rows.validation_rows)
    for name in _HASHES:
        hashes = getattr(state.rows, name)
        if row_hashes and hashes is not None:
            tensors[name] = torch.from_numpy(hashes.view(np.int64))
    return tensors
