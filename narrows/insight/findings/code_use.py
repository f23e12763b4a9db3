"""Check how much of the code is used."""

from __future__ import annotations

import numpy as np
import torch

from narrows.insight.findings.evidence import Evidence
from narrows.insight.findings.finding import Finding
from narrows.model import GaussianCode, KLSparsity, TopK, kl_to_standard_normal, make_penalty

_ACTIVE = 0.01  # variance of a posterior mean over rows, above which a unit is active (Burda et al. 2016, section 5.2)
_DEAD = 1e-4  # of the mean variance of the units
_ROWS_FOR_JACOBIAN = 32
_MAX_SVD_WORK = 2_000_000_000  # a second or two


def dead_units(evidence: Evidence) -> Finding:
    """Count the units that are constant over rows, and the directions in which the code varies."""
    z = evidence.codes.astype(np.float64)
    variances = z.var(axis=0)
    floor = _DEAD * max(float(variances.mean()), 1e-12)
    dead = np.flatnonzero(variances <= floor)
    eigenvalues = np.linalg.eigvalsh(np.atleast_2d(np.cov(z.T))).clip(min=0) if len(z) > 1 else variances
    # (Σλ)² / Σλ², the participation ratio: k if all directions vary equally, 1 if one alone does.
    total = float(np.square(eigenvalues).sum())
    dimension = float(eigenvalues.sum() ** 2 / total) if total else 0.0
    values: dict[str, float | list[float]] = {
        "dead": float(len(dead)),
        "effective_dimension": dimension,
        "variances": variances.tolist(),
    }
    share = len(dead) / evidence.k
    figure = f"{len(dead)} of {evidence.k} units never change; the code varies in about {dimension:.1f} directions"
    name = "Are all code units used?"
    if len(dead) == evidence.k:
        meaning = "The code is the same for every row: it carries no information."
    elif share > 0.5:
        meaning = "More than half of the code is dead: these units are constant and carry no information."
    elif len(dead):
        meaning = "Some units of the code are constant, so the code is narrower than n_components."
    else:
        return Finding(name, "good", figure, "Every unit of the code varies from row to row.", "", values)
    return Finding(
        name,
        "bad" if share > 0.5 else "watch",
        figure,
        meaning,
        "Lower the penalty on the code or the learning rate, use another code_activation than relu, or lower "
        "n_components.",
        values,
    )


def collapse(evidence: Evidence) -> Finding | None:
    """Check a variational model for posterior collapse; None for other codes."""
    code = evidence.model.network_.code
    if not isinstance(code, GaussianCode):
        return None
    mean, log_variance = code.mean_and_log_variance(torch.from_numpy(evidence.statistics))
    kl = kl_to_standard_normal(mean, log_variance).mean(dim=0).numpy()
    n_active = int((mean.var(dim=0, correction=0).numpy() > _ACTIVE).sum())
    values: dict[str, float | list[float]] = {"active_units": float(n_active), "kl_per_unit": kl.tolist()}
    figure = f"{n_active} of {evidence.k} units are active; {kl.sum():.3g} nats of information per row"
    name = "Does the code say anything about the row?"
    if n_active == 0 or float(kl.sum()) < 0.1:
        return Finding(
            name,
            "bad",
            figure,
            "The model has collapsed: the code is noise that does not depend on the row, and the decoder returns the "
            "average.",
            "Lower beta, raise kl_warmup, or set free_bits (0.1 to 0.5).",
            values,
        )
    if n_active < 0.25 * evidence.k:
        return Finding(
            name,
            "watch",
            figure,
            "Most units of the code carry no information. That is common where the code is wider than the data need.",
            "Lower n_components, or lower beta if the reconstructions are too coarse.",
            values,
        )
    return Finding(name, "good", figure, "The code depends on the row and stays close to the prior.", "", values)


def sparsity(evidence: Evidence) -> Finding | None:
    """Compare the activity of the code with its target; None for a code without a target."""
    model = evidence.model
    z = np.abs(evidence.codes)
    setting = evidence.setting
    penalties = make_penalty(setting("penalty"), setting("penalty_weight"), rho=setting("rho"))
    target = next((p.rho for p in penalties if isinstance(p, KLSparsity)), None)
    code = model.network_.code
    active = float((z > 1e-3 * max(float(z.max()), 1e-12)).mean())
    if isinstance(code, TopK):
        target, reached, unit = code.k / evidence.k, active, "of the units are active in a row"
    elif target is not None:
        reached, unit = float(z.mean()), "is the mean activity of a unit"
    elif any(p.name == "l1" for p in penalties):
        return Finding(
            "How sparse is the code?",
            "good" if active < 0.9 else "watch",
            f"{active:.0%} of the units are active in a row",
            "The code is sparse. The L1 penalty has no target; a larger penalty_weight leaves fewer units active."
            if active < 0.9
            else "Nearly every unit is active in every row: the L1 penalty has hardly made the code sparse.",
            "" if active < 0.9 else "Raise penalty_weight, or use code_activation='relu', which can be exactly zero.",
            {"active": active},
        )
    else:
        return None
    values: dict[str, float | list[float]] = {"asked": target, "reached": reached}
    off = reached / target
    within = 0.5 <= off <= 2
    return Finding(
        "How sparse is the code?",
        "good" if within else "watch",
        f"{reached:.3g} {unit}, the target is {target:.3g}",
        "The code is about as sparse as its target."
        if within
        else f"The code is {'less' if off > 1 else 'more'} sparse than its target.",
        "" if within else ("Raise penalty_weight." if off > 1 else "Lower penalty_weight."),
        values,
    )


def sensitivity(evidence: Evidence) -> Finding:
    """Count the directions in which a small change of a row changes its code, by the Jacobian's singular values."""
    network = evidence.model.network_
    k, d = evidence.k, evidence.d
    n = max(2, min(_ROWS_FOR_JACOBIAN, _MAX_SVD_WORK // (k * d * min(k, d))))
    x = torch.from_numpy(evidence.measured[:n]).to(evidence.model.device_).requires_grad_()
    sums = network.codes(x).sum(dim=0)
    # Codes of different rows are independent, so the gradient of the sum over rows gives all rows at once.
    gradients = [
        torch.autograd.grad(one, x, retain_graph=True, allow_unused=True, materialize_grads=True)[0] for one in sums
    ]
    spectrum = torch.linalg.svdvals(torch.stack(gradients, dim=1).cpu()).mean(dim=0).numpy()
    largest = float(spectrum[0])
    n_seen = int((spectrum > 0.1 * largest).sum()) if largest else 0
    return Finding(
        "What does the code react to?",
        "good" if largest > 0 else "bad",
        f"the code reacts to {n_seen} of {min(evidence.k, evidence.d)} directions "
        f"(more than a tenth of the strongest, {largest:.3g})",
        "Small changes of a row in these directions change its code; changes in all others do not."
        if largest
        else "Small changes of a row do not change its code.",
        "" if largest else "Check whether all code units are used.",
        {"spectrum": spectrum.tolist()},
    )
