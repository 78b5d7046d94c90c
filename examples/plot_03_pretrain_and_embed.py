"""
Pretrain without labels and look at the embedding
=================================================

:class:`~skmat.MTEncoder` can learn from formulas alone. It hides elements and predicts them from
the other elements and the atomic fractions. ``transform`` then returns one embedding per material.
Use embeddings with any estimator of scikit-learn, or draw a map of them.
"""

# %%
# Pretraining
# -----------
#
# We pretrain on 4,000 compounds. The map shows 1,500 others.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmat import MTEncoder
from skmat.datasets import load_transport
from skmat.inspection import HistoryDisplay

data = load_transport()
rows = np.random.default_rng(0).permutation(len(data.data))
pretraining, mapped = data.data[rows[:4000]], data.data[rows[4000:5500]]
is_metal = data.is_metal[rows[4000:5500]]

encoder = MTEncoder(
    preset="tiny",
    objectives="masked_elements",
    max_epochs=12,
    precision="float32",
    random_state=0,
).fit(pretraining)
HistoryDisplay.from_estimator(encoder)

# %%
# A blind guess among the 118 elements has a loss of 1.
#
# The embedding
# -------------
#
# To see what pretraining adds, we compare with an encoder that is almost untrained. Its embeddings
# already contain the word vectors of the elements (``element_features="matscholar"``), mixed by
# random layers.

untrained = MTEncoder(preset="tiny", max_epochs=1, lr=1e-9, precision="float32", random_state=0)
untrained.fit(pretraining[:100])
embeddings = {
    "random weights": untrained.transform(mapped),
    "masked elements": encoder.transform(mapped),
}

# %%
# Pretraining did not use the metal labels. A linear classifier measures how much the embeddings
# tell about them. Always answering with the larger class gives the accuracy in the first line.

share = max(is_metal.mean(), 1 - is_metal.mean())
print(f"larger class: accuracy {share:.3f}")
for name, vectors in embeddings.items():
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    scores = cross_val_score(classifier, vectors, is_metal, cv=5)
    print(f"{name}: accuracy {scores.mean():.3f} +- {scores.std():.3f}")

# %%
# The figure shows two principal components of each embedding:

figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for ax, (name, vectors) in zip(axes, embeddings.items(), strict=True):
    pca = PCA(n_components=2, random_state=0)
    points = pca.fit_transform(StandardScaler().fit_transform(vectors))
    for label, color in [(True, "tab:orange"), (False, "tab:blue")]:
        chosen = is_metal == label
        ax.scatter(
            points[chosen, 0],
            points[chosen, 1],
            s=8,
            alpha=0.5,
            linewidths=0,
            color=color,
            label="metal" if label else "insulator or semiconductor",
        )
    first, second = 100 * pca.explained_variance_ratio_
    ax.set(title=name, xlabel=f"PC 1 ({first:.0f} %)", ylabel=f"PC 2 ({second:.0f} %)")
    ax.set(xticks=[], yticks=[])
axes[1].legend(frameon=False, markerscale=2, loc="best")
plt.show()
