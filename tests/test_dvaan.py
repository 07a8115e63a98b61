"""What DVAAN claims beyond the laws of every game: gradients, mu, the pool, the boundary."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification
from sklearn.metrics import roc_auc_score
from torch import nn
from torch.nn.functional import cross_entropy, softplus

import gan_resample.dvaan.game as dvaan
from gan_resample import (
    BoundaryWarning,
    DVAANClassifier,
    DVAANSampler,
    ScatterWarning,
    TableEncoder,
)
from gan_resample.dvaan import PAPER_SETTINGS
from gan_resample.dvaan.networks import ImageNets, TableNets
from gan_resample.dvaan.prior import MU_MAX, MU_MIN, simplex
from gan_resample.engine.seeding import random_stream, seeded
from gan_resample.nn.losses import gaussian_divergence
from tests import helpers
from tests.helpers import QUICK, SMALL, blobs, digit_images, make_game, make_net, rows_of

CPU = torch.device("cpu")
X, y = blobs((80, 20), distance=4.0)


def prepared(name="dvaan", counts=(60, 20, 8), **own):
    """A game that has seen its rows, and a batch of them."""
    game = make_game(name, counts, **own)
    rows = rows_of(name, counts)
    game.prepare(*rows)
    return game, *(part[:16] for part in rows)


def fitted(name="dvaan", counts=(80, 20), rounds=60, **own):
    net = make_net(name, counts=counts, max_iter=rounds, lr=1e-2, own=own)
    with seeded(random_stream(0), CPU):
        net.fit(*rows_of(name, counts))
        net.module_.eval()
    return net


# ---- the geometry -------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3, 5])
def test_the_means_are_corners_of_a_regular_simplex(n):
    corners = simplex(n, 7)
    gram = torch.full((n, n), -1 / (n - 1))
    gram.fill_diagonal_(1.0)
    torch.testing.assert_close(corners @ corners.T, gram)
    assert (corners[:, n - 1 :] == 0).all()


def test_two_means_are_opposite_whatever_the_latent_size():
    unit = make_game("dvaan", (60, 20), latent_dim=9)
    ones = make_game("dvaan", (60, 20), latent_dim=9, mean_direction="ones")
    assert (unit.prior.means[1] - unit.prior.means[0]).norm().item() == pytest.approx(6.0)
    assert (ones.prior.means[1] - ones.prior.means[0]).norm().item() == pytest.approx(6.0 * 3)
    torch.testing.assert_close(unit.prior.means[0], -unit.prior.means[1])


def test_for_two_classes_the_boundary_is_a_standard_normal_cut_by_the_nearer_mean():
    game = make_game("dvaan", (60, 20))
    torch.manual_seed(0)
    z = game.boundary_latents(1, 4000)
    along = z @ game.prior.directions[1]
    assert (along >= 0).all()
    # a half normal along the means, a standard one across
    assert along.mean().item() == pytest.approx((2 / np.pi) ** 0.5, abs=0.03)
    assert along.square().mean().item() == pytest.approx(1, abs=0.08)
    across = z - along[:, None] * game.prior.directions[1]
    assert across.square().sum(1).mean().item() == pytest.approx(2, abs=0.15)  # of 3 axes
    nearest = torch.cdist(z, game.prior.means).argmin(dim=1)
    assert (nearest == 1).all()


def test_several_classes_meet_where_the_discriminator_confuses_them():
    game = make_game("dvaan")
    game.confusion.copy_(torch.tensor([[0, 1e-6, 1], [1e-6, 0, 1e-6], [1, 1e-6, 0.0]]))
    torch.manual_seed(0)
    z = game.boundary_latents(2, 2000)
    middle = (game.prior.means[0] + game.prior.means[2]) / 2
    along = (z - middle) @ (game.prior.means[2] - game.prior.means[0])
    assert (along >= 0).all()
    between = torch.cdist(z, game.prior.means[[0, 2]]).argmin(dim=1)
    assert (between == 1).all()  # nearer to its own of the two


def test_confusion_is_learnt_from_the_rows_of_each_class():
    game, *_ = prepared()
    x, y_all = rows_of("dvaan")
    game.logits = lambda rows: torch.tensor([[0.5, 0.3, 0.2]]).log().expand(len(rows), -1)
    game.learn_confusion(x, y_all)
    expected = torch.tensor([[0.0, 0.8, 0.7], [0.8, 0.0, 0.5], [0.7, 0.5, 0.0]])
    torch.testing.assert_close(game.confusion, expected, atol=1e-4, rtol=0)


# ---- the losses ---------------------------------------------------------------------------------


def test_cross_entropy_of_two_logits_is_softplus_of_their_difference():
    logits, labels = torch.randn(20, 2), torch.randint(2, (20,))
    sign = 2.0 * labels - 1
    expected = softplus(-sign * (logits[:, 1] - logits[:, 0]))
    torch.testing.assert_close(cross_entropy(logits, labels, reduction="none"), expected)


def test_the_divergence_is_zero_only_at_the_prior():
    game = make_game("dvaan")
    labels = torch.tensor([0, 1, 2])
    zero = torch.zeros(3, 3)
    assert (
        gaussian_divergence(game.prior.means[labels], zero, game.prior.means[labels]).abs().max()
        < 1e-6
    )
    assert (
        gaussian_divergence(game.prior.means[labels], zero + 0.1, game.prior.means[labels]) > 0
    ).all()
    assert (gaussian_divergence(zero, zero, game.prior.means[labels]) > 0).all()


def losses_of(game, x, labels):
    torch.manual_seed(0)
    return next(iter(game.turns(x, labels)))


def gradient(loss, player):
    found = torch.autograd.grad(
        loss, list(player.parameters()), allow_unused=True, retain_graph=True
    )
    return sum(0.0 if g is None else g.abs().sum().item() for g in found)


def test_the_adversarial_loss_does_not_reach_the_recognition_network():
    game, x, labels = prepared(decoder_variance=1.0)  # a round teaches no scatter to the next
    with_it = losses_of(game, x, labels)["recognition"]
    game.class_weight = 100.0
    assert losses_of(game, x, labels)["recognition"] == with_it
    game.feature_weight = 0.0
    loss = losses_of(game, x, labels)["recognition"]
    assert gradient(loss, game.discriminator) == 0  # what is left of Dis in it is L_fea
    assert gradient(losses_of(game, x, labels)["discriminator"], game.recognition) > 0  # unused


def test_the_feature_loss_is_not_in_the_discriminators():
    game, x, labels = prepared(decoder_variance=1.0)
    before = losses_of(game, x, labels)["discriminator"]
    game.feature_weight = 100.0
    assert losses_of(game, x, labels)["discriminator"] == before


def test_a_round_leaves_the_discriminator_alone_where_only_features_pull():
    """The net takes the gradients of a loss for its mover only."""
    net = make_net("dvaan", own={"feature_weight": 1e3, "classification_weight": 0.0}).initialize()
    game, (x, labels) = net.module_, rows_of("dvaan")
    game.prepare(x, labels)
    seen = []
    for turn in game.turns(x[:16], labels[:16]):
        wanted = torch.autograd.grad(
            turn["discriminator"], list(game.discriminator.parameters()), retain_graph=True
        )
        net._move(turn, None)
        seen = [p.grad for p in game.discriminator.parameters()]
    for found, expected in zip(seen, wanted, strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("on_real", [True, False])
def test_the_discriminator_sees_real_rows_if_asked(on_real):
    game, x, labels = prepared(discriminator_on_real=on_real)
    x = x.clone().requires_grad_()
    game.encode = lambda rows: (torch.zeros(16, 3), torch.zeros(16, 3))
    loss = losses_of(game, x, labels)["discriminator"]
    (found,) = torch.autograd.grad(loss, x, allow_unused=True)
    assert (found is not None and found.abs().sum() > 0) == on_real


def test_the_losses_are_those_of_the_paper_by_hand():
    game, x, labels = prepared(decoder_variance=1.0)
    torch.manual_seed(0)
    noise = torch.randn(16, 3)
    z_prior = game.prior.means[labels] + torch.randn(16, 3)
    mean, log_variance = game.encode(x)
    x_rec = game.decoder(mean + (log_variance / 2).exp() * noise)
    x_prior = game.decoder(z_prior)
    features, head = game.discriminator
    element = 0.5 * (x - x_rec).square().sum(1).mean()
    divergence = gaussian_divergence(mean, log_variance, game.prior.means[labels]).mean()
    feature = 0.5 * (features(x) - features(x_rec)).square().mean(1).mean()
    adversarial = sum(cross_entropy(game.logits(rows), labels) for rows in (x_rec, x_prior))
    game.quotas = [0, 0, 0]  # no draw for the pool
    found = losses_of(game, x, labels)
    torch.testing.assert_close(found["recognition"], element + divergence + feature)
    torch.testing.assert_close(found["decoder"], element + feature + 0.1 * adversarial)
    expected = adversarial + cross_entropy(head(features(x)), labels)
    torch.testing.assert_close(found["discriminator"], expected)


def test_other_players_see_hardened_rows_and_the_autoencoders_loss_soft_ones():
    game = dvaan.DVAANGame(
        shape=(5,), counts=(60, 20), deficits=(0, 40), spans=[(2, 5)], levels=[(0, 2)],
        batch_size=16, **helpers.DVAAN,
    )  # fmt: skip
    x = torch.randn(80, 5)
    x[:, 0] = (x[:, 0] > 0).float()
    x[:, 2:] = torch.eye(3)[torch.randint(3, (80,))]
    game.prepare(x, torch.arange(80) // 60)
    seen = []
    game.discriminator[0].register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    list(game.turns(x[:16], torch.zeros(16, dtype=torch.long)))
    (rows,) = seen
    assert len(rows) == 64
    hard = rows[16:48].detach()  # reconstructions and prior draws
    assert torch.allclose(hard[:, 2:], hard[:, 2:].round(), atol=1e-6)
    assert torch.allclose(hard[:, 2:].sum(1), torch.ones(32))
    assert torch.allclose(hard[:, 0], hard[:, 0].round(), atol=1e-6)
    assert not torch.allclose(hard[:, 1], hard[:, 1].round(), atol=1e-2)


def test_log_variances_are_clamped():
    game, x, _ = prepared()
    nn.init.constant_(game.recognition[-1].bias, 1e3)
    assert game.encode(x)[1].max() == 10
    nn.init.constant_(game.recognition[-1].bias, -1e3)
    assert game.encode(x)[1].min() == -10


def test_what_is_done_between_rounds_leaves_the_players_alone():
    """Batch norm's statistics among them."""
    net = make_net("dvaan-images", own={"boundary_share": 0.5}).initialize()
    game, rows = net.module_, rows_of("dvaan-images")
    game.prepare(*rows)
    game.train()
    game.rounds_planned = 10
    game.begin_epoch(*rows)
    game.rounds_played = 5
    before = {k: v.clone() for k, v in game.named_buffers() if "." in k}
    assert before
    game.begin_epoch(*rows)
    game.finish(*rows)
    game.sample(torch.tensor([1, 2, 1]))
    game.diagnose()
    assert all(torch.equal(before[k], v) for k, v in game.named_buffers() if "." in k)
    assert all(module.training for module in game.modules())


