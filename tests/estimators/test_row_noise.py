import numpy as np
import torch
from scipy import stats

from narrows.estimators.row_noise import RowNoise

ROWS = torch.rand(500, 6, generator=torch.Generator().manual_seed(0))


def test_noise_is_standard_normal_and_uncorrelated_over_rows_draws_and_components():
    noise = RowNoise(ROWS, 8, stream=1)
    drawn = torch.stack([noise.draw(i) for i in range(50)]).numpy()  # (draws, rows, components)
    assert stats.kstest(drawn.ravel(), "norm").pvalue > 0.001
    for axis in range(3):
        table = np.moveaxis(drawn, axis, 0).reshape(drawn.shape[axis], -1)[:8]
        off_diagonal = np.corrcoef(table)[np.triu_indices(8, 1)]
        assert np.abs(off_diagonal).max() < 5 / np.sqrt(table.shape[1])


def test_a_row_keeps_its_noise_in_any_company_and_other_rows_and_streams_have_other_noise():
    together = RowNoise(ROWS, 4, stream=1).draw(3)
    assert torch.equal(RowNoise(ROWS[7:8], 4, stream=1).draw(3)[0], together[7])
    assert torch.equal(RowNoise(ROWS.flip(0), 4, stream=1).draw(3).flip(0), together)
    assert not torch.equal(RowNoise(ROWS, 4, stream=2).draw(3), together)
    nearly = ROWS.clone()
    nearly[:, 0] = torch.nextafter(nearly[:, 0], torch.tensor(2.0))
    assert not torch.isclose(RowNoise(nearly, 4, stream=1).draw(3), together).any(dim=1).any()
