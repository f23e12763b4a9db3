"""Answers on a table in the user's columns, against the rows of the file and the model's own decoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from narrows import VariationalAutoencoder
from narrows.apps.viewer.offline_session import OfflineSession
from narrows.data import Rows, read

ISLANDS = ("Biscoe", "Dream", "Torgersen")


@pytest.fixture(scope="module")
def penguins(data_folder: Path) -> Rows:
    return read(data_folder / "penguins" / "penguins.csv", label="species")


@pytest.fixture(scope="module")
def session(penguins: Rows) -> OfflineSession:
    model = VariationalAutoencoder(n_components=2, epochs=10, random_state=0, device="cpu").fit(penguins)
    return OfflineSession.of(model, penguins)


def column(cells: list[dict], name: str) -> dict:
    return next(one for one in cells if one["name"] == name)


def test_noise_is_read_as_clean_noisy_and_denoised_values(session: OfflineSession, penguins: Rows) -> None:
    answer = session.answer("denoise", positions=[5, 200], kind="gaussian", level=0.5)
    assert len(answer.about["cells"]) == 2
    schema = session.run.weights.get()[0].schema_
    at = list(schema.float_names).index("body_mass_g")
    for i, position in enumerate((5, 200)):
        cells = answer.about["cells"][i]
        mass, island = column(cells, "body_mass_g"), column(cells, "island")
        given = penguins.column(penguins.feature_names.index("body_mass_g"))[position]
        assert mass["clean"] == given
        spread = given - mass["noisy"]
        floats = answer.arrays["clean"][i, at] - answer.arrays["noisy"][i, at]
        assert np.sign(spread) == np.sign(floats) != 0
        assert island["clean"] in ISLANDS
        assert island["denoised"]["level"] in ISLANDS
        assert island["denoised"]["share"] == pytest.approx(
            max(answer.arrays["denoised"][i][list(schema.float_names).index(f"island = {name}")] for name in ISLANDS)
        )


def test_the_way_between_two_codes_and_new_rows_are_read_in_columns(session: OfflineSession) -> None:
    way = session.answer("path", a=[0.0, 0.0], b=[1.0, 1.0], steps=4).about["cells"]
    new = session.answer("sample", n=3).about["cells"]
    for cells, n in ((way, 4), (new, 3)):
        assert [one["name"] for one in cells][:2] == ["island", "bill_length_mm"]
        assert set(column(cells, "island")) == {"name", *(str(i) for i in range(1, n + 1))}
        assert column(cells, "island")[str(n)]["level"] in ISLANDS


def test_given_floats_are_read_with_or_without_a_row_to_compare_with(session: OfflineSession) -> None:
    rows = session.answer("rows", positions=[7])
    original, rebuilt = (rows.arrays[name][0].tolist() for name in ("original", "rebuilt"))
    alone = session.answer("cells", expected=rebuilt).about
    both = session.answer("cells", expected=rebuilt, observed=original).about
    assert set(alone["cells"][0]) == {"name", "expected"}
    assert set(both["cells"][0]) == {"name", "expected", "observed"}
    assert len(both["scales"]) == len(original)


def test_the_flow_counts_the_learned_columns(session: OfflineSession) -> None:
    assert session.answer("activations", position=3).about["n_columns"] == 7
