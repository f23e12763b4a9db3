import math

import pytest
import torch
from torch import Tensor

from narrows.errors import DivergedError
from narrows.model import AutoencoderNetwork, GaussianNoise, Objective, PointCode, SquaredError, build_network
from narrows.training import Trainer
from tests.training.building import settings


def network(seed: int = 0, **others) -> AutoencoderNetwork:
    given = {
        "n_floats": 6,
        "n_components": 2,
        "hidden_layer_sizes": (8,),
        "code": PointCode(),
        "likelihood": SquaredError(),
        "generator": torch.Generator().manual_seed(seed),
    }
    return build_network(**(given | others))


def rows(n: int, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 2, generator=generator) @ torch.randn(2, 6, generator=generator)


def trainer(net: AutoencoderNetwork, *, objective: Objective | None = None, optimizer: str = "adam", **others):
    return Trainer(
        net,
        objective or Objective(),
        settings(optimizer, **others),
        generator=torch.Generator().manual_seed(3),
    )


def weights(net: AutoencoderNetwork) -> Tensor:
    return torch.cat([p.detach().flatten() for p in net.parameters()])


def test_the_loss_falls_and_every_epoch_is_recorded():
    history = list(trainer(network(), epochs=20, learning_rate=0.01).epochs(rows(100), validation=rows(20)))
    assert [epoch.number for epoch in history] == list(range(1, 21))
    assert history[-1].loss < 0.5 * history[0].loss
    assert history[-1].loss == pytest.approx(sum(history[-1].parts.values()))
    assert history[-1].validation == pytest.approx(sum(history[-1].validation_parts.values()))
    assert all(epoch.rows_per_second > 0 for epoch in history)


def test_the_recorded_validation_is_the_mean_squared_error_per_row():
    net, held_out = network(), rows(5000, seed=9)
    (epoch,) = trainer(net, epochs=1).epochs(rows(50), validation=held_out)
    with torch.no_grad():
        expected = (net.reconstruct(held_out) - held_out).square().sum(dim=1).mean()
    assert epoch.validation == pytest.approx(float(expected), rel=1e-5)


def test_the_recorded_loss_weighs_an_incomplete_last_batch_by_its_rows():
    net, x = network(), rows(9)
    (epoch,) = trainer(net, optimizer="sgd", epochs=1, batch_size=8, learning_rate=1e-12, momentum=0.0).epochs(x)
    with torch.no_grad():
        expected = (net.reconstruct(x) - x).square().sum(dim=1).mean()
    assert epoch.loss == pytest.approx(float(expected), rel=1e-5)


def test_one_step_of_sgd_follows_the_gradient_of_the_objective_per_feature():
    net, x = network(), rows(8)
    before = weights(net)
    loss = (net.reconstruct(x) - x).square().sum(dim=1).mean() / 6
    gradient = torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(net.parameters()))])
    list(trainer(net, optimizer="sgd", epochs=1, learning_rate=0.1, momentum=0.0).epochs(x))
    torch.testing.assert_close(weights(net), before - 0.1 * gradient)


def test_weights_act_as_copies_in_the_gradient():
    x, weight = rows(4), torch.tensor([0.5, 1.5, 1.0, 1.0])
    copies = x[[0, 1, 1, 1, 2, 2, 3, 3]]
    weighted, repeated = network(), network()
    list(trainer(weighted, optimizer="sgd", epochs=1, learning_rate=0.1).epochs(x, weight=weight))
    list(trainer(repeated, optimizer="sgd", epochs=1, learning_rate=0.1).epochs(copies))
    torch.testing.assert_close(weights(weighted), weights(repeated))


def test_clipping_bounds_the_gradient_that_reaches_the_optimizer():
    net = network()
    before = weights(net)
    list(trainer(net, optimizer="sgd", epochs=1, learning_rate=1.0, momentum=0.0, clip_norm=1e-3).epochs(rows(8)))
    assert float((weights(net) - before).norm()) == pytest.approx(1e-3, rel=1e-3)


