"""The truth about a model: whether it learned, what it learned, and what to change."""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.data import as_rows
from narrows.errors import DataError
from narrows.insight import findings
from narrows.insight.findings import SEVERITY, Evidence, Finding, Verdict
from narrows.insight.labels import classes_of
from narrows.insight.refits import check_autoencoder, seed_errors
from narrows.insight.splits import EvaluationSplit, rows_were_dropped

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder

_LIGHTS: dict[str, str] = {"good": "ok   ", "watch": "look ", "bad": "WRONG"}


@dataclass(frozen=True, repr=False)
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
        """The gist in a sentence or two; where PCA does better, that comes first."""
        behind = [finding for finding in self.findings if findings.is_behind_pca(finding)]
        worst = behind + [finding for finding in self.findings if finding.verdict == "bad" and finding not in behind]
        if worst:
            return " ".join(finding.meaning for finding in worst[:3])
        looked = [finding for finding in self.findings if finding.verdict == "watch"]
        if looked:
            return f"Nothing is badly wrong. {looked[0].meaning}"
        holds = any(finding.name == findings.HOLDS for finding in self.findings)
        return "The model learned what is typical of these rows" + (", and holds for new ones." if holds else ".")

    def including(self, finding: Finding) -> Diagnosis:
        """The same with one more finding."""
        return replace(self, findings=(*self.findings, finding)).sorted()

    def sorted(self) -> Diagnosis:
        """The same, the worst first, and otherwise in the order they were in."""
        return replace(self, findings=tuple(sorted(self.findings, key=lambda finding: -SEVERITY[finding.verdict])))

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

    __repr__ = __str__

    def _repr_html_(self) -> str:
        colours = {"good": "#2a7f3f", "watch": "#b26a00", "bad": "#bd1f01"}
        rows = "".join(
            f'<tr><td style="color:{colours[f.verdict]};font-weight:bold">{f.verdict}</td>'
            f"<td><b>{html.escape(f.name)}</b><br>{html.escape(f.figure)}</td>"
            f"<td>{html.escape(f.meaning)} <i>{html.escape(f.advice)}</i></td></tr>"
            for f in self.findings
        )
        return f"<p><b>{html.escape(self.estimator)}</b>: {html.escape(self.headline)}</p><table>{rows}</table>"


def diagnose(model: Autoencoder, X: Any, y: Any = None, *, n_seeds: int = 0, random_state: int = 0) -> Diagnosis:
    """Find out whether a fitted model learned something, and what.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    X : like that of `fit`, or Rows
        The rows of the fit, of which those that `fit` held out are measured; or other rows, of which half are
        measured and half are what PCA and the other yardsticks learn from.
    y : array of shape (n,) or None
        Classes; the labels of Rows where they have some. Gaps are left out, and numbers that are not whole are no
        classes. With them the code's use for classification is measured.
    n_seeds : int, default=0
        From 2 on: fit the model's settings again with so many other seeds, and say how far the results lie apart.
    random_state : int, default=0
        Of the sample and the probes.

    Returns
    -------
    Diagnosis

    Raises
    ------
    NotFittedError, DataError, SettingError
        `DataError` where fewer than four rows are given, `SettingError` where `n_seeds` is 1.
    """
    check_autoencoder(model)
    rows = as_rows(X, image_shape=model.image_shape)
    model.check_is_fitted()
    if len(rows) < 4:
        raise DataError(f"A diagnosis needs at least 4 rows, and {rows.source} has {len(rows)}; give it more rows.")
    if y is not None and len(np.asarray(y)) != len(rows):
        raise DataError(f"y has {len(np.asarray(y))} values for {len(rows)} rows; give one class per row.")
    labels = classes_of(rows.labels if y is None else y)
    parts = EvaluationSplit.of(model, rows, seed=random_state).sampled(model.schema_.n_floats, seed=random_state)
    who = type(model).__name__
    evidence = Evidence(
        model,
        model.schema_.encode(rows.take(parts.measured), who=who),
        model.schema_.encode(rows.take(parts.known), who=who),
        parts.known_is_training,
        parts.measured_is_unseen,
        random_state,
    )
    found = [
        # First among equals: a training that was cut short explains whatever else is wrong.
        findings.convergence(evidence),
        findings.beside_pca(evidence),
        findings.copying(evidence),
        findings.denoising(evidence),
        findings.collapse(evidence),
        findings.dead_units(evidence),
        findings.overfitting(evidence),
        findings.sparsity(evidence),
        findings.sensitivity(evidence),
        findings.neighbourhoods(evidence),
        None if labels is None else findings.with_labels(evidence, labels[parts.measured]),
        findings.by_column(evidence),
        findings.worst_rows(evidence, parts.measured, after_gaps=rows_were_dropped(rows)),
    ]
    diagnosis = Diagnosis(who, parts.sentence, tuple(f for f in found if f is not None))
    if n_seeds:
        errors = list(seed_errors(model, rows, n_seeds, random_state=random_state))
        # Copies that trained on other rows than the model would make it look lucky, or unlucky.
        own = float(evidence.errors.mean()) if model.was_fitted_on(rows) else None
        diagnosis = diagnosis.including(findings.spread(errors, own))
    return diagnosis.sorted()
