"""Check whether the measured rows say anything about new ones: their number, near-copies, the order of the file."""

from __future__ import annotations

import numpy as np

from narrows.data import Numeric
from narrows.insight.baselines import PCABaseline
from narrows.insight.findings.evidence import FEWEST_ROWS, Evidence
from narrows.insight.findings.finding import Finding
from narrows.insight.intervals import Interval, bootstrap, interval_text

ENOUGH = "Are there enough rows to judge by?"
COPIES = "Are the measured rows independent of the training rows?"
ORDER = "Does the order of the rows matter?"

_MAX_MEASURED, _MAX_KNOWN = 300, 3000
_FEWEST = 30  # rows with no equal training row
_LARGEST_GROUP = 0.1  # of the training rows; a larger one is a class rather than copies of one row
_GAP = 4.0  # in one dimension; half of the rows of a line have a smaller gap
_SMALLEST_GAP = 2.0
_ALIKE = 0.5  # squared distance of rows next to each other, relative to that of any two
_DRIFT = 1.5  # error of PCA of nine tenths on the others: the last tenth, relative to a random one


def too_few(evidence: Evidence) -> Finding:
    """Return that fewer than 30 rows were measured, which allow no verdict."""
    n = len(evidence.measured)
    return Finding(
        ENOUGH,
        "unknown",
        f"{n} rows were measured; a verdict needs {FEWEST_ROWS}",
        f"Only {n} rows were measured, too few to say whether the model is good.",
        "Fit more rows, hold out more of them (validation_fraction), or diagnose with other rows.",
        {"rows": float(n)},
    )


def is_dependent(finding: Finding) -> bool:
    """Return whether this is a check of independence, and the measured rows cannot stand for new ones."""
    return finding.name in (COPIES, ORDER) and finding.verdict == "watch"


def near_copies(evidence: Evidence) -> Finding | None:
    """Check for repeats: rows that are far nearer to a few training rows than to all others.

    Sort the distances r_1 <= r_2 <= ... of a row to the training rows. Where rows are drawn one by one from a density
    in d dimensions, r_k grows as k^(1/d), and half of the rows have no r_(k+1) / r_k above 4^(1/d): with d = 1 the
    ratios are independent with P(r_(k+1) / r_k > t) = t^-k, and d is estimated as by Levina & Bickel 2004. Repeated
    measurements of the same objects have a jump in r_k where one object ends and the next begins.

    Returns None where the model's training rows are not known, where fewer than 30 rows were measured, and where
    there are no number columns.
    """
    floats = _number_floats(evidence)
    if not evidence.known_is_training or not evidence.is_unseen or not len(floats) or evidence.is_small:
        return None
    rng = evidence.rng(3)
    measured, known = (
        sample[np.sort(rng.choice(len(sample), min(len(sample), most), replace=False))][:, floats]
        for sample, most in ((evidence.measured, _MAX_MEASURED), (evidence.known, _MAX_KNOWN))
    )
    found = _gaps(measured.astype(np.float64), known.astype(np.float64))
    if found is None:
        return None
    gap, near, dimension = found
    limit = max(_SMALLEST_GAP, _GAP ** (1 / dimension))
    values: dict[str, float | list[float]] = {"gap": gap, "limit": limit, "near": near}
    if gap < limit:
        figure = f"the other training rows are typically {gap:.2g} times as far away as the near ones"
        figure = f"{figure} (copies: above {limit:.2g})"
        meaning = "The measured rows are no nearer to single training rows than expected by chance."
        return Finding(COPIES, "good", figure, meaning, "", values)
    return Finding(
        COPIES,
        "watch",
        f"a typical row has {near:.0f} training rows near it, and all others are {gap:.2g} times as far away (copies: "
        f"above {limit:.2g})",
        "The measured rows are near-copies of training rows, such as repeated measurements of the same objects. The "
        "errors hold for more rows of these objects, and say nothing about new ones.",
        "Hold out whole groups: fit(X, groups=...) with the object of each row (in the shell: --group COLUMN). If the "
        "rows are plain copies, remove them.",
        values,
    )


