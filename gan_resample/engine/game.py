"""The interface of a game: networks and the rules by which they train against each other.

A *player* is a child module, a *move* is one step of one player by one optimizer, a *turn* is the
set of moves made together, a *round* is one mini-batch. A game knows neither skorch nor
scikit-learn nor optimizers: it only yields losses.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gan_resample.engine.batches import endless_batches

__all__ = ["ClassifyingGame", "Game", "SamplingGame", "Turn", "moves_of"]

# A loss for a move, or for a tuple of moves that all minimise it. The keys are of any type here,
# as a game that yields a Mapping[str, Tensor] is a right one.
Turn = Mapping[Any, Tensor]


def moves_of(turn: Turn) -> list[str]:
    """Return the moves of a turn, each once, in the order in which they are first named."""
    named = ((moves,) if isinstance(moves, str) else moves for moves in turn)
    return list(dict.fromkeys(move for moves in named for move in moves))


class Game(nn.Module, ABC):
    """Players and the order in which they move.

    Attributes
    ----------
    moves : mapping of str to str
        Move -> name of the attribute that holds the player. A class attribute, because skorch asks
        for it before it builds the game. A player that a game leaves out is ``None``.
    rounds_played, rounds_planned : int
        Kept by :class:`~gan_resample.engine.net.GameNet` and saved with the weights.
    alternates : bool
        Whether some moves are not made in every epoch, so that their losses are missing from some
        rows of the history.
    resting : tuple of str
        Names in the state of what rounds do not write, as ``"pool"`` or, with all in it,
        ``"generator.anchors"``: it is constant after :meth:`prepare`, or made anew in
        :meth:`begin_epoch` (and in :meth:`finish`, if used after that). Snapshots leave it out.
    spent : tuple of str
        Players that only a continued fit would need: a saved game may leave them out.
    diagnostics : tuple of str
        Names of the figures that :meth:`diagnose` returns for each class.
    """

    moves: ClassVar[Mapping[str, str]]
    alternates: ClassVar[bool] = False
    diagnostics: ClassVar[tuple[str, ...]] = ()
    resting: ClassVar[tuple[str, ...]] = ()
    rounds_played: int = 0
    rounds_planned: int = 0

    def prepare(self, x: Tensor, y: Tensor) -> None:
        """Keep what the game needs of the training rows; called before the first round of a fit.

        ``x`` has shape (n, n_features), or (n, channels, height, width) for images; ``y`` holds
        (n,) class codes; both are on the device.
        """

    def begin_epoch(self, x: Tensor, y: Tensor) -> None:
        """Refresh what the game keeps; called before each epoch with all training rows."""

    def finish(self, x: Tensor, y: Tensor) -> None:
        """Update what ``sample`` and ``logits`` need; called after the last round."""

    def batches(self, y: Tensor, size: int) -> Iterator[Tensor]:
        """Yield mini-batches without end: the indices, (size,), of their rows."""
        return endless_batches(len(y), size, y.device)

    @contextmanager
    def eval_mode(self, *players: str) -> Iterator[None]:
        """Put ``players`` in eval mode inside the block: buffers do not change, dropout is off."""
        present = [player for name in players if (player := getattr(self, name)) is not None]
        # written to vars: torch's own way to set an attribute takes ten times as long
        switched = [vars(m) for player in present for m in player.modules() if m.training]
        for attributes in switched:
            attributes["training"] = False
        try:
            yield
        finally:
            for attributes in switched:
                attributes["training"] = True

    @abstractmethod
    def turns(self, x: Tensor, y: Tensor) -> Iterator[Turn]:
        """Yield turns, ``{move: scalar loss}``, in playing order for one batch of real rows.

        The moves of a turn are made together before this method resumes: all gradients first, then
        all steps. Only the parameters of the moving players change, so no ``detach`` and no
        freezing is needed. Compute a loss after the turns that it depends on. Never ``yield``
        inside a ``with``: the caller would be left in that state.

        A term that several moves minimise with equal weights may be given once, for all of them:
        ``{("encoder", "decoder"): error, "encoder": divergence}``. It is differentiated once, and
        the loss of a move is the sum of the terms that name it. The moves of a turn are of
        different players.
        """

    @property
    def phases(self) -> tuple[int, ...]:
        """Rounds at which a new epoch has to begin, so that ``begin_epoch`` is called there."""
        return ()

    def report(self) -> Mapping[str, Tensor]:
        """Return scalars for the history beside the losses; read once an epoch."""
        return {}

    def diagnose(self) -> dict[str, dict[int, float]]:
        """Return the figures that ``diagnostics`` names: name -> class code -> value."""
        return {}

    @property
    def spent(self) -> tuple[str, ...]:
        return ()

    def get_extra_state(self) -> dict[str, int]:
        return {"rounds_played": self.rounds_played, "rounds_planned": self.rounds_planned}

    def set_extra_state(self, state: Any) -> None:
        self.rounds_played = state["rounds_played"]
        self.rounds_planned = state["rounds_planned"]


class SamplingGame(Game):
    """A game that can generate rows.

    Attributes
    ----------
    chunk_rows : int
        Rows generated at once; bounds the memory of :meth:`sample`.
    """

    chunk_rows: int = 2048

    @abstractmethod
    def sample(self, y: Tensor) -> Tensor:
        """Make encoded rows, (n, n_features), for ``y``, (n,) class codes."""

    def sample_with_sources(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Make the rows of :meth:`sample`, and tell which training row each is made from.

        The second tensor, (n,), holds indices into the rows given to :meth:`prepare`, of the one
        that weighs most; -1 where there is none. A game that mixes or changes training rows
        overrides this; from one seed both methods give the same rows.
        """
        return self.sample(y), torch.full_like(y, -1)


class ClassifyingGame(Game):
    """A game whose trained players can classify rows."""

    @property
    @abstractmethod
    def predictor(self) -> nn.Module:
        """The module that turns encoded rows, (n, n_features), into logits, (n, n_classes)."""

    def logits(self, x: Tensor) -> Tensor:
        """Return logits, (n, n_classes), for encoded rows ``x``, (n, n_features)."""
        return self.predictor(x)
