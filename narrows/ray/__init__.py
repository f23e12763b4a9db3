"""Work on many processors or machines with Ray; needs ``narrows[ray]``.

`fit` trains with several workers, and goes on from its checkpoint when one is lost. `joblib_backend` spreads searches,
sweeps and the members of a detector over them. `score`, `encode`, `reconstruct` and `impute` use a fitted model.

Tables are read, passed through copies of the model, and written as a folder of Parquet files, all in parallel and in
constant memory. Their rows keep their order, and the results are those of one process to the bit.

Ray is started on this machine, unless it runs already or ``RAY_ADDRESS`` names a cluster.
"""

from narrows.ray.joblib_backend import joblib_backend
from narrows.ray.result_folder import address_of
from narrows.ray.table_operations import encode, impute, reconstruct, score
from narrows.ray.training import RayTraining, fit

__all__ = ["RayTraining", "address_of", "encode", "fit", "impute", "joblib_backend", "reconstruct", "score"]
