"""The package's names are loaded when they are used, and a Ctrl-C before that is met like any."""

import ast
import os
import pickle
import pydoc
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import gan_resample

ROOT = Path(__file__).parent.parent
COMMANDS = {
    "compare": ["compare", "wine", "--samplers", "none", "--classifiers", "knn"],
    "resample": [
        "resample",
        "absent.csv",
        "--target",
        "y",
        "--sampler",
        "spread",
        "--out",
        "new.csv",
    ],
}
INTERRUPTS = {
    "plainly": "signal.raise_signal(signal.SIGINT)",
    "in an exec": "exec('signal.raise_signal(signal.SIGINT)')",  # Python itself ends otherwise
    "in a finalizer": """
import time
class Dropped:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
Dropped()
for _ in range(3000):
    time.sleep(0.01)
""",
}


def run(*arguments, first=None, cwd=None):
    """Run Python, which looks for modules in the folder ``first`` before all others."""
    path = os.pathsep.join(str(part) for part in (first, ROOT) if part)
    return subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"PYTHONPATH": path},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("how", INTERRUPTS)
def test_an_interrupt_during_imports_ends_the_command_with_130(tmp_path, command, how):
    """A signal arrives when numpy begins to be imported, which every library needs."""
    (tmp_path / "numpy.py").write_text(f"import signal\n{INTERRUPTS[how]}\n")
    done = run("-m", "gan_resample", *COMMANDS[command], first=tmp_path, cwd=tmp_path)
    assert done.returncode == 130, done.stderr
    assert done.stderr.startswith("\nstopped")
    assert "Traceback" not in done.stderr
    assert {each.name for each in tmp_path.iterdir()} <= {"numpy.py", "__pycache__"}


def test_neither_the_package_nor_help_loads_a_library():
    """Nor is the interrupt above met by chance: nothing heavy comes before ``main``."""
    code = """
import sys
import gan_resample
from gan_resample.cli import main
for arguments in (["--help"], ["compare", "--help"], ["resample", "--help"]):
    try:
        main(arguments)
    except SystemExit as end:
        assert end.code == 0
print(sorted({"numpy", "sklearn", "torch"} & sys.modules.keys()))
"""
    done = run("-c", code)
    assert done.returncode == 0, done.stderr
    assert "--sampler" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_tables_are_encoded_without_torch():
    done = run(
        "-c", "import sys; from gan_resample import TableEncoder; print('torch' in sys.modules)"
    )
    assert done.stdout == "False\n", done.stderr


def test_names_are_those_that_editors_and_mypy_see():
    tree = ast.parse(Path(gan_resample.__file__).read_text())
    seen = next(node for node in tree.body if isinstance(node, ast.If))
    assert ast.unparse(seen.test) == "TYPE_CHECKING"
    homes = {}
    for node in seen.body:
        homes |= {alias.name: node.module for alias in node.names}
    assert sorted(homes) == sorted(gan_resample.__all__)
    for name, module in homes.items():
        found = getattr(gan_resample, name)
        assert getattr(import_module(module), name) is found
        assert name.isupper() or pickle.loads(pickle.dumps(found)) is found
        assert vars(gan_resample)[name] is found


def test_a_star_help_and_dir_find_every_name():
    names = {}
    exec("from gan_resample import *", names)
    assert set(gan_resample.__all__) <= names.keys()
    assert set(gan_resample.__all__) <= set(dir(gan_resample))
    text = pydoc.plain(pydoc.render_doc(gan_resample))
    for name in gan_resample.__all__:
        assert (f"{name} = " if name.isupper() else f"class {name}(") in text


def test_modules_are_reached_through_the_package_and_no_other_name_is():
    found = gan_resample.__getattr__("gamo")  # as where nothing has imported it
    assert found is sys.modules["gan_resample.gamo"] is gan_resample.gamo
    assert gan_resample.__getattr__("cli") is sys.modules["gan_resample.cli"]
    for name in ("nope", "GamoSampler", "__main__"):
        with pytest.raises(AttributeError, match=f"'gan_resample' has no attribute '{name}'"):
            getattr(gan_resample, name)
    with pytest.raises(ImportError, match="cannot import name 'nope'"):
        exec("from gan_resample import nope")
