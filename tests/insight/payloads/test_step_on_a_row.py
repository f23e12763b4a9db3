from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch

from narrows import Autoencoder, ContractiveAutoencoder, DenoisingAutoencoder, SparseAutoencoder, VariationalAutoencoder
from narrows.errors import DataError
from narrows.insight.payloads import activations, training_step
from tests.six_networks import X

TABLE = np.random.default_rng(0).standard_normal((200, 5)) * [1, 10, 100, 1000, 10000] + 7


def fitted(kind: type[Autoencoder] = Autoencoder, rows: np.ndarray = X, **settings) -> Autoencoder:
    given = {"n_components": 3, "hidden_layer_sizes": (20, 10), "epochs": 2, "random_state": 0, "device": "cpu"}
    return kind(**({"linear_path": "off"} | given | settings)).fit(rows)


def error_of(network: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    return (network.reconstruct(x) - x).square().sum()


def row(position: int = 9) -> torch.Tensor:
    return torch.from_numpy(X[position].reshape(1, -1))


def layers_of(network: torch.nn.Module) -> list[torch.nn.Module]:
    return [*network.encoder.layers, *network.decoder.layers]


def test_the_gradient_of_each_layer_is_that_of_autograd_and_of_finite_differences() -> None:
    model = fitted()
    found = training_step(model, X, position=9).about["step"]["gradient"]
    network, x = copy.deepcopy(model.network_), row()
    (error_of(network, x) / network.n_floats).backward()
    assert found[0] is None
    assert len(found) == 1 + len(layers_of(network))
    exact = copy.deepcopy(network).double()
    for norm, layer, twin in zip(found[1:], layers_of(network), layers_of(exact), strict=True):
        direction = [p.grad.double() for p in layer.parameters()]
        size = math.sqrt(sum(float(g.square().sum()) for g in direction))
        assert norm == pytest.approx(size, rel=1e-4)
        slope = 0.0
        with torch.no_grad():  # along the unit gradient the error rises as steeply as the gradient is long
            for sign in (1, -1):
                for p, g in zip(twin.parameters(), direction, strict=True):
                    p += sign * 1e-5 * g / size
                slope += sign * float(error_of(exact, x.double())) / network.n_floats / 2e-5
                for p, g in zip(twin.parameters(), direction, strict=True):
                    p -= sign * 1e-5 * g / size
        assert norm == pytest.approx(slope, rel=1e-4)


def test_plain_gradient_descent_moves_each_weight_by_rate_times_gradient() -> None:
    settings = {"optimizer": "sgd", "momentum": 0.0, "learning_rate": 0.5, "weight_decay": 0.0, "clip_norm": None}
    model = fitted(**settings)
    step = training_step(model, X, position=9).about["step"]
    network = copy.deepcopy(model.network_)
    for norm, change, layer in zip(step["gradient"][1:], step["change"][1:], layers_of(network), strict=True):
        size = math.sqrt(sum(float(p.detach().double().square().sum()) for p in layer.parameters()))
        assert change * size == pytest.approx(0.5 * norm, rel=1e-3)
    before = error_of(network, row())
    (before / network.n_floats).backward()
    with torch.no_grad():
        for p in network.parameters():
            p -= 0.5 * p.grad
    assert step["before"] == pytest.approx(before.item(), rel=1e-4)
    assert step["after"] == pytest.approx(error_of(network, row()).item(), rel=1e-4)
    assert step["learning_rate"] == 0.5


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop", "sgd", "muon", "lbfgs"])
def test_the_models_own_optimizer_takes_the_step_which_lowers_the_error(optimizer: str) -> None:
    step = training_step(fitted(optimizer=optimizer), X, position=9).about["step"]
    assert step["optimizer"] == optimizer
    assert step["after"] < step["before"]


def test_the_way_is_that_of_the_weights_before_and_the_model_keeps_them() -> None:
    model = fitted()
    before = {name: value.clone() for name, value in model.network_.state_dict().items()}
    found, walk = training_step(model, X, position=9), activations(model, X, position=9)
    assert all(torch.equal(before[name], value) for name, value in model.network_.state_dict().items())
    for name in ("layer1", "layer3", "code", "input", "output"):
        assert np.allclose(found[name], walk[name], atol=1e-6), name
    assert found.about["step"]["before"] == pytest.approx(walk.about["error"], rel=1e-5)
    assert not np.allclose(found["output_after"], found["output"])
    assert found.about["step"]["noisy"] is False
    assert np.array_equal(found["target"], found["input"])


def test_noise_is_the_same_before_and_after_and_the_error_is_that_of_the_clean_row() -> None:
    found = training_step(fitted(DenoisingAutoencoder), X, position=9)
    step = found.about["step"]
    assert step["noisy"] is True
    assert np.allclose(found["target"].ravel(), X[9].ravel(), atol=1e-6)
    assert not np.allclose(found["input"], found["target"])
    errors = [np.square(found[name] - found["target"]).sum() for name in ("output", "output_after")]
    assert [step["before"], step["after"]] == pytest.approx(errors, rel=1e-4)


@pytest.mark.parametrize(
    ("kind", "settings", "penalties", "left_out"),
    [
        (VariationalAutoencoder, {}, ["kl_to_prior"], []),
        (ContractiveAutoencoder, {}, ["contractive"], []),
        (SparseAutoencoder, {}, ["l1"], []),
        (Autoencoder, {"penalty": "neighbours"}, [], ["neighbours"]),
    ],
)
def test_penalties_count_where_one_row_has_them(
    kind: type[Autoencoder], settings: dict, penalties: list[str], left_out: list[str]
) -> None:
    step = training_step(fitted(kind, **settings), X, position=4).about["step"]
    assert (step["penalties"], step["left_out"]) == (penalties, left_out)
    assert (step["loss_before"] > step["before"]) == bool(penalties)


def test_pca_beside_the_layers_has_no_share_in_a_step() -> None:
    model = fitted(linear_path="auto")
    model.network_.path.share.fill_(0.25)
    assert training_step(model, X).about["step"]["layers_alone"] is True
    assert float(model.network_.path.share) == 0.25
    model.network_.path.share.fill_(1)
    assert training_step(model, X).about["step"]["layers_alone"] is False


def test_convolutions_and_tables_have_a_step_too() -> None:
    conv = training_step(fitted(network="conv", hidden_layer_sizes=(4, 8)), X, position=1).about
    assert len(conv["step"]["gradient"]) == len(conv["layers"])
    table = training_step(fitted(rows=TABLE), TABLE, position=3)
    assert table["target"].shape == (5,)
    assert table.about["step"]["after"] < table.about["step"]["before"]


def test_a_row_of_another_size_is_refused() -> None:
    with pytest.raises(DataError, match="64 finite numbers"):
        training_step(fitted(), floats=np.zeros(5, np.float32))
