"""What CycleGAN and its joint classifier claim beyond the laws: losses, phases, pools, sources."""

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from torch import nn

from gan_resample import (
    CollapseWarning,
    CycleGANClassifier,
    CycleGANSampler,
    TableEncoder,
    TinyClassWarning,
)
from gan_resample.cyclegan import PAPER_SETTINGS
from gan_resample.cyclegan.translation import HistoryPool, Pair, choose_pairs, compare_rows
from gan_resample.engine.seeding import random_stream, seeded
from tests.helpers import (
    QUICK,
    SMALL,
    blobs,
    digit_images,
    make_game,
    make_net,
    mixed_frame,
    rows_of,
    wanted_labels,
)

CPU = torch.device("cpu")
X, y = blobs((80, 20), distance=4.0)
CLASSES = torch.arange(2)


class Identity(nn.Module):
    """A translator that changes nothing, with a parameter so that it can be a player."""

    def __init__(self, n_in=None, n_out=None):
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return x + 0 * self.unused


class First(nn.Module):
    def forward(self, x):
        return x[:1]


class Mean(nn.Module):
    def forward(self, x):
        return x.mean()


class Shift(nn.Module):
    def __init__(self, n_in=None, n_out=None):
        super().__init__()
        self.shift = nn.Parameter(torch.ones(()))

    def forward(self, x):
        return x + self.shift


def batch_of(name, counts=(60, 20), n=8):
    """``n`` rows of each class, in the order of the classes."""
    x, labels = rows_of(name, counts)
    rows = torch.cat([x[labels == code][:n] for code in range(len(counts))])
    return rows, torch.arange(len(counts)).repeat_interleave(n)


def losses_of(game, x, labels, seed=0):
    """The losses of one round, nobody moving."""
    torch.manual_seed(seed)
    return {move: loss for turn in game.turns(x, labels) for move, loss in turn.items()}


def gradient(loss, player):
    found = torch.autograd.grad(
        loss, list(player.parameters()), allow_unused=True, retain_graph=True
    )
    return [None if g is None else g.clone() for g in found]


def size_of(gradients):
    return sum(0.0 if g is None else g.abs().sum().item() for g in gradients)


# ---- the losses ---------------------------------------------------------------------------------


def test_identical_rows_have_no_distance_and_columns_weigh_the_same():
    game = make_game("cyclegan", (60, 20), n_features=5)
    x = torch.randn(2, 6, 5)
    assert game.distance(x, x).item() == 0
    # 2 numbers and a category of 3: a number off by one and a wrong category count the same
    game = make_game("cyclegan", (60, 20), n_features=5, translator=Identity)
    game._weigh_features([(2, 5)])
    row = torch.tensor([[[0.0, 0.0, 1.0, 0.0, 0.0]]])
    number = row + torch.tensor([1.0, 0, 0, 0, 0])
    category = torch.tensor([[[0.0, 0.0, 0.0, 1.0, 0.0]]])
    assert game.distance(number, row).item() == pytest.approx(1 / 3)
    assert game.distance(category, row).item() == pytest.approx(1 / 3)
    soft = torch.tensor([[[0.0, 0.0, 0.6, 0.3, 0.1]]])
    assert game.distance(soft, row).item() == pytest.approx(0.4 / 3)


def test_with_identity_translators_only_the_discriminators_count():
    game = make_game("cyclegan", (60, 20), translator=Identity, cycle_noise=0.0)
    x, labels = batch_of("cyclegan")
    found = losses_of(game, x, labels)["translators"]
    a, b = x[:8], x[8:]
    [(d_b, d_a)] = game.discriminators
    expected = game.disguise(d_b, a) + game.disguise(d_a, b)
    torch.testing.assert_close(found, expected)


def test_the_translators_loss_by_hand():
    """Both translators add 1: what comes back is off by 2, a row sent to its own class by 1."""
    game = make_game("cyclegan-literal", (60, 20), translator=Shift, pool_size=0)
    for discriminator in game.discriminators[0]:
        for parameter in discriminator.parameters():
            nn.init.zeros_(parameter)
    x, labels = batch_of("cyclegan-literal")
    found = losses_of(game, x, labels)
    # two discriminators that say 0: (0 - 1)^2 each; cycles 2 + 2; identities 1 + 1
    assert found["translators"].item() == pytest.approx(2 + 10 * 4 + 5 * 2)
    assert found["discriminators"].item() == pytest.approx(2 * (1 + 0) / 2)
    game = make_game("cyclegan", (60, 20), translator=Shift, pool_size=0)
    for discriminator in game.discriminators[0]:
        for parameter in discriminator.parameters():
            nn.init.zeros_(parameter)
    found = losses_of(game, x, labels)
    assert found["discriminators"].item() == pytest.approx(2 * np.log(2))


def test_noise_on_the_way_back_is_for_numeric_columns_of_tables_only():
    game = make_game("cyclegan", (60, 20), n_features=5)
    game._weigh_features([(3, 5)])
    x = torch.zeros(4000, 5)
    noisy = game.perturb(x)
    assert noisy[:, :3].std().item() == pytest.approx(0.05, rel=0.05)
    assert (noisy[:, 3:] == 0).all()
    images = make_game("cyclegan-images", (60, 20))
    pixels = torch.zeros(2, 1, 4, 4)
    assert images.perturb(pixels) is pixels
    off = make_game("cyclegan", (60, 20), cycle_noise=0.0)
    assert off.perturb(x) is x


