from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

import narrows
from narrows.errors import IdleParameterWarning


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


def test_columns_are_chosen_set_aside_and_named(shell, quick, table: Path) -> None:
    done = shell("fit", table, "-o", "m", *quick)
    assert "columns     5: 4 numeric; ignored: name (a different value in almost every row)" in done.out
    assert narrows.load("m").feature_names_in_.tolist() == ["a", "b", "c", "age", "name"]
    assert shell("fit", table, "-o", "n", "--columns", "a,c", *quick).status == 0
    assert narrows.load("n").feature_names_in_.tolist() == ["a", "c"]
    assert shell("fit", table, "-o", "o", "--ignore", "a", "--label", "name", *quick).status == 0
    assert narrows.load("o").feature_names_in_.tolist() == ["b", "c", "age"]


def test_kinds_are_told_in_words_and_in_json_and_can_be_overruled(shell, quick) -> None:
    lines = [f"{i % 3},{'xy'[i % 2]},2020-01-{1 + i % 28:02d},{i % 4 == 0},{i * i % 17}" for i in range(60)]
    Path("t.csv").write_text("code,side,day,flag,n\n" + "\n".join(lines) + "\n")
    result = shell("fit", "t.csv", "-o", "m", *quick).out
    assert "columns     5: 2 numeric, 1 category, 1 date, 1 true-or-false column" in result
    kinds = shell("fit", "t.csv", "-o", "n", "--categorical", "code,n", "--json", *quick).json["kinds"]
    assert kinds == {
        "code": "category",
        "side": "category",
        "day": "date",
        "flag": "true-or-false column",
        "n": "category",
    }
    wrong = shell("fit", "t.csv", "-o", "o", "--categorical", "cod", *quick)
    assert (wrong.status, wrong.err.count("\n")) == (2, 1)
    assert "'cod'" in wrong.err


def test_gaps_are_learned_stop_a_fit_are_filled_or_dropped(shell, quick, gaps: Path) -> None:
    assert shell("fit", gaps, "-o", "k", *quick).status == 0
    stopped = shell("fit", gaps, "-o", "m", "--missing", "error", *quick)
    assert stopped.status == 1
    assert "'b'" in stopped.err
    assert "row 3" in stopped.err
    assert "--missing" in stopped.err
    assert not Path("m").exists()
    assert shell("fit", gaps, "-o", "m", "--missing", "mean", *quick).status == 0
    dropped = shell("fit", gaps, "-o", "n", "--missing", "drop", "--json", *quick)
    assert dropped.json["rows"] == 39
    assert "1 of 40 rows" in dropped.err


def test_images_are_read_from_a_folder_and_resized(shell, quick) -> None:
    from PIL import Image

    for i in range(12):
        place = Path("pictures", "ab"[i % 2])
        place.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(i).integers(0, 256, (10, 12), dtype=np.uint8)
        Image.fromarray(pixels).save(place / f"{i}.png")
    assert shell("fit", "pictures", "-o", "m", "--image-size", "8x9", *quick).status == 0
    assert narrows.load("m").schema_.image_shape == (8, 9, 1)
    wrong = shell("fit", "pictures", "-o", "n", "--image-size", "8-9", *quick)
    assert wrong.status == 2
    assert "8x" in wrong.err or "28x28" in wrong.err


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


def test_labels_with_gaps_are_no_obstacle(shell, quick, table: Path) -> None:
    lines = table.read_text().splitlines()
    marked = [lines[0] + ",kind", *(f"{line},{'' if i % 4 == 0 else i % 2}" for i, line in enumerate(lines[1:]))]
    table.write_text("\n".join(marked) + "\n")
    assert shell("fit", table, "-o", "m", "--label", "kind", *quick).status == 0
    assert shell("report", "m", table, "--label", "kind").status == 0


@pytest.mark.slow
def test_a_variational_model_without_a_gaussian_code_has_a_table_and_a_report(shell, quick) -> None:
    chosen = ("--variant", "variational", "--code", "point", "--loss", "bce")
    done = shell("fit", "digits", "-o", "m", "--json", *chosen, *quick)
    assert (done.status, done.json["elbo"]) == (0, None)
    assert shell("report", "m", "digits").status == 0
    assert 'aria-label="samples"' not in Path("report.html").read_text()


