"""Sphinx configuration; ``make docs`` builds into ``docs/_build/html``."""

import inspect
import os
import sys
from importlib import import_module
from pathlib import Path

import gan_resample

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # of benchmarks/, which is not installed

os.environ.setdefault("OMP_NUM_THREADS", "1")

project = "gan_resample"
author = "The gan_resample developers"
copyright = author  # the name is Sphinx's
version = release = gan_resample.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]
default_role = "code"

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings say it better
numpydoc_show_class_members = False  # the template lists the methods

# of a checkout whose path has a space; the names of the examples have none
suppress_warnings = ["sphinx_gallery.space_in_filename"]
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "download_all_examples": False,
    "show_signature": False,
}

html_theme = "pydata_sphinx_theme"
html_title = f"gan_resample {version}"
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": False, "show_prev_next": True}


# ---- api.rst: every public name, by the module that lists it in its __all__ ---------------------

# title, a sentence, and the modules whose classes and functions are listed
SECTIONS = [
    ("Comparison", "", ["evaluation"]),
    ("Figures of merit", "", ["evaluation.metrics.generated"]),
    ("Tables to compare on", "", ["datasets"]),
    ("Checks", "Whether a game or a sampler of one's own keeps the laws.", ["testing"]),
    (
        "Extending",
        "What a game or a sampler of one's own is built from; :doc:`extending` says how.",
        [
            *("core.parameters", "core.rows", "core.sampler", "core.classifier", "engine.game"),
            *("nn.modules", "nn.build", "nn.losses"),
        ],
    ),
]


def kind_of(value):
    """The section of a name of the package itself."""
    if issubclass(value, Exception):
        return "Errors and warnings"
    if hasattr(value, "fit_resample"):
        return "Samplers"
    if hasattr(value, "transform"):
        return "Encoders"
    return "Classifiers" if hasattr(value, "_game") else "Probabilities"


def is_own(value):
    """Whether a value is a class or a function, and of this package."""
    of_a_kind = inspect.isclass(value) or inspect.isfunction(value)
    return of_a_kind and value.__module__.startswith("gan_resample.")


def listing(module, names):
    lines = [f".. currentmodule:: {module}", "", ".. autosummary::", "   :toctree: api/generated/"]
    return [*lines, "", *(f"   {name}" for name in names), ""]


def write_api():
    """Write ``api.rst`` before sphinx looks for pages; as it is, where nothing has changed."""
    lines = ["API", "===", ""]
    titles = ("Samplers", "Classifiers", "Probabilities", "Encoders", "Errors and warnings")
    values = {name: getattr(gan_resample, name) for name in gan_resample.__all__}
    public = {name: kind_of(value) for name, value in values.items() if inspect.isclass(value)}
    for title in titles:
        names = [name for name, kind in public.items() if kind == title]
        lines += [title, "-" * len(title), "", *listing("gan_resample", names)]
    for title, sentence, modules in SECTIONS:
        lines += [title, "-" * len(title), "", sentence, ""]
        for name in modules:
            module = import_module(f"gan_resample.{name}")
            found = {each: getattr(module, each) for each in module.__all__}
            lines += listing(module.__name__, [n for n, v in found.items() if is_own(v)])
    page, text = Path(__file__).with_name("api.rst"), "\n".join(lines)
    if not page.exists() or page.read_text() != text:
        page.write_text(text)


write_api()


def make_scoreboard(app):
    """Make the page and the picture of the scoreboard, where its results have changed."""
    from benchmarks.scoreboard.page import build, is_fresh

    if not is_fresh():
        build()


def setup(app):
    app.connect("builder-inited", make_scoreboard)
