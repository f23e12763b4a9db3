"""Scores of all rows of DATA, in temporary files, and their summary in words and in JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from narrows.formatting import counted, number

if TYPE_CHECKING:
    import numpy as np

    from narrows.apps.cli.invalid_cells import InvalidCells
    from narrows.data import Rows
    from narrows.estimators import AnomalyDetector, Autoencoder, Reason, ScoreFile, Surprise
    from narrows.insight.detection_quality import DetectionQuality

    Reasons = dict[int, tuple[Reason, ...]]


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """Scores of all rows, and the values for printing them. Made by `score_all`.

    Parameters
    ----------
    files : dict of str to ScoreFile
        By name, in the order of the output. The first, or "surprise", ranks the rows.
    labels : ndarray of shape (n,) or None
    first_row : int
        Number of row 0 in messages.
    invalid : InvalidCells
    changed : Counter
        By column that was constant during fit, the number of rows with another value.
    unknown : Counter
        By column, the number of rows with a level that no row of the fit has.
    """

    files: dict[str, ScoreFile]
    labels: np.ndarray | None
    first_row: Literal[0, 1]
    invalid: InvalidCells
    changed: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.ranking)

    @property
    def ranking(self) -> ScoreFile:
        """The scores (n,) that rank the rows."""
        return self.files.get("surprise", next(iter(self.files.values())))

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield the scores of consecutive rows as columns (n, k)."""
        import numpy as np

        for parts in zip(*(scores.parts() for scores in self.files.values()), strict=True):
            yield np.column_stack(parts)

    def block(self) -> np.ndarray:
        """Return the scores of all rows as columns (n, k), in memory."""
        import numpy as np

        return np.concatenate(list(self.blocks()))

    @property
    def n_alarms(self) -> int | None:
        """The number of alarms; None if there are only scores."""
        alarms = self.files.get("anomaly")
        return None if alarms is None else sum(int(part.sum()) for part in alarms.parts())

    @cached_property
    def quality(self) -> DetectionQuality | None:
        """The quality of the ranking by labels; with these it is in memory."""
        from narrows.insight import quality_by_labels

        return None if self.labels is None else quality_by_labels(self.labels, self.ranking.all())

    @cached_property
    def spread(self) -> dict[str, dict[str, float]]:
        """Mean, median and maximum of the scores by name."""
        return {
            name: {"mean": scores.mean, "median": scores.median, "max": scores.max}
            for name, scores in self.files.items()
        }


def score_all(
    fitted: Autoencoder | AnomalyDetector, chunks: Iterable[Rows], surprise: Surprise | None = None
) -> ScoredRows:
    """Return the scores of all rows; `surprise` takes in the rows and adds its score."""
    from narrows.apps.cli.inputs import joined_labels
    from narrows.apps.cli.invalid_cells import InvalidCells
    from narrows.estimators import AnomalyDetector, ScoreFile, above_all, verdicts_in_files
    from narrows.estimators.anomaly.verdicts import scores_of

    files: dict[str, ScoreFile] = {}
    n_invalid, labels = ScoreFile(), []
    first_row: Literal[0, 1] = 0
    changed: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    invalid = InvalidCells()
    for rows in chunks:
        for name, values in scores_of(fitted, rows).items():
            files.setdefault(name, ScoreFile()).add(values)
        labels.append(rows.labels)
        n_invalid.add(rows.n_invalid.astype("int32"))
        first_row = rows.first_row
        invalid.add(rows)
        if not isinstance(fitted, AnomalyDetector):  # a detector's scores include changed constants
            changed.update(_changed(fitted, rows))
        unknown.update(_unknown(fitted, rows))
        if surprise is not None:
            surprise.add(rows)
    if isinstance(fitted, AnomalyDetector):
        files = verdicts_in_files(fitted, files["score"])
    else:
        # A low ELBO means an anomaly.
        files = {name: above_all(scores, n_invalid, sign=-1 if name == "elbo" else 1) for name, scores in files.items()}
        if surprise is not None:
            files["surprise"] = surprise.in_file()
    return ScoredRows(files, joined_labels(labels), first_row, invalid, changed, unknown)


def result_of(scored: ScoredRows, unit: str, shown: dict[int, int], reasons: Reasons) -> dict[str, object]:
    """Return the summary of scores for JSON.

    Parameters
    ----------
    scored : ScoredRows
    unit : str
        Unit of the reconstruction error; "" for a detector.
    shown : dict of int to int
        Row number in DATA by position, of the most anomalous rows, most anomalous first.
    reasons : dict
        By position.
    """
    from narrows.apps.cli.rendering import with_old_names

    result: dict[str, object] = {"rows": len(scored), "unit": unit, **scored.spread}
    if scored.n_alarms is not None:
        result["alarms"] = scored.n_alarms
    if reasons:
        result["most_anomalous"] = [
            {
                "row": row,
                "score": float(scored.ranking.between(i, i + 1)[0]),
                "reasons": [reason.to_dict() for reason in reasons[i]],
            }
            for i, row in shown.items()
        ]
    if scored.quality is not None:
        result["quality"] = scored.quality.to_dict()
    result["invalid_cells"] = scored.invalid.to_dict()
    result["unknown_levels"] = dict(scored.unknown)
    if unit:
        result["changed"] = dict(scored.changed)
    return with_old_names(result)


def lines_of(scored: ScoredRows, unit: str, shown: dict[int, int], reasons: Reasons) -> list[str]:
    """Return the summary of scores in lines; the parameters are those of `result_of`."""
    from narrows.apps.cli.rendering import quality_sentence
    from narrows.data import row_name
    from narrows.estimators.anomaly.explanations import in_words

    lines = []
    for name, spread in scored.spread.items():
        values = [f"{word} {number(value)}" for word, value in spread.items()]
        lines.append(f"{name}: {', '.join(values)}")
    if scored.n_alarms is not None:
        lines.append(f"{counted(scored.n_alarms, 'alarm')} among {counted(len(scored), 'row')}.")
    lines += [f"  {row_name(row, scored.first_row)}: {in_words(reasons[i])}" for i, row in shown.items()]
    if scored.quality is not None:
        lines.append(quality_sentence(scored.quality))
    for name, n in scored.changed.most_common():
        rows = counted(n, "row")
        lines.append(f"{name} was constant during fit and has another value in {rows}; the error does not include it.")
    for name, n in scored.unknown.most_common():
        lines.append(f"{name} has a level that no row of the fit has in {counted(n, 'row')}.")
    if scored.invalid.n_cells:
        lines.append(str(scored.invalid))
    if "surprise" in scored.files:
        lines.append("(surprise: compared with the other rows of this file)")
    if unit:
        lines.append(f"(reconstruction error: {unit})")
    return lines


def _changed(fitted: Any, rows: Rows) -> dict[str, int]:
    """Return the number of rows with another value, by column that was constant during fit; without zeros."""
    schema = fitted.schema_
    columns, differs = schema.changed_constants(rows)
    return {schema.feature_names[i]: int(n) for i, n in zip(columns, differs.sum(axis=0), strict=True) if n}


def _unknown(fitted: Any, rows: Rows) -> dict[str, int]:
    """Return the number of rows with a level that no row of the fit has, by column; without zeros."""
    schema = fitted.schema_
    levels = schema.unknown_levels(rows)
    counts = levels.found.sum(axis=0)
    return {schema.feature_names[i]: int(n) for i, n in zip(levels.columns, counts, strict=True) if n}
