import json

import pytest
import torch

from narrows.training import precision
from narrows.training.precision import bfloat16_on, bfloat16_pays, product_dtype

CPU = torch.device("cpu")
LARGE, SMALL = {"rows": 1000, "inputs": 784, "outputs": 1000}, {"rows": 128, "inputs": 30, "outputs": 64}
MIDDLE = {"rows": 128, "inputs": 784, "outputs": 128}


@pytest.fixture(autouse=True)
def nothing_measured(monkeypatch, tmp_path):
    """No result of an earlier process, and none left for a later one."""
    monkeypatch.setenv("NARROWS_CACHE", str(tmp_path / "cache"))
    precision._measured.cache_clear()
    yield
    precision._measured.cache_clear()


def processor(monkeypatch, *, vendor="", amx=False, avx512=False, flags=(), ratio=None):
    """A processor of this kind; `ratio` is what a measurement gives for a large product and for a small one, None where
    there must be none."""

    def measured():
        assert ratio is not None, "measured without need"
        return ratio if isinstance(ratio, tuple) else (ratio, ratio)

    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512, raising=False)
    monkeypatch.setattr(precision, "cpu_info", lambda: {"vendor_id": vendor} if vendor else {})
    monkeypatch.setattr(precision, "cpu_flags", lambda: set(flags))
    monkeypatch.setattr(precision.platform, "system", lambda: "Linux")
    monkeypatch.setattr(precision, "measured_ratios", measured)


@pytest.mark.parametrize(
    ("kind", "pays"),
    [
        ({"vendor": "GenuineIntel", "amx": True, "avx512": True}, True),
        ({"vendor": "GenuineIntel", "avx512": True}, False),
        ({"vendor": "GenuineIntel"}, False),
        ({"vendor": "AuthenticAMD", "avx512": True}, True),
        ({"vendor": "AuthenticAMD"}, False),
        ({"flags": ["asimd"]}, False),
        ({"flags": ["asimd", "bf16"], "ratio": 2.0}, True),
        ({"flags": ["asimd", "bf16"], "ratio": 1.1}, False),
        ({"vendor": "HygonGenuine", "avx512": True, "ratio": 0.6}, False),
    ],
)
def test_the_kind_of_processor_decides_and_only_unknown_ones_are_measured(monkeypatch, kind, pays):
    processor(monkeypatch, **kind)
    assert bfloat16_pays(CPU) is pays


def test_a_torch_that_cannot_say_gets_float32(monkeypatch):
    processor(monkeypatch, vendor="AuthenticAMD")
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported", raising=False)
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported", raising=False)
    assert not bfloat16_pays(CPU)


def test_a_device_that_is_not_known_gets_float32(monkeypatch):
    processor(monkeypatch, amx=True)
    assert bfloat16_pays(CPU)
    assert not bfloat16_pays(torch.device("mps"))


def test_a_gpu_that_only_emulates_bfloat16_gets_float32(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation)
    assert not bfloat16_pays(torch.device("cuda"))


def test_a_measurement_is_made_once_for_all_processes(monkeypatch, tmp_path):
    processor(monkeypatch, flags=["bf16"], ratio=1.9)
    first = bfloat16_on(CPU)
    precision._measured.cache_clear()  # as another process
    processor(monkeypatch, flags=["bf16"], ratio=None)
    assert bfloat16_on(CPU) == first
    assert "1.9" in first.reason
    (key,) = json.loads((tmp_path / "cache" / "bfloat16.json").read_text())
    assert torch.__version__ in key


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '{"x": 1}'])
def test_a_damaged_file_of_results_is_replaced(monkeypatch, tmp_path, text):
    file = tmp_path / "cache" / "bfloat16.json"
    file.parent.mkdir()
    file.write_text(text)
    processor(monkeypatch, flags=["bf16"], ratio=1.5)
    assert bfloat16_pays(CPU)
    assert [1.5, 1.5] in json.loads(file.read_text()).values()


def test_a_cache_that_cannot_be_written_only_means_to_measure_again(monkeypatch, tmp_path):
    (tmp_path / "cache").write_text("a file, not a folder")
    processor(monkeypatch, flags=["bf16"], ratio=1.5)
    assert bfloat16_pays(CPU)


def test_the_measured_ratios_are_positive_numbers():
    assert all(0 < ratio < 1000 for ratio in precision.measured_ratios())


@pytest.mark.parametrize(
    ("kind", "middle", "large"),
    [
        ({"vendor": "GenuineIntel", "amx": True}, torch.float32, torch.bfloat16),
        ({"vendor": "AuthenticAMD", "avx512": True}, torch.bfloat16, torch.bfloat16),
        ({"flags": ["bf16"], "ratio": (2.0, 1.5)}, torch.bfloat16, torch.bfloat16),
        ({"flags": ["bf16"], "ratio": (2.0, 1.1)}, torch.float32, torch.bfloat16),
        ({"flags": ["bf16"], "ratio": (1.1, 2.0)}, torch.float32, torch.float32),
    ],
)
def test_from_which_size_on_a_product_gains_depends_on_the_processor_too(monkeypatch, kind, middle, large):
    processor(monkeypatch, **kind)
    assert product_dtype("auto", CPU, **MIDDLE) is middle
    assert product_dtype("auto", CPU, **LARGE) is large


@pytest.mark.parametrize(
    ("kind", "narrow"),
    [
        ({"vendor": "GenuineIntel", "amx": True}, torch.bfloat16),
        ({"vendor": "AuthenticAMD", "avx512": True}, torch.float32),
    ],
)
def test_convolutions_of_few_channels_gain_with_amx_alone(monkeypatch, kind, narrow):
    processor(monkeypatch, **kind)
    assert product_dtype("auto", CPU, **LARGE, kernel=16 * 32 * 9) is narrow
    assert product_dtype("auto", CPU, **LARGE, kernel=32 * 64 * 9) is torch.bfloat16
    assert product_dtype("bfloat16", CPU, **LARGE, kernel=16 * 32 * 9) is torch.bfloat16


def test_for_a_small_network_nothing_is_measured(monkeypatch):
    processor(monkeypatch, flags=["bf16"], ratio=None)
    assert product_dtype("auto", CPU, **SMALL) is torch.float32


@pytest.mark.parametrize("ratio", [1.5, [1.5], [1.5, "x"], None])
def test_a_result_of_another_form_is_measured_again(monkeypatch, tmp_path, ratio):
    processor(monkeypatch, flags=["bf16"], ratio=1.9)
    bfloat16_on(CPU)
    file = tmp_path / "cache" / "bfloat16.json"
    file.write_text(json.dumps(dict.fromkeys(json.loads(file.read_text()), ratio)))
    precision._measured.cache_clear()
    assert "1.9" in bfloat16_on(CPU).reason


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
    monkeypatch.setattr(precision, "bfloat16_pays", lambda device: pays)
    assert product_dtype(name, CPU, **size) is expected
