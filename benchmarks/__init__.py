"""narrows beside what people use today."""

import narrows  # noqa: F401 - before torch, so that its waiting threads sleep soon, as for users of narrows
