"""Records of a training: one per epoch, one per epoch of pre-training, and their list as a curve and a table."""

from __future__ import annotations

import html
from dataclasses import asdict, dataclass, field

_LINES = 8  # of the table
_WIDTH, _HEIGHT = 360, 90  # of the curve, in CSS pixels


@dataclass(frozen=True)
class Epoch:
    """The record of one epoch; every loss is per row (summed over features, averaged over rows).

    Parameters
    ----------
    number : int
        Counts from 1 over the whole history of the model.
    loss : float
        The training objective, averaged over the epoch's batches while the weights moved.
    parts : dict[str, float]
        The objective's terms, which sum to `loss`: "reconstruction", and one per penalty.
    validation : float or None
        The objective on held-out rows after the epoch, without corruption; None where no row is held out.
    validation_parts : dict[str, float]
        Its terms.
    learning_rate : float
        At the epoch's last step.
    rows_per_second : float
        Training rows per second, validation left out.
    seconds : float
        The epoch's whole time, validation included.
    """

    number: int
    loss: float
    parts: dict[str, float]
    validation: float | None
    validation_parts: dict[str, float] = field(default_factory=dict)
    learning_rate: float = 0.0
    rows_per_second: float = 0.0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class LayerEpoch:
    """The record of one pass over the rows while a layer is pre-trained.

    Parameters
    ----------
    layer, n_layers : int
        Which layer of the encoder, from 1, and how many there are.
    n_visible, n_hidden : int
        Its RBM's units.
    number, n_epochs : int
        Which pass, from 1, of how many.
    error : float
        Squared error per row between the layer's input and its first reconstruction, while the weights moved.
    rows_per_second, seconds : float
    """

    layer: int
    n_layers: int
    n_visible: int
    n_hidden: int
    number: int
    n_epochs: int
    error: float
    rows_per_second: float
    seconds: float


class History(list[Epoch]):
    """One `Epoch` per pass over the rows, in order.

    >>> history = History([Epoch(1, 3.0, {"reconstruction": 3.0}, 3.5, {"reconstruction": 3.5})])
    >>> history.to_dict()["validation"]
    [3.5]
    """

    def to_dict(self) -> dict[str, list]:
        """Return one list per column, for `pandas.DataFrame`; the parts of the losses are "parts: ..." columns."""
        names = ("number", "loss", "validation", "learning_rate", "rows_per_second", "seconds")
        columns: dict[str, list] = {name: [getattr(epoch, name) for epoch in self] for name in names}
        for kind in ("parts", "validation_parts"):
            for part in dict.fromkeys(name for epoch in self for name in getattr(epoch, kind)):
                columns[f"{kind}: {part}"] = [getattr(epoch, kind).get(part) for epoch in self]
        return columns

    def _repr_html_(self) -> str:
        if not self:
            return "<p>No epoch yet.</p>"
        watched = [epoch.number for epoch in self if epoch.validation is not None]
        best = min((e for e in self if e.validation is not None), key=lambda e: e.validation or 0.0, default=None)
        parts = list(self[-1].parts) if len(self[-1].parts) > 1 else []
        kinds = ("validation_parts", "held out") if watched else ("parts", "training")
        heads = ["epoch", "training loss", *(["held-out loss"] if watched else [])]
        heads += [f"{kinds[1]}: {part.replace('_', ' ')}" for part in parts]
        step = max(1, -(-len(self) // _LINES))
        shown = {*range(0, len(self), step), len(self) - 1}
        if best is not None:
            shown.add(self.index(best))
        body = ""
        for epoch in (self[i] for i in sorted(shown)):
            numbers = [epoch.loss, *([epoch.validation] if watched else [])]
            numbers += [getattr(epoch, kinds[0]).get(part) for part in parts]
            cells = "".join(f"<td>{'–' if x is None else f'{x:.5g}'}</td>" for x in numbers)
            body += f"<tr{' style=font-weight:bold' if epoch is best else ''}><td>{epoch.number}</td>{cells}</tr>"
        head = "".join(f"<th>{html.escape(name)}</th>" for name in heads)
        words = f"{len(self)} epochs, {sum(epoch.seconds for epoch in self):.1f} s"
        words += f"; the lowest held-out loss in epoch {best.number}" if best else ""
        return f"<p>{words}.</p>{_curve(self)}<table><tr>{head}</tr>{body}</table>"


def _curve(history: History) -> str:
    """Return both losses as lines, training grey and held-out blue."""
    lines = {
        "#717581": [(epoch.number, epoch.loss) for epoch in history],
        "#3f90da": [(epoch.number, epoch.validation) for epoch in history if epoch.validation is not None],
    }
    # The first epochs are so high that all others would be one flat line.
    known = sorted(value for line in lines.values() for _, value in line[len(line) // 10 :])
    if len(history) < 3 or not known or known[-1] == known[0]:
        return ""
    low, span = known[0], known[-1] - known[0]
    first, last = history[0].number, history[-1].number
    drawn = ""
    for colour, line in lines.items():
        if len(line) < 2:
            continue
        across = [_WIDTH * (number - first) / (last - first) for number, _ in line]
        down = [_HEIGHT * min(1.0, max(0.0, 1 - (value - low) / span)) for _, value in line]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True))
        drawn += f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
    label = "training loss in grey and held-out loss in blue over the epochs"
    size = f'width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 -2 {_WIDTH} {_HEIGHT + 4}"'
    return f'<svg role="img" aria-label="{label}" {size}>{drawn}</svg>'
