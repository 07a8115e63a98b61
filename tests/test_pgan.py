"""What the specification asks of PGAN beyond the laws: critic, auto-encoder, selection."""

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score
from skorch.callbacks import Callback, EarlyStopping
from torch import nn

from gan_resample import BoundaryWarning, PGANClassifier, PGANSampler
from gan_resample.engine.seeding import random_stream, seeded
from gan_resample.nn.losses import one_vs_rest
from gan_resample.pgan import PAPER_SETTINGS
from tests.helpers import QUICK, SMALL, blobs, digit_images, make_game, make_net, rows_of, tensors

CPU = torch.device("cpu")
SHORT = {**QUICK, "init_iter": 2}
X, y = blobs()


def prepared(name="pgan", counts=(60, 20, 8), **own):
    """A game that has seen its rows, past its auto-encoder unless that has rounds left."""
    torch.manual_seed(0)
    game = make_game(name, counts, **own)
    game.prepare(*rows_of(name, counts))
    game.rounds_played = game.init_rounds
    return game


def fitted(counts=(60, 20, 8), rounds=60, **own):
    net = make_net("pgan", counts, max_iter=rounds, lr=1e-2, own=own)
    with seeded(random_stream(0), CPU):
        net.fit(*rows_of("pgan", counts))
        net.module_.eval()
    return net


def batch_of(game, counts=(60, 20, 8)):
    return (t[:16] for t in rows_of("pgan", counts))


# ---- the order of play --------------------------------------------------------------------------


def moves_of(game):
    return [tuple(turn) for turn in game.turns(*batch_of(game))]


def test_the_order_of_play_is_algorithm_1_after_the_auto_encoder():
    generator = [("generator_vs_classifier",), ("generator_vs_critic",)]
    game = prepared()
    assert moves_of(game) == [("classifier", "critic"), *generator]
    game.rounds_played = 0
    assert moves_of(game) == [(("encoder", "generator_as_decoder"),)]
    more = prepared("pgan-without-autoencoder")
    assert moves_of(more) == [("classifier", "critic"), ("critic",), ("critic",), *generator]
    features = prepared("pgan-features")
    assert moves_of(features)[0] == ("feature_extractor",)
    alone = make_game("pgan", counts=(30, 30))
    x_batch, y_batch = tensors(*blobs((8, 8)))
    assert [tuple(turn) for turn in alone.turns(x_batch, y_batch)] == [("classifier",)]


def test_labels_follow_the_deficits_and_the_generators_are_uniform():
    game = make_game("pgan", counts=(10, 5, 2), batch_size=13)
    assert game.deficit_labels.sizes == (0, 5, 8)
    assert game.fake_mass == pytest.approx(13 / 17)
    assert game.uniform_labels.sizes[1:] == (7, 6)


def test_generated_rows_weigh_their_mass_in_the_classifiers_loss():
    game = prepared()
    x, labels = batch_of(game)
    torch.manual_seed(1)
    joint = next(game.turns(x, labels))["classifier"]
    game.ahead.clear()
    torch.manual_seed(1)
    fake = game.imitate()
    real_loss = one_vs_rest(game.classifier(x), game.onehot[labels]).mean()
    each = one_vs_rest(game.classifier(fake), game.onehot[game.deficit_labels.labels])
    expected = real_loss + game.fake_mass * (game.deficit_labels.weights * each).sum()
    assert joint.item() == pytest.approx(expected.item(), rel=1e-5)


def test_the_generator_wants_another_class_and_a_high_score():
    game = prepared()
    drawn = game.draw(game.uniform_labels.labels, game.uniform_labels.sizes)
    rows, labels = game.generate(drawn, game.uniform_labels), game.uniform_labels.labels
    weights = game.uniform_labels.weights
    against = one_vs_rest(game.classifier(rows), 1 - game.onehot[labels])
    assert torch.equal(game.fool_classifier(drawn), weights @ against)
    assert torch.equal(game.please_critic(drawn), -(weights @ game.score(rows, labels)))


