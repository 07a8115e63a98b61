"""What CycleGAN's estimators share: how they are trained, and ``translate``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from gan_resample.core.containers import encoded, give
from gan_resample.core.decoding import WATCHED_IMAGES, warn_of_poor_decoding
from gan_resample.core.training import GameMixin, Training
from gan_resample.cyclegan.translation import TranslationGame
from gan_resample.encoding.columns import is_frame
from gan_resample.engine.ambient import steady
from gan_resample.engine.scalars import plain
from gan_resample.nn.shape import RowShape

__all__ = ["CycleGANMixin"]

Array = NDArray[Any]

TABLE_BATCH, IMAGE_BATCH = 128, 4


class CycleGANMixin(GameMixin):
    """What the sampler and the classifier share."""

    game_: TranslationGame

    def _plan_training(self, shape: Sequence[int], deficits: Sequence[int]) -> Training:
        default = IMAGE_BATCH if RowShape(shape).is_image else TABLE_BATCH
        rows = default if self.batch_size is None else plain(self.batch_size)
        return Training(rows, plain(self.max_iter), optimizer={"betas": (0.5, 0.999)})

    def translate(self, X: Any, to: Any) -> Any:
        """Turn rows into rows of another class.

        Parameters
        ----------
        X : data frame, array or sparse matrix of shape (n_rows, n_columns), or images
            Columns or shape as in ``fit``; rows of the class that ``to`` was translated from.
        to : label
            A class that was in play in ``fit``. If there was only one, and its rows were made from
            one class, that source class is allowed too: rows are then translated back.

        Returns
        -------
        X : data frame, array or sparse matrix of shape (n_rows, n_columns), or images
            The translation of each row, in the columns or shape and dtypes seen in ``fit``; sparse
            if the rows were, and with the index of a frame. The same rows give the same
            translations, up to rounding.

        Raises
        ------
        ValueError
            If ``to`` is another class, or no class was in play.
        """
        check_is_fitted(self, "_stream")
        given = X
        X = self._check_rows(X, reset=False)
        target, back = self._direction(to)
        numbers, device = encoded(self.encoder_, X), torch.device(self.net_.device)
        with steady(device), torch.inference_mode():
            x = torch.as_tensor(numbers, dtype=torch.float32, device=device)
            chunks = x.split(self.game_.chunk_rows)
            rows = torch.cat([self.game_.translate(part, target, back=back) for part in chunks])
            made = rows.cpu().numpy()
        translated = self.encoder_.inverse_transform(made)
        if is_frame(given) and is_frame(translated):
            translated.index = given.index
        return give(type(X)(translated) if sparse.issparse(X) else translated, self._given)

    def _direction(self, to: Any) -> tuple[int, bool]:
        """Class code of the pair that translates to a label, and whether it translates back."""
        pairs = [] if self.game_ is None else self.game_.pairs
        if not pairs:
            raise ValueError(
                f"no class lacked a row when {type(self).__name__} was fitted, so it has no "
                "translators"
            )
        labels = self.classes_.tolist()
        forth = {labels[pair.target]: (pair.target, False) for pair in pairs}
        if len(pairs) == 1 and len(pairs[0].sources) == 1:
            forth[labels[pairs[0].sources[0]]] = (pairs[0].target, True)
        found = [way for label, way in forth.items() if np.ndim(to) == 0 and label == to]
        if not found:
            raise ValueError(
                f"cannot translate to {to!r}: in fit, there were translators to {list(forth)}"
            )
        return found[0]

    @torch.no_grad()
    def _watch_translators(self, x: Array, codes: Array) -> None:
        """Warn if translators do not leave images of their target class unchanged."""
        game, device = self.game_, torch.device(self.net_.device)
        images, made, labels = [], [], []
        with steady(device):
            for pair in game.pairs:
                for classes, back in (((pair.target,), False), (pair.sources, True)):
                    own = np.flatnonzero(np.isin(codes, classes))
                    own = own[:: -(-len(own) * len(game.pairs) // WATCHED_IMAGES)]
                    rows = torch.as_tensor(x[own], dtype=torch.float32, device=device)
                    parts = rows.split(game.chunk_rows)
                    images.append(rows)
                    made += [game.translate(part, pair.target, back=back) for part in parts]
                    labels.append(torch.as_tensor(codes[own], device=device))
            warn_of_poor_decoding(
                torch.cat(images),
                torch.cat(made),
                torch.cat(labels),
                rounds=game.rounds_played,
                remedy=f"max_iter (it is {self.max_iter}; the default is 2,000)",
                what="what the translators make of an image of their own class",
            )
