"""The net: optimizers by move, exact rounds, history, callbacks, and what happens on trouble."""

import os
import pickle
import signal
import threading

import pytest
import torch
from skorch.callbacks import Callback, GradientNormClipping

from gan_resample.engine.game import Game
from gan_resample.engine.guards import DivergenceError, DivergenceWarning
from gan_resample.engine.net import GameNet
from gan_resample.engine.seeding import random_stream, seeded
from tests.helpers import blobs, make_net, tensors


class Duel(Game):
    """Two one-weight players; each wants its own weight at its own target."""

    moves = {"left": "left", "right": "right", "right_again": "right"}  # noqa: RUF012

    def __init__(self, fault=None, absent=None, frozen=None):
        super().__init__()
        self.left, self.right = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
        if absent:
            setattr(self, absent, None)
        if frozen:
            getattr(self, frozen).requires_grad_(False)
        self.fault = fault or ()
        self.seen = []

    def begin_epoch(self, x, y):
        self.seen.append(self.rounds_played)

    def turns(self, x, y):
        if self.left is not None:
            loss = (self.left.weight - 1).square().sum()
            # counts its own calls: a round that is played again does not fail again
            if self.fault and self.rounds_played == self.fault[0]:
                self.fault = self.fault[1:]
                loss = loss * torch.nan
            yield {"left": loss, "right": (self.right.weight + 1).square().sum()}
        for _ in range(2):
            yield {"right_again": self.right.bias.square().sum()}


def duel(max_iter=60, **options):
    settings = {"optimizer": torch.optim.SGD, "lr": 0.1, "verbose": 0, "batch_size": 4} | options
    return GameNet(Duel, max_iter=max_iter, **settings)


ROWS = torch.zeros(10, 1), torch.zeros(10, dtype=torch.long)


def test_each_move_has_an_optimizer_and_its_own_learning_rate():
    net = duel(optimizer__lr=0.2, left_optimizer__lr=0.05).initialize()
    rates = {move: o.param_groups[0]["lr"] for move, o in net.optimizers().items()}
    assert rates == {"left": 0.05, "right": 0.2, "right_again": 0.2}
    assert duel().initialize().optimizers()["left"].param_groups[0]["lr"] == 0.1


def test_adam_steps_are_fused_and_an_optimizer_without_it_works():
    net = duel(optimizer=torch.optim.Adam, optimizer__betas=(0.5, 0.999)).initialize()
    group = net.left_optimizer_.param_groups[0]
    assert group["fused"]
    assert group["betas"] == (0.5, 0.999)
    duel(optimizer=torch.optim.RMSprop).fit(*ROWS)


def test_a_misspelt_move_is_told_before_training():
    with pytest.raises(ValueError, match="lefft_optimizer__lr"):
        duel(lefft_optimizer__lr=1.0).initialize()


def test_a_player_left_out_takes_no_part():
    net = duel(module__absent="left", left_optimizer__lr=0.5).fit(*ROWS)
    assert set(net.optimizers()) == {"right", "right_again"}
    assert set(net.history[-1]) >= {"right_again_loss"}


def test_history_has_the_mean_loss_of_every_move_and_the_rounds():
    net = duel(max_iter=120).fit(*ROWS)
    assert [row["rounds"] for row in net.history] == [50, 100, 120]
    assert [row["epoch"] for row in net.history] == [1, 2, 3]
    assert set(net.history[0]) >= {"seconds", "left_loss", "right_loss", "right_again_loss"}
    assert net.module_.seen == [0, 50, 100]
    assert net.history[-1]["left_loss"] < net.history[0]["left_loss"]


def test_partial_fit_goes_on_with_the_same_optimizers():
    net = duel(max_iter=10, optimizer=torch.optim.Adam).fit(*ROWS)
    steps = net.left_optimizer_.state_dict()["state"][0]["step"].item()
    net.partial_fit(*ROWS)
    assert net.module_.rounds_played == 20
    assert net.left_optimizer_.state_dict()["state"][0]["step"].item() == 2 * steps


def test_a_round_in_which_nobody_moves_is_an_error():
    class Idle(Duel):
        def turns(self, x, y):
            yield from ()

    with pytest.raises(
        RuntimeError, match=r"Idle played a round in which nobody moved.*turns\(\)"
    ):
        GameNet(Idle, max_iter=3, verbose=0).fit(*ROWS)


