"""
Benchmark a pipeline on Matbench
================================

``run_matbench`` fits any estimator for formulas on the official folds of a Matbench task. Here,
two pipelines predict the yield strength of 312 steels (``matbench_steels``) from their
composition.

This example downloads nothing. Without the Matbench data (:doc:`/datasets`), it uses
scikit-learn's own tools on a sample of matminer's transport data. These have no leaderboard.
"""

# %%
# The data
# --------

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline

from skmat import MagpieFeaturizer
from skmat.benchmark import MatbenchTask, compare_results, leaderboard, run_matbench
from skmat.datasets import load_transport
from skmat.exceptions import DatasetNotFoundError

task = MatbenchTask("steels", download_if_missing=False)
try:
    print(f"{len(task.X)} materials, {task.y.min():.0f} to {task.y.max():.0f} {task.info.unit}")
except DatasetNotFoundError as error:
    print(f"Taking the transport data instead. {error}")
    task = None

# %%
# The pipelines
# -------------
#
# Each fold fits every step. If a random state is None, ``run_matbench`` sets it to the same number
# in each fold. The scores can then be repeated.

models = {
    "mean": DummyRegressor(),
    "Magpie + forest": make_pipeline(MagpieFeaturizer(), RandomForestRegressor(100)),
    "Magpie + extra trees": make_pipeline(MagpieFeaturizer(), ExtraTreesRegressor(100)),
}

# %%
# Five folds each
# ---------------
#
# ``results_dir`` would keep finished folds on disk. A stopped run would then resume.

errors, results = {}, {}
if task is not None:
    for name, model in models.items():
        results[name] = run_matbench(model, [task.name], name=name, download_if_missing=False)
        errors[name] = results[name].scores["mae"].to_numpy()
else:
    X, y = load_transport(targets="S_p", return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))[:312]
    folds = KFold(5, shuffle=True, random_state=0)
    for name, model in models.items():
        scores = cross_val_score(
            model, X[rows], y[rows], cv=folds, scoring="neg_mean_absolute_error"
        )
        errors[name] = -scores
print(pd.DataFrame(errors).rename_axis("fold").round(1))

# %%
# Is the difference real?
# -----------------------
#
# All models have the same folds, so we compare them fold by fold. The interval takes into account
# that the training sets of the folds overlap.

if results:
    print(compare_results(results["Magpie + extra trees"], results["Magpie + forest"]).T)

# %%
# Comparison with the public leaderboard
# --------------------------------------

unit = task.info.unit if task is not None else "uV/K"
_, axes = plt.subplots(figsize=(8, 4), layout="constrained")
if results:
    board = leaderboard(list(results.values()), ["steels"]).sort_values("mean", ascending=False)
    colors = np.where(board["is_ours"], "tab:orange", "tab:blue")
    axes.barh(board["algorithm"], board["mean"], xerr=board["std"].fillna(0), color=colors)
    axes.set_title("matbench_steels: this example (orange) and public entries (blue)")
else:
    means = {name: values.mean() for name, values in errors.items()}
    axes.barh(list(means), list(means.values()), color="tab:orange")
for name, values in errors.items():
    axes.plot(values, [name] * len(values), "k.", alpha=0.6)
axes.set_xlabel(f"Mean absolute error [{unit}]; dots are folds")
plt.show()
