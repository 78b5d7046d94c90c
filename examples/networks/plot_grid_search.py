"""
Search over encoders and loss weights
=====================================

:class:`~sklearn.model_selection.GridSearchCV` can compare pretrained encoders
and weights of the targets. Both are parameters of the regressor:

- ``pretrained`` takes the name of a shipped encoder, a folder of weights, a
  fitted encoder, or None for random weights.
- ``loss_weights`` says how much each target counts in training.
"""

# %%
# Data
# ----
#
# The targets are two transport properties of inorganic compounds, both for
# holes: the logarithm of the conductivity and the Seebeck coefficient. Each
# composition is one row, so a random split never puts a compound on both
# sides. We tune on 200 compounds and test on 500 others.

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold, train_test_split
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import StandardScaler

from skmat import MagpieFeaturizer, MTEncoder, MTEncoderRegressor
from skmat.datasets import load_transport
from skmat.metrics import get_scorer

X, y = load_transport(
    targets=["sigma_p", "S_p"], as_frame=True, return_X_y=True
)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=200, test_size=500, random_state=0
)
cv = KFold(2, shuffle=True, random_state=0)
shipped = ["mtencoder-oqmd-mem", "mtencoder-multi"]

# %%
# A grid over the network
# -----------------------
#
# The score is R², averaged over the two targets. To search over encoders of
# your own, list their folders, or fitted encoders in a
# :class:`~sklearn.frozen.FrozenEstimator`.

network_search = GridSearchCV(
    MTEncoderRegressor(max_epochs=12, random_state=0),
    {
        "pretrained": [None, *shipped],
        "loss_weights": [None, {"sigma_p": 1.0, "S_p": 3.0}],
    },
    cv=cv,
).fit(X_train, y_train)

# %%
# A grid over a pipeline
# ----------------------
#
# An encoder is a transformer. A :class:`~sklearn.pipeline.FeatureUnion`
# combines its embeddings with other features. Here the grid replaces the
# encoder or drops it.

features = [("magpie", MagpieFeaturizer()), ("encoder", MTEncoder())]
pipeline = Pipeline(
    [
        ("features", FeatureUnion(features)),
        ("scale", StandardScaler()),
        ("ridge", Ridge()),
    ]
)
pipeline_search = GridSearchCV(
    pipeline,
    {
        "features__encoder": [
            "drop",
            *(MTEncoder(pretrained=name) for name in shipped),
        ],
        "ridge__alpha": [100.0, 1000.0],
    },
    cv=cv,
).fit(X_train, y_train)

# %%
# A grid for one target
# ---------------------
#
# Often one target counts more than the others. A scorer of one target finds
# the loss weights that are best for it. A scorer of the other one tells what
# that costs.

names = list(y.columns)
target_search = GridSearchCV(
    MTEncoderRegressor(max_epochs=12, random_state=0),
    {"loss_weights": [None, {"S_p": 3.0}, {"S_p": 10.0}]},
    cv=cv,
    scoring={
        name: get_scorer("neg_mean_absolute_error", target=name)
        for name in names
    },
    refit="S_p",
).fit(X_train, y_train)
errors = pd.DataFrame(
    {
        f"MAE of {name}": -target_search.cv_results_[f"mean_test_{name}"]
        for name in names
    },
    index=[
        "equal" if weights is None else f"S_p counts {weights['S_p']:g} times"
        for weights in target_search.cv_results_["param_loss_weights"]
    ],
)
print(errors.round(3))

# %%
# On these compounds, the weights change no error by more than 1 %. They matter
# where one target has far fewer labels than the others.

# %%
# Results of the first two grids
# ------------------------------


def describe(parameters):
    """Name a point of one of the grids."""
    if "pretrained" in parameters:
        source = parameters["pretrained"] or "random weights"
        weights = ", S_p counts 3 times" if parameters["loss_weights"] else ""
        return source + weights
    encoder = parameters["features__encoder"]
    source = "" if encoder == "drop" else f" + {encoder.pretrained}"
    return f"Magpie{source}, alpha {parameters['ridge__alpha']:g}"


searches = {"network": network_search, "pipeline": pipeline_search}
for name, search in searches.items():
    print(f"{name}: {describe(search.best_params_)}")
    print(
        f"  R2 in cross-validation {search.best_score_:.3f},"
        f" on the test compounds {search.score(X_test, y_test):.3f}"
    )

table = pd.concat(
    pd.DataFrame(
        {
            "kind": name,
            "candidate": list(map(describe, search.cv_results_["params"])),
            "r2": search.cv_results_["mean_test_score"],
        }
    )
    for name, search in searches.items()
).sort_values("r2", ignore_index=True)

# %%
# Blue candidates are fine-tuned networks, orange ones are ridge regressions.
# ``mtencoder-multi`` leads both grids. The best network is better in
# cross-validation, and the best pipeline on the test compounds. With 200
# labelled compounds, do not choose by so small a difference.

_, ax = plt.subplots(figsize=(7, 4.6), layout="constrained")
colors = table["kind"].map({"network": "tab:blue", "pipeline": "tab:orange"})
bars = ax.barh(table["candidate"], table["r2"], color=colors)
ax.bar_label(bars, fmt="%.2f", padding=3, fontsize="small")
ax.set(xlabel="R² in cross-validation, mean of two targets")
ax.margins(x=0.15)
plt.show()
