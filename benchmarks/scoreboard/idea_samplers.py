"""Ideas to improve the game: samplers that use the players of a fitted game.

They draw from the geometry of SpreadSMOTE; the players of a fitted GAMO game, the classifier M and
the discriminator D, decide which rows to keep.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from benchmarks.scoreboard.networks import WeightedNetwork
from gan_resample import GAMOClassifier, SpreadSMOTE, TableEncoder
from gan_resample.gamo import GAMOGame
from gan_resample.mixing.geometry import spread

Array = NDArray[Any]
Rows = tuple[pd.DataFrame, Array]

STEPS = torch.linspace(0, 2, 8)  # lengths of the step out of the hull, among which players choose


class Judged(SpreadSMOTE):
    """SpreadSMOTE with a game fitted to the same rows; ``rule`` says which player decides."""

    game: GAMOGame
    rule: Callable[[Tensor], Tensor]  # one of RULES, bound to this sampler

    def _mix(self, codes: Tensor) -> Tensor:
        return self.rule(codes)

    @torch.no_grad()
    def trust(self, x: Tensor, codes: Tensor) -> Tensor:
        """M's probability of each row's own class."""
        p = self.game.classifier(self.game.harden(x.float())).softmax(dim=1)
        return p.gather(1, codes[:, None]).squeeze(1)

    @torch.no_grad()
    def content(self, x: Tensor, codes: Tensor) -> Tensor:
        """D's probability that each row is real."""
        return self.game.discriminate(self.game.harden(x.float()), codes).sigmoid()

    def draw(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        rows = self._anchors.rows[self._anchors.draw_group(codes, 3)]
        return spread(rows, torch.rand_like(rows[:, 0]))

    def lengths(self, codes: Tensor, judges: Sequence[str]) -> tuple[Tensor, list[Tensor]]:
        """Rows at each length of a step, (n, 8, n_features), and values of ``judges``, (n, 8)."""
        inside, step = self.draw(codes)
        rows = [inside + h * step for h in STEPS]
        verdicts = [
            torch.stack([getattr(self, judge)(x, codes) for x in rows], 1) for judge in judges
        ]
        return torch.stack(rows, 1), verdicts


def pick(rows: Tensor, index: Tensor) -> Tensor:
    return rows[torch.arange(len(rows)), index]


def longest(allowed: Tensor) -> Tensor:
    """Index of the longest step allowed, or the first step if none is."""
    return (allowed * torch.arange(1, allowed.shape[1] + 1)).argmax(dim=1)


def unsure_and_content(sampler: Judged, codes: Tensor) -> Tensor:
    """The place along the step where M is unsure and D takes the row for real."""
    rows, (p, d) = sampler.lengths(codes, ["trust", "content"])
    return pick(rows, (p * (1 - p) * d).argmax(dim=1))


def by_density(sampler: Judged, codes: Tensor) -> Tensor:
    """A length drawn by D's odds, as in importance sampling."""
    rows, (d,) = sampler.lengths(codes, ["content"])
    odds = (d / (1 - d).clamp(min=1e-3)).clamp(min=1e-6)
    return pick(rows, torch.multinomial(odds, 1).squeeze(1))


def far_while_content(sampler: Judged, codes: Tensor) -> Tensor:
    rows, (d,) = sampler.lengths(codes, ["content"])
    return pick(rows, longest(d >= 0.4))


def far_while_safe(sampler: Judged, codes: Tensor) -> Tensor:
    rows, (p,) = sampler.lengths(codes, ["trust"])
    return pick(rows, longest(p >= 0.5))


def safer_way(sampler: Judged, codes: Tensor) -> Tensor:
    """Forwards or backwards along the step, whichever row M gives the higher probability."""
    return _one_way(sampler, codes, torch.ge)


def harder_way(sampler: Judged, codes: Tensor) -> Tensor:
    return _one_way(sampler, codes, torch.lt)


def _one_way(sampler: Judged, codes: Tensor, better: Callable[..., Tensor]) -> Tensor:
    inside, step = sampler.draw(codes)
    ways = inside + step, inside - step
    first, second = (sampler.trust(x, codes) for x in ways)
    return torch.where(better(first, second)[:, None], *ways)


def not_hopeless(sampler: Judged, codes: Tensor) -> Tensor:
    """Drawn again, up to eight times, while M gives its own class less than one in five."""
    rows = torch.add(*sampler.draw(codes))
    for _ in range(7):
        bad = sampler.trust(rows, codes) < 0.2
        rows = torch.where(bad[:, None], torch.add(*sampler.draw(codes)), rows)
    return rows


RULES: dict[str, Callable[[Judged, Tensor], Tensor]] = {
    "M unsure and D content": unsure_and_content,
    "length by D's odds": by_density,
    "as far as D is content": far_while_content,
    "as far as M is safe": far_while_safe,
    "the way M finds safer": safer_way,
    "the way M finds harder": harder_way,
    "no rows M finds hopeless": not_hopeless,
}


class Reach(SpreadSMOTE):
    """Partners from ten neighbours if the row is in ``wide``, else from three."""

    wide: Array

    def _learn_rows(self, x: Array, codes: Array, deficits: Sequence[int], stream: Any) -> None:
        super()._learn_rows(x, codes, deficits, stream)
        wide = torch.as_tensor(self.wide)[self._anchors.chosen]
        self._reach = torch.where(wide, 10, 3)

    def _mix(self, codes: Tensor) -> Tensor:
        own, n = self._anchors, len(codes)
        base = own.starts[codes] + (torch.rand(n) * own.counts[codes]).long()
        which = (torch.rand(n, 3) * self._reach[base][:, None]).long()
        index = torch.cat([base[:, None], own.neighbours[base].gather(1, which)], dim=1)
        return torch.add(*spread(own.rows[index], torch.rand_like(own.rows[base])))


def reaches(game: GAMOGame, X: pd.DataFrame, codes: Array, seed: int) -> dict[str, Array]:
    """Which rows use ten neighbours, for each way to decide: by M, and without a game."""
    x = TableEncoder().fit_transform(X)
    rows = np.arange(len(codes))
    with torch.no_grad():
        p = game.classifier(torch.as_tensor(x, dtype=torch.float32)).softmax(dim=1).numpy()
    sure = p[rows, codes] > 0.5
    weighted = WeightedNetwork(random_state=seed).fit(X, codes).predict_proba(X)
    near = NearestNeighbors(n_neighbors=6).fit(x).kneighbors(x, return_distance=False)
    others = [[j for j in near[i] if j != i][:5] for i in rows]
    chance = np.random.default_rng(seed).random(len(codes)) < sure.mean()
    return {
        "reach by M": sure,
        "reach by M, reversed": ~sure,
        "reach by a weighted network": weighted[rows, codes] > 0.5,
        "reach by neighbours of the class": np.mean(codes[others] == codes[:, None], axis=1)
        >= 0.5,
        "reach by chance": chance,
    }


def relabelled(X: pd.DataFrame, y: Array, seed: int) -> Rows:
    """Replace 30 % of new rows by rows of other classes, drawn by M's held-out odds squared."""
    folds = StratifiedKFold(int(min(3, np.bincount(y).min())), shuffle=True, random_state=0)
    judge = GAMOClassifier(random_state=seed, max_iter=400)
    P = cross_val_predict(judge, X, y, cv=folds, method="predict_proba")
    made, labels = SpreadSMOTE(random_state=seed).fit_resample(X, y)
    rng = np.random.default_rng(seed)
    for code in np.unique(labels[len(y) :]):
        new = len(y) + np.flatnonzero(labels[len(y) :] == code)
        new = new[rng.random(len(new)) < 0.3]
        weight = np.where(y == code, 0, P[:, code]) ** 2
        if len(new) and weight.sum():
            made.iloc[new] = X.iloc[rng.choice(len(y), len(new), p=weight / weight.sum())]
    return made, labels
