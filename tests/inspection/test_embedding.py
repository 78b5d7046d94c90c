import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import StandardScaler

from skmat import AutoRegressor, MTEncoder
from skmat.exceptions import InvalidInputError
from skmat.inspection import EmbeddingDisplay

pytestmark = pytest.mark.usefixtures("pyplot")

FORMULAS = ["NaCl", "KCl", "NaBr", "KBr", "LiF", "NaF", "KF", "LiCl"]


@pytest.fixture
def vectors():
    return np.random.default_rng(0).normal(size=(40, 5)) * [1, 10, 100, 3, 0]


def legend_of(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def test_pca(vectors):
    display = EmbeddingDisplay.from_embeddings(vectors, new=vectors[:2])
    scaled = StandardScaler().fit_transform(vectors)
    expected = PCA(2, svd_solver="full").fit(scaled)
    np.testing.assert_allclose(display.points, expected.transform(scaled), atol=1e-9)
    # New materials have the place of equal known ones.
    np.testing.assert_allclose(display.new_points, display.points[:2], atol=1e-9)
    assert f"{expected.explained_variance_ratio_[0]:.0%}" in display.ax_.get_xlabel()
    assert len(display.unlabelled_.get_offsets()) == 40
    assert len(display.new_.get_offsets()) == 2
    assert legend_of(display) == ["Known", "New"]
    assert display.figure_ is display.ax_.figure


def test_features_of_small_numbers_count(vectors):
    small = EmbeddingDisplay.from_embeddings(vectors * [1, 1e-9, 1e6, 1, 1])
    whole = EmbeddingDisplay.from_embeddings(vectors)
    np.testing.assert_allclose(small.points, whole.points, atol=1e-9)


def test_new_materials_do_not_move_the_others(vectors):
    alone = EmbeddingDisplay.from_embeddings(vectors)
    display = EmbeddingDisplay.from_embeddings(vectors, new=[[1e3] * 5])
    np.testing.assert_array_equal(alone.points, display.points)
    assert alone.ax_.get_legend() is None


def test_numbers_have_a_colorbar(vectors):
    color = pd.Series(np.arange(40.0), name="Band gap [eV]")
    color[:10] = np.nan
    display = EmbeddingDisplay.from_embeddings(vectors, color=color)
    (scatter,) = display.scatters_
    assert scatter.get_array().tolist() == list(range(10, 40))
    np.testing.assert_array_equal(scatter.get_offsets(), display.points[10:])
    np.testing.assert_array_equal(display.unlabelled_.get_offsets(), display.points[:10])
    assert display.colorbar_.ax.get_ylabel() == "Band gap [eV]"
    assert legend_of(display) == ["Unlabelled"]


@pytest.mark.parametrize("with_new", [False, True])
def test_categories_have_a_legend_outside(vectors, with_new):
    color = ["b", "a", None, "new"] * 10
    new = vectors[:3] if with_new else None
    display = EmbeddingDisplay.from_embeddings(vectors, color=color, new=new, color_label="Kind")
    assert [len(each.get_offsets()) for each in display.scatters_] == [10, 10, 10]
    assert legend_of(display) == ["a", "b", "new", "Unlabelled"] + ["New"] * with_new
    assert display.ax_.get_legend().get_title().get_text() == "Kind"
    assert display.colorbar_ is None
    display.figure_.canvas.draw()
    legend = display.ax_.get_legend().get_window_extent()
    assert legend.x0 >= display.ax_.get_window_extent().x1 - 1


def test_rare_categories_share_a_color(vectors):
    color = [f"k{place:02}" for place in range(12)] + ["often"] * 28
    display = EmbeddingDisplay.from_embeddings(vectors, color=color)
    assert len(display.scatters_) == 10
    assert legend_of(display)[-2:] == ["often", "Other"]
    assert len(display.scatters_[-1].get_offsets()) == 4
    assert sum(len(each.get_offsets()) for each in display.scatters_) == 40


def test_booleans_are_categories(vectors):
    display = EmbeddingDisplay.from_embeddings(vectors, color=[True, False] * 20)
    assert legend_of(display) == ["False", "True"]


def test_missing_vectors(vectors):
    vectors[3] = np.nan
    new = np.vstack([vectors[:1], vectors[3:4]])
    display = EmbeddingDisplay.from_embeddings(vectors, color=np.arange(40.0), new=new)
    assert display.scatters_[0].get_array().tolist() == [*range(3), *range(4, 40)]
    assert len(display.new_.get_offsets()) == 1


def test_tsne(vectors):
    vectors[20:] += 1e4
    displays = [
        EmbeddingDisplay.from_embeddings(vectors, new=vectors[:1], method="tsne", random_state=0)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(displays[0].points, displays[1].points)
    points, (new,) = displays[0].points, displays[0].new_points
    distances = np.linalg.norm(points - new, axis=1)
    assert distances[:20].mean() < distances[20:].mean()
    assert displays[0].ax_.get_xlabel() == "t-SNE 1"


def test_umap_needs_a_package(vectors, monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ImportError, match="pip install umap-learn"):
        EmbeddingDisplay.from_embeddings(vectors, method="umap")


def test_umap(vectors, monkeypatch):
    """The package is not a dependency: a stand-in with its interface."""

    class UMAP:
        def __init__(self, n_neighbors, random_state):
            assert (n_neighbors, random_state) == (15, 7)

        def fit(self, X):
            self.n_ = len(X)
            return self

        def transform(self, X):
            return X[:, :2] + self.n_

    monkeypatch.setitem(sys.modules, "umap", type("umap", (), {"UMAP": UMAP}))
    display = EmbeddingDisplay.from_embeddings(
        vectors, new=vectors[:2], method="umap", random_state=7
    )
    np.testing.assert_allclose(display.points.mean(axis=0), 40)
    np.testing.assert_array_equal(display.new_points, display.points[:2])


def test_from_encoder(pyplot):
    encoder = MTEncoder.from_pretrained()
    figure, ax = pyplot.subplots()
    display = EmbeddingDisplay.from_estimator(encoder, FORMULAS, new=["CsI"], ax=ax)
    expected = EmbeddingDisplay.from_embeddings(encoder.transform(FORMULAS))
    np.testing.assert_allclose(display.points, expected.points)
    assert display.figure_ is figure


def test_from_average():
    model = AutoRegressor(preset=["trees"], cv=2, on_invalid="nan", random_state=0)
    model.fit(FORMULAS, np.arange(8.0))
    display = EmbeddingDisplay.from_estimator(
        model, [*FORMULAS, "no formula"], new=["CsI"], scatter_kwargs={"s": 3}
    )
    assert display.points.shape == (8, 2)
    assert display.new_points.shape == (1, 2)
    assert display.unlabelled_.get_sizes().tolist() == [3]


def test_estimators_without_embeddings():
    model = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    with pytest.raises(InvalidInputError, match="no embeddings"):
        EmbeddingDisplay.from_estimator(model, [[0.0]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"vectors": np.zeros(3)}, "shape"),
        ({"vectors": np.zeros((2, 4))}, "at least 3"),
        ({"method": "isomap"}, "isomap"),
        ({"color": [1.0]}, "1 rows"),
        ({"color": np.zeros((5, 2))}, "2 columns"),
        ({"new": np.zeros((1, 2))}, "2 features"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        EmbeddingDisplay.from_embeddings(**({"vectors": np.eye(5)} | arguments))
