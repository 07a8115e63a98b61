"""What the paper claims and the specification asks of GAMO beyond the laws of every game."""

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import NearestNeighbors
from torch import nn

from gan_resample import (
    CollapseWarning,
    DVAANSampler,
    GAMOClassifier,
    GAMOSampler,
    PGANClassifier,
    gamo,
)
from gan_resample.engine.seeding import random_stream, seeded
from gan_resample.mixing.geometry import Mix
from gan_resample.nn.losses import squared_softmax
from tests.helpers import GAMO, QUICK, SMALL, blobs, make_game, make_net, tensors

CPU = torch.device("cpu")
X, y = blobs()


def prepared(name="gamo", **own):
    torch.manual_seed(0)
    game = make_game(name, **own)
    game.prepare(*tensors(X, y))
    return game


def test_labels_follow_the_deficits_and_the_disguises_are_uniform():
    game = make_game("gamo", counts=(10, 5, 2), batch_size=13)
    assert game.deficit_labels.sizes == (0, 5, 8)  # q = (0, 5/13, 8/13)
    assert game.fake_mass == pytest.approx(13 / 17)  # S / n = 3 * 10 / 17 - 1
    assert game.fake_mass == pytest.approx(3 * 10 / 17 - 1)
    mass = [
        game.uniform_labels.weights[game.uniform_labels.labels == c].sum().item() for c in range(3)
    ]
    assert mass == pytest.approx([0, 0.5, 0.5])


def test_classes_tied_for_largest_are_never_generated():
    game = make_game("gamo", counts=(20, 8, 20))
    assert game.in_play == [1]
    assert game.deficit_labels.sizes[0] == game.deficit_labels.sizes[2] == 0


def moves_of(game):
    x_batch, y_batch = (t[:16] for t in tensors(X, y))
    return [tuple(turn) for turn in game.turns(x_batch, y_batch)]


def test_the_order_of_play_is_algorithm_1():
    generator = [("generator_vs_classifier",), ("generator_vs_discriminator",)]
    judges = ("classifier", "discriminator")
    assert moves_of(prepared()) == [judges, *generator]
    assert moves_of(prepared(fake_weight="batch")) == [judges, judges, *generator]
    assert moves_of(prepared(with_discriminator=False)) == [("classifier",), generator[0]]
    alone = make_game("gamo", counts=(30, 30))
    x_batch, y_batch = tensors(*blobs((8, 8)))
    assert [tuple(turn) for turn in alone.turns(x_batch, y_batch)] == [("classifier",)]


def test_prior_weights_generated_rows_by_their_mass_in_the_objective():
    game = prepared(with_discriminator=False)
    x_batch, y_batch = (t[:16] for t in tensors(X, y))
    torch.manual_seed(1)
    joint = next(game.turns(x_batch, y_batch))["classifier"]
    game.ahead.clear()
    torch.manual_seed(1)
    fake = game.imitate()
    real_loss = squared_softmax(game.classifier(x_batch), game.onehot[y_batch]).mean()
    each = squared_softmax(game.classifier(fake), game.onehot[game.deficit_labels.labels])
    expected = real_loss + game.fake_mass * (game.deficit_labels.weights * each).sum()
    assert joint.item() == pytest.approx(expected.item(), rel=1e-5)


def test_discriminator_targets_are_smoothed_and_the_generators_is_exactly_one():
    game, targets = prepared(), []
    plain = game.real_loss
    game.real_loss = lambda logit, target: targets.append(target) or plain(logit, target)
    moves_of(game)
    both, generators = targets
    real, fake = both[:16], both[16:]
    assert 0.9 <= real.min() < real.max() <= 1
    assert 0 <= fake.min() < fake.max() <= 0.1
    assert (generators == 1).all()


