"""Names of earlier versions that still work, with a warning."""

import numpy as np
import pytest

from narrows.data import as_rows


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("places", "row_numbers"),
        ("strange", "invalid"),
        ("strange_cells", "invalid_cells"),
        ("n_strange", "n_invalid"),
        ("place", "row_number"),
    ],
)
def test_an_old_name_of_rows_warns_and_works(old, new):
    rows = as_rows(np.arange(6.0).reshape(3, 2)).take(np.array([2, 0]))
    with pytest.warns(DeprecationWarning, match=f"Rows.{old} is now Rows.{new};"):
        found = getattr(rows, old)
    assert found(0) == 2 if old == "place" else np.array_equal(found, getattr(rows, new))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        rows.nothing  # noqa: B018
