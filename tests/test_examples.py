"""Examples and benchmarks run from the command line, at few rounds."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("plot_*.py"))


def run(*command):
    environment = os.environ | {
        "GAN_RESAMPLE_QUICK": "1",
        "MPLBACKEND": "Agg",
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_gallery_example(path):
    run(path)


def test_speed_benchmark(tmp_path):
    file = tmp_path / "speed.json"
    run(ROOT / "benchmarks" / "speed.py", "--quick", "--json", file)
    assert json.loads(file.read_text())
