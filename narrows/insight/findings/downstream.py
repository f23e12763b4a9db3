"""Check whether the code is useful for other tasks: classification and maps."""

from __future__ import annotations

import warnings

import numpy as np

from narrows.insight.findings.evidence import Evidence
from narrows.insight.findings.finding import Finding
from narrows.insight.intervals import bootstrap, interval_text
from narrows.insight.labels import known

_MAX_ROWS = 3000
_NEIGHBOURS = 12


def class_accuracy(evidence: Evidence, labels: np.ndarray, *, may_widen: bool = True) -> Finding | None:
    """Compare the accuracy of k-NN and logistic regression on codes, on all columns and on PCA's components.

    labels : (n,), the class of each held-out row; None for a row without a class.
    may_widen : whether to advise a wider code; not for a model whose code should be narrower.

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
    # Two standard errors of the difference of two accuracies on the same rows, at most.
    doubt = 2 * float(np.sqrt(best["codes"] * (1 - best["codes"]) / len(labels)))
    helps = best["codes"] >= best["PCA"] - max(0.01, doubt)
    return Finding(
        "Does the code help to tell classes apart?",
        "good" if helps else "watch",
        f"accuracy {best['codes']:.1%} (± {doubt:.1%}) from the code, {best['PCA']:.1%} from PCA, "
        f"{best['raw columns']:.1%} from all columns",
        "A simple classifier does about as well on the code as on PCA's components, or better."
        if helps
        else "A simple classifier does better on PCA's components than on the code.",
        "" if helps else _advice(may_widen),
        values,
    )


def _advice(may_widen: bool) -> str:
    what = "A wider code, or a smaller penalty on it, keeps" if may_widen else "PCA's components keep"
    return f"{what} more of the differences between classes."


def neighbourhoods(evidence: Evidence) -> Finding | None:
    """Compare the trustworthiness (Venna & Kaski 2001) of a two-dimensional code with PCA's; None for other codes."""
    n = min(len(evidence.measured), _MAX_ROWS)
    if evidence.k != 2 or n <= 2 * _NEIGHBOURS:
        return None
    x = evidence.measured[:n]
    pca = evidence.pca(2)
    if not len(pca.components):
        return None
    by_row = trustworthiness_by_row(x, evidence.codes[:n], _NEIGHBOURS)
    of_pca = trustworthiness_by_row(x, (x - pca.mean) @ pca.components.T, _NEIGHBOURS)
    ours, theirs = float(by_row.mean()), float(of_pca.mean())
    interval = bootstrap(np.mean, by_row, seed=evidence.seed)
    as_good = ours >= theirs or bootstrap(np.mean, by_row - of_pca, seed=evidence.seed)[1] >= 0
    return Finding(
        "Are neighbours on the map neighbours in the data?",
        "good" if as_good else "watch",
        f"trustworthiness {ours:.3f} of 1 ({interval_text(interval, '.3f')}), {theirs:.3f} for PCA's map",
        "Rows that are close on the map are mostly close in the data, too."
        if as_good
        else "Neighbours on the map are less often neighbours in the data than on PCA's map, which needs no training.",
        "" if as_good else "Use PCA's map.",
        {"trustworthiness": ours, "trustworthiness_interval": list(interval), "pca": theirs},
    )


def trustworthiness_by_row(x: np.ndarray, z: np.ndarray, n_neighbours: int) -> np.ndarray:
    """Return the trustworthiness of each row (n,) of a map `z` (n, 2) of `x` (n, d); its mean is that of the map.

    Of row i it is 1 - 2 / (k (2n - 3k - 1)) times the sum of max(0, r(i, j) - k) over its k neighbours j on the map;
    r(i, j) is the rank of j among the neighbours of i in the data, from 1 (Venna & Kaski 2001, equation 2).
    """
    from sklearn.metrics import pairwise_distances
    from sklearn.neighbors import NearestNeighbors

    n, k = len(x), n_neighbours
    distances = pairwise_distances(x)
    np.fill_diagonal(distances, np.inf)
    ranks = np.empty((n, n), np.int32)
    np.put_along_axis(ranks, np.argsort(distances, axis=1), np.arange(1, n + 1, dtype=np.int32)[None, :], axis=1)
    near = NearestNeighbors(n_neighbors=k).fit(z).kneighbors(return_distance=False)
    too_far = np.maximum(np.take_along_axis(ranks, near, axis=1) - k, 0).sum(axis=1)
    return 1 - 2 / (k * (2 * n - 3 * k - 1)) * too_far
