"""The benchmark of seconds and memory, on small tables and in this process."""

import numpy as np
import pytest

from benchmarks.speed import scale


@pytest.mark.parametrize("name", scale.SAMPLERS)
def test_a_fit_tells_its_new_rows_time_and_memory(name, monkeypatch):
    monkeypatch.setattr(scale, "ROUNDS", 2)
    found = scale.fit(scale.Case((80, 30, 20), 3), name)
    assert found["new_rows"] == 50 + 60
    assert found["seconds"] > 0
    assert found["gib"] == pytest.approx(scale.peak_gib(), rel=0.01)
    assert 0.05 < found["gib"] < 64  # in GiB, for a process with numpy and torch


def test_a_table_holds_its_classes():
    X, y = scale.Case((40, 5, 3), 2).rows()
    assert np.bincount(y).tolist() == [40, 5, 3]
    assert X.shape == (48, 2)
    assert X.dtype == np.float64
    assert X[y == 2].mean() - X[y == 0].mean() == pytest.approx(2, abs=0.6)


def test_a_line_tells_the_memory_beyond_the_data():
    found = {"new_rows": 980_000, "seconds": 12.3456, "gib": 2.5}
    assert scale.line("1,000,000 x 30", "GAMOSampler", found) == (
        *("1,000,000 x 30", "990,000 and 10,000", "GAMOSampler (100 rounds)"),
        *("980,000", "12.3", "180", "2.50", "2.28"),  # 8 x 30,000,000 bytes are 0.2235 GiB
    )
    line = scale.line("100 classes", "SMOTE", found)
    assert line[1] == "1,000, others 100"
    assert line[5] == "-"
