"""What a stopped fit leaves behind: a usable state or none, never half of one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gan_resample.engine.net import GameNet

__all__ = ["StoppedFitsMixin"]


class StoppedFitsMixin:
    """For estimators that train: ``fit`` sets all attributes before it re-raises a Ctrl-C.

    Training sets ``_training`` when it begins to change a fitted state. If it is stopped and a
    finite state was kept, it sets ``_stopped_by`` to the exception; ``fit`` then sets every
    attribute without further training, and raises that exception at its end.
    """

    _training: bool = False
    _stopped_by: BaseException | None = None
    net_: GameNet

    @contextmanager
    def _fitting(self) -> Iterator[None]:
        """Run a fit; if it fails and no state was kept, the estimator is left not fitted.

        A fit that continues an earlier one and fails before it trains leaves that state unchanged.
        """
        went_on = self._goes_on()  # type: ignore[attr-defined]
        try:
            yield
            stopped_by = self._stopped_by
        except BaseException as error:
            # such as a second Ctrl-C, or a warning turned into an error, after training stopped
            stopped_by = self._stopped_by or error
            if self._training or not went_on:
                self._forget()  # type: ignore[attr-defined]
                _add_note(stopped_by, f"{type(self).__name__} is not fitted: nothing was kept")
            if stopped_by is error:
                raise
        else:
            if stopped_by is not None:
                _add_note(stopped_by, self._told_of_stop())
        finally:
            for name in ("_training", "_stopped_by"):
                vars(self).pop(name, None)
        if stopped_by is not None:
            try:
                raise stopped_by
            finally:
                del stopped_by  # its traceback refers to this frame: a cycle

    def _told_of_stop(self) -> str:
        """Return a sentence that says what was kept; a hook."""
        game = self.net_.module_
        return (
            f"{type(self).__name__} was stopped after {game.rounds_played} of "
            f"{game.rounds_planned} rounds: the last finite state is kept and can be used, but it "
            "is not a finished fit (with warm_start=True the next fit goes on from it)"
        )


def _add_note(error: BaseException, note: str) -> None:
    """Add a sentence below the traceback of a Ctrl-C; other errors have messages of their own."""
    if isinstance(error, KeyboardInterrupt):
        error.add_note(note)
