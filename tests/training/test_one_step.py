import copy

import pytest
import torch

from narrows.model import AutoencoderNetwork, GaussianNoise, Objective, PointCode, SquaredError, build_network
from narrows.training.one_step import one_step
from tests.training.building import settings

BY_TORCH = {
    "sgd": lambda parameters: torch.optim.SGD(parameters, 0.01, momentum=0.9, nesterov=True, weight_decay=0.1),
    "adam": lambda parameters: torch.optim.Adam(parameters, 0.01, weight_decay=0.1),
    "adamw": lambda parameters: torch.optim.AdamW(parameters, 0.01, weight_decay=0.1),
}


def network(**others) -> AutoencoderNetwork:
    given = {"n_floats": 6, "n_components": 2, "hidden_layer_sizes": (8,), "likelihood": SquaredError()}
    return build_network(**given, code=PointCode(), generator=torch.Generator().manual_seed(0), **others)


def rows(n: int = 5) -> torch.Tensor:
    return torch.randn(n, 6, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("optimizer", BY_TORCH)
def test_the_weights_move_as_under_the_optimizer_of_torch(optimizer):
    net, x = network(), rows()
    step = one_step(net, Objective(), settings(optimizer, learning_rate=0.01, weight_decay=0.1, momentum=0.9), x)
    expected = copy.deepcopy(net)
    by_torch = BY_TORCH[optimizer](expected.parameters())
    loss = (expected.reconstruct(x) - x).square().sum(dim=1).mean()
    (loss / 6).backward()
    by_torch.step()
    assert step.before["reconstruction"] == pytest.approx(loss.item(), rel=1e-5)
    for name, parameter in expected.named_parameters():
        torch.testing.assert_close(step.gradients[name], parameter.grad)
        torch.testing.assert_close(dict(step.network.named_parameters())[name], parameter)


def test_the_network_itself_does_not_change_and_the_changes_lead_to_the_copy():
    net = network()
    before = {name: p.detach().clone() for name, p in net.named_parameters()}
    step = one_step(net, Objective(), settings("muon"), rows())
    after = dict(step.network.named_parameters())
    for name, parameter in net.named_parameters():
        assert torch.equal(parameter, before[name])
        torch.testing.assert_close(before[name] + step.changes[name], after[name])
        assert step.changes[name].any()


def test_the_noise_is_that_of_the_seed_before_and_after_the_step():
    objective, given = Objective(corruption=GaussianNoise(0.5)), settings("sgd", learning_rate=1e-9)
    first, again, other = (one_step(network(), objective, given, rows(), seed=seed) for seed in (3, 3, 4))
    assert torch.equal(first.x_tilde, again.x_tilde)
    assert not torch.equal(first.x_tilde, other.x_tilde)
    assert not torch.equal(first.x_tilde, rows())
    # At this rate only other noise would change the error or the output.
    assert first.after["reconstruction"] == pytest.approx(first.before["reconstruction"], rel=1e-5)
    torch.testing.assert_close(first.rebuilt_after, first.rebuilt)


def test_a_long_gradient_is_clipped_for_the_step_but_shown_whole():
    x = 100 * rows()
    free = one_step(network(), Objective(), settings("sgd", learning_rate=1.0, momentum=0.0), x)
    clipped = one_step(network(), Objective(), settings("sgd", learning_rate=1.0, momentum=0.0, clip_norm=0.5), x)
    moved = torch.cat([change.flatten() for change in clipped.changes.values()])
    assert float(moved.norm()) == pytest.approx(0.5, rel=1e-3)
    for name, gradient in free.gradients.items():
        assert torch.equal(clipped.gradients[name], gradient)


def test_a_linear_path_has_no_share_as_in_every_training():
    net = network(linear_path=True)
    assert net.path is not None
    net.path.share.fill_(0)
    step = one_step(net, Objective(), settings("adam"), rows())
    assert step.network.path is not None
    assert float(step.network.path.share) == 1
    assert float(net.path.share) == 0
