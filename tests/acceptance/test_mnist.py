"""What narrows promises on MNIST, through the shell as a person would ask for it. Minutes, not seconds."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from narrows.apps.cli import main

pytestmark = [pytest.mark.mnist, pytest.mark.timeout(1200)]


def narrows(capsys, *arguments: str) -> dict:
    """Run a command with --json and return what it printed."""
    assert main([*arguments, "--json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


@pytest.fixture(autouse=True)
def in_an_empty_folder_with_mnist(data_folder: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("NARROWS_DATA", str(data_folder.resolve()))
    monkeypatch.chdir(tmp_path)


def test_the_deep_net_reaches_a_squared_error_of_3_where_pca_has_13_87(capsys):
    net = "--hidden 1000,500,250 --n-components 30 --optimizer muon --batch-size 512 --epochs 8"
    result = narrows(capsys, *f"fit mnist -o m {net} --seed 0".split())
    assert result["held_out"] == "test"
    assert result["held_out_rows"] == 10_000
    assert result["squared_error"] <= 3.0
    assert result["pca_squared_error"] == pytest.approx(13.87, abs=0.1)
    assert result["mean_squared_error"] == pytest.approx(52.90, abs=0.05)


def test_a_convolutional_denoiser_gains_ten_decibels(capsys, tmp_path):
    command = "fit mnist --variant denoising --network conv --corruption gaussian --level 0.5 --epochs 3 --seed 0"
    narrows(capsys, *command.split())
    result = narrows(capsys, "denoise", "mnist-denoising", "mnist", "--corrupt", "-o", "clean.png")
    assert result["psnr_noisy"] == pytest.approx(6.02, abs=0.05)
    assert result["psnr_gain"] >= 10
    assert np.asarray(Image.open(tmp_path / "clean.png")).std() > 20


def test_a_variational_autoencoder_with_bernoulli_pixels_bounds_the_likelihood_and_samples(capsys, tmp_path):
    # Thirty epochs reach -101.4 nats (docs/results.md); a third of them must come near it.
    command = "fit mnist -o v --variant variational --hidden 400 --n-components 20 --epochs 10 --seed 0"
    result = narrows(capsys, *command.split())
    assert result["loss"] == "bce"
    assert result["elbo"] >= -105
    narrows(capsys, "generate", "v", "-n", "64", "-o", "samples.npy")
    samples = np.load(tmp_path / "samples.npy")
    assert samples.shape == (64, 28, 28)
    assert samples.dtype == np.uint8
    # Ink as in real digits: 33 of 255 on the average.
    assert 20 < samples.mean() < 50
