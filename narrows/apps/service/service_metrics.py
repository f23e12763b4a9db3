"""Metrics of the service in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily

if TYPE_CHECKING:
    from narrows.apps.service.served_models import ServedModels

disable_created_metrics()  # a gauge for each counter, which nothing here needs

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class ServiceMetrics:
    """Counters of requests, and gauges of the rows that the models scored last.

    Parameters
    ----------
    models : ServedModels
    in_flight : callable
        Returns the number of requests in work.
    """

    def __init__(self, models: ServedModels, in_flight: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        labels = ("model", "operation")
        self._requests = Counter(
            "narrows_requests", "Requests by HTTP status.", (*labels, "status"), registry=self._registry
        )
        self._counters: dict[tuple[str, str, int], Counter] = {}  # prometheus_client takes longer to find one
        self._rows = Counter("narrows_rows", "Rows of answered requests.", labels, registry=self._registry)
        self._seconds = Histogram(
            "narrows_request_seconds", "Time to answer.", labels, buckets=_SECONDS, registry=self._registry
        )
        gauge = Gauge("narrows_requests_in_flight", "Requests in work or waiting.", registry=self._registry)
        gauge.set_function(in_flight)
        failures = Gauge("narrows_reload_failures", "Models that could not be loaded again.", registry=self._registry)
        failures.set_function(lambda: models.n_failures)
        self._registry.register(_WatchedRows(models))

    def record(self, model: str, operation: str, status: int, n_rows: int, seconds: float) -> None:
        """Count an answered request; unknown models and operations share the label ""."""
        counter = self._counters.get((model, operation, status))
        if counter is None:
            counter = self._requests.labels(model, operation, str(status))
            self._counters[model, operation, status] = counter
        counter.inc()
        if status < 400:
            self._rows.labels(model, operation).inc(n_rows)
            self._seconds.labels(model, operation).observe(seconds)

    def text(self) -> bytes:
        """Return all metrics; may take a second, for the drift."""
        return generate_latest(self._registry)


class _WatchedRows:
    """Gauges of the last rows of each model."""

    def __init__(self, models: ServedModels) -> None:
        self._models = models

    def describe(self) -> list[Any]:
        """Return nothing: names are known when they are collected."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges."""
        words = {
            "rows": ("narrows_watched_rows", "Rows scored last, of which the shares and the drift are."),
            "alarms": ("narrows_alarm_share", "Share of rows labelled as anomalies."),
            "missing": ("narrows_missing_share", "Share of missing cells."),
            "unknown": ("narrows_unknown_level_share", "Share of rows with a level that no row of the fit has."),
        }
        gauges = {key: GaugeMetricFamily(name, text, labels=["model"]) for key, (name, text) in words.items()}
        statistic = "Kolmogorov-Smirnov statistic against rows of the fit, from 0 to 1"
        columns = GaugeMetricFamily("narrows_drift", f"{statistic}, by column.", labels=["model", "column"])
        scores = GaugeMetricFamily("narrows_score_drift", f"{statistic}, of the scores.", labels=["model"])
        for served in self._models:
            for key, value in served.watch.shares().items():
                if key != "alarms" or served.is_detector:
                    gauges[key].add_metric([served.name], value)
            by_column, of_scores = served.watch.drift()
            for name, value in by_column.items():
                columns.add_metric([served.name, name], value)
            if of_scores is not None:
                scores.add_metric([served.name], of_scores)
        yield from (*gauges.values(), columns, scores)