def test_cross_entropy_does_not_smooth():
    game, targets = prepared("gamo-cross-entropy"), []
    plain = game.real_loss
    game.real_loss = lambda logit, target: targets.append(target) or plain(logit, target)
    moves_of(game)
    assert set(targets[0].tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("loss", ["fool_classifier", "fool_discriminator"])
@pytest.mark.parametrize("mixer", ["spread", "neighbours", "class"])
def test_a_small_step_of_the_generator_lowers_its_loss(loss, mixer):
    game = prepared(mixer=mixer)
    optimizer = torch.optim.SGD(game.generator.parameters(), lr=0.1)
    drawn = game.generator.draw(game.uniform_labels.labels)

    def evaluate():
        return getattr(game, loss)(drawn)

    before = evaluate()
    before.backward(inputs=list(game.generator.parameters()))
    optimizer.step()
    assert evaluate().item() < before.item()


def test_a_small_step_of_the_classifier_lowers_its_loss():
    game = prepared()
    x_batch, y_batch = (t[:16] for t in tensors(X, y))

    def evaluate():
        game.ahead.clear()
        torch.manual_seed(2)
        return next(game.turns(x_batch, y_batch))["classifier"]

    before = evaluate()
    before.backward(inputs=list(game.classifier.parameters()))
    torch.optim.SGD(game.classifier.parameters(), lr=1e-3).step()
    assert evaluate().item() < before.item()


def trained(rounds, seed, **own):
    """Two Gaussians that touch, 20 to 1."""
    rng = np.random.default_rng(3)
    rows = np.vstack([rng.normal(size=(400, 2)), rng.normal(size=(20, 2)) + 1.5])
    labels = np.repeat([0, 1], [400, 20])
    net = make_net("gamo", (400, 20), 2, 64, rounds, own, lr=1e-3)
    with seeded(random_stream(seed), CPU):
        net.fit(*tensors(rows, labels))
    return net.module_.eval()


def test_the_generator_moves_towards_the_majority_against_the_classifier():
    def majority(game):
        with seeded(random_stream(9), CPU), torch.no_grad():
            rows = game.sample(torch.ones(500, dtype=torch.long))
            return judge(rows).softmax(1)[:, 0].mean().item()

    judge = trained(300, 0).classifier  # one judge for both ages of the generator
    alone = {"with_discriminator": False, "mixer": "class"}
    early, late = (trained(rounds, 0, **alone) for rounds in (1, 300))
    assert majority(late) > majority(early) + 0.2


def test_the_discriminator_makes_rows_real():
    """What it takes for real is what the generator's move against it ends at."""
    game = trained(100, 0, mixer="class")
    ones = torch.ones(500, dtype=torch.long)

    def realism():
        with seeded(random_stream(9), CPU), torch.no_grad():
            return game.discriminate(game.sample(ones), ones).mean().item()

    before = realism()
    steps = torch.optim.Adam(game.generator.parameters(), lr=1e-2)
    with seeded(random_stream(0), CPU):
        for _ in range(50):
            steps.zero_grad()
            drawn = game.draw(game.uniform_labels.labels, game.uniform_labels.sizes)
            game.fool_discriminator(drawn).backward(inputs=list(game.generator.parameters()))
            steps.step()
    assert realism() > before  # by .05 to .21


def test_paper_settings_make_the_published_game():
    sampler = GAMOSampler(**gamo.PAPER_SETTINGS, random_state=0).set_params(max_iter=2)
    game = sampler.fit(X, y).game_
    widths = [layer.out_features for layer in game.classifier if isinstance(layer, nn.Linear)]
    assert widths == [256, 128, 3]
    assert game.discriminator[0].in_features == 4 + 3
    assert game.generator.latent_dim == 100
    assert game.generator.weight.shape == (20 + 8, 64)
    trunk = [type(layer).__name__ for layer in game.generator.trunk.modules()]
    assert trunk.count("BatchNorm1d") == 2
    assert sampler.net_.classifier_optimizer_.param_groups[0]["lr"] == 2e-4


def test_default_latent_dim_by_mixer():
    assert make_game("gamo").generator.latent_dim == 4
    assert make_game("gamo-class").generator.latent_dim == 8
    assert make_game("gamo-class", n_features=30).generator.latent_dim == 60
    assert make_game("gamo-class", n_features=784).generator.latent_dim == 100
    assert make_game("gamo", latent_dim=7).generator.latent_dim == 7


def test_diagnostics_are_given_by_label():
    names = np.array(["much", "some", "few"])
    sampler = GAMOSampler(**QUICK).fit(X, names[y])
    for figures in (sampler.ess_, sampler.coverage_, sampler.std_ratio_):
        assert set(figures) == {"some", "few"}
        assert all(np.isfinite(value) for value in figures.values())
    assert 0.5 < sampler.std_ratio_["some"] < 2
    assert sampler.coverage_["few"] == 1


def test_a_fresh_class_mixer_has_collapsed_to_the_mean_and_says_so():
    with pytest.warns(CollapseWarning, match=r"classes 1, 2 have collapsed: std_ratio is 0\.0"):
        sampler = GAMOSampler(mixer="class", max_iter=1, random_state=0).fit(X, y)
    assert sampler.ess_[1] > 15
    assert sampler.std_ratio_[1] < 0.05


def test_spread_without_neighbours_is_refused():
    with pytest.raises(ValueError, match=r"'spread' needs n_neighbors >= 1.*'neighbours'"):
        GAMOSampler(n_neighbors=0).fit(X, y)


@pytest.mark.parametrize("mixer", ["spread", "neighbours"])
def test_an_estimator_finds_the_neighbours_also_when_a_fit_goes_on(mixer):
    params = {"mixer": mixer, "max_iter": 2, "warm_start": True, "random_state": 0}
    plain = GAMOSampler(n_neighbors=4, **params).fit(X, y)
    search = NearestNeighbors(n_neighbors=5)
    sampler = pickle.loads(pickle.dumps(GAMOSampler(n_neighbors=search, **params).fit(X, y)))
    assert (sampler.sample([1] * 5) == plain.sample([1] * 5)).all()
    assert (sampler.fit(X, y).sample([2] * 5) == plain.fit(X, y).sample([2] * 5)).all()
    assert sampler.n_iter_ == 4
    with pytest.raises(ValueError, match="n_neighbors changed since the last fit"):
        sampler.set_params(n_neighbors__n_neighbors=3).fit(X, y)


def test_net_params_reach_single_moves_and_other_optimizers():
    params = {"optimizer": torch.optim.SGD, "generator_vs_classifier_optimizer__lr": 0.5}
    net = GAMOSampler(**QUICK, net_params=params).fit(X, y).net_
    assert isinstance(net.classifier_optimizer_, torch.optim.SGD)
    assert net.generator_vs_classifier_optimizer_.param_groups[0]["lr"] == 0.5
    assert net.classifier_optimizer_.param_groups[0]["lr"] == 1e-2
    with pytest.raises(ValueError, match=r"net_params sets \['lr'\].*its own arguments"):
        GAMOSampler(**QUICK, net_params={"lr": 1.0}).fit(X, y)
    with pytest.raises(ValueError, match=r"a move .generatr., but GAMOSampler has the moves"):
        GAMOSampler(**QUICK, net_params={"generatr_optimizer__lr": 1.0}).fit(X, y)


def small_net(n_in, n_out):
    return nn.Sequential(
        nn.Linear(n_in, 5), nn.BatchNorm1d(5), nn.Dropout(0.1), nn.Linear(5, n_out)
    )


@pytest.mark.parametrize("own", [small_net, small_net(4, 3)], ids=["callable", "module"])
def test_a_classifier_of_ones_own(own):
    before = copy.deepcopy(own.state_dict()) if isinstance(own, nn.Module) else None
    clf = GAMOClassifier(**SMALL, max_iter=100, classifier=own).fit(X, y)
    assert isinstance(clf.game_.classifier[1], nn.BatchNorm1d)
    assert clf.score(X, y) > 0.95
    if before is not None:
        assert all(torch.equal(value, own.state_dict()[key]) for key, value in before.items())


def test_the_moving_average_predicts():
    clf = GAMOClassifier(**SMALL, max_iter=30, ema_decay=0.9).fit(X, y)
    rows = torch.as_tensor(clf.encoder_.transform(X))
    average = copy.deepcopy(clf.game_.average).double()(rows).softmax(1).detach().numpy()
    np.testing.assert_allclose(clf.predict_proba(X), average)
    plain = GAMOClassifier(**SMALL, max_iter=30, ema_decay=0).fit(X, y)
    assert plain.game_.average is None
    assert np.abs(plain.predict_proba(X) - average).max() > 0


def test_the_classifier_of_balanced_data_learns_alone():
    rows, labels = blobs((30, 30))
    clf = GAMOClassifier(**SMALL, max_iter=100).fit(rows, labels)
    assert clf.game_.generator is None
    assert set(clf.history_[-1]) == {"epoch", "rounds", "seconds", "classifier_loss"}
    assert clf.ess_ == {}
    assert clf.score(rows, labels) > 0.95


def test_warm_start_goes_on_with_the_same_rows():
    settings = QUICK | {"warm_start": True}
    for estimator in (GAMOSampler(**settings), GAMOClassifier(**settings)):
        estimator.fit(X, y)
        kept = estimator.game_.generator.anchors.rows.clone()
        encoder = estimator.encoder_
        estimator.fit(X, y)
        assert estimator.n_iter_ == 8
        assert estimator.encoder_ is encoder
        assert torch.equal(kept, estimator.game_.generator.anchors.rows)
        with pytest.raises(ValueError, match=r"counts are .* and were .*warm_start=False"):
            estimator.fit(X[1:], y[1:])
        with pytest.raises(ValueError, match="4 features"):
            estimator.fit(X[:, 1:], y)
        assert estimator.set_params(warm_start=False).fit(X, y).n_iter_ == 4


def test_warm_start_refuses_another_sampling_strategy():
    sampler = GAMOSampler(**QUICK, warm_start=True, sampling_strategy={2: 20}).fit(X, y)
    with pytest.raises(ValueError, match=r"asks for \(0, 40, 0\) rows.*asked for \(0, 0, 12\)"):
        sampler.set_params(sampling_strategy={1: 60}).fit(X, y)


def test_warm_start_in_two_parts_starts_where_the_first_ended():
    settings = SMALL | {"warm_start": True}
    twice = GAMOClassifier(**settings, max_iter=60).fit(X, y)
    early = twice.history_[-1]["classifier_loss"]
    twice.fit(X, y)
    assert twice.history_[-1]["rounds"] == 120
    assert twice.history_[-1]["classifier_loss"] < early


def test_the_game_beats_a_plain_net_in_balanced_accuracy_where_it_must():
    rng = np.random.default_rng(0)
    rows = np.vstack([rng.normal(size=(1000, 5)), rng.normal(size=(40, 5)) + 1.2])
    labels = np.repeat([0, 1], [1000, 40])
    parts = train_test_split(rows, labels, stratify=labels, random_state=0)
    train, test, y_train, y_test = parts
    clf = GAMOClassifier(max_iter=300, random_state=0).fit(train, y_train)
    plain = make_net("gamo", (1, 1), 5, 64, 300, lr=1e-3)
    with seeded(random_stream(0), CPU):
        plain.fit(*tensors(train, y_train))
    x_test = torch.as_tensor(test, dtype=torch.float32)
    guess = plain.module_.logits(x_test).argmax(1).numpy()
    ours = balanced_accuracy_score(y_test, clf.predict(test))
    assert ours > balanced_accuracy_score(y_test, guess) + 0.05


def test_batches_larger_than_the_data_and_of_one_row_train():
    for batch_size in (1, 10_000):
        sampler = clone(GAMOSampler(**QUICK)).set_params(batch_size=batch_size, mixer="class")
        assert np.isfinite(sampler.fit_resample(X, y)[0]).all()


@pytest.mark.gpu
@pytest.mark.parametrize("kind", [GAMOSampler, GAMOClassifier])
def test_fitted_on_a_gpu_used_where_there_is_none(kind, tmp_path):
    import pickle
    import subprocess
    import sys

    fitted = kind(**QUICK, device="cuda").fit(X, y)
    (tmp_path / "fitted.pkl").write_bytes(pickle.dumps(fitted))
    code = (
        "import pickle, sys, numpy as np; e = pickle.load(open(sys.argv[1], 'rb'));"
        "rows = e.sample([1, 2]) if hasattr(e, 'sample') else e.predict_proba(np.ones((3, 4)));"
        "assert np.isfinite(rows).all()"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "fitted.pkl")],
        env={"CUDA_VISIBLE_DEVICES": ""},
        check=True,
    )


