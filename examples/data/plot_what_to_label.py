"""
Which materials to label
========================

Labels are expensive. You can often measure or compute only some materials of a
list. This example compares three ways to choose them:

- at random,
- with the distribution of the target over the list,
- as far from one another as possible.

The second way needs the target of all materials. In practice it needs a cheap
estimate of the target. Here, it shows the best case of this way.

With 50 labels, the mean absolute errors of the logarithm of the conductivity
are 1.02, 1.04 and 1.20: choosing at random is good enough here.
"""

# %%
# The list
# --------
#
# The list has 2,000 compounds. The target is the logarithm of their
# conductivity. The model is a ridge regression on the embeddings of the
# pretrained encoder, which one call computes.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmat import MTEncoder
from skmat.datasets import load_transport
from skmat.model_selection import FarthestPointSplit, QuantileShuffleSplit

formulas, y = load_transport(targets="sigma_p", return_X_y=True)
rows = np.random.default_rng(0).choice(len(formulas), 2000, replace=False)
formulas, y = formulas[rows], y[rows]
vectors = MTEncoder().fit_transform(formulas)
print(vectors.shape)

# %%
# Three ways to draw
# ------------------
#
# All three are splitters, as in scikit-learn. ``cv=`` takes them too.

splitters = {
    "at random": ShuffleSplit,
    "by quantiles of the target": QuantileShuffleSplit,
    "far from one another": FarthestPointSplit,
}
found = []
for name, splitter in splitters.items():
    for n in (25, 50, 100, 200):
        cv = splitter(n_splits=10, train_size=n, random_state=0)
        for train, test in cv.split(vectors, y):
            ridge = RidgeCV(np.logspace(0, 5, 11))
            model = make_pipeline(StandardScaler(), ridge)
            predicted = model.fit(vectors[train], y[train]).predict(
                vectors[test]
            )
            found.append((name, n, mean_absolute_error(y[test], predicted)))
table = pd.DataFrame(found, columns=["drawn", "labels", "MAE"])
print(
    table.pivot_table(index="labels", columns="drawn", values="MAE").round(3)
)

# %%
# Results
# -------
#
# The error bars show the standard deviation over ten samples. Materials that
# are far from one another are unusual and tell little about the others. Such a
# sample needs 200 labels to be about as good as the other ways. These two do
# not differ by more than the samples do.

figure, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
for place, (name, part) in enumerate(table.groupby("drawn", sort=False)):
    curve = part.groupby("labels")["MAE"].agg(["mean", "std"])
    ax.errorbar(
        # Beside one another, so that no error bar hides another.
        curve.index * (1 + 0.04 * (place - 1)),
        curve["mean"],
        curve["std"],
        marker="o",
        capsize=3,
        label=name,
    )
ax.set(
    xscale="log",
    xlabel="Labels",
    ylabel="Mean absolute error\nof the conductivity [decades]",
)
ax.set_xticks([25, 50, 100, 200], ["25", "50", "100", "200"])
ax.minorticks_off()
figure.legend(loc="outside upper center", ncols=3)
plt.show()