@pytest.mark.parametrize("loss", ["fool_classifier", "please_critic"])
def test_a_small_step_of_the_generator_lowers_its_loss(loss):
    game = prepared()
    drawn = game.draw(game.uniform_labels.labels, game.uniform_labels.sizes)

    def evaluate():
        return getattr(game, loss)(drawn)

    before = evaluate()
    before.backward(inputs=list(game.generator.parameters()))
    torch.optim.SGD(game.generator.parameters(), lr=1e-2).step()
    assert evaluate().item() < before.item()


def test_a_small_step_of_the_critic_lowers_its_loss():
    game = prepared()
    fake = game.imitate()

    def evaluate():
        torch.manual_seed(2)
        return game.criticise(fake)

    before = evaluate()
    before.backward(inputs=list(game.critic.parameters()))
    torch.optim.SGD(game.critic.parameters(), lr=1e-3).step()
    assert evaluate().item() < before.item()


# ---- the critic ---------------------------------------------------------------------------------


def shifted(game, constants):
    """The same critic with a constant added for each class."""
    plain = type(game).score

    def score(x, y):
        return plain(game, x, y) + constants[y]

    game.score = score
    return game


def critic_loss(game, fake, drift):
    torch.manual_seed(3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gan_resample.pgan.game.DRIFT", drift)
        return game.criticise(fake).item()


def test_a_constant_for_each_class_changes_the_drift_term_only():
    game = prepared(counts=(60, 20, 8))
    fake = game.imitate()
    plain = [critic_loss(game, fake, drift) for drift in (0.0, 1e-3)]
    shifted(game, torch.tensor([0.0, 50.0, -30.0]))
    moved = [critic_loss(game, fake, drift) for drift in (0.0, 1e-3)]
    assert moved[0] == pytest.approx(plain[0], abs=1e-4)
    assert moved[1] - plain[1] > 0.5  # the drift term holds the constants


def test_with_the_printed_masses_a_constant_would_lower_the_loss():
    # equation 5: real rows of class i have the mass p_i, generated ones p_k - p_i
    game = prepared(counts=(60, 20, 8))
    labels = game.deficit_labels.labels
    real = game.generator.anchors.rows[game.generator.anchors.draw_group(labels, 0).squeeze(1)]
    fake, share = game.imitate(), torch.tensor([60.0, 20.0, 8.0]) / 88

    def printed():
        of_fake, of_real = game.score(fake, labels), game.score(real, labels)
        return ((share[0] - share[labels]) * of_fake - share[labels] * of_real).mean().item()

    before = printed()
    shifted(game, torch.tensor([0.0, 0.0, -100.0]))
    assert printed() < before - 10


def test_real_and_generated_rows_of_a_class_have_the_same_mass():
    game = prepared(counts=(60, 20, 8))
    scored = []
    game.score = lambda x, y: scored.append(y) or x.sum(1)
    game.criticise(torch.zeros(len(game.deficit_labels.labels), 4))
    both = scored[0]
    n = len(game.deficit_labels.labels)
    assert torch.equal(both[:n], both[n:])
    assert torch.equal(both[:n], game.deficit_labels.labels)


def test_the_critics_loss_by_hand():
    game = prepared(counts=(60, 20, 8))
    slope = torch.tensor([3.0, 0.0, 4.0, 0.0])
    game.score = lambda x, y: x @ slope + y  # |slope| = 5
    fake = torch.randn(len(game.deficit_labels.labels), 4)
    torch.manual_seed(7)
    found = game.criticise(fake).item()
    torch.manual_seed(7)
    labels, weights = game.deficit_labels.labels, game.deficit_labels.weights
    real = game.generator.anchors.rows[game.generator.anchors.draw_group(labels, 0).squeeze(1)]
    of_fake, of_real = fake @ slope + labels, real @ slope + labels
    each = of_fake - of_real + 10 * (5 - 1) ** 2 + 1e-3 * (of_fake**2 + of_real**2) / 2
    assert found == pytest.approx((weights * each).sum().item(), rel=1e-4)


def test_critic_steps_is_the_number_of_its_moves_a_round():
    for steps in (1, 2, 5):
        found = [move for turn in moves_of(prepared(critic_steps=steps)) for move in turn]
        assert found.count("critic") == steps
        assert found.count("generator_vs_critic") == found.count("classifier") == 1


def test_both_moves_of_the_generator_have_the_same_noise(monkeypatch):
    game, seen = prepared(), []
    for name in ("fool_classifier", "please_critic"):
        monkeypatch.setattr(game, name, lambda drawn: seen.append(drawn) or drawn.sum())
    moves_of(game)
    assert seen[0] is seen[1]


def test_others_are_still_where_a_player_looks_through_them():
    """Dropout of a user's classifier is off for G, and G's batch statistics rest for C and D."""
    game = prepared(classifier=nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 3)))
    game.train()
    drawn = game.draw(game.uniform_labels.labels, game.uniform_labels.sizes)
    before = {k: v.clone() for k, v in game.generator.named_buffers()}
    game.imitate()
    assert all(torch.equal(v, before[k]) for k, v in game.generator.named_buffers())
    with game.eval_mode("generator"):
        assert game.fool_classifier(drawn) == game.fool_classifier(drawn)


