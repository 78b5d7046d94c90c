"""skmat: pretrained encoders for inorganic materials as scikit-learn estimators.

Public names are imported when they are first used, so that ``import skmat`` does not import
torch.
"""

import importlib
import os
import sys

from skmat._version import __version__ as __version__

# A thread of OpenMP that spins while it waits keeps its core from other processes. A thread that
# sleeps takes long to wake up. The compromise is to spin for some microseconds, which GNU's OpenMP
# counts in steps, and then to sleep (`studies/speed_threads.py` compares the three). OpenMP reads
# these variables when torch is first imported.
_THREADS_SPIN = "torch" in sys.modules and "OMP_WAIT_POLICY" not in os.environ
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ["OMP_WAIT_POLICY"] = "passive"
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")

#: Rooms whose public names are available as ``skmat.name``, apart from the encoders'.
_PUBLIC = {
    "AutoClassifier": "skmat.auto",
    "AutoRegressor": "skmat.auto",
    "FractionFeaturizer": "skmat.featurizers",
    "MagpieFeaturizer": "skmat.featurizers",
    "MatminerFeaturizer": "skmat.featurizers",
    "MatminerStructureFeaturizer": "skmat.featurizers",
    "StructureEmbeddingLookup": "skmat.pipelines",
    "StructureToComposition": "skmat.featurizers",
    "list_pretrained": "skmat.pretrained",
    "load_model": "skmat.saving",
    "make_frozen_pipeline": "skmat.pipelines",
}


def __getattr__(name):
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    if name == "__all__":
        return ["__version__", *_PUBLIC, *_estimators()]
    # Encoders, regressors and classifiers begin with a capital.
    if name[:1].isupper() and name in (classes := _estimators()):
        return classes[name]
    raise AttributeError(f"module 'skmat' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_PUBLIC, *_estimators()})


def _estimators():
    """Return the estimators of all families by name; imports torch."""
    return importlib.import_module("skmat.estimators").CLASSES