def test_discriminators_see_categories_as_hard_as_real_ones():
    game = make_game("cyclegan", (60, 20), n_features=5, pool_size=0)
    game = type(game)(**settings_of("cyclegan", spans=((2, 5),)))
    seen = []
    game.disguise = lambda of, fake: seen.append(fake) or fake.sum() * 0
    x, labels = batch_of("cyclegan", n=8)
    x = torch.cat([x[:, :2], torch.eye(3)[torch.arange(16) % 3]], dim=1)
    game.prepare(x, labels)
    losses_of(game, x, labels)
    for fake in seen:
        assert set(fake[:, 2:].unique().tolist()) == {0.0, 1.0}
        assert (fake[:, 2:].sum(dim=1) == 1).all()


def settings_of(name, spans=(), counts=(60, 20), n_features=5):
    from tests.helpers import GAMES

    return GAMES[name][1] | {
        "shape": (n_features,),
        "counts": counts,
        "deficits": tuple(max(counts) - n for n in counts),
        "spans": spans,
        "levels": (),
        "batch_size": 16,
    }


class Fixed(nn.Module):
    """A classifier whose probability of class 1 is the row's first number."""

    def __init__(self, n_in=None, n_out=None):
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        z = x[:, :1].clamp(1e-6, 1 - 1e-6)
        return torch.cat([1 - z, z], dim=1).log() + 0 * self.unused


@pytest.mark.parametrize(
    ("gamma", "expected"), [(1.0, 0.733969 + 0.462035), (10.0, 0.780173), (1e9, 0.733969)]
)
def test_the_classifiers_loss_by_hand(gamma, expected):
    """z(b) = .8, z(G_AB(a)) = .6, z(a) = .3, z(G_BA(b)) = .1."""
    game = make_game("cyclegan-joint", (60, 20), classifier=Fixed, gamma=gamma)
    rows = torch.zeros(2, 1, 4)  # a and b
    rows[0, 0, 0], rows[1, 0, 0] = 0.3, 0.8
    fake_b, fake_a = torch.zeros(1, 4), torch.zeros(1, 4)
    fake_b[0, 0], fake_a[0, 0] = 0.6, 0.1
    found = game.class_loss(rows, torch.stack([fake_b, fake_a]))
    assert found.item() == pytest.approx(expected, abs=2e-6)


def test_gamma_as_a_ratio_weighs_classes_by_the_inverse_of_their_size():
    game = make_game("cyclegan-joint", (60, 20, 8), gamma="ratio")
    torch.testing.assert_close(game.class_weights, torch.tensor([8 / 60, 8 / 20, 1.0]))
    two = make_game("cyclegan-joint", (60, 20), gamma="ratio")
    same = make_game("cyclegan-joint", (60, 20), gamma=3.0)  # n_A / n_B
    torch.testing.assert_close(two.class_weights, same.class_weights)


def test_an_infinite_gamma_removes_the_large_class():
    game = make_game("cyclegan-joint", (60, 20), gamma=1e30)
    x, _ = batch_of("cyclegan-joint")
    rows = x.unflatten(0, (2, 8)).requires_grad_()
    fake = torch.randn(2, 8, 4, requires_grad=True)
    game.class_loss(rows, fake).backward()
    assert rows.grad[0].abs().max() < 1e-20
    assert fake.grad[1].abs().max() < 1e-20
    assert rows.grad[1].abs().max() > 1e-4


def test_every_class_weighs_the_same_however_many_pairs_there_are():
    """With the same loss everywhere, real and translated rows of a class add up to 2."""
    for counts in ((60, 20), (60, 20, 8), (60, 60, 8), (60, 20, 8, 4)):
        game = make_game("cyclegan-joint", counts)
        by_class = game.real_weights.clone()
        for at, pair in enumerate(game.pairs):
            by_class[pair.target] += game.class_weights[pair.target]
            by_class[list(pair.sources)] += game.back_weights[at] / len(game.pairs)
        torch.testing.assert_close(by_class, torch.full((len(counts),), 2.0))


def test_rows_turned_back_to_pooled_classes_may_be_any_of_them():
    game = make_game("cyclegan-joint", (60, 20, 8), source="larger")
    assert game.pairs == [Pair(1, (0,)), Pair(2, (0, 1))]
    logits = torch.tensor([0.5, 0.3, 0.2]).log().expand(4, 1, -1)
    first, second = -np.log(0.3) - np.log(0.2), -np.log(0.5) - np.log(0.8)
    assert game.pair_loss(logits).item() == pytest.approx(first + second, abs=1e-6)
    half = game.pair_loss(logits, share=0.5)
    assert half.item() == pytest.approx(first + second / 2, abs=1e-6)


def test_the_classifiers_loss_of_three_classes_by_hand():
    """As many rows of each class; class 1 is as large as class 0 and in no pair."""
    game = make_game("cyclegan-joint", (60, 60, 8), classifier=Three, gamma=2.0)
    assert game.pairs == [Pair(2, (0,))]
    found = game.class_loss(torch.zeros(3, 1, 4), torch.zeros(2, 1, 4))
    # real rows: the largest weigh 1/2, and twice that in no pair; then G_AB(a), G_BA(b)
    expected = -0.5 * np.log(0.5) - np.log(0.3) - np.log(0.2) - np.log(0.2) - 0.5 * np.log(0.5)
    assert found.item() == pytest.approx(expected, abs=1e-5)
    game = make_game("cyclegan-joint", (60, 20, 8), classifier=Three, gamma="ratio")
    found = game.class_loss(torch.zeros(3, 1, 4), torch.zeros(4, 1, 4))
    real = -8 / 60 * np.log(0.5) - 0.4 * np.log(0.3) - np.log(0.2)
    fake = -0.4 * np.log(0.3) - np.log(0.2) - 8 / 60 * np.log(0.5)
    assert found.item() == pytest.approx(real + fake, abs=1e-5)


