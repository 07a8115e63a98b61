"""Put one hand-made fault after another into a copy of the package: do the tests notice?

    python tests/faults/check.py [NAME ...]

A fault is a patch in this folder. The tests that mirror the changed module run first, up to the
first failure, and the whole suite only where these notice nothing. A fault that no test notices,
or whose patch no longer applies, makes the exit status 1.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def mirror(patch: str) -> list[str]:
    """Return the tests of the module that a patch changes: its file, its folder, its game."""
    folder, *rest = re.search(r"^\+\+\+ b/gan_resample/(.+)\.py$", patch, re.MULTILINE)[1].split(
        "/"
    )
    guesses = [
        "/".join(["tests", folder, *rest[:-1], *(f"test_{name}.py" for name in rest[-1:])]),
        "/".join(["tests", folder, *rest[:-1]]),
        f"tests/test_{folder}.py",
        "tests/test_games.py",
    ]
    return [guess for guess in guesses if (ROOT / guess).exists()]


def run(where: Path, tests: list[str]) -> str:
    """Return the first test that fails, or an empty text."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    around = os.environ | {"PYTHONPATH": str(where), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=where, env=around, capture_output=True, text=True)
    failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    if done.returncode and not failed:
        sys.exit(done.stdout[-2000:] + done.stderr[-2000:])
    return failed[1] if failed else ""


def notice(patch: Path, where: Path) -> str:
    """Return which test notices the fault; an empty text where none does."""
    apply = ["git", "apply", str(patch)]
    if subprocess.run(apply, cwd=where).returncode:
        return ""
    try:
        # in two turns: a later path of a command line would be collected before anything runs
        first = (run(where, [tests]) for tests in mirror(patch.read_text()))
        return next(filter(None, first), "") or run(where, [])
    finally:
        subprocess.run([*apply, "--reverse"], cwd=where, check=True)


def main(names: list[str]) -> int:
    patches = [HERE / f"{name}.patch" for name in names] or sorted(HERE.glob("*.patch"))
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder) / "copy"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(where)], check=True)
        for patch in patches:
            by = notice(patch, where)
            missed += not by
            print(f"{patch.stem}: {by or 'NOT NOTICED'}", flush=True)
    print(f"{len(patches) - missed} of {len(patches)} faults are noticed")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
