import pytest
import torch
from torch import nn

from narrows.model import Contractive, KLSparsity, Objective, PointCode, SquaredError, build_network
from narrows.training import Trainer, precision
from narrows.training.autograd_step import AutogradStep
from narrows.training.flat_parameters import FlatParameters
from tests.training.building import settings

D = 6


class WithSpare(nn.Module):
    """An encoder that leaves one layer unused."""

    def __init__(self):
        super().__init__()
        self.used, self.spare = nn.Linear(D, 2), nn.Linear(D, 2)

    def forward(self, x):
        return self.used(x)


def network(**others):
    given = {
        "n_floats": D,
        "n_components": 2,
        "code": PointCode(),
        "likelihood": SquaredError(),
        "generator": torch.Generator().manual_seed(0),
    }
    return build_network(**(given | others))


def rows(n: int = 8) -> torch.Tensor:
    return torch.randn(n, D, generator=torch.Generator().manual_seed(1))


def test_the_gradient_is_that_of_the_objective_per_feature():
    net = network(hidden_layer_sizes=(5,), activation="tanh", code_activation="sigmoid")
    # One number for each row, and one for the whole batch.
    objective = Objective(penalties=(Contractive(0.3), KLSparsity(0.2)))
    terms = objective.terms(net, rows(), torch.Generator(), progress=0, training=True)
    loss = sum(value.mean() for value in terms.values()) / D
    expected = torch.autograd.grad(loss, list(net.parameters()))
    flat = FlatParameters(list(net.parameters()))
    step = AutogradStep(net, objective, flat, "float32", 8)
    with flat.attached():
        for _ in range(2):  # nothing of the step before is left
            step(rows(), torch.Generator(), progress=0, weight=None)
        for parameter, gradient in zip(net.parameters(), expected, strict=True):
            torch.testing.assert_close(parameter.grad, gradient)


@pytest.mark.parametrize("part", ["encoder", "decoder"])
@pytest.mark.parametrize(("name", "expected"), [("auto", torch.float32), ("bfloat16", torch.bfloat16)])
def test_modules_of_ones_own_take_bfloat16_only_when_asked(monkeypatch, name, expected, part):
    monkeypatch.setattr(precision, "is_large", lambda size, device: True)
    monkeypatch.setattr(precision, "bfloat16_pays", lambda device: True)
    seen = []
    net = network(**{part: nn.Linear(D, 2) if part == "encoder" else nn.Linear(2, D)})
    net.get_submodule(part).module.register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    flat = FlatParameters(list(net.parameters()))
    step = AutogradStep(net, Objective(), flat, name, 8)
    with flat.attached():
        step(rows(), torch.Generator(), progress=0, weight=None)
    assert set(seen) == {expected}
    assert step.dtypes == [expected]
    assert flat.gradients.dtype == torch.float32
    assert flat.gradients.abs().sum() > 0


@pytest.mark.parametrize(("smallest", "expected"), [(8 * 5 * D, torch.bfloat16), (8 * 5 * D + 1, torch.float32)])
def test_the_largest_product_of_a_batch_decides_for_the_whole_network(monkeypatch, smallest, expected):
    monkeypatch.setattr(precision, "is_large", lambda size, device: size >= smallest)
    net = network(hidden_layer_sizes=(5,), tied_weights=True)
    step = AutogradStep(net, Objective(), FlatParameters(list(net.parameters())), "bfloat16", 8)
    assert step.dtypes == [expected]


@pytest.mark.parametrize("optimizer", ["adam", "muon"])
def test_a_layer_that_is_not_used_stays_as_it_was(optimizer):
    net = network(encoder=WithSpare())
    before = net.encoder.module.spare.weight.detach().clone()
    trainer = Trainer(
        net, Objective(), settings(optimizer, epochs=2, weight_decay=0.0), generator=torch.Generator().manual_seed(0)
    )
    list(trainer.epochs(rows(20)))
    assert torch.equal(net.encoder.module.spare.weight, before)


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_frozen_parameter_is_not_even_decayed(optimizer):
    net = network(hidden_layer_sizes=(5,))
    frozen = net.encoder.layers[0].weight.requires_grad_(False)
    before = frozen.clone()
    given = settings(optimizer, epochs=2, weight_decay=0.5)
    list(Trainer(net, Objective(), given, generator=torch.Generator().manual_seed(0)).epochs(rows(20)))
    assert torch.equal(frozen, before)


def test_the_trainer_says_in_what_it_multiplied(monkeypatch):
    monkeypatch.setattr(precision, "is_large", lambda size, device: True)

    def trained_in(name: str) -> str:
        given = settings("adam", precision=name)
        return Trainer(network(), Objective(), given, generator=torch.Generator().manual_seed(0)).precision

    assert trained_in("float32") == "float32"
    assert trained_in("bfloat16") == "bfloat16"
