import pytest
import torch

from narrows.model import PointCode, SquaredError, build_network
from narrows.training import compute
from narrows.training.compute import limited_threads, product_dtype, threads_for

CPU = torch.device("cpu")
LARGE, SMALL = {"rows": 1000, "inputs": 784, "outputs": 1000}, {"rows": 128, "inputs": 30, "outputs": 64}


@pytest.mark.parametrize(
    ("name", "pays", "size", "expected"),
    [
        ("auto", True, LARGE, torch.bfloat16),
        ("auto", False, LARGE, torch.float32),
        ("auto", True, SMALL, torch.float32),
        ("float32", True, LARGE, torch.float32),
        ("bfloat16", False, LARGE, torch.bfloat16),
        ("bfloat16", True, SMALL, torch.float32),
    ],
)
def test_only_large_products_take_bfloat16_and_only_where_it_pays_or_is_asked_for(
    monkeypatch, name, pays, size, expected
):
    monkeypatch.setattr(compute, "bfloat16_pays", lambda device: pays)
    assert product_dtype(name, CPU, **size) is expected


def network(n_floats: int, hidden: tuple[int, ...], **others):
    return build_network(
        n_floats=n_floats,
        n_components=8,
        hidden_layer_sizes=hidden,
        code=PointCode(),
        likelihood=SquaredError(),
        generator=None,
        **others,
    )


def test_a_small_step_takes_one_thread_and_a_large_one_all():
    with limited_threads(2):
        assert threads_for(network(30, (64, 32)), 128) == 1
        assert threads_for(network(784, (1000, 500)), 512) == 2
        images = network(64 * 64, (16, 32), network="conv", image_shape=(64, 64, 1))
        assert threads_for(images, 128) == 2


def test_the_number_of_threads_is_put_back_after_an_error():
    before = torch.get_num_threads()
    try:
        with limited_threads(1):
            assert torch.get_num_threads() == 1
            raise KeyError
    except KeyError:
        pass
    assert torch.get_num_threads() == before