class Three(Fixed):
    """A classifier that always says .5, .3, .2."""

    def forward(self, x):
        return torch.tensor([0.5, 0.3, 0.2]).log().expand(len(x), -1) + 0 * self.unused


def test_what_teaches_is_the_loss_of_translated_rows_as_what_they_are_to_be():
    game = make_game("cyclegan-alt", (60, 20, 8), classifier=Three, gamma=1.0)
    game.classifier_weight = 0.7
    expected = 0.7 * (-np.log(0.3) - np.log(0.2) - 2 * np.log(0.5))
    assert game.teach(torch.zeros(4, 5, 4)).item() == pytest.approx(expected, abs=1e-6)
    game = make_game("cyclegan-alt", (60, 20), classifier=Fixed, gamma=1.0)
    fake = torch.zeros(2, 1, 4)
    fake[0, 0, 0], fake[1, 0, 0] = 0.6, 0.1
    expected = -np.log(0.6) - np.log(0.9)
    assert game.teach(fake).item() == pytest.approx(expected, abs=1e-6)
    assert make_game("cyclegan-joint", (60, 20)).teach(fake) == 0


@pytest.mark.parametrize("source", ["largest", "larger"])
def test_the_largest_classes_weigh_alike(source):
    game = make_game("cyclegan-joint", (60, 60, 8), gamma=10.0, source=source)
    assert game.class_weights.tolist() == pytest.approx([0.1, 0.1, 1.0])
    assert game.back_weights.tolist() == pytest.approx([0.1])


def test_swapping_the_classes_mirrors_the_losses():
    game = make_game("cyclegan-joint", (60, 20), pool_size=0, cycle_noise=0.0)
    mirror = copy.deepcopy(game)
    mirror.pairs = [Pair(0, (1,))]
    for players in (mirror.translators, mirror.discriminators):
        first, second = players[0]
        players[0] = nn.ModuleList([second, first])
    game.rounds_played = mirror.rounds_played = 0
    game.phase_rounds = mirror.phase_rounds = 1
    x, labels = batch_of("cyclegan-joint")
    one, two = (losses_of(each, x, labels) for each in (game, mirror))
    for move in one:
        torch.testing.assert_close(one[move], two[move])
    rows = x.unflatten(0, (2, 8))
    with torch.no_grad():
        weighted = make_game("cyclegan-joint", (60, 20), gamma=4.0)
        swapped = make_game("cyclegan-joint", (20, 60), gamma=4.0)
        swapped.classifier = copy.deepcopy(weighted.classifier)
        swapped.classifier[-1].weight.copy_(weighted.classifier[-1].weight.flip(0))
        swapped.classifier[-1].bias.copy_(weighted.classifier[-1].bias.flip(0))
        fakes = torch.randn(2, 8, 4)
        torch.testing.assert_close(
            weighted.class_loss(rows, fakes), swapped.class_loss(rows.flip(0), fakes)
        )


# ---- phases -------------------------------------------------------------------------------------


def played(name, rounds=8, seed=0, **own):
    net = make_net(name, counts=(60, 20), max_iter=rounds, own=own)
    with seeded(random_stream(seed), CPU):
        net.fit(*rows_of(name, (60, 20)))
    return net


def moves_of(net):
    """The moves of each round of a fit."""
    seen = []
    step = net.train_step
    net.train_step = lambda batch: seen.append(moved := step(batch)) or moved
    net.fit(*rows_of("cyclegan-joint", (60, 20)))
    return ["+".join(sorted({move for move, _ in moved})) for moved in seen]


CYCLE, CLASSIFY = "discriminators+translators", "classifier"


def test_aug_trains_the_translators_to_the_end_and_then_the_classifier():
    net = make_net("cyclegan-joint", counts=(60, 20), max_iter=7)
    assert moves_of(net) == [CYCLE] * 3 + [CLASSIFY] * 4
    rests = [
        (np.isnan(row["translators_loss"]), np.isnan(row["classifier_loss"]))
        for row in net.history
    ]
    assert rests == [(False, True), (True, False)]


