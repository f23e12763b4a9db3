"""Fits that ended early, and --resume."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import narrows


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