def test_the_average_follows_the_move_of_the_classifier(monkeypatch):
    game, order = prepared("pgan-average"), []
    monkeypatch.setattr(game, "update_average", lambda: order.append("average"))
    for turn in game.turns(*batch_of(game)):
        order.append("classifier" if "classifier" in turn else "other")
    assert order == ["classifier", "average", "other", "other"]


def test_the_extractor_learns_for_the_class_mix_of_the_game():
    game = prepared("pgan-features")
    torch.testing.assert_close(
        game.row_weights * torch.tensor([60.0, 20, 8]), torch.full((3,), 88 / 3)
    )
    x, labels = batch_of(game)
    loss = one_vs_rest(game.network(x), game.onehot[labels])
    found = next(game.turns(x, labels))["feature_extractor"]
    assert found.item() == pytest.approx((game.row_weights[labels] * loss).mean().item(), rel=1e-5)


def test_the_classifier_sees_real_rows_through_the_extractor_of_the_anchors():
    torch.manual_seed(0)
    game = prepared("pgan-features")
    with torch.no_grad():
        for parameter in game.feature_extractor.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    x, labels = batch_of(game)
    stored = game.stored_features(x)
    assert (stored - game.features(x)).abs().max() > 0.01
    seen = []
    game.classifier.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    list(game.turns(x, labels))
    torch.testing.assert_close(seen[1][: len(x)], stored)  # after F's own pass


# ---- the auto-encoder ---------------------------------------------------------------------------


def test_a_row_is_not_made_of_itself():
    game = prepared()
    labels, sizes = game.uniform_labels.labels, game.uniform_labels.sizes
    anchors = game.generator.anchors
    index = anchors.draw_group(labels, 0).squeeze(1)
    codes = game.label(game.encoder(anchors.rows[index]), labels)
    found = game.generator._weights(codes, sizes, index)
    own = index.split([size for size in sizes if size])
    for (weights, _, start), itself in zip(found, own, strict=True):
        assert (weights.gather(1, itself[:, None] - start) == 0).all()
        torch.testing.assert_close(weights.sum(1), torch.ones(len(weights)))


def test_a_lone_row_is_made_of_itself():
    game = prepared(counts=(60, 20, 1))
    labels, sizes = game.uniform_labels.labels, game.uniform_labels.sizes
    index = game.generator.anchors.draw_group(labels, 0).squeeze(1)
    codes = game.label(game.encoder(game.generator.anchors.rows[index]), labels)
    rows = game.generator.reconstruct(codes, sizes, index)
    lone = labels == 2
    assert torch.equal(rows[lone], game.generator.anchors.rows[index][lone])