def test_confusion_is_learnt_before_each_epoch_with_a_pool_and_at_the_end(monkeypatch):
    seen = []
    monkeypatch.setattr(
        dvaan.DVAANGame, "learn_confusion", lambda self, x, y: seen.append(self.rounds_played)
    )
    make_net("dvaan", max_iter=100, batch_size=88).fit(*rows_of("dvaan"))
    assert seen == [20, 70, 100]


def test_the_optimizers_are_the_methods_own():
    net = DVAANClassifier(**QUICK).fit(X, y).net_
    for optimizer in net.optimizers().values():
        assert optimizer.param_groups[0]["betas"] == (0.5, 0.999)


@pytest.mark.parametrize(("end", "told"), [(0.25, "coincide"), (6.0, "far from both")])
def test_mu_at_its_bound_is_told(monkeypatch, end, told):
    monkeypatch.setattr(
        dvaan.DVAANGame, "finish", lambda self, x, y: self.prior.mu.fill_(end) and None
    )
    with pytest.warns(BoundaryWarning, match=f"mu ended at its bound {end}.*{told}"):
        DVAANClassifier(**QUICK).fit(X, y)


def test_the_printed_adversarial_loss_is_unbounded_below():
    """Why ``log(1 - y tanh(r / 2))`` is no setting: it pulls hardest where all is well."""
    r = torch.linspace(-40, 40, 81, requires_grad=True)
    literal = np.log(2) - softplus(r)  # of a row with y = 1, in its stable form
    assert literal[-1] < -38
    literal.sum().backward()
    assert r.grad[-1].item() == pytest.approx(-1)  # on the right side already
    assert r.grad[0].item() == pytest.approx(0)  # on the wrong side
    assert torch.log(1 - torch.tanh(r / 2)).isinf().any()  # float32 cannot even say it


