"""Base class of estimators whose fitted state is one immutable value."""

from __future__ import annotations

from typing import Generic, TypeVar

from narrows.errors import NotFittedError

State = TypeVar("State")


class Fitted(Generic[State]):
    """Base class with a fitted state, which is None before `fit`."""

    _state: State | None = None

    @property
    def state_(self) -> State:
        """The fitted state as a whole; `NotFittedError` before `fit`."""
        self.check_is_fitted()
        return self._of_fit("state_")

    def check_is_fitted(self) -> None:
        """Raise `NotFittedError` before `fit`."""
        if self._state is None:
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet. Call 'fit' with appropriate arguments first."
            )

    def __sklearn_is_fitted__(self) -> bool:
        return self._state is not None

    def _of_fit(self, name: str) -> State:
        """Return the state for the attribute `name`; AttributeError before `fit`, so that `hasattr` is False."""
        if self._state is None:
            raise self._missing(name)
        return self._state

    def _missing(self, name: str) -> AttributeError:
        return AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'", name=name, obj=self)
