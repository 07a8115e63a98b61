"""
A game of your own, in one file
===============================

A conditional Wasserstein GAN with gradient penalty (Gulrajani and others, 2017) as a sampler that
scikit-learn and imbalanced-learn accept: what has to be written, how to check it, and what comes
with it. The words (player, move, turn, round) are explained in :doc:`/extending`.
"""

# %%
# The rules of the game
# ---------------------
# ``moves`` names every move and its player. ``turns`` is the algorithm of the paper: each
# ``yield`` gives losses, and only the players of the moves named in it change.
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import matplotlib.pyplot as plt
import torch
from imblearn.pipeline import make_pipeline
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.preprocessing import StandardScaler
from torch import nn

from gan_resample.core.parameters import AT_LEAST_1, SamplerParams, game_param, param
from gan_resample.core.sampler import BaseGameSampler, LoneRowsMixin
from gan_resample.datasets import load_bundled
from gan_resample.engine.game import SamplingGame
from gan_resample.evaluation import ComparisonDisplay, GameHistoryDisplay, compare
from gan_resample.nn.losses import gradient_penalty
from gan_resample.nn.modules import MLP, SoftmaxSpans, StraightThrough
from gan_resample.testing import check_game, check_sampler

QUICK = os.environ.get("GAN_RESAMPLE_QUICK") == "1"  # few rounds, for the tests of this project


class WGANGame(SamplingGame):
    moves: ClassVar = {"critic": "critic", "generator": "generator"}

    # sizes are arguments; the base class passes more than this game needs, and gaps only if there
    # are missing values
    def __init__(
        self, *, shape, counts, spans, levels, hidden_layer_sizes, critic_steps, gaps=(), **known
    ):
        super().__init__()
        self.register_buffer("onehot", torch.eye(len(counts)))
        self.critic_steps, self.latent_dim = critic_steps, 16
        leaky = partial(nn.LeakyReLU, 0.1)
        n_in = self.latent_dim + len(counts)
        self.generator = nn.Sequential(
            MLP(n_in, shape[0], hidden_layer_sizes, leaky), SoftmaxSpans(spans)
        )
        self.critic = MLP(shape[0] + len(counts), 1, hidden_layer_sizes, leaky)
        self.critic[-1].bias.requires_grad_(False)  # cancels out in a difference of scores
        # real rows are discrete, so generated ones must be too
        self.harden = StraightThrough(spans, levels, gaps)

    def prepare(self, x, y):
        self.harden.learn(x)

    def turns(self, x, y):
        for _ in range(self.critic_steps):
            with torch.no_grad(), self.eval_mode("generator"):
                fake = self.sample(y)
            slope = gradient_penalty(partial(self.score, y=y), x, fake)
            gap = self.score(fake, y) - self.score(x, y)
            yield {"critic": (gap + 10 * slope).mean()}
        with self.eval_mode("critic"):
            loss = -self.score(self.sample(y), y).mean()
        yield {"generator": loss}

    def score(self, x, y):
        return self.critic(torch.cat([x, self.onehot[y]], dim=1)).squeeze(1)

    def sample(self, y):
        z = torch.randn((len(y), self.latent_dim), device=y.device)
        return self.harden(self.generator(torch.cat([z, self.onehot[y]], dim=1)))


# %%
# The sampler
# -----------
# It names the game and its parameters: a dataclass whose fields have defaults and constraints, as
# in scikit-learn. Parameters of all samplers (among them ``encoder`` and ``random_state``) and of
# all games are inherited; some get another default here. ``game_param`` marks those that are
# passed to the game. Validation, encoding, dtypes, ``sample``, seeds, devices, history, guards and
# pickling come from the base class. The game cannot learn from a class of one row:
# ``LoneRowsMixin`` repeats it.
@dataclass(kw_only=True, eq=False, repr=False)
class WGANSampler(SamplerParams, LoneRowsMixin, BaseGameSampler):
    critic_steps: int = game_param(5, AT_LEAST_1)
    hidden_layer_sizes: Sequence[int] = game_param((128, 64), "array-like")
    max_iter: int = param(500, AT_LEAST_1)
    batch_size: int = param(64, AT_LEAST_1, fixed=True)

    _game = WGANGame

    def _plan_training(self, shape, deficits):
        return replace(super()._plan_training(shape, deficits), optimizer={"betas": (0.0, 0.9)})


# %%
# Does it keep the laws?
# ----------------------
# ``check_game`` checks the game: seeds, copies, which players move, devices, discrete rows, and
# whether it learns two classes that are far apart. ``check_sampler`` checks the rows that are
# returned. Both raise an error that says what is wrong and what to do. Use scikit-learn's and
# imbalanced-learn's ``parametrize_with_checks`` too.
check_game(WGANGame, hidden_layer_sizes=(16,), critic_steps=2)
check_sampler(WGANSampler(max_iter=4))

# %%
# Using it
# --------
# It works in a pipeline and in a grid search, and ``sample`` draws rows for given labels.
cancer = load_bundled("breast_cancer")
wgan = WGANSampler(max_iter=20 if QUICK else 500, random_state=0)
model = make_pipeline(StandardScaler(), wgan, HistGradientBoostingClassifier(random_state=0))
train = cancer.splits(3, 1, 0)[0].train
model.fit(cancer.X.iloc[train], cancer.y[train])
print(model[1].sample(["malignant"])[0, :4])
GameHistoryDisplay.from_estimator(model[1])
plt.show()

# %%
# Is it any good?
# ---------------
# A mapping of names adds it to a comparison. Here it is level with SMOTE, in several hundred times
# the time, but three folds of one table with one classifier are no evidence: use more tables, and
# compare with :class:`~gan_resample.SpreadSMOTE`.
found = compare(
    cancer,
    {"none": "none", "SMOTE": "smote", "spread": "spread", "WGAN": wgan},
    ["logistic"],
    cv=3,
)
ComparisonDisplay.from_comparison(found)
plt.show()
print(found.summary()[["balanced_accuracy", "brier_score"]].round(3))
