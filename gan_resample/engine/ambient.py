"""torch's global settings: set while this package computes, restored afterwards.

torch's random generators, its default dtype and the precision of its matrix products belong to
the whole process. Initial weights and dropout draw from the global generator: no other can be
passed to them. So every computation that draws random numbers takes a *turn*: one thread at a
time sets the global state, computes, and restores what it found. Fits in several threads therefore
give the same rows as alone, but are not faster than one after another; processes do not wait for
each other. Turns of one thread can be nested.

A thread that runs callbacks lends its turn to other threads after ``PATIENCE`` seconds, since a
callback may be waiting for a fit in one of them. Other threads of the caller that draw from torch
during a turn draw from the fit's generator, and see float32 as the default dtype.

The default device and autocast belong to a thread, and are set without a turn.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import Any

import torch

__all__ = ["lending", "steady", "turn"]

PATIENCE = 1.0  # seconds that a callback may take before other threads may take a turn
POLL = 0.1  # seconds after which a waiting thread looks again

CPU = torch.device("cpu")

# what has no generator in it, and the values that this package computes with, the first one set
ORDINARY: dict[str, tuple[Any, ...]] = {
    "dtype": (torch.float32,),
    "matmul": ("ieee", "none"),
    "conv": ("ieee", "none"),
}

Settings = dict[str, tuple[Callable[[Any], None], Any]]  # what -> how it is set, and its value


class _Turn:
    """One thread's use of torch's state; ``outside`` is what will be restored."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.outside: Settings = {}
        self.lent_since: float | None = None


class _Turns:
    """The turns that have been taken and not given back, each begun inside the one before."""

    def __init__(self) -> None:
        self._taken: list[_Turn] = []
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)

    @contextmanager
    def take(self, device: torch.device) -> Iterator[None]:
        turn = _Turn()
        try:
            with self._lock:
                while not self._may_begin(turn):
                    self._changed.wait(POLL)
                turn.outside = _plain_settings() | _generators(device)
                self._taken.append(turn)
                _set_ordinary(turn.outside)
            yield
        finally:
            try:
                self._give_back(turn)
            except BaseException:  # a Ctrl-C just now: nothing may stay as it is
                self._give_back(turn)
                raise

    def _may_begin(self, turn: _Turn) -> bool:
        if not self._taken or self._taken[-1].thread == turn.thread:
            return True
        since = self._taken[-1].lent_since
        return since is not None and time.monotonic() - since >= PATIENCE

    def _give_back(self, turn: _Turn) -> None:
        with self._lock:
            if turn not in self._taken:
                return
            place = self._taken.index(turn)
            if later := self._taken[place + 1 :]:  # stopped while another thread had the turn
                later[0].outside |= turn.outside
            else:
                _put_back(turn.outside)
            del self._taken[place]
            self._changed.notify_all()

    @contextmanager
    def lend(self) -> Iterator[None]:
        me = threading.get_ident()
        with self._lock:
            turn = next((turn for turn in reversed(self._taken) if turn.thread == me), None)
        if turn is None:
            yield
            return
        turn.lent_since = time.monotonic()
        try:
            yield
        finally:
            turn.lent_since = None
            with self._lock:
                while self._taken[-1] is not turn:
                    self._changed.wait(POLL)

    def caller_is_ordinary(self) -> bool:
        """Whether the caller's settings, outside all turns, are those that this package needs."""
        with self._lock:
            settings = self._taken[0].outside if self._taken else _plain_settings()
            return all(
                settings[what][1] in ORDINARY[what] for what in ORDINARY if what in settings
            )

    def renew(self) -> None:
        """Start afresh in a forked process, in which the other threads do not exist."""
        me = threading.get_ident()
        mine = [turn for turn in self._taken if turn.thread == me]
        gone = [turn for turn in self._taken if turn.thread != me]
        self._taken = mine
        self._lock = threading.RLock()  # the old one may be held by a thread that is gone
        self._changed = threading.Condition(self._lock)
        if mine and gone:
            mine[0].outside |= gone[0].outside
        elif gone:  # without generators: a thread that is gone may have locked theirs for good
            _put_back({what: how for what, how in gone[0].outside.items() if what in ORDINARY})


def _plain_settings() -> Settings:
    settings: Settings = {"dtype": (torch.set_default_dtype, torch.get_default_dtype())}
    for what in ("matmul", "conv"):  # on a CPU; those of a GPU are the caller's choice
        part: Any = getattr(torch.backends.mkldnn, what, None)  # none before torch 2.9
        if hasattr(part, "fp32_precision"):
            settings[what] = partial(setattr, part, "fp32_precision"), part.fp32_precision
    return settings


def _generators(device: torch.device) -> Settings:
    found: Settings = {"generator": (torch.set_rng_state, torch.get_rng_state())}
    if device.type == "cuda":
        how = partial(torch.cuda.set_rng_state, device=device)
        found[str(device)] = how, torch.cuda.get_rng_state(device)
    return found


def _set_ordinary(settings: Settings) -> None:
    for what, values in ORDINARY.items():
        if what in settings and settings[what][1] not in values:
            settings[what][0](values[0])


def _put_back(settings: Settings) -> None:
    now = _plain_settings()
    for what, (how, value) in settings.items():
        if what not in now or now[what][1] != value:
            how(value)


@contextmanager
def _own_thread(device: torch.device) -> Iterator[None]:
    """Set this thread's default device to the CPU, and switch autocast off."""
    with ExitStack() as stack:
        if torch.get_default_device() != CPU:
            stack.enter_context(CPU)
        for kind in {"cpu", device.type}:
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        yield


_TURNS = _Turns()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_TURNS.renew)


@contextmanager
def turn(device: torch.device) -> Iterator[None]:
    """Take a turn to draw random numbers on ``device``: generators are restored, not seeded."""
    with _TURNS.take(device), _own_thread(device):
        yield


@contextmanager
def steady(device: torch.device = CPU) -> Iterator[None]:
    """Compute on ``device`` without drawing random numbers; rarely needs a turn.

    It takes one only if the caller changed torch's default dtype or the precision of its products.
    """
    with ExitStack() as stack:
        if not _TURNS.caller_is_ordinary():
            stack.enter_context(_TURNS.take(device))
        stack.enter_context(_own_thread(device))
        yield


def lending() -> AbstractContextManager[None]:
    """Lend this thread's turn, if it has one, while the caller's code runs; see above."""
    return _TURNS.lend()