def test_the_decoders_variance_is_the_usual_error_or_as_given():
    game, x, labels = prepared()
    list(game.turns(x, labels))
    assert game.law.variance > 0
    expected = 0.5 * x[0].numel()  # the first error over itself
    game_one, *_ = prepared(decoder_variance=1.0)
    assert game_one.law.variance == 1
    list(game_one.turns(x, labels))
    assert game_one.law.variance == 1
    weights = {"feature_weight": 0.0, "classification_weight": 0.0}
    fresh, *_ = prepared(**weights)
    assert losses_of(fresh, x, labels)["decoder"].item() == pytest.approx(expected, rel=1e-4)


# ---- mu -----------------------------------------------------------------------------------------


def move(prior, feature, adversarial, *, rests=False):
    prior.move(torch.tensor(feature), torch.tensor(adversarial), 1.0, rests=rests)


def test_mu_rises_where_classifying_is_harder_than_usual_and_falls_where_rebuilding_is():
    for losses, rises in (((1.0, 5.0), True), ((5.0, 1.0), False)):
        game = make_game("dvaan")
        move(game.prior, 1.0, 1.0)
        before = game.prior.mu.item()
        move(game.prior, *losses)
        assert (game.prior.mu.item() > before) == rises


@pytest.mark.parametrize(
    "losses", [(1e6, 1e-6), (1e-6, 1e6), (-1e6, 1.0), (1.0, -1e6), (0.0, 0.0)]
)
def test_mu_keeps_to_its_bounds(losses):
    game = make_game("dvaan")
    for _ in range(50):
        move(game.prior, 1.0, 1.0)
    for _ in range(2000):
        move(game.prior, *losses)
        assert MU_MIN <= game.prior.mu.item() <= MU_MAX


@pytest.mark.parametrize("bad", [float("inf"), float("-inf"), float("nan")])
def test_losses_that_are_not_finite_do_not_move_mu(bad):
    game = make_game("dvaan")
    move(game.prior, 1.0, 2.0)
    before = game.prior.mu.item(), game.prior.usual_losses.tolist()
    move(game.prior, bad, 1.0)
    move(game.prior, 1.0, bad)
    assert (game.prior.mu.item(), game.prior.usual_losses.tolist()) == before


def test_mu_rests_in_the_warm_up_and_moves_after_it():
    game = fitted(rounds=100).module_
    assert game.warm_up_ends == 20
    assert game.prior.mu.item() != 3.0
    path = []
    game = make_game("dvaan")
    for rests in (True, False):
        move(game.prior, 1.0, 1.0, rests=rests)
        move(game.prior, 9.0, 1.0, rests=rests)
        path.append(game.prior.mu.item())
    assert path[0] == 3.0 > path[1]


def test_dvaan_mu_leaves_mu_at_3_exactly_and_the_history_has_its_path():
    fixed = DVAANClassifier(adapt_mu=False, **QUICK).fit(X, y)
    assert fixed.mu_ == 3.0
    moved = DVAANClassifier(**SMALL, max_iter=200).fit(X, y)
    path = [row["mu"] for row in moved.history_]
    assert len(path) == 5  # epochs of 50 rounds after a warm-up of 40
    assert path[-1] == moved.mu_ != 3.0
    assert all(MU_MIN <= value <= MU_MAX for value in path)