def auto_encoded(rows, rounds=400):
    """Train the auto-encoder alone on a small class ``rows``; return each row's reconstruction."""
    x = torch.cat([torch.randn(30, rows.shape[1]), rows])
    codes = torch.tensor([0] * 30 + [1] * len(rows))
    net = make_net("pgan", (30, len(rows)), rows.shape[1], max_iter=rounds, lr=1e-2)
    net.set_params(module__init_iter=rounds)
    with seeded(random_stream(0), CPU):
        net.fit(x, codes)
    game = net.module_.eval()
    index = torch.arange(len(rows))
    seen = game.label(game.encoder(game.generator.anchors.rows), torch.ones(len(rows)).long())
    return game.generator.reconstruct(seen, (0, len(rows)), index), net.history


def test_of_three_rows_on_a_line_the_middle_one_is_reconstructed_and_the_ends_are_not():
    line = torch.tensor([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    found, _ = auto_encoded(line)
    error = (found - line).norm(dim=1)
    assert error[1] < 0.3
    assert error[[0, 2]].min() > 1.0


def test_the_auto_encoders_error_falls():
    line = torch.linspace(-1, 1, 20)[:, None] * torch.ones(2)
    found, history = auto_encoded(line)
    losses = history[:, "generator_as_decoder_loss"]
    assert losses == history[:, "encoder_loss"]
    assert losses[-1] < 0.7 * losses[0]  # .17 to .36
    assert (found - line).square().mean() < 0.8 * line.square().mean()  # .01 to .44


def test_noise_follows_the_codes_of_each_class():
    game = prepared(counts=(60, 20, 8))
    for parameter in game.encoder.parameters():
        parameter.data *= 3
    game.learn_codes()
    for code in (1, 2):
        codes = game.encoder(game.generator.anchors.of_class(code)).detach()
        sizes = [20_000 * (other == code) for other in range(3)]
        drawn = game.draw(torch.full((20_000,), code), sizes)[:, : codes.shape[1]]
        torch.testing.assert_close(drawn.mean(0), codes.mean(0), atol=0.1, rtol=0.05)
        share = codes.shape[1] / (codes.shape[1] + len(codes))
        own = codes.T.cov(correction=0)
        wanted = (1 - share) * own + share * own.diagonal().mean() * torch.eye(codes.shape[1])
        torch.testing.assert_close(drawn.T.cov(), wanted, atol=0.06 * own.max().item(), rtol=0.1)


def test_the_codes_are_learnt_once_when_the_auto_encoder_is_done(monkeypatch):
    net = make_net("pgan", max_iter=130, lr=1e-2, own={"init_iter": 20})
    net.initialize()
    game, seen = net.module_, []
    plain = game.learn_codes
    monkeypatch.setattr(game, "learn_codes", lambda: seen.append(game.rounds_played) or plain())
    with seeded(random_stream(0), CPU):
        net.partial_fit(*rows_of("pgan"))
    assert seen == [20]
    for code in (1, 2):
        codes = game.encoder(game.generator.anchors.of_class(code))
        torch.testing.assert_close(game.code_means[code], codes.mean(0))
    assert game.code_means[0].abs().sum() == 0


def test_each_class_counts_alike_in_the_auto_encoders_error():
    game = prepared(batch_size=7)
    assert game.uniform_labels.sizes == (0, 4, 3)
    game.generator.reconstruct = lambda codes, sizes, index: (
        game.generator.anchors.rows[index]
        + (
            codes[:, -1:] * 2  # an error of 2 in each column of class 2, none of class 1
        )
    )
    assert game.reconstruct().item() == pytest.approx(4 / 2)


def test_a_fit_that_was_cut_in_the_auto_encoder_goes_on_with_it():
    class Cut(Callback):
        def on_batch_end(self, net, **kwargs):
            if net.module_.rounds_played == 5:
                raise KeyboardInterrupt

    sampler = PGANSampler(**QUICK, init_iter=12, warm_start=True, callbacks=[Cut()])
    with pytest.raises(KeyboardInterrupt):
        sampler.fit(X, y)
    assert sampler.n_iter_ == 5
    assert sampler.fit(X, y).n_iter_ == 12 + 4
    assert not np.isnan(sampler.history_[-1]["critic_loss"])


def test_without_the_auto_encoder_noise_is_standard_normal():
    game = prepared("pgan-without-autoencoder")
    z = game.draw(torch.ones(20_000, dtype=torch.long), (0, 20_000, 0))[:, :-3]
    torch.testing.assert_close(z.mean(0), torch.zeros(z.shape[1]), atol=0.05, rtol=0)
    torch.testing.assert_close(z.T.cov(), torch.eye(z.shape[1]), atol=0.06, rtol=0)
    assert game.encoder is None
    assert game.phases == ()


def test_the_rounds_of_the_auto_encoder_come_on_top_and_once():
    sampler = PGANSampler(**{**QUICK, "warm_start": True}, init_iter=7).fit(X, y)
    assert sampler.n_iter_ == 4 + 7
    made = [not np.isnan(row["encoder_loss"]) for row in sampler.history_]
    assert made == [True, False]
    assert sampler.fit(X, y).n_iter_ == 4 + 7 + 4
    assert PGANSampler(**QUICK, init="none").fit(X, y).n_iter_ == 4
    balanced = PGANClassifier(**QUICK, init_iter=7).fit(*blobs((10, 10)))
    assert balanced.n_iter_ == 4  # nothing to encode


def test_interrupted_in_the_auto_encoder_the_codes_are_learnt_all_the_same():
    net = make_net("pgan", max_iter=50, own={"init_iter": 40})
    net.initialize()
    step = net.train_step

    def cut(batch):
        if net.module_.rounds_played == 9:
            raise KeyboardInterrupt
        return step(batch)

    net.train_step = cut
    with pytest.raises(KeyboardInterrupt):
        net.partial_fit(*rows_of("pgan"))
    assert net.module_.rounds_played == 8
    assert net.module_.code_means[1:].abs().sum() > 0


# ---- estimators ---------------------------------------------------------------------------------


def test_generated_rows_lie_in_the_box_of_their_class():
    sampler = PGANSampler(**SHORT).fit(X, y)
    for label in (1, 2):
        rows, own = sampler.sample([label] * 200), X[y == label]
        assert (rows >= own.min(0) - 1e-5).all()
        assert (rows <= own.max(0) + 1e-5).all()


def test_a_lone_row_gives_the_generator_no_gradient():
    game = prepared(counts=(60, 20, 1))
    drawn = game.draw(torch.tensor([2, 2]), (0, 0, 2))
    rows = game.generator(drawn, (0, 0, 2))
    assert torch.equal(rows, game.generator.anchors.of_class(2).expand(2, -1))
    grads = torch.autograd.grad(rows.sum(), list(game.generator.parameters()), allow_unused=True)
    assert all(grad is None or not grad.any() for grad in grads)


def test_a_row_generated_of_two_lies_between_them():
    X, y = blobs((40, 2))
    with pytest.warns(UserWarning, match="has 2 rows only"):
        rows = PGANSampler(**SHORT).fit(X, y).sample([1] * 50)
    a, b = X[y == 1]
    along = (rows - a) @ (b - a) / ((b - a) @ (b - a))
    np.testing.assert_allclose(rows, a + along[:, None] * (b - a), atol=1e-4)
    assert ((along > -1e-5) & (along < 1 + 1e-5)).all()


def test_uncertain_rows_are_those_of_most_doubt_among_the_believed(monkeypatch):
    game = prepared()
    # candidates as (logit of the class, score of the critic), ten for two rows
    made = torch.tensor(
        [
            *[(5.0, 1.0), (0.1, -9.0), (0.5, 2.0), (3.0, 0.5), (0.2, -1.0)],
            *[(1.0, 0.0), (9.0, 3.0), (8.0, 1.0), (7.0, 2.0), (6.0, 4.0)],
        ]
    )
    game.floors[1] = 0.0
    candidates = made.repeat(1, 2), torch.arange(10)  # and the rows they are made from
    monkeypatch.setattr(game, "sample_with_sources", lambda y: candidates)
    monkeypatch.setattr(game, "score", lambda x, y: x[:, 1])
    game.classifier = FirstColumn()
    rows, sources, believed = game.sample_uncertain(torch.tensor([1, 1]))
    assert rows[:, :2].tolist() == [[0.5, 2.0], [1.0, 0.0]]
    assert sources.tolist() == [2, 5]
    assert believed.tolist() == [True, True]
    game.floors[1] = 3.5  # one is believed; of the others the best score follows
    rows, sources, believed = game.sample_uncertain(torch.tensor([1, 1]))
    assert rows[:, :2].tolist() == [[6.0, 4.0], [9.0, 3.0]]
    assert sources.tolist() == [9, 6]
    assert believed.tolist() == [True, False]


class FirstColumn(nn.Module):
    """Logits of three classes: 0, the first column, 0."""

    def forward(self, x):
        return torch.stack([torch.zeros(len(x)), x[:, 0], torch.zeros(len(x))], dim=1)


def test_the_floor_of_a_class_is_the_score_that_nine_of_ten_real_rows_exceed():
    game = prepared()
    game.learn_floors()
    rows = game.generator.anchors.of_class(1)
    above = game.score(rows, torch.ones(len(rows), dtype=torch.long)) > game.floors[1]
    assert above.sum() == 18  # of 20


def test_uncertain_rows_are_made_in_bounded_parts(monkeypatch):
    sampler = PGANSampler(**SHORT, select="uncertain").fit(X, y)
    monkeypatch.setattr(type(sampler.game_), "chunk_rows", 50, raising=False)
    sampler.game_.chunk_rows = 50
    seen, plain = [], sampler.game_.sample_with_sources
    counting = lambda y: seen.append(len(y)) or plain(y)  # noqa: E731
    monkeypatch.setattr(sampler.game_, "sample_with_sources", counting)
    assert sampler.sample([1] * 45).shape == (45, 4)
    assert max(seen) <= 50
    assert sum(seen) == 5 * 45


def test_select_gives_rows_of_more_doubt():
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(size=(300, 2)), rng.normal(size=(40, 2)) + 2])
    y = np.repeat([0, 1], [300, 40])
    params = SMALL | {"max_iter": 60, "init_iter": 20, "adversarial_rate": 0.0}
    game = PGANSampler(**params).fit(X, y).game_
    ones = torch.ones(1000, dtype=torch.long)
    with torch.no_grad():
        with seeded(random_stream(1), CPU):
            candidates = game.sample(ones)  # those that rows are selected from
        with seeded(random_stream(1), CPU):
            rows, _, believed = game.sample_uncertain(ones[:200])
        doubt, usual = (1 - game.classifier(x).softmax(1).amax(1) for x in (rows, candidates))
        real = game.score(candidates, ones) >= game.floors[1]
    assert believed.sum() == min(200, real.sum())
    assert doubt[believed].mean() > usual[real].mean()


