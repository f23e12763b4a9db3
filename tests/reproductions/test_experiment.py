from __future__ import annotations

import json

import numpy as np
import pytest

from narrows.errors import OutputError, SettingError
from narrows.reproductions import (
    HEADINGS,
    PAPERS,
    Picture,
    Progress,
    Result,
    Setup,
    cells,
    reproduction,
    write_results,
)
from tests.reproductions.papers import PAPER


def test_a_run_yields_the_records_of_every_experiment_in_order():
    records = list(PAPER.run(Setup()))
    assert [type(record) for record in records] == [Progress] * 5 + [Result, Picture, Progress, Result]
    assert [r.task for r in records if isinstance(r, Result)] == ["counting", "faces"]


def test_only_the_chosen_experiments_run_and_quick_runs_fewer_epochs():
    records = list(PAPER.run(Setup(quick=True), ["counting"]))
    assert [r.total for r in records if isinstance(r, Progress)] == [0, 2, 2]
    assert [r.task for r in records if isinstance(r, Result)] == ["counting"]


def test_a_bound_holds_for_the_full_and_the_quick_run():
    assert Setup(max_rows=10).rows(100, quick=50) == 10
    assert Setup(quick=True, max_epochs=3).epochs(100, quick=2) == 2


def test_unknown_names_are_refused_in_a_sentence():
    with pytest.raises(SettingError, match="its experiments are counting, missing"):
        PAPER.selected(["curves"])
    with pytest.raises(SettingError, match="uses no reuters"):
        PAPER.check(Setup(paths={"reuters": "x"}))
    with pytest.raises(SettingError, match="the papers are hinton2006"):
        reproduction("hinton1906")


@pytest.mark.parametrize("name", PAPERS)
def test_every_paper_of_the_catalogue_is_there_under_its_name(name):
    paper = reproduction(name)
    assert paper.name == name
    names = [experiment.name for experiment in paper.experiments]
    assert len(set(names)) == len(names) > 0


def test_a_result_in_words_has_a_cell_for_every_heading():
    assert dict(zip(HEADINGS, cells(Result("t", "m", 2.3196, "u", 3.0, "Fig. 2B", 524.9, "n")), strict=True)) == {
        "task": "t",
        "method": "m",
        "ours": "2.320",
        "paper": "3 (Fig. 2B)",
        "unit": "u",
        "time": "8 min 45 s",
        "note": "n",
    }
    assert cells(Result("t", "m", None, "u"))[2:4] == ("–", "–")


def test_results_are_written_for_programs_and_for_people(tmp_path):
    records = list(PAPER.run(Setup(seed=3)))
    results = [r for r in records if isinstance(r, Result)]
    pictures = [r for r in records if isinstance(r, Picture)]
    folder = tmp_path / "made2000"
    for _ in range(2):  # the second takes the place of the first
        about = write_results(folder, PAPER, Setup(seed=3), results, pictures, command="narrows x", seconds=62.0)
    assert sorted(path.name for path in folder.iterdir()) == ["line.svg", "results.json", "results.md"]
    read = json.loads((folder / "results.json").read_text())
    assert read == json.loads(json.dumps(about))
    assert read["seed"] == 3
    assert {"processor", "torch", "date"} <= read["machine"].keys()
    assert read["results"][0]["ours"] == 1.25
    page = (folder / "results.md").read_text()
    assert r"| counting | by hand | 1.250 | 1.5 (Table 1) | units | 1 min 01 s | one \| run |" in page
    assert "![A line.](line.svg)" in page


def test_the_same_figure_is_the_same_file(tmp_path):
    for name in ("a", "b"):
        pictures = [r for r in PAPER.run(Setup()) if isinstance(r, Picture)]
        write_results(tmp_path / name, PAPER, Setup(), [], pictures, command="", seconds=0.0)
    assert (tmp_path / "a" / "line.svg").read_bytes() == (tmp_path / "b" / "line.svg").read_bytes()


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    with pytest.raises(OutputError, match="could not be written"):
        write_results(tmp_path / "no" / "where", PAPER, Setup(), [], [], command="", seconds=0.0)


def test_a_training_that_was_interrupted_is_no_result(monkeypatch):
    from narrows import Autoencoder
    from narrows.reproductions.timed_fit import fit_with_progress
    from narrows.training import Trainer

    def interrupted(self, *_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "_epoch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(
            fit_with_progress(Autoencoder(epochs=2, random_state=0), np.random.default_rng(0).normal(size=(20, 4)), "t")
        )