# ---- the pool -----------------------------------------------------------------------------------


def test_the_pool_holds_what_is_lacking_and_is_drawn_with_its_share():
    game, *_ = prepared(counts=(60, 20, 8))
    assert game.quotas == [0, 40, 52]
    assert game.full_share == pytest.approx(92 / (88 + 92))
    x, labels = rows_of("dvaan")
    same_x, same_y = game.draw_from_pool(x, labels)
    assert torch.equal(same_x, x)
    assert torch.equal(same_y, labels)
    torch.manual_seed(0)
    game.fill_pool()
    assert torch.bincount(game.pool_labels).tolist() == [0, 40, 52]
    big_x, big_y = x.repeat(50, 1), labels.repeat(50)
    mixed_x, mixed_y = game.draw_from_pool(big_x, big_y)
    replaced = (mixed_x != big_x).any(1)
    assert replaced.float().mean().item() == pytest.approx(92 / 180, abs=0.03)
    assert set(mixed_y[replaced].tolist()) == {1, 2}
    held = {tuple(row) for row in game.pool.tolist()}
    assert {tuple(row) for row in mixed_x[replaced].tolist()} <= held


def test_the_literal_pool_is_symmetric():
    game, *_ = prepared("dvaan-literal", counts=(60, 20))
    assert game.quotas == [20, 20]


@pytest.mark.parametrize("who", ["discriminator", "all"])
def test_who_learns_from_the_pool(who):
    """Its rows are moved: whose losses change?"""
    game, x, labels = prepared(pool_trains=who, decoder_variance=1.0)
    game.feature_weight = 0.0  # L_fea sees Dis, whose batch is one
    game.pool_share.fill_(1.0)
    game.pool.normal_()
    before = losses_of(game, x, labels)
    game.pool += 1
    after = losses_of(game, x, labels)
    assert after["discriminator"] != before["discriminator"]
    changed = {move for move in before if after[move] != before[move]}
    assert changed == {"discriminator"} | (set(game.moves) if who == "all" else set())


def test_more_rows_than_would_balance_are_not_learnt_from():
    asked = dvaan.DVAANGame(
        shape=(4,), counts=(60, 20), deficits=(0, 5000), spans=(), levels=(), batch_size=16,
        **helpers.DVAAN,
    )  # fmt: skip
    assert asked.quotas == [0, 40]


def test_a_pool_of_large_rows_is_kept_small(monkeypatch):
    monkeypatch.setattr(dvaan, "POOL_NUMBERS", 48)
    assert make_game("dvaan", counts=(60, 20)).quotas == [0, 12]  # of 4 numbers each


def test_the_pool_is_there_from_the_end_of_the_warm_up_on_however_long_an_epoch_is():
    clf = DVAANClassifier(**SMALL, max_iter=40).fit(X, y)  # less than one epoch
    assert [row["rounds"] for row in clf.history_] == [8, 40]
    assert clf.game_.pool_share.item() == pytest.approx(60 / 160)


def test_a_large_pool_is_kept_in_part_and_counts_in_full(monkeypatch):
    monkeypatch.setattr(dvaan, "POOL_ROWS", 10)
    game = make_game("dvaan", counts=(60, 20))
    assert game.quotas == [0, 10]
    assert game.full_share == pytest.approx(40 / 120)


def test_dvaan_a_never_draws_near_the_boundary(monkeypatch):
    def refuse(*args):
        raise AssertionError("the augmenter was called")

    monkeypatch.setattr(dvaan.DVAANGame, "fill_pool", refuse)
    monkeypatch.setattr(dvaan.DVAANGame, "boundary_rows", refuse)
    clf = DVAANClassifier(augment=None, **SMALL, max_iter=120)
    monkeypatch.setattr(dvaan.DVAANGame, "diagnose", lambda self: {})
    clf.fit(X, y)
    assert clf.game_.pool_share == 0


def test_the_pool_is_built_after_the_warm_up_anew_each_epoch():
    game, *_ = prepared(counts=(80, 20))
    rows = rows_of("dvaan", (80, 20))
    game.rounds_planned = 100
    game.begin_epoch(*rows)
    assert game.pool_share == 0
    game.rounds_played = 19
    game.begin_epoch(*rows)
    assert game.pool_share == 0
    game.rounds_played = 20
    game.begin_epoch(*rows)
    first = game.pool.clone()
    assert game.pool_share.item() == pytest.approx(60 / 160)
    game.begin_epoch(*rows)
    assert not torch.equal(first, game.pool)


def test_pool_and_mu_survive_pickling_and_go_on_without_another_warm_up():
    clf = DVAANClassifier(**SMALL, max_iter=100, warm_start=True).fit(X, y)
    again = pickle.loads(pickle.dumps(clf))
    state = again.game_.state_dict()
    for name in ("pool", "pool_share", "prior.mu", "prior.usual_losses", "law.variance"):
        assert torch.equal(state[name], clf.game_.get_buffer(name)), name
    assert again.game_.warm_up_ends == 20
    before = again.mu_
    seen = []
    turns = again.game_.turns
    again.game_.turns = lambda *batch: seen.append(again.game_.pool_share.item()) or turns(*batch)
    again.net_.module_.turns = again.game_.turns
    again.set_params(max_iter=60).fit(X, y)
    assert again.n_iter_ == 160
    assert min(seen) == pytest.approx(60 / 160)  # the pool was there from the first round on
    assert again.mu_ != before
    state = clf.game_.state_dict()
    other = copy.deepcopy(clf.game_)
    other.set_extra_state(other.get_extra_state() | {"warm_up_ends": 0})
    other.pool.zero_()
    other.load_state_dict(state)
    assert other.warm_up_ends == 20
    assert torch.equal(other.pool, clf.game_.pool)