@pytest.mark.parametrize(("period", "each"), [(2, 2), (50, 4), ("epoch", 4)])
def test_alt_takes_turns_and_the_classifier_has_the_first_and_the_last(period, each):
    net = make_net("cyclegan-alt", counts=(60, 20), max_iter=12, own={"alt_period": period})
    expected = [[CLASSIFY, CYCLE][at // each % 2] for at in range(12)]
    assert moves_of(net) == expected[: 12 - each] + [CLASSIFY] * each


def test_each_fit_of_alt_begins_anew_with_its_turns():
    clf = CycleGANClassifier(**(QUICK | {"max_iter": 3}), mode="alt", warm_start=True).fit(X, y)
    assert clf.game_.phase_rounds == 1
    clf.set_params(max_iter=300)
    clf = pickle.loads(pickle.dumps(clf)).fit(X, y)
    assert clf.game_.phase_rounds == 50
    rests = [np.isnan(row["classifier_loss"]) for row in clf.history_[1:]]
    assert rests == [False, True, False, True, False, False]


def test_phases_are_kept_with_the_weights():
    net = played("cyclegan-alt", rounds=12)
    fresh = make_net("cyclegan-alt", counts=(60, 20)).initialize().module_
    fresh.load_state_dict(net.module_.state_dict())
    for name in ("phase_rounds", "fit_begins", "fit_ends", "rounds_played"):
        assert getattr(fresh, name) == getattr(net.module_, name)
    assert fresh.fit_ends == 12


def test_an_epoch_of_alt_is_a_pass_over_the_rows():
    game = make_game("cyclegan-alt", (1600, 160), batch_size=16)
    game.rounds_planned = 10_000
    game.begin_epoch(None, None)
    assert game.phase_rounds == 110


def test_without_a_deficient_class_the_classifier_learns_alone():
    clf = CycleGANClassifier(**SMALL, max_iter=40).fit(*blobs((30, 30)))
    assert {name for row in clf.history_ for name in row if name.endswith("loss")} == {
        "classifier_loss"
    }
    assert clf.game_.translators is None
    assert clf.score(*blobs((30, 30))) > 0.95
    with pytest.raises(ValueError, match="no class lacked a row"):
        clf.translate(blobs((30, 30))[0], to=1)


def alt_losses(classifier_weight, mode="alt", rounds_played=1):
    torch.manual_seed(3)
    game = make_game("cyclegan-joint", (60, 20), mode=mode, classifier_weight=classifier_weight)
    game.rounds_played, game.phase_rounds, game.fit_ends = rounds_played, 1, 9
    return game, losses_of(game, *batch_of("cyclegan-joint"))


def test_in_alt_the_classifier_teaches_the_translators():
    game, losses = alt_losses(1.0)
    assert set(losses) == {"translators", "discriminators"}
    without, plain = alt_losses(0.0)
    taught = gradient(losses["translators"] - plain["translators"].detach(), game.translators)
    own = gradient(plain["translators"], without.translators)
    difference = sum((a - b).abs().sum().item() for a, b in zip(taught, own, strict=True))
    assert difference > 1e-3


def test_without_its_weight_alt_is_aug_bit_for_bit():
    _, alt = alt_losses(0.0)
    _, aug = alt_losses(1.0, mode="aug", rounds_played=0)
    assert all(torch.equal(alt[move], aug[move]) for move in aug)


def test_the_classifier_learns_from_translated_rows_without_moving_the_translators():
    torch.manual_seed(0)
    game = make_game("cyclegan-joint", (60, 20), translator=nn.Dropout(0.5))
    game.rounds_played = game.phase_rounds = 1
    game.fit_ends = 9
    x, labels = batch_of("cyclegan-joint")
    seen = []
    game.classifier.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    losses_of(game, x, labels)
    [shown] = seen
    assert len(shown) == 16 + 16  # real rows, and both translations
    torch.testing.assert_close(shown[16:24], x[:8])  # eval mode: dropout is off
    assert not shown.requires_grad


def test_warm_start_goes_on_with_the_classifier_in_aug():
    clf = CycleGANClassifier(**SMALL, max_iter=10, warm_start=True).fit(X, y)
    before = copy.deepcopy(clf.game_.state_dict())
    clf.fit(X, y)
    after = clf.game_.state_dict()
    assert clf.n_iter_ == 20
    moved = {key.split(".")[0] for key in before if not same(before[key], after[key])}
    assert "classifier" in moved
    assert not moved & {"translators", "discriminators"}


def same(one, two):
    return torch.equal(one, two) if torch.is_tensor(one) else True


def test_warm_start_of_a_sampler_goes_on_and_refuses_another_mode():
    sampler = CycleGANSampler(**QUICK, warm_start=True).fit(X, y)
    pool = sampler.game_.pool.n_seen.item()
    assert pool == 4 * 50  # rounds, rows of a class a round
    sampler = pickle.loads(pickle.dumps(sampler)).fit(X, y)
    assert sampler.n_iter_ == 8
    assert sampler.game_.pool.n_seen.item() == 2 * pool
    with pytest.raises(ValueError, match="mode"):
        sampler.set_params(mode="alt").fit(X, y)


# ---- what is shown and translated ---------------------------------------------------------------


def test_a_history_pool_fills_first_and_then_returns_old_rows_half_the_time():
    torch.manual_seed(0)
    pool = HistoryPool(1, 50, (1,))
    for start in range(0, 50, 5):
        fresh = torch.arange(start, start + 5.0).view(1, 5, 1)
        assert torch.equal(pool(fresh), fresh)
    assert sorted(pool.rows.flatten().tolist()) == list(range(50))
    old, n = 0, 2000
    for number in range(n):
        stored = set(pool.rows.flatten().tolist())
        fresh = torch.arange(5.0).view(1, 5, 1) + 1000 + 5 * number
        given = pool(fresh)
        for row, new in zip(given.flatten().tolist(), fresh.flatten().tolist(), strict=True):
            assert row == new or row in stored
            old += row != new
        now = set(pool.rows.flatten().tolist())
        assert len(now) == 50
        assert now <= stored | set(fresh.flatten().tolist())
    assert old / (5 * n) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("size", [0, 3])
def test_rows_beyond_a_small_pool_are_shown_as_they_are(size):
    pool = HistoryPool(3, size, (2,))
    for _ in range(5):
        fresh = torch.randn(3, 8, 2)
        assert torch.equal(pool(fresh)[:, size:], fresh[:, size:])


@pytest.mark.parametrize(
    ("counts", "deficits", "source", "expected"),
    [
        ((5, 9, 2), (4, 0, 7), "largest", [Pair(0, (1,)), Pair(2, (1,))]),
        ((5, 9, 2), (4, 0, 7), "larger", [Pair(0, (1,)), Pair(2, (0, 1))]),
        ((9, 9, 2), (0, 0, 7), "largest", [Pair(2, (0,))]),
        ((9, 4), (3, 0), "larger", [Pair(0, (1,))]),  # more of the largest class
        ((9, 4), (3, 0), "largest", [Pair(0, (1,))]),
        ((5, 5), (0, 0), "largest", []),
    ],
)
def test_which_classes_rows_are_made_from(counts, deficits, source, expected):
    assert choose_pairs(counts, deficits, source) == expected


def test_sources_are_drawn_once_each_before_any_is_drawn_again():
    game = make_game("cyclegan-larger")  # 60, 20 and 8 rows
    game.prepare(*rows_of("cyclegan-larger"))
    chosen, earlier = game.draw_sources(torch.tensor([1] * 150 + [2] * 100))
    one, two = chosen[:150], chosen[150:]
    assert sorted(one[:60].tolist()) == sorted(one[60:120].tolist()) == list(range(60))
    assert one[:60].tolist() != one[60:120].tolist()
    assert len(set(one[120:].tolist())) == 30
    assert earlier[:150].tolist() == [0] * 60 + [1] * 60 + [2] * 30
    assert sorted(two[:80].tolist()) == list(range(80))  # both larger classes
    x, labels = rows_of("cyclegan-larger")
    assert torch.equal(game.sources, x[game.source_rows])
    assert (labels[game.source_rows[:60]] == 0).all()
    assert (labels[game.source_rows[60:]] == 1).all()


def test_rows_drawn_again_are_changed():
    game = make_game("cyclegan", (60, 20), translator=Identity)
    game.prepare(*rows_of("cyclegan", (60, 20)))
    ones = torch.ones(1000, dtype=torch.long)
    at, again = torch.zeros_like(ones), ones
    fresh = game.make_rows(ones, at, torch.zeros_like(ones))
    assert (fresh == game.sources[0]).all()
    changed = game.make_rows(ones, at, again) - game.sources[0]
    assert changed.std().item() == pytest.approx(0.05, rel=0.1)
    images = make_game("cyclegan-images", (60, 20), translator=Identity)
    images.prepare(*rows_of("cyclegan-images", (60, 20)))
    one = torch.ones(1, dtype=torch.long)
    first, second, third = (images.make_rows(one, 0 * one, k * one)[0] for k in range(3))
    assert torch.equal(first, images.sources[0])
    assert torch.equal(second, first.flip(-1))
    assert torch.equal(third, first)


def test_source_indices_tell_where_each_row_came_from():
    sampler = CycleGANSampler(**QUICK)
    X_new, y_new = sampler.fit_resample(X, y)
    made = sampler.synthetic_mask_
    parents = sampler.source_indices_
    assert len(parents) == made.sum() == 60
    assert len(set(parents.tolist())) == 60
    assert (y[parents] == 0).all()
    np.testing.assert_allclose(sampler.translate(X[parents], to=1), X_new[made], rtol=1e-5)
    assert (y_new[made] == 1).all()
    assert len(CycleGANSampler(**QUICK).fit(X, y).source_indices_) == 0
    assert len(CycleGANSampler(**QUICK).fit_resample(*blobs((9, 9)))[0]) == 18


def test_source_indices_are_of_the_rows_that_were_handed_over_whatever_their_order():
    X3, y3 = blobs((60, 20, 8))
    sampler = CycleGANSampler(**QUICK, source="larger")
    X_new, _ = sampler.fit_resample(pd.DataFrame(X3, index=range(500, 588)), y3)
    made = X_new[sampler.synthetic_mask_].to_numpy()
    labels = wanted_labels(sampler)
    for label in (1, 2):
        own = labels == label
        parents = X3[sampler.source_indices_[own]]
        np.testing.assert_allclose(
            sampler.translate(pd.DataFrame(parents), to=label), made[own], rtol=1e-5
        )


def test_more_rows_than_sources_reuse_them_with_a_warning():
    sampler = CycleGANSampler(**QUICK, sampling_strategy={1: 170})
    with pytest.warns(UserWarning, match=r"\{1: 70\} \(label: rows\).*with a little noise"):
        X_new, _ = sampler.fit_resample(X, y)
    assert len(np.unique(X_new, axis=0)) == 250
    parents = sampler.source_indices_
    assert len(set(parents[:80].tolist())) == 80
    words = TableEncoder(categorical_features=[0, 1])
    table = np.column_stack([y * 2 + np.arange(100) % 2, np.arange(100) % 3])
    sampler = CycleGANSampler(**QUICK, sampling_strategy={1: 170}, encoder=words)
    with pytest.warns(UserWarning, match="the same again, as there are no numeric columns"):
        sampler.fit_resample(table, y)
    images, digits = digit_images((20, 8))
    sampler = CycleGANSampler(**QUICK, width_multiplier=0.05, sampling_strategy={1: 38})
    with pytest.warns(UserWarning, match=r"\{1: 10\}.*mirrored"):
        sampler.fit_resample(images, digits)


def test_a_class_of_one_row_is_repeated_and_is_its_own_source():
    X3, y3 = blobs((40, 15, 1))
    sampler = CycleGANSampler(**QUICK)
    with pytest.warns(TinyClassWarning, match="class 2 has 1 row only"):
        X_new, y_new = sampler.fit_resample(X3, y3)
    own = y_new[sampler.synthetic_mask_] == 2
    assert (X_new[sampler.synthetic_mask_][own] == X3[y3 == 2]).all()
    assert (y3[sampler.source_indices_[own]] == 2).all()
    assert (y3[sampler.source_indices_[~own]] == 0).all()
    with pytest.warns(TinyClassWarning):
        clf = CycleGANClassifier(**QUICK).fit(X3, y3)
    assert np.isfinite(clf.predict_proba(X3)).all()


def test_where_all_that_lacks_rows_is_a_single_row_nothing_is_trained():
    sampler = CycleGANSampler(**QUICK)
    for counts in ((40, 15), (40, 1), (40, 15), (40, 1, 1)):
        X_few, y_few = blobs(counts)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TinyClassWarning)
            X_new, _ = sampler.fit_resample(X_few, y_few)
        labels = wanted_labels(sampler)
        assert len(sampler.source_indices_) == len(labels)
        lone = np.isin(labels, [k for k, n in enumerate(counts) if n == 1])
        parents = X_few[sampler.source_indices_[lone]]
        assert (X_new[sampler.synthetic_mask_][lone] == parents).all()
        assert (sampler.net_ is None) == lone.all()
    X_few, y_few = blobs((40, 15, 1))
    with pytest.warns(TinyClassWarning):
        sampler.set_params(sampling_strategy={2: 5}).fit(X_few, y_few)
    assert (sampler.sample([2, 2]) == X_few[y_few == 2]).all()
    sampler.set_params(sampling_strategy="auto")
    with pytest.warns(TinyClassWarning):
        sampler.fit(X_few, y_few)
    assert [pair.target for pair in sampler.game_.pairs] == [1]  # none for the lone row


def test_what_training_shows_is_what_it_says():
    """Pooled sources in training, hardened categories on the way back, the pool for D."""
    torch.manual_seed(0)
    params = settings_of("cyclegan-larger", counts=(60, 20, 8), n_features=4)
    game = type(make_game("cyclegan-larger"))(**params)
    rows = torch.arange(3.0).view(3, 1, 1).expand(3, 40, 4)
    of_second = game.draw(rows, Pair(2, (0, 1)))
    assert len(of_second) == 40
    assert set(of_second[:, 0].tolist()) == {0.0, 1.0}
    assert 0.25 < of_second[:, 0].mean() < 0.75

    game = type(make_game("cyclegan"))(**settings_of("cyclegan", spans=((2, 5),)))
    x, labels = batch_of("cyclegan")
    x = torch.cat([x[:, :2], torch.eye(3)[torch.arange(16) % 3]], dim=1)
    game.prepare(x, labels)
    seen = {"to_a": [], "d_b": []}
    game.translators[0][1].register_forward_pre_hook(lambda m, args: seen["to_a"].append(args[0]))
    game.discriminators[0][0].register_forward_pre_hook(
        lambda m, args: seen["d_b"].append(args[0])
    )
    for _ in range(30):
        losses_of(game, x, labels, seed=len(seen["d_b"]))
    for back in seen["to_a"][1::2]:  # after the pass over real rows
        assert set(back[:, 2:].unique().tolist()) == {0.0, 1.0}
    fakes = [shown[8:] for shown in seen["d_b"][1::2]]  # the discriminators' own turn
    current = seen["d_b"][0::2]  # what the translators made just before
    old = [not torch.equal(f, c) for f, c in zip(fakes, current, strict=True)]
    assert not any(old[:1])  # the pool of 10 is not full
    assert sum(old) > 20

    ones = torch.ones(50, dtype=torch.long)
    game.translators[0][0] = nn.Sequential(Identity())
    made = game.make_rows(ones, 0 * ones, ones)
    assert set(made[:, 2:].unique().tolist()) == {0.0, 1.0}
    soft = nn.Softmax(dim=1)
    game.translators[0][0] = nn.Sequential(soft)
    assert set(game.translate(x, 1)[:, 2:].unique().tolist()) == {0.0, 1.0}


def test_categories_of_reused_rows_have_no_noise():
    game = type(make_game("cyclegan"))(**settings_of("cyclegan", spans=((2, 5),)))
    x, labels = batch_of("cyclegan")
    game.prepare(torch.cat([x[:, :2], torch.eye(3)[torch.arange(16) % 3]], dim=1), labels)
    seen = []
    game.translators[0][0].register_forward_pre_hook(lambda m, args: seen.append(args[0]))
    ones = torch.ones(50, dtype=torch.long)
    game.make_rows(ones, 0 * ones, ones)
    assert set(seen[0][:, 2:].unique().tolist()) == {0.0, 1.0}
    assert seen[0][:, :2].std(dim=0).min() > 0.02


def test_a_pool_that_memory_cannot_hold_is_refused():
    with pytest.raises(ValueError, match=r"2 pools of pool_size=1,000,000,000 rows would take"):
        CycleGANSampler(**QUICK, pool_size=10**9).fit(X, y)


def test_diagnostics_are_of_translated_sources_and_memory_is_bounded():
    game = make_game("cyclegan", (60, 20))
    x, labels = rows_of("cyclegan", (60, 20))
    game.prepare(x, labels)
    shown = []
    game.translate = lambda part, target: shown.append(part) or part
    game.finish(x, labels)
    assert len(torch.cat(shown)) == 60
    for row in torch.cat(shown):
        assert (x[labels == 0] == row).all(dim=1).any()
    assert make_game("cyclegan-images", (60, 20)).chunk_rows == 2048
    large = settings_of("cyclegan-images") | {"shape": (3, 64, 64)}
    assert type(game)(**large).chunk_rows < 300


# ---- translate ----------------------------------------------------------------------------------


def test_translate_keeps_containers_and_turns_back():
    sampler = CycleGANSampler(**QUICK).fit(X, y)
    assert sampler.translate(X, to=1).shape == X.shape
    assert (sampler.translate(X, to=1) == sampler.translate(X, to=1)).all()
    back = sampler.translate(X, to=0)
    assert not np.allclose(back, sampler.translate(X, to=1))
    thin = sparse.csr_matrix(X)
    of_sparse = CycleGANSampler(**QUICK).fit(thin, y).translate(thin, to=1)
    assert sparse.issparse(of_sparse)
    table, target = mixed_frame()
    translated = CycleGANSampler(**QUICK).fit(table, target).translate(table[:7], to="rare")
    assert translated.dtypes.equals(table.dtypes)
    assert set(translated["town"]) <= {"Ulm", "Bonn", "Kiel"}
    renamed = table[:7].set_axis(list("gfedcba"))
    assert list(
        CycleGANSampler(**QUICK).fit(table, target).translate(renamed, to="rare").index
    ) == list("gfedcba")
    images, digits = digit_images((20, 8))
    small = CycleGANClassifier(**QUICK, width_multiplier=0.05).fit(images, digits)
    assert small.translate(images, to=1).shape == images.shape
    assert small.translate(images, to=1).dtype == np.uint8


def test_translate_to_an_unknown_class():
    sampler = CycleGANSampler(**QUICK).fit(X, y)
    with pytest.raises(ValueError, match=r"cannot translate to 7: .* to \[1, 0\]"):
        sampler.translate(X, to=7)
    several = CycleGANSampler(**QUICK).fit(*blobs((60, 20, 8)))
    with pytest.raises(ValueError, match=r"cannot translate to 0: .* to \[1, 2\]"):
        several.translate(X, to=0)
    with pytest.raises(ValueError, match="no class lacked a row"):
        CycleGANSampler(**QUICK).fit(*blobs((9, 9))).translate(X, to=0)
    with pytest.raises(ValueError, match="expecting 4 features"):
        sampler.translate(X[:, :2], to=1)
    with pytest.raises(ValueError, match="cannot translate to array"):
        sampler.translate(X, to=np.array([0, 1]))


# ---- arguments ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"gamma": 0}, "gamma"),
        ({"gamma": -1.0}, "gamma"),
        ({"gamma": "sizes"}, "gamma"),
        ({"mode": "both"}, "mode"),
        ({"alt_period": 0}, "alt_period"),
        ({"loss": "hinge"}, "loss"),
        ({"source": "all"}, "source"),
        ({"pool_size": -1}, "pool_size"),
        ({"n_blocks": -1}, "n_blocks"),
        ({"translator": nn.Linear(4, 3)}, r"translator must turn inputs .* but gives \(3,\)"),
        ({"translator": nn.Linear(3, 4)}, "translator cannot take rows of shape"),
        ({"translator": First()}, r"but gives \(4,\), and 1 for 2 of them"),
        ({"discriminator": nn.Linear(4, 0)}, r"must give a logit, .* shape \(2, 0\)"),
        ({"discriminator": Mean()}, r"must give a logit, .* shape \(\)"),
        ({"mode": "alt", "classifier": First()}, "classifier must give"),
        ({"mode": "alt", "classifier": nn.Linear(4, 2).requires_grad_(False)}, "nothing to learn"),
        ({"discriminator": nn.Linear(3, 1)}, "discriminator cannot take rows of shape"),
        ({"net_params": {"classifier_optimizer__lr": 1.0}}, "names a move 'classifier'"),
        ({"mode": "alt", "classifier": nn.Linear(4, 3)}, "classifier must give 2 numbers"),
    ],
)
def test_wrong_arguments_are_refused(own, message):
    with pytest.raises(ValueError, match=message):
        CycleGANSampler(**(QUICK | own)).fit(X, y)


