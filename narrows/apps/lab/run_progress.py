"""The progress of runs: events of their workers change the runs, and the observer of the session is notified."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from narrows.apps.lab.session_types import NoObserver, Observer
from narrows.apps.viewer.model_facts import drawn_range
from narrows.apps.viewer.runs import Run


class RunProgress:
    """Applies events of workers to their runs.

    Parameters
    ----------
    save, save_soon : callable
        Called as save(run) to write a run to the disk, at once or after a moment with the next changes.
    forget_checkpoint : callable
        Called with the id of a run that needs its checkpoint no more.
    """

    def __init__(
        self, save: Callable[[Run], None], save_soon: Callable[[Run], None], forget_checkpoint: Callable[[str], None]
    ) -> None:
        self._save, self._save_soon, self._forget_checkpoint = save, save_soon, forget_checkpoint
        self.observer: Observer = NoObserver()

    def apply(self, run: Run, event: str, values: dict[str, Any]) -> None:
        """Apply an event to its run, see `EventSender`."""
        if event == "started":
            self._started(run, values)
        elif event == "resumed":
            run.history = run.history + values["records"][len(run.history) :]
            self.observer.records_changed(run)
        elif event == "epoch":
            self._epoch_ended(run, values)
        elif event == "within":
            self.observer.snapshot_taken(run, run.epoch, values["rebuilt"], values["share"])
        elif event == "model":
            if values["epoch"] >= run.weights.epoch:
                run.weights.offer(values["pickled"], values["epoch"])
                self._save_soon(run)
        elif event == "rebuilt":
            run.frames.add(run.epoch, values["rebuilt"])
            self.observer.snapshot_taken(run, run.epoch, values["rebuilt"], 0.0)
        elif event == "codes":
            run.plane = values.pop("plane")
            self.observer.codes_changed(run, values.pop("epoch"), values)
        elif event == "paused":
            run.state = "paused"
            self._save(run)
            self.observer.state_changed()
        else:
            self._ended(run, event, values)

    def cut_to_weights(self, run: Run) -> None:
        """Remove the epochs of a run after the one of its weights, from which it goes on."""
        run.history = [record for record in run.history if record["number"] <= run.weights.epoch]
        self.observer.records_changed(run)

    def _started(self, run: Run, values: dict[str, Any]) -> None:
        run.about = {**values["about"], "range": drawn_range(values["about"]["kind"], values["original"])}
        run.positions, run.original = values["positions"], values["original"]
        if values["untrained"] is not None:
            run.frames.add(0, values["untrained"])
        if values["untrained_weights"] is not None:
            run.past_weights.add(0, values["untrained_weights"])
        run.state = "running" if run.state == "preparing" else run.state
        self.observer.state_changed()

    def _epoch_ended(self, run: Run, values: dict[str, Any]) -> None:
        record = values["record"]
        if record["number"] <= run.epoch:
            return  # shown already: the checkpoint is a moment older
        run.history.append(record)
        run.frames.add(record["number"], values["rebuilt"])
        if values["weights"] is not None:
            run.past_weights.add(record["number"], values["weights"])
        self.observer.records_changed(run)
        self.observer.snapshot_taken(run, record["number"], values["rebuilt"], 0.0)

    def _ended(self, run: Run, event: str, values: dict[str, Any]) -> None:
        run.state = event  # pyright: ignore[reportAttributeAccessIssue]
        run.was_killed = values.get("was_killed", False)
        if event in ("done", "diverged"):
            self._forget_checkpoint(run.id)
        run.message, run.hint = values.get("message"), values.get("hint")
        run.stopping = False
        if run.weights.there:
            self._save(run)
        self.observer.records_changed(run)
        self.observer.state_changed()
