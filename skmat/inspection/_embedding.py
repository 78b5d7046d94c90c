"""A map of materials: embeddings in two dimensions."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmat.exceptions import InvalidInputError
from skmat.inputs import as_numbers, holds_numbers, read_columns
from skmat.inspection._panels import PANEL_SIZE, names_of, new_axes
from skmat.inspection._projection import project
from skmat.inspection._text import DisplayText

__all__ = ["EmbeddingDisplay"]

#: Categories with a colour of their own. The rarest of more share one.
_MOST_CATEGORIES = 10
_GREY = "0.75"
_STAR = {
    "s": 90,
    "marker": "*",
    "color": "black",
    "linewidths": 0.7,
    "edgecolors": "white",
    "zorder": 3,
}


class EmbeddingDisplay(DisplayText):
    """Map of materials: the vectors of an encoder, projected to a plane.

    Create it with :meth:`from_estimator` or :meth:`from_embeddings`. Materials that the encoder
    finds similar are close together. Colours show a property or a category. Materials without one
    are grey, such as the training set behind a few labelled materials. Stars mark new materials,
    such as candidates: those far from all dots are unlike the known materials.

    Parameters
    ----------
    points : ndarray of shape (n, 2)
        Projected materials.
    new_points : ndarray of shape (n_new, 2), default=None
        Projected new materials.
    color : array-like of shape (n,), default=None
        A number or a category of each material. Missing ones are grey. None draws all in grey.
    color_label : str, default=None
        Label of the colours, such as "Band gap [eV]".
    axis_labels : tuple of str, default=("", "")
        Labels of the axes.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the map.
    figure_ : matplotlib Figure
        Figure of the axes.
    scatters_ : list of PathCollection
        Coloured points: one collection for numbers, or one for each category in the order of the
        legend.
    unlabelled_, new_ : PathCollection or None
        Grey points and stars.
    colorbar_ : Colorbar or None
        Colours of numbers.

    Raises
    ------
    InvalidInputError
        If lengths differ, or there are too few materials.

    References
    ----------
    L. van der Maaten and G. Hinton, "Visualizing data using t-SNE", JMLR 9, 2579 (2008).
    L. McInnes et al., "UMAP: uniform manifold approximation and projection", arXiv:1802.03426
    (2018).

    Examples
    --------
    >>> from skmat import MTEncoder
    >>> from skmat.inspection import EmbeddingDisplay
    >>> X = ["NaCl", "KCl", "NaBr", "Fe", "FeNi", "Cu"]
    >>> display = EmbeddingDisplay.from_estimator(
    ...     MTEncoder.from_pretrained(),
    ...     X,
    ...     color=["salt"] * 3 + ["metal"] * 3,
    ...     new=["KBr"],
    ... )
    >>> [scatter.get_label() for scatter in display.scatters_]
    ['metal', 'salt']
    """

    def __init__(
        self, *, points, new_points=None, color=None, color_label=None, axis_labels=("", "")
    ):
        self.points = points
        self.new_points = new_points
        self.color = color
        self.color_label = color_label
        self.axis_labels = axis_labels

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        *,
        color=None,
        new=None,
        method="pca",
        color_label=None,
        random_state=None,
        ax=None,
        scatter_kwargs=None,
    ):
        """Embed materials and draw them.

        Parameters
        ----------
        estimator : object
            Fitted encoder or network with ``transform``, or a fitted
            :class:`~skmat.AutoRegressor` or :class:`~skmat.AutoClassifier`. These embed materials
            as ``novelty`` does.
        X : array-like of length n
            Materials, in the form that `estimator` takes.
        color : array-like of shape (n,), default=None
            A property or a category of each material. Missing ones are grey.
        new : array-like of length n_new, default=None
            Materials to mark, in the form that `estimator` takes.
        method, color_label, random_state, ax, scatter_kwargs
            See :meth:`from_embeddings`.

        Returns
        -------
        EmbeddingDisplay

        Raises
        ------
        InvalidInputError
            If `estimator` has no embeddings.
        """
        check_is_fitted(estimator)
        embed = getattr(estimator, "transform", None) or getattr(estimator, "_embed", None)
        if embed is None:
            raise InvalidInputError(
                f"{type(estimator).__name__} has no embeddings. Use an encoder such as"
                " MTEncoder.from_pretrained(), a network or AutoRegressor."
            )
        return cls.from_embeddings(
            embed(X),
            color=color,
            new=None if new is None else embed(new),
            method=method,
            color_label=color_label,
            random_state=random_state,
            ax=ax,
            scatter_kwargs=scatter_kwargs,
        )

    @classmethod
    def from_embeddings(
        cls,
        vectors,
        *,
        color=None,
        new=None,
        method="pca",
        color_label=None,
        random_state=None,
        ax=None,
        scatter_kwargs=None,
    ):
        """Project vectors and draw them.

        Parameters
        ----------
        vectors : array-like of shape (n, n_features)
            Vectors of materials. Rows with NaN are left out.
        color : array-like of shape (n,), default=None
            A property or a category of each material. Missing ones are grey.
        new : array-like of shape (n_new, n_features), default=None
            Vectors of materials to mark. Rows with NaN are left out.
        method : {"pca", "tsne", "umap"}, default="pca"
            Projection. PCA keeps large distances. t-SNE and UMAP keep neighbours together, and
            their distances between groups mean little. "umap" needs the package umap-learn.
        color_label : str, default=None
            Label of the colours. None takes the name of a Series.
        random_state : int, RandomState instance or None, default=None
            Seed of t-SNE and UMAP.
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        scatter_kwargs : dict, default=None
            Keyword arguments for ``Axes.scatter``.

        Returns
        -------
        EmbeddingDisplay

        Raises
        ------
        ImportError
            If ``method="umap"`` and umap-learn is not installed.
        """
        vectors = _as_vectors(vectors)
        new = np.empty((0, vectors.shape[1])) if new is None else _as_vectors(new)
        if new.shape[1] != vectors.shape[1]:
            raise InvalidInputError(
                f"new has {new.shape[1]} features, but the vectors have {vectors.shape[1]}."
            )
        valid = np.isfinite(vectors).all(axis=1)
        new = new[np.isfinite(new).all(axis=1)]
        if color is not None:
            color_label = color_label or (names_of(color) or [None])[0]
            column = _one_column(color, len(vectors))
            values = as_numbers(column)[0] if holds_numbers(column) else column.filled()
            color = values[valid]
        points, new_points, labels = project(vectors[valid], new, method, random_state)
        display = cls(
            points=points,
            new_points=new_points,
            color=color,
            color_label=color_label,
            axis_labels=labels,
        )
        return display.plot(ax=ax, scatter_kwargs=scatter_kwargs)

    def plot(self, ax=None, *, scatter_kwargs=None):
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        scatter_kwargs : dict, default=None
            Keyword arguments for ``Axes.scatter``.

        Returns
        -------
        EmbeddingDisplay
        """
        self.ax_ = new_axes(ax, PANEL_SIZE * 1.3, PANEL_SIZE)
        self.figure_ = self.ax_.figure
        self.scatters_, self.colorbar_ = [], None
        self.unlabelled_, self.new_ = None, None
        points = np.asarray(self.points)
        size = 16 if len(points) <= 1000 else 5
        style = {"s": size, "linewidths": 0, "rasterized": True} | (scatter_kwargs or {})
        if self.color is None:
            self.unlabelled_ = self._scatter(points, {"color": _GREY, "label": "Known"} | style)
        else:
            column = _one_column(self.color, len(points))
            if column.missing.any():
                grey = {"color": _GREY, "label": "Unlabelled"}
                self.unlabelled_ = self._scatter(points[column.missing], grey | style)
            draw = self._draw_numbers if holds_numbers(column) else self._draw_categories
            draw(points[column.rows], column.labels, style)
        if self.new_points is not None and len(self.new_points):
            self.new_ = self._scatter(np.asarray(self.new_points), _STAR | {"label": "New"})
        self.ax_.set(xlabel=self.axis_labels[0], ylabel=self.axis_labels[1])
        self.ax_.set(xticks=[], yticks=[])
        self._write_legend()
        return self

    def _scatter(self, points, style):
        return self.ax_.scatter(points[:, 0], points[:, 1], **style)

    def _draw_numbers(self, points, numbers, style):
        scatter = self._scatter(points, {"c": np.asarray(numbers, dtype=float)} | style)
        self.scatters_ = [scatter]
        self.colorbar_ = self.figure_.colorbar(scatter, ax=self.ax_, label=self.color_label or "")

    def _draw_categories(self, points, labels, style):
        names = np.array([str(label) for label in labels])
        found, counts = np.unique(names, return_counts=True)
        order = found.tolist()
        if len(found) > _MOST_CATEGORIES:
            frequent = found[np.argsort(-counts, kind="stable")][: _MOST_CATEGORIES - 1]
            names = np.where(np.isin(names, frequent), names, "Other")
            order = [*sorted(frequent.tolist()), "Other"]
        self.scatters_ = [
            self._scatter(points[names == name], {"color": f"C{place}", "label": name} | style)
            for place, name in enumerate(order)
        ]

    def _write_legend(self):
        """Name the points outside of the axes, where they cover nothing."""
        named = [] if self.colorbar_ else self.scatters_
        handles = [each for each in (*named, self.unlabelled_, self.new_) if each is not None]
        if not handles or (self.color is None and self.new_ is None):
            return
        if self.colorbar_ is None:
            where = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "title": self.color_label}
        else:
            where = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": 2}
        self.ax_.legend(handles=handles, frameon=False, fontsize="small", **where)


def _as_vectors(vectors):
    vectors = np.asarray(vectors, dtype=np.float64)
    if vectors.ndim != 2:
        raise InvalidInputError(
            f"Vectors have the shape (n, n_features), but these have {vectors.shape}."
        )
    return vectors


def _one_column(color, n_rows):
    columns = read_columns(color, "color").columns
    if len(columns) > 1:
        raise InvalidInputError(f"color has {len(columns)} columns. Give one value per material.")
    if len(columns[0].missing) != n_rows:
        raise InvalidInputError(
            f"color has {len(columns[0].missing)} rows, but there are {n_rows} materials."
        )
    return columns[0]
