"""What is left of a fit that was stopped: a state of use, or nothing, and never half of one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gan_resample.engine.net import GameNet

__all__ = ["StoppedFitsMixin"]


class StoppedFitsMixin:
    """For estimators that train: a Ctrl-C leaves ``fit`` after what can be used is in its place.

    Training sets ``_training`` when it begins to change a fitted state, and ``_stopped_by`` to
    what stopped it where a finite state was kept; the fit then goes on, without more training,
    until every attribute is set, and leaves with what stopped it.
    """

    _training: bool = False
    _stopped_by: BaseException | None = None
    net_: GameNet

    @contextmanager
    def _fitting(self) -> Iterator[None]:
        """Run a fit; one that fails with nothing to keep leaves the estimator not fitted.

        One that goes on from an earlier fit, and fails before it trains, leaves that one alone.
        """
        went_on = self._goes_on()  # type: ignore[attr-defined]
        try:
            yield
            stopped_by = self._stopped_by
        except BaseException as error:
            # a second Ctrl-C, say, or a warning that is an error, on the way out
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
                del stopped_by  # its traceback leads here

    def _told_of_stop(self) -> str:
        """Return a sentence on what was kept; a hook."""
        game = self.net_.module_
        return (
            f"{type(self).__name__} was stopped after {game.rounds_played} of "
            f"{game.rounds_planned} rounds: the last finite state is kept and can be used, but it "
            "is not a finished fit (with warm_start=True the next fit goes on from it)"
        )


def _add_note(error: BaseException, note: str) -> None:
    """Add a sentence below the traceback of a Ctrl-C; other errors say enough themselves."""
    if isinstance(error, KeyboardInterrupt):
        error.add_note(note)
