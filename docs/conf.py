"""Sphinx configuration; ``make docs`` builds into ``docs/_build/html``."""

import os
import sys
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


def make_scoreboard(app):
    """Make the page and the picture of the scoreboard, where its results have changed."""
    from benchmarks.scoreboard.page import build, is_fresh

    if not is_fresh():
        build()


def setup(app):
    app.connect("builder-inited", make_scoreboard)
