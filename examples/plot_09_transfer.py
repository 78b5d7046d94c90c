"""
Transfer: from which encoder, which layers, at which rate
=========================================================

Fine-tuning has three questions: which weights to begin with, which layers to train, at which rate.
All three are parameters of the regressor, so that a grid search answers them on the labels that
there are, before the test compounds are looked at.
"""

# %%
# A hundred and fifty labels
# --------------------------
#
# The Seebeck coefficient of n-doped compounds. Candidates are compared on one third of the
# labelled compounds, which is little: the scatter of such a choice is shown below.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import GridSearchCV, ShuffleSplit

from skmat import MTEncoderRegressor
from skmat.datasets import load_transport

X, y = load_transport(targets="S_n", return_X_y=True)
rows = np.random.default_rng(0).permutation(len(X))
train, test = rows[:150], rows[-2000:]

# %%
# The grid
# --------
#
# ``trainable`` says what is learned: the new head alone, the last layer with it, or everything.
# ``freeze_epochs=(6, 4)`` frees the layers one after another: six epochs for the head, four for
# the head and the last layer, then all. Without pretrained weights neither means anything, so
# that random weights stand in a grid of their own. A list of ``lr`` is one more key.

shipped = ["mtencoder-oqmd-mem", "mtencoder-multi"]
grid = [
    {"pretrained": [None]},
    {"pretrained": shipped, "trainable": ["head", "last", "all"]},
    {"pretrained": shipped[1:], "freeze_epochs": [(6, 4)]},
]
search = GridSearchCV(
    MTEncoderRegressor(max_epochs=20, random_state=0),
    grid,
    cv=ShuffleSplit(2, test_size=1 / 3, random_state=0),
    scoring="neg_mean_absolute_error",
    n_jobs=2,
).fit(X[train], y[train])

# %%
# What the labelled compounds say, and what the others do
# --------------------------------------------------------
#
# The best candidate is fitted to all 150 compounds by the search itself. To see how far the choice
# can be trusted, the figure also fits each of the others, which the choice took no part in.


def describe(parameters):
    """Name a candidate."""
    if parameters["pretrained"] is None:
        return "random weights"
    source = parameters["pretrained"].removeprefix("mtencoder-")
    if "freeze_epochs" in parameters:
        return f"{source}, layer by layer"
    return f"{source}, {parameters['trainable']}"


candidates = search.cv_results_["params"]
errors = []
for parameters in candidates:
    model = clone(search.estimator).set_params(**parameters).fit(X[train], y[train])
    errors.append(mean_absolute_error(y[test], model.predict(X[test])))
table = pd.DataFrame(
    {
        "candidate": [describe(parameters) for parameters in candidates],
        "validation": -search.cv_results_["mean_test_score"],
        "test": errors,
    }
).sort_values("validation", ignore_index=True)
print(table.round(1).to_string(index=False))
print("chosen:", describe(search.best_params_))

# %%

_, ax = plt.subplots(figsize=(5.5, 4), layout="constrained")
for source, marker in [("random", "s"), ("oqmd-mem", "o"), ("multi", "^")]:
    kept = table["candidate"].str.startswith(source)
    ax.scatter(table["validation"][kept], table["test"][kept], marker=marker, label=source)
ax.set(
    xlabel="error on 50 of the labelled compounds, twice (uV/K)",
    ylabel="error on 2,000 other compounds (uV/K)",
)
ax.legend(frameon=False)
plt.show()