# ---- how far rows are from the decoder's means --------------------------------------------------


def scattering(shape=(4,), spans=(), **own):
    return dvaan.DVAANGame(
        shape=shape, counts=(60, 20), deficits=(0, 40), spans=spans, levels=(), batch_size=16,
        **(helpers.DVAAN | own),
    )  # fmt: skip


def test_rows_have_the_spread_of_their_class_around_the_decoders_means():
    game = scattering(mu=6.0)
    game.law.most.fill_(100.0)
    errors = torch.tensor([[1.0, 4.0, 9.0, 0.25], [0.01, 0.04, 0.0, 1.0]])
    labels = torch.tensor([0, 0, 0, 1])
    for _ in range(3):  # a mean of squares, whatever the class's share of the batch
        game.law.learn(errors[labels], labels)
    torch.manual_seed(0)
    soft = torch.randn(2, 1, 4).expand(2, 20_000, 4)
    for code in (0, 1):
        z = game.prior.means[code].expand(20_000, -1)
        moved = game.scatter(soft[code], z) - soft[code]
        torch.testing.assert_close(moved.std(0), errors[code].sqrt(), rtol=0.03, atol=1e-4)
        torch.testing.assert_close(moved.mean(0), torch.zeros(4), rtol=0, atol=0.08)
    middle = torch.zeros(20_000, 3)  # as near to both
    moved = game.scatter(soft[0], middle) - soft[0]
    torch.testing.assert_close(moved.var(0), errors.mean(0), rtol=0.06, atol=0.01)


def test_categories_are_not_scattered_and_nothing_is_before_the_first_round():
    game = scattering((5,), [(2, 5)])
    soft, z = torch.rand(50, 5), game.prior.means[torch.ones(50, dtype=torch.long)]
    assert torch.equal(game.scatter(soft, z), soft)
    game.law.most.fill_(100.0)
    game.law.learn(torch.ones(2, 5), torch.tensor([0, 1]))
    moved = game.scatter(soft, z) != soft
    assert moved[:, :2].all()
    assert not moved[:, 2:].any()


@pytest.mark.parametrize(
    ("shape", "own"), [((4,), {"decoder_variance": 1.0}), ((1, 4, 4), {"latent_dim": 8})]
)
def test_pixels_and_rows_of_a_given_variance_stay_with_the_decoders_means(shape, own):
    game = scattering(shape, **own).eval()
    game.law.learn(torch.ones(2, *shape), torch.tensor([0, 1]))
    z = game.prior.draw(torch.tensor([0, 1, 1]))
    assert torch.equal(game.draw_rows(z), game.decode(z))


def test_rows_are_scattered_no_further_than_real_rows_from_the_mean_of_their_class():
    game, (x, labels) = scattering(), rows_of("dvaan", (60, 20))
    game.prepare(x, labels)
    game.law.squares.fill_(1e4)
    game.law.seen.fill_(1.0)
    for code in (0, 1):
        of_class = torch.eye(2)[code].expand(20_000, 2)
        moved = game.law(torch.zeros(20_000, 4), of_class)
        own = x[labels == code].std(0, correction=0)
        torch.testing.assert_close(moved.std(0), own, rtol=0.03, atol=0)


def test_generated_rows_are_scattered():
    sampler = DVAANSampler(**QUICK).fit(X, y)
    assert (sampler.game_.law.squares > 0).all()
    scattered = sampler.sample([1] * 200)
    sampler.game_.law.squares.zero_()
    means = sampler.sample([1] * 200)
    assert (scattered.std(axis=0) > means.std(axis=0)).all()


def test_dis_and_the_pool_see_scattered_rows():
    game, (x, labels) = scattering(), rows_of("dvaan", (60, 20))
    game.prepare(x, labels)
    game.law.squares.fill_(1e4)
    game.law.seen.fill_(1.0)
    game.law.most.fill_(1e4)
    seen = []
    game.discriminator[0].register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    next(iter(game.turns(x[:16], labels[:16])))
    assert (seen[0][16:48].abs().amax(1) > 20).float().mean() > 0.9  # rebuilt, and of the prior
    assert (seen[0][:16].abs() < 20).all()
    game.fill_pool()
    assert (game.pool.abs().amax(1) > 20).float().mean() > 0.9


# ---- generated rows -----------------------------------------------------------------------------


def test_both_labels_agree_on_every_row_that_is_kept():
    game = fitted().module_
    torch.manual_seed(0)
    with torch.no_grad():
        rows = game.boundary_rows(1, 200, 50)
    assert game.failures == {}
    assert len(rows) == 200
    assert (game.logits(rows).argmax(dim=1) == 1).all()


def reluctant(game, share):
    """Let Dis take only a share of all rows for class 1."""
    game.agrees = lambda x, code: torch.rand(len(x)) < share
    return game


@pytest.mark.parametrize("share", [0.0, 0.005])
def test_the_cap_ends_the_search_and_the_prior_fills_up(share):
    game = reluctant(fitted().module_, share)
    torch.manual_seed(0)
    with torch.no_grad():
        rows = game.boundary_rows(1, 100, 50)
    assert len(rows) == 100
    assert rows.isfinite().all()
    kept, tried = game.failures[1]
    assert kept / tried == pytest.approx(share, abs=0.004)
    assert tried == (500 if share == 0 else 5000)


