"""Ray as a backend of joblib: independent fits on the cores of a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from narrows.ray.ray_session import imported, running


@contextmanager
def joblib_backend(n_jobs: int = -1) -> Iterator[None]:
    """Let independent fits in the block run on the workers of Ray, each on one core.

    These are the candidates and folds of scikit-learn's searches, `narrows.insight.sweep`, `seed_errors`, and the
    members of `AnomalyDetector(estimator)`. Each has its own seed, so the results are those of one process.

    Parameters
    ----------
    n_jobs : int, default=-1
        Number of workers; -1 is one for each core of the cluster.

    Raises
    ------
    MissingExtraError

    Examples
    --------
    ::

        with narrows.ray.joblib_backend():
            search = GridSearchCV(Autoencoder(random_state=0), {"n_components": [2, 4, 8]}).fit(X)
    """
    from joblib import parallel_config

    register = imported("ray.util.joblib").register_ray
    with running():
        register()
        with parallel_config("ray", n_jobs=n_jobs):
            yield
