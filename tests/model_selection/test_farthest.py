import numpy as np
import pandas as pd
import pytest
from common.materials import many
from pymatgen.core import Composition
from scipy.sparse import coo_array, csr_matrix
from sklearn.dummy import DummyRegressor
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import FunctionTransformer

from skmat import MagpieFeaturizer
from skmat.exceptions import InvalidInputError
from skmat.model_selection import FarthestPointSplit

POINTS = np.random.default_rng(0).normal(size=(60, 3)) * [1.0, 100.0, 0.01]


def test_each_material_is_the_farthest_from_those_before():
    scaled = (POINTS - POINTS.mean(axis=0)) / POINTS.std(axis=0)
    for train, test in FarthestPointSplit(n_splits=4, train_size=12).split(POINTS):
        assert len(train) == 12
        assert sorted([*train, *test]) == list(range(60))
        for n in range(1, 12):
            gaps = np.linalg.norm(scaled[:, None] - scaled[train[:n]], axis=2).min(axis=1)
            assert gaps[train[n]] == pytest.approx(gaps.max())


def test_a_transformer_makes_the_vectors():
    formulas = ["NaCl", "KCl", "KBr", "RbBr", "Fe", "FeNi"]
    splitter = FarthestPointSplit(MagpieFeaturizer(), train_size=2, random_state=1)
    expected = FarthestPointSplit(train_size=2, random_state=1)
    vectors = MagpieFeaturizer().fit_transform(formulas)
    for ours, theirs in zip(splitter.split(formulas), expected.split(vectors), strict=True):
        assert ours[0].tolist() == theirs[0].tolist()
        # A salt and a metal.
        assert len({row >= 4 for row in ours[0]}) == 2


def test_rounding_is_no_distance():
    vectors = np.column_stack([POINTS[:, 0], np.full(60, 0.1 + 0.2)])
    vectors[7, 1] = 0.3
    split = FarthestPointSplit(train_size=9, random_state=0)
    expected, _ = next(split.split(vectors[:, :1]))
    assert next(split.split(vectors))[0].tolist() == expected.tolist()


def test_equal_materials_are_taken_once_each():
    train, test = next(FarthestPointSplit(train_size=5).split(np.zeros((8, 2))))
    assert len(set(train)) == 5
    assert not set(train) & set(test)


def test_samples_follow_from_the_seed():
    first, second, other = (
        [train.tolist() for train, _ in splitter.split(POINTS)]
        for splitter in (
            FarthestPointSplit(n_splits=3, train_size=5, random_state=seed) for seed in (0, 0, 1)
        )
    )
    assert first == second != other
    assert len({row[0] for row in first}) > 1


def test_scikit_learn_takes_it():
    cv = FarthestPointSplit(n_splits=3, train_size=0.5, test_size=10, random_state=0)
    scores = cross_val_score(DummyRegressor(), POINTS, POINTS[:, 0], cv=cv)
    assert len(scores) == cv.get_n_splits() == 3
    _, test = next(cv.split(POINTS))
    assert len(test) == 10


def test_every_material_needs_a_vector():
    holed = POINTS.copy()
    holed[[4, 9], 1] = np.nan
    with pytest.raises(InvalidInputError, match=r"2 materials .* in row 4"):
        list(FarthestPointSplit().split(holed))
    with pytest.raises(
        InvalidInputError,
        match=r"need one vector each, .* \(60,\)",
    ):
        list(FarthestPointSplit(FunctionTransformer(lambda X: X[:, 0])).split(POINTS))


@pytest.mark.parametrize(
    "X",
    [
        ["NaCl", "KCl", "KBr"],
        np.array(["NaCl", "KCl", "KBr"]),
        pd.DataFrame({"formula": ["NaCl", "KCl", "KBr"]}),
        [{"Na": 1, "Cl": 1}, {"K": 1, "Cl": 1}, {"K": 1, "Br": 1}],
        [Composition("NaCl"), Composition("KCl"), Composition("KBr2")],
        many(3),
    ],
    ids=lambda X: type(X).__name__,
)
def test_materials_need_a_transformer(X):
    with pytest.raises(InvalidInputError, match=r"transformer=MTEncoder\(\).* MagpieFeaturizer"):
        next(FarthestPointSplit(train_size=2).split(X))
    words = FunctionTransformer(lambda X: [["a", "b"]] * len(X))
    with pytest.raises(InvalidInputError, match=r"FunctionTransformer.* did not return numeric"):
        next(FarthestPointSplit(words, train_size=2).split(X))


@pytest.mark.parametrize("kind", [csr_matrix, coo_array])
def test_sparse_vectors_are_vectors(kind):
    expected = next(FarthestPointSplit(train_size=9, random_state=0).split(POINTS))
    for X, transformer in [(kind(POINTS), None), (POINTS, FunctionTransformer(kind))]:
        found = next(FarthestPointSplit(transformer, train_size=9, random_state=0).split(X))
        for ours, theirs in zip(found, expected, strict=True):
            assert ours.tolist() == theirs.tolist()
