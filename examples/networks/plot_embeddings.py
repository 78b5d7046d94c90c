"""
Embeddings: maps, classifiers, and pretraining of your own
==========================================================

:class:`~skmat.MTEncoder` turns each formula into an embedding: a vector of
numbers. Use embeddings with any estimator of scikit-learn, or draw a map of
them. The shipped encoders are pretrained. With many formulas of your own, you
can pretrain one yourself. This example shows both.
"""

# %%
# Embeddings of a shipped encoder
# -------------------------------
#
# Without further settings, ``fit`` loads weights and trains nothing.
# ``pretrained`` names the weights. ``mtencoder-oqmd-mem`` has learned to
# predict hidden elements of the formulas of the OQMD database, and no
# property. The default, ``mtencoder-multi``, has learned many properties.

# sphinx_gallery_thumbnail_number = 2
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
pretraining, mapped = data.data[rows[:4000]], data.data[rows[4000:5000]]
is_metal = data.is_metal[rows[4000:5000]]

embeddings = {
    name: MTEncoder(pretrained=name).fit_transform(mapped)
    for name in ("mtencoder-oqmd-mem", "mtencoder-multi")
}

# %%
# Pretraining of your own
# -----------------------
#
# ``objectives="masked_elements"`` hides elements and predicts them from the
# others and the atomic fractions. It needs no labels. Only to show this in
# seconds, the encoder has the smallest size, ``preset="tiny"``, and learns
# from 4,000 formulas. The shipped encoders are larger and have learned from
# hundreds of thousands.

settings = {"preset": "tiny", "pretrained": None, "random_state": 0}
own = MTEncoder(objectives="masked_elements", max_epochs=12, **settings)
own.fit(pretraining)
HistoryDisplay.from_estimator(own)
plt.show()

# %%
# A blind guess among the 118 elements has a loss of 1.
#
# To see what pretraining adds, we compare with an encoder of random weights:
# its learning rate is so small that nothing changes. Its embeddings already
# contain word vectors of the elements (``element_features="matscholar"``).

untrained = MTEncoder(max_epochs=1, lr=1e-9, **settings).fit(mapped[:100])
embeddings = {
    "tiny, random weights": untrained.transform(mapped),
    "tiny, pretrained here": own.transform(mapped),
    **embeddings,
}

# %%
# What the embeddings tell about metals
# -------------------------------------
#
# A linear classifier tells metals from the others by the embedding. Always
# answering with the larger class gives the first line.

share = max(is_metal.mean(), 1 - is_metal.mean())
print(f"{'larger class':22s} accuracy {share:.3f}")
for name, vectors in embeddings.items():
    classifier = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.01, max_iter=1000)
    )
    scores = cross_val_score(classifier, vectors, is_metal, cv=5)
    print(f"{name:22s} accuracy {scores.mean():.3f} +- {scores.std():.3f}")

# %%
# Hidden elements alone add little: these lines differ by about as much as the
# folds do. Learned properties add much more. Pretraining did not use the
# labels of this example. But ``mtencoder-multi`` has learned band gaps of many
# compounds, and metals have no gap.
#
# Two principal components of each embedding:

figure, axes = plt.subplots(2, 2, figsize=(7, 6.4), layout="constrained")
for ax, (name, vectors) in zip(axes.flat, embeddings.items(), strict=True):
    pca = PCA(n_components=2, random_state=0)
    points = pca.fit_transform(StandardScaler().fit_transform(vectors))
    for label, color in [(True, "tab:orange"), (False, "tab:blue")]:
        ax.scatter(
            *points[is_metal == label].T,
            s=8,
            alpha=0.5,
            linewidths=0,
            color=color,
            label="metal" if label else "insulator or semiconductor",
        )
    first, second = 100 * pca.explained_variance_ratio_
    ax.set(
        title=name,
        xlabel=f"PC 1 ({first:.0f} %)",
        ylabel=f"PC 2 ({second:.0f} %)",
        xticks=[],
        yticks=[],
    )
figure.legend(
    *axes[0, 0].get_legend_handles_labels(),
    loc="outside upper center",
    ncols=2,
    markerscale=2,
)
plt.show()
