"""
Several targets, most labels missing
====================================

Expensive properties are known for few materials, cheap ones for many. Pass all of them as columns
of ``y``, with NaN for missing labels. A missing label adds nothing to the loss. One model then
learns from all known labels.
"""

# %%
# Data
# ----
#
# The targets are three transport properties: the conductivity for holes, and the Seebeck
# coefficient for electrons and for holes. We keep all labels of the first two. We hide the third
# for nine compounds in ten.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import mean_absolute_error

from skmat import MTEncoderRegressor
from skmat.datasets import load_transport
from skmat.inspection import HistoryDisplay, ParityDisplay

data = load_transport(targets=["sigma_p", "S_n", "S_p"], as_frame=True)
rows = np.random.default_rng(0).permutation(len(data.data))
train, test = rows[:1500], rows[1500:2100]
X_train, y_train = data.data.iloc[train], data.target.iloc[train].copy()
X_test, y_test = data.data.iloc[test], data.target.iloc[test]

y_train.loc[y_train.index[150:], "S_p"] = np.nan
print(y_train.notna().sum())

# %%
# One model for all
# -----------------
#
# Each column of ``y`` is a target, and predictions have its unit. ``history_`` has one entry per
# epoch with the loss of each target. With ``patience``, the model holds out a tenth of the
# compounds. It keeps the epoch that predicts them best.

settings = {"preset": "tiny", "precision": "float32", "random_state": 0}
multi_task = MTEncoderRegressor(max_epochs=25, patience=10, **settings)
multi_task.fit(X_train, y_train)
print({key: round(multi_task.history_[-1][key], 3) for key in ("train_loss", "valid_loss")})
HistoryDisplay.from_estimator(multi_task)

# %%
# Comparison with a model of one target
# -------------------------------------
#
# A single-task model sees only the 150 compounds whose third label is known. Its epochs are short,
# so it gets more of them.

known = y_train["S_p"].notna()
single_task = MTEncoderRegressor(max_epochs=60, **settings)
single_task.fit(X_train[known], y_train.loc[known, "S_p"])

truth = y_test["S_p"]
errors = {
    "median of the 150 labels": np.full(len(truth), y_train["S_p"].median()),
    "single task": single_task.predict(X_test),
    "three tasks": multi_task.predict(X_test)[:, 2],
}
for name, predicted in errors.items():
    print(f"{name}: mean absolute error {mean_absolute_error(truth, predicted):.0f} uV/K")

# %%
# Parity
# ------
#
# Each panel shows one target. The axes show the units of the data set.

ParityDisplay.from_estimator(multi_task, X_test, y_test, units=data.units)
plt.show()
