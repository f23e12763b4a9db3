"""The truth about a model: whether it learned, what it learned, and what to change."""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.data import Rows, as_rows
from narrows.errors import DataError
from narrows.insight import findings
from narrows.insight.findings import SEVERITY, Evidence, Finding, Verdict

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder

_MAX_CELLS = 4_000_000  # of each part that is measured: seconds, not minutes
_MAX_ROWS = 5000
_LIGHTS: dict[str, str] = {"good": "ok   ", "watch": "look ", "bad": "WRONG"}


@dataclass(frozen=True)
class Diagnosis:
    """What was found, the worst first.

    Parameters
    ----------
    estimator : str
        The class's name.
    sample : str
        Which rows were measured, in a sentence.
    findings : tuple of Finding
        Worst first.
    """

    estimator: str
    sample: str
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of the findings'."""
        return max((finding.verdict for finding in self.findings), key=SEVERITY.__getitem__)

    @property
    def headline(self) -> str:
        """The gist in a sentence or two."""
        worst = [finding for finding in self.findings if finding.verdict == "bad"]
        if worst:
            return " ".join(finding.meaning for finding in worst[:3])
        looked = [finding for finding in self.findings if finding.verdict == "watch"]
        if looked:
            return f"Nothing is badly wrong. {looked[0].meaning}"
        return "The model learned what is typical of these rows, and holds for new ones."

    def __getitem__(self, name: str) -> Finding:
        """The finding of this name."""
        for finding in self.findings:
            if finding.name == name:
                return finding
        raise KeyError(name)

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "estimator": self.estimator,
            "sample": self.sample,
            "verdict": self.verdict,
            "headline": self.headline,
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def __str__(self) -> str:
        lines = [f"{self.estimator}: {self.headline}", self.sample, ""]
        for finding in self.findings:
            lines.append(f"{_LIGHTS[finding.verdict]}  {finding.name}")
            told = [finding.figure, finding.meaning, *([f"-> {finding.advice}"] if finding.advice else [])]
            lines += [textwrap.indent(textwrap.fill(text, 100), "       ") for text in told]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        colours = {"good": "#2a7f3f", "watch": "#b26a00", "bad": "#bd1f01"}
        rows = "".join(
            f'<tr><td style="color:{colours[f.verdict]};font-weight:bold">{f.verdict}</td>'
            f"<td><b>{html.escape(f.name)}</b><br>{html.escape(f.figure)}</td>"
            f"<td>{html.escape(f.meaning)} <i>{html.escape(f.advice)}</i></td></tr>"
            for f in self.findings
        )
        return f"<p><b>{html.escape(self.estimator)}</b>: {html.escape(self.headline)}</p><table>{rows}</table>"


def diagnose(model: Autoencoder, X: Any, y: Any = None, *, random_state: int = 0) -> Diagnosis:
    """Find out whether a fitted model learned something, and what.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    X : like that of `fit`, or Rows
        The rows of the fit, of which those that `fit` held out are measured; or other rows, of which half are
        measured and half are what PCA and the other yardsticks learn from.
    y : array of shape (n,) or None
        Classes; the labels of Rows where they have some. With them the code's use for classification is measured.
    random_state : int, default=0
        Of the sample and the probes.

    Returns
    -------
    Diagnosis

    Raises
    ------
    NotFittedError, DataError
        `DataError` where fewer than four rows are given.
    """
    rows = as_rows(X, image_shape=model.image_shape)
    model._check_fitted()
    if len(rows) < 4:
        raise DataError(f"A diagnosis needs at least 4 rows, and {rows.source} has {len(rows)}; give it more rows.")
    labels = rows.labels if y is None else np.asarray(y)
    if labels is not None and len(labels) != len(rows):
        raise DataError(f"y has {len(labels)} values for {len(rows)} rows; give one class per row.")
    positions, known_positions, is_training, sample = _parts(model, rows, random_state)
    who = type(model).__name__
    evidence = Evidence(
        model,
        model.schema_.encode(rows.take(positions), who=who),
        model.schema_.encode(rows.take(known_positions), who=who),
        is_training,
        random_state,
    )
    found = [
        # First among equals: a training that was cut short explains whatever else is wrong.
        findings.convergence(evidence),
        findings.beside_pca(evidence),
        findings.copying(evidence),
        findings.collapse(evidence),
        findings.dead_units(evidence),
        findings.overfitting(evidence),
        findings.sparsity(evidence),
        findings.sensitivity(evidence),
        findings.neighbourhoods(evidence),
        None if labels is None else findings.with_labels(evidence, labels[positions]),
        findings.by_column(evidence),
        findings.worst_rows(evidence, positions),
    ]
    there = [finding for finding in found if finding is not None]
    there.sort(key=lambda finding: -SEVERITY[finding.verdict])
    return Diagnosis(who, sample, tuple(there))


def _parts(model: Autoencoder, rows: Rows, seed: int) -> tuple[np.ndarray, np.ndarray, bool, str]:
    """Positions to measure, positions for yardsticks, whether the latter are training rows, and a sentence on both."""
    most = max(200, min(_MAX_ROWS, _MAX_CELLS // max(1, model.schema_.n_floats)))
    rng = np.random.default_rng([seed, 0])
    held, everything = model.validation_rows_, np.arange(len(rows))
    same = model.was_fitted_on(rows)
    if same and len(held) >= 2:
        measured, known = held, np.setdiff1d(everything, held)
        what = "rows that fit had held out"
    elif same:
        measured, known = everything, everything
        what = "training rows, since fit held none out: the figures flatter the model"
    else:
        order = rng.permutation(len(rows))
        measured, known = np.sort(order[: len(rows) // 2]), np.sort(order[len(rows) // 2 :])
        what = "rows, half of those given; PCA learned from the other half"
    n = len(measured)
    measured, known = (_at_most(part, most, rng) for part in (measured, known))
    taken = f"a sample of {len(measured):,} of {n:,}" if len(measured) < n else f"{n:,}"
    return measured, known, same, f"Measured on {taken} {what}."


def _at_most(positions: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    if len(positions) <= most:
        return positions
    return np.sort(rng.choice(positions, most, replace=False))