def test_rows_that_the_critic_does_not_believe_are_told():
    sampler = PGANSampler(**SHORT, select="uncertain").fit(X, y)
    sampler.game_.floors += 1e6
    with pytest.warns(BoundaryWarning, match=r"believes too few .* of \[1, 2\]: 3 rows"):
        assert sampler.sample([1, 2, 1]).shape == (3, 4)


def test_acceptance_is_the_share_that_the_critic_believes():
    sampler = PGANSampler(**SHORT).fit(X, y)
    game = sampler.game_
    assert set(sampler.acceptance_) == {1, 2}
    assert all(0 <= share <= 1 for share in sampler.acceptance_.values())
    game.floors -= 1e6
    assert game.diagnose()["acceptance"] == {1: 1.0, 2: 1.0}


def test_the_move_against_the_classifier_has_a_rate_of_its_own():
    sampler = PGANSampler(**{**SHORT, "learning_rate": 0.02}, adversarial_rate=0.3).fit(X, y)
    rates = {m: o.param_groups[0]["lr"] for m, o in sampler.net_.optimizers().items()}
    assert rates["generator_vs_classifier"] == pytest.approx(0.006)
    assert rates["generator_vs_critic"] == pytest.approx(0.02)
    warm = PGANSampler(**SHORT, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="adversarial_rate changed"):
        warm.set_params(adversarial_rate=0.9).fit(X, y)
    own = {"generator_vs_classifier_optimizer__lr": 0.5}
    sampler = PGANSampler(**SHORT, net_params=own).fit(X, y)
    assert sampler.net_.optimizers()["generator_vs_classifier"].param_groups[0]["lr"] == 0.5
    betas = [o.param_groups[0]["betas"] for o in sampler.net_.optimizers().values()]
    assert set(betas) == {(0.6, 0.999)}


