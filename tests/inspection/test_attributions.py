import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import NotFittedError

from skmat import AutoClassifier, AutoRegressor, MTEncoderRegressor
from skmat.composition import read_compositions
from skmat.exceptions import InvalidInputError
from skmat.inspection import element_attributions

FORMULAS = ["NaCl", "KCl", "NaBr", "KBr", "LiF", "NaF", "KF", "LiCl"]
TEN = "Li1Na2K3Rb4Cs5F6Cl7Br8I9O10"


class Formula(RegressorMixin, BaseEstimator):
    """Applies a function to atomic numbers and fractions, and keeps what it was asked."""

    def __init__(self, function=None):
        self.function = function
        self.asked = []

    def fit(self, X, y):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, X):
        formulas = X["formula"] if isinstance(X, pd.DataFrame) else X
        self.asked += list(formulas)
        read = read_compositions(list(formulas))
        extra = X["T"].to_numpy() if isinstance(X, pd.DataFrame) else np.zeros(len(read))
        rows = zip(read.atomic_numbers, read.fractions, extra, strict=True)
        return np.array([self.function(*row) for row in rows])


def mean_number(numbers, fractions, T):
    return (numbers * fractions).sum()


def product(numbers, fractions, T):
    return float(np.prod(np.where(numbers > 0, numbers * fractions, 1.0)))


def assert_adds_up(result):
    total = result.contributions.sum(axis=1).to_numpy()
    np.testing.assert_allclose(total, result.predictions - result.baseline, atol=1e-5)


def test_two_elements_by_hand():
    # With 8 for O and 22 for Ti: the formula, and the oxide without the other element.
    result = element_attributions(Formula(mean_number), ["TiO2"], baseline=10.0)
    full = (2 * 8 + 22) / 3
    oxygen = ((8 - 10) + (full - 22)) / 2
    titanium = ((22 - 10) + (full - 8)) / 2
    assert list(result.contributions) == ["O", "Ti"]
    np.testing.assert_allclose(result.contributions.loc[0], [oxygen, titanium])
    assert result.baseline == 10.0
    assert result.predictions.tolist() == [full]


def test_rests_are_renormalised():
    model = Formula(mean_number)
    element_attributions(model, ["TiO2", "LiFePO4"], baseline=0.0)
    parts = read_compositions(model.asked)
    for formula in ("Ti", "O", "LiFe", "FeO4", "LiPO4", "P"):
        assert read_compositions([formula]).isin(parts).all(), formula
    # Two formulas, 2 and 14 parts; oxygen is asked for once.
    assert len(model.asked) == 2 + 2 + 14 - 1


def test_values_add_up_to_the_prediction():
    formulas = ["NaCl", "LiFePO4", "Cu", "CaTiSiO5", TEN]
    for function in (mean_number, product):
        result = element_attributions(Formula(function), formulas, n_permutations=6)
        assert_adds_up(result)
        assert result.baseline == pytest.approx(result.predictions.mean())
    assert result.contributions.notna().sum(axis=1).tolist() == [2, 4, 1, 4, 10]


def test_equal_elements_get_equal_shares():
    # Both carry a half, and the model sees only how many elements there are.
    def count(numbers, fractions, T):
        return float((numbers > 0).sum() ** 2)

    result = element_attributions(Formula(count), ["NaCl", "LiFePO4"], baseline=0.0)
    np.testing.assert_allclose(result.contributions.loc[0].dropna(), [2.0, 2.0])
    np.testing.assert_allclose(result.contributions.loc[1].dropna(), [4.0] * 4)


def test_an_element_that_changes_nothing_gets_nothing():
    def has_oxygen(numbers, fractions, T):
        return 3.0 * (8 in numbers)

    result = element_attributions(Formula(has_oxygen), ["LiFePO4"], baseline=0.0)
    assert result.contributions.loc[0].to_dict() == {"Li": 0, "O": 3, "P": 0, "Fe": 0}


def test_samples_approach_the_exact_values(monkeypatch):
    formula = ["CaTiSiO5"]
    exact = element_attributions(Formula(product), formula, baseline=0.0)
    monkeypatch.setattr("skmat.inspection._attributions._MOST_EXACT", 3)
    few, many = (
        element_attributions(
            Formula(product), formula, baseline=0.0, n_permutations=n, random_state=0
        )
        for n in (2, 2000)
    )
    assert_adds_up(many)
    errors = [
        np.abs(each.contributions - exact.contributions).to_numpy().max() for each in (few, many)
    ]
    assert errors[1] < 0.05 * np.abs(exact.contributions).to_numpy().max()
    assert errors[1] < errors[0]


def test_seed():
    values = [
        element_attributions(
            Formula(product), [TEN], baseline=0.0, n_permutations=4, random_state=seed
        ).contributions
        for seed in (0, 0, 1)
    ]
    pd.testing.assert_frame_equal(values[0], values[1])
    assert not values[0].equals(values[2])


def test_networks_and_averages():
    y = np.column_stack([np.arange(8.0), np.arange(8.0) ** 2])
    network = MTEncoderRegressor(preset="tiny", max_epochs=1, random_state=0).fit(FORMULAS, y)
    average = AutoRegressor(preset=["trees"], cv=2, random_state=0).fit(FORMULAS, y[:, 0])
    for model, target in ((network, 1), (average, None)):
        result = element_attributions(model, FORMULAS, target=target)
        assert_adds_up(result)
        assert np.abs(result.contributions).max(axis=None) > 0
    second = network.predict(FORMULAS)[:, 1]
    result = element_attributions(network, FORMULAS, target="y1")
    np.testing.assert_allclose(result.predictions, second, rtol=1e-6)
    with pytest.raises(InvalidInputError, match="2 columns"):
        element_attributions(network, FORMULAS)


