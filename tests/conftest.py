"""One torch thread in tests: small nets run several times faster so, and CI has two cores."""

import os
import signal
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
# makes scikit-learn run its array API checks; read when scipy is imported
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import pytest
import torch

torch.set_num_threads(1)
# a shell that starts a job in the background has it ignore Ctrl-C, which tests send for real
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def tables():
    """Read a real table by name: (X, y).

    The tables are not part of the package: set GAN_RESAMPLE_DATA to the folder that holds
    ``tabular/index.json``, or keep it at ../shared/data.
    """
    import json

    import pandas as pd

    folder = Path(os.environ.get("GAN_RESAMPLE_DATA", ROOT.parent / "shared" / "data")) / "tabular"
    if not (folder / "index.json").exists():
        pytest.skip(f"no real tables at {folder}: set GAN_RESAMPLE_DATA")
    entries = json.loads((folder / "index.json").read_text())

    def read(name):
        table = pd.read_csv(folder / f"{name}.csv.gz")
        X = table.drop(columns="target")
        return X.astype(dict.fromkeys(entries[name]["categorical"], "category")), table["target"]

    return read
