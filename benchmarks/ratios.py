"""The targets of training speed, each as a ratio measured in one run on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from benchmarks import contenders as c
from benchmarks import flops, mnist, neighbours, training
from benchmarks.report import Report, bars, product_rates
from benchmarks.rounds import alternate, middle, ratio
from benchmarks.rows import pixels
from narrows.machine import available_cores

_TYPES = ("float32", "bfloat16")
_MUCH_SLOWER = 3.0
"""From this ratio of two products on, fits with the slower type are left out: they would take an hour."""
_CASES = {case.name: case for case in training.CASES}
_MNIST_EPOCHS = 8
"""The schedule ends there; a longer one is lower and later."""
_AMX_GAIN = 2.5
"""From this ratio of a bfloat16 to a float32 product on, the higher target of the deep net holds."""


@dataclass(frozen=True)
class Line:
    """One ratio and its target; `at_most` where a smaller value is better."""

    work: str
    value: float
    target: float
    limit: str = ""
    at_most: bool = False

    @property
    def is_met(self) -> bool:
        return self.value <= self.target if self.at_most else self.value >= self.target

    @property
    def reached(self) -> float:
        """The share of the target; above 1 where it is exceeded."""
        return self.target / self.value if self.at_most else self.value / self.target

    def cells(self) -> list[str]:
        sign = "at most" if self.at_most else "at least"
        return [self.work, f"{self.value:.2f}", f"{sign} {self.target:g}", "yes" if self.is_met else "no", self.limit]


def reports(rounds: int, quick: bool) -> list[Report]:
    """Return one table of all targets."""
    shrink = 10 if quick else 1
    raw: dict[str, Any] = {}
    lines = [
        *_precisions(rounds, shrink, raw),
        *_peers(rounds, shrink, raw),
        *_shares(rounds, quick, raw),
        *_loaded(rounds, shrink, raw),
        *_mnist(quick, raw),
    ]

    def draw(axes: Any) -> None:
        bars(axes, [line.work for line in lines], [line.reached for line in lines], "share of the target", "{:.2f}")

    return [
        Report(
            "ratios",
            "Targets of training speed on this machine",
            ("work", "measured", "target", "met", "limit on this machine"),
            [line.cells() for line in lines],
            raw,
            draw,
            (
                f"Medians over {rounds} rounds of the ratio within a round, contenders alternating; trainings after a "
                "first fit, whole fits where stated.",
                "The limit is the ratio of a training in which only the matrix products took time, at the best rate "
                "of a large product on this machine.",
            ),
        )
    ]


def _precisions(rounds: int, shrink: int, raw: dict[str, Any]) -> Iterator[Line]:
    """Yield the speed of precision "auto" relative to the faster of the two types."""
    types = _usable_types()
    for name in ("deep-1000", "deep-128", "middle-128", "table-128", "conv-128"):
        case = _CASES[name]
        fits = {precision: c.narrows("adam", precision) for precision in ("auto", *types)}
        seconds = _training_seconds(case, fits, rounds, shrink)
        raw[f"precision {name}"] = seconds
        faster = min(types, key=lambda precision: middle(seconds[precision]))
        yield Line(f'{name}: "auto" against {faster}, the faster type', ratio(seconds["auto"], seconds[faster]), 0.97)


def _usable_types() -> list[str]:
    """Return the types that are worth a fit on this machine, see `_MUCH_SLOWER`."""
    rates = product_rates()
    return [name for name in _TYPES if rates[name] * _MUCH_SLOWER > max(rates.values())]


def _training_seconds(
    case: training.Case, fits: Mapping[str, c.Fit], rounds: int, shrink: int
) -> dict[str, list[float]]:
    x, _, _ = case.rows(case.n_rows // shrink)
    for fit in fits.values():
        fit(x[:2000], replace(case.task, epochs=1))
    fitted = alternate({name: partial(fit, x, case.task) for name, fit in fits.items()}, rounds)
    return {name: [one.training_seconds or 0.0 for one in given] for name, given in fitted.items()}


def _peers(rounds: int, shrink: int, raw: dict[str, Any]) -> Iterator[Line]:
    """Yield the speed relative to other libraries."""
    deep = replace(_CASES["deep-1000"], task=replace(_CASES["deep-1000"].task, epochs=5))
    has_pyod = c.installed("pyod")
    rates = product_rates()
    gain = rates["bfloat16"] / rates["float32"]
    wanted: list[tuple[training.Case, dict[str, tuple[c.Fit, float]]]] = [
        (deep, {"textbook PyTorch loop": (c.textbook, 2.9 if gain >= _AMX_GAIN else 1.0)}),
        (
            _CASES["table-128"],
            {"MLPRegressor": (c.mlp_regressor, 2.0), "textbook PyTorch loop": (c.textbook, 4.5)}
            | ({"PyOD AutoEncoder, its own net": (c.pyod(bare=False), 7.0)} if has_pyod else {}),
        ),
        (
            _CASES["middle-128"],
            {"MLPRegressor": (c.mlp_regressor, 2.0)}
            | ({"PyOD AutoEncoder, same net": (c.pyod(bare=True), 3.0)} if has_pyod else {}),
        ),
    ]
    for case, peers in wanted:
        fits = {"narrows": c.narrows("adam")} | {name: fit for name, (fit, _) in peers.items()}
        found = training.measure(case, rounds=rounds, shrink=shrink, fits=fits)
        raw[f"peers {case.name}"] = found
        of_whole = case is deep
        seconds = found["fit_seconds" if of_whole else "training_seconds"]
        least = found["operations"] / max(rates.values())
        what = "whole fit of 5 epochs" if of_whole else "training"
        for name, (_, target) in peers.items():
            limit = f"{middle(seconds[name]) / least:.1f}"
            yield Line(f"{case.name}, {what}: {name}", ratio(seconds["narrows"], seconds[name]), target, limit)


def _shares(rounds: int, quick: bool, raw: dict[str, Any]) -> Iterator[Line]:
    """Yield the share of the rate of a large product that a training step of the deep net reaches."""
    x, _, _ = pixels(3000 if quick else 10_000)
    targets = {"float32": 0.8, "bfloat16": 0.5}
    for name in _usable_types():
        measured = flops.measure(name, x, rounds)
        raw[f"share {name}"] = measured
        step, *products = measured.values()
        share = middle([a / max(b) for a, b in zip(step, zip(*products, strict=True), strict=True)])
        yield Line(f"deep-1000: share of the best rate of a product, {name}", share, targets[name], "1.0")


def _loaded(rounds: int, shrink: int, raw: dict[str, Any]) -> Iterator[Line]:
    """Yield the speed next to busy programs, relative to one thread and to a quiet machine."""
    ways = (neighbours.FOLLOWS, neighbours.ONE)
    for net in neighbours.NETS:
        x, _, _ = net.rows(net.n_rows // shrink)
        rates: dict[str, Callable[[], float]] = {way: partial(neighbours.rate, net, x, way=way) for way in ways}
        quiet = alternate(rates, rounds)
        with neighbours.busy_programs(available_cores()):
            loaded = alternate(rates, rounds)
        raw[f"loaded {net.name}"] = {"quiet": quiet, "loaded": loaded}
        follows = loaded[neighbours.FOLLOWS]
        yield Line(f"{net.name}, next to busy programs: one thread", ratio(loaded[neighbours.ONE], follows), 1.0)
        slower = middle(quiet[neighbours.FOLLOWS]) / middle(follows)
        yield Line(f"{net.name}, next to busy programs: slower than quiet by", slower, 2.2, at_most=True)


def _mnist(quick: bool, raw: dict[str, Any]) -> Iterator[Line]:
    """Yield the seconds until the deep net reaches the paper's error on MNIST."""
    rates = product_rates()
    is_fast = rates["bfloat16"] / rates["float32"] > 1.2
    curve = mnist.muon_curve(_MNIST_EPOCHS, quick=quick)
    raw["mnist"] = {"curve": curve}
    reached = next((seconds for seconds, error in curve if error <= mnist.TARGET), float("inf"))
    yield Line("MNIST-30: seconds to 3.00", reached, 60 if is_fast else 150, at_most=True)
