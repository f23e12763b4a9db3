import copy
import pickle

import pytest
import torch
from torch import nn

from narrows.training.flat_parameters import FlatParameters


def parameters() -> list[nn.Parameter]:
    shapes = [(3,), (5, 7), (2, 3, 3, 3), (1,), (16, 1)]
    return [nn.Parameter(torch.full(shape, float(i))) for i, shape in enumerate(shapes)]


def test_matrices_and_kernels_come_first():
    flat = FlatParameters(parameters())
    assert [p.ndim for p in flat.parameters] == [2, 4, 2, 1, 1]
    assert all(
        end <= flat.n_in_matrices for (_, end), p in zip(flat.ranges, flat.parameters, strict=True) if p.ndim > 1
    )
    assert all(
        start >= flat.n_in_matrices for (start, _), p in zip(flat.ranges, flat.parameters, strict=True) if p.ndim == 1
    )


def test_every_parameter_begins_a_cache_line_whatever_the_size_of_the_one_before():
    flat = FlatParameters(parameters())
    assert [end - start for start, end in flat.ranges] == [35, 54, 16, 3, 1]
    assert all(start % 16 == 0 for start, _ in flat.ranges)


def test_attached_parameters_live_in_the_vector_and_their_gradients_too():
    given = parameters()
    flat = FlatParameters(given)
    with flat.attached():
        for i, parameter in enumerate(given):
            assert (parameter == i).all()
        flat.values.add_(1)
        sum(p.sum() * (i + 1) for i, p in enumerate(given)).backward()
        for i, parameter in enumerate(given):
            assert (parameter == i + 1).all()
            values, gradient = flat.view(parameter)
            assert values.data_ptr() == parameter.data_ptr()
            assert (gradient == i + 1).all()


@pytest.mark.parametrize("fails", [False, True])
def test_afterwards_they_are_ordinary_again_with_what_they_have_become(fails):
    given = parameters()
    own = [p.data_ptr() for p in given]
    flat = FlatParameters(given)
    try:
        with flat.attached():
            flat.values.add_(1)
            if fails:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert [p.data_ptr() for p in given] == own
    assert all(p.grad is None for p in given)
    assert all((p == i + 1).all() for i, p in enumerate(given))
    flat.values.add_(1)
    assert all((p == i + 1).all() for i, p in enumerate(given))


def test_what_was_changed_between_two_attachments_is_kept():
    given = parameters()
    flat = FlatParameters(given)
    with flat.attached():
        pass
    with torch.no_grad():
        given[1].fill_(9)
    with flat.attached():
        assert (flat.view(given[1])[0] == 9).all()


def test_a_network_is_no_larger_in_a_file_for_having_been_attached():
    network = nn.ModuleList(nn.Linear(20, 20) for _ in range(10))
    before = len(pickle.dumps(copy.deepcopy(network)))
    flat = FlatParameters(list(network.parameters()))
    with flat.attached():
        flat.values.add_(1)
    assert len(pickle.dumps(network)) <= before