class Killed:
    """Ends a fit after so many checkpoints, as `kill -9` would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
        from narrows.estimators.saving.checkpoint import Checkpoint

        self.n_kept, self._keep = 0, Checkpoint.keep

        def keep(checkpoint: Checkpoint, *arguments: object) -> None:
            self._keep(checkpoint, *arguments)  # pyright: ignore[reportArgumentType]
            self.n_kept += 1
            if self.n_kept == after:
                raise MemoryError

        monkeypatch.setattr(Checkpoint, "keep", keep)


def test_a_fit_that_was_killed_is_resumed_to_the_bit(shell, quick, table, monkeypatch) -> None:
    longer = (*quick, "--epochs", "5", "--checkpoint-every", "0")
    assert shell("fit", table, "-o", "whole", *longer).status == 0
    fits = Killed(monkeypatch, after=2)
    assert shell("fit", table, "-o", "m", *longer).status == 1
    assert sorted(path.name for path in Path().iterdir()) == ["m.checkpoint", "table.csv", "whole"]
    forgot = shell("fit", table, "-o", "m", *longer)
    assert (forgot.status, "use --resume to continue it, or --force" in forgot.err) == (1, True)
    other = shell("fit", table, "-o", "m", "--resume", *longer, "--optimizer", "adam")
    assert (other.status, "optimizer='adam'" in other.err) == (2, True)
    done = shell("fit", table, "-o", "m", "--resume", "--json", *longer)
    assert (done.status, fits.n_kept) == (0, 5)
    assert Path("m/model.safetensors").read_bytes() == Path("whole/model.safetensors").read_bytes()
    assert sorted(path.name for path in Path().iterdir()) == ["m", "table.csv", "whole"]


def test_an_interrupted_fit_can_be_resumed_in_the_place_of_its_model(shell, quick, table, monkeypatch) -> None:
    from narrows.estimators.saving.checkpoint import Checkpoint

    longer, keep = (*quick, "--epochs", "4", "--checkpoint-every", "0"), Checkpoint.keep

    def interrupted(*arguments) -> None:
        keep(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "keep", interrupted)
        stopped = shell("fit", table, "-o", "m", *longer)
    assert "with --resume goes on from m.checkpoint" in stopped.err
    assert len(narrows.load("m").history_) == 1
    assert shell("fit", table, "-o", "m", "--resume", *longer).status == 0
    assert len(narrows.load("m").history_) == 4
    assert not Path("m.checkpoint").exists()


@pytest.mark.parametrize("n_batches", [0, 2])
def test_an_end_in_the_first_epoch_keeps_what_the_batches_so_far_taught(
    shell, quick, table, monkeypatch, n_batches: int
) -> None:
    """An epoch may take an hour."""
    from narrows.training import Trainer

    update, updated = Trainer._update, []

    def interrupted(trainer: Trainer, *arguments, **settings):
        if len(updated) == n_batches:
            updated.append({name: value.clone() for name, value in trainer.network.state_dict().items()})
            raise KeyboardInterrupt
        updated.append(None)
        return update(trainer, *arguments, **settings)

    options = (*quick, "--batch-size", "16", "--linear-path", "off", "--no-early-stopping")
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_update", interrupted)
        stopped = shell("fit", table, "-o", "m", "--json", *options)
    if n_batches == 0:
        assert stopped.err.endswith("Interrupted; nothing was written.\n")
        assert not Path("m").exists()
        return
    assert "Interrupted in the first epoch; the model is kept as it is." in stopped.err
    assert (stopped.json["epochs"], stopped.json["stopped"]) == (0, "interrupted")
    model = narrows.load("m")
    assert (model.interrupted_, model.is_trained_, len(model.history_)) == (True, True, 0)
    assert all(np.array_equal(value, updated[-1][name]) for name, value in model.network_.state_dict().items())
    assert shell("fit", table, "-o", "m", "--resume", *options).status == 0  # it begins, in the place of the model
    assert len(narrows.load("m").history_) == 2


def test_resume_without_a_checkpoint_begins_and_force_begins_again(shell, quick, table, monkeypatch) -> None:
    begun = shell("fit", table, "-o", "m", "--resume", *quick)
    assert (begun.status, "There is no m.checkpoint; the training begins." in begun.err) == (0, True)
    assert shell("fit", table, "-o", "m", "--resume", *quick).status == 1  # a finished model is not replaced
    with monkeypatch.context() as patch:
        Killed(patch, after=1)
        assert shell("fit", table, "-o", "n", "--checkpoint-every", "0", *quick).status == 1
    assert shell("fit", table, "-o", "n", "--force", *quick).status == 0
    assert not Path("n.checkpoint").exists()


def test_groups_and_times_are_held_out_and_not_learned_from(shell, quick) -> None:
    rng = np.random.default_rng(0)
    lines = ["a,b,c,person,day"]
    for i in range(200):
        numbers = ",".join(f"{x:.4f}" for x in rng.standard_normal(3))
        lines.append(f"{numbers},p{i % 20},2024-{1 + i % 12:02}-{1 + i // 12:02}")
    Path("t.csv").write_text("\n".join(lines))
    done = shell("fit", "t.csv", "-o", "m", "--group", "person", "--ignore", "day", "--n-components", "1", *quick)
    assert (done.status, "held out of training as whole groups" in done.out) == (0, True)
    model = narrows.load("m")
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]  # pyright: ignore[reportAttributeAccessIssue]
    assert len({i % 20 for i in model.validation_rows_}) * 10 == len(model.validation_rows_)  # pyright: ignore
    done = shell("fit", "t.csv", "-o", "n", "--time", "day", "--ignore", "person", "--n-components", "1", *quick)
    assert (done.status, "the last ones" in done.out) == (0, True)
    both = shell("fit", "t.csv", "-o", "k", "--time", "day", "--group", "person", *quick)
    assert (both.status, "use only one" in both.err) == (2, True)
    wrong = shell("fit", "t.csv", "-o", "k", "--validation", "groups", *quick)
    assert (wrong.status, "--group COLUMN" in wrong.err) == (2, True)
    idle = shell("fit", "t.csv", "-o", "k", "--validation", "last", "--validation-fraction", "0", *quick)
    assert (idle.status, "without --validation-fraction above 0" in idle.err) == (2, True)


def test_the_card_has_the_verdict_and_hashes_can_be_left_out(shell, quick) -> None:
    done = shell("fit", "digits", "-o", "m", "--no-row-hashes", "--json", "--quiet", *quick)
    card = Path("m/README.md").read_text()
    assert done.json["diagnosis"]["headline"] in card
    assert "no hashes of single rows" in card
    assert narrows.load("m").training_hashes_ is None  # pyright: ignore[reportAttributeAccessIssue]
