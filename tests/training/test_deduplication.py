import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from narrows.training import distinct_rows

tables = hnp.arrays(np.float32, st.tuples(st.integers(1, 40), st.integers(1, 3)), elements=st.sampled_from([0, 0.5, 1]))


@settings(deadline=None, max_examples=60)
@given(tables, st.integers(0, 2**32 - 1))
def test_groups_are_those_of_numpy_unique_and_weights_count_them(x, seed):
    found = distinct_rows(x)
    rows, counts = np.unique(x, axis=0, return_counts=True)
    order = np.lexsort(x[found.first].T[::-1])
    assert np.array_equal(x[found.first][order], rows[np.lexsort(rows.T[::-1])])
    weight = np.ones(len(rows)) if found.weight is None else found.weight
    assert np.allclose(weight[order] / weight.sum(), counts / counts.sum())
    assert np.array_equal(x[found.first[found.group]], x)

    shuffled = np.random.default_rng(seed).permutation(len(x))
    assert np.array_equal(x[shuffled][distinct_rows(x[shuffled]).first], x[found.first])


@settings(deadline=None, max_examples=60)
@given(tables, st.data())
def test_a_weight_is_a_number_of_copies(x, data):
    copies = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(x), max_size=len(x))))
    if not copies.any():
        copies[0] = 1
    weighted = distinct_rows(x, copies.astype(float))
    repeated = np.repeat(x, copies, axis=0)
    found = distinct_rows(repeated)
    assert np.array_equal(x[weighted.first], repeated[found.first])
    assert (weighted.weight is None) == (found.weight is None)
    if found.weight is not None:
        assert np.array_equal(weighted.weight, found.weight)
    assert np.array_equal(weighted.group == -1, copies == 0)
