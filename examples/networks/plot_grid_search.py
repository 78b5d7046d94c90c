"""
Search over pretraining and loss weights
========================================

:class:`~sklearn.model_selection.GridSearchCV` can compare ways to pretrain and to balance targets.
Both are parameters of the regressor:

- ``pretrained`` takes None, a checkpoint folder from ``save_pretrained`` or a fitted encoder.
- ``loss_weights`` and ``loss_weighting`` balance the targets.
"""

# %%
# Data
# ----
#
# The targets are two transport properties of inorganic compounds, both for holes: the logarithm of
# the conductivity and the Seebeck coefficient. Each composition is one row, so a random split
# never puts a compound on both sides. We tune and test on a few hundred compounds. We pretrain on
# the formulas of others, without their labels.

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold, train_test_split
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import StandardScaler

from skmat import MagpieFeaturizer, MTEncoder, MTEncoderRegressor
from skmat.datasets import load_transport

X, y = load_transport(targets=["sigma_p", "S_p"], as_frame=True, return_X_y=True)
rows = np.random.default_rng(0).permutation(len(X))
labelled, unlabelled = rows[:900], rows[900:2900]
X_train, X_test, y_train, y_test = train_test_split(
    X.iloc[labelled], y.iloc[labelled], test_size=300, random_state=0
)
cv = KFold(2, shuffle=True, random_state=0)

# %%
# A pretrained encoder
# --------------------
#
# The encoder learns to predict hidden elements of formulas. This needs no labels. Other programs
# and other people can use the checkpoint folder.

encoder = MTEncoder(preset="tiny", objectives="masked_elements", max_epochs=8, random_state=0)
encoder.fit(X.iloc[unlabelled])
folder = encoder.save_pretrained(Path(tempfile.mkdtemp()) / "masked")
print(sorted(path.name for path in folder.iterdir()))

# %%
# A grid over the neural network
# ------------------------------
#
# The folder and the fitted encoder hold the same weights. The grid lists both to show how.
# Scikit-learn clones the values of a grid, and cloning resets a fitted estimator.
# :class:`~sklearn.frozen.FrozenEstimator` protects it. The score is R2, averaged over the two
# targets.

frozen = FrozenEstimator(encoder)
network = MTEncoderRegressor(preset="tiny", max_epochs=8, precision="float32", random_state=0)
network_search = GridSearchCV(
    network,
    {
        "pretrained": [None, folder, frozen],
        "loss_weighting": ["equal", "rlw-mtencoder"],
        "loss_weights": [None, {"sigma_p": 1.0, "S_p": 3.0}],
    },
    cv=cv,
    n_jobs=2,
).fit(X_train, y_train)

# %%
# A grid over a pipeline
# ----------------------
#
# An encoder is a transformer. A :class:`~sklearn.pipeline.FeatureUnion` combines its embeddings
# with other features. Here the grid replaces the encoder or drops it.

pipeline = Pipeline(
    [
        (
            "features",
            FeatureUnion([("magpie", MagpieFeaturizer()), ("encoder", MTEncoder())]),
        ),
        ("scale", StandardScaler()),
        ("ridge", Ridge()),
    ]
)
pipeline_search = GridSearchCV(
    pipeline,
    {
        "features__encoder": ["drop", MTEncoder(pretrained=folder), MTEncoder(pretrained=frozen)],
        "ridge__alpha": [10.0, 100.0, 1000.0],
    },
    cv=cv,
    n_jobs=2,
).fit(X_train, y_train)

# %%
# Results
# -------


def source_of(pretrained):
    """Name the source of an encoder's weights."""
    if pretrained is None:
        return "from scratch"
    return "fitted encoder" if pretrained is frozen else "folder"


def describe(parameters):
    """Name a point of one of the grids."""
    if "pretrained" in parameters:
        weights = "S_p counts 3 times" if parameters["loss_weights"] else "no loss_weights"
        return f"{source_of(parameters['pretrained'])}, {parameters['loss_weighting']}, {weights}"
    features, alpha = parameters["features__encoder"], parameters["ridge__alpha"]
    name = "Magpie"
    if features != "drop":
        name += f" + encoder ({source_of(features.pretrained)})"
    return f"{name}, alpha={alpha:g}"


def table_of(search, kind):
    """Collect the scores of a search, one row per candidate."""
    results = search.cv_results_
    return pd.DataFrame(
        {
            "kind": kind,
            "candidate": [describe(parameters) for parameters in results["params"]],
            "cv_r2": results["mean_test_score"],
        }
    )


table = pd.concat([table_of(network_search, "network"), table_of(pipeline_search, "pipeline")])
for name, search in [("network", network_search), ("pipeline", pipeline_search)]:
    print(f"{name}: {describe(search.best_params_)}")
    print(
        f"  cross-validation R2 {search.best_score_:.3f}, test {search.score(X_test, y_test):.3f}"
    )

# %%
# The folder and the fitted encoder score the same, as they should. Do not conclude more from the
# figure. With 300 training compounds per fold and eight epochs, a network is far from its best. A
# ridge regression on Magpie features is hard to beat then.

table = table.sort_values("cv_r2", ignore_index=True)
_, ax = plt.subplots(figsize=(8, 5.4), layout="constrained")
colors = table["kind"].map({"network": "tab:blue", "pipeline": "tab:orange"})
ax.barh(table["candidate"], table["cv_r2"], color=colors)
ax.set(xlabel="R² in cross-validation, mean of two targets", title="Every candidate of both grids")
ax.spines[["top", "right"]].set_visible(False)
handles = [
    plt.Rectangle((0, 0), 1, 1, color="tab:blue", label="MTEncoderRegressor"),
    plt.Rectangle((0, 0), 1, 1, color="tab:orange", label="FeatureUnion and Ridge"),
]
ax.legend(handles=handles, frameon=False, loc="lower right")
plt.show()
