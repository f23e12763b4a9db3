"""Names of version 0.1 that still work, with a warning."""

import pytest

from narrows import insight
from narrows.insight import payloads


@pytest.mark.parametrize(
    ("module", "old", "new"), [(insight, "passage", "reconstruct_floats"), (payloads, "mixed", "balanced_sample")]
)
def test_an_old_name_warns_and_works(module, old, new):
    with pytest.warns(DeprecationWarning, match=new):
        assert getattr(module, old) is getattr(module, new)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        module.nothing  # noqa: B018
