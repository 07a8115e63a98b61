"""What a comparison found, in numbers: tidy frames, a summary, ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from gan_resample.evaluation.metrics.fidelity import FIDELITY
from gan_resample.evaluation.metrics.reliability import CORRECTED, Sums
from gan_resample.evaluation.metrics.scores import SCORES, Score
from gan_resample.evaluation.results.intervals import Difference, over_splits

__all__ = ["Figures", "check_name"]

Record = dict[str, Any]
Cell = tuple[str, str, str]

CELL = ["data", "classifier", "sampler"]
SPLIT = ["repeat", "fold"]
SAMPLING = ["data", *SPLIT, "sampler", "status", "error", "warned"]


def check_name(name: Any, known: Sequence[str]) -> None:
    """Refuse a name that a comparison does not have."""
    if name not in known:
        raise ValueError(f"{name!r} is not in the comparison: known are {known}")


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
        self._bins = [(_cell(r), _bins(r)) for r in records if r.get("reliability")]
        self._means: dict[str, pd.DataFrame] = {}

    def _results(self, records: Sequence[Record]) -> pd.DataFrame:
        rows = [r | r.get("scores", {}) | self._corrected(r) for r in records]
        columns = ["data", *SPLIT, "sampler", "classifier", "status", "note", "error", "warned"]
        repaired = [f"{n}_corrected" for n in self.scores if self.known_as(n) in CORRECTED]
        figures = ["fit_seconds", *self.scores, *repaired]
        frame = pd.DataFrame(rows).reindex(columns=[*columns, *figures])
        frame["warned"] = frame["warned"].map(", ".join)
        texts = ["note", "error"]
        frame[texts] = frame[texts].astype(object).where(frame[texts].notna(), "")
        return frame

    def _corrected(self, record: Record) -> Record:
        """Scores with the shift of the class mix undone; as they are where there was none."""
        if "scores" not in record or "corrected" not in record:
            return {}
        plain, repaired = record["scores"], (record["corrected"] or {}).get("scores", {})
        known = {name: self.known_as(name) for name in self.scores}
        return {
            f"{name}_corrected": repaired.get(known[name], plain[name])
            for name in self.scores
            if known[name] in CORRECTED
        }

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

    @property
    def judged(self) -> bool:
        """Whether there are samplers beside doing nothing, to tell their differences to it."""
        return self.baseline is not None and len(self.samplers) > 1

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
        return self.difference_of(data, pairs["ours"], pairs["theirs"])

    def difference_of(self, data: str, ours: pd.Series, theirs: pd.Series) -> Difference:
        """Difference of two series of scores by split, paired where both are there."""
        about = next(about for about in self.about["data"] if about["name"] == data)
        return over_splits((ours - theirs).dropna().to_numpy(), about["test_to_train"])

    def paired(
        self, data: str, classifier: Any, sampler: Any, other: Any, score: str | None = None
    ) -> pd.DataFrame:
        """Scores of two samplers, ``ours`` and ``theirs``, over the splits where both ran."""
        first, second = classifier if isinstance(classifier, tuple) else (classifier, classifier)
        score = self.choose_score(score)
        check_name(data, self.data)
        for name in (first, second):
            check_name(name, self.classifiers)
        for name in (sampler, other):
            check_name(name, self.samplers)
        found = {
            "ours": self.split_scores(data, first, sampler, score),
            "theirs": self.split_scores(data, second, other, score),
        }
        return pd.DataFrame(found).dropna()

    def split_scores(self, data: str, classifier: str, sampler: str, score: str) -> pd.Series:
        """Scores of a cell by repeat and fold."""
        return self._cells[data, classifier, sampler].set_index(SPLIT)[score]

    def cell_means(self, score: str | None = None) -> pd.DataFrame:
        """Means of a score: data sets and classifiers down, samplers across.

        Of the splits where every sampler ran that ran at all, if there are any, so that nobody
        gains by failing in the hard ones.
        """
        score = self.choose_score(score)
        if score not in self._means:
            self._means[score] = self._cell_means(score)
        return self._means[score].copy()

    def _cell_means(self, score: str) -> pd.DataFrame:
        wide = self.results.pivot(
            index=["data", "classifier", *SPLIT], columns="sampler", values=score
        )
        cells = ["data", "classifier"]
        found = {cell: _mean_of_shared(rows) for cell, rows in wide.groupby(level=cells)}
        order = pd.MultiIndex.from_product([self.data, self.classifiers], names=cells)
        return pd.DataFrame(found).T.reindex(index=order, columns=self.samplers)

    def choose_score(self, score: str | None) -> str:
        """Name of a score, the main one for None; refuse a name that is not there."""
        if score is None:
            return self.scores[0]
        check_name(score, self.scores)
        return score

    def known_as(self, score: str) -> str:
        """Name that the package has for a score, whatever the user called it; "" for others."""
        kind = self._kinds[score]
        return next((name for name, known in SCORES.items() if known == kind), "")

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

        ``kind`` is "calibration", or "corrected": with the shift of the class mix undone, NaN
        where that is unknown.
        """
        return self._sums[kind]

    @cached_property
    def _sums(self) -> dict[str, dict[Cell, Sums]]:
        found: dict[str, dict[Cell, Any]] = {"calibration": {}, "corrected": {}}
        for cell, bins in self._bins:
            for kind, own in found.items():
                own[cell] = own.get(cell, 0) + bins[kind]
        return {
            kind: {cell: Sums(*sums) for cell, sums in own.items()} for kind, own in found.items()
        }

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
        return self._fidelity.copy()

    @cached_property
    def _fidelity(self) -> pd.DataFrame:
        own = self.samplings.dropna(subset=["fidelity"])
        rows = pd.DataFrame(own["fidelity"].tolist(), index=own.index, columns=[*FIDELITY])
        found = rows.groupby([own["data"], own["sampler"]], sort=False).mean()
        return found.reindex(
            [cell for cell in product(self.data, self.samplers) if cell in found.index]
        )


def _cell(record: Record) -> Cell:
    return record["data"], record["classifier"], record["sampler"]


def _bins(record: Record) -> dict[str, np.ndarray]:
    """Bins as they are and with the shift undone, which a record may know nothing of."""
    plain = np.asarray(record["reliability"])
    if "corrected" not in record:
        return {"calibration": plain, "corrected": np.full_like(plain, np.nan)}
    repaired = (record["corrected"] or record)["reliability"]
    return {"calibration": plain, "corrected": np.asarray(repaired)}


def _mean_of_shared(rows: pd.DataFrame) -> pd.Series:
    """Means over the splits (rows) where all samplers ran (columns) that ran in any."""
    ran = rows.dropna(axis="columns", how="all")
    shared = ran.dropna()
    return (shared if len(shared) else ran).mean()