def test_the_prior_gives_first_what_the_discriminator_takes_for_the_class():
    game = fitted().module_
    torch.manual_seed(0)
    with torch.no_grad():
        usual = game.decode(game.prior.draw(torch.ones(500, dtype=torch.long)))[:, 0].median()
    game.agrees = lambda x, code: x[:, 0] > usual
    seen = []
    game.draw_rows = lambda z: seen.append(len(z)) or game.decode(z)
    game.chunk_rows = 40
    with torch.no_grad():
        few = game.prior_rows(1, 25)
    assert len(few) == 25
    assert (few[:, 0] > usual).all()
    assert seen == [40, 40, 20]  # four candidates each, within the bound of memory


def test_a_low_acceptance_is_told_with_its_rate():
    sampler = DVAANSampler(**QUICK)
    sampler.fit(X, y)
    reluctant(sampler.game_, 0.0)
    with pytest.warns(BoundaryWarning, match=r"fewer than 1 in 50.*\(1: 0\).*boundary_share"):
        rows = sampler.sample([1] * 20)
    assert np.isfinite(rows).all()
    del sampler.game_.agrees
    with warnings.catch_warnings():
        warnings.simplefilter("error", BoundaryWarning)
        sampler.sample([1] * 20)


def test_a_fit_warns_of_low_acceptance(monkeypatch):
    monkeypatch.setattr(dvaan.DVAANGame, "agrees", lambda self, x, code: torch.zeros(len(x)) > 0)
    with pytest.warns(BoundaryWarning, match="taken for that class") as seen:
        clf = DVAANClassifier(**QUICK).fit(X, y)
    assert clf.acceptance_ == {1: 0.0}
    assert "boundary_share" not in str(seen[0].message)  # which a classifier does not have
    with warnings.catch_warnings():
        warnings.simplefilter("error", BoundaryWarning)
        DVAANClassifier(augment=None, **QUICK).fit(X, y)  # wants no such rows


def test_mix_takes_a_share_from_the_prior():
    game = fitted().module_
    game.boundary_rows = lambda code, n, tries: torch.full((n, 4), 99.0)
    torch.manual_seed(0)
    for share in (0.0, 0.5, 1.0):
        game.boundary_share = share
        near = (game.sample(torch.ones(400, dtype=torch.long)) == 99).all(1)
        assert near.float().mean().item() == pytest.approx(share, abs=0.1)
        if share == 0.5:  # and they come in no order
            assert near[:200].float().mean().item() == pytest.approx(0.5, abs=0.15)


def test_mix_may_change_after_the_fit():
    sampler = DVAANSampler(**SMALL, max_iter=100, warm_start=True).fit(X, y)
    near = sampler.sample([1] * 50, random_state=0)
    assert not np.array_equal(
        near, sampler.set_params(boundary_share=0.0).sample([1] * 50, random_state=0)
    )
    sampler.set_params(boundary_share=0.5).fit(X, y)
    assert sampler.game_.boundary_share == 0.5


def test_a_class_of_one_row_is_repeated_without_a_search(monkeypatch):
    one = np.r_[np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:1]]
    sampler = DVAANSampler(**QUICK).fit(X[one], y[one])
    monkeypatch.setattr(dvaan.DVAANGame, "boundary_rows", None)
    assert (sampler.sample([1, 1]) == X[one[-1]]).all()


BRISK = {"hidden_layer_sizes": (32,), "learning_rate": 3e-3}  # learns in few rounds


def place(rows, X, y):
    """Where rows lie on the line from the mean of class 0 (at 0) to that of class 1 (at 1)."""
    zero, one = X[y == 0].mean(0), X[y == 1].mean(0)
    return (rows - zero) @ (one - zero) / ((one - zero) @ (one - zero))


def test_rows_of_two_blobs_lie_between_the_classes_nearer_their_own():
    X, y = blobs((200, 30), n_features=2, distance=4.0)
    sampler = DVAANSampler(**BRISK, max_iter=250, random_state=0).fit(X, y)
    near = place(sampler.sample([1] * 300), X, y)
    assert ((near > -0.1) & (near < 1.3)).mean() > 0.9
    assert (near > 0.5).mean() > 0.55  # .79 +- .07 of five seeds
    assert 0.5 < np.median(near) < 1.05
    sampler.set_params(boundary_share=0.0)
    own = place(sampler.sample([1] * 300), X, y)
    assert np.median(near) < np.median(own)
    assert (own > 0.5).mean() > 0.8  # .94 +- .02


@pytest.mark.slow
def test_an_autoencoder_that_learns_from_its_own_rows_leaves_its_class():
    """The paper's arrangement; why ``pool_trains`` has another default."""
    X, y = blobs((300, 30), n_features=2, distance=4.0)
    own = {}
    for who in ("discriminator", "all"):
        sampler = DVAANSampler(pool_trains=who, max_iter=600, random_state=0).fit(X, y)
        sampler.set_params(boundary_share=0.0)
        own[who] = np.median(place(sampler.sample([1] * 300), X, y))
    assert own["discriminator"] > 0.8
    assert own["all"] < 0.6