def test_one_divergence_is_taken_back_and_the_learning_rate_halved():
    with pytest.warns(DivergenceWarning, match=r"left_loss is not finite.*round 50 was restored"):
        net = duel(max_iter=120, module__fault=(70,)).fit(*ROWS)
    assert net.module_.rounds_played == 120
    assert all(p.isfinite().all() for p in net.module_.parameters())
    assert net.left_optimizer_.param_groups[0]["lr"] == 0.05
    assert [row["rounds"] for row in net.history] == [50, 100, 120]


def test_a_second_divergence_is_an_error_with_advice():
    with (
        pytest.warns(DivergenceWarning),
        pytest.raises(DivergenceError, match=r"second time: left_loss.*lower learning_rate"),
    ):
        duel(max_iter=200, module__fault=(70, 130)).fit(*ROWS)


def test_weights_that_overflow_are_found_without_a_loss():
    class Overflow(Duel):
        def turns(self, x, y):
            yield from super().turns(x, y)
            if self.rounds_played == 20 and not self.seen[1:]:
                with torch.no_grad():
                    self.right.weight.fill_(torch.inf)

    net = GameNet(Overflow, max_iter=60, verbose=0, lr=0.1, optimizer=torch.optim.SGD)
    with pytest.warns(DivergenceWarning, match=r"not finite after round 50"):
        net.fit(*ROWS)
    assert net.module_.right.weight.isfinite().all()


class Stop(Callback):
    """Ctrl-C in a given round, or at the end of the epoch that ends with it."""

    def __init__(self, at, hook="on_batch_end", real=False):
        self.at, self.hook, self.real = at, hook, real

    def stop(self, hook, net):
        if hook == self.hook and net.module_.rounds_played == self.at:
            if not self.real:
                raise KeyboardInterrupt
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait(5)  # Python runs the handler here

    def on_epoch_begin(self, net, **kwargs):
        self.stop("on_epoch_begin", net)

    def on_batch_begin(self, net, **kwargs):
        self.stop("on_batch_begin", net)

    def on_grad_computed(self, net, **kwargs):
        self.stop("on_grad_computed", net)

    def on_batch_end(self, net, **kwargs):
        self.stop("on_batch_end", net)

    def on_epoch_end(self, net, **kwargs):
        self.stop("on_epoch_end", net)

    def on_train_end(self, net, **kwargs):
        self.stop("on_train_end", net)


def interrupted(net):
    with pytest.raises(KeyboardInterrupt), seeded(random_stream(0), torch.device("cpu")):
        net.fit(*ROWS)
    return net


def has_weights_after(net, rounds):
    """Whether the weights are those of a fit of so many rounds that was not interrupted."""
    with seeded(random_stream(0), torch.device("cpu")):
        wanted = dict(duel(max_iter=rounds).fit(*ROWS).module_.named_parameters())
    found = dict(net.module_.named_parameters())
    return all(torch.equal(found[name], wanted[name]) for name in wanted | found)


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize(
    ("hook", "at"),
    [("on_epoch_begin", 50), ("on_batch_begin", 33), ("on_batch_end", 33), ("on_train_end", 60)],
)
def test_ctrl_c_in_a_hook_leaves_with_the_state_of_the_round(hook, at, real):
    net = interrupted(duel(callbacks=[Stop(at, hook, real)]))
    assert net.kept_
    assert net.module_.rounds_played == at
    assert [row["rounds"] for row in net.history] == [n for n in (50, 60) if n <= at]
    assert has_weights_after(net, at)


def test_what_a_callback_raises_at_the_end_of_an_epoch_ends_the_training():
    net = duel(max_iter=120, callbacks=[Stop(50, "on_epoch_end")]).fit(*ROWS)
    assert net.module_.rounds_played == 50
    assert net.kept_


def test_a_signal_that_arrives_there_leaves():
    net = interrupted(duel(max_iter=120, callbacks=[Stop(50, "on_epoch_end", real=True)]))
    assert net.module_.rounds_played == 50
    assert net.kept_
    assert len(net.history) == 1


def test_a_handler_that_does_not_raise_does_not_turn_a_callbacks_stop_into_an_error():
    before = signal.signal(signal.SIGINT, lambda number, frame: None)

    class Both(Callback):
        def on_epoch_end(self, net, **kwargs):
            os.kill(os.getpid(), signal.SIGINT)
            raise KeyboardInterrupt

    try:
        assert duel(max_iter=120, callbacks=[Both()]).fit(*ROWS).module_.rounds_played == 50
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("at", "kept"), [(0, 0), (1, 1), (3, 2), (31, 16), (49, 32), (70, 50)])
def test_ctrl_c_inside_a_round_goes_back_to_the_end_of_one(at, kept):
    """Between two players' gradients one has moved and the other has not."""
    net = interrupted(duel(max_iter=120, callbacks=[Stop(at, "on_grad_computed")]))
    assert net.module_.rounds_played == kept
    assert net.kept_ == bool(kept)
    assert not kept or has_weights_after(net, kept)