def test_translators_of_ones_own():
    sampler = CycleGANSampler(**QUICK, translator=nn.Linear(4, 4), discriminator=nn.Linear(4, 1))
    start = copy.deepcopy(sampler.translator.state_dict())
    sampler.fit(X, y)
    assert all(torch.equal(start[key], sampler.translator.state_dict()[key]) for key in start)
    to_b, to_a = sampler.game_.translators[0]
    assert isinstance(to_b[0], nn.Linear)
    assert not torch.equal(to_b[0].weight, to_a[0].weight)
    clf = CycleGANClassifier(**QUICK, classifier=nn.Linear(4, 2), mode="alt").fit(X, y)
    assert isinstance(clf.game_.classifier, nn.Linear)


def test_batches_are_larger_for_tables_than_for_images():
    table = CycleGANSampler(max_iter=1, random_state=0).fit(*blobs((200, 20)))
    assert table.net_.batch_size == 128
    images, digits = digit_images((20, 8))
    sampler = CycleGANSampler(max_iter=1, random_state=0, width_multiplier=0.05)
    assert sampler.fit(images, digits).net_.batch_size == 4
    assert CycleGANSampler(**QUICK, batch_size=9).fit(X, y).net_.batch_size == 9


def test_paper_settings_are_arguments():
    for kind in (CycleGANSampler, CycleGANClassifier):
        estimator = kind(**(PAPER_SETTINGS | QUICK)).fit(X, y)
        assert estimator.loss == "log"
        assert estimator.net_.batch_size == 2


