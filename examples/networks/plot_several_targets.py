"""
Several targets, most labels missing
====================================

Expensive properties are known for few materials, cheap ones for many. Pass all
of them as columns of ``y``, with NaN for missing labels. A missing label adds
nothing to the loss. One network then learns from all known labels.

Here, a target has 60 labels. The shipped encoder has an error of 142 µV/K with
these alone, and of 137 µV/K with 600 labels of two other targets as well. From
random weights, the errors are 229 and 198 µV/K.
"""

# %%
# Data
# ----
#
# The targets are three transport properties of 600 compounds: the conductivity
# for holes, and the Seebeck coefficient for electrons and for holes. We keep
# all labels of the first two, and 60 labels of the third.

# sphinx_gallery_thumbnail_number = 2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import mean_absolute_error

from skmat import MTEncoderRegressor
from skmat.datasets import load_transport
from skmat.inspection import HistoryDisplay, ParityDisplay

data = load_transport(targets=["sigma_p", "S_n", "S_p"], as_frame=True)
rows = np.random.default_rng(0).permutation(len(data.data))
train, test = rows[:600], rows[600:1600]
X_train, y_train = data.data.iloc[train], data.target.iloc[train].copy()
X_test, y_test = data.data.iloc[test], data.target.iloc[test]

y_train.loc[y_train.index[60:], "S_p"] = np.nan
print(y_train.notna().sum())

# %%
# One network for all
# -------------------
#
# Each column of ``y`` is a target, and predictions have its unit. ``history_``
# has one entry per epoch. With ``patience``, the network holds out a tenth of
# the compounds, and keeps the epoch that predicts them best.

three = MTEncoderRegressor(max_epochs=15, patience=15, random_state=0)
three.fit(X_train, y_train)
HistoryDisplay.from_estimator(three)
plt.show()

# %%
# Comparison with networks of one target
# --------------------------------------
#
# A network of one target sees only the 60 compounds whose third label is
# known. All networks but those with "random weights" start from the shipped
# encoder.

known = y_train["S_p"].notna()
X_known, y_known = X_train[known], y_train.loc[known, "S_p"]
one = MTEncoderRegressor(max_epochs=20, random_state=0)
one.fit(X_known, y_known)

random_one = MTEncoderRegressor(
    pretrained=None, max_epochs=20, random_state=0
).fit(X_known, y_known)
random_three = MTEncoderRegressor(
    pretrained=None, max_epochs=15, patience=15, random_state=0
).fit(X_train, y_train)

truth = y_test["S_p"]
predictions = {
    "median of the 60 labels": np.full(len(truth), y_known.median()),
    "random weights, one target": random_one.predict(X_test),
    "random weights, three targets": random_three.predict(X_test)[:, 2],
    "shipped encoder, one target": one.predict(X_test),
    "shipped encoder, three targets": three.predict(X_test)[:, 2],
}
errors = pd.Series(
    {
        name: mean_absolute_error(truth, predicted)
        for name, predicted in predictions.items()
    }
)
print(errors.round(1).to_string())

# %%
# The labels of the other targets help both networks. The shipped encoder helps
# more. It has seen none of these labels, but has learned the Seebeck
# coefficients of some of these compounds from another database, JARVIS.

_, ax = plt.subplots(figsize=(6.4, 2.6), layout="constrained")
bars = ax.barh(errors.index[::-1], errors[::-1], color="tab:blue")
ax.bar_label(bars, fmt="%.0f", padding=3)
ax.set(xlabel="Mean absolute error of S_p [µV/K]")
ax.margins(x=0.1)
plt.show()

# %%
# Parity
# ------
#
# Each panel shows one target. The axes show the units of the data set.

ParityDisplay.from_estimator(three, X_test, y_test, units=data.units)
plt.show()
