"""The laws that every game obeys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gan_resample.engine.game import ClassifyingGame, Game, SamplingGame
from gan_resample.engine.seeding import random_stream, seeded
from gan_resample.testing import game_playing, game_results
from gan_resample.testing.trial import CPU, Trial

__all__ = ["LAWS", "LEARNING_LAWS", "applies", "check_game", "run_law"]

Law = Callable[[Trial], None]


def check_game(
    game_class: type[Game],
    /,
    *,
    shape: tuple[int, ...] = (4,),
    learning_rounds: int = 300,
    **own_arguments: Any,
) -> None:
    """Check that a game obeys the laws of all games; takes seconds.

    Run it with the defaults of the game's estimator, and again with each arrangement of
    players and turns that its arguments can give.

    Parameters
    ----------
    game_class : type
        A subclass of :class:`~gan_resample.engine.game.SamplingGame` or
        :class:`~gan_resample.engine.game.ClassifyingGame`, or of both.
    shape : tuple of int, default=(4,)
        Shape of an encoded row: (n_features,), or (channels, height, width) for images.
    learning_rounds : int, default=300
        Rounds after which, with two classes far apart, generated rows must lie at their class and
        a classifier must separate the classes. 0 leaves these two laws out, for settings that are
        known to fail and are offered only because a paper has them.
    **own_arguments
        The game's own arguments; the others (``shape``, ``counts``, ``deficits``, ``spans``,
        ``levels``, ``batch_size``, and ``gaps`` if the game names it) are set by this function.

    Raises
    ------
    TypeError
        If ``game_class`` is not the class of a game.
    AssertionError
        If a law does not hold; the message says what to do. An error raised by the game itself is
        passed on, with a note that names the law.

    Examples
    --------
    >>> from gan_resample.egan import EGANGame
    >>> from gan_resample.testing import check_game
    >>> check_game(
    ...     EGANGame,
    ...     real_minority_weight=1.0,
    ...     latent_dim=None,
    ...     feature_extractor=None,
    ...     freeze=None,
    ...     decoder=None,
    ...     hidden_layer_sizes=(16,),
    ...     width_multiplier=0.1,
    ... )
    """
    kinds = (SamplingGame, ClassifyingGame)
    if not isinstance(game_class, type) or not issubclass(game_class, kinds):
        raise TypeError(
            "check_game takes a subclass of SamplingGame or ClassifyingGame, but got "
            f"{game_class!r}: for a sampler there is check_sampler"
        )
    trial = Trial(game_class, own_arguments, tuple(shape), learning_rounds)
    for law in (*LAWS, *(LEARNING_LAWS if learning_rounds else ())):
        if applies(law, game_class):
            run_law(law, trial)


def run_law(law: Law, trial: Trial) -> None:
    """Check one law; the caller's random state does not change."""
    try:
        with seeded(random_stream(0), CPU):
            law(trial)
    except Exception as error:
        error.add_note(f"{trial.game.__name__}, law: {law.__doc__}")
        raise


def applies(law: Law, game_class: type[Game]) -> bool:
    """Whether a law applies to a game: some are only for games that sample, or classify."""
    return issubclass(game_class, KINDS.get(law, Game))


LAWS: tuple[Law, ...] = (
    game_playing.players_own_their_parameters,
    game_playing.only_movers_change,
    game_playing.every_player_learns,
    game_playing.turns_leave_the_modes,
    game_results.reports_are_scalars,
    game_playing.an_exact_number_of_rounds_is_played,
    game_results.rows_have_shape_dtype_and_range,
    game_results.sources_go_with_rows,
    game_results.chunks_are_bounded,
    game_results.logits_have_a_column_for_each_class,
    game_results.rows_are_as_discrete_as_real_ones,
    game_results.a_class_of_one_row_is_enough,
    game_results.deficits_are_respected,
    game_playing.seeds_decide,
    game_playing.global_random_state_is_untouched,
    game_playing.copies_are_the_same,
    game_playing.tensors_are_buffers,
    game_playing.new_tensors_are_on_the_device_of_the_rows,
    game_playing.a_round_never_waits,
)
LEARNING_LAWS: tuple[Law, ...] = (
    game_results.rows_lie_at_their_class,
    game_results.two_far_classes_are_separated,
)
KINDS: dict[Law, type[Any]] = {
    game_results.rows_have_shape_dtype_and_range: SamplingGame,
    game_results.sources_go_with_rows: SamplingGame,
    game_results.chunks_are_bounded: SamplingGame,
    game_results.rows_lie_at_their_class: SamplingGame,
    game_results.logits_have_a_column_for_each_class: ClassifyingGame,
    game_results.two_far_classes_are_separated: ClassifyingGame,
}
