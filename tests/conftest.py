"""One torch thread in tests: small nets run several times faster so, and CI has two cores."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
# makes scikit-learn run its array API checks; read when scipy is imported
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import torch

torch.set_num_threads(1)