@pytest.mark.parametrize("optimizer", ["adam", "muon"])
def test_the_same_seed_gives_the_same_weights_to_the_bit_and_leaves_the_global_seed_alone(optimizer):
    state = torch.get_rng_state()
    results = []
    for _ in range(2):
        net = network()
        noisy = Objective(GaussianNoise(0.3))
        list(trainer(net, objective=noisy, optimizer=optimizer, epochs=3).epochs(rows(50), validation=rows(10)))
        results.append(weights(net))
        torch.rand(1)
    torch.set_rng_state(state)
    assert torch.equal(*results)


def test_early_stopping_restores_the_weights_of_the_best_epoch():
    # Six rows: the network learns them by heart and the held-out loss rises.
    net = network(hidden_layer_sizes=(64,))
    history, states = [], []
    run = trainer(net, epochs=400, learning_rate=0.03, schedule="constant", early_stopping=True, patience=5)
    for epoch in run.epochs(rows(6), validation=torch.randn(20, 6, generator=torch.Generator().manual_seed(5))):
        history.append(epoch)
        states.append(weights(net))
    best = min(range(len(history)), key=lambda i: history[i].validation)
    assert len(history) < 400
    assert torch.equal(weights(net), states[best])


def test_patience_counts_epochs_without_a_relative_improvement_of_tol():
    net = network()
    frozen = trainer(net, optimizer="sgd", epochs=50, learning_rate=1e-12, early_stopping=True, patience=4, tol=1e-3)
    assert len(list(frozen.epochs(rows(20)))) == 5


def test_closing_the_iterator_ends_the_training_and_keeps_the_best_weights():
    net = network()
    epochs = trainer(net, epochs=100, early_stopping=True).epochs(rows(40), validation=rows(10))
    next(epochs)
    after_one = weights(net)
    epochs.close()
    assert torch.equal(weights(net), after_one)


@pytest.mark.parametrize(
    ("others", "cure"),
    [
        ({"optimizer": "sgd", "learning_rate": 1e6}, "learning_rate=0.003"),
        ({"optimizer": "sgd", "learning_rate": 0.005, "scale_of_x": 1e6}, 'scale="standard"'),
    ],
)
def test_a_diverging_loss_names_the_epoch_the_cause_and_the_setting(others, cure):
    x = rows(64) * others.pop("scale_of_x", 1.0)
    with pytest.raises(DivergedError, match="epoch") as caught:
        list(trainer(network(), epochs=50, **others).epochs(x))
    assert cure in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_pass_trains_at_the_peak_rate_and_goes_on_counting():
    run = trainer(network(), epochs=1, learning_rate=0.01)
    records = [run.one_pass(rows(40)) for _ in range(5)]
    assert [epoch.number for epoch in records] == [1, 2, 3, 4, 5]
    assert all(epoch.learning_rate == 0.01 for epoch in records)
    assert records[-1].loss < records[0].loss
    assert not math.isnan(records[0].rows_per_second)


def test_later_passes_may_bring_more_rows_than_the_first():
    net = network()
    passes = Trainer(
        net,
        Objective(),
        settings("adam", batch_size=64),
        generator=torch.Generator().manual_seed(3),
        n_rows=10,
    )
    passes.one_pass(rows(10))
    assert passes.one_pass(rows(200)).number == 2


@pytest.mark.parametrize("corruption", [None, GaussianNoise(0.3)])
def test_looking_at_the_network_after_each_batch_changes_no_weight(corruption):
    plain, watched = network(), network()
    objective = Objective(corruption=corruption)
    list(trainer(plain, objective=objective, epochs=2, batch_size=25).epochs(rows(100)))
    observed = trainer(watched, objective=objective, epochs=2, batch_size=25)
    shares = []

    def look(share: float) -> None:
        assert not watched.training
        watched.reconstruct(rows(10))
        shares.append(share)

    observed.after_batch = look
    list(observed.epochs(rows(100)))
    assert shares == [0.25, 0.5, 0.75, 1.0] * 2
    assert torch.equal(weights(plain), weights(watched))