def test_ctrl_c_between_two_steps_goes_back_with_the_optimizers():
    class Stops(torch.optim.Adam):
        calls = 0

        def step(self, closure=None):
            Stops.calls += 1
            if Stops.calls == 4 * 20 + 2:  # of 4 moves a round: round 21, right after left's step
                raise KeyboardInterrupt
            return super().step(closure)

    net = interrupted(duel(optimizer=Stops))
    steps = [
        state["step"].item()
        for optimizer in net.optimizers().values()
        for state in optimizer.state_dict()["state"].values()
    ]
    assert net.module_.rounds_played == 16
    assert set(steps) == {16.0, 32.0}  # right_again moves twice a round
    net.partial_fit(*ROWS)
    assert net.module_.rounds_played == 16 + 60


def test_in_a_long_epoch_fewer_than_fifty_rounds_are_lost():
    rows = torch.zeros(2000, 1), torch.zeros(2000, dtype=torch.long)
    net = duel(max_iter=400, callbacks=[Stop(140, "on_grad_computed")])
    with pytest.raises(KeyboardInterrupt):
        net.fit(*rows)
    assert 140 - 50 < net.module_.rounds_played < 140


def test_ctrl_c_after_a_divergence_goes_back_to_the_last_finite_state():
    net = interrupted(duel(max_iter=120, module__fault=(60,), callbacks=[Stop(70)]))
    assert net.module_.rounds_played == 50
    assert all(p.isfinite().all() for p in net.module_.parameters())


def test_ctrl_c_after_a_divergence_keeps_the_halved_learning_rate():
    with pytest.warns(DivergenceWarning):
        net = interrupted(
            duel(max_iter=200, module__fault=(60,), callbacks=[Stop(110, "on_grad_computed")])
        )
    assert net.module_.rounds_played == 100
    assert net.left_optimizer_.param_groups[0]["lr"] == 0.05


def test_what_fails_while_the_state_is_kept_is_not_in_the_way_of_a_ctrl_c(monkeypatch):
    def fail(self, x, y):
        raise RuntimeError("no end")

    monkeypatch.setattr(Duel, "finish", fail)
    assert not interrupted(duel(callbacks=[Stop(33)])).kept_


def test_a_fit_that_goes_on_and_fails_keeps_the_end_of_a_round_too():
    net = duel(max_iter=60).fit(*ROWS)
    step = net.train_step

    def fail(batch):
        if net.module_.rounds_played == 80:
            raise MemoryError
        return step(batch)

    net.train_step = fail
    with pytest.raises(MemoryError):
        net.partial_fit(*ROWS)
    assert net.kept_
    assert net.module_.rounds_played == 60 + 16
    assert [row["rounds"] for row in net.history] == [50, 60]


def test_the_bar_is_closed_after_a_ctrl_c(capsys):
    net = interrupted(duel(verbose=1, callbacks=[Stop(3)]))
    assert "3/60" in capsys.readouterr().err
    pickle.dumps(net)
    assert not hasattr(dict(net.callbacks_)["progress_bar"], "bar_")


def test_gradient_clipping_sees_every_move():
    net = duel(callbacks=[GradientNormClipping(0.0)]).initialize()
    before = net.module_.left.weight.clone()
    net.partial_fit(*ROWS)
    assert torch.equal(before, net.module_.left.weight)


def test_verbose_two_prints_a_line_an_epoch(capsys):
    duel(max_iter=100, verbose=2).fit(*ROWS)
    printed = capsys.readouterr().out
    assert "right_again_loss" in printed
    assert len(printed.strip().splitlines()) == 4  # names, a rule, two epochs


def test_verbose_one_shows_one_bar_over_the_rounds(capsys):
    duel(max_iter=7, verbose=1).fit(*ROWS)
    assert "7/7" in capsys.readouterr().err


def test_a_net_survives_pickling_and_trains_on():
    net = pickle.loads(pickle.dumps(make_net("gamo").fit(*tensors(*blobs()))))
    net.partial_fit(*tensors(*blobs()))
    assert net.module_.rounds_played == 8
    names = {name for name in vars(net) if name.endswith("_optimizer_")}
    assert names <= set(net.cuda_dependent_attributes_)


