"""A new likelihood, penalty, corruption or training parameter is written in one file of the package, and works.

Each test adds one to a copy of the package, in one file, and uses it there: in Python, in the shell, and saved.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import narrows

pytestmark = pytest.mark.slow

PACKAGE = Path(narrows.__file__).parent
SAVED = Path(__file__).parent / "saved_models" / "models"
START = """
import warnings
import numpy as np
import pytest
import narrows
from narrows.apps.cli import main
from narrows.errors import DataRangeError, IdleParameterWarning, SettingError

def shell(line):
    try:
        return main(line.split()) or 0
    except SystemExit as end:
        return end.code or 0

def same(a, b):
    return np.array_equal(a, b)

rng = np.random.default_rng(0)
SHARES = rng.uniform(0.1, 0.6, (120, 1)) * rng.uniform(0.5, 1.5, (120, 5))
IMAGES = rng.uniform(size=(30, 8, 8)).astype(np.float32)
IMAGES[0, 0, :2] = 0, 1
QUICK = {"n_components": 2, "hidden_layer_sizes": (8,), "epochs": 2, "random_state": 0, "device": "cpu"}
SHELL = "--hidden 8 --epochs 2 --seed 0 --device cpu --quiet"
np.savetxt("shares.csv", SHARES, delimiter=",", header="a,b,c,d,e", comments="")
np.save("images.npy", IMAGES)
"""


def used_with(folder: Path, file: str, edits: dict[str, str], script: str) -> None:
    """Run a script with a copy of the package, in one file of which each key is followed by its value."""
    shutil.copytree(PACKAGE, folder / "narrows", ignore=shutil.ignore_patterns("static"))
    path = folder / "narrows" / file
    source = path.read_text()
    for place, addition in edits.items():
        assert source.count(place) == 1, place
        source = source.replace(place, place + addition)
    path.write_text(source)
    (folder / "use.py").write_text(f"SAVED = {str(SAVED)!r} + '/'" + START + script)
    done = subprocess.run([sys.executable, "use.py"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_likelihood_of_shares_alone(tmp_path: Path) -> None:
    loss = """
@dataclass(eq=False, repr=False)
class Brier(Likelihood):
    bounded: bool = True

    name: ClassVar[str] = "brier"
    unit: ClassVar[str] = "squared probability"
    needs_unit_interval: ClassVar[bool] = True

    def loss(self, output: Tensor, x: Tensor) -> Tensor:
        return (self.mean(output) - x).square()


"""
    edits = {
        '    "mse": SquaredError,\n': '    "brier": Brier,\n',
        "        return self.mean(output) + torch.exp(0.5 * self.log_variance) * normal(output, generator)\n": loss,
    }
    script = """
model = narrows.Autoencoder(loss="brier", **QUICK).fit(SHARES)
assert model.loss_unit_.startswith("squared probability per row")
assert same(model.schema_.encode(model.rows_of(SHARES)), SHARES.astype("float32"))  # not standardised
made = model.reconstruct(SHARES)
assert 0 < made.min() and made.max() < 1
twin = narrows.Autoencoder(loss="mse", output_activation="sigmoid", **QUICK).fit(SHARES)
assert np.allclose(model.transform(SHARES), twin.transform(SHARES), atol=1e-4)
with pytest.raises(DataRangeError, match="loss='brier' needs values from 0 to 1"):
    narrows.Autoencoder(loss="brier", **QUICK).fit(SHARES * 9)
with pytest.raises(DataRangeError, match="loss='brier' is not defined there"):
    model.reconstruction_error(SHARES * 9)
model.save("model")
assert same(narrows.load("model").transform(SHARES), model.transform(SHARES))
assert shell(f"fit shares.csv -o m --loss brier {SHELL}") == 0
assert narrows.load("m").loss == "brier"
"""
    used_with(tmp_path, "model/likelihood.py", edits, script)


def test_a_penalty_with_a_setting_of_its_own(tmp_path: Path) -> None:
    penalty = """
@dataclass(frozen=True)
class Margin(Penalty):
    weight: float
    margin: float = 1.0

    name: ClassVar[str] = "margin"
    through_network: ClassVar[bool] = False
    code_activation: ClassVar[str] = "tanh"

    def __call__(self, forward: ForwardPass) -> Tensor:
        return self.weight * functional.relu(forward.z.abs() - self.margin).sum(1)

"""
    parameter = """    margin: float = parameter(
        1.0, "Objective", "float", "Size of a code that costs nothing.", requires=Value("penalty", ("margin",))
    )
"""
    last = '        "KL divergence of each code unit, in nats, below which it is not penalised.",\n'
    last += '        requires=Value("code", ("gaussian",), instance_of="GaussianCode"),\n    )\n'
    edits = {
        "    return float(a), float(b)\n": "\n" + penalty,
        '    "l1": L1,\n': '    "margin": Margin,\n',
        last: parameter,
    }
    script = """
