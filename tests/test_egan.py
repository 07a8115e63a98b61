"""What the specification asks of eGAN beyond the laws: losses, minority rows, thresholds, stop."""

import os
import pickle
import signal
import threading

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import recall_score, roc_auc_score
from sklearn.model_selection import train_test_split
from skorch.callbacks import Callback
from torch import nn
from torch.nn.functional import softplus

from gan_resample import EGANClassifier
from gan_resample.egan import PAPER_SETTINGS
from gan_resample.egan.equilibrium import EquilibriumStop
from tests.helpers import QUICK, SMALL, blobs, digit_images, make_game, mixed_frame, rows_of

X, y = blobs((80, 20), distance=4.0)


def prepared(name="egan", counts=(60, 20), **own):
    """A game that has seen its rows, dropout off, and a batch of its majority."""
    torch.manual_seed(0)
    game = make_game(name, counts, **own)
    x, codes = rows_of(name, counts)
    game.prepare(x, codes)
    return game.eval(), x[codes == game.reference][:16]


def losses_of(game, x):
    (turn,) = game.turns(x, torch.full((len(x),), game.reference))
    return turn


class Scores(nn.Module):
    """A discriminator whose logit for the majority is the first column of a row."""

    def __init__(self):
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return torch.stack([x[:, 0], torch.zeros(len(x))], dim=1)


# ---- the losses ---------------------------------------------------------------------------------


def test_losses_are_those_of_the_paper_on_hand_values():
    game, x = prepared("egan-literal")
    game.discriminator = Scores()
    game.generate = lambda rows: torch.full_like(rows, -1.0)
    turn = losses_of(game, torch.full_like(x, 2.0))
    assert turn["discriminator"].item() == pytest.approx(0.440190, abs=1e-5)
    assert turn["generator"].item() == pytest.approx(1.313262, abs=1e-5)


def test_both_players_move_in_one_turn():
    game, x = prepared()
    turns = list(game.turns(x, torch.zeros(len(x), dtype=torch.long)))
    assert [tuple(turn) for turn in turns] == [("discriminator", "generator")]


@pytest.mark.parametrize("weight", [0.5, 1.0, 3.0])
def test_generated_and_real_minority_rows_together_weigh_as_the_majority(weight):
    game, x = prepared(real_minority_weight=weight)
    game.discriminator = Scores()
    game.generate = lambda rows: torch.full_like(rows, -1.0)
    game.minority[:] = 0.5
    found = losses_of(game, torch.full_like(x, 2.0))["discriminator"].item()
    r = torch.tensor([2.0, -1.0, 0.5])
    majority, fake, real = softplus(-r[0]), softplus(r[1]), softplus(r[2])
    expected = majority + (fake + weight * real) / (1 + weight)
    assert found == pytest.approx(expected.item(), rel=1e-5)


def test_each_minority_class_weighs_as_the_majority():
    game, x = prepared(counts=(60, 20, 5))
    mass = torch.zeros(3).index_add(0, game.labels, game.weights)
    torch.testing.assert_close(mass, torch.tensor([0.0, 1.0, 1.0]))
    nn.init.zeros_(game.discriminator[-1].weight)
    nn.init.zeros_(game.discriminator[-1].bias)
    turn = losses_of(game, x)
    log3 = np.log(3)
    assert turn["discriminator"].item() == pytest.approx(3 * log3, rel=1e-5)
    assert turn["generator"].item() == pytest.approx(log3, rel=1e-5)


def gradients(game, x):
    loss = losses_of(game, x)["discriminator"]
    return torch.autograd.grad(loss, list(game.discriminator.parameters()))


@pytest.mark.parametrize(("name", "same"), [("egan-literal", True), ("egan", False)])
def test_the_literal_discriminator_never_sees_a_real_minority_row(name, same):
    game, x = prepared(name)
    fake = game.generate(game.minority[game.starts[game.labels] + game.places]).detach()
    game.generate = lambda rows: fake
    before = gradients(game, x)
    game.minority += 5.0
    after = gradients(game, x)
    assert all(map(torch.equal, before, after)) == same


def test_more_copies_of_all_minority_rows_change_nothing():
    once, x = prepared(counts=(60, 7), batch_size=64)
    twice = make_game("egan", (60, 14), batch_size=64).eval()
    twice.load_state_dict(once.state_dict())
    twice.minority = once.minority.repeat(2, 1)
    one, two = losses_of(once, x), losses_of(twice, x)
    for move in one:
        assert one[move].item() == pytest.approx(two[move].item(), rel=1e-5)