def test_ctrl_c_before_the_first_round_is_no_fit(monkeypatch):
    def stop(self, x, y):
        raise KeyboardInterrupt

    for hook in ("prepare", "finish"):
        with monkeypatch.context() as patch:
            patch.setattr(Duel, hook, stop)
            assert not interrupted(duel()).kept_


def test_an_interrupted_epoch_leaves_no_half_row_in_the_history():
    class Notes(Callback):
        def on_batch_end(self, net, **kwargs):
            net.history.record("noted", True)

    net = interrupted(duel(max_iter=100, callbacks=[Notes(), Stop(60)]))
    assert [row["rounds"] for row in net.history] == [50]


def test_a_frozen_player_does_not_move():
    net = duel().initialize()
    net.module_.left.requires_grad_(False)
    before = net.module_.left.weight.clone()
    frozen = duel(module__frozen="left").fit(*ROWS)
    assert set(frozen.optimizers()) == {"right", "right_again"}
    assert torch.isclose(frozen.module_.right.weight, torch.tensor(-1.0), atol=1e-2).all()
    assert frozen.module_.left.weight.shape == before.shape
    assert "left_loss" not in frozen.history[-1]


def test_a_divergence_takes_the_optimizers_back_too():
    """NaN moments of Adam would spoil the rounds that are played again."""
    settings = {"optimizer": torch.optim.Adam, "module__fault": (55,), "lr": 0.05}
    with pytest.warns(DivergenceWarning):
        net = duel(max_iter=300, **settings).fit(*ROWS)
    state = net.left_optimizer_.state_dict()["state"]
    assert all(s["exp_avg"].isfinite().all() for s in state.values())
    assert torch.isclose(net.module_.left.weight, torch.tensor(1.0), atol=0.05).all()


def test_a_second_divergence_leaves_finite_weights():
    net = duel(max_iter=300, module__fault=(55, 55))
    with pytest.warns(DivergenceWarning), pytest.raises(DivergenceError):
        net.fit(*ROWS)
    assert all(p.isfinite().all() for p in net.module_.parameters())


def test_an_optimizer_that_is_asked_for_foreach_is_not_fused():
    net = duel(optimizer=torch.optim.Adam, optimizer__foreach=True).fit(*ROWS)
    assert not net.left_optimizer_.param_groups[0]["fused"]


class Autoencoder(Game):
    """Two players of one error, and a term of the first alone; tied, or as a loss for each."""

    moves = {"first": "first", "second": "second"}  # noqa: RUF012

    def __init__(self, tied, frozen=None):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second, self.tied = torch.nn.Linear(3, 2), torch.nn.Linear(2, 3), tied
        if frozen:
            getattr(self, frozen).requires_grad_(False)

    def turns(self, x, y):
        code = self.first(x)
        error, size = (self.second(code) - x).square().mean(), code.square().mean()
        if self.tied:
            yield {("first", "second"): error, "first": size}
        else:
            yield {"first": error + size, "second": error}


def test_a_shared_term_gives_the_gradients_and_losses_of_separate_ones():
    torch.manual_seed(1)
    x, y = torch.randn(8, 3), torch.zeros(8, dtype=torch.long)
    nets = [GameNet(Autoencoder, module__tied=tied, lr=0.1, verbose=0) for tied in (True, False)]
    one, two = (dict(net.initialize().train_step((x, y))) for net in nets)
    assert one.keys() == two.keys() == {"first", "second"}
    assert all(torch.isclose(one[move], two[move], rtol=1e-6) for move in one)
    tied, apart = (dict(net.module_.named_parameters()) for net in nets)
    for name, parameter in tied.items():
        assert parameter.grad.abs().max() > 1e-3
        torch.testing.assert_close(parameter.grad, apart[name].grad, rtol=0, atol=1e-6)
        torch.testing.assert_close(parameter, apart[name], rtol=0, atol=1e-6)


@pytest.mark.parametrize(("frozen", "mover"), [("first", "second"), ("second", "first")])
def test_a_frozen_player_takes_no_part_in_a_shared_term(frozen, mover):
    net = GameNet(Autoencoder, module__tied=True, module__frozen=frozen, max_iter=2, verbose=0)
    net.fit(torch.randn(8, 3), torch.zeros(8, dtype=torch.long))
    assert f"{frozen}_loss" not in net.history[-1]
    assert net.history[-1][f"{mover}_loss"] > 0
