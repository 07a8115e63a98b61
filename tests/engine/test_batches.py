import itertools

import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_resample.engine.batches import (
    balanced_batches,
    class_batches,
    endless_batches,
    epoch_rounds,
)

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


@given(st.lists(st.integers(1, 30), min_size=2, max_size=5), st.integers(1, 20))
def test_balanced_batches_hold_as_many_rows_of_each_class(counts, size):
    y = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    y = y[torch.randperm(len(y))]
    each = max(1, size // len(counts))
    for batch in itertools.islice(balanced_batches(y, size), 5):
        assert y[batch].tolist() == [code for code in range(len(counts)) for _ in range(each)]


def test_balanced_batches_reach_every_row():
    y = torch.tensor([0] * 50 + [1] * 5)
    rows = torch.cat(list(itertools.islice(balanced_batches(y, 20), 60)))
    assert set(rows.tolist()) == set(range(55))


def test_a_game_may_ask_for_balanced_batches(monkeypatch):
    from gan_resample.gamo import GAMOGame
    from tests.helpers import make_net, rows_of

    monkeypatch.setattr(GAMOGame, "batches", lambda self, y, size: balanced_batches(y, size))
    net, seen = make_net("gamo", max_iter=3), []
    step = net.train_step
    net.train_step = lambda batch: seen.append(torch.bincount(batch[1]).tolist()) or step(batch)
    net.fit(*rows_of("gamo"))
    assert seen == [[5, 5, 5]] * 3


def test_an_epoch_is_a_pass_over_the_rows_but_not_fewer_than_50_rounds():
    assert epoch_rounds(1000, 10) == 100
    assert epoch_rounds(1001, 10) == 101
    assert epoch_rounds(20, 10) == 50


def test_batches_of_a_class_hold_all_its_rows_in_turn():
    y = torch.tensor([2, 0, 1, 0, 2, 0, 2])
    found = list(itertools.islice(class_batches(y, 2, 0), 6))
    assert all(len(rows) == 2 for rows in found)
    rows = torch.cat(found)
    for start in range(0, 12, 3):
        assert sorted(rows[start : start + 3].tolist()) == [1, 3, 5]
    assert sorted(next(class_batches(y, 100, 0)).tolist()) == [1, 3, 5]
