"""Progress of a training: epochs, loss, validation loss, rows per second, time left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from narrows.apps.cli.messages import Messages
from narrows.formatting import duration, number

if TYPE_CHECKING:
    from narrows.estimators import Epoch, LayerEpoch

_LINES = 10  # printed without a terminal


class Trained(Protocol):
    """A model, or a training elsewhere, that counts its epochs."""

    @property
    def history_(self) -> Sized: ...

    @property
    def epochs_(self) -> int: ...


@dataclass(frozen=True)
class _Step:
    """Text of one epoch: `Training`, 12 of 50, and `loss 12.30, validation 12.90, 11,600 rows/s, 8.3 s left`."""

    title: str
    done: int
    total: int
    text: str


def show_progress(
    epochs: Iterable[Epoch | LayerEpoch], *, model: Trained, messages: Messages, title: str = "Training"
) -> Iterator[Epoch | LayerEpoch]:
    """Yield the epochs of `model` and print their progress on standard error.

    On a terminal there is a bar for the training and one for each layer of a pretraining; in a log about ten lines;
    with --quiet nothing.
    """
    if messages.quiet:
        return iter(epochs)
    draw = _bar if messages.stderr.is_terminal else _lines
    return draw(epochs, model=model, messages=messages, title=title)


def _bar(
    epochs: Iterable[Epoch | LayerEpoch], *, model: Trained, messages: Messages, title: str
) -> Iterator[Epoch | LayerEpoch]:
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24))
    with Progress(*columns, TextColumn("{task.fields[words]}"), console=messages.stderr, transient=True) as progress:
        drawn, task = None, progress.add_task(title, total=None, words="first epoch …")
        for epoch, step in _steps(epochs, model, title):
            if drawn not in (None, step.title):
                task = progress.add_task(step.title, total=step.total, words="")
            drawn = step.title
            words = f"{step.done}/{step.total}, {step.text}"
            progress.update(task, description=step.title, completed=step.done, total=step.total, words=words)
            yield epoch


def _lines(
    epochs: Iterable[Epoch | LayerEpoch], *, model: Trained, messages: Messages, title: str
) -> Iterator[Epoch | LayerEpoch]:
    for epoch, step in _steps(epochs, model, title):
        if step.done in (1, step.total) or step.done % max(1, step.total // _LINES) == 0:
            messages.info(f"{step.title}: epoch {step.done}/{step.total}, {step.text}")
        yield epoch


def _steps(
    epochs: Iterable[Epoch | LayerEpoch], model: Trained, title: str
) -> Iterator[tuple[Epoch | LayerEpoch, _Step]]:
    """Yield every epoch with the text to print."""
    from narrows.estimators import Epoch

    seconds, name = 0.0, ""
    for epoch in epochs:
        if isinstance(epoch, Epoch):
            heading, done, total = title, len(model.history_), model.epochs_
            words = [f"loss {number(epoch.loss)}"]
            if epoch.validation is not None:
                words.append(f"validation {number(epoch.validation)}")
        else:
            heading = f"Layer {epoch.layer} of {epoch.n_layers}, {epoch.n_visible}-{epoch.n_hidden}"
            done, total, words = epoch.number, epoch.n_epochs, [f"error {number(epoch.error)}"]
        seconds = epoch.seconds + (seconds if heading == name else 0.0)
        name = heading
        words += [f"{epoch.rows_per_second:,.0f} rows/s", f"{duration(seconds / done * (total - done))} left"]
        yield epoch, _Step(heading, done, total, ", ".join(words))