@pytest.mark.slow
def test_a_unit_variance_shrinks_what_the_decoder_makes():
    """The paper's loss on standardised columns; why ``decoder_variance`` has another default."""
    X, y = make_classification(
        800, 10, n_informative=6, weights=[0.9], flip_y=0, class_sep=0.8, random_state=0
    )
    spread = {
        variance: DVAANSampler(
            decoder_variance=variance, boundary_share=0.0, max_iter=600, random_state=0
        )
        .fit(X, y)
        .std_ratio_[1]
        for variance in (1.0, "adapt")
    }
    assert spread["adapt"] > 1.15 * spread[1.0]  # 1.28 to 1.43 times


def test_classes_too_narrow_for_the_game_are_told():
    y = np.repeat(["common", "rare"], [40, 10])
    for width, narrow in ((0.3, False), (0.001, True)):
        X = np.random.default_rng(0).normal(y[:, None] == "rare", width, size=(50, 2))
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always", ScatterWarning)
            sampler = DVAANSampler(max_iter=20, random_state=0).fit(X, y)
        assert (sampler.std_ratio_["rare"] > 10) == narrow
        told = [str(each.message)[:50] for each in seen]
        assert told == ["the generated rows of class 'rare' lie far off: st"] * narrow


def test_a_separable_toy_is_learnt_and_laid_out_along_the_means():
    X_all, y_all = blobs((300, 60), distance=3.0)
    clf = DVAANClassifier(**BRISK, max_iter=150, random_state=0).fit(X_all[::2], y_all[::2])
    P = clf.predict_proba(X_all[1::2])[:, 1]
    assert roc_auc_score(y_all[1::2], P) > 0.95
    game = clf.game_
    rows = torch.as_tensor(clf.encoder_.transform(X_all[1::2]), dtype=torch.float32)
    with torch.no_grad():
        mean, _ = game.encode(rows)
    along = (mean @ game.prior.directions[1]).numpy()
    assert along[y_all[1::2] == 1].mean() > 0 > along[y_all[1::2] == 0].mean()


def test_categories_come_out_hard_for_the_discriminator_and_soft_for_the_loss():
    rng = np.random.default_rng(0)
    table = np.c_[rng.normal(size=100), rng.integers(0, 3, 100)]
    encoder = TableEncoder(categorical_features=[1])
    sampler = DVAANSampler(encoder=encoder, **QUICK).fit(table, np.arange(100) < 20)
    game = sampler.game_
    z = torch.randn(10, 16)
    soft = game.decoder(z)[:, 1:].detach()
    assert soft.sum(1).tolist() == pytest.approx([1] * 10, abs=1e-5)
    assert (soft < 1).all()
    assert set(game.decode(z)[:, 1:].detach().flatten().tolist()) <= {0.0, 1.0}


# ---- arguments ----------------------------------------------------------------------------------


def test_paper_settings_are_arguments_and_play():
    sampler = DVAANSampler(**PAPER_SETTINGS, **QUICK).fit(X, y)
    game = sampler.game_
    assert game.quotas == [30, 30]
    assert not game.discriminator_on_real
    assert game.law.variance == 1


def test_the_papers_networks_for_images():
    nets = ImageNets(1.0)
    sizes = [tuple(p.shape) for p in nets.recognition((1, 28, 28), 128).parameters() if p.ndim > 1]
    kernels = [(64, 1, 5, 5), (92, 64, 5, 5), (128, 92, 3, 3), (256, 128, 3, 3)]
    assert sizes == [*kernels, (128, 256 * 4)]
    sizes = [tuple(p.shape) for p in nets.features((3, 32, 32), 0).parameters() if p.ndim > 1]
    assert sizes == [(32, 3, 5, 5), (128, 32, 5, 5), (192, 128, 5, 5), (256, 192, 5, 5)]
    sizes = [tuple(p.shape) for p in nets.decoder(64, (1, 28, 28)).parameters() if p.ndim == 4]
    assert sizes == [(128, 256, 3, 3), (92, 128, 3, 3), (64, 92, 5, 5), (1, 64, 5, 5)]
    quarter = ImageNets(0.25).recognition((1, 28, 28), 8)[0]
    assert quarter[0].out_channels == 16
    first = nets.features((3, 32, 32), 0)[:2]
    assert [type(layer) for layer in first] == [nn.Conv2d, nn.ReLU]


def test_the_discriminator_of_a_table_is_half_as_wide():
    nets = TableNets((256, 128))
    widths = [p.shape[0] for p in nets.features(7, nets.n_hidden).parameters() if p.ndim == 2]
    assert widths == [128, 64]


def build_recognition(n_in, n_out):
    return nn.Linear(n_in, n_out)


def build_decoder(n_in, n_out):
    return nn.Linear(n_in, n_out)


def build_features(n_in, n_out):
    return nn.Sequential(nn.Linear(n_in, 5), nn.Tanh())


def test_networks_of_ones_own():
    own = {
        "recognition": build_recognition,
        "decoder": build_decoder,
        "feature_extractor": build_features,
    }
    sampler = DVAANSampler(latent_dim=2, **own, **QUICK).fit(X, y)
    assert isinstance(sampler.game_.recognition, nn.Linear)
    assert sampler.game_.discriminator[1].in_features == 5
    pickle.loads(pickle.dumps(sampler)).sample([1])
    start = nn.Linear(4, 4)
    weights = copy.deepcopy(start.state_dict())
    DVAANClassifier(recognition=start, latent_dim=2, **QUICK).fit(X, y)
    assert all(torch.equal(weights[key], value) for key, value in start.state_dict().items())


def test_mu_out_of_its_bounds_is_refused_also_where_nothing_is_learnt():
    with pytest.raises(ValueError, match=r"mu=9\.0 must be between"):
        DVAANSampler(mu=9.0).fit(X[:40], np.arange(40) % 2)


