from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest

from narrows.errors import SettingError
from narrows.model import (
    L1,
    AbsoluteError,
    Bernoulli,
    Binarised,
    Contractive,
    Corruption,
    Gaussian,
    GaussianCode,
    GaussianNoise,
    HiddenCells,
    Huber,
    KLSparsity,
    KLToPrior,
    Masking,
    MixedDensity,
    MixedError,
    NeighbourCrossEntropy,
    PointCode,
    SaltAndPepper,
    SquaredError,
    TopK,
    VariedNoise,
    Warped,
    block_from_description,
    describe_block,
)
from narrows.model.serialization import built_in_blocks

STATIONS = [
    GaussianNoise(0.3),
    Masking(0.2),
    SaltAndPepper(0.1, -3, 3),
    Binarised(),
    VariedNoise("masking", 0.3, (8, 8, 1)),
    Warped((8, 8, 1), noise=0.1, target="original"),
    PointCode(),
    TopK(4),
    GaussianCode(),
    L1(0.1),
    KLSparsity(0.1, 0.2),
    Contractive(0.1, 8, 2),
    NeighbourCrossEntropy(0.1, 10, 0.2),
    KLToPrior(4.0, 10, 0.25),
    SquaredError(True),
    AbsoluteError(False),
    Huber(True, 0.5),
    Bernoulli(),
    Gaussian(True, 7),
    HiddenCells(0.2, (0, 1, 1), (0.0, 0.0, 1.0)),
    MixedError(False, (("square", 0, 1), ("softmax", 1, 3)), [1.0, 0.5, 0.5], [-1, -1, -1], [0.0, 0.1, 0.1]),
    MixedDensity(False, (("square", 0, 1),), [1.0], [-1], [0.0]),
]


@pytest.mark.parametrize("station", STATIONS, ids=lambda station: type(station).__name__)
def test_every_station_comes_back_from_json(station):
    text = json.dumps(describe_block(station))
    again = block_from_description(json.loads(text))
    assert type(again) is type(station)
    assert json.dumps(describe_block(again)) == text


def test_each_of_our_building_blocks_is_among_those_tried():
    assert built_in_blocks().keys() == {type(station).__name__ for station in STATIONS}


def test_numpy_numbers_become_plain_ones():
    assert json.dumps(describe_block(TopK(np.int64(3)))) == '{"station": "TopK", "k": 3}'


@dataclass(frozen=True)
class Shifted(Corruption):
    by: object = 1.0

    def __call__(self, x, generator):
        return x + self.by


def test_a_users_class_or_instance_is_found_by_its_name():
    description = describe_block(Shifted(2.0))
    assert block_from_description(description, [Shifted]) == Shifted(2.0)
    assert block_from_description(description, [Masking(0.1), Shifted(5.0)]) == Shifted(5.0)


@pytest.mark.parametrize(
    "name",
    ["Popen", "AutoencoderNetwork", "MLP", "Corruption", "Likelihood", "narrows.model.Masking", "Path", "Tensor"],
)
def test_only_building_blocks_are_built(name):
    with pytest.raises(KeyError, match=name):
        block_from_description({"station": name})


def test_nothing_is_imported_on_a_descriptions_word():
    with pytest.raises(KeyError, match="Popen"):
        block_from_description({"station": "Popen", "args": "ls"})
    with pytest.raises(KeyError, match="Shifted"):
        block_from_description(describe_block(Shifted(2.0)))


def test_a_damaged_description_is_an_error():
    with pytest.raises(TypeError):
        block_from_description({"station": "Masking", "levle": 0.1})
    with pytest.raises(SettingError, match="must lie in"):
        block_from_description({"station": "Masking", "level": 7})


def test_a_field_that_is_not_plain_data_is_named():
    with pytest.raises(SettingError, match="Shifted has a field that cannot be saved"):
        describe_block(Shifted(object()))
