"""Fitted models on many machines, with Ray Data: `score`, `encode`, `reconstruct` and `impute`; needs ``narrows[ray]``.

Tables are read, passed through copies of the model, and written as a folder of Parquet files, all in parallel and in
constant memory. Their rows keep their order, and the results are those of one process to the bit.

Ray is started on this machine, unless it runs already or ``RAY_ADDRESS`` names a cluster.
"""

from narrows.ray.result_folder import address_of
from narrows.ray.table_operations import encode, impute, reconstruct, score

__all__ = ["address_of", "encode", "impute", "reconstruct", "score"]
