"""Draws for many rounds at once: of the right class, each used once, forgotten when cleared."""

import pytest
import torch

from gan_resample.mixing import ahead
from gan_resample.mixing.ahead import DrawsAhead
from gan_resample.nn.modules import StratifiedLabels
from tests.helpers import blobs, make_game, tensors

X, y = blobs()
LABELS = StratifiedLabels([0.0, 0.75, 0.25], 8)


def count(y, sizes):
    """A draw from which one sees its place, and whether codes and sizes fit each other."""
    assert sizes == torch.bincount(y, minlength=3).tolist()
    assert (y.diff() >= 0).all()
    return torch.stack([y, torch.arange(len(y))], dim=1)


def test_each_draw_is_used_once_and_has_the_labels_of_the_batch():
    draws = DrawsAhead()
    taken = [draws.take(count, LABELS, 4) for _ in range(ahead.MOST_ROUNDS)]
    for drawn in taken:
        assert torch.equal(drawn[:, 0], LABELS.labels)
        assert drawn.is_contiguous()
    places = torch.cat(taken)[:, 1]
    assert torch.equal(places.sort().values, torch.arange(8 * ahead.MOST_ROUNDS))


def test_they_are_made_seldom_but_one_by_one_where_they_are_large():
    calls = []

    def draw(y, sizes):
        calls.append(len(y))
        return torch.zeros(len(y), 1)

    draws = DrawsAhead()
    for _ in range(ahead.MOST_ROUNDS + 1):
        draws.take(draw, LABELS, 4)
    assert calls == [8 * ahead.MOST_ROUNDS] * 2
    draws.clear()
    draws.take(draw, LABELS, ahead.MOST_NUMBERS)
    assert calls[2:] == [8]


@pytest.mark.parametrize("name", ["gamo", "gamo-class", "gamo-neighbours", "pgan"])
def test_rows_made_ahead_follow_the_law_of_rows_made_one_by_one(name):
    torch.manual_seed(0)
    game = make_game(name)
    game.prepare(*tensors(X, y))
    labels = game.deficit_labels
    with torch.no_grad(), game.eval_mode("generator"):
        both = [
            torch.stack([game.generate(draw(), labels) for _ in range(400)])
            for draw in (
                lambda: game.next_draw(labels),
                lambda: game.draw(labels.labels, labels.sizes),
            )
        ]
    assert (both[0][0] - both[0][1]).abs().max() > 0
    means, spreads = ([rows.mean(0) for rows in both], [rows.std(0) for rows in both])
    error = spreads[1] * (2 / 400) ** 0.5
    assert ((means[0] - means[1]).abs() <= 5 * error + 1e-6).all()
    assert (spreads[0] / spreads[1].clamp(min=1e-6)).sub(1).abs().median() < 0.1


def test_they_are_forgotten_when_the_stored_rows_may_change():
    game = make_game("gamo")
    x, labels = tensors(X, y)
    game.prepare(x, labels)
    for end in (game.begin_epoch, game.finish):
        game.imitate()
        assert game.ahead._kept
        end(x, labels)
        assert not game.ahead._kept
