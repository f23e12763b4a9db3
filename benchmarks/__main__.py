"""Side by side with what people use today.

    python -m benchmarks [training mnist flops scoring startup one_class lab everyday neighbours exported impute
                          generate serve ratios workers optimizers anomalies scale] [--rounds 5]

Every question prints a table and leaves it in benchmarks/results, or the folder of `--to`, with a picture and the raw
numbers. `--quick` is a trial on little data that writes into a temporary folder.
"""

from __future__ import annotations

import argparse
import tempfile
from functools import partial
from pathlib import Path

from benchmarks import (
    anomalies,
    everyday,
    exported,
    flops,
    generate,
    impute,
    lab,
    mnist,
    neighbours,
    one_class,
    optimizers,
    ratios,
    scale,
    scoring,
    serve,
    startup,
    training,
    workers,
)
from benchmarks.report import RESULTS

_IN_EVERYDAY = ("impute", "generate")
_WITH_TABLES = {"optimizers": optimizers, "anomalies": anomalies}


_NOT_ALONE = {*_WITH_TABLES, *_IN_EVERYDAY, "scale"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    questions = {
        module.__name__.rsplit(".", 1)[1]: module.reports
        for module in (
            *(training, mnist, flops, scoring, startup, one_class, lab, everyday, neighbours),
            *(exported, impute, generate, serve, ratios, workers),
        )
    }
    parser.add_argument(
        "question",
        nargs="*",
        choices=[*questions, *_WITH_TABLES, "scale", []],
        help="all but scale and those with --tables if none",
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often each contender runs")
    parser.add_argument("--quick", action="store_true", help="a trial on little data")
    parser.add_argument("--full", action="store_true", help="scale: also 100 million rows")
    parser.add_argument("--tables", type=Path, help="folder of ADBench's .npz tables, for optimizers and anomalies")
    parser.add_argument("--to", type=Path, default=RESULTS, help="folder of what is found")
    given = parser.parse_args()
    for module in _WITH_TABLES:
        questions[module] = partial(_WITH_TABLES[module].reports, tables=given.tables)
    questions["scale"] = partial(scale.reports, full=given.full)
    folder = Path(tempfile.mkdtemp()) if given.quick else given.to
    for name in given.question or [name for name in questions if name not in _NOT_ALONE]:
        for report in questions[name](1 if given.quick else given.rounds, given.quick):
            report.write(folder)
    print(f"Tables, pictures and raw numbers are in {folder}.")


if __name__ == "__main__":
    main()
