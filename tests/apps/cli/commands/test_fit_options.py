"""The options of `narrows fit`, which are the parameters of the estimators."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

import narrows
from narrows.errors import IdleParameterWarning


def test_every_option_reaches_the_estimator(shell) -> None:
    options = {
        "n_components": 3,
        "hidden_layer_sizes": (12, 6),
        "activation": "tanh",
        "code_activation": "sigmoid",
        "loss": "mae",
        "output_activation": "linear",
        "scale": "standard",
        "corruption": "masking",
        "level": 0.25,
        "penalty": "kl",
        "penalty_weight": 0.01,
        "rho": 0.1,
        "optimizer": "adam",
        "learning_rate": 0.002,
        "weight_decay": 0.0,
        "schedule": "cosine",
        "warmup": 0.1,
        "batch_size": 256,
        "epochs": 1,
        "validation_fraction": 0.2,
        "patience": 3,
        "tol": 0.01,
        "clip_norm": 1.0,
        "precision": "float32",
        "device": "cpu",
        "random_state": 5,
    }
    flags = []
    for name, value in options.items():
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        flags += ["--" + name.replace("_", "-"), text]
    assert shell("fit", "digits", "-o", "m", "--tied-weights", *flags).status == 0
    found = narrows.load("m").get_params()
    assert {name: found[name] for name in options} == options
    assert found["tied_weights"] is True
    assert shell("fit", "digits", "-o", "n", "--no-early-stopping", "--epochs", "1").status == 0
    assert narrows.load("n").early_stopping is False


@pytest.mark.parametrize(
    ("options", "needed"),
    [
        ("--variant sparse --top-k 3", "--top-k 3 has no effect without --code top-k"),
        ("--k 3", "--top-k 3 has no effect without --code top-k"),
        ("--beta 4", "--beta 4 has no effect without --variant variational or --code gaussian"),
        ("--variant variational --code point --free-bits 0.1", "--free-bits 0.1 has no effect without --code gaussian"),
        ("--rho 0.5", "--rho 0.5 has no effect without --penalty kl"),
        (
            "--penalty-weight 2",
            "without --variant sparse or contractive or --penalty l1, kl, contractive or neighbours",
        ),
        ("--n-neighbors 5", "--n-neighbors 5 has no effect without --penalty neighbours"),
        ("--level 0.2", "without --variant denoising or --corruption gaussian, masking or salt-and-pepper"),
        ("--momentum 0.5", "--momentum 0.5 has no effect without --optimizer rmsprop or sgd"),
        ("--optimizer lbfgs --schedule cosine", "without --optimizer adam, adamw, rmsprop, sgd or muon"),
        ("--no-early-stopping --patience 3", "--patience 3 has no effect without --early-stopping"),
        ("--pretrain-epochs 3", "--pretrain-epochs 3 has no effect without --pretrain rbm"),
    ],
)
@pytest.mark.parametrize("command", ["fit", "sweep"])
def test_an_option_without_effect_is_refused_before_the_data_are_read(
    shell, monkeypatch, command, options, needed
) -> None:
    module = f"narrows.apps.cli.commands.{command}"
    monkeypatch.setattr(sys.modules[module], "read_for_fit", lambda *_, **__: pytest.fail("the data were read"))
    refused = shell(command, "digits", *options.split())
    assert refused.status == 2
    assert needed in refused.err
    assert refused.err.count("\n") == 1
    assert not list(Path().iterdir())


def test_the_short_names_mean_the_long_ones(shell) -> None:
    short = ("--hidden", "none", "--seed", "7", "--lr", "0.01", "--top-k", "2", "--code", "top-k")
    assert shell("fit", "digits", "-o", "m", "--epochs", "1", *short).status == 0
    found = narrows.load("m").get_params()
    assert (found["hidden_layer_sizes"], found["random_state"], found["learning_rate"], found["k"]) == ((), 7, 0.01, 2)


def test_every_setting_is_a_parameter_and_left_out_keeps_its_default() -> None:
    from narrows.estimators import VARIANTS, make_estimator
    from narrows.estimators.parameters.parameter_definitions import PARAMETERS

    names = {parameter.name for parameter in PARAMETERS}
    for variant, name in VARIANTS.items():
        estimator = make_estimator(variant, dict.fromkeys(names))
        assert estimator.get_params().items() >= getattr(narrows, name)().get_params().items()
        assert names == set(estimator.get_params())


def choices() -> list[tuple[str, str]]:
    from narrows.estimators.parameters.parameter_definitions import PARAMETERS

    offered = [parameter for parameter in PARAMETERS if parameter.option and parameter.kind == "name"]
    return [(parameter.name, choice) for parameter in offered for choice in parameter.choices]


@pytest.mark.parametrize(("name", "choice"), choices())
def test_every_choice_of_the_shell_is_one_of_the_estimators(name: str, choice: str) -> None:
    from narrows.data import read

    rows = read("digits").take(slice(0, 64))
    if choice == "quantile":  # images have one scale
        rows = rows.block().reshape(64, -1)
    more = {"top-k": {"k": 2}, "rbm": {"activation": "sigmoid", "pretrain_epochs": 1}}.get(choice, {})
    if choice == "residual":  # its code is the clean row
        more = {"corruption": "gaussian", "n_components": "auto"}
    quick = {"epochs": 1, "hidden_layer_sizes": (4,), "n_components": 3, "random_state": 0, "batch_size": 64}
    groups = np.arange(64) % 8 if choice == "groups" else None
    model = narrows.Autoencoder(**{**quick, **more, name: choice})
    needs_workers = pytest.warns(IdleParameterWarning) if choice == "fast" else nullcontext()
    with needs_workers:
        model.fit(rows, groups=groups)
    assert getattr(model, name) == choice
