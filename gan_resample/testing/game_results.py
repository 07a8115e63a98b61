"""Laws of games: the rows and logits that they give, and what they learn."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gan_resample.core.training import arguments_of
from gan_resample.engine.game import ClassifyingGame, SamplingGame
from gan_resample.engine.seeding import random_stream, seeded
from gan_resample.testing.data import blobs, require
from gan_resample.testing.trial import COUNTS, CPU, Trial, features_of

__all__ = [
    "a_class_of_one_row_is_enough",
    "chunks_are_bounded",
    "deficits_are_respected",
    "logits_have_a_column_for_each_class",
    "reports_are_scalars",
    "rows_are_as_discrete_as_real_ones",
    "rows_have_shape_dtype_and_range",
    "rows_lie_at_their_class",
    "sources_go_with_rows",
    "two_far_classes_are_separated",
]


def rows_have_shape_dtype_and_range(trial: Trial) -> None:
    """Check that generated rows are encoded rows: float32, finite, and not far from real ones."""
    game = trial.played.module_
    seen = features_of(game, trial.rows()[0])
    width = seen.max() - seen.min()
    for codes in ([2, 1, 2, 2, 1], [1], [2] * 300):
        with torch.no_grad():
            rows = game.sample(torch.tensor(codes))
        expected = (len(codes), *seen.shape[1:])
        require(
            rows.shape == expected and rows.dtype == torch.float32,
            f"sample made {rows.dtype} rows of shape {tuple(rows.shape)} for {len(codes)} class "
            f"codes: it must return torch.float32 of shape {expected}",
        )
        require(
            rows.isfinite().all()
            and rows.min() >= seen.min() - width
            and rows.max() <= seen.max() + width,
            f"after four rounds rows lie in [{rows.min():.3g}, {rows.max():.3g}], real ones in "
            f"[{seen.min():.3g}, {seen.max():.3g}]: start the generator near real rows, and keep "
            "it finite",
        )


def sources_go_with_rows(trial: Trial) -> None:
    """Check that ``sample_with_sources`` gives the rows of ``sample``, and training rows or -1."""
    game, codes = trial.played.module_, torch.tensor([2, 1, 1, 2, 1])
    with torch.no_grad():
        with seeded(random_stream(4), CPU):
            rows = game.sample(codes)
        with seeded(random_stream(4), CPU):
            again, sources = game.sample_with_sources(codes)
    require(
        torch.equal(rows, again),
        "from one seed sample_with_sources gave other rows than sample: a game that overrides one "
        "of them overrides both, one by the other",
    )
    n = len(trial.rows()[0])
    require(
        sources.shape == codes.shape and ((sources >= -1) & (sources < n)).all(),
        f"sample_with_sources gave the sources {sources.tolist()} of {len(codes)} rows: they are "
        f"indices of the {n} training rows, or -1",
    )


def chunks_are_bounded(trial: Trial) -> None:
    """Check that ``chunk_rows``, the rows made at once, is a whole number of at least 1."""
    most = trial.played.module_.chunk_rows
    require(
        isinstance(most, int) and most >= 1,
        f"chunk_rows is {most!r}: it is the number of rows that sample may be asked for at once",
    )


def logits_have_a_column_for_each_class(trial: Trial) -> None:
    """Check that logits have a row for each row and a column for each class, finite."""
    (x, _), game = trial.rows(), trial.played.module_
    with torch.no_grad():
        logits = game.logits(x)
    require(
        logits.shape == (len(x), len(COUNTS)) and logits.isfinite().all(),
        f"logits of shape {tuple(logits.shape)} for {len(x)} rows and {len(COUNTS)} classes: "
        "predictor must return finite logits, a column for each class, those of real classes only",
    )


def rows_are_as_discrete_as_real_ones(trial: Trial) -> None:
    """Check that categories are one-hot, few values stay few, and missing numbers are 0."""
    if len(trial.shape) != 1:
        return
    x, y = _discrete_rows()
    odd = Trial(trial.game, trial.own, (x.shape[1],))
    known: dict[str, Any] = {"spans": ((3, 5), (5, 7)), "levels": ((2, 3),)}
    takes_gaps = "gaps" in arguments_of(trial.game)  # else estimators refuse missing values
    if takes_gaps:
        known["gaps"] = ((0, 6),)
    game = odd.play(rows=(x, y), own=known).module_
    if not isinstance(game, SamplingGame):
        finite = game.logits(x).isfinite().all()
        require(finite, "a constant column gave logits that are not finite: guard a scale")
        return
    with torch.no_grad():
        rows = game.sample(torch.tensor([2, 1] * 20))
        of_columns = torch.equal(features_of(game, x), x)  # and not features
    require(
        rows.isfinite().all(), "a constant column gave rows that are not finite: guard a scale"
    )
    if of_columns:
        _require_discrete(rows, x)
        require(
            not takes_gaps or (rows[rows[:, 6] == 1, 0] == 0).all(),
            "numbers that are missing are not 0, as they are in real rows: pass rows through "
            "nn.modules.StraightThrough(spans, levels, gaps)",
        )


def _require_discrete(rows: Tensor, x: Tensor) -> None:
    spans = rows[:, 3:7].unflatten(1, (2, 2))
    require(
        ((spans == 0) | (spans == 1)).all() and (spans.sum(dim=2) == 1).all(),
        "generated categories are no one-hot: pass rows through nn.modules.StraightThrough(spans, "
        "levels), or a discriminator wins by one column",
    )
    require(
        torch.isin(rows[:, 2], x[:, 2]).all(),
        "a column of three values got others: pass rows through nn.modules.StraightThrough("
        "spans, levels), and let prepare call its learn(x)",
    )


def a_class_of_one_row_is_enough(trial: Trial) -> None:
    """Check that a game can be played with a class of one row, and gives finite results."""
    counts = (60, 20, 1)
    rows = trial.rows(counts)
    game = trial.play(rows=rows, counts=counts).module_
    _require_finite(game, rows[0], [1, 2, 2], "a class of one row")


def deficits_are_respected(trial: Trial) -> None:
    """Check that a game can be played if a single class lacks rows, and generates that one."""
    rows = trial.rows()
    game = trial.play(rows=rows, own={"deficits": (0, 40, 0)}).module_
    _require_finite(game, rows[0], [1, 1, 1], "deficits=(0, 40, 0)")


def reports_are_scalars(trial: Trial) -> None:
    """Check that reports are scalar tensors, and diagnostics have the declared names."""
    net = trial.net()
    for turns in trial.rounds(net):
        for turn in turns:
            net._move(turn, None)
    game = net.module_
    game.finish(*trial.rows())
    odd = [k for k, v in game.report().items() if not (torch.is_tensor(v) and v.ndim == 0)]
    require(not odd, f"report gives {odd} as no scalar tensors: average them, and leave .item()")
    unknown = sorted(set(game.diagnose()) - set(game.diagnostics))
    require(not unknown, f"diagnose gives {unknown}, which the attribute diagnostics must name")


# ---- learning -----------------------------------------------------------------------------------


def rows_lie_at_their_class(trial: Trial) -> None:
    """Check that after some rounds, with two classes far apart, rows lie at their class."""
    (x, y), game = trial.far, trial.learnt.module_
    with seeded(random_stream(0), CPU), torch.no_grad():
        rows = game.sample(torch.ones(200, dtype=torch.long))
        seen = features_of(game, x)
    own, other = ((rows - seen[y == c].mean(0)).flatten(1).norm(dim=1) for c in (1, 0))
    share = (own < other).float().mean().item()
    require(
        share > 0.85,  # 0.92 to 1 in 14 fits of each game
        f"after {trial.learning_rounds} rounds {share:.0%} of the rows lie nearer to their "
        "class than to the other: "
        "look at the signs of the losses, and at what the generator is told of the class",
    )


def two_far_classes_are_separated(trial: Trial) -> None:
    """Check that after some rounds a classifier separates two classes far apart."""
    (x, y), game = trial.far, trial.learnt.module_
    with torch.no_grad():
        share = (game.logits(x).argmax(1) == y).float().mean().item()
    require(
        share > 0.9,  # 0.97 to 1
        f"after {trial.learning_rounds} rounds {share:.0%} of the rows of two far classes are "
        "classified rightly: "
        "look at the classifier's loss, and at the rows of each class that it is shown",
    )


def _discrete_rows() -> tuple[Tensor, Tensor]:
    """Return rows with a constant column, one of three values (2) and a one-hot span (3 to 4).

    Every third number of column 0 is missing, which columns 5 and 6 tell.
    """
    X, codes = blobs(COUNTS)
    x, y = torch.as_tensor(X, dtype=torch.float32), torch.as_tensor(codes)
    pick = torch.arange(len(x))
    x = torch.cat([x - x.mean(0), torch.eye(2)[(pick + y) % 2][:, :1]], dim=1)
    x[:, 1] = 0.0
    x[:, 2] = (pick % 3 - 1).float()
    x[:, 3:5] = torch.eye(2)[(pick + y) % 2]
    missing = (pick % 3 == 0).long()
    x[:, 0] *= 1 - missing
    return torch.cat([x, torch.eye(2)[missing]], dim=1), y


def _require_finite(game: Any, x: Tensor, codes: list[int], cause: str) -> None:
    """Require finite rows for ``codes`` and finite logits of ``x``, as far as a game has them."""
    if isinstance(game, SamplingGame):
        with torch.no_grad():
            rows = game.sample(torch.tensor(codes))
        require(
            len(rows) == len(codes) and rows.isfinite().all(),
            f"{cause} gave {len(rows)} rows for {len(codes)} codes, or some that are not finite: "
            "guard standard deviations and partners of a class with few rows",
        )
    if isinstance(game, ClassifyingGame):
        logits = game.logits(x)
        require(
            logits.shape[1] == len(COUNTS) and logits.isfinite().all(),
            f"{cause} gave logits that are not finite, or not of all classes",
        )
