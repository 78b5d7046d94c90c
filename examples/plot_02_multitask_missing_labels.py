"""
Several properties, most labels missing
=======================================

Expensive properties are known for few materials, cheap ones for many. ``y`` may hold NaN: a
missing label adds nothing to the loss, so that one model learns from all the labels there are.
"""

# %%
# Data
# ----
#
# Three transport properties: conductivity for holes, Seebeck coefficient for electrons and for
# holes. We keep all labels of the first two and hide the third for nine compounds in ten.

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
# The columns of ``y`` are the tasks, and predictions come back in their units. ``history_`` has
# one entry per epoch, also with the loss of each task. With ``patience`` a tenth of the compounds
# is held back, and the epoch that predicts them best is kept.

settings = {"preset": "tiny", "precision": "float32", "random_state": 0}
multi_task = MTEncoderRegressor(max_epochs=25, patience=10, **settings)
multi_task.fit(X_train, y_train)
print({key: round(multi_task.history_[-1][key], 3) for key in ("train_loss", "valid_loss")})
HistoryDisplay.from_estimator(multi_task)

# %%
# Compared with a model of the few labels alone
# ---------------------------------------------
#
# A single-task model sees the 150 compounds whose third label is known, and gets more epochs, as
# its epochs are short.

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
# The units of the data set go on the axes.

ParityDisplay.from_estimator(multi_task, X_test, y_test, units=data.units)
plt.show()
