"""One training step on one row, taken apart: the gradient of each layer, the update, and the error before and after."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from narrows.estimators.parameters.resolution import resolve
from narrows.insight.payloads.payload import Payload, as_pictures, sample_encoded
from narrows.insight.payloads.row_activations import activations, checked_row
from narrows.model import AutoencoderNetwork, Objective
from narrows.training import OneStep, TrainingSettings, one_step

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder


def training_step(
    model: Autoencoder,
    X: Any = None,
    *,
    position: int = 0,
    floats: np.ndarray | None = None,
    epoch: int | None = None,
    seed: int = 0,
    like: np.ndarray | None = None,
) -> Payload:
    """Return one training step on one row, from the weights of the model, which it does not change.

    The step is that of the model's optimizer at its peak learning rate, without averages of earlier batches.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    X, position, floats, like
        As for `activations`.
    epoch : int or None, default=None
        Number of epochs of the weights; None takes all of the history.
    seed : int, default=0
        Seed of the noise, the same before and after the step.

    Returns
    -------
    Payload
        The arrays and `about` of `activations` for the row as the encoder gets it: with noise, where the model is
        trained with noise. Beside them "target", the row without noise, "output", its reconstruction before the
        step, and "output_after"; `about["step"]`: for each layer "gradient", the Euclidean norm of the gradient of its
        own weights, and "change", the norm of what the step adds to them over the norm of the weights (None for
        the input and for layers without weights of their own); "before" and "after", the reconstruction loss of the
        row; "loss_before" and "loss_after", with all penalties; "penalties", their names, and "left_out", those of
        pairs of rows, which a single row does not have; "optimizer", "learning_rate"; "layers_alone", whether PCA has
        a share in the model, which it has in no training step; "noisy", whether the encoder gets another row than the
        target.

    Raises
    ------
    DataError
        `floats` is not one finite number for each encoded float.
    """
    one = sample_encoded(model, X, most=1, positions=[position]).floats[0] if floats is None else floats
    row = checked_row(model, one)
    shown, model = model, _without_path(model)
    network, objective = model.network_, _objective(model)
    settings, progress = _settings(model), float(len(model.history_) if epoch is None else epoch)
    x = torch.from_numpy(row[None]).to(model.device_)
    step = one_step(network, objective, settings, x, seed=seed, progress=progress)
    given = step.x_tilde[0].cpu().numpy()
    walk = activations(model, floats=given, like=like)
    pictures = as_pictures(model, torch.cat([step.rebuilt, step.rebuilt_after]).cpu().numpy(), like=like)
    target = as_pictures(model, row[None], like=like)[0]
    pairs = [penalty.name for penalty in objective.penalties if penalty.n_nearest()]
    about = {
        **walk.about,
        "step": {
            **_of_layers(network, step),
            "before": step.before["reconstruction"],
            "after": step.after["reconstruction"],
            "loss_before": sum(step.before.values()),
            "loss_after": sum(step.after.values()),
            "penalties": [name for name in step.before if name not in ("reconstruction", *pairs)],
            "left_out": pairs,
            "optimizer": settings.optimizer,
            "learning_rate": settings.learning_rate,
            "layers_alone": model is not shown,
            "noisy": not np.array_equal(given, row),
        },
    }
    changed = {"target": target, "output": pictures[0], "output_after": pictures[1], "difference": pictures[0] - target}
    return Payload("training_step", about, {**walk.arrays, **changed})


def _without_path(model: Autoencoder) -> Autoencoder:
    """Return the model whose layers alone answer, as in training: itself, or a copy."""
    if model.network_.share_of_layers == 1:
        return model
    changed = copy.deepcopy(model)
    assert changed.network_.path is not None
    changed.network_.path.share.fill_(1)
    return changed


def _objective(model: Autoencoder) -> Objective:
    with torch.device("meta"):  # of the network only the objective is needed
        return resolve(model.fitted_params_, model.schema_, None, generator=None).objective


def _settings(model: Autoencoder) -> TrainingSettings:
    """Return the settings of the training of a fitted model."""
    given = {one.name: model.fitted_params_[one.name] for one in fields(TrainingSettings)}
    resolved = {
        "batch_size": model.batch_size_,
        "epochs": model.epochs_,
        "learning_rate": model.learning_rate_,
        "n_pieces": 1,
    }
    n_parameters = model.network_.n_parameters
    return TrainingSettings.resolve(**{**given, **resolved}, n_rows=model.batch_size_, n_parameters=n_parameters)


def _of_layers(network: AutoencoderNetwork, step: OneStep) -> dict[str, list[float | None]]:
    """Return for each layer the norm of its gradient, and that of its change over that of its weights."""
    weights = dict(network.named_parameters())
    gradients: list[float | None] = [None]
    changes: list[float | None] = [None]
    for half, name in ((network.encoder, "encoder"), (network.decoder, "decoder")):
        for path, module in half.named_modules(prefix=name):
            own = [f"{path}.{parameter}" for parameter, _ in module.named_parameters(recurse=False)]
            if not own:
                continue
            trained = [parameter for parameter in own if parameter in step.gradients]
            gradients.append(_norm(step.gradients[one] for one in trained) if trained else None)
            size = _norm(weights[one].detach() for one in trained)
            changes.append(_norm(step.changes[one] for one in trained) / size if size else None)
    return {"gradient": gradients, "change": changes}


def _norm(tensors: Iterable[Tensor]) -> float:
    return math.sqrt(sum(float(tensor.double().square().sum()) for tensor in tensors))
