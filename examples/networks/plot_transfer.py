"""
Transfer: from which encoder, which layers, at which rate
=========================================================

Fine-tuning poses three questions: from which weights to start, which layers to train, and at which
learning rate. All three are parameters of the regressor. A grid search answers them on the
labelled compounds, without the test compounds.
"""

# %%
# A hundred and fifty labels
# --------------------------
#
# The target is the Seebeck coefficient of n-doped compounds. The search compares candidates on one
# third of the 150 labelled compounds. This is little data. The last figure shows how well such a
# choice works.

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
# - ``trainable`` says what learns: the new head alone, the head and the last layer, or everything.
# - ``freeze_epochs=(6, 4)`` unfreezes one layer after another: six epochs for the head, four for
#   the head and the last layer, then all.
#
# Neither affects random weights, so these have a grid of their own. To search the learning rate,
# add a list of ``lr``.

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
# Validation error and test error
# -------------------------------
#
# The search fits the best candidate to all 150 compounds. To see how far you can trust the choice,
# we fit the other candidates too and test all of them on 2,000 other compounds.


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