def test_classifiers_keep_no_rows_and_samplers_do():
    assert len(CycleGANClassifier(**QUICK).fit(X, y).game_.sources) == 0
    assert len(CycleGANSampler(**QUICK).fit(X, y).game_.sources) == 80
    assert len(CycleGANSampler(**QUICK, mode="alt").fit(X, y).game_.sources) == 80


def test_samplers_have_a_classifier_only_where_it_teaches():
    assert not hasattr(CycleGANSampler(**QUICK).fit(X, y).game_, "classifier")
    sampler = CycleGANSampler(**QUICK, mode="alt").fit(X, y)
    assert "classifier_loss" in sampler.history_[0]


# ---- what comes out -----------------------------------------------------------------------------


def two_clouds(seed=0):
    """Two shifted clouds, so that a translation has something to keep: the first axis."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(400, 2)) * [1.5, 0.6]
    rare = rng.normal(size=(40, 2)) * [1.5, 0.6] + [0, 3]
    return np.vstack([common, rare]), np.repeat([0, 1], [400, 40])


BRISK = {"hidden_layer_sizes": (64, 32), "learning_rate": 3e-3}  # learns in few rounds


def translated_cloud(mode):
    X, y = two_clouds()
    sampler = CycleGANSampler(mode=mode, **BRISK, max_iter=400, random_state=0)
    X_new, _ = sampler.fit_resample(X, y)
    return sampler, X_new[440:], X[sampler.source_indices_]


def test_the_translated_cloud_overlaps_the_target_and_keeps_its_context():
    sampler, made, parents = translated_cloud("aug")
    assert np.abs(made.mean(axis=0) - [0, 3]).max() < 0.5
    assert (made[:, 1] > 1.5).mean() > 0.95
    assert np.corrcoef(made[:, 0], parents[:, 0])[0, 1] > 0.8
    assert 0.5 < sampler.std_ratio_[1] < 1.5
    assert 0.3 < sampler.distance_[1] < 3


def test_taking_turns_the_cloud_moves_towards_the_target_and_keeps_its_context():
    # the translators have half of the rounds, and not every seed need arrive
    _, made, parents = translated_cloud("alt")
    assert made[:, 1].mean() > 0.5
    assert np.corrcoef(made[:, 0], parents[:, 0])[0, 1] > 0.8  # .999


def test_cycles_close_and_means_move():
    """From random translators without a shortcut, on two shifted clouds."""
    X, y = two_clouds()
    sampler = CycleGANSampler(
        translator=plain_translator,
        **(BRISK | {"learning_rate": 4e-3}),
        max_iter=200,
        random_state=0,
    ).fit(X, y)
    first, last = sampler.history_[0]["translators_loss"], sampler.history_[-1]["translators_loss"]
    assert last < 0.6 * first  # .33 +- .07 of five seeds
    made = sampler.translate(X[y == 0], to=1)
    assert np.abs(made.mean(axis=0) - [0, 3]).max() < 1.3  # .44 +- .25


def plain_translator(n_in, n_out):
    return nn.Sequential(nn.Linear(n_in, 64), nn.ReLU(), nn.Linear(64, n_out))


def test_the_classifier_separates_two_clouds():
    X, y = two_clouds()
    X_test, y_test = two_clouds(1)
    for mode in ("aug", "alt"):
        clf = CycleGANClassifier(mode=mode, **BRISK, max_iter=300, random_state=0).fit(X, y)
        assert clf.score(X_test, y_test) > 0.95


def test_categories_are_translated():
    """The colour tells the class: translated rows have the colour of the small one."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [150, 30])
    colour = np.where(labels == 1, 2, rng.integers(0, 2, 180))
    table = np.column_stack([rng.normal(size=(180, 2)), colour])
    sampler = CycleGANSampler(
        encoder=TableEncoder(categorical_features=[2]),
        **BRISK,
        max_iter=300,
        random_state=0,
    )
    X_new, _ = sampler.fit_resample(table, labels)
    made = X_new[sampler.synthetic_mask_]
    assert (made[:, 2] == 2).mean() > 0.7  # .96 +- .08 of five seeds; 0 are when it begins
    parents = table[sampler.source_indices_]
    assert np.corrcoef(made[:, 0], parents[:, 0])[0, 1] > 0.8


