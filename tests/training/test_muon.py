import math

import numpy as np
import pytest
import torch
from torch import nn

from narrows.training.flat_parameters import FlatParameters
from narrows.training.muon import QUINTICS, Muon, batched, orthogonalised


def filled(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def driven(S: np.ndarray) -> np.ndarray:
    for a, b, c in QUINTICS:
        S = a * S + b * S**3 + c * S**5
    return S


def orthogonalised_by_svd(matrix: np.ndarray) -> np.ndarray:
    U, S, Vt = np.linalg.svd(matrix, full_matrices=False)
    return U @ np.diag(driven(S / np.linalg.norm(S))) @ Vt


@pytest.mark.parametrize("shape", [(6, 6), (12, 5), (5, 12), (1, 7), (40, 200)])
def test_orthogonalising_applies_the_quintics_to_the_singular_values_and_keeps_the_vectors(shape):
    matrices = filled((3, *shape), 0)
    expected = [orthogonalised_by_svd(matrix) for matrix in matrices.double().numpy()]
    np.testing.assert_allclose(orthogonalised(matrices).numpy(), expected, atol=1e-4)


def test_small_singular_values_of_a_wide_matrix_keep_their_digits():
    matrix = filled((60, 300), 0) * torch.logspace(0, -4, 60)[:, None]
    expected = orthogonalised_by_svd(matrix.double().numpy())
    np.testing.assert_allclose(orthogonalised(matrix[None])[0].numpy(), expected, atol=1e-4)


def test_the_quintics_bring_singular_values_from_a_wide_range_near_one():
    reached = driven(np.geomspace(0.003, 1, 100_000))
    assert reached.min() > 0.35
    assert reached.max() < 1.65


def test_the_singular_values_of_a_large_update_come_near_one():
    values = torch.linalg.svdvals(orthogonalised(filled((1, 300, 400), 0))[0])
    assert values.min() > 0.3
    assert values.max() < 1.7


def test_matrices_of_all_shapes_move_by_the_formula_and_the_rest_as_under_adamw():
    # A layer and its mirror (one batch), a kernel, another shape, a vector; steps at changing rates.
    shapes = [(6, 4), (4, 6), (5, 2, 3, 3), (3, 7), (4,)]
    parameters = [nn.Parameter(filled(shape, i)) for i, shape in enumerate(shapes)]
    flat = FlatParameters(parameters)
    expected = [p.detach().double().flatten(1).numpy().copy() for p in parameters[:-1]]
    momenta = [np.zeros_like(matrix) for matrix in expected]
    vector = nn.Parameter(parameters[-1].detach().clone())
    adamw = torch.optim.AdamW([vector], weight_decay=0.0)
    muon = Muon(flat, weight_decay=0.1)
    with flat.attached():
        for step in range(10):
            rate = 0.01 / (step + 1)
            gradients = [filled(shape, 100 + 10 * step + i) for i, shape in enumerate(shapes)]
            for parameter, gradient in zip(parameters, gradients, strict=True):
                assert parameter.grad is not None
                parameter.grad.copy_(gradient)
            muon.step(rate)
            for matrix, momentum, gradient in zip(expected, momenta, gradients, strict=False):
                g = gradient.double().flatten(1).numpy()
                momentum += 0.05 * (g - momentum)
                direction = orthogonalised_by_svd(g + 0.95 * (momentum - g))
                matrix *= 1 - rate * 0.1
                matrix -= 0.2 * rate * math.sqrt(max(g.shape)) * direction
            vector.grad = gradients[-1]
            adamw.param_groups[0]["lr"] = rate
            adamw.step()
    for parameter, matrix in zip(parameters, expected, strict=False):
        np.testing.assert_allclose(parameter.detach().flatten(1).numpy(), matrix, atol=2e-5)
    torch.testing.assert_close(parameters[-1], vector)


def test_the_momentum_of_a_dead_unit_does_not_end_as_denormal_numbers():
    flat = FlatParameters([nn.Parameter(torch.zeros(4, 4))])
    muon = Muon(flat, weight_decay=0.0)
    flat.gradients.copy_(filled((16,), 0))
    muon.step(1e-3)
    flat.gradients[8:] = 0
    for _ in range(1600):
        muon.step(1e-3)
    assert (muon._momentum[8:] == 0).all()
    torch.testing.assert_close(muon._momentum[:8], flat.gradients[:8])


def test_zeros_that_fill_a_batch_up_change_nothing():
    matrix = filled((1, 5, 9), 0)
    larger = torch.zeros(1, 8, 20)
    larger[:, :5, :9] = matrix
    found = orthogonalised(larger)
    torch.testing.assert_close(found[:, :5, :9], orthogonalised(matrix), atol=1e-5, rtol=1e-5)
    assert not found[:, 5:].any()
    assert not found[:, :, 9:].any()


def test_small_matrices_share_a_batch_and_large_ones_only_one_of_their_shape():
    small, large = (8, 64), (500, 1000)
    assert batched([(8, 64), (30, 64), (30, 64), (8, 64)]) == [[0, 3, 1, 2]]
    assert sorted(map(sorted, batched([large, small, large, (250, 500), small]))) == [[0, 2], [1, 4], [3]]
    assert batched([]) == []
    assert batched([(1, 1)]) == [[0]]