# ---- minority rows ------------------------------------------------------------------------------


def test_the_generator_is_deterministic_and_has_no_noise():
    game, _ = prepared(counts=(60, 5))
    rows = game.minority.clone()
    rows[1] = rows[0]
    game.minority = rows
    made = game.generate(rows)
    assert made.shape == rows.shape
    assert torch.equal(made[0], made[1])
    assert torch.equal(made, game.train().generate(rows))
    assert len(made.unique(dim=0)) == 4


def test_all_minority_rows_play_where_they_fit_and_drawn_ones_where_not():
    game, _ = prepared(counts=(60, 20, 5), batch_size=16)
    assert torch.bincount(game.labels).tolist() == [0, 8, 5]
    x, codes = rows_of("egan", (60, 20, 5))
    torch.manual_seed(0)
    drawn = [game.draw_minority() for _ in range(50)]
    for rows in drawn:
        assert torch.equal(rows[8:], x[codes == 2])
    some = torch.cat([rows[:8] for rows in drawn])
    found = torch.cdist(some, x[codes == 1]).argmin(dim=1)
    assert torch.equal(x[codes == 1][found], some)
    assert len(found.unique()) == 20


def test_the_majority_is_the_first_of_the_largest_classes():
    assert EGANClassifier(**QUICK).fit(*blobs((10, 10, 10))).majority_ == 0
    X, y = blobs((10, 30, 30))
    clf = EGANClassifier(**QUICK).fit(X, np.array(["c", "b", "a"])[y])
    assert clf.majority_ == "a"
    assert clf.threshold_ is None


def test_several_classes_are_told_to_the_decoder():
    game, _ = prepared(counts=(60, 20, 5))
    same = game.minority[:1].expand(len(game.labels), -1)
    made = game.generate(same)
    assert torch.equal(made[0], made[1])
    assert game.labels[0] != game.labels[-1]
    assert not torch.equal(made[0], made[-1])
    assert game.onehot.shape == (3, 3)
    assert prepared(counts=(60, 20))[0].onehot.shape == (2, 0)


@pytest.mark.slow
def test_real_minority_rows_make_the_difference():
    """The measurement of the specification: chance without them, far above with them."""
    X, y = make_classification(
        2000, 20, n_informative=8, weights=[20 / 21], flip_y=0, random_state=0
    )
    X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)
    literal, default = ([], [])
    for scores, weight in ((literal, 0.0), (default, 1.0)):
        for seed in range(3):
            clf = EGANClassifier(real_minority_weight=weight, random_state=seed, max_iter=400)
            P = clf.fit(X, y).predict_proba(X_test)[:, 1]
            scores.append(roc_auc_score(y_test, P))
    assert np.mean(literal) < 0.75  # .39 to .57
    assert min(default) > 0.65  # .75 to .90


# ---- thresholds ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hard():
    """A classifier on touching classes, and rows it has not seen."""
    X, y = make_classification(1200, 6, weights=[0.8], class_sep=0.7, random_state=1)
    clf = EGANClassifier(**SMALL, max_iter=80).fit(X[:800], y[:800])
    return clf, X[800:], y[800:]


def test_a_row_is_of_the_minority_from_the_threshold_on(hard):
    clf, X, y = hard
    proba = clf.predict_proba(X)[:, 1]
    shares = []
    for threshold in (0.0, 0.2, 0.5, 0.8, 1.0):
        clf.threshold_ = threshold
        predicted = clf.predict(X)
        assert (predicted == (proba >= threshold)).all()
        shares.append(recall_score(y, predicted, pos_label=1))
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 1


@pytest.mark.parametrize("target", [0.1, 0.5, 0.55, 0.9, 0.95, 1.0])
def test_sensitivity_and_specificity_are_reached_and_not_by_more_than_a_row(hard, target):
    clf, X, y = hard
    assert clf.set_sensitivity(X, y, target) is clf
    sensitivity = recall_score(y, clf.predict(X), pos_label=1)
    assert target <= sensitivity < target + 1 / (y == 1).sum()
    assert clf.set_specificity(X, y, target) is clf
    specificity = recall_score(y, clf.predict(X), pos_label=0)
    assert target <= specificity < target + 1 / (y == 0).sum()


