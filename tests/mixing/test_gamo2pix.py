"""GAMO2pix: the decoder learns, F stays, and decoded rows are images."""

import pickle

import numpy as np
import pytest
import torch

from gan_resample import GAMOSampler
from gan_resample.engine.net import GameNet
from gan_resample.engine.seeding import random_stream, seeded
from gan_resample.mixing.gamo2pix import GAMO2pixGame, VariationalDecoder
from gan_resample.nn.losses import gaussian_divergence
from tests.helpers import digit_images

CPU = torch.device("cpu")
shared_or_not = pytest.mark.parametrize("shared", [True, False])


def test_divergence_by_hand():
    mean, variance = torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([[1.0, 0.25], [1, 1]])
    by_hand = [0.5 * (1 + 1 - 1 - 0) + 0.5 * (0.25 + 4 - 1 + np.log(4)), 0.0]
    assert gaussian_divergence(mean, variance.log()).tolist() == pytest.approx(by_hand)
    normal = torch.distributions.Normal
    law = torch.distributions.kl_divergence(normal(mean, variance.sqrt()), normal(0.0, 1.0))
    torch.testing.assert_close(gaussian_divergence(mean, variance.log()), law.sum(1))


def test_the_noise_has_the_variance_that_the_divergence_speaks_of():
    decoder = VariationalDecoder(3, 0, (1, 4, 4))
    decoder.decoder = torch.nn.Identity()
    mean, log_variance = torch.full((20_000, 100), 2.0), torch.full((20_000, 100), 1.0)
    z = decoder(mean, log_variance, torch.zeros(20_000, 0))
    assert z.mean().item() == pytest.approx(2, abs=0.01)
    assert z.var().item() == pytest.approx(np.e, rel=0.01)


@pytest.fixture(scope="module")
def digits():
    """Images between -1 and 1, codes, and features that a random matrix gives."""
    images, y = digit_images((90, 60, 30))
    x = torch.as_tensor(images / 127.5 - 1, dtype=torch.float32)
    project = torch.randn(64, 20, generator=torch.Generator().manual_seed(0)) / 8
    return x, torch.as_tensor(y), torch.tanh(x.flatten(1) @ project)


def trained(digits, *, shared, max_iter=250, counts=(0, 60, 30), shape=(1, 8, 8)):
    x, y, h = digits
    kept = torch.as_tensor(counts)[y] > 0
    net = GameNet(
        GAMO2pixGame,
        max_iter=max_iter,
        lr=2e-3,
        batch_size=32,
        verbose=0,
        optimizer=torch.optim.Adam,
        module__n_features=20,
        module__shape=shape,
        module__counts=counts,
        module__batch_size=32,
        module__shared_decoder=shared,
    )
    with seeded(random_stream(0), CPU):
        net.fit(torch.cat([h, x.flatten(1)], dim=1)[kept], y[kept])
    net.module_.eval()
    return net


@shared_or_not
def test_decoding_beats_the_mean_image_of_the_class(digits, shared):
    net = trained(digits, shared=shared)
    x, y, h = digits
    rows = y > 0
    with seeded(random_stream(1), CPU), torch.inference_mode():
        decoded = net.module_.decode(h[rows], y[rows])
    assert decoded.shape == (90, 1, 8, 8)
    assert decoded.abs().max() <= 1
    means = torch.stack([x[y == code].mean(0) for code in range(3)])
    error = (decoded - x[rows]).square().mean()
    assert error < (means[y[rows]] - x[rows]).square().mean()  # .61 to .80 of it
    losses = [row["decoder_loss"] for row in net.history]
    assert losses[-1] < 0.7 * losses[0]  # .44 to .50


@shared_or_not
def test_order_of_rows_is_kept(digits, shared):
    game = trained(digits, shared=shared, max_iter=30).module_
    _, y, h = digits
    rows = torch.tensor([100, 170, 95, 160])
    assert y[rows].tolist() == [1, 2, 1, 2]
    for decoder in game.decoder:
        if isinstance(decoder, VariationalDecoder):  # no noise: a row's image is its own
            decoder.encode = lambda h, of=decoder: (of.mean(of.head(h)), h.new_tensor(-torch.inf))
    together = game.decode(h[rows], y[rows])
    for row, image in zip(rows, together, strict=True):
        torch.testing.assert_close(game.decode(h[row][None], y[row][None])[0], image)