# ---- what generated rows are to the other players -----------------------------------------------


def seen_by(game, player):
    """Inputs of a player during one round."""
    rows = []
    hook = getattr(game, player).register_forward_pre_hook(lambda _, args: rows.append(args[0]))
    x_batch, y_batch = (t[:16] for t in tensors(X, y))
    with torch.no_grad():
        list(game.turns(x_batch, y_batch))
    hook.remove()
    return torch.cat(rows)


def test_the_discriminator_is_told_the_label():
    game = prepared()
    seen = seen_by(game, "discriminator")
    assert seen.shape[1] == 4 + 3
    labels = seen[:, 4:]
    assert (labels.sum(dim=1) == 1).all()
    assert set(labels.argmax(dim=1).tolist()) == {0, 1, 2}
    x = torch.zeros(2, 4)
    same, other = (game.discriminate(x, torch.tensor(pair)) for pair in ([1, 1], [1, 2]))
    assert same[0] == same[1]
    assert other[0] != other[1]


@pytest.mark.parametrize("player", ["classifier", "discriminator"])
def test_generated_rows_are_hard_before_another_player_sees_them(player):
    table = torch.cat([tensors(X, y)[0][:, :2], torch.eye(3)[torch.as_tensor(y)]], dim=1)
    table[:, 1] = (table[:, 1] > 6).float()  # two levels
    kind, params = gamo.GAMOGame, {**GAMO, "mixer": "neighbours"}
    game = kind(
        shape=(5,), counts=(60, 20, 8), deficits=(0, 40, 52), spans=((2, 5),), levels=((1, 2),),
        batch_size=16, **params,
    )  # fmt: skip
    codes = torch.as_tensor(y)
    game.prepare(table, codes)
    rows = []
    hook = getattr(game, player).register_forward_pre_hook(lambda _, args: rows.append(args[0]))
    for turn in game.turns(table[:16], codes[:16]):
        for loss in turn.values():
            loss.backward(retain_graph=True)
    hook.remove()
    seen = torch.cat(rows)[:, :5].detach()
    assert ((seen[:, 2:] - seen[:, 2:].round()).abs() < 1e-6).all()
    assert torch.allclose(seen[:, 2:].sum(dim=1), torch.ones(len(seen)))
    assert ((seen[:, 1] - seen[:, 1].round()).abs() < 1e-6).all()


