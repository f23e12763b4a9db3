"""A fitted detector as an ONNX model: one emitter for each scorer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from narrows.errors import SettingError
from narrows.estimators.anomaly.alarm_rules import JUDGE_TOGETHER
from narrows.estimators.anomaly.default_scorer import NEIGHBOURS, SHARP, WORST, DefaultScorer, seen
from narrows.estimators.anomaly.detector_state import DetectorState
from narrows.estimators.anomaly.edges import POWER as POWER_OF_EDGES
from narrows.estimators.anomaly.edges import ROOT, EdgeMaps, directions
from narrows.estimators.anomaly.estimator_scorer import EstimatorScorer
from narrows.estimators.anomaly.neighbours import Neighbours
from narrows.estimators.anomaly.number_neighbours import LEAST_REACH, SAME, NumberNeighbours
from narrows.estimators.anomaly.table_scorer import POWER, TableScorer
from narrows.estimators.anomaly.tails import Combination, MergedTails, ScaledParts
from narrows.estimators.saving.onnx_file import facts_of
from narrows.export import (
    ROWS,
    CellPlan,
    Dates,
    Graph,
    ModelGraph,
    arcsinh_floats,
    blurred,
    cell_surprise,
    changed_constants,
    column_losses,
    combined,
    contrast,
    distance_and_density,
    edges,
    emit_autoencoder,
    emit_losses,
    emit_network,
    interpolated,
    isolation,
    mahalanobis,
    mean_of,
    merged_tails,
    neighbour_distance,
    rounded,
    surprise,
    unknown_levels,
    weighted_sum,
    with_rare_levels,
    worst_errors,
)


def detector_model(state: DetectorState, threshold: str, dates: Dates) -> Any:
    """Return a fitted detector as an `onnx.ModelProto`.

    Raises
    ------
    SettingError
        The threshold judges rows together, or a part of the detector has no emitter.
    """
    if threshold in JUDGE_TOGETHER:
        raise SettingError(
            f"threshold={threshold!r} judges the rows of one call together, which an ONNX model cannot; export it "
            f"after detector.set_params(threshold={JUDGE_TOGETHER[threshold]!r})."
        )
    scoring = state.scoring
    emitter = SCORERS.get(type(scoring.scorer))
    if emitter is None:
        raise SettingError(
            f"{type(scoring.scorer).__name__} has no emitter, so this detector cannot be exported to ONNX; fit one "
            "with an estimator, AnomalyDetector(Autoencoder()), to export it."
        )
    model = ModelGraph(scoring.schema, dates, with_constants=True)
    g, facts = model.graph, {}
    parts = g.concat(emitter(model, scoring.scorer, facts))
    score = _combined(g, parts, scoring.combination)
    unknown = unknown_levels(model.inputs, model.floats) if scoring.unknown.any() else []
    changed, invalid = changed_constants(model.inputs), model.inputs.invalid()
    weights = [scoring.change] * len(changed) + scoring.unknown.tolist() * bool(unknown)
    weights += [scoring.of_invalid_cell] * len(invalid)
    if weights:
        score = g.op("Add", score, weighted_sum(g, [*changed, *unknown, *invalid], weights))
    score, limit = g.flat(score), g.constant([state.threshold])
    model.output("score", score, np.float64, (ROWS,), "anomaly score; larger is more abnormal")
    model.output("threshold", limit, np.float64, (1,), "score above which a row is an anomaly")
    model.output("anomaly", g.op("Greater", score, limit), np.bool_, (ROWS,), "whether the score exceeds the threshold")
    facts = {"estimator": "AnomalyDetector", "threshold": threshold, "seed": str(state.seed), **facts}
    return model.model(facts, "AnomalyDetector of narrows: columns to anomaly scores.")


def _combined(g: Graph, parts: str, combination: Combination) -> str:
    """Return the score float64 (n, 1) of parts (n, p); SettingError for a combination without an emitter."""
    if isinstance(combination, MergedTails):
        tails = combination
        return merged_tails(g, parts, tails.values, tails.heights, tails.far, tails.weights, tails.exponent)
    if not isinstance(combination, ScaledParts):
        raise SettingError(f"{type(combination).__name__} has no emitter, so this detector cannot be exported to ONNX.")
    return combined(g, parts, combination.scale, combination.linear)


def _of_estimator(model: ModelGraph, scorer: EstimatorScorer, facts: dict[str, str]) -> list[str]:
    """Return the parts of the score, float64 (n, 1) each; outputs and facts are those of the first autoencoder."""
    if "likelihood" in scorer.names:
        raise SettingError(
            "method='likelihood' draws codes at random, which an ONNX model cannot repeat; fit the detector with "
            "method='reconstruction' to export it."
        )
    g, first = model.graph, scorer.models[0].state_
    passed, losses = emit_autoencoder(model, first.network, first.loss_unit)
    facts |= {f"member_{name}": fact for name, fact in facts_of(first).items()}
    passes, each = [passed], [losses]
    for member in scorer.models[1:]:
        passes.append(emit_network(g, member.network_, model.floats))
        each.append(emit_losses(g, member.network_.likelihood, passes[-1].output, model.floats))
    parts = []
    for name in scorer.names:
        if name == "latent":
            statistics = zip(passes, scorer.code_mean, scorer.code_precision, strict=True)
            parts.append(mean_of(g, [mahalanobis(g, p.codes, mean, precision) for p, mean, precision in statistics]))
        else:
            by_column, columns = column_losses(g, scorer.models[0].schema_, mean_of(g, each))
            if scorer.tails is not None:
                by_column = surprise(g, by_column, scorer.tails[[0, *(1 + column for column in columns)]])
            parts.append(g.sum(by_column, 1, keep=True))
    return parts


def _of_default(model: ModelGraph, scorer: DefaultScorer, facts: dict[str, str]) -> list[str]:
    return _of_floats(model.graph, model.floats, scorer)


def _of_floats(g: Graph, floats: str, scorer: DefaultScorer) -> list[str]:
    if scorer.image_shape is None:
        x = arcsinh_floats(g, floats)
    else:
        x = blurred(g, floats, scorer.image_shape, min(scorer.image_shape[:2]) / SHARP)
    of_distance = x
    if scorer.has_edges and scorer.image_shape is not None:
        maps = [EdgeMaps.of(side) for side in scorer.image_shape[:2]]
        of_distance = edges(g, floats, scorer.image_shape, maps, directions(), power=POWER_OF_EDGES, root=ROOT)
    references = scorer.compared(scorer.references, seen(scorer.references, scorer.image_shape))
    distance = neighbour_distance(g, of_distance, references, NEIGHBOURS)
    parts = [worst_errors(g, scorer.network, x, WORST), distance]
    if scorer.exponents.any():
        of_image = contrast(g, x)
        powers = [g.op_double("Pow", of_image, float(exponent)) for exponent in scorer.exponents]
        parts = [g.op("Div", part, power) for part, power in zip(parts, powers, strict=True)]
    return parts


def _of_table(model: ModelGraph, scorer: TableScorer, facts: dict[str, str]) -> list[str]:
    g, forest, codes = model.graph, scorer.forest, scorer.cells.codes
    floats = with_rare_levels(model.inputs, model.floats)
    if isinstance(scorer.near, NumberNeighbours):
        parts = _of_numbers(g, floats, scorer.near)
    elif isinstance(scorer.near, Neighbours):
        parts = [rounded(g, neighbour_distance(g, floats, scorer.near.references, 1))]
    else:
        parts = _of_floats(g, floats, scorer.near)
    plans = [
        CellPlan(cell.first, cell.n_levels, cell.masks, edges)
        for cell, edges in zip(codes.cells, codes.edges, strict=True)
    ]
    surprise = cell_surprise(g, floats, plans, scorer.cells.network)
    return [
        *parts,
        isolation(g, floats, forest.columns, forest.bounds, forest.lengths, forest.unit),
        g.sum(g.op_double("Pow", surprise, float(POWER)), 1, keep=True),
    ]


def _of_numbers(g: Graph, floats: str, near: NumberNeighbours) -> list[str]:
    ranks = g.cast(interpolated(g, g.cast(floats, np.float64), *near.steps), np.float32)
    distance, density = distance_and_density(
        g, floats, near.references, near.reach, near.n_near, same=SAME, least=LEAST_REACH
    )
    ranked = neighbour_distance(g, ranks, near.ranks(near.references), 1)
    return [rounded(g, part) for part in (distance, density, ranked)]


SCORERS: dict[type, Callable[[ModelGraph, Any, dict[str, str]], list[str]]] = {
    EstimatorScorer: _of_estimator,
    DefaultScorer: _of_default,
    TableScorer: _of_table,
}
"""Emitter of each scorer by its class; it declares outputs of its own, and adds facts for the metadata."""