def test_one_decoder_or_one_for_each_class_in_play(digits):
    shared = trained(digits, shared=True, max_iter=1).module_.decoder
    apart = trained(digits, shared=False, max_iter=1).module_.decoder
    assert len(shared) == 1
    assert [isinstance(d, VariationalDecoder) for d in apart] == [False, True, True]


def test_the_divergence_term_warms_up(digits):
    net = trained(digits, shared=True, max_iter=1)
    game, (x, y, h) = net.module_, digits
    game.begin_epoch(torch.cat([h, x.flatten(1)], dim=1)[y > 0], y[y > 0])
    game.rounds_planned = 100
    losses = []
    for played in (0, 5, 10, 90):
        game.rounds_played = played
        with seeded(random_stream(0), CPU):
            losses.append(next(game.turns(x, y))["decoder"].item())
    assert losses[0] < losses[1] < losses[2] == losses[3]
    assert losses[1] - losses[0] == pytest.approx((losses[2] - losses[0]) / 2, rel=1e-3)


def test_the_loss_by_hand(digits):
    """|x - xr|^2 + KL of the row + KL of a mixture, in which rows and mixture are the same."""
    x, y, h = digits
    one = torch.cat([h, x.flatten(1)], dim=1)[y > 0][:1].repeat(90, 1)
    net = trained(digits, shared=True, max_iter=1)
    game = net.module_
    game.begin_epoch(one, y[y > 0])
    game.rounds_played = game.rounds_planned = 100
    decoder = game.decoder[0]
    torch.nn.init.constant_(decoder.log_variance.bias, -60.0)  # clamped to -10: hardly any noise
    torch.nn.init.zeros_(decoder.log_variance.weight)
    mean, log_variance = decoder.encode(one[:1, :20])
    assert log_variance.unique().tolist() == [-10.0]
    told = game.onehot[game.uniform_labels.labels]
    images = decoder.decoder(torch.cat([mean.expand(len(told), -1), told], dim=1)).flatten(1)
    error = (images - one[:1, 20:]).square().sum(1).mean()
    expected = error + 2 * gaussian_divergence(mean, log_variance)
    loss = next(game.turns(x, y))["decoder"]
    assert loss.item() == pytest.approx(expected.item(), rel=0.02)


def test_a_large_log_variance_is_clamped():
    decoder = VariationalDecoder(3, 0, (1, 4, 4))
    torch.nn.init.constant_(decoder.log_variance.bias, 1e6)
    _, log_variance = decoder.encode(torch.randn(5, 3))
    assert log_variance.unique().tolist() == [10.0]


def test_the_decoder_keeps_the_laws_of_games(digits):
    """Of those of test_games, what a game without samples and logits can keep."""
    net = trained(digits, shared=False, max_iter=3)
    game = net.module_
    owned = {id(p) for p in game.decoder.parameters()}
    assert owned == {id(p) for p in game.parameters() if p.requires_grad}
    assert all(p.grad is not None and p.grad.isfinite().all() for p in game.parameters())
    loaded = pickle.loads(pickle.dumps(net)).module_
    fresh = trained(digits, shared=False, max_iter=1).module_
    fresh.load_state_dict(game.state_dict())
    _, y, h = digits
    images = []
    for each in (game, loaded, fresh):
        with seeded(random_stream(0), CPU), torch.inference_mode():
            images.append(each.decode(h[y > 0], y[y > 0]))
    assert torch.equal(images[0], images[1])
    assert torch.equal(images[0], images[2])


def test_training_rows_are_not_kept(digits):
    game = trained(digits, shared=True, max_iter=2).module_
    assert not len(game._rows)
    assert not any(len(p) == 90 for p in [*game.parameters(), *game.buffers()] if p.ndim)


def test_the_feature_extractor_stays_as_the_game_left_it():
    images, y = digit_images()
    params = {"max_iter": 5, "hidden_layer_sizes": (16,), "random_state": 0}
    without = GAMOSampler(**params, space="features").fit(images, y)
    decoded = GAMOSampler(**params, decoder_iter=5).fit(images, y)
    for key, value in without.game_.feature_extractor.state_dict().items():
        assert torch.equal(value, decoded.game_.feature_extractor.state_dict()[key])


def test_rows_of_a_table_are_decoded_too(digits):
    x, y, h = digits
    flat = (x.flatten(1)[:, :6], y, h)
    game = trained(flat, shared=True, max_iter=3, shape=(6,)).module_
    assert game.decode(h[:2], y[:2] + 1).shape == (2, 6)
