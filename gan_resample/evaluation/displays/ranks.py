"""Critical difference diagram: samplers at their mean ranks over data sets (Demšar 2006).

autorank has one, but its figure cuts off long names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt

from gan_resample.evaluation.displays.style import INK, REAL
from gan_resample.evaluation.results.over_datasets import choose_samplers, friedman
from gan_resample.evaluation.results.results import check_name, results_of

__all__ = ["RankDisplay"]

LINE = "#8a97a6"
RULER = -1.7  # row, above the axis of ranks, in which the critical difference is drawn
BAR = 0.45  # rows from one bar to the next


class RankDisplay:
    """Mean ranks over data sets; a bar joins samplers without a detectable difference.

    The bars are those of Nemenyi's post-hoc test at 5 % for all pairs together. If Friedman's test
    finds no difference, one bar joins all.

    Parameters
    ----------
    comparison : Comparison
        From :func:`compare`, with at least five data sets and three samplers.
    score : str, default=None
        A score's name; None: the main one.
    classifier : str, default=None
        A classifier's name; None: means over the classifiers with which every sampler ran.
    samplers : iterable of str, default=None
        Which to rank; None: all but a few that do not apply to every classifier (nearest
        neighbours take no class weights). If such a sampler is named, the cells that it lacks are
        left out for all.

    Attributes
    ----------
    test_ : RankTest
        What is drawn.
    figure_ : matplotlib Figure
        Holds the diagram.
    ax_ : matplotlib Axes
        The diagram; its x axis holds mean ranks, 1 being best.
    """

    def __init__(
        self,
        comparison: Any,
        *,
        score: str | None = None,
        classifier: str | None = None,
        samplers: Iterable[str] | None = None,
    ) -> None:
        self.comparison = comparison
        self._results = results_of(comparison)
        self.score = self._results.choose_score(score)
        if classifier is not None:
            check_name(classifier, self._results.classifiers)
        self.classifier = classifier
        self.samplers = choose_samplers(self._results, samplers)

    @classmethod
    def from_comparison(
        cls,
        comparison: Any,
        *,
        score: str | None = None,
        classifier: str | None = None,
        samplers: Iterable[str] | None = None,
        ax: Any = None,
    ) -> RankDisplay:
        """Make and plot a display; see :meth:`plot`."""
        display = cls(comparison, score=score, classifier=classifier, samplers=samplers)
        return display.plot(ax=ax)

    def plot(self, *, ax: Any = None) -> RankDisplay:
        """Draw the diagram.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure. Names are written beside the axes.

        Returns
        -------
        self : RankDisplay

        Raises
        ------
        ValueError
            If there are fewer than five data sets or three samplers.
        """
        self.test_ = friedman(self._results, self.score, self.classifier, self.samplers)
        groups = self.test_.groups()
        first = 0.5 + BAR * len(groups) + 0.5  # row of the first name, below the bars
        last = first + (len(self.test_.mean_ranks) - 1) // 2
        if ax is None:
            size = (7.5, 0.4 + 0.2 * (last - RULER))
            ax = plt.figure(figsize=size, layout="constrained").add_subplot()
        self.ax_, self.figure_ = ax, ax.figure
        with mpl.rc_context({"text.parse_math": False}):  # names may hold dollars
            self._draw_axis(last)
            self._draw_names(first)
            self._draw_bars(groups)
            self._draw_ruler()
        return self

    def _draw_axis(self, last: float) -> None:
        ax, n_ranks = self.ax_, len(self.test_.mean_ranks)
        # the ruler starts at 1 and must fit into the axes
        widest = max(n_ranks, 1 + self.test_.critical_difference)
        ax.set(xlim=(1, widest), ylim=(last + 0.5, RULER - 0.7))
        ax.spines[["left", "right", "bottom"]].set_visible(False)
        ax.spines["top"].set(position=("data", 0), color=LINE, bounds=(1, n_ranks))
        ax.xaxis.tick_top()
        ax.set_xticks(range(1, n_ranks + 1))
        ax.tick_params(labelsize=8, color=LINE)
        ax.set_yticks([])
        ax.set_title(
            f"mean rank in {self._results.title(self.score)}, 1 is best", fontsize=9, color=INK
        )

    def _draw_names(self, first: float) -> None:
        """Write the better half on the left, the worse half on the right, the outermost on top."""
        ranks = self.test_.mean_ranks.sort_values(kind="stable")
        half = (len(ranks) + 1) // 2
        for row, (name, rank) in enumerate(ranks.iloc[:half].items()):
            self._draw_name(str(name), rank, first + row, left=True)
        for row, (name, rank) in enumerate(ranks.iloc[: half - 1 : -1].items()):
            self._draw_name(str(name), rank, first + row, left=False)

    def _draw_name(self, name: str, rank: float, row: float, *, left: bool) -> None:
        edge = self.ax_.get_xlim()[0 if left else 1]
        self.ax_.plot([rank, rank, edge], [0, row, row], color=LINE, lw=0.8, clip_on=False)
        self.ax_.annotate(
            f"{name}  {rank:.1f}" if left else f"{rank:.1f}  {name}",
            (edge, row),
            xytext=(-4 if left else 4, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            fontsize=9,
            color=INK,
            weight="bold" if name == self._results.baseline else "normal",
        )

    def _draw_bars(self, groups: list[list[str]]) -> None:
        for number, group in enumerate(groups):
            ends = self.test_.mean_ranks[group]
            row = 0.5 + BAR * number
            self.ax_.plot([ends.min(), ends.max()], [row, row], color=REAL, lw=3.5, clip_on=False)

    def _draw_ruler(self) -> None:
        distance = self.test_.critical_difference
        self.ax_.plot([1, 1 + distance], [RULER, RULER], color=INK, lw=1, marker="|", ms=5)
        self.ax_.annotate(
            f"critical difference {distance:.2f}",
            (1 + distance, RULER),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=INK,
        )
