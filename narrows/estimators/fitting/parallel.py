"""Independent fits: one after another, or several at once on the workers of a backend of joblib."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import TypeVar, cast

from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed

from narrows.errors import NarrowsError, warn

_T = TypeVar("_T")
_Given = list[tuple[str, type[Warning]]]


def in_parallel(calls: Sequence[Callable[[], _T]]) -> Iterator[_T]:
    """Yield the results of calls in their order.

    They run one after another, unless a backend of joblib is set, as by ``joblib.parallel_config("loky", n_jobs=4)``
    or `narrows.ray.joblib_backend`; the same holds for scikit-learn's estimators with ``n_jobs=None``.

    Raises
    ------
    NarrowsError
        Of a call, after the results before it.
    """
    at_once = effective_n_jobs(None)  # pyright: ignore[reportArgumentType] - None is the number of the backend
    if at_once == 1:
        for call in calls:
            yield call()
        return
    with Parallel() as parallel:
        # In parts, because a list is complete only when its last call has ended.
        for start in range(0, len(calls), at_once):
            found = parallel(delayed(_attempted)(call) for call in calls[start : start + at_once])
            for value, error, given in cast("list[tuple[_T, NarrowsError | None, _Given]]", found):
                for text, category in given:
                    warn(text, category)
                if error is not None:
                    raise error
                yield value


def _attempted(call: Callable[[], _T]) -> tuple[_T | None, NarrowsError | None, _Given]:
    """Return the result of a call or its error, and its warnings if this is another process than the caller's."""
    # Warnings of a thread reach the caller anyway, and cannot be recorded apart from those of others.
    is_thread = threading.current_thread() is not threading.main_thread()
    with nullcontext([]) if is_thread else warnings.catch_warnings(record=True) as given:
        if not is_thread:
            warnings.simplefilter("always", UserWarning)
        try:
            value, error = call(), None
        except NarrowsError as raised:
            value, error = None, raised
    return value, error, [(str(w.message), w.category) for w in given if issubclass(w.category, UserWarning)]
