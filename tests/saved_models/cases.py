"""The models that are saved as fixtures: each is a fitted estimator and the rows that it is later applied to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits

from narrows import (
    AnomalyDetector,
    Autoencoder,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    SparseAutoencoder,
    VariationalAutoencoder,
)
from narrows.model import Binarised, Warped
from tests.saved_models import own

N, N_NEW = 120, 10


@dataclass(frozen=True)
class Case:
    """`fit` learns from `rows()`; the first of `new()` are the rows of the fixture."""

    model: Callable[[], Any]
    rows: Callable[[int, int], Any]
    fit: Callable[[Any, Any], Any] = lambda model, X: model.fit(X)


def numbers(n: int, seed: int) -> np.ndarray:
    """Standard-normal rows of two hidden factors (n, 5)."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(2, 5))
    return rng.normal(size=(n, 2)) @ mixing + 0.3 * rng.normal(size=(n, 5))


def with_outliers(n: int, seed: int) -> np.ndarray:
    """`numbers`, of which the last two of the new rows are far from all others."""
    X = numbers(n, seed)
    if n < N:
        X[-2:, 1] += [9.0, -30.0]
    return X


def shares(n: int, seed: int) -> np.ndarray:
    """Numbers in [0, 1] (n, 5)."""
    return 1 / (1 + np.exp(-numbers(n, seed)))


def skewed(n: int, seed: int) -> pd.DataFrame:
    """A frame of skewed numbers."""
    return pd.DataFrame(np.exp(2 * numbers(n, seed)), columns=list("abcde"))


def digits(n: int, seed: int) -> np.ndarray:
    """Images in [0, 1] (n, 8, 8)."""
    return load_digits().images[seed * 200 : seed * 200 + n] / 16


def bytes_of_digits(n: int, seed: int) -> np.ndarray:
    return np.round(digits(n, seed) * 255).astype(np.uint8)


def words_of_digits(n: int, seed: int) -> np.ndarray:
    return np.round(digits(n, seed) * 65535).astype(np.uint16)