def test_published_settings_are_arguments():
    clf = PGANClassifier(**PAPER_SETTINGS, ema_decay=0)
    assert clf.learning_rate == 2e-4
    assert clf.adversarial_rate == 1
    assert clf.max_anchors is None
    PGANSampler(**PAPER_SETTINGS)


def test_images_come_back_as_images_and_features_as_vectors():
    images, labels = digit_images()
    params = {"max_iter": 3, "init_iter": 2, "random_state": 0}
    X_new, y_new = PGANSampler(**params, decoder_iter=3).fit_resample(images, labels)
    assert X_new.shape == (180, 1, 8, 8)
    assert X_new.dtype == np.uint8
    assert (np.bincount(y_new) == 60).all()
    sampler = PGANSampler(**params, space="features")
    H, _ = sampler.fit_resample(images, labels)
    assert H.shape == (180, 512)
    np.testing.assert_array_equal(H[:88], sampler.features(images))


def test_the_classifier_learns_digits():
    images, labels = digit_images((120, 40, 15))
    few = {"max_iter": 80, "init_iter": 10, "batch_size": 32, "hidden_layer_sizes": (32,)}
    clf = PGANClassifier(**few, learning_rate=3e-3, random_state=0)
    predicted = clf.fit(images, labels).predict(images)
    assert balanced_accuracy_score(labels, predicted) > 0.95


