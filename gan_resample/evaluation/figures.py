"""What a comparison found, in numbers: tidy frames, a summary, ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from gan_resample.evaluation.fidelity import FIDELITY
from gan_resample.evaluation.intervals import Difference, mean_ranks, over_data, over_splits
from gan_resample.evaluation.reliability import CORRECTED, Sums
from gan_resample.evaluation.scores import Score
from gan_resample.evaluation.statistics import (
    RankTest,
    SharedMeans,
    default_rope,
    friedman,
    shared_means,
    signed_rank,
)

__all__ = ["Figures"]

Record = dict[str, Any]
Cell = tuple[str, str, str]

CELL = ["data", "classifier", "sampler"]
SPLIT = ["repeat", "fold"]
SAMPLING = ["data", *SPLIT, "sampler", "status", "error", "warned"]


class Figures:
    """The numbers of a comparison, without its pictures; see :class:`Comparison`."""

    def __init__(
        self, records: Sequence[Record], samplings: Sequence[Record], about: Record
    ) -> None:
        self.about = about
        self.scores: list[str] = list(about["scores"])
        self._kinds: Mapping[str, Score | None] = about["scores"]
        self.results = self._results(records)
        self._cells = {tuple(cell): rows for cell, rows in self.results.groupby(CELL, sort=False)}
        self.recalls = self._recalls(records)
        self.samplings = pd.DataFrame(samplings).reindex(
            columns=[*SAMPLING, "seconds", "n_generated", "note", "history", "rows", "fidelity"]
        )
        self._reliability = [_reliability(r) for r in records if r.get("reliability")]

    def _results(self, records: Sequence[Record]) -> pd.DataFrame:
        rows = [record | record.get("scores", {}) | _corrected(record) for record in records]
        columns = ["data", *SPLIT, "sampler", "classifier", "status", "note", "error", "warned"]
        repaired = [f"{name}_corrected" for name in self.scores if name in CORRECTED]
        figures = ["fit_seconds", *self.scores, *repaired]
        frame = pd.DataFrame(rows).reindex(columns=[*columns, *figures])
        frame["warned"] = frame["warned"].map(", ".join)
        texts = ["note", "error"]
        frame[texts] = frame[texts].astype(object).where(frame[texts].notna(), "")
        return frame

    def _recalls(self, records: Sequence[Record]) -> pd.DataFrame:
        labels = {data["name"]: data["labels"] for data in self.about["data"]}
        named = ["data", *SPLIT, "sampler", "classifier"]
        rows = [
            {name: record[name] for name in named} | {"label": label, "recall": recall}
            for record in records
            for label, recall in zip(
                labels[record["data"]], record.get("recalls", ()), strict=False
            )
        ]
        return pd.DataFrame(rows, columns=[*named, "label", "recall"])

    # ---- names in the order in which they were asked for ----

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
    def baseline(self) -> str | None:
        """Name of the sampler that does nothing, if it ran."""
        return self.about["baseline"]

    # ---- figures ----

    def summary(self) -> pd.DataFrame:
        """Means, spreads and differences to doing nothing of every cell.

        Returns
        -------
        summary : DataFrame
            Indexed by data set, classifier and sampler. For each score: its mean over the splits,
            ``<score>_std``, and, where doing nothing ran, ``<score>_difference`` to it, paired
            over splits, with the ends ``<score>_low`` and ``<score>_high`` of its 95 % interval
            (corrected for the rows splits share), the p-value ``<score>_p`` of the same t-test,
            two-sided, and a ``<score>_verdict``. Besides ``n_splits``, ``fit_seconds``,
            ``status`` and ``note``.
        """
        return self._summary.copy()

    @cached_property
    def _summary(self) -> pd.DataFrame:
        cells = list(product(self.data, self.classifiers, self.samplers))
        index = pd.MultiIndex.from_tuples(cells, names=CELL)
        return pd.DataFrame([self._cell(*cell) for cell in cells], index=index)

    def _cell(self, data: str, classifier: str, sampler: str) -> Record:
        every = self._cells[data, classifier, sampler]
        cell = every[every["status"] == "ok"]
        statuses = set(every["status"])
        status = statuses.pop() if len(statuses) == 1 else f"{len(every) - len(cell)} failed"
        told = [text for name in ("note", "error") for text in every[name].unique() if text]
        found: Record = {
            "status": status,
            "note": "; ".join(told),
            "n_splits": len(cell),
            # the first game in a process also pays for torch's start: the median leaves it out
            "fit_seconds": cell["fit_seconds"].median(),
        }
        for score in self.scores:
            found |= {score: cell[score].mean(), f"{score}_std": cell[score].std()}
            if self.baseline is not None:
                gap = Difference(np.nan, np.nan, np.nan)  # of the baseline to itself
                if sampler != self.baseline:
                    gap = self.difference(data, classifier, sampler, self.baseline, score)
                found |= {
                    f"{score}_difference": gap.mean,
                    f"{score}_low": gap.low,
                    f"{score}_high": gap.high,
                    f"{score}_p": gap.p,
                    f"{score}_verdict": gap.verdict(self.greater_is_better(score)),
                }
        return found

    def difference(
        self, data: str, classifier: Any, sampler: Any, other: Any, score: str | None = None
    ) -> Difference:
        """Difference of two samplers on one data set, paired over the splits where both ran.

        ``classifier`` may be a pair, of the first and the second sampler's classifier.
        """
        pairs = self.paired(data, classifier, sampler, other, score)
        about = next(about for about in self.about["data"] if about["name"] == data)
        return over_splits((pairs["ours"] - pairs["theirs"]).to_numpy(), about["test_to_train"])

    def paired(
        self, data: str, classifier: Any, sampler: Any, other: Any, score: str | None = None
    ) -> pd.DataFrame:
        """Scores of two samplers, ``ours`` and ``theirs``, over the splits where both ran."""
        first, second = classifier if isinstance(classifier, tuple) else (classifier, classifier)
        score = score or self.scores[0]
        found = {
            "ours": self.split_scores(data, first, sampler, score),
            "theirs": self.split_scores(data, second, other, score),
        }
        return pd.DataFrame(found).dropna()

    def split_scores(self, data: str, classifier: str, sampler: str, score: str) -> pd.Series:
        """Scores of a cell by repeat and fold."""
        return self._cells[data, classifier, sampler].set_index(SPLIT)[score]

    def overall(self, score: str | None = None) -> pd.DataFrame:
        """Mean rank and mean difference to doing nothing of each sampler, over all data sets.

        Returns
        -------
        overall : DataFrame
            Indexed by sampler: ``mean_rank`` over those cells (data set and classifier) where
            every sampler ran (``n_ranked`` of them); ``difference`` to doing nothing averaged over
            classifiers, then over the ``n_data`` data sets where the sampler ran, with ``low``,
            ``high`` and ``verdict`` where these are at least two.
        """
        score = score or self.scores[0]
        up = self.greater_is_better(score)
        means = self.cell_means(score)
        ranks, n_ranked = mean_ranks(means, up)
        found = pd.DataFrame({"mean_rank": ranks, "n_ranked": n_ranked})
        if self.baseline is not None:
            gaps = means.sub(means[self.baseline], axis=0).groupby(level="data").mean()
            told = {name: over_data(gaps[name].dropna().to_numpy()) for name in gaps}
            found["n_data"] = gaps.notna().sum()
            found["difference"] = {name: gap.mean for name, gap in told.items()}
            found["low"] = {name: gap.low for name, gap in told.items()}
            found["high"] = {name: gap.high for name, gap in told.items()}
            found["verdict"] = {
                name: gap.verdict(up) for name, gap in told.items() if name != self.baseline
            }
        return found.loc[self.samplers]

    def cell_means(self, score: str | None = None) -> pd.DataFrame:
        """Means of a score: data sets and classifiers down, samplers across.

        Of the splits where every sampler ran that ran at all, if there are any, so that nobody
        gains by failing in the hard ones.
        """
        score = score or self.scores[0]
        wide = self.results.pivot(
            index=["data", "classifier", *SPLIT], columns="sampler", values=score
        )
        cells = ["data", "classifier"]
        found = {cell: _mean_of_shared(rows) for cell, rows in wide.groupby(level=cells)}
        order = pd.MultiIndex.from_product([self.data, self.classifiers], names=cells)
        return pd.DataFrame(found).T.reindex(index=order, columns=self.samplers)

    def friedman(
        self,
        score: str | None = None,
        classifier: str | None = None,
        samplers: Sequence[str] | None = None,
    ) -> RankTest:
        """Test whether samplers differ in their ranks over data sets, and which do.

        Friedman's test with Nemenyi's post-hoc test (Demšar 2006), over the data sets and cells
        that :meth:`shared_means` keeps.

        Parameters
        ----------
        score : str, default=None
            A score's name; None: the main one.
        classifier : str, default=None
            A classifier's name; None: means over the classifiers with which every sampler ran.
        samplers : sequence of str, default=None
            Which to rank; None: all.

        Returns
        -------
        found : RankTest
            ``statistic``, ``p``, ``mean_ranks`` (1 is best), ``critical_difference``, ``pairs``
            (p-values of Nemenyi's test), ``n_data`` and ``left_out``.

        Raises
        ------
        ValueError
            For an unknown name, and fewer than five data sets or three samplers to compare.
        """
        score = score or self.scores[0]
        shared = self.shared_means(score, classifier, samplers)
        return friedman(shared, greater_is_better=self.greater_is_better(score))

    def bayesian(
        self,
        reference: str | None = None,
        score: str | None = None,
        classifier: str | None = None,
        rope: float | None = None,
        *,
        samplers: Sequence[str] | None = None,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Probabilities that each sampler is worse than one, practically equal, or better.

        The Bayesian signed-rank test (Benavoli et al. 2017) over the data sets and cells that
        :meth:`shared_means` keeps.

        Parameters
        ----------
        reference : str, default=None
            The sampler to compare to; None: doing nothing.
        score : str, default=None
            A score's name; None: the main one.
        classifier : str, default=None
            A classifier's name; None: means over the classifiers with which every sampler ran.
        rope : float, default=None
            What is practically equal: differences of at most this, in units of the score (0.01 is
            1 point of a share). None: 0.005 for the Brier score, 0.01 for all others.
        samplers : sequence of str, default=None
            Which to compare, the reference among them; None: all.
        seed : int, default=0
            Seed of the draws from the posterior.

        Returns
        -------
        found : DataFrame
            Indexed by sampler: ``p_worse``, ``p_equal``, ``p_better``; the mean ``difference``
            and the ``median`` one with the ends of their 95 % intervals (``low``, ``high``;
            ``median_low``, ``median_high``); ``n_data``. Empty intervals are NaN.

        Raises
        ------
        ValueError
            For an unknown name, a rope of 0 or less, fewer than five data sets to compare on, and
            where doing nothing did not run and no reference is named.
        ImportError
            Where baycomp is not installed.
        """
        score = score or self.scores[0]
        reference = reference or self.baseline
        if reference is None:
            raise ValueError("doing nothing did not run: name the reference, one of the samplers")
        return signed_rank(
            self.shared_means(score, classifier, samplers),
            reference,
            rope=default_rope(score) if rope is None else rope,
            greater_is_better=self.greater_is_better(score),
            seed=seed,
        )

    def shared_means(
        self,
        score: str | None = None,
        classifier: str | None = None,
        samplers: Sequence[str] | None = None,
    ) -> SharedMeans:
        """Means of a score that may be compared over data sets.

        A sampler that is missing on more than half of the data sets is left out; then only cells
        where every other one ran count, and are averaged over classifiers.

        Returns
        -------
        shared : SharedMeans
            ``means`` with data sets down and samplers across, ``left_out`` and ``n_asked``.
        """
        asked = [(score, self.scores), (classifier, self.classifiers)]
        for name, known in [*asked, *((name, self.samplers) for name in samplers or ())]:
            if name is not None and name not in known:
                raise ValueError(f"{name!r} is not in the comparison: known are {known}")
        cells = self.cell_means(score)[list(samplers or self.samplers)]
        if classifier is not None:
            cells = cells[cells.index.get_level_values("classifier") == classifier]
        return shared_means(cells)

    def greater_is_better(self, score: str) -> bool:
        """Tell which way a score counts; scikit-learn's scorers and callables count upwards."""
        kind = self._kinds[score]
        return kind is None or kind.greater_is_better

    def unit(self, score: str) -> int:
        """Return 100 for a share, which is told in points, and 1 for other scores."""
        kind = self._kinds[score]
        return 100 if kind is not None and kind.in_points else 1

    def title(self, score: str) -> str:
        """Name of a score in words."""
        kind = self._kinds[score]
        return score.replace("_", " ") if kind is None else kind.title

    def reliability_sums(self, kind: str = "calibration") -> dict[Cell, Sums]:
        """Calibration bins by data set, classifier and sampler, summed over splits.

        ``kind`` is "calibration", or "corrected": with the shift of the class mix undone.
        """
        sums: dict[Cell, Any] = {}
        for record in self._reliability:
            cell = record["data"], record["classifier"], record["sampler"]
            sums[cell] = sums.get(cell, 0) + np.asarray(record[kind])
        return {cell: Sums(*found) for cell, found in sums.items()}

    def fidelity(self) -> pd.DataFrame:
        """Likeness of generated rows to real ones: means over splits, by data set and sampler.

        Returns
        -------
        fidelity : DataFrame
            ``precision``, ``recall``, ``density``, ``coverage``, ``near_copies`` and ``foreign``
            (nearer to another class than to their own), beside training rows, of classes with
            more than five real and five generated rows. None of these says whether the rows help
            a classifier.
        """
        own = self.samplings.dropna(subset=["fidelity"])
        rows = pd.DataFrame(own["fidelity"].tolist(), index=own.index, columns=[*FIDELITY])
        found = rows.groupby([own["data"], own["sampler"]], sort=False).mean()
        return found.reindex(
            [cell for cell in product(self.data, self.samplers) if cell in found.index]
        )


def _corrected(record: Record) -> Record:
    """Scores with the shift of the class mix undone; as they are where there was none."""
    plain = record.get("scores", {})
    repaired = (record.get("corrected") or {}).get("scores", {})
    return {
        f"{name}_corrected": repaired.get(name, plain[name]) for name in CORRECTED if name in plain
    }


def _reliability(record: Record) -> Record:
    """Return the bins of a record, under the names that :meth:`Figures.reliability_sums` takes."""
    repaired = (record.get("corrected") or record)["reliability"]
    own = {name: record[name] for name in CELL}
    return own | {"calibration": record["reliability"], "corrected": repaired}


def _mean_of_shared(rows: pd.DataFrame) -> pd.Series:
    """Means over the splits (rows) where all samplers ran (columns) that ran in any."""
    ran = rows.dropna(axis="columns", how="all")
    shared = ran.dropna()
    return (shared if len(shared) else ran).mean()
