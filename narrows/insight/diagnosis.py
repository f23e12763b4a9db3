"""The diagnosis of a fitted model: findings about its training, its code and its errors."""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.data import Rows
from narrows.errors import DataError, warn
from narrows.insight import findings
from narrows.insight.classed_rows import classed_rows
from narrows.insight.findings import SEVERITY, Evidence, Finding, Verdict
from narrows.insight.labels import classes_of
from narrows.insight.refits import check_autoencoder, seed_errors
from narrows.insight.splits import EvaluationSplit, rows_were_dropped

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder

_OLD_NAMES = {
    "Which rows are strangest?": "Which rows are most anomalous?",
    "Does another seed come to the same?": findings.SEED_STABILITY,
}
_LIGHTS: dict[str, str] = {"good": "ok   ", "unknown": "?    ", "watch": "look ", "bad": "WRONG"}


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """Findings about a model, the worst first.

    Parameters
    ----------
    estimator : str
        The class's name.
    sample : str
        The measured rows, in a sentence.
    findings : tuple of Finding
        Worst first.
    """

    estimator: str
    sample: str
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of the findings."""
        return max((finding.verdict for finding in self.findings), key=SEVERITY.__getitem__)

    @property
    def headline(self) -> str:
        """The most important findings in a few sentences.

        Too few rows come first, then a worse error than PCA's and what is badly wrong, then held-out rows that cannot
        stand for new ones.
        """
        few = [finding for finding in self.findings if finding.name == findings.ENOUGH]
        worse = [finding for finding in self.findings if findings.is_worse_than_pca(finding)]
        bad = [finding for finding in self.findings if finding.verdict == "bad" and finding not in worse]
        dependent = [finding for finding in self.findings if findings.is_dependent(finding)]
        leading = [*few, *worse, *bad, *dependent][:3]
        if leading:
            return " ".join(finding.meaning for finding in leading)
        watched = [finding for finding in self.findings if finding.verdict == "watch"]
        if watched:
            return f"Nothing is badly wrong. {watched[0].meaning}"
        of_noise = [finding.meaning for finding in self.findings if finding.name == findings.NOISE_REMOVAL]
        if of_noise and findings.COMPARISON not in {finding.name for finding in self.findings}:
            return " ".join(of_noise)  # it compresses nothing
        new = [finding.meaning for finding in self.findings if finding.name == findings.GENERALISATION]
        kind = "images" if any(finding.of_images for finding in self.findings) else "rows"
        return " ".join([f"The model learned what is typical of these {kind}.", *new])

    @property
    def denoising_warning(self) -> str:
        """A sentence where denoising is worse than PCA or than doing nothing; else empty."""
        bad = [f for f in self.findings if f.name == findings.NOISE_REMOVAL and f.verdict == "bad"]
        return f"{bad[0].meaning} ({bad[0].figure})" if bad else ""

    def including(self, finding: Finding) -> Diagnosis:
        """Return a copy with one more finding, sorted."""
        return replace(self, findings=(*self.findings, finding)).sorted()

    def sorted(self) -> Diagnosis:
        """Return a copy with the worst findings first, otherwise in the same order."""
        return replace(self, findings=tuple(sorted(self.findings, key=lambda finding: -SEVERITY[finding.verdict])))

    def __getitem__(self, name: str) -> Finding:
        """Return the finding of this name; KeyError if there is none."""
        if name in _OLD_NAMES:
            message = f"The finding {name!r} is now {_OLD_NAMES[name]!r}; the old name will be removed."
            warn(message, DeprecationWarning)
            name = _OLD_NAMES[name]
        for finding in self.findings:
            if finding.name == name:
                return finding
        raise KeyError(name)

    def card_facts(self) -> dict[str, str]:
        """Return the figures and the verdict for the card of a saved model, by name."""
        facts = {"measured rows": self.sample}
        for finding in self.findings:
            if finding.name == findings.COMPARISON:
                own, theirs = finding.number("r2"), finding.number("pca_r2")
                facts["R² of the measured rows"] = f"{own:.3f}; {theirs:.3f} with PCA of as many components"
        return {**facts, "verdict": f"{self.verdict}. {self.headline}"}

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
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
            lines.append(f"{_LIGHTS[finding.verdict]}  {finding.question}")
            texts = [finding.figure, finding.meaning, *([f"-> {finding.advice}"] if finding.advice else [])]
            lines += [textwrap.indent(textwrap.fill(text, 100), "       ") for text in texts]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        colours = {"good": "#2a7f3f", "unknown": "#666666", "watch": "#b26a00", "bad": "#bd1f01"}
        rows = "".join(
            f'<tr><td style="color:{colours[f.verdict]};font-weight:bold">{f.verdict}</td>'
            f"<td><b>{html.escape(f.question)}</b><br>{html.escape(f.figure)}</td>"
            f"<td>{html.escape(f.meaning)} <i>{html.escape(f.advice)}</i></td></tr>"
            for f in self.findings
        )
        return f"<p><b>{html.escape(self.estimator)}</b>: {html.escape(self.headline)}</p><table>{rows}</table>"


def diagnose(model: Autoencoder, X: Any, y: Any = None, *, n_seeds: int = 0, random_state: int = 0) -> Diagnosis:
    """Check a fitted model: training, code, errors, and comparison with PCA.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    X : like that of `fit`, or Rows
        The rows of the fit, of which those that `fit` held out are measured; or other rows, of which half are
        measured, and PCA and the other baselines are fitted on the other half.
    y : array of shape (n,) or None
        Classes; by default the labels of Rows, else the column that held them at the fit. Rows without a class are
        left out; fractional numbers are not classes. With classes, the accuracy of classifiers on the code is measured,
        too.
    n_seeds : int, default=0
        From 2 on: refit with this many other seeds and report the spread of the errors.
    random_state : int, default=0
        Seed of the sample and of random probes.

    Returns
    -------
    Diagnosis

    Raises
    ------
    NotFittedError, DataError, SettingError
        `DataError` if X has fewer than four rows or y another length, `SettingError` if `n_seeds` is 1.
    """
    check_autoencoder(model)
    model.check_is_fitted()
    rows = classed_rows(model, X)
    if len(rows) < 4:
        raise DataError(f"A diagnosis needs at least 4 rows, and {rows.source} has {len(rows)}; give it more rows.")
    if y is not None and len(np.asarray(y)) != len(rows):
        raise DataError(f"y has {len(np.asarray(y))} values for {len(rows)} rows; give one class per row.")
    labels = classes_of(rows.labels if y is None else y)
    split = EvaluationSplit.of(model, rows, seed=random_state).sampled(model.schema_.n_floats, seed=random_state)
    evidence = _evidence(model, rows, split, random_state)
    found = _findings(evidence, None if labels is None else labels[split.measured])
    worst = findings.worst_rows(evidence, split.measured, rows_dropped=rows_were_dropped(rows))
    found.append(worst.without_verdict() if evidence.is_small else worst)
    diagnosis = Diagnosis(type(model).__name__, split.sentence, tuple(found))
    if n_seeds:
        errors = list(seed_errors(model, rows, n_seeds, random_state=random_state))
        # An error after training on other rows is not comparable with the refits'.
        own = float(evidence.errors.mean()) if model.was_fitted_on(rows) else None
        diagnosis = diagnosis.including(findings.spread(errors, own))
    if model.schema_.image_shape is not None:
        diagnosis = replace(diagnosis, findings=tuple(finding.on_images() for finding in diagnosis.findings))
    return diagnosis.sorted()


def _evidence(model: Autoencoder, rows: Rows, split: EvaluationSplit, seed: int) -> Evidence:
    measured, known = (
        model.schema_.encode(rows.take(positions), who=type(model).__name__)
        for positions in (split.measured, split.known)
    )
    positions = np.concatenate([split.measured, split.known])
    return Evidence(
        model,
        measured,
        known,
        split.known_is_training,
        split.measured_is_unseen,
        seed,
        held_out_by=split.held_out_by,
        positions=positions,
    )


def _findings(evidence: Evidence, labels: np.ndarray | None) -> list[Finding]:
    """Return the findings that apply; of equal verdicts, an earlier one is read first.

    Some depend on others, so that no two contradict each other.
    """
    independence = [finding for finding in (findings.near_copies(evidence), findings.file_order(evidence)) if finding]
    trained = findings.convergence(evidence)
    if not evidence.model.network_.compresses:
        return _with_size(evidence, [trained, findings.denoising(evidence, may_widen=False), *independence])
    copied = findings.copying(evidence)
    is_structured = copied is None or copied.verdict == "good"
    is_converged = trained.verdict == "good"
    is_independent = not any(map(findings.is_dependent, independence))
    overfitted = findings.overfitting(evidence, may_claim=is_independent and is_structured)
    may_widen = is_structured and not any(found is not None and found.narrower for found in (copied, overfitted))
    measured = [
        *independence,
        findings.pca_comparison(evidence, is_structured=is_structured, is_converged=is_converged),
        copied,
        findings.denoising(evidence, may_widen=may_widen),
        findings.collapse(evidence),
        findings.dead_units(evidence),
        overfitted,
        findings.sparsity(evidence),
        findings.sensitivity(evidence),
        findings.neighbourhoods(evidence),
        None if labels is None else findings.class_accuracy(evidence, labels, may_widen=may_widen),
        findings.column_errors(evidence, may_widen=may_widen),
    ]
    # A training that ended too early explains everything else.
    return _with_size(evidence, [trained, *measured])


def _with_size(evidence: Evidence, measured: list[Finding | None]) -> list[Finding]:
    """Return the findings that apply; all but the first, that of the training, have no verdict on too few rows."""
    trained, *found = (finding for finding in measured if finding is not None)
    if evidence.is_small:
        found = [findings.too_few(evidence), *(finding.without_verdict() for finding in found)]
    return [trained, *found]
