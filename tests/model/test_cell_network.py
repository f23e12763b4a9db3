from __future__ import annotations

import torch

from narrows.model import CellNetwork


def test_leaving_out_one_cell_is_hiding_it() -> None:
    generator = torch.Generator().manual_seed(0)
    network = CellNetwork((3, 4, 2, 4), 8, generator)  # two columns of one size
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(generator=generator)
    codes = torch.tensor([[0, 3, 7, 10], [2, 6, 8, 12]])
    values = torch.randn(2, 4, generator=generator)
    with torch.inference_mode():
        found = network.alone(codes, values)
        for j, (start, size) in enumerate(zip(network.starts, network.sizes, strict=True)):
            visible = torch.ones(2, 4)
            visible[:, j] = 0
            logits = network.logits(codes, values, visible)[:, start : start + size]
            assert torch.allclose(found[j], torch.log_softmax(logits, dim=1), atol=1e-5)