def mixed(n: int, seed: int) -> pd.DataFrame:
    """A frame with every kind of column, and gaps in three of them."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    visits = np.where(rng.random(n) < 0.5, 0.0, np.round(20 + 5 * z, 1))
    frame = pd.DataFrame(
        {
            "length": 40 + 5 * z + rng.normal(size=n),
            "width": (200 + 15 * z + 5 * rng.normal(size=n)).round(),
            "price": [Decimal(f"{20 + 4 * value:.2f}") for value in z],
            "kind": pd.Categorical(np.where(z > 0.4, "big", np.where(z > -0.4, "middle", "small"))),
            "when": pd.to_datetime("2020-01-01") + pd.to_timedelta((100 + 30 * z).round(), unit="D"),
            "stars": np.clip(np.round(3 + z), 1, 5).astype("int64"),
            "visits": visits,
            "on": z > 0,
            "skewed": np.exp(2 * z).round(3),
            "same": "constant",
        }
    )
    frame.loc[rng.random(n) < 0.15, "width"] = np.nan
    frame.loc[rng.random(n) < 0.1, "kind"] = None
    frame.loc[rng.random(n) < 0.1, "when"] = pd.NaT
    if n < N:
        frame.loc[0, ["width", "kind"]] = [np.nan, None]
    return frame


def anomalous_mixed(n: int, seed: int) -> pd.DataFrame:
    frame = mixed(n, seed)
    if n < N:
        frame.loc[1, "length"] = 120.0
        frame.loc[2, "visits"] = 77.0
    return frame


def german(n: int, seed: int) -> str:
    """A CSV file as a German spreadsheet writes it."""
    rng = np.random.default_rng(seed)
    lines = ["Größe;Preis;PLZ;Kauf;Bezahlt;Art"]
    for i, z in enumerate(rng.normal(size=n)):
        size = "k.A." if i % 11 == 3 else f"{180 + 8 * z + rng.normal():.1f}".replace(".", ",")
        price = f"{1300 * np.exp(0.4 * z):,.2f} €".translate(str.maketrans(",.", ".,"))
        if n < N and i == 0:
            price = "1.234 €"  # which alone could be a little more than one
        place = ("01067", "10115", "20095", "80331")[int(rng.integers(4))]
        day = pd.Timestamp("2024-03-01") + pd.Timedelta(days=round(60 + 20 * z))
        kind = "Stück" if z > 0.4 else "Paar" if z > -0.4 else "Dutzend"
        lines.append(";".join([size, price, place, f"{day:%d.%m.%Y}", "ja" if z > 0 else "nein", kind]))
    return "\n".join(lines) + "\n"


def dollars(n: int, seed: int) -> str:
    """A CSV file with dollars, per cent, times, truth values, and "?" for what is missing."""
    rng = np.random.default_rng(seed)
    lines = ["amount,share,at,paid,rating,refund"]
    for i, z in enumerate(rng.normal(size=n)):
        amount = "?" if i % 9 == 4 else f'"${1500 * np.exp(0.5 * z):,.2f}"'
        at = pd.Timestamp("2024-05-01 12:30:00") + pd.Timedelta(minutes=round(2000 * z))
        refund = 0 if rng.random() < 0.5 else round(30 + 10 * z, 2)
        cells = [amount, f"{50 + 12 * z:.1f}%", f"{at:%m/%d/%Y %H:%M}", str(z > 0).lower()]
        lines.append(",".join([*cells, str(int(np.clip(round(3 + z), 1, 5))), str(refund)]))
    return "\n".join(lines) + "\n"


def _small(estimator: Callable[..., Any] = Autoencoder, **settings: Any) -> Callable[[], Any]:
    """A constructor of an estimator that fits in a moment."""
    defaults = {"n_components": 2, "hidden_layer_sizes": (6,), "epochs": 3, "device": "cpu", "random_state": 0}
    return lambda: estimator(**defaults | settings)


def _parts(model: Any, X: Any) -> Any:
    """Two calls of `partial_fit`, each with one half of X."""
    return model.partial_fit(X[: len(X) // 2]).partial_fit(X[len(X) // 2 :])


CASES = {
    "plain": Case(_small(), numbers),
    "plain_shares": Case(_small(activation="relu", loss="bce"), shares),
    "deep_huber": Case(_small(hidden_layer_sizes=(6, 4), loss="huber", activation="gelu", scale="minmax"), numbers),
    "tied": Case(_small(tied_weights=True, activation="tanh"), numbers),
    "partial": Case(_small(), numbers, _parts),
    "quantile": Case(_small(scale="quantile"), skewed),
    "denoising_gaussian": Case(_small(DenoisingAutoencoder, level=0.2), numbers),
    "denoising_masking": Case(_small(DenoisingAutoencoder, corruption="masking"), numbers),
    "denoising_salt": Case(_small(DenoisingAutoencoder, corruption="salt-and-pepper"), numbers),
    "denoising_warped": Case(_small(DenoisingAutoencoder, corruption=Warped((8, 8, 1), noise=0.1)), digits),
    "sparse_l1": Case(_small(SparseAutoencoder), numbers),
    "sparse_kl": Case(_small(SparseAutoencoder, penalty="kl", n_components=4), numbers),
    "sparse_top_k": Case(_small(SparseAutoencoder, penalty=None, code="top-k", k=2, n_components=5), numbers),
    "contractive": Case(_small(ContractiveAutoencoder, hidden_layer_sizes=()), numbers),
    "variational_gaussian": Case(_small(VariationalAutoencoder), numbers),
    "variational_bernoulli": Case(_small(VariationalAutoencoder, corruption=Binarised()), digits),
    "images": Case(_small(network="conv", hidden_layer_sizes=(2, 3)), digits),
    "images_tied": Case(_small(network="conv", hidden_layer_sizes=(2, 3), tied_weights=True), digits),
    "images_uint8": Case(_small(), bytes_of_digits),
    "images_uint16": Case(_small(), words_of_digits),
    "pretrained": Case(
        _small(hidden_layer_sizes=(6, 4), activation="sigmoid", pretrain="rbm", pretrain_epochs=2), shares
    ),
    "own": Case(
        lambda: _small(
            **{"hidden_layer_sizes": "auto", "n_components": "auto"},
            **{"penalty": ["l1", own.Decorrelate(0.1)], "corruption": own.Shrink(0.3), "loss": own.LowCostsDouble()},
            **own.modules(),
        )(),
        numbers,
    ),
    "mixed": Case(_small(epochs=6), mixed),
    "mixed_masking": Case(_small(DenoisingAutoencoder, corruption="masking", categorical=("stars",)), mixed),
    "mixed_variational": Case(_small(VariationalAutoencoder, epochs=6), mixed),
    "csv_german": Case(_small(), german),
    "csv_dollars": Case(_small(missing="mean"), dollars),
    "detector": Case(lambda: AnomalyDetector(random_state=0), with_outliers),
    # Saved before a detector of numbers had more than one distance.
    "detector_one_distance": Case(lambda: AnomalyDetector(novelty=True, random_state=0), with_outliers),
    "detector_normal_rows": Case(lambda: AnomalyDetector(novelty=True, random_state=0), with_outliers),
    "detector_edges": Case(lambda: AnomalyDetector(n_members=1, random_state=0), digits),
    "detector_images": Case(lambda: AnomalyDetector(n_members=1, random_state=0), digits),
    "detector_mixed": Case(lambda: AnomalyDetector(n_members=2, random_state=0), anomalous_mixed),
    "detector_conformal": Case(
        lambda: AnomalyDetector(_small(epochs="auto")(), threshold="conformal", alpha=0.1, random_state=0),
        with_outliers,
    ),
    "detector_several": Case(
        lambda: AnomalyDetector(_small()(), method="combined", n_members=3, trim=0.1, random_state=0), with_outliers
    ),
    "detector_likelihood": Case(
        lambda: AnomalyDetector(_small(VariationalAutoencoder)(), method="likelihood", random_state=0), with_outliers
    ),
    "detector_autoencoder_mixed": Case(lambda: AnomalyDetector(_small()(), random_state=0), anomalous_mixed),
}
PICKLED = ("mixed", "csv_german", "detector_mixed", "detector_several")


def write_rows(X: Any, folder: Path) -> Path:
    """Write rows as they are: text as a CSV file, a frame as a Parquet file, an array as an NPZ file."""
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(X, str):
        path = folder / "rows.csv"
        path.write_bytes(X.encode("cp1252"))
    elif isinstance(X, pd.DataFrame):
        path = folder / "rows.parquet"
        X.to_parquet(path, compression="zstd")
    else:
        path = folder / "rows.npz"
        np.savez_compressed(path, X=X)
    return path