def test_probabilities():
    y = ["salt", "metal"] * 4
    X = ["NaCl", "Cu", "NaBr", "Fe", "LiF", "Ag", "KF", "Au"]
    model = AutoClassifier(preset=["trees"], cv=2, random_state=0).fit(X, y)
    result = element_attributions(model, X)
    assert_adds_up(result)
    np.testing.assert_allclose(result.predictions, model.predict_proba(X)[:, 1])
    other = element_attributions(model, X, target="metal")
    np.testing.assert_allclose(other.contributions, -result.contributions, atol=1e-12)
    with pytest.raises(InvalidInputError, match="classes"):
        element_attributions(model, X, target="glass")
    model.fit(X, pd.DataFrame({"kind": y}))
    np.testing.assert_allclose(element_attributions(model, X).contributions, result.contributions)


def test_further_columns_stay():
    X = pd.DataFrame({"formula": ["TiO2", "TiO2"], "T": [1.0, 2.0]}, index=["a", "b"])
    model = Formula(lambda z, x, T: T * mean_number(z, x, T))
    result = element_attributions(model, X, baseline=0.0)
    assert result.contributions.index.tolist() == ["a", "b"]
    np.testing.assert_allclose(2 * result.contributions.loc["a"], result.contributions.loc["b"])


def test_the_effect_of_further_columns_is_in_the_baseline():
    # T adds to the prediction of every formula, so no element has a share in it.
    model = Formula(lambda z, x, T: T + mean_number(z, x, T))
    X = pd.DataFrame({"formula": ["TiO2", "TiO2", "Na"], "T": [500.0, 900.0, 500.0]})
    others = pd.DataFrame({"formula": ["O", "Ti"], "T": [0.0, 1.0]})
    for baseline in (others, ["O", "Ti"]):
        result = element_attributions(model, X, baseline=baseline)
        assert result.baseline.tolist() == [515.0, 915.0, 515.0]
        assert_adds_up(result)
        np.testing.assert_allclose(*result.contributions.to_numpy()[:2])
    own = element_attributions(model, X)
    mean = np.mean([mean_number(np.array([22, 8]), np.array([1, 2]) / 3, 0)] * 2 + [11])
    np.testing.assert_allclose(own.baseline, X["T"] + mean)
    # A number leaves the effect with the elements.
    fixed = element_attributions(model, X, baseline=515.0)
    assert fixed.baseline == 515.0
    total = fixed.contributions.sum(axis=1)
    assert total[1] - total[0] == pytest.approx(400.0)


def test_the_baseline_is_a_mean_over_at_most_a_hundred_materials():
    model = Formula(lambda z, x, T: T * mean_number(z, x, T))
    many = [f"Na{n}Cl" for n in range(1, 151)]
    X = pd.DataFrame({"formula": ["NaCl", "KCl", "KBr"], "T": [1.0, 2.0, 1.0]})
    baselines = []
    for seed in (0, 0, 1):
        model.asked.clear()
        result = element_attributions(model, X, baseline=many, random_state=seed)
        assert_adds_up(result)
        # Two values of T. All else are X and subsets of two elements.
        assert sum(each in many for each in model.asked) == 200
        baselines.append(result.baseline)
    np.testing.assert_allclose(baselines[0] * [1, 0.5, 1], baselines[0][0])
    assert baselines[0].tolist() == baselines[1].tolist()
    assert baselines[0].tolist() != baselines[2].tolist()


def test_categories_stay():
    X = pd.DataFrame({"formula": FORMULAS, "phase": ["cubic", "other"] * 4})
    X["T"] = [300.0, np.nan] * 4
    X["phase"] = X["phase"].astype("category")
    model = AutoRegressor(preset=["svm"], cv=2, random_state=0).fit(X, np.arange(8.0))
    result = element_attributions(model, X)
    assert_adds_up(result)
    # Missing cells are equal, too.
    assert len(np.unique(result.baseline)) == 2


def test_background():
    model = Formula(mean_number)
    result = element_attributions(model, ["TiO2"], baseline=["O", "Ti"])
    assert result.baseline == 15.0


class Several(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict_proba(self, X):
        return [np.ones((len(X), 2))] * 2


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        (Formula(mean_number), {"X": ["NaCl", "ClNa"]}, "one composition"),
        (Formula(mean_number), {"baseline": np.nan}, "finite"),
        (Formula(mean_number), {"baseline": pd.Series([], dtype=object)}, "no materials"),
        (Formula(mean_number), {"n_permutations": 0}, "n_permutations"),
        (Formula(mean_number), {"X": np.eye(3)}, "amounts"),
        (Formula(mean_number), {"target": 3}, "target=3"),
        (Formula(lambda z, x, T: np.nan), {}, "predicts nan for 'NaCl'"),
        (Several(), {}, "several targets"),
    ],
)
def test_bad_input(model, arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        element_attributions(model, **({"X": ["NaCl", "KCl"]} | arguments))


def test_unfitted():
    with pytest.raises(NotFittedError):
        element_attributions(AutoRegressor(), FORMULAS)
