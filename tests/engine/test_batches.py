import itertools

import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_resample.engine.batches import endless_batches

CPU = torch.device("cpu")


@given(st.integers(1, 40), st.data())
def test_every_row_comes_once_a_permutation_and_no_batch_is_short(n, data):
    size = data.draw(st.integers(1, n))
    batches = list(itertools.islice(endless_batches(n, size, CPU), 3 * n))
    assert all(len(batch) == size for batch in batches)
    rows = torch.cat(batches)
    for start in range(0, len(rows) - n + 1, n):
        assert sorted(rows[start : start + n].tolist()) == list(range(n))


def test_order_changes_from_one_permutation_to_the_next():
    one, two = itertools.islice(endless_batches(100, 100, CPU), 2)
    assert not torch.equal(one, two)
