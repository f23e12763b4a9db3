"""Check whether the code is useful for other tasks: classification and maps."""

from __future__ import annotations

import warnings

import numpy as np

from narrows.insight.findings.evidence import Evidence
from narrows.insight.findings.finding import Finding
from narrows.insight.labels import known

_MAX_ROWS = 3000
_NEIGHBOURS = 12


def class_accuracy(evidence: Evidence, labels: np.ndarray) -> Finding | None:
    """Compare the accuracy of k-NN and logistic regression on codes, on all columns and on PCA's components.

    labels : (n,), the class of each held-out row; None for a row without a class.

    Returns None where a class has fewer than three rows, or where there are too many classes for the rows.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    chosen = np.flatnonzero(known(labels))[:_MAX_ROWS]
    labels = labels[chosen].astype(str)
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) < 2 or counts.min() < 3 or len(classes) > len(labels) / 3:
        return None
    folds = StratifiedKFold(3, shuffle=True, random_state=evidence.seed)
    pca = evidence.pca(evidence.k)
    if not len(pca.components):  # all known rows are equal
        return None
    views = {
        "codes": evidence.codes,
        "raw columns": evidence.measured,
        "PCA": (evidence.measured - pca.mean) @ pca.components.T,
    }
    values: dict[str, float | list[float]] = {}
    for view, x in views.items():
        x = x[chosen]
        for method, classifier in (
            ("5-NN", KNeighborsClassifier()),
            ("logistic regression", make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))),
        ):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                values[f"{method}, {view}"] = float(cross_val_score(classifier, x, labels, cv=folds).mean())
    best = {view: max(float(values[f"{m}, {view}"]) for m in ("5-NN", "logistic regression")) for view in views}  # pyright: ignore[reportArgumentType]
    helps = best["codes"] >= best["PCA"] - 0.01
    return Finding(
        "Does the code help to tell classes apart?",
        "good" if helps else "watch",
        f"accuracy {best['codes']:.1%} from the code, {best['PCA']:.1%} from PCA, "
        f"{best['raw columns']:.1%} from all columns",
        "A simple classifier does at least as well on the code as on PCA's components."
        if helps
        else "A simple classifier does better on PCA's components than on the code.",
        "" if helps else "A wider code, or a smaller penalty on it, keeps more of the differences between classes.",
        values,
    )


def neighbourhoods(evidence: Evidence) -> Finding | None:
    """Compare the trustworthiness (Venna & Kaski 2001) of a two-dimensional code with PCA's; None for other codes."""
    from sklearn.manifold import trustworthiness

    n = min(len(evidence.measured), _MAX_ROWS)
    if evidence.k != 2 or n <= 2 * _NEIGHBOURS:
        return None
    x = evidence.measured[:n]
    pca = evidence.pca(2)
    if not len(pca.components):
        return None
    ours = float(trustworthiness(x, evidence.codes[:n], n_neighbors=_NEIGHBOURS))
    theirs = float(trustworthiness(x, (x - pca.mean) @ pca.components.T, n_neighbors=_NEIGHBOURS))
    return Finding(
        "Are neighbours on the map neighbours in the data?",
        "good" if ours >= theirs else "watch",
        f"trustworthiness {ours:.3f} of 1, {theirs:.3f} for PCA's map",
        "Rows that are close on the map are mostly close in the data, too."
        if ours >= theirs
        else "Neighbours on the map are less often neighbours in the data than on PCA's map, which needs no training.",
        "" if ours >= theirs else "Train longer, or use PCA's map.",
        {"trustworthiness": ours, "pca": theirs},
    )
