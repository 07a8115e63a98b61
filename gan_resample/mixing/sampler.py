"""What the samplers of GAMO and PGAN have in common.

If their game mixes feature vectors, :mod:`gan_resample.mixing.gamo2pix` turns these into rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from gan_resample.core.containers import encoded
from gan_resample.core.decoding import WATCHED_IMAGES, warn_of_poor_decoding
from gan_resample.core.sampler import BaseGameSampler
from gan_resample.core.training import Training
from gan_resample.encoding.columns import is_frame
from gan_resample.engine.ambient import steady
from gan_resample.engine.net import GameNet
from gan_resample.engine.scalars import plain
from gan_resample.engine.seeding import seeded
from gan_resample.mixing.game import MixingGame
from gan_resample.mixing.gamo2pix import make_decoder, train_decoder
from gan_resample.nn.build import rows_at_once

__all__ = ["MixingSampler"]

Array = NDArray[Any]


class MixingSampler(BaseGameSampler):
    """A sampler whose game may mix feature vectors, which a decoder turns into rows; abstract."""

    space: str
    shared_decoder: bool
    decoder_iter: int
    space_: str
    decoder_net_: GameNet | None  # None where rows need no decoder

    def features(self, X: Any) -> Array:
        """Feature vectors of rows, as ``space="features"`` gives them for training rows.

        Parameters
        ----------
        X : array of shape (n_rows, ...)
            Rows as in ``fit``.

        Returns
        -------
        H : ndarray of float32, shape (n_rows, n_features)
            The encoded rows, flattened, if there is no feature extractor.
        """
        check_is_fitted(self, "_stream")
        return self._features(encoded(self.encoder_, self._check_rows(X, reset=False)))

    def _features(self, x: Array) -> Array:
        if self.net_ is None:
            return x.reshape(len(x), -1)
        game: MixingGame = self.net_.module_
        device = torch.device(self.net_.device)
        with steady(device):
            chunks = torch.as_tensor(x, dtype=torch.float32).split(rows_at_once(x.shape[1:]))
            return torch.cat([game.features(c.to(device)).cpu() for c in chunks]).numpy()

    def _plan_training(self, shape: Sequence[int], deficits: Sequence[int]) -> Training:
        return replace(super()._plan_training(shape, deficits), later_moves=("decoder",))

    def _learn_nothing(self) -> None:
        super()._learn_nothing()
        self.decoder_net_, self.space_ = None, self.space

    def _learn_more(
        self, x: Array, codes: Array, deficits: Sequence[int], stream: np.random.Generator
    ) -> None:
        """Train GAMO2pix on the classes in play, or train it further."""
        before, self.decoder_net_ = getattr(self, "decoder_net_", None), None
        self.space_ = self.space
        if not self._needs_decoder():
            return
        if self._stopped_by is not None:  # keep the decoder of an earlier fit, if there is one
            self.decoder_net_ = before
            return
        kept = np.asarray(deficits)[codes] > 0
        counts = tuple(n if d else 0 for n, d in zip(self._counts, deficits, strict=True))
        features, device = self._features(x[kept]), torch.device(self.net_.device)
        net = before if self._goes_on() else None
        with seeded(stream, device), torch.inference_mode(False), torch.enable_grad():
            rows = torch.as_tensor(x[kept], dtype=torch.float32)
            h, y = torch.as_tensor(features), torch.as_tensor(codes[kept])
            if net is None or net.module_.shared_decoder != self.shared_decoder:
                training = self._plan_training(x.shape[1:], deficits)
                options = self._net_options(training.batch_size)
                options |= self._optimizer_options({}, training.later_moves, training)
                net = make_decoder(h, rows, counts, shared_decoder=self.shared_decoder, **options)
            net.set_params(max_iter=plain(self.decoder_iter))
            try:
                train_decoder(net, h, rows, y)
            except KeyboardInterrupt as error:
                self._stopped_by = error
            if self._stopped_by is None and rows.ndim == 4:
                self._watch_decoder(net, h, rows, y)
        if self._stopped_by is None or net.kept_:
            self.decoder_net_ = net

    @torch.no_grad()
    def _watch_decoder(self, net: GameNet, features: Tensor, rows: Tensor, y: Tensor) -> None:
        few = slice(None, None, -(-len(rows) // WATCHED_IMAGES))
        x, features, y = (each[few].to(net.device) for each in (rows, features, y))
        rounds = net.module_.rounds_played
        at_once = rows_at_once(x.shape[1:])
        pairs = zip(features.split(at_once), y.split(at_once), strict=True)
        decoded = torch.cat([net.module_.decode(*pair) for pair in pairs])
        remedy = f"decoder_iter (it is {self.decoder_iter}; the default is 1,000)"
        warn_of_poor_decoding(x, decoded, y, rounds=rounds, remedy=remedy)

    def _needs_decoder(self) -> bool:
        """Return whether the game's rows have to be decoded."""
        game: MixingGame = self.net_.module_
        return game.feature_extractor is not None and self.space_ == "rows"

    def _told_of_stop(self) -> str:
        told = super()._told_of_stop()
        if self._needs_decoder():
            net = self.decoder_net_
            n = 0 if net is None else net.module_.rounds_played
            told += f". Its decoder has been trained for {n} rounds, and sample needs one"
        return told

    def _decode(self, rows: Tensor, y: Tensor) -> Tensor:
        if self.decoder_net_ is None:
            if self._needs_decoder():
                raise NotFittedError(
                    f"{type(self).__name__} was stopped before it had a decoder: fit it again; "
                    "with warm_start=True that goes on with the game"
                )
            return rows
        decoder = self.decoder_net_.module_
        at_once = rows_at_once(self._encoded_shape)
        pairs = zip(rows.split(at_once), y.split(at_once), strict=True)
        return torch.cat([decoder.decode(*pair) for pair in pairs])

    def _fit_resample(self, X: Any, y: Array) -> tuple[Any, Array]:
        if self.space == "features" and (is_frame(X) or sparse.issparse(X)):
            raise TypeError(
                f"space='features' gives vectors, which do not fit into a {type(X).__name__}: "
                "hand over an array, or use fit, then features(X) and sample(labels)"
            )
        return super()._fit_resample(X, y)

    def _real_rows(self, X: Any) -> Any:
        return X if self.space_ == "rows" else self.features(X)

    def _generated_rows(self, rows: Array) -> Any:
        if self.space_ == "rows":
            return self.encoder_.inverse_transform(rows)
        return rows.reshape(len(rows), -1)
