"""Ideas to improve the game: other rules, and other training rows of GAMO's classifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.scoreboard.idea_samplers import pick
from gan_resample import GAMOClassifier, GAMOSampler
from gan_resample.gamo import GAMOGame
from gan_resample.mixing.geometry import Mix, SpreadMixer
from gan_resample.nn.modules import MLP


class PerFeatureMixer(SpreadMixer):
    """A learned scale for each feature."""

    def __init__(self, mixer: SpreadMixer) -> None:
        width = mixer.anchors.rows.shape[1]
        super().__init__(mixer.anchors, mixer.latent_dim, 64, mixer.max_scale)
        leaky = partial(nn.LeakyReLU, 0.1)
        self.net = MLP(mixer.latent_dim + len(self.onehot) + width, width, (64,), leaky)
        for parameter in self.net[-1].parameters():
            nn.init.zeros_(parameter)

    def mix(self, drawn: Any, sizes: Sequence[int]) -> Mix:
        toward = drawn.u.mean(dim=1, keepdim=True)
        half = self.scale(drawn).mean(dim=1, keepdim=True) / 2
        weights = torch.cat([1 - toward, toward, half, -half], dim=1)
        return Mix(self(drawn, sizes), weights, drawn.anchors)


class PerFeatureGame(GAMOGame):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        if self.generator is not None:
            self.generator = PerFeatureMixer(self.generator)


class PerFeature(GAMOSampler):
    _game = PerFeatureGame


class HardestGame(GAMOGame):
    """M learns from the hardest of several rows drawn for each label (MaxUp, Gong et al. 2021)."""

    m = 2

    @torch.no_grad()
    def imitate(self) -> Tensor:
        labels, sizes = self.deficit_labels.labels, self.deficit_labels.sizes
        with self.eval_mode("generator", "classifier"):
            drawn = [
                self.generate(self.draw(labels, sizes), self.deficit_labels) for _ in range(self.m)
            ]
            onehot = self.onehot[labels]
            loss = torch.stack([self.class_loss(self.classifier(x), onehot) for x in drawn], 1)
        return pick(torch.stack(drawn, 1), self.choose(loss))

    def choose(self, loss: Tensor) -> Tensor:
        return loss.argmax(dim=1)


class HardestOfFourGame(HardestGame):
    m = 4


class EasiestGame(HardestGame):
    def choose(self, loss: Tensor) -> Tensor:
        return loss.argmin(dim=1)


class TeacherGame(GAMOGame):
    """Labels of generated rows are softened by M's own moving average."""

    def judge(self, x: Tensor, y: Tensor, real: Tensor, weight: Tensor) -> dict[str, Tensor]:
        hard = self.onehot[y]
        if self.average is None or self.rounds_played <= 100:
            return super().judge(x, y, real, weight)
        with torch.no_grad():
            soft = 0.7 * hard + 0.3 * self.average(x).softmax(dim=1)
        target = torch.where(real[:, None] > 0.5, hard, soft)
        losses = super().judge(x, y, real, weight)
        own = (weight * self.class_loss(self.classifier(x), target)).sum()
        return losses | {"classifier": own}


class EveryoneGame(GAMOGame):
    """Every class gets generated rows, the largest class as many as it has rows."""

    def __init__(self, *, counts: Sequence[int], deficits: Sequence[int], **settings: Any) -> None:
        if any(deficits):
            deficits = [2 * max(counts) - count for count in counts]
        super().__init__(counts=counts, deficits=deficits, **settings)


class DensityGame(GAMOGame):
    """Generated rows are weighted by D's odds, class by class."""

    def judge(self, x: Tensor, y: Tensor, real: Tensor, weight: Tensor) -> dict[str, Tensor]:
        losses = super().judge(x, y, real, weight)
        with torch.no_grad():
            d = self.discriminate(x, y).sigmoid().clamp(0.05, 0.95)
            odds = torch.where(real > 0.5, 1.0, d / (1 - d))
            made = weight * (real < 0.5)
            zero = torch.zeros(len(self.onehot))
            before, after = (zero.index_add(0, y, made * o) for o in (torch.ones_like(d), odds))
            scale = (before / after.clamp(min=1e-9))[y]
            weighed = torch.where(real > 0.5, weight, weight * odds * scale)
        own = (weighed * self.class_loss(self.classifier(x), self.onehot[y])).sum()
        return losses | {"classifier": own}


FIXED = {"generator_vs_classifier_optimizer__lr": 0.0}
NO_GAME: dict[str, Any] = {"with_discriminator": False, "net_params": FIXED}
D_ONLY = {"net_params": FIXED | {"generator_vs_discriminator_optimizer__lr": 0.0}}


def classifier(game: type[GAMOGame], seed: int, settings: Mapping[str, Any]) -> GAMOClassifier:
    kind = type(game.__name__, (GAMOClassifier,), {"_game": game})
    return kind(random_state=seed, **settings)


#: Name -> game and settings; the others are compared with the first.
GAMES: dict[str, tuple[type[GAMOGame], Mapping[str, Any]]] = {
    "fresh SpreadSMOTE rows": (GAMOGame, NO_GAME),
    "GAMOClassifier": (GAMOGame, {}),
    "the hardest of two rows": (HardestGame, NO_GAME),
    "the hardest of four rows": (HardestOfFourGame, NO_GAME),
    "the easiest of two rows": (EasiestGame, NO_GAME),
    "labels softened by M's average": (TeacherGame, NO_GAME),
    "rows for every class": (EveryoneGame, NO_GAME),
    "rows weighed by D": (DensityGame, D_ONLY),
}
