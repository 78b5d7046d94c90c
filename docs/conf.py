"""Configuration of Sphinx."""

import os
import sys
import warnings
from pathlib import Path

import skmat

sys.path.insert(0, str(Path(__file__).parent / "_ext"))
# Joblib's workers read it: they have no warnings filter of ours.
os.environ.setdefault("PYTHONWARNINGS", "ignore")
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")

project = "skmat"
author = copyright = "The skmat developers"
version = release = skmat.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "markdown_page",
    "parameter_headings",
    "readings_table",
]

templates_path = ["_templates"]
exclude_patterns = ["_build", "auto_examples/*.md5"]
# Docstrings write `parameter` for what is code, as scikit-learn's do.
default_role = "literal"
add_module_names = False
autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_use_plots = False

html_theme = "pydata_sphinx_theme"
html_title = f"skmat {release}"
html_show_sourcelink = False
html_sidebars = {
    page: [] for page in ("install", "glossary", "benchmarks", "changelog", "contributing")
}
html_theme_options = {
    "show_prev_next": False,
    "navbar_align": "left",
    "footer_start": ["copyright"],
    "footer_end": [],
}

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": None,
    "download_all_examples": False,
    "show_memory": False,
    "remove_config_comments": True,
    "abort_on_example_error": True,
}
