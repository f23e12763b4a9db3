from __future__ import annotations

import json
from pathlib import Path

import pytest

import narrows


def test_a_fit_saves_a_model_and_ends_with_pca_on_the_same_rows(shell, quick) -> None:
    done = shell("fit", "digits", "-o", "m", *quick)
    assert done.status == 0
    assert narrows.load("m").n_features_in_ == 64
    for words in ("parameters", "PCA, 16 components", "the mean row", "held out of training", "Saved as m."):
        assert words in done.out
    assert "epoch 2/2" in done.err


def test_a_model_without_a_name_is_called_after_its_data_and_variant(shell, quick, table: Path) -> None:
    assert shell("fit", "digits", "--variant", "denoising", *quick).status == 0
    assert Path("digits-denoising/narrows.json").is_file()
    assert shell("fit", table, *quick).status == 0
    assert Path("table-plain/narrows.json").is_file()


def test_json_is_one_object_on_standard_output(shell, quick) -> None:
    done = shell("fit", "digits", "-o", "m", "--json", "--quiet", *quick)
    assert done.err == ""
    assert done.json["rows"] == 1797
    assert done.json["held_out"] == "validation"
    assert done.json["stopped"] == "all epochs"
    assert done.json["seed"] == 0
    assert done.json["squared_error"] > 0 < done.json["pca_squared_error"]


def test_a_variational_fit_states_its_elbo_in_nats(shell, quick) -> None:
    done = shell("fit", "digits", "-o", "m", "--variant", "variational", *quick)
    assert "ELBO: -" in done.out
    assert "nats per row" in done.out


def test_pretraining_shows_every_layer(shell, quick) -> None:
    options = ("--pretrain", "rbm", "--pretrain-epochs", "2", "--activation", "sigmoid")
    done = shell("fit", "digits", "-o", "m", *options, *quick)
    assert done.status == 0
    for words in ("Layer 1 of 2, 64-16: epoch 2/2, error", "Layer 2 of 2, 16-16: epoch 1/2", "Training: epoch 2/2"):
        assert words in done.err
    assert narrows.load("m").pretrain == "rbm"
    refused = shell("fit", "digits", "-o", "n", "--pretrain", "rbm", *quick)
    assert (refused.status, 'activation="sigmoid"' in refused.err) == (2, True)


def test_a_terminal_gets_a_bar_for_every_layer(shell, quick, monkeypatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    options = ("--pretrain", "rbm", "--pretrain-epochs", "1", "--activation", "sigmoid")
    done = shell("fit", "digits", "-o", "m", *options, *quick)
    assert done.status == 0
    for words in ("Layer 1 of 2, 64-16", "Layer 2 of 2, 16-16", "Training"):
        assert words in done.err


def test_an_existing_model_is_replaced_only_with_force(shell, quick) -> None:
    assert shell("fit", "digits", "-o", "m", *quick).status == 0
    before = Path("m/narrows.json").read_bytes()
    refused = shell("fit", "digits", "-o", "m", "--epochs", "1")
    assert refused.status == 1
    assert "--force" in refused.err
    assert Path("m/narrows.json").read_bytes() == before
    assert shell("fit", "digits", "-o", "m", "--force", "--epochs", "1").status == 0
    assert json.loads(Path("m/narrows.json").read_text())["parameters"]["epochs"] == 1


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_what_is_no_model_is_never_replaced(shell, quick, force) -> None:
    Path("precious").mkdir()
    Path("precious/thesis.txt").write_text("years of work")
    refused = shell("fit", "digits", "-o", "precious", *force, *quick)
    assert refused.status == 1
    assert "more than a narrows model" in refused.err
    assert Path("precious/thesis.txt").read_text() == "years of work"


def test_an_output_that_cannot_be_written_is_found_before_training(shell, monkeypatch) -> None:
    import narrows.apps.cli.inputs as sources

    monkeypatch.setattr(sources, "read_for_fit", lambda *_, **__: pytest.fail("the data were read"))
    refused = shell("fit", "digits", "-o", "no/such/folder/m")
    assert refused.status == 1
    assert "no folder" in refused.err


def test_a_code_as_wide_as_the_data_is_said(shell, quick, table: Path) -> None:
    done = shell("fit", table, "-o", "m", "--n-components", "4", *quick)
    assert "at least as wide as the data" in done.out


def test_no_held_out_rows_is_said(shell, quick) -> None:
    done = shell("fit", "digits", "-o", "m", "--validation-fraction", "0", *quick)
    assert "are optimistic" in done.out


def test_files_that_were_put_beside_a_model_survive_force(shell, quick) -> None:
    assert shell("fit", "digits", "-o", "m", *quick).status == 0
    Path("m/notes.txt").write_text("precious")
    refused = shell("fit", "digits", "-o", "m", "--force", *quick)
    assert refused.status == 1
    assert Path("m/notes.txt").read_text() == "precious"


def test_narrows_alone_shows_its_help_and_no_error(shell) -> None:
    alone = shell()
    assert alone.status == 2
    assert "Error" not in alone.err


def test_a_diagnosis_that_fails_or_is_interrupted_does_not_fail_the_fit(shell, quick, monkeypatch) -> None:
    import narrows.insight

    for error, words in ((ValueError("odd"), "odd"), (KeyboardInterrupt(), "interrupted")):

        def fail(*_: object, error: BaseException = error) -> None:
            raise error

        monkeypatch.setattr(narrows.insight, "diagnose", fail)
        done = shell("fit", "digits", "-o", "m", "--force", "--json", *quick)
        assert (done.status, done.json["diagnosis"]) == (0, None)
        assert words in done.err
        assert "the model is saved" in done.err


def test_ctrl_c_while_the_model_is_measured_says_that_it_is_saved(shell, quick, monkeypatch) -> None:
    import narrows.insight

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(narrows.insight, "summarise", interrupt)
    stopped = shell("fit", "digits", "-o", "m", *quick)
    assert stopped.status == 130
    assert "saved as m" in stopped.err
    assert "nothing was written" not in stopped.err
    assert Path("m/narrows.json").exists()


@pytest.mark.slow
def test_a_variational_model_without_a_gaussian_code_has_a_table_and_a_report(shell, quick) -> None:
    chosen = ("--variant", "variational", "--code", "point", "--loss", "bce")
    done = shell("fit", "digits", "-o", "m", "--json", *chosen, *quick)
    assert (done.status, done.json["elbo"]) == (0, None)
    assert shell("report", "m", "digits").status == 0
    assert 'aria-label="samples"' not in Path("report.html").read_text()


def test_the_card_has_the_verdict_and_hashes_can_be_left_out(shell, quick) -> None:
    done = shell("fit", "digits", "-o", "m", "--no-row-hashes", "--json", "--quiet", *quick)
    card = Path("m/README.md").read_text()
    assert done.json["diagnosis"]["headline"] in card
    assert "no hashes of single rows" in card
    assert narrows.load("m").training_hashes_ is None  # pyright: ignore[reportAttributeAccessIssue]
