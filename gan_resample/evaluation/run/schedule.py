"""When tasks run: methods take turns, none begins after a time limit, and an estimate is made."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Real
from typing import Any

from gan_resample.evaluation.run.fold import Outcome, Record, Task

__all__ = ["Estimate", "TimeLimit", "check_time_limit", "in_turns", "in_words"]

SHORT = 10.0  # seconds; shorter estimates are of no use


def in_turns(tasks: Iterable[Task]) -> list[Task]:
    """Order tasks such that every method has a fold of every data set before any has two.

    In the first turn quick methods come before games, so that a short time shows most. In later
    ones each data set has its turn, games first: quick methods then run beside them, and no
    process waits long for the last game.
    """
    splits: dict[str, dict[tuple[int, int], int]] = {}

    def place(task: Task) -> tuple[int, int, bool]:
        numbers = splits.setdefault(task.data.name, {})
        turn = numbers.setdefault((task.split.repeat, task.split.fold), len(numbers))
        game = task.method.plays_a_game
        return (0, 0, game) if turn == 0 else (turn, list(splits).index(task.data.name), not game)

    return sorted(tasks, key=place)


# ---- the limit ----------------------------------------------------------------------------------


def check_time_limit(minutes: Any) -> None:
    """Raise TypeError or ValueError for what is no number of minutes, nor None."""
    if minutes is None:
        return
    if isinstance(minutes, bool) or not isinstance(minutes, Real):
        raise TypeError(
            f"time_limit={minutes!r} must be a number of minutes, or None for no limit"
        )
    if not 0 < float(minutes) < math.inf:
        raise ValueError(
            f"time_limit={minutes!r} must be a number of minutes above 0; without one there is "
            "no limit"
        )


class TimeLimit:
    """Lets tasks begin until some minutes have passed since it was made.

    One task begins in any case, so that calls with the shortest limit come to an end together.

    Parameters
    ----------
    minutes : float or None
        None: no limit.

    Attributes
    ----------
    reached : bool
        Whether a task was kept from running.
    """

    def __init__(self, minutes: float | None = None) -> None:
        check_time_limit(minutes)
        self._end = None if minutes is None else time.monotonic() + 60 * float(minutes)
        self._begun = False
        self.reached = False

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the limit, at least 0; None if there is no limit."""
        return None if self._end is None else max(self._end - time.monotonic(), 0.0)

    def within(self, tasks: Iterable[Task]) -> Iterator[Task]:
        """Yield tasks until the limit is reached."""
        for task in tasks:
            if self._begun and self.seconds_left == 0:
                self.reached = True
                return
            self._begun = True
            yield task


# ---- the estimate -------------------------------------------------------------------------------


class Estimate:
    """How long the tasks that are left will take, by those of the same data set and method.

    Parameters
    ----------
    tasks : sequence of Task
        Those that are left.
    records : mapping of Key to Record
        Of tasks that ran earlier.
    n_workers : int
        How many tasks run at a time.
    """

    def __init__(
        self, tasks: Sequence[Task], records: Mapping[Any, Record], n_workers: int
    ) -> None:
        self._left = Counter((task.data.name, task.name) for task in tasks)
        self._seconds: dict[tuple[str, str], list[float]] = {}
        self._n_workers = n_workers
        for record in records.values():
            self._learn(record)

    def _learn(self, record: Record) -> None:
        if (seconds := record.get("task_seconds")) is not None:
            self._seconds.setdefault((record["data"], record["sampler"]), []).append(seconds)

    def add(self, outcome: Outcome) -> None:
        """Learn how long a task took, which is left no more."""
        self._learn(outcome.sampler)
        self._left[outcome.sampler["data"], outcome.sampler["sampler"]] -= 1

    def seconds(self) -> float | None:
        """Seconds that are left; None as long as some method has not run on some data set."""
        left = {pair: n for pair, n in self._left.items() if n > 0}
        if not left.keys() <= self._seconds.keys():
            return None
        mean = {pair: sum(each) / len(each) for pair, each in self._seconds.items()}
        whole = sum(n * mean[pair] for pair, n in left.items()) / self._n_workers
        return max([whole, *(mean[pair] for pair in left)])

    def told(self, limit: TimeLimit) -> str:
        """Return a sentence, or "" if there is no estimate yet, or it is of a few seconds."""
        seconds = self.seconds()
        if seconds is None or seconds < SHORT:
            return ""
        told = f"estimate: the other {self._left.total()} fits take about {in_words(seconds)}"
        if limit.seconds_left is not None:
            told += f", and {in_words(limit.seconds_left)} are left until the time limit"
        return told


def in_words(seconds: float) -> str:
    """Format a duration: "40 s", "7 min", "2 h 5 min"."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