@pytest.mark.parametrize(("n", "target", "found"), [(100, 0.55, 55), (50, 0.14, 7), (3, 0.5, 2)])
def test_rounding_asks_for_no_row_more(n, target, found, monkeypatch):
    clf = EGANClassifier(**QUICK).fit(X, y)
    rows, labels = np.arange(n) / n, np.ones(n, dtype=int)  # .55 * 100 is 55.00000000000001
    monkeypatch.setattr(clf, "predict_proba", lambda X: np.column_stack([1 - X, X]))
    assert clf.set_sensitivity(rows, labels, target).predict(rows).sum() == found


def test_the_threshold_is_that_of_the_constructor_after_each_fit():
    clf = EGANClassifier(**QUICK, threshold=0.3).fit(X, y)
    assert clf.threshold_ == 0.3
    clf.set_sensitivity(X, y, 1.0)
    assert clf.threshold_ != 0.3
    assert pickle.loads(pickle.dumps(clf)).threshold_ == clf.threshold_
    assert clf.fit(X, y).threshold_ == 0.3


def test_the_minority_may_be_the_first_class():
    clf = EGANClassifier(**SMALL, max_iter=80).fit(X, np.where(y == 1, "a", "b"))
    assert clf.majority_ == "b"
    labels = np.where(y == 1, "a", "b")
    clf.set_sensitivity(X, labels, 1.0)
    assert (clf.predict(X)[labels == "a"] == "a").all()
    clf.threshold_ = 1.01
    assert set(clf.predict(X)) == {"b"}


@pytest.mark.parametrize("method", ["set_sensitivity", "set_specificity"])
def test_thresholds_need_a_target_and_rows_of_two_classes(method):
    clf = EGANClassifier(**QUICK).fit(X, y)
    for target in (0, 1.1, -1, "0.9"):
        with pytest.raises(ValueError, match=r"must be a share in \(0, 1\]"):
            getattr(clf, method)(X, y, target)
    other = 0 if method == "set_sensitivity" else 1
    with pytest.raises(ValueError, match="y holds no row of"):
        getattr(clf, method)(X[y == other], y[y == other], 0.9)
    with pytest.raises(ValueError, match=r"y holds \[7\], but the classes are \[0, 1\]"):
        getattr(clf, method)(X, np.where(y == 1, 7, y), 0.9)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        getattr(clf, method)(X, y[:-1], 0.9)
    several = EGANClassifier(**QUICK).fit(*blobs())
    with pytest.raises(ValueError, match="a threshold is for two classes"):
        getattr(several, method)(*blobs(), 0.9)
    with pytest.raises(ValueError, match=r"threshold=0.4 is for two classes, but y holds 3"):
        EGANClassifier(threshold=0.4).fit(*blobs())


# ---- the stop -----------------------------------------------------------------------------------


def test_training_stops_when_the_classes_are_recognised_equally_often():
    X, y = make_classification(1500, 6, weights=[0.8], class_sep=0.7, random_state=1)
    settings = {**SMALL, "learning_rate": 1e-3, "max_iter": 2000, "tol": 0.1}
    clf = EGANClassifier(**settings, stop="equilibrium").fit(X, y)
    assert clf.n_iter_ < 2000  # 100 to 400
    gaps = [row["recall_gap"] for row in clf.history_]
    assert len(gaps) > 1  # the first is .30 to .50
    assert gaps[-1] <= 0.1
    assert all(gap > 0.1 for gap in gaps[:-1])


def test_where_there_is_no_equilibrium_a_warning_tells():
    rng = np.random.default_rng(0)
    noise, labels = rng.normal(size=(130, 3)), np.repeat([0, 1], [100, 30])
    clf = EGANClassifier(**SMALL, max_iter=60, stop="equilibrium", tol=0.0)
    with pytest.warns(ConvergenceWarning, match="no equilibrium in 60 rounds"):
        clf.fit(noise, labels)
    assert clf.n_iter_ == 60


def test_a_share_of_each_class_is_held_out_and_not_trained_on():
    clf = EGANClassifier(**QUICK, stop="equilibrium", tol=1.0, validation_fraction=0.25).fit(X, y)
    out = clf._held_out
    assert np.bincount(y[out]).tolist() == [20, 5]
    kept = clf.encoder_.transform(X[~out & (y == 1)])
    assert clf.game_.minority.shape == kept.shape
    np.testing.assert_allclose(clf.game_.minority, kept, rtol=1e-5)
    assert not EGANClassifier(**QUICK).fit(X, y)._held_out.any()


