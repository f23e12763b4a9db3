"""5. How long until something happens?"""

from __future__ import annotations

import subprocess
import sys
import time
from functools import partial

from benchmarks.contenders import installed
from benchmarks.report import Report, bars
from benchmarks.rounds import alternate, middle

_ROWS = "import numpy as np; X = np.random.default_rng(0).standard_normal((1000, 30)).astype('float32'); "


def reports(rounds: int, quick: bool) -> list[Report]:
    """Seconds of whole processes."""
    commands = {
        "Python alone": "pass",
        "narrows: import": "import narrows",
        "narrows: --help": "import sys; sys.argv = ['narrows', '--help']; from narrows.apps.cli import main; main()",
        "narrows: fit 1,000 rows, 10 epochs": _ROWS
        + "from narrows import Autoencoder; Autoencoder(epochs=10, batch_size=32, random_state=0).fit(X)",
        "scikit-learn MLPRegressor: the same": _ROWS
        + "import warnings; warnings.simplefilter('ignore'); from sklearn.neural_network import MLPRegressor; "
        "MLPRegressor(hidden_layer_sizes=(128, 64, 8, 64, 128), batch_size=32, max_iter=10).fit(X, X)",
    }
    if installed("pyod"):
        commands["PyOD AutoEncoder: the same"] = (
            _ROWS + "from pyod.models.auto_encoder import AutoEncoder; "
            "AutoEncoder(hidden_neuron_list=[128, 64, 8], epoch_num=10, batch_size=32, verbose=0).fit(X)"
        )
    seconds = alternate({name: partial(_seconds, code) for name, code in commands.items()}, rounds)
    medians = {name: middle(values) for name, values in seconds.items()}
    bare = medians["Python alone"]
    return [
        Report(
            "startup",
            "Start-up: seconds of a whole process",
            ("what", "seconds", "above Python alone"),
            [[name, f"{value:.3f}", f"{value - bare:.3f}"] for name, value in medians.items()],
            {"seconds": seconds},
            lambda axes: bars(axes, list(medians), list(medians.values()), "seconds (less is better)", "{:.2f}"),
            (f"Medians of {rounds} rounds.",),
        )
    ]


def _seconds(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return time.perf_counter() - start
