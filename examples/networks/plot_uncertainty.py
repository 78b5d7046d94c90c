"""
How far to trust a prediction
=============================

``predict(X, return_std=True)`` returns a standard deviation with each
prediction. It has two sources:

- With ``loss="robust_l1"``, the network predicts a scale for each material.
- With ``n_estimators`` above 1, the predictions of the ensemble differ.

skmat adds the squares of both.
"""

# %%
# Fit an ensemble
# ---------------
#
# The ensemble has three networks, each fine-tuned from the shipped encoder.
# They begin with other heads and see the rows in another order. The labels are
# Seebeck coefficients of 300 compounds.

import matplotlib.pyplot as plt
import numpy as np

from skmat import MTEncoderRegressor
from skmat.datasets import load_transport

X, y = load_transport(targets="S_p", return_X_y=True)
rows = np.random.default_rng(0).permutation(len(X))
train, test = rows[:300], rows[300:1500]

model = MTEncoderRegressor(
    loss="robust_l1",
    n_estimators=3,
    max_epochs=12,
    random_state=0,
).fit(X[train], y[train])
predicted, std = model.predict(X[test], return_std=True)
error = np.abs(predicted - y[test])
print(f"mean absolute error     {error.mean():.0f} µV/K")
print(f"mean standard deviation {std.mean():.0f} µV/K")

# %%
# Is the deviation useful?
# ------------------------
#
# A useful standard deviation has two signs. Materials with a larger deviation
# have larger errors. The error falls when we leave out the least certain
# predictions. We sort the test compounds by their deviation. The left panel
# shows six groups of equal size. The right panel keeps the most certain ones.

order = np.argsort(std)
groups = np.array_split(order, 6)
mean_std = [std[group].mean() for group in groups]
rmse = [np.sqrt(np.mean(error[group] ** 2)) for group in groups]
kept_error = np.cumsum(error[order]) / np.arange(1, len(order) + 1)
share = 100 * np.arange(1, len(order) + 1) / len(order)

_, axes = plt.subplots(1, 2, figsize=(7.5, 3.4), layout="constrained")
axes[0].plot(mean_std, rmse, "o-")
axes[0].axline((0, 0), slope=1, color="black", linewidth=0.8, linestyle="--")
axes[0].set(
    xlabel="Mean standard deviation [µV/K]",
    ylabel="Root mean square error [µV/K]",
    title="Six groups of test compounds",
    xlim=(0, None),
    ylim=(0, None),
)
axes[1].plot(share[59:], kept_error[59:])
axes[1].axhline(error.mean(), color="black", linewidth=0.8, linestyle="--")
axes[1].annotate(
    "all compounds",
    (5, error.mean()),
    xytext=(0, 4),
    textcoords="offset points",
)
axes[1].set(
    xlabel="Most certain predictions kept [%]",
    ylabel="Mean absolute error [µV/K]",
    title="Leaving out the least certain",
    xlim=(0, 100),
    ylim=(0, 1.15 * error.mean()),
)
plt.show()

# %%
# On the dashed line of the left panel, deviations equal errors. Here, all
# groups are above the line: the deviations are too small, but they tell which
# predictions are worse. Standard deviations of a network are not confidence
# intervals. Check them in this way on data like yours before you use them as
# intervals. The intervals of :class:`~skmat.AutoRegressor` are calibrated.
