"""The laws that games and samplers obey, as checks to run on one's own.

They raise ``AssertionError`` with what broke and what to do, and need no pytest.
"""

from gan_resample.testing.games import check_game
from gan_resample.testing.samplers import check_sampler

__all__ = ["check_game", "check_sampler"]
