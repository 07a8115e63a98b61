"""The laws of :mod:`gan_resample.testing`, of every sampler."""

import numpy as np
import pytest

from gan_resample.testing import check_sampler
from gan_resample.testing.samplers import SAMPLER_LAWS, run_sampler_law
from tests.helpers import samplers


@pytest.mark.parametrize("law", SAMPLER_LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("sampler", samplers(), ids=lambda sampler: type(sampler).__name__)
def test_law(sampler, law):
    run_sampler_law(law, sampler)


def test_what_is_checked_is_left_as_it_was():
    sampler = samplers()[0]
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    check_sampler(sampler)
    assert (before == np.random.get_state()[1]).all()  # noqa: NPY002
    assert not hasattr(sampler, "encoder_")
