"""Compare the model with PCA and with the mean row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narrows.insight.baselines import PCABaseline, mean_baseline
from narrows.insight.findings.evidence import Evidence
from narrows.insight.findings.finding import Finding, Verdict
from narrows.insight.findings.noise_removal import denoising
from narrows.insight.intervals import Interval, bootstrap, interval_text
from narrows.model import GaussianCode, TopK

NAME = "Better than the simple methods?"
_CAUSES = {
    "overfits": "The model fits its training rows better than new ones: it overfits.",
    "underfits": "It is worse on its training rows, too: it underfits.",
    "neither": "",
    "unknown": "",
}
_WORSE, _MUCH_WORSE = 1.02, 1.5  # times PCA's error


Judgement = tuple[Verdict, str, str, str]
"""Verdict, figure, meaning and advice of a finding."""


@dataclass(frozen=True)
class _Errors:
    """Squared errors per row of the model, of PCA with as many components and of the mean row.

    The intervals are those of 95 % of the two errors, and of the model's minus PCA's on the same rows.

    needed : the components with which PCA reaches the model's error; None where `n_tried` are too few.
    """

    model: float
    pca: float
    mean: float
    needed: int | None
    n_tried: int
    model_interval: Interval
    pca_interval: Interval
    gap_interval: Interval

    @property
    def is_worse(self) -> bool:
        """Whether PCA's error is smaller by more than these rows could show by chance."""
        return self.model > _WORSE * self.pca and self.gap_interval[0] > 0

    @property
    def components(self) -> str:
        """The number of components that PCA needs, for a sentence."""
        if self.needed is None:
            return f"PCA needs more than {self.n_tried} components"
        return f"PCA needs {self.needed} component{'s' * (self.needed != 1)}"

    def values(self) -> dict[str, float | list[float]]:
        return {
            "squared_error": self.model,
            "squared_error_interval": list(self.model_interval),
            "pca_squared_error_interval": list(self.pca_interval),
            "difference_interval": list(self.gap_interval),
            "r2": _r2(self.model, self.mean),
            "pca_r2": _r2(self.pca, self.mean),
            "pca_squared_error": self.pca,
            "mean_squared_error": self.mean,
            "components_pca_needs": float("nan") if self.needed is None else float(self.needed),
        }


def pca_comparison(evidence: Evidence, *, is_structured: bool = True, is_converged: bool = False) -> Finding:
    """Compare the error with that of PCA with as many components, and count the components PCA needs to match it.

    is_structured : False if meaningless rows are reconstructed as well as real ones, so that a small error shows the
        capacity of the model and no structure of the rows.
    is_converged : whether the loss had stopped falling, so that longer training would not help.
    """
    errors = _errors(evidence)
    judgement = _without_pca(evidence, errors, is_converged)
    if judgement is None and errors.is_worse:
        judgement = _worse_than_pca(evidence, errors, is_converged)
    if judgement is None:
        judgement = _as_good_as_pca(evidence, errors, is_structured)
    return Finding(NAME, *judgement, errors.values())


def _errors(evidence: Evidence) -> _Errors:
    ours = float(evidence.errors.mean())
    pca_errors = evidence.pca(evidence.n_active).squared_error(evidence.measured, evidence.observed)
    mean = float(mean_baseline(evidence.known, evidence.measured, evidence.observed).mean())
    curve = pca_curve(evidence.wide_pca, evidence.measured)
    reached = np.flatnonzero(curve <= ours)
    return _Errors(
        ours,
        float(pca_errors.mean()),
        mean,
        int(reached[0]) if len(reached) else None,
        len(curve) - 1,
        *(
            bootstrap(np.mean, errors, seed=evidence.seed)
            for errors in (evidence.errors, pca_errors, evidence.errors - pca_errors)
        ),
    )


def _without_pca(evidence: Evidence, errors: _Errors, is_converged: bool) -> Judgement | None:
    """Judge models that need no comparison with PCA; None for all others."""
    if (evidence.known == evidence.known[:1]).all():
        return (
            "watch",
            "all rows are equal",
            "All rows are equal, so there is nothing to learn.",
            "Check the data: the columns must vary from row to row.",
        )
    if errors.model >= 0.95 * errors.mean:
        return (
            "bad",
            f"squared error {errors.model:.4g} per row, {errors.mean:.4g} for predicting the mean row every time",
            "The model has learned next to nothing about single rows: its reconstructions are no better than the mean "
            "row.",
            "Use fewer or no hidden layers (hidden_layer_sizes=()), more rows, or corruption."
            if evidence.fault == "overfits"
            else f"{'Use' if is_converged else 'Train longer, or use'} a wider code or a higher learning rate; for a "
            "variational model, lower beta.",
        )
    if evidence.k >= evidence.d and not isinstance(evidence.model.network_.code, TopK):
        return (
            "watch",
            f"a code of {evidence.k} numbers for rows of {evidence.d}",
            "The code is as wide as the data, so the model can copy its input, PCA has no error, and nothing is "
            "compressed.",
            "Set n_components well below the number of columns.",
        )
    return None