def test_an_average_starts_with_the_classifier_not_before_it():
    slow = PGANClassifier(**{**QUICK, "max_iter": 12}, init_iter=300, ema_decay=0.99).fit(X, y)
    game = slow.game_
    last, average = game.classifier[-1].weight, game.average.module[-1].weight
    assert (last - average).norm() < 0.5 * last.norm()
    decays = []
    game.average.update = lambda network, updates: decays.append(updates)
    game.update_average()
    assert decays == [12]


def test_early_stopping_is_refused_where_the_auto_encoder_comes_first():
    stop = EarlyStopping(monitor="critic_loss", lower_is_better=True)
    with pytest.raises(ValueError, match="take turns"):
        PGANSampler(callbacks=[stop]).fit(X, y)


@pytest.mark.parametrize(
    ("params", "error", "match"),
    [
        ({"init": "bagan"}, ValueError, "init"),
        ({"init_iter": 0}, ValueError, "init_iter"),
        ({"critic_steps": 0}, ValueError, "critic_steps"),
        ({"adversarial_rate": -1.0}, ValueError, "adversarial_rate"),
        ({"select": "sure"}, ValueError, "select"),
        ({"freeze": "all"}, ValueError, "there is none: hand over a module"),
        ({"freeze": True, "feature_extractor": nn.Linear(4, 3)}, TypeError, "must be 'all', None"),
        ({"feature_extractor": nn.LazyLinear(3)}, ValueError, "has lazy layers"),
        ({"freeze": -1, "feature_extractor": nn.Linear(4, 3)}, ValueError, "freeze"),
        ({"feature_extractor": nn.Linear(5, 3)}, ValueError, "feature_extractor cannot take"),
        ({"classifier": nn.Linear(4, 2)}, ValueError, "classifier must give 3 numbers"),
        ({"hidden_layer_sizes": (16, 0)}, ValueError, "hidden_layer_sizes"),
    ],
)
def test_bad_arguments_are_refused_before_training(params, error, match):
    with pytest.raises(error, match=match):
        PGANSampler(**params).fit(X, y)
