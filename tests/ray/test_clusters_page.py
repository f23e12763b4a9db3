"""The examples of the page on clusters are run, each where its library is installed."""

from __future__ import annotations

import re
import shutil
import sys
import types
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import narrows

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "clusters.md"
EXAMPLES = re.findall(r"^## (\w+)$.*?^```py\n(.*?)^```", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
NEEDED = {"Ray": "ray", "Spark": "pyspark", "Dask": "dask"}

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # of these libraries


def test_the_page_has_an_example_for_each() -> None:
    assert [library for library, _ in EXAMPLES] == list(NEEDED)


@pytest.mark.parametrize(("library", "code"), EXAMPLES, ids=[library for library, _ in EXAMPLES])
def test_an_example_gives_the_errors_of_one_process(
    library: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if find_spec(NEEDED[library]) is None:
        pytest.skip(f"{library} is not installed")
    if library == "Spark" and shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    rng = np.random.default_rng(0)
    table = pa.table({"id": np.arange(400), **{name: rng.normal(size=400) for name in "abc"}})
    Path("events").mkdir()
    for i in range(4):
        parquet.write_table(table[100 * i : 100 * i + 100], Path("events", f"{i}.parquet"))
    model = narrows.Autoencoder(n_components=1, epochs=1, random_state=0, device="cpu").fit(table.drop_columns("id"))
    model.save("model")
    page = types.ModuleType("__main__")  # functions of __main__ are sent to workers as they are
    exec(compile(code, str(PAGE), "exec"), page.__dict__)
    found = parquet.read_table(f"scores-{library.lower()}")
    names = ("label", "reconstruction_error") if library == "Ray" else ("id", "error")
    order = np.argsort(found[names[0]].to_numpy())
    assert np.array_equal(found[names[0]].to_numpy()[order], np.arange(400))
    np.testing.assert_allclose(found[names[1]].to_numpy()[order], model.reconstruction_error(table), rtol=1e-6)
