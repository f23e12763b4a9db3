"""The bar that shows training: epochs, loss, validation, rows per second, time left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from narrows.apps.cli.voice import Voice, duration, number

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder, Epoch

_LINES = 10  # how many a log gets, where there is no terminal to draw a bar on


def shown(epochs: Iterable[Epoch], *, model: Autoencoder, voice: Voice, title: str = "Training") -> Iterator[Epoch]:
    """Pass the `epochs` of `model` on while drawing them on standard error.

    A bar on a terminal, some ten lines in a log, nothing where the voice is quiet.
    """
    if voice.quiet:
        return iter(epochs)
    draw = _bar if voice.aside.is_terminal else _lines
    return draw(epochs, model=model, voice=voice, title=title)


def _bar(epochs: Iterable[Epoch], *, model: Autoencoder, voice: Voice, title: str) -> Iterator[Epoch]:
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24))
    with Progress(*columns, TextColumn("{task.fields[words]}"), console=voice.aside, transient=True) as progress:
        task = progress.add_task(title, total=None, words="first epoch …")
        for epoch, words, total in _with_words(epochs, model):
            progress.update(task, completed=len(model.history_), total=total, words=words)
            yield epoch


def _lines(epochs: Iterable[Epoch], *, model: Autoencoder, voice: Voice, title: str) -> Iterator[Epoch]:
    for epoch, words, total in _with_words(epochs, model):
        n = len(model.history_)
        if n == 1 or n == total or n % max(1, total // _LINES) == 0:
            voice.remark(f"{title}: epoch {words}")
        yield epoch


def _with_words(epochs: Iterable[Epoch], model: Autoencoder) -> Iterator[tuple[Epoch, str, int]]:
    """`12/50, loss 12.30, validation 12.90, 11,600 rows/s, 8.3 s left` for every epoch, and the number of epochs."""
    seconds = 0.0
    for epoch in epochs:
        seconds += epoch.seconds
        done, total = len(model.history_), model.epochs_
        words = [f"{done}/{total}", f"loss {number(epoch.loss)}"]
        if epoch.validation is not None:
            words.append(f"validation {number(epoch.validation)}")
        words.append(f"{epoch.rows_per_second:,.0f} rows/s")
        words.append(f"{duration(seconds / done * (total - done))} left")
        yield epoch, ", ".join(words), total
