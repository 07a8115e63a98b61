"""The laws that games and samplers obey, as checks for those of your own.

They raise an ``AssertionError`` that says what is wrong and what to do, and need no pytest.
"""

from gan_resample.testing.games import check_game
from gan_resample.testing.samplers import check_sampler

__all__ = ["check_game", "check_sampler"]