def test_diagnostics_by_hand():
    own = torch.tensor([[0.0, 0.0], [0.0, 2.0], [2.0, 0.0], [2.0, 2.0]])
    spread, distance = compare_rows(own.clone(), own)
    assert spread.item() == pytest.approx(1)
    assert distance.item() == 0
    spread, distance = compare_rows(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), own)
    assert spread.item() == 0
    assert distance.item() == pytest.approx(0.5)
    assert all(figure.isnan() for figure in compare_rows(own, own[:1]))


def test_near_copies_and_points_are_told():
    class Copies(nn.Module):
        def __init__(self, n_in, n_out):
            super().__init__()
            scaled = (X - X.mean(0)) / X.std(0)
            self.rows = nn.Parameter(torch.tensor(scaled[y == 1], dtype=torch.float32))

        def forward(self, x):
            return self.rows.detach()[torch.arange(len(x)) % 20] + 0 * self.rows.sum()

    with pytest.warns(CollapseWarning, match="class 1 have collapsed: distance is"):
        CycleGANSampler(**QUICK, translator=Copies).fit(X, y)

    class Constant(nn.Module):
        def __init__(self, n_in, n_out):
            super().__init__()
            self.row = nn.Parameter(torch.zeros(n_out))

        def forward(self, x):
            return self.row.expand_as(x)

    with pytest.warns(CollapseWarning, match="class 1 have collapsed: std_ratio is 0"):
        CycleGANSampler(**QUICK, translator=Constant).fit(X, y)


def test_figures_are_nan_where_real_rows_do_not_differ_and_a_fit_can_go_on():
    X_one = X.copy()
    X_one[y == 1] = X[y == 1][0]
    sampler = CycleGANSampler(**QUICK, warm_start=True).fit(X_one, y)
    assert np.isnan(sampler.distance_[1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sampler.fit(X_one, y).n_iter_ == 8


def test_images_of_several_sizes_and_channels_are_translated():
    rng = np.random.default_rng(0)
    for shape in ((1, 5, 4), (3, 17, 20), (2, 33, 32)):
        images = rng.random((12, *shape)).astype(np.float32)
        labels = np.repeat([0, 1], [8, 4])
        sampler = CycleGANSampler(max_iter=2, width_multiplier=0.05, random_state=0)
        with pytest.warns(TinyClassWarning):
            X_new, _ = sampler.fit_resample(images, labels)
        assert X_new.shape == (16, *shape)
        assert X_new.dtype == np.float32
        assert X_new.min() >= 0
        assert X_new.max() <= 1