def test_the_same_rows_stay_out_after_a_warm_start():
    params = {**QUICK, "warm_start": True}
    clf = EGANClassifier(**params, stop="equilibrium", tol=1.0).fit(X, y)
    out = clf._held_out.copy()
    assert (clf.fit(X, y)._held_out == out).all()
    assert clf.n_iter_ == 8
    with pytest.raises(ValueError, match=r"stop.* changed"):
        clf.set_params(stop=None).fit(X, y)


def test_the_gap_is_that_of_the_recalls():
    clf = EGANClassifier(**QUICK).fit(X, y)
    for threshold in (0.5, 0.1, 0.9):
        clf.threshold_ = threshold
        stop = EquilibriumStop(0.1, threshold)
        stop.rows = torch.as_tensor(clf.encoder_.transform(X)).float(), y
        recalls = recall_score(y, clf.predict(X), average=None)
        clf.net_.module_.train()  # as it is at the end of an epoch: dropout must not count
        assert stop.gap(clf.net_) == pytest.approx(np.ptp(recalls), abs=1e-6)


def test_the_gap_is_of_rows_that_are_held_out_and_no_longer_kept(monkeypatch):
    seen = []
    plain = EquilibriumStop.gap
    monkeypatch.setattr(
        EquilibriumStop, "gap", lambda stop, net: seen.append(stop.rows) or plain(stop, net)
    )
    clf = EGANClassifier(**{**QUICK, "warm_start": True}, stop="equilibrium", tol=1.0).fit(X, y)
    clf.fit(X, y)
    assert len(seen) == 2
    for x, codes in seen:
        np.testing.assert_allclose(x, clf.encoder_.transform(X[clf._held_out]), rtol=1e-5)
        assert (codes == y[clf._held_out]).all()
    assert dict(clf.net_.callbacks_)["equilibrium_stop"].rows is None


def test_the_gap_is_that_of_what_is_predicted():
    clf = EGANClassifier(**QUICK, stop="equilibrium", tol=1.0, threshold=0.45).fit(X, y)
    out = clf._held_out
    recalls = recall_score(y[out], clf.predict(X[out]), average=None)
    assert clf.history_[-1]["recall_gap"] == pytest.approx(np.ptp(recalls), abs=1e-6)
    half = EGANClassifier(**QUICK, stop="equilibrium", tol=1.0).fit(X, y)
    assert half.history_[-1]["recall_gap"] != clf.history_[-1]["recall_gap"]


class Halt(Callback):
    """Stops the training in a round, or at the end of the first epoch."""

    def __init__(self, at):
        self.at = at

    def on_batch_end(self, net, **kwargs):
        if net.module_.rounds_played == self.at:
            raise KeyboardInterrupt

    def on_epoch_end(self, net, **kwargs):
        raise KeyboardInterrupt


def test_a_callback_that_ends_the_training_first_leaves_no_equilibrium():
    clf = EGANClassifier(**QUICK, stop="equilibrium", callbacks=[Halt(None)])
    with pytest.warns(ConvergenceWarning, match=r"no equilibrium .* \(no epoch"):
        clf.fit(X, y)
    assert np.isfinite(clf.predict_proba(X)).all()


def test_after_a_ctrl_c_nothing_is_said_of_an_equilibrium(recwarn):
    clf = EGANClassifier(**QUICK, stop="equilibrium", callbacks=[Halt(3)])
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, y)
    assert not recwarn
    assert np.isfinite(clf.predict_proba(X)).all()
    assert clf.majority_ == 0
    assert dict(clf.net_.callbacks_)["equilibrium_stop"].rows is None


def test_a_signal_while_held_out_rows_are_judged_leaves(monkeypatch):
    def gap(self, net):
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(5)  # Python runs the handler here

    monkeypatch.setattr(EquilibriumStop, "gap", gap)
    clf = EGANClassifier(**QUICK, stop="equilibrium")
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, y)
    assert np.isfinite(clf.predict_proba(X)).all()


def test_the_majority_is_that_of_all_rows_whatever_is_held_out():
    X, y = blobs((52, 53))
    clf = EGANClassifier(**QUICK, stop="equilibrium", tol=1.0)
    assert clf.fit(X, y).majority_ == EGANClassifier(**QUICK).fit(X, y).majority_ == 1


def test_too_few_minority_rows_cannot_be_watched():
    X, y = blobs((60, 20, 9))
    with pytest.raises(ValueError, match=r"needs at least 10 rows .* has 9: leave"):
        EGANClassifier(stop="equilibrium").fit(X, y)
    EGANClassifier(**QUICK, stop="equilibrium", tol=1.0).fit(*blobs((60, 20, 10)))


