"""
Pictures of a model
===================

How large are the errors, and what do they depend on? Do the intervals hold
what they promise? What would more labels be worth? Where are new materials?
Which elements does a prediction come from? This example draws an answer to
each.
"""

# %%
# Fit a model
# -----------
#
# The labels are Seebeck coefficients of 900 compounds at 300 K. The model
# averages support vectors and trees. A third of the compounds is held out.

# sphinx_gallery_thumbnail_number = 7
import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import RidgeCV

from skmat import AutoRegressor, make_frozen_pipeline
from skmat.datasets import load_transport
from skmat.inspection import (
    CalibrationDisplay,
    ElementAttributionDisplay,
    EmbeddingDisplay,
    LeaderboardDisplay,
    LearningCurveDisplay,
    ResidualDisplay,
)

X, y = load_transport(targets="S_p", return_X_y=True)
rows = np.random.default_rng(0).permutation(len(X))
train, test = rows[:600], rows[600:900]
unit = "µV/K"
model = AutoRegressor(
    preset=["svm", "trees", "trees-fractions"], cv=3, random_state=0
)
model.fit(X[train], y[train])

# %%
# Candidates
# ----------
#
# Dots are out-of-fold errors. On the right are the weights in the average.

LeaderboardDisplay.from_estimator(model, units=unit)
plt.show()

# %%
# Residuals
# ---------
#
# The orange line joins medians. A line that leaves zero is a systematic
# error: a slope means that the model predicts values that are too close to
# the mean, or too far from it.

ResidualDisplay.from_estimator(model, X[test], y[test], units=unit)
plt.show()

# %%
# Calibration
# -----------
#
# The observed coverage of the intervals should be near the diagonal. Within
# the grey band, the difference can be due to chance.

CalibrationDisplay.from_estimator(model, X[test], y[test])
plt.show()

# %%
# What more labels are worth
# --------------------------
#
# The learning curve of a ridge regression on embeddings and Magpie features:

ridge = make_frozen_pipeline("regression", RidgeCV(np.logspace(-2, 4, 13)))
LearningCurveDisplay.from_estimator(
    ridge, X[train], y[train], unit=unit, random_state=0
)
plt.show()

# %%
# A map of materials
# ------------------
#
# Stars mark materials without a label. Grey materials of the map have none
# either.

labels = y[train].copy()
labels[::3] = np.nan
EmbeddingDisplay.from_estimator(
    model,
    X[train],
    color=labels,
    color_label=f"Seebeck coefficient [{unit}]",
    new=["LiFePO4", "Bi2Te3", "UPu2"],
)
plt.show()

# %%
# Which elements a prediction comes from
# --------------------------------------
#
# Bars of one compound start at the mean prediction of the training set.
# Their sum leads to the prediction.

ElementAttributionDisplay.from_estimator(
    model, ["NaTaO3"], baseline=X[train], unit=unit
)
plt.show()

# %%
# The periodic table shows the mean contributions over the training set. The
# values explain what the model does. They are not causes.

ElementAttributionDisplay.from_estimator(model, X[train], unit=unit)
plt.show()
