"""Displays of the results of a comparison, and of a game's losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator
from sklearn.utils.validation import check_is_fitted

from gan_resample.evaluation.displays.style import INK, PALE, REAL, plain
from gan_resample.evaluation.results.calibration import reliability_sums
from gan_resample.evaluation.results.differences import difference
from gan_resample.evaluation.results.intervals import NO_DIFFERENCE
from gan_resample.evaluation.results.results import check_name, results_of

__all__ = ["ComparisonDisplay", "GameHistoryDisplay"]

Record = dict[str, Any]

FEWEST_ROWS = 10  # in a bin of a calibration curve; bins with fewer are not drawn
VERDICTS = {"better": "#1a7f5a", "worse": "#b4303a", NO_DIFFERENCE: "#6b7785"}
# eight colours with solid lines, then the same colours with dashed lines, and so on
LINES = ("#6b7785", "#a3adb8", "#c9a227", "#7b9acc", "#2b6cb0", "#1a7f5a", "#e07a2f", "#b4303a")
STROKES = (("-", "o"), ("--", "s"), (":", "^"))


def line_style(number: int) -> dict[str, str]:
    """Return a colour, line style and marker, distinct for up to 24 lines."""
    round_, place = divmod(number, len(LINES))
    stroke, marker = STROKES[round_ % len(STROKES)]
    return {"color": LINES[place], "linestyle": stroke, "marker": marker}


class ComparisonDisplay:
    """Results on one data set of a comparison, with a panel for each classifier.

    Parameters
    ----------
    comparison : Comparison
        From :func:`compare`.
    data : str, default=None
        A data set's name; None: the first.
    score : str, default=None
        A score's name; None: the main one.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Holds the panels.
    axes_ : ndarray of Axes
        One for each classifier.
    """

    def __init__(
        self, comparison: Any, *, data: str | None = None, score: str | None = None
    ) -> None:
        self.comparison = comparison
        self._results = results_of(comparison)
        self.data = self._results.data[0] if data is None else data
        self.score = self._results.choose_score(score)
        check_name(self.data, self._results.data)

    @classmethod
    def from_comparison(
        cls,
        comparison: Any,
        *,
        kind: str = "box",
        data: str | None = None,
        score: str | None = None,
        figure: Any = None,
    ) -> ComparisonDisplay:
        """Make and plot a display; see :meth:`plot`."""
        return cls(comparison, data=data, score=score).plot(kind, figure=figure)

    def plot(self, kind: str = "box", *, figure: Any = None) -> ComparisonDisplay:
        """Draw the panels.

        Parameters
        ----------
        kind : {"box", "difference", "recall", "calibration", "corrected"}, default="box"
            "box": scores over splits. "difference": mean differences to doing nothing with their
            95 % intervals. "recall": recall of each class. "calibration": observed frequency
            against predicted probability. "corrected": the same with the shift of class shares
            undone.
        figure : matplotlib Figure, default=None
            Where to draw; None makes one.

        Returns
        -------
        self : ComparisonDisplay
        """
        draw: dict[str, Callable[[Any, str], None]] = {
            "box": self._box,
            "difference": self._difference,
            "recall": self._recall,
            "calibration": partial(self._calibration, kind="calibration"),
            "corrected": partial(self._calibration, kind="corrected"),
        }
        if kind not in draw:
            raise ValueError(f"kind={kind!r} must be one of {', '.join(draw)}")
        if kind == "difference" and self._results.baseline is None:
            raise ValueError(
                "differences are to doing nothing, which did not run: add the sampler 'none'"
            )
        with mpl.rc_context({"text.parse_math": False}):  # labels may hold dollars
            self._panels(figure, kind)
            for ax, classifier in zip(self.axes_, self._results.classifiers, strict=True):
                ax.set_title(classifier, fontsize=10, color=INK)
                draw[kind](ax, classifier)
        return self

    @property
    def _n_samplers(self) -> int:
        return len(self._results.samplers)

    def _panels(self, figure: Any, kind: str) -> None:
        n = len(self._results.classifiers)
        if figure is None:
            height = 2.8 if kind in ("calibration", "corrected") else 0.9 + 0.3 * self._n_samplers
            figure = plt.figure(figsize=(1.6 + 2.0 * n, height), layout="constrained")
        self.figure_ = figure
        shared = kind != "recall"
        self.axes_ = figure.subplots(1, n, sharex=shared, sharey=True, squeeze=False)[0]

    def _name_samplers(self, ax: Any) -> None:
        ax.set_yticks(range(self._n_samplers), self._results.samplers)
        ax.set_ylim(self._n_samplers - 0.5, -0.5)
        ax.tick_params(left=False)
        plain(ax)
        ax.grid(axis="x", color=PALE, lw=0.6)
        ax.set_axisbelow(True)
        ax.xaxis.set_major_locator(MaxNLocator(4))

    def _box(self, ax: Any, classifier: str) -> None:
        unit = self._results.unit(self.score)
        values = [
            unit * self._results.split_scores(self.data, classifier, sampler, self.score).dropna()
            for sampler in self._results.samplers
        ]
        ax.boxplot(
            values,
            positions=range(len(values)),
            orientation="horizontal",
            widths=0.6,
            patch_artist=True,
            showfliers=False,
            boxprops={"facecolor": "#e8eef5", "edgecolor": "#8a97a6", "lw": 0.8},
            medianprops={"color": REAL, "lw": 1.6},
            whiskerprops={"color": "#8a97a6", "lw": 0.8},
            capprops={"color": "#8a97a6", "lw": 0.8},
        )
        for place, points in enumerate(values):
            ax.scatter(points, np.full(len(points), place), s=9, color=REAL, alpha=0.6, lw=0)
        if self._results.baseline is not None:
            nothing = values[self._results.samplers.index(self._results.baseline)]
            if len(nothing):
                ax.axvline(nothing.mean(), color=INK, lw=0.8, ls=":")
        ax.set_xlabel(self._results.title(self.score), fontsize=9)
        self._name_samplers(ax)

    def _difference(self, ax: Any, classifier: str) -> None:
        baseline = self._results.baseline
        up, unit = self._results.greater_is_better(self.score), self._results.unit(self.score)
        for place, sampler in enumerate(self._results.samplers):
            if sampler == baseline:
                continue
            gap = difference(self._results, self.data, classifier, sampler, baseline, self.score)
            colour = VERDICTS.get(gap.verdict(up), VERDICTS[NO_DIFFERENCE])
            ax.plot([unit * gap.low, unit * gap.high], [place, place], color=colour, lw=1.8)
            ax.plot(unit * gap.mean, place, "o", color=colour, ms=5)
        ax.axvline(0, color=INK, lw=0.8)
        ax.set_xlabel(f"difference in\n{self._results.title(self.score)}", fontsize=9)
        self._name_samplers(ax)

    def _recall(self, ax: Any, classifier: str) -> None:
        found = self._results.recalls
        own = found[(found["data"] == self.data) & (found["classifier"] == classifier)]
        labels = self._results.about_data(self.data)["labels"]
        table = own.pivot_table(index="sampler", columns="label", values="recall")
        table = table.reindex(index=self._results.samplers, columns=labels)
        ax.imshow(table.to_numpy(), vmin=0, vmax=1, cmap="Blues", aspect="auto")
        if len(labels) <= 4:
            for (i, j), value in np.ndenumerate(table.to_numpy()):
                if np.isfinite(value):
                    ink = "white" if value > 0.6 else INK
                    ax.text(j, i, f"{100 * value:.0f}", ha="center", va="center", color=ink)
        turned = sum(map(len, labels)) > 14
        ax.set_xticks(range(len(labels)), labels, rotation=60 if turned else 0, fontsize=8)
        if turned:
            plt.setp(ax.get_xticklabels(), ha="right", rotation_mode="anchor")
        ax.set_yticks(range(self._n_samplers), self._results.samplers)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)

    def _calibration(self, ax: Any, classifier: str, kind: str) -> None:
        found = reliability_sums(self._results, kind)
        for number, sampler in enumerate(self._results.samplers):
            sums = found.get((self.data, classifier, sampler))
            if sums is None:
                continue
            full = sums.rows >= FEWEST_ROWS
            weight = sums.weight[full]
            line = line_style(number) | {"label": sampler, "lw": 1.4, "ms": 3}
            x, y = sums.probability[full] / weight, sums.hits[full] / weight
            ax.plot(x, y, **line)
        ax.plot([0, 1], [0, 1], color=INK, lw=0.7, ls=":")
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        ax.set_xlabel("predicted probability", fontsize=9)
        plain(ax)
        if ax is self.axes_[0]:
            ax.set_ylabel("observed frequency", fontsize=9)
        if ax is self.axes_[-1]:
            self._legend_of_lines()

    def _legend_of_lines(self) -> None:
        found: dict[str, Any] = {}
        for ax in self.axes_:
            handles, labels = ax.get_legend_handles_labels()
            found |= dict(zip(labels, handles, strict=True))
        if found:
            self.figure_.legend(
                found.values(),
                found.keys(),
                loc="outside right center",
                frameon=False,
                fontsize=9,
            )


class GameHistoryDisplay:
    """Losses of a game over its rounds, or other figures of its history.

    Parameters
    ----------
    histories : mapping of str to list of histories
        For each game the histories (``history_`` of an estimator) of one or more fits.
    figures : sequence of str, default=None
        Names of the figures to draw, such as ``["mu"]``; None draws every ``<move>_loss``.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Holds the panels.
    axes_ : ndarray of Axes
        One for each game.
    """

    def __init__(
        self,
        histories: Mapping[str, Sequence[Sequence[Record]]],
        *,
        figures: Sequence[str] | None = None,
    ) -> None:
        self.histories = histories
        self.figures = figures

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, figures: Sequence[str] | None = None, ax: Any = None
    ) -> GameHistoryDisplay:
        """Draw the losses of a fitted sampler or classifier, or the ``figures`` named.

        Raises
        ------
        TypeError
            If the estimator plays no game.
        ValueError
            If nothing was trained, or there is no such figure.
        """
        if not hasattr(estimator, "history_") and not hasattr(type(estimator), "game_"):
            raise TypeError(
                f"GameHistoryDisplay draws the losses of a game, and {type(estimator).__name__} "
                "plays none: hand over a fitted sampler or classifier that does, for example a "
                "GAMOSampler (of a pipeline, the step)"
            )
        check_is_fitted(estimator, "history_")
        if not estimator.history_:
            raise ValueError(
                f"{type(estimator).__name__} has no history: no class lacked a row, so it was not "
                "trained"
            )
        known = {name for row in estimator.history_ for name in row} - {"epoch", "rounds"}
        figures = [figures] if isinstance(figures, str) else figures
        if unknown := sorted(set(figures or ()) - known):
            raise ValueError(f"no figure {unknown[0]!r} in the history: known are {sorted(known)}")
        histories = {type(estimator).__name__: [estimator.history_]}
        return cls(histories, figures=figures).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> GameHistoryDisplay:
        """Draw; ``ax`` is an Axes for one game or a sequence of them, None makes a figure."""
        n = len(self.histories)
        if ax is None:
            figure = plt.figure(figsize=(4.6 * n + 1.6, 2.8), layout="constrained")
            ax = figure.subplots(1, n, squeeze=False)[0]
        self.axes_ = np.atleast_1d(np.asarray(ax, dtype=object))
        self.figure_ = self.axes_[0].figure
        for panel, (name, fits) in zip(self.axes_, self.histories.items(), strict=True):
            self._draw(panel, name, fits)
        return self

    def _draw(self, ax: Any, name: str, fits: Sequence[Sequence[Record]]) -> None:
        frames = [pd.DataFrame(fit).set_index("rounds") for fit in fits]
        losses = [str(name) for name in frames[0] if str(name).endswith("_loss")]
        losses = losses if self.figures is None else list(self.figures)
        for loss, colour in zip(losses, LINES[::-1] * len(losses), strict=False):
            label = loss.removesuffix("_loss").replace("_", " ")
            lines = [
                frame[loss].dropna() for frame in frames
            ]  # some players do not move in every phase
            for line in lines:
                ax.plot(line.index, line, color=colour, lw=0.6, alpha=0.35)
            mean = pd.concat(lines, axis=1).sort_index().mean(axis=1)
            marker = "o" if len(mean) < 3 else None
            ax.plot(mean.index, mean, color=colour, lw=1.8, label=label, marker=marker)
        ax.set_title(name, fontsize=10, color=INK)
        ax.set_xlabel("rounds", fontsize=9)
        ax.set_ylabel("loss" if self.figures is None else ", ".join(self.figures), fontsize=9)
        plain(ax)
        ax.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