from narrows.model.penalty import Margin
model = narrows.Autoencoder(penalty="margin", margin=0.01, **QUICK).fit(SHARES)
twin = narrows.Autoencoder(penalty=Margin(0.1, 0.01), **QUICK).fit(SHARES)
assert same(model.transform(SHARES), twin.transform(SHARES))
assert not same(model.transform(SHARES), narrows.Autoencoder(penalty="margin", **QUICK).fit(SHARES).transform(SHARES))
assert model.code_activation_ == "tanh" and model.history_[-1].parts["margin"] > 0
with pytest.warns(IdleParameterWarning, match="margin=2 has no effect with penalty=None; set penalty='margin'"):
    narrows.Autoencoder(margin=2, **QUICK).fit(SHARES)
with pytest.raises(SettingError, match="margin must be a number"):
    narrows.Autoencoder(penalty="margin", margin="wide", **QUICK).fit(SHARES)
model.save("model")
assert narrows.load("model").margin == 0.01
assert same(narrows.load("model").transform(SHARES), model.transform(SHARES))
assert shell(f"fit shares.csv -o m --penalty margin --margin 0.5 {SHELL}") == 0
assert narrows.load("m").margin == 0.5
assert shell(f"fit shares.csv -o n --margin 0.5 {SHELL}") == 2
assert narrows.load(SAVED + "sparse_l1/model").margin == 1.0
"""
    used_with(tmp_path, "model/penalty.py", edits, script)


def test_a_corruption_that_the_residual_network_removes(tmp_path: Path) -> None:
    corruption = """
@dataclass(frozen=True)
class Shade(Corruption):
    level: float

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return shade(x, self.level, generator)


def shade(x: Tensor, level: float | Tensor, generator: torch.Generator) -> Tensor:
    return x * (1 - level * uniform(x, generator))

"""
    entry = """    "shade": NamedCorruption(
        lambda level, bounded, cells: Shade(level),
        images=NoiseControl("Shade", "largest share of the light", most=1.0, usual=0.5),
        tables=None,
        residual=ResidualNoise(shade, seen="black"),
    ),
"""
    edits = {
        "    return torch.where((u >= level / 2) & (u < level), high, x)\n": "\n" + corruption,
        "CORRUPTIONS: dict[str, NamedCorruption] = {\n": entry,
    }
    script = """
settings = {name: value for name, value in QUICK.items() if name != "n_components"}
model = narrows.DenoisingAutoencoder(corruption="shade", level=0.5, network="residual", **settings).fit(IMAGES)
clean = model.denoise(IMAGES[0])
assert clean.shape == (8, 8) and not same(clean, IMAGES[0])
with pytest.raises(SettingError, match="this model removes shade noise, found in the pixels"):
    model.denoise(IMAGES[0], level=0.1)
model.save("model")
assert same(narrows.load("model").denoise(IMAGES[0]), clean)
assert shell(f"fit images.npy -o m --variant denoising --network residual --corruption shade --scale none {SHELL}") == 0
assert narrows.load("m").corruption == "shade"
table = narrows.DenoisingAutoencoder(corruption="shade", level=0.5, **QUICK).fit(SHARES)
assert table.transform(SHARES).shape == (120, 2)
"""
    used_with(tmp_path, "model/corruption.py", edits, script)


def test_a_parameter_of_the_training(tmp_path: Path) -> None:
    parameter = """    final_rate: float = parameter(
        0.0, "Run", "float", "Share of the learning rate that is added to all of them."
    )
"""
    edits = {
        '        choices=registered_names("training/precision.py", "PRECISIONS"),\n    )\n': parameter,
        '    n_pieces: int = 1\n    reduce: str = "exact"\n': "    final_rate: float = 0.0\n",
        '        n_pieces: int | str = 1,\n        reduce: str = "exact",\n': "        final_rate: float = 0.0,\n",
        "            n_pieces=n_pieces,\n            reduce=reduce,\n": (
            '            final_rate=_number("final_rate", final_rate, at_least=0),\n'
        ),
        "        n_warm = int(self.warmup * n_steps)\n": (
            "        if step == n_steps - 1:\n            return self.learning_rate * self.final_rate\n"
        ),
    }
    script = """
given = {**QUICK, "validation_fraction": 0, "learning_rate": 0.01}
model = narrows.Autoencoder(final_rate=0.5, **given).fit(SHARES)
assert model.history_[-1].learning_rate == 0.005
assert not same(model.transform(SHARES), narrows.Autoencoder(**given).fit(SHARES).transform(SHARES))
with pytest.raises(SettingError, match="final_rate must be a number at least 0"):
    narrows.Autoencoder(final_rate=-1, **given).fit(SHARES)
model.save("model")
found = narrows.load("model")
assert found.final_rate == 0.5 and same(found.transform(SHARES), model.transform(SHARES))
assert same(found.partial_fit(SHARES).transform(SHARES), model.partial_fit(SHARES).transform(SHARES))
assert shell(f"fit shares.csv -o m --final-rate 0.25 {SHELL}") == 0
assert narrows.load("m").final_rate == 0.25
assert narrows.load(SAVED + "plain/model").final_rate == 0.0
"""
    used_with(tmp_path, "training/settings.py", edits, script)
