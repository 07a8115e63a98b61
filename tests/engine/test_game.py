import pytest
import torch
from torch import nn

from gan_resample.engine.game import Game


class Watched(Game):
    moves = {"one": "one"}  # noqa: RUF012

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.BatchNorm1d(2), nn.Dropout()
        self.three = None

    def turns(self, x, y):
        yield {"one": self.one(x).sum()}


def test_still_players_keep_their_buffers_and_get_their_mode_back():
    game = Watched().train()
    game.two.eval()
    with game.eval_mode("one", "two", "three"):
        assert not game.one.training
        game.one(torch.randn(5, 2))
    assert game.one.training
    assert not game.two.training
    assert torch.equal(game.one.running_mean, torch.zeros(2))


def test_still_gives_modes_back_after_an_error():
    game = Watched().train()
    with pytest.raises(RuntimeError), game.eval_mode("one"):
        raise RuntimeError
    assert game.one.training


def test_round_counters_travel_with_the_weights():
    game, other = Watched(), Watched()
    game.rounds_played, game.rounds_planned = 3, 9
    other.load_state_dict(game.state_dict())
    assert (other.rounds_played, other.rounds_planned) == (3, 9)


def test_a_game_without_turns_cannot_be_made():
    with pytest.raises(TypeError, match="abstract"):
        Game()
