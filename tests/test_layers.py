"""What each room of the package may import: libraries by name, and rooms below its own."""

import ast
from pathlib import Path

import pytest

import gan_resample

ROOT = Path(gan_resample.__file__).parent
# from the ground up; rooms of one line may know each other, and ``*`` is a game's folder
ORDER = [
    ["engine", "nn"],
    [
        *(
            "mixing/geometry",
            "mixing/gaps",
            "mixing/neighbours",
            "mixing/ahead",
            "mixing/gamo2pix",
        ),
        *("mixing/game", "*/game", "*/networks", "*/law", "*/prior", "*/translation"),
        "*/equilibrium",
    ],
    ["_sklearn", "encoding"],
    ["core"],
    ["mixing"],
    ["*", "spread_smote", "spread_ensemble", "priors"],
    ["splitting", "datasets", "dataset_columns", "files"],
    ["evaluation"],
    ["testing", "cli"],
    ["__main__"],
]
GAMES = {path.parent.name for path in ROOT.glob("*/game.py")} - {"engine", "mixing"}
LIBRARIES = {"sklearn", "imblearn", "pandas", "torch", "matplotlib"}
TABLES = {"sklearn", "imblearn", "pandas", "matplotlib"}
FORBIDDEN = {
    0: TABLES,
    1: TABLES,
    "encoding": {"torch", "imblearn", "matplotlib"},
    "evaluation/metrics": {"matplotlib"},
    "files": {"torch", "sklearn", "imblearn", "matplotlib"},
}


def room_of(module):
    """The storey of ``a/b/c``, by the longest name that is listed."""
    first, _, rest = module.partition("/")
    names = [module, module.rpartition("/")[0], first]
    if first in GAMES:
        names = [f"*/{rest}", "*"]
    found = [n for name in names for n, rooms in enumerate(ORDER) if name in rooms]
    assert found, f"{module}: say in ORDER where it stands"
    return found[0]


def imports_of(path):
    """Names of the modules that a file imports, anywhere but for type checkers."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: write imports from the package's name on"
            if node.module == "gan_resample":
                yield from (f"gan_resample.{alias.name}" for alias in node.names)
            else:
                yield node.module


MODULES = {
    path.relative_to(ROOT).with_suffix("").as_posix().removesuffix("/__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
    if path != ROOT / "__init__.py"  # which loads public names when they are used
}


def test_no_library_where_it_does_not_belong():
    seen = set()
    for module, path in MODULES.items():
        used = {name.partition(".")[0] for name in imports_of(path)} & LIBRARIES
        for place, forbidden in FORBIDDEN.items():
            if place == room_of(module) or module.startswith(f"{place}/"):
                seen.add(place)
                assert not used & forbidden, f"{module} imports {used & forbidden}"
    assert seen == set(FORBIDDEN)


def test_the_page_on_the_architecture_names_every_module():
    page = (ROOT.parent / "docs" / "architecture.rst").read_text()
    named, place = [], []
    for line in page.partition("gan_resample/\n")[2].partition("\n\n")[0].splitlines():
        name, depth = line.split()[0], (len(line) - len(line.lstrip()) - 6) // 2
        place[depth:] = [name.strip("/")]
        if not name.endswith("/"):
            named.append("/".join(place).removesuffix(".py"))
    shared = {f"{game}/{name}" for game in GAMES for name in ("game", "networks", "estimators")}
    folders = {module for module in MODULES if (ROOT / module).is_dir()}
    own = {"<game>/game", "<game>/networks", "<game>/estimators"}
    files = {path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.html")}
    assert set(named) == set(MODULES) - shared - folders | own | files
    assert len(named) == len(set(named))


@pytest.mark.parametrize("module", MODULES)
def test_nothing_imports_upwards(module):
    for name in imports_of(MODULES[module]):
        if name.startswith("gan_resample."):
            other = name.removeprefix("gan_resample.").replace(".", "/")
            assert room_of(other) <= room_of(module), f"{module} imports {name}"
