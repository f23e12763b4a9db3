import numpy as np
import pytest
import torch
from torch import nn

from narrows.training import Muon
from narrows.training.muon import orthogonalised


def filled(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(6, 6), (12, 5), (5, 12), (1, 7)])
def test_orthogonalising_applies_the_quintic_to_the_singular_values_and_keeps_the_vectors(shape):
    matrix = filled(shape, 0)
    U, S, Vt = np.linalg.svd(matrix.double().numpy(), full_matrices=False)
    S = S / np.linalg.norm(S)
    for _ in range(5):
        S = 3.4445 * S - 4.7750 * S**3 + 2.0315 * S**5
    np.testing.assert_allclose(orthogonalised(matrix).numpy(), U @ np.diag(S) @ Vt, atol=1e-4)


def test_the_singular_values_of_a_large_update_come_near_one():
    values = torch.linalg.svdvals(orthogonalised(filled((300, 400), 0)))
    assert values.min() > 0.5
    assert values.max() < 1.3


def test_matrices_move_as_under_torch_and_the_rest_as_under_adamw():
    ours = [nn.Parameter(filled((6, 4), 0)), nn.Parameter(filled((4,), 1))]
    theirs = [nn.Parameter(p.detach().clone()) for p in ours]
    muon = torch.optim.Muon(theirs[:1], lr=0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    adamw = torch.optim.AdamW(theirs[1:], lr=0.01, weight_decay=0.0)
    optimizer = Muon(ours, lr=0.01, weight_decay=0.1)
    for step in range(10):
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            a.grad = filled(tuple(a.shape), 10 * step + i)
            b.grad = a.grad.clone()
        optimizer.step()
        muon.step()
        adamw.step()
    # torch orthogonalises in bfloat16; ten updates of 0.004 each differ by its rounding.
    torch.testing.assert_close(ours[0], theirs[0], atol=1e-3, rtol=0)
    torch.testing.assert_close(ours[1], theirs[1])


def test_a_kernel_moves_as_the_matrix_of_its_output_channels():
    kernel, matrix = nn.Parameter(filled((5, 3, 2, 2), 0)), nn.Parameter(filled((5, 3, 2, 2), 0).flatten(1))
    for parameter in (kernel, matrix):
        parameter.grad = filled((5, 3, 2, 2), 1).view(parameter.shape)
        Muon([parameter], lr=0.1, weight_decay=0.0).step()
    assert torch.equal(kernel.flatten(1), matrix)
