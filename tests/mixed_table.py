"""A small table of every kind of column, with gaps in two of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

N = 300
R = np.random.default_rng(0)


def make_frame() -> pd.DataFrame:
    """One hidden number behind every column, and gaps in two of them."""
    z = R.normal(size=N)
    frame = pd.DataFrame(
        {
            "length": 40 + 5 * z + R.normal(size=N),
            "width": (200 + 15 * z + 5 * R.normal(size=N)).round(),
            "kind": pd.Categorical(np.where(z > 0.4, "big", np.where(z > -0.4, "middle", "small"))),
            "when": pd.to_datetime("2020-01-01") + pd.to_timedelta((100 + 30 * z).round(), unit="D"),
            "on": z > 0,
            "count": (10 + 3 * z).round().astype("int64"),
        }
    )
    frame.loc[R.random(N) < 0.15, "width"] = np.nan
    frame.loc[R.random(N) < 0.1, "kind"] = None
    return frame


FRAME = make_frame()
