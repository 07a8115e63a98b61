"""What the games have in common that mix rows: anchors, and real rows judged beside them."""

import pytest
import torch

from tests.helpers import make_net, rows_of


@pytest.mark.parametrize("name", ["gamo-images", "gamo-features", "pgan-images"])
def test_real_rows_are_judged_by_features_as_old_as_the_anchors(name):
    x, y = rows_of(name)
    net = make_net(name, lr=1e-2, own={"init": "none"} if name == "pgan-images" else None)
    net.initialize()
    game = net.module_
    game.rounds_planned = 10
    game.prepare(x, y)
    game.begin_epoch(x, y)
    seen = []
    name_of_rows = game.stored_features
    game.stored_features = lambda rows: seen.append(name_of_rows(rows)) or seen[-1]
    for _ in range(5):
        net.train_step((x, y))
        game.rounds_played += 1
    chosen, anchors = game.generator.anchors.chosen, game.generator.anchors.rows
    assert len(seen) == 5
    for features in seen:  # F moved, the anchors did not: both are seen as they were
        torch.testing.assert_close(features[chosen], anchors, rtol=1e-5, atol=1e-6)
    assert not torch.allclose(game.features(x)[chosen], anchors, rtol=1e-3, atol=1e-4)
    game.refresh_anchors(x)
    assert torch.equal(name_of_rows(x), game.features(x))
    torch.testing.assert_close(game.features(x)[chosen], game.generator.anchors.rows)


def test_a_frozen_extractor_needs_no_copy():
    game = make_net("gamo-features", own={"freeze": "all"}).initialize().module_
    assert game.stored_extractor is None
