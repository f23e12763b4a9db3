"""The command and the code of a report repeat the fit, or say why they cannot."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import narrows
from narrows import Autoencoder, DenoisingAutoencoder
from narrows.apps.report import report
from narrows.apps.viewer.recipe import Recipe
from narrows.data import Rows, as_rows
from narrows.model import L1
from tests.six_networks import X

ROWS = np.random.default_rng(0).standard_normal((60, 4)).astype(np.float32)


class Mine(Autoencoder):
    """A class of a user's own."""


def recipe(model: Autoencoder, rows: object = ROWS, **fit: object) -> Recipe:
    given = rows if isinstance(rows, Rows) else as_rows(rows)
    return Recipe.of(model.set_params(device="cpu").fit(given, **fit), given)  # pyright: ignore[reportArgumentType]


def test_the_command_takes_the_columns_of_the_fit_alone(shell, tmp_path: Path, quick) -> None:
    table = pd.DataFrame(ROWS, columns=["a", "b", "the c", "d"]).assign(id=range(60), kind="x")
    table.to_csv("t.csv", index=False)
    assert shell("fit", "t.csv", "-o", "m", "--ignore", "id", "--label", "kind", *quick).status == 0
    model = narrows.load("m")
    command = Recipe.of(model, narrows.read("t.csv", columns=["a", "b", "the c", "d"])).shell
    assert "t.csv --columns 'a,b,the c,d'" in command
    assert shell(*shlex.split(command)[1:], "-o", "again").status == 0
    assert np.array_equal(
        narrows.load("again").transform(table[list(model.schema_.names)]),
        model.transform(table[list(model.schema_.names)]),
    )


def test_a_file_is_named_only_where_it_holds_the_rows_of_the_fit() -> None:
    model = Autoencoder(epochs=1, random_state=0, device="cpu").fit(ROWS)
    digits = Autoencoder(epochs=1, random_state=0, device="cpu").fit(narrows.read("digits"))
    assert Recipe.of(digits, narrows.read("digits")).shell.startswith("narrows fit digits ")
    assert Recipe.of(digits, narrows.read("digits").take(slice(0, 50))).shell.startswith("narrows fit DATA ")
    for part in ("test", "all"):
        rows = Rows(ROWS, source="mnist", part=part)
        assert Recipe.of(model, rows).shell.startswith("narrows fit DATA ")


def test_what_only_the_user_has_is_a_comment() -> None:
    result = recipe(Autoencoder(encoder=nn.Linear(4, 2), epochs=1, penalty=[L1(0.1)]))
    assert "# encoder: Linear, your own class" in result.python
    compile(result.python, "recipe", "exec")
    assert result.shell == ""


def test_numpys_numbers_and_torchs_devices_are_plain_values() -> None:
    model = Autoencoder(n_components=np.int64(2), epochs=1, verbose=1, warm_start=True)  # pyright: ignore[reportArgumentType]
    result = Recipe.of(model.set_params(device=torch.device("cpu")).fit(ROWS), as_rows(ROWS))
    assert "n_components=2," in result.python
    assert "device='cpu'" in result.python
    assert "--n-components 2" in result.shell
    for word in ("verbose", "warm"):
        assert word not in result.python + result.shell


@pytest.mark.slow
def test_a_class_of_ones_own_has_a_report_without_a_command() -> None:
    result = recipe(Mine(epochs=1))
    assert result.shell == ""
    assert f"from {__name__} import Mine" in result.python
    assert "<svg" in report(Mine(epochs=1, device="cpu").fit(ROWS), ROWS)


@pytest.mark.parametrize("words", ["validation_data", "partial_fit", "warm_start", "interrupted"])
def test_what_cannot_be_repeated_is_said(words: str) -> None:
    model = DenoisingAutoencoder(epochs=1, random_state=0, device="cpu")
    if words == "validation_data":
        result = recipe(model, validation_data=ROWS[:10] + 1)
    elif words == "partial_fit":
        result = Recipe.of(model.partial_fit(ROWS), as_rows(ROWS))
    elif words == "warm_start":
        result = recipe(model.set_params(warm_start=True).fit(ROWS))
    else:
        epochs = model.set_params(epochs=2).fit_epochs(X)
        next(epochs)
        epochs.close()  # pyright: ignore[reportAttributeAccessIssue]
        result = Recipe.of(model, as_rows(X))
    assert words in " ".join(result.notes)
    assert not recipe(DenoisingAutoencoder(epochs=1)).notes
