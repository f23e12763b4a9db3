import pytest
import torch

from narrows.model import PointCode, SquaredError, build_network
from narrows.training import compute
from narrows.training.compute import bfloat16_pays, limited_threads, product_dtype, threads_for

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


def test_a_processor_has_bfloat16_where_torch_says_so(monkeypatch):
    for amx, avx in [(True, False), (False, True), (False, False)]:
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda amx=amx: amx, raising=False)
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda avx=avx: avx, raising=False)
        assert bfloat16_pays(CPU) is (amx or avx)


def test_a_torch_that_cannot_say_gets_float32(monkeypatch):
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported", raising=False)
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported", raising=False)
    assert not bfloat16_pays(CPU)
    assert product_dtype("auto", CPU, **LARGE) is torch.float32


def test_a_device_that_is_not_known_gets_float32_whatever_the_processor_has(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True, raising=False)
    assert bfloat16_pays(CPU)
    assert product_dtype("auto", torch.device("mps"), **LARGE) is torch.float32


def test_a_gpu_that_only_emulates_bfloat16_gets_float32(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation)
    assert product_dtype("auto", torch.device("cuda"), **LARGE) is torch.float32


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