def test_an_unknown_move_in_net_params_is_told_with_the_known_ones():
    told = "a move 'generator', but DVAANSampler has the moves recognition, decoder, discriminator"
    with pytest.raises(ValueError, match=told):
        DVAANSampler(**QUICK, net_params={"generator_optimizer__lr": 1.0}).fit(X, y)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"latent_dim": 1}, "room for the means of 2 classes, but y has 3.*at least 2"),
        ({"mu": 9.0}, "mu=9.0 must be between 0.25 and 6"),
        ({"recognition": nn.Linear(4, 3)}, "recognition must give 32 numbers"),
        ({"decoder": nn.Linear(16, 3)}, r"decoder must turn inputs of shape \(16,\) into rows"),
        ({"decoder": nn.Linear(3, 4)}, "decoder cannot take rows of shape"),
        ({"feature_extractor": nn.Linear(9, 3)}, "feature_extractor cannot take rows"),
        ({"boundary_share": 1.5}, "'boundary_share' parameter"),
        ({"mean_direction": "both"}, "'mean_direction' parameter"),
        ({"augment": "majority"}, "'augment' parameter"),
        ({"decoder_variance": 0}, "'decoder_variance' parameter"),
        ({"decoder_variance": "learned"}, "'decoder_variance' parameter"),
        ({"width_multiplier": 0}, "'width_multiplier' parameter"),
    ],
)
def test_wrong_arguments_are_refused_before_training(wrong, told):
    with pytest.raises(ValueError, match=told):
        DVAANSampler(**(QUICK | wrong)).fit(*blobs())


def test_a_fixed_mu_may_be_anything_from_0_on():
    assert DVAANSampler(mu=0.0, adapt_mu=False, **QUICK).fit(X, y).mu_ == 0
    assert DVAANSampler(mu=9.0, adapt_mu=False, **QUICK).fit(X, y).mu_ == 9


def test_losses_that_stay_non_finite_end_the_fit():
    from gan_resample import DivergenceError, DivergenceWarning

    sampler = DVAANSampler(**(QUICK | {"learning_rate": 1e30, "max_iter": 120}))
    with pytest.warns(DivergenceWarning), pytest.raises(DivergenceError, match="learning_rate"):
        sampler.fit(X, y)


def test_the_discriminator_learns_at_a_fifth_of_the_rate():
    def rates(**params):
        net = DVAANClassifier(**(QUICK | params)).fit(X, y).net_
        return {m: o.param_groups[0]["lr"] for m, o in net.optimizers().items()}

    assert rates(learning_rate=1e-3) == pytest.approx(
        {"recognition": 1e-3, "decoder": 1e-3, "discriminator": 2e-4}
    )
    own = {"discriminator_optimizer__lr": 5e-3, "optimizer": torch.optim.SGD}
    assert rates(net_params=own)["discriminator"] == 5e-3
    assert rates(net_params={"optimizer": torch.optim.SGD})["discriminator"] == pytest.approx(2e-3)


# ---- images -------------------------------------------------------------------------------------


def test_images_come_back_as_images():
    images, labels = digit_images((40, 15))
    sampler = DVAANSampler(**QUICK)
    X_new, _ = sampler.fit_resample(images, labels)
    assert X_new.shape == (80, 1, 8, 8)
    assert X_new.dtype == np.uint8
    assert np.array_equal(X_new[:55], images)
    clf = DVAANClassifier(**QUICK).fit(images, labels)
    assert clf.predict_proba(images[:3]).shape == (3, 2)


def test_balanced_data_are_learnt_from_as_they_are():
    X_even, y_even = blobs((30, 30))
    clf = DVAANClassifier(**SMALL, max_iter=60).fit(X_even, y_even)
    assert clf.game_.quotas == [0, 0]
    assert clf.score(X_even, y_even) > 0.9
    sampler = DVAANSampler(**QUICK).fit(X_even, y_even)
    assert sampler.net_ is None
    assert sampler.mu_ == 3.0
    assert sampler.acceptance_ == {}


def test_a_frozen_feature_extractor_stays_as_it_was_and_the_last_layer_learns():
    body = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh())
    before = copy.deepcopy(body.state_dict())
    clf = DVAANClassifier(**QUICK, feature_extractor=body, freeze="all").fit(X, y)
    frozen, last = clf.game_.discriminator
    assert all(torch.equal(value, before[k]) for k, value in frozen.module.state_dict().items())
    assert [p.requires_grad for p in last.parameters()] == [True, True]
    with pytest.raises(ValueError, match="there is none: hand over a module"):
        DVAANSampler(freeze=1).fit(X, y)


def test_rows_near_a_boundary_need_few_batches_however_few_pass(monkeypatch):
    game = make_game("dvaan")
    batches = []

    def one_in_twenty(x, code):
        batches.append(len(x))
        return torch.arange(len(x)) % 20 == 0

    monkeypatch.setattr(game, "agrees", one_in_twenty)
    with torch.no_grad():
        rows = game.boundary_rows(1, 100, 100)
    assert (len(rows), dict(game.failures)) == (100, {})
    assert len(batches) <= 5
    assert 2000 - 20 < sum(batches) < 1.2 * 2000  # no more candidates than are needed


def test_rows_of_each_class():
    y = torch.tensor([2, 0, 2, 1, 0])
    assert [own.tolist() for own in dvaan.rows_by_class(y, 4)] == [[1, 4], [3], [0, 2], []]