# ---- networks -----------------------------------------------------------------------------------


def body():
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(108, 7))


def test_both_players_have_a_backbone_of_their_own_frozen_or_not():
    images, labels = digit_images((40, 12))
    module = body()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    for freeze, moving in (("all", 0), (1, 1), (None, 3)):
        clf = EGANClassifier(**QUICK, feature_extractor=module, freeze=freeze).fit(images, labels)
        game = clf.game_
        for player in (game.discriminator, game.generator.encoder):
            own = player[0][0]
            own = own if freeze is None else own.module
            changed = {k for k, v in own.state_dict().items() if not torch.equal(v, before[k])}
            assert len({name.split(".")[0] for name in changed}) == moving, freeze
        assert all(torch.equal(v, before[k]) for k, v in module.state_dict().items())


def test_a_backbone_has_a_learning_rate_of_its_own():
    images, labels = digit_images((40, 12))
    groups = {"discriminator_optimizer__param_groups": [("0.*", {"lr": 1e-5})]}
    clf = EGANClassifier(**QUICK, feature_extractor=body(), net_params=groups).fit(images, labels)
    found = clf.net_.optimizers()["discriminator"].param_groups
    sizes = [sum(p.numel() for p in group["params"]) for group in found]
    assert [group["lr"] for group in found] == [1e-5, 0.01]
    assert sizes == [sum(p.numel() for p in body().parameters()), 7 * 2 + 2]


def test_a_decoder_of_ones_own_and_bad_modules():
    images, labels = digit_images((40, 12))
    decoder = nn.Sequential(nn.Linear(128, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    EGANClassifier(**QUICK, decoder=decoder).fit(images, labels)
    with pytest.raises(ValueError, match="decoder must turn"):
        EGANClassifier(decoder=nn.Linear(128, 64)).fit(images, labels)
    with pytest.raises(ValueError, match="feature_extractor cannot take"):
        EGANClassifier(feature_extractor=nn.Linear(5, 3)).fit(X, y)
    with pytest.raises(ValueError, match="there is none: hand over a module"):
        EGANClassifier(freeze=2).fit(X, y)


@pytest.mark.parametrize("build", [None, body])
def test_one_minority_image_is_enough(build):
    images, labels = digit_images((40, 1))
    with pytest.warns(UserWarning, match="has 1 row only"):
        clf = EGANClassifier(**QUICK, feature_extractor=build and build()).fit(images, labels)
    assert np.isfinite(clf.predict_proba(images)).all()
    assert clf.game_.weights.sum() == 1


def test_one_minority_row_is_enough_for_a_batch_normalisation():
    features = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8))
    with pytest.warns(UserWarning, match="has 1 row only"):
        EGANClassifier(**QUICK, feature_extractor=features).fit(*blobs((30, 1)))


def test_what_a_callable_returns_is_copied_for_each_player():
    module = body()
    before = {k: v.clone() for k, v in module.state_dict().items()}

    def load(n_in, n_out):
        return module

    images, labels = digit_images((40, 12))
    game = EGANClassifier(**QUICK, feature_extractor=load).fit(images, labels).game_
    one, other = (set(map(id, p.parameters())) for p in (game.discriminator, game.generator))
    assert not one & other
    assert all(torch.equal(v, before[k]) for k, v in module.state_dict().items())


def test_generated_rows_of_tables_are_hardened():
    X, y = mixed_frame()
    clf = EGANClassifier(**QUICK).fit(X, y)
    game, encoder = clf.game_, clf.encoder_
    made = game.generate(game.minority).detach()
    assert encoder.spans_
    assert encoder.levels_
    for start, stop in encoder.spans_:
        assert set(made[:, start:stop].unique().tolist()) <= {0.0, 1.0}
    snapped = [column for column, _ in encoder.levels_]
    x = torch.as_tensor(encoder.transform(X)).float()
    for column in snapped:
        gaps = (made[:, column, None] - x[None, :, column]).abs().min(dim=1).values
        assert gaps.max() < 1e-6


def test_published_settings_are_arguments():
    clf = EGANClassifier(**PAPER_SETTINGS)
    assert clf.real_minority_weight == 0
    assert clf.learning_rate == 1e-4


@pytest.mark.parametrize("multiplier", [1e4, 1e308])
def test_a_multiplier_that_memory_cannot_hold_is_refused(multiplier):
    with pytest.raises(ValueError, match=r"width_multiplier=.* makes layers of"):
        EGANClassifier(**QUICK, width_multiplier=multiplier).fit(*blobs())
