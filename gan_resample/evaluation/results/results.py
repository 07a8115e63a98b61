"""The frozen results of a comparison: its records, and descriptions of what it compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import numpy as np
import pandas as pd

from gan_resample.evaluation.metrics.scores import Score
from gan_resample.evaluation.results.records import (
    SPLIT,
    recall_rows,
    reliability_bins,
    result_rows,
    sampling_rows,
    score_known_as,
)
from gan_resample.evaluation.results.unfinished import Progress, shared_records

__all__ = ["CELL", "Cell", "Results", "check_name", "kept", "results_of"]

Record = dict[str, Any]
Cell = tuple[str, str, str]
P = ParamSpec("P")
T = TypeVar("T")

CELL = ["data", "classifier", "sampler"]


def check_name(name: Any, known: Sequence[str]) -> None:
    """Raise ValueError for a name that is not in the comparison."""
    if name not in known:
        raise ValueError(f"{name!r} is not in the comparison: known are {known}")


@dataclass(frozen=True, eq=False, repr=False)
class Results:
    """The results of a comparison; other modules make tables, tests and pages from them.

    Attributes
    ----------
    rows : DataFrame
        A row for each data set, split, sampler and classifier: ``Comparison.results``.
    recalls, samplings : DataFrame
        See :class:`Comparison`.
    bins : list of tuple of Cell and dict of str to ndarray
        Calibration bins of each row that has any; see :func:`reliability_bins`.
    about : dict
        Data sets, samplers, classifiers, scores, settings and versions.
    progress : dict of str to Progress
        How far each data set is that a time limit cut short.
    """

    rows: pd.DataFrame
    recalls: pd.DataFrame
    samplings: pd.DataFrame
    bins: list[tuple[Cell, dict[str, np.ndarray]]]
    about: Record
    progress: Mapping[str, Progress] = field(default_factory=dict)
    _kept: dict[Any, Any] = field(default_factory=dict, init=False)  # see kept

    @classmethod
    def from_records(
        cls, records: Sequence[Record], samplings: Sequence[Record], about: Record
    ) -> Results:
        """Make the frames from records."""
        return cls(
            rows=result_rows(records, about["scores"]),
            recalls=recall_rows(records, {data["name"]: data["labels"] for data in about["data"]}),
            samplings=sampling_rows(samplings),
            bins=reliability_bins(records),
            about=about,
        )

    def compared(self, records: Sequence[Record], samplings: Sequence[Record]) -> Results:
        """Return the results of the splits in which every compared method ran.

        The records are those that these results were made from; see :func:`shared_records`.
        """
        records, samplings, progress = shared_records(records, samplings)
        if not progress:
            return self
        return replace(Results.from_records(records, samplings, self.about), progress=progress)

    # ---- names, in the order in which they were given ----

    @property
    def data(self) -> list[str]:
        """Names of the data sets."""
        return [data["name"] for data in self.about["data"]]

    @property
    def samplers(self) -> list[str]:
        """Names of the samplers."""
        return list(self.about["samplers"])

    @property
    def classifiers(self) -> list[str]:
        """Names of the classifiers."""
        return list(self.about["classifiers"])

    @property
    def scores(self) -> list[str]:
        """Names of the scores; the first is the main one."""
        return list(self.about["scores"])

    @property
    def baseline(self) -> str | None:
        """Name of the sampler that does nothing, or None if it did not run."""
        return self.about["baseline"]

    @property
    def judged(self) -> bool:
        """Whether there are samplers besides doing nothing, to report their differences to it."""
        return self.baseline is not None and len(self.samplers) > 1

    @property
    def too_early(self) -> bool:
        """Whether a time limit left too few splits of some data set for a verdict over all."""
        return any(progress.too_few for progress in self.progress.values())

    def about_data(self, data: str) -> Record:
        """Return the description of one data set."""
        return next(about for about in self.about["data"] if about["name"] == data)

    # ---- scores ----

    @property
    def _kinds(self) -> Mapping[str, Score | None]:
        return self.about["scores"]

    def choose_score(self, score: str | None) -> str:
        """Name of a score, the main one for None; raise ValueError for an unknown name."""
        if score is None:
            return self.scores[0]
        check_name(score, self.scores)
        return score

    def known_as(self, score: str) -> str:
        """Name that the package has for a score, whatever the user called it; "" if none."""
        return score_known_as(self._kinds[score])

    def greater_is_better(self, score: str) -> bool:
        """Whether greater values are better, as for all scikit-learn scorers and callables."""
        kind = self._kinds[score]
        return kind is None or kind.greater_is_better

    def unit(self, score: str) -> int:
        """Return 100 for a share, which is reported in points, and 1 for other scores."""
        kind = self._kinds[score]
        return 100 if kind is not None and kind.in_points else 1

    def title(self, score: str) -> str:
        """Name of a score in words."""
        kind = self._kinds[score]
        return score.replace("_", " ") if kind is None else kind.title

    # ---- rows of a cell ----

    @cached_property
    def cells(self) -> dict[Cell, pd.DataFrame]:
        """Rows of each data set, classifier and sampler, indexed by repeat and fold."""
        grouped = self.rows.set_index(SPLIT).groupby(CELL, sort=False)
        return {cast(Cell, cell): rows for cell, rows in grouped}

    def split_scores(self, data: str, classifier: str, sampler: str, score: str) -> pd.Series:
        """Scores of a cell by repeat and fold; do not change them in place."""
        return self.cells[data, classifier, sampler][score]


def results_of(comparison: Any) -> Results:
    """Return the results in a :class:`Comparison`, or results themselves."""
    return comparison if isinstance(comparison, Results) else comparison._results


def kept(function: Callable[Concatenate[Results, P], T]) -> Callable[Concatenate[Results, P], T]:
    """Decorate a function of results such that the results cache its return values.

    Every call returns a fresh copy. The other arguments must be hashable.
    """
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def wrapped(results: Results, /, *args: P.args, **kwargs: P.kwargs) -> T:
        key = (name, args, tuple(sorted(kwargs.items())))
        if key not in results._kept:
            results._kept[key] = function(results, *args, **kwargs)
        return copy(results._kept[key])

    return wrapped
