"""The classifier of GAMO without a game, which every game has to beat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan_resample import GAMOClassifier
from gan_resample.gamo import GAMOGame

Array = NDArray[Any]


class PlainGame(GAMOGame):
    """The same network, including features, with the same loss; one player, one move.

    ``balanced``: rows have weights ``n / (c n_i)``, as scikit-learn's ``class_weight="balanced"``.
    """

    moves: ClassVar[Mapping[str, str]] = {"network": "network"}
    weights: Tensor

    def __init__(
        self, *, balanced: bool, counts: Sequence[int], deficits: Sequence[int], **others: Any
    ) -> None:
        super().__init__(counts=counts, deficits=[0] * len(deficits), **others)
        weights = sum(counts) / (len(counts) * torch.tensor(counts, dtype=torch.float32))
        self.register_buffer("weights", weights if balanced else torch.ones_like(weights))

    def turns(self, x: Tensor, y: Tensor) -> Iterator[Mapping[str, Tensor]]:
        loss = self.class_loss(self.network(x), self.onehot[y])
        yield {"network": (self.weights[y] * loss).mean()}
        self.update_average()


class PlainClassifier(GAMOClassifier):
    """A :class:`GAMOClassifier` that plays no game; set ``balanced`` for class weights."""

    _game: ClassVar[Any] = PlainGame
    balanced = False

    @property
    def _game_params(self) -> Sequence[str]:
        return (*super()._game_params, "balanced")


def hidden(clf: GAMOClassifier, X: Array) -> Array:
    """Return the output of the last hidden layer of a fitted classifier for images ``X``."""
    game = clf.game_
    network = game.network if game.average is None else game.average.module
    features, head = network
    body = nn.Sequential(features, *list(head)[:-1])
    rows = torch.as_tensor(clf.encoder_.transform(X), dtype=torch.float32)
    with torch.inference_mode():
        chunks = [body(chunk.to(clf.net_.device)).cpu() for chunk in rows.split(512)]
    return torch.cat(chunks).numpy()
