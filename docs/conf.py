"""Configuration of Sphinx."""

import os
import sys
import warnings
from pathlib import Path

from sphinx_gallery.sorting import ExplicitOrder

import skmat
from skmat._utils.doc_links import DOCS

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
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "sphinxext.opengraph",
    "colab_links",
    "command_help",
    "gallery_runs",
    "initials",
    "internal_links",
    "markdown_page",
    "parameter_headings",
    "pretrained_table",
    "readings_table",
]

# Builds without a network have no links to other projects.
if os.environ.get("SKMAT_DOCS_LINKS"):
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "pandas": ("https://pandas.pydata.org/docs", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
        "skorch": ("https://skorch.readthedocs.io/en/stable", None),
        "torch": ("https://docs.pytorch.org/docs/stable", None),
        "pymatgen": ("https://pymatgen.org", None),
    }

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["skmat.css"]
html_logo = html_favicon = "_static/logo.svg"
exclude_patterns = ["_build", "auto_examples/**/*.md5"]
# Docstrings write `parameter` for what is code, as scikit-learn's do.
default_role = "literal"
toc_object_entries_show_parents = "hide"
add_module_names = False
# A link to a name that has no page is an error. Names of other projects are links only with a
# network.
nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", r"(?!skmat)(\w+\.)+\w+"),
    (r"py:obj", r"\w+_"),
]
autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_use_plots = False

html_baseurl = DOCS + "/"
# Previews of links in messages. The picture is one of figures.py.
ogp_site_url = html_baseurl
ogp_image = "_static/preview.png"
ogp_image_alt = "skmat: pretrained encoders for inorganic materials as scikit-learn estimators"
ogp_social_cards = {"enable": False}

html_theme = "pydata_sphinx_theme"
html_title = f"skmat {release}"
html_show_sourcelink = False
html_sidebars = {
    page: []
    for page in (
        "quickstart",
        "install",
        "command_line",
        "datasets",
        "glossary",
        "benchmarks",
        "changelog",
        "contributing",
    )
}
repository = "skmat/skmat"
html_theme_options = {
    "logo": {"text": "skmat"},
    "show_prev_next": False,
    "navbar_align": "left",
    "footer_start": ["copyright"],
    "footer_end": [],
    "github_url": f"https://github.com/{repository}",
}

# The release checklist of CONTRIBUTING.md fills the branch "notebooks".
colab_notebooks = f"https://colab.research.google.com/github/{repository}/blob/notebooks"

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "subsection_order": ExplicitOrder(
        ["../examples/first_steps", "../examples/networks", "../examples/data"]
    ),
    "within_subsection_order": ExplicitOrder(
        [
            "plot_auto.py",
            "plot_few_labels.py",
            "plot_pictures.py",
            "plot_several_targets.py",
            "plot_embeddings.py",
            "plot_uncertainty.py",
            "plot_transfer.py",
            "plot_grid_search.py",
            "plot_optuna.py",
            "plot_structures.py",
            "plot_what_to_label.py",
            "plot_benchmark.py",
        ]
    ),
    # For "Examples" on the pages of classes.
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("skmat",),
    "inspect_global_variables": False,
    "download_all_examples": False,
    "first_notebook_cell": "# Needed where skmat is not installed, as in Google Colab.\n"
    "%pip install --quiet skmat",
    "image_srcset": ["2x"],
    "reset_modules": ("matplotlib", "gallery_runs.reset"),
    "reset_modules_order": "both",
    # Seconds of a busy machine say nothing. gallery_runs prints processor time.
    "min_reported_time": float("inf"),
    "show_memory": False,
    "remove_config_comments": True,
    "abort_on_example_error": True,
}
