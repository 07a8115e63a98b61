"""Distinguish a Ctrl-C from a callback that ends training: both raise KeyboardInterrupt."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

__all__ = ["SignalWatch"]

Handler = Callable[[int, FrameType | None], Any]


class SignalWatch:
    """Notes whether a signal's handler raises an exception inside the block.

    Python runs handlers in the main thread only, so there is nothing to watch in other threads.
    The present handlers still decide what a signal does: this object calls them, and restores them
    at the end unless somebody has replaced them meanwhile. A signal that is ignored, or handled
    outside Python, raises no exception.

    Attributes
    ----------
    raised : bool
        Whether a handler has raised an exception.
    """

    def __init__(self) -> None:
        self.raised = False
        self._watched: dict[int, tuple[Handler, Any]] = {}

    def __enter__(self) -> SignalWatch:
        if threading.current_thread() is threading.main_thread():
            for number in signal.valid_signals():
                if callable(handler := signal.getsignal(number)):
                    self._watched[number] = self._noting(handler), handler
            for watched, (noting, _) in self._watched.items():
                signal.signal(watched, noting)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._put_back()
        except BaseException:  # a signal just now
            self._put_back()
            raise

    def _put_back(self) -> None:
        for number, (noting, handler) in self._watched.items():
            if signal.getsignal(number) is noting:
                signal.signal(number, handler)

    def _noting(self, handler: Handler) -> Handler:
        def noting(number: int, frame: FrameType | None) -> Any:
            try:
                return handler(number, frame)
            except BaseException:
                self.raised = True
                raise

        return noting