@pytest.mark.parametrize("max_scale", [0.0, 0.5, 2.0])
def test_the_step_out_of_the_hull_starts_at_half_its_bound(max_scale):
    game = prepared(max_scale=max_scale)
    drawn = game.generator.draw(torch.tensor([1, 2]))
    assert game.generator.scale(drawn).tolist() == [[max_scale / 2]] * 2
    rows = game.generator(drawn, (0, 1, 1))
    torch.testing.assert_close(rows, drawn.inside + max_scale / 2 * drawn.step)


def test_coverage_counts_distinct_rows():
    class OneRow(torch.nn.Module):
        """A mixer that copies the first row of each class."""

        def __init__(self, mixer):
            super().__init__()
            self.anchors = mixer.anchors

        def draw(self, codes):
            return codes

        def mix(self, codes, sizes):
            first = self.anchors.starts[codes][:, None]
            return Mix(self.anchors.rows[first[:, 0]], torch.ones(len(codes), 1), first)

    game = prepared()
    assert game.diagnose()["coverage"][1] > 0.9
    game.generator = OneRow(game.generator)
    assert game.diagnose()["coverage"] == {1: 1 / 20, 2: 1 / 8}


def test_tables_have_fewer_rounds_than_images_unless_they_are_named():
    sampler = GAMOSampler(random_state=0)
    assert sampler.fit(*blobs((30, 6))).n_iter_ == 200
    assert sampler._plan_training((1, 8, 8), (0, 24)).rounds == 800
    assert sampler.set_params(max_iter=7)._plan_training((1, 8, 8), (0, 24)).rounds == 7
    found = {
        type(each).__name__: [each._plan_training(s, (0, 0)).rounds for s in ((3,), (1, 8, 8))]
        for each in (GAMOClassifier(), PGANClassifier(), DVAANSampler())
    }
    assert found == {
        "GAMOClassifier": [200, 800],
        "PGANClassifier": [400, 1000],
        "DVAANSampler": [1000, 2000],
    }