def _worse_than_pca(evidence: Evidence, errors: _Errors, is_converged: bool) -> Judgement:
    figure = _figure(evidence, errors)
    cleaned = denoising(evidence)
    if cleaned is not None and cleaned.number("model") < cleaned.number("pca"):
        return (
            "watch",
            figure,
            "PCA reconstructs clean rows better, but this model removes noise better than PCA does.",
            "If clean rows matter more, use less corruption.",
        )
    if isinstance(evidence.model.network_.code, GaussianCode):
        return (
            "watch",
            figure,
            "PCA reconstructs these rows better. A variational model accepts coarser reconstructions in exchange for a "
            "code from which new rows can be drawn.",
            "If reconstructions matter more than new rows, lower beta, or fit a plain autoencoder.",
        )
    return (
        "bad" if errors.model > _MUCH_WORSE * errors.pca else "watch",
        figure,
        f"PCA, which is fast and has nothing to tune, reconstructs these rows better ({errors.components} to match the "
        f"model). {_CAUSES[evidence.fault]}".rstrip(),
        cure(evidence, is_converged=is_converged),
    )


def cure(evidence: Evidence, *, is_converged: bool) -> str:
    """Return the advice for a model that PCA beats."""
    if evidence.fault == "overfits":
        return (
            "Use fewer or no hidden layers (hidden_layer_sizes=()), more rows, or corruption; or use PCA. Longer "
            "training and wider layers make it worse."
        )
    if evidence.fault == "underfits":
        return f"Use {'' if is_converged else 'more epochs, '}wider hidden layers or a smaller penalty; or use PCA."
    return "Use PCA, or fewer or no hidden layers (hidden_layer_sizes=())."


def _as_good_as_pca(evidence: Evidence, errors: _Errors, is_structured: bool) -> Judgement:
    k = evidence.n_active
    better = errors.model <= 0.98 * errors.pca and errors.gap_interval[1] < 0
    linear = not better or (errors.needed is not None and errors.needed <= k)
    if evidence.model.network_.share_of_layers == 0:
        meaning = "The model is as good as PCA but no better: it is PCA, as held-out rows did not support its layers."
    elif errors.model > _WORSE * errors.pca:
        meaning = "PCA has the smaller error, but by no more than these rows could show by chance."
    elif linear or _is_linear(evidence):
        meaning = "The model is as good as PCA but no better: it has learned only linear structure."
    elif not is_structured:
        meaning = (
            "The model has a smaller error than PCA, but on meaningless rows too: that is capacity, not structure."
        )
    else:
        meaning = f"The model has learned nonlinear structure: {errors.components} to match its {k}."
    return "good", _figure(evidence, errors), meaning, ""


def _figure(evidence: Evidence, errors: _Errors) -> str:
    figure = (
        f"squared error {errors.model:.4g} per row ({interval_text(errors.model_interval)}), {errors.pca:.4g} "
        f"({interval_text(errors.pca_interval)}) for PCA with as many components"
    )
    is_top_k = isinstance(evidence.model.network_.code, TopK)
    return figure + (f" as units are active ({evidence.n_active})" if is_top_k else "")


def is_worse_than_pca(finding: Finding) -> bool:
    """Return whether this is the comparison with PCA, and PCA with as many components is better."""
    return (
        finding.name == NAME
        and finding.verdict in ("watch", "bad")
        and finding.number("squared_error") > _WORSE * finding.number("pca_squared_error")
    )


def _is_linear(evidence: Evidence) -> bool:
    """Return whether the network can learn nothing that PCA cannot."""
    model, setting = evidence.model, evidence.setting
    if setting("network") != "mlp" or setting("encoder") is not None or setting("decoder") is not None:
        return False
    is_linear = setting("activation") == "linear" or not model.hidden_layer_sizes_
    output = setting("output_activation")
    bounded = output == "sigmoid" or (output == "auto" and model.schema_.bounded)
    is_top_k = isinstance(model.network_.code, TopK)
    return is_linear and not bounded and not is_top_k and model.code_activation_ == "linear"


def pca_curve(pca: PCABaseline, floats: np.ndarray) -> np.ndarray:
    """Return the mean squared error per row of `floats` (n, d) with the first 0, 1, 2, ... components: (k + 1,)."""
    centred = floats - pca.mean
    total = float(np.square(centred).sum(axis=1).mean())
    kept = np.square(centred @ pca.components.T).mean(axis=0)
    return np.maximum(total - np.concatenate([[0.0], np.cumsum(kept)]), 0.0)


def _r2(error: float, mean: float) -> float:
    """Return the share of the squared error of the mean row that is explained."""
    return 1 - error / mean if mean else float(error == 0)
