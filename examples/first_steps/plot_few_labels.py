"""
Few labels: fine-tune, freeze, or average
=========================================

An encoder that was pretrained on hundreds of thousands of materials needs fewer labels of a new
target. Here, the target is the Seebeck coefficient of p-doped compounds. 50 to 200 of them have
labels.
"""

# %%
# Three ways to use the shipped encoder
# -------------------------------------
#
# - Fine-tuned: :class:`~skmat.MTEncoderRegressor` puts a new head on the encoder and trains both.
# - Frozen: the encoder does not change. :func:`~skmat.make_frozen_pipeline` passes its embeddings
#   and Magpie features to support vectors.
# - Averaged: :class:`~skmat.AutoRegressor` averages the best of several models. Here, they are
#   support vectors on such features and trees, which take seconds. By default, fine-tuned networks
#   are tried too, which takes minutes.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import mean_absolute_error
from sklearn.pipeline import make_pipeline

from skmat import AutoRegressor, MagpieFeaturizer, MTEncoderRegressor, make_frozen_pipeline
from skmat.datasets import load_transport

models = {
    "Magpie + random forest": make_pipeline(
        MagpieFeaturizer(), RandomForestRegressor(300, random_state=0)
    ),
    "MTEncoder, random weights": MTEncoderRegressor(pretrained=None, random_state=0),
    "MTEncoder, fine-tuned": MTEncoderRegressor(random_state=0),
    "MTEncoder, frozen": make_frozen_pipeline("regression"),
    "AutoRegressor, no network": AutoRegressor(preset=["svm", "trees"], random_state=0),
}

# %%
# Learning curves
# ---------------

X, y = load_transport(targets="S_p", return_X_y=True)
rows = np.random.default_rng(0).permutation(len(X))
test = rows[-2000:]
sizes = [50, 100, 200]
errors = {name: [] for name in models}
for size in sizes:
    train = rows[:size]
    for name, model in models.items():
        predicted = model.fit(X[train], y[train]).predict(X[test])
        errors[name].append(mean_absolute_error(y[test], predicted))
for name, values in errors.items():
    print(f"{name:26s}", *(f"{value:6.1f}" for value in values), "uV/K")

# %%

figure, ax = plt.subplots(figsize=(5.5, 4), layout="constrained")
for name, values in errors.items():
    ax.plot(sizes, values, "o-", label=name)
ax.set(xscale="log", xlabel="labelled compounds", ylabel="mean absolute error (uV/K)")
ax.set_xticks(sizes, [str(size) for size in sizes])
ax.minorticks_off()
ax.legend(frameon=False)
plt.show()

# %%
# The encoder has seen none of these labels. But it has learned other properties of many of these
# compounds. For 14 % of them, it has learned the Seebeck coefficient from another database,
# JARVIS. Its model card lists what it has learned:

print(models["MTEncoder, fine-tuned"].model_card_.to_markdown()[:1200])