def file_order(evidence: Evidence) -> Finding | None:
    """Check for rows that resemble the rows next to them in the file, as those of a time series, and for drift.

    The figures are the mean squared distance of consecutive rows divided by that of random pairs of rows (von Neumann
    1941), 1 for rows in random order; and the error on the last tenth of PCA of the first nine tenths, divided by the
    error on a random tenth of PCA of the others.

    Returns None unless the rows of the fit are given, of which some were held out at random.
    """
    if evidence.held_out_by != "random" or evidence.positions is None or evidence.is_small:
        return None
    order = np.argsort(evidence.positions, kind="stable")
    rows = np.concatenate([evidence.measured, evidence.known])[order].astype(np.float64)
    spread = float(rows.var(axis=0).sum())
    if spread == 0:
        return None
    alike = float(np.square(np.diff(rows, axis=0)).sum(axis=1).mean()) / (2 * spread)
    drift, interval = _drift(evidence, rows)
    values: dict[str, float | list[float]] = {"successive": alike, "drift": drift, "drift_interval": list(interval)}
    figure = (
        f"mean squared distance, consecutive/random pairs of rows: {alike:.2g}; PCA error, last/random tenth: "
        f"{drift:.3g} ({interval_text(interval)})"
    )
    if alike >= _ALIKE and (drift < _DRIFT or interval[0] <= 1):
        return Finding(ORDER, "good", figure, "The rows are alike throughout the file.", "", values)
    meaning = (
        "Rows next to each other in the file are alike, as in a time series or a sorted table."
        if alike < _ALIKE
        else "The last rows of the file differ from the earlier ones."
    )
    return Finding(
        ORDER,
        "watch",
        figure,
        f"{meaning} Rows were held out at random, so the errors hold for more rows of the same period, not for later "
        "ones.",
        "If the order is that of time, fit with validation='last' (in the shell: --time COLUMN, or --validation last). "
        "If rows belong together, hold out whole groups. If the table is only sorted, there is nothing to do.",
        values,
    )


def _number_floats(evidence: Evidence) -> np.ndarray:
    """Return the positions of the floats of number columns: levels are as far apart as unlike rows."""
    places, start = [np.zeros(0, int)], 0
    for kind in evidence.model.schema_.kinds:
        n = len(kind.float_columns)
        if isinstance(kind, Numeric):
            places.append(np.arange(start, start + n))
        start += n
    return np.concatenate(places)


def _gaps(measured: np.ndarray, known: np.ndarray) -> tuple[float, float, float] | None:
    """Return the median gap, the median number of training rows before it, and the dimension; None for few rows."""
    from scipy.spatial.distance import cdist

    n_near = int(len(known) * _LARGEST_GROUP)
    if n_near < 2:
        return None
    distances = np.sort(np.partition(cdist(measured, known), n_near, axis=1)[:, : n_near + 1], axis=1)
    # Equal rows are no gap: where columns hold few values, many rows are equal in them.
    distances = distances[distances[:, 0] > 0]
    if len(distances) < _FEWEST:
        return None
    logs = np.log(distances)
    steps = np.diff(logs, axis=1)
    at = steps.argmax(axis=1)
    first = min(10, n_near)
    slope = float(np.median(logs[:, first] - logs[:, :first].mean(axis=1)))
    return float(np.exp(np.median(steps.max(axis=1)))), float(np.median(at + 1)), max(1.0, 1 / max(slope, 1e-9))


def _drift(evidence: Evidence, rows: np.ndarray) -> tuple[float, Interval]:
    """Return the error of PCA of nine tenths on the last tenth, divided by that on a random tenth, and its interval."""
    n = len(rows) - len(rows) // 10
    k = min(evidence.n_active, rows.shape[1] - 1)
    floor = 1e-6 * float(rows.var(axis=0).sum())
    last, drawn = (
        PCABaseline.fit(of[:n], k).squared_error(of[n:]) + floor
        for of in (rows, rows[evidence.rng(4).permutation(len(rows))])
    )
    interval = bootstrap(lambda a, b: float(a.mean() / b.mean()), last, drawn, seed=evidence.seed)
    return float(last.mean() / drawn.mean()), interval
