"""Vectors of materials in two dimensions."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from skmat._utils.spread import spread_of
from skmat.exceptions import InvalidInputError

__all__ = ["METHODS", "project"]

METHODS = ("pca", "tsne", "umap")

_PERPLEXITY = 30.0
_FEWEST = 3


def project(vectors, new, method, random_state):
    """Project vectors to a plane.

    Each feature is first divided by its standard deviation over `vectors`.

    Parameters
    ----------
    vectors : ndarray of shape (n, n_features)
        Finite vectors of known materials.
    new : ndarray of shape (n_new, n_features)
        Finite vectors of new materials.
    method : {"pca", "tsne", "umap"}
        PCA and UMAP learn from the known materials only. t-SNE cannot place new points, so it
        learns from both.
    random_state : int, RandomState instance or None
        Seed of t-SNE and UMAP.

    Returns
    -------
    points : ndarray of shape (n, 2)
    new_points : ndarray of shape (n_new, 2)
    labels : tuple of str
        Labels of the axes.
    """
    if method not in METHODS:
        raise InvalidInputError(f"method={method!r} must be one of {METHODS}.")
    if len(vectors) < _FEWEST:
        raise InvalidInputError(
            f"A map of materials needs at least {_FEWEST} of them, but X has {len(vectors)}."
        )
    spread, center = spread_of(vectors), vectors.mean(axis=0)
    vectors, new = (vectors - center) / spread, (new - center) / spread
    if method == "pca":
        return _pca(vectors, new)
    if method == "tsne":
        return _tsne(vectors, new, random_state)
    return _umap(vectors, new, random_state)


def _pca(vectors, new):
    model = PCA(n_components=2, svd_solver="full").fit(vectors)
    labels = tuple(
        f"Component {place} ({share:.0%} of the variance)"
        for place, share in enumerate(model.explained_variance_ratio_, start=1)
    )
    return model.transform(vectors), _transformed(model, new), labels


def _tsne(vectors, new, random_state):
    both = np.vstack([vectors, new])
    perplexity = min(_PERPLEXITY, (len(both) - 1) / 3)
    points = TSNE(perplexity=perplexity, init="pca", random_state=random_state).fit_transform(both)
    return points[: len(vectors)], points[len(vectors) :], ("t-SNE 1", "t-SNE 2")


def _umap(vectors, new, random_state):
    try:
        from umap import UMAP
    except ImportError as error:
        raise ImportError(
            "method='umap' needs umap-learn. Install it by `pip install umap-learn`, or use"
            " method='tsne'."
        ) from error
    n_neighbors = min(15, len(vectors) - 1)
    model = UMAP(n_neighbors=n_neighbors, random_state=random_state).fit(vectors)
    return model.transform(vectors), _transformed(model, new), ("UMAP 1", "UMAP 2")


def _transformed(model, new):
    return model.transform(new) if len(new) else np.empty((0, 2))
