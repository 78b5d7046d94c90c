import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Lattice, Structure
from sklearn.base import BaseEstimator, RegressorMixin

from skmat import ALIGNNRegressor, CGCNNRegressor
from skmat.exceptions import InvalidInputError
from skmat.inspection import (
    ElementAttributionDisplay,
    element_attributions,
    site_attributions,
)
from skmat.structure import StructureArrays, read_structures

#: A mean atomic number of 10: He and Ar in equal parts.
BASELINE = [Structure(Lattice.cubic(4), ["He", "Ar"], [[0, 0, 0], [0.5, 0.5, 0.5]])]


def rock_salt(first, second, a=5.0):
    places = [[0, 0, 0], [0.5, 0.5, 0.5]]
    return Structure.from_spacegroup("Fm-3m", Lattice.cubic(a), [first, second], places)


#: Two oxygen atoms with different surroundings.
LAYERS = Structure(
    Lattice.tetragonal(4, 6),
    ["Ti", "O", "O", "O"],
    [[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]],
)


class Atoms(RegressorMixin, BaseEstimator):
    """Applies a function to the mean atomic number of each site and to the volume."""

    def __init__(self, function):
        self.function = function

    def __sklearn_is_fitted__(self):
        return True

    def fit(self, X, y):
        return self

    def predict(self, X):
        temperatures = X["T"] if isinstance(X, pd.DataFrame) else [1.0] * len(X)
        structures = X["structure"] if isinstance(X, pd.DataFrame) else X
        values = [
            self.function(np.array([mean_number(site) for site in structure]), structure.volume)
            for structure in read_structures(list(structures), disorder="average")[0]
        ]
        return np.array(values) * np.array(temperatures)


def mean_number(site):
    return sum(element.Z * occupancy for element, occupancy in site.species.items())


def total(numbers, volume):
    return numbers.sum() / volume


def test_elements_of_a_sum_by_hand():
    # Each site adds its number minus that of the average atom. The volume stays that of the whole.
    model = Atoms(total)
    result = element_attributions(model, [LAYERS, BASELINE[0]], baseline=BASELINE)
    assert list(result.contributions) == ["He", "O", "Ar", "Ti"]
    expected = np.array([np.nan, 3 * (8 - 10), np.nan, 22 - 10]) / 96
    np.testing.assert_allclose(result.contributions.loc[0], expected)
    np.testing.assert_allclose(result.baseline, [40 / 96, 20 / 64])
    np.testing.assert_allclose(result.predictions, [46 / 96, 20 / 64])


def test_sites_of_a_product_by_hand():
    # The first site times the last: the other oxygen atoms change nothing.
    model = Atoms(lambda numbers, volume: numbers[0] * numbers[3])
    result = site_attributions(model, [LAYERS], baseline=BASELINE)
    table = result.contributions
    assert table["site"].tolist() == [0, 1, 2, 3]
    assert table["material"].tolist() == [0] * 4
    assert table["element"].tolist() == ["Ti", "O", "O", "O"]
    titanium = (22 - 10) * (10 + 8) / 2
    oxygen = (8 - 10) * (10 + 22) / 2
    np.testing.assert_allclose(table["contribution"], [titanium, 0, 0, oxygen], atol=1e-9)


def test_further_columns_stay():
    X = pd.DataFrame({"structure": [LAYERS, LAYERS], "T": [1.0, 2.0]}, index=["a", "b"])
    result = element_attributions(Atoms(total), X, baseline=BASELINE)
    assert result.contributions.index.tolist() == ["a", "b"]
    np.testing.assert_allclose(2 * result.contributions.loc["a"], result.contributions.loc["b"])


@pytest.mark.parametrize("estimator", [CGCNNRegressor, ALIGNNRegressor])
def test_networks(estimator):
    X = [rock_salt("Na", "Cl"), rock_salt("K", "Cl", 6.3), rock_salt("Li", "F", 4.0)]
    model = estimator(preset="tiny", pretrained=None, max_epochs=3, random_state=0)
    model.fit(StructureArrays.from_structures(X), [1.0, 2.0, 6.0])
    layers = [*X, LAYERS]
    elements = element_attributions(model, layers)
    added = elements.contributions.sum(axis=1)
    np.testing.assert_allclose(added, elements.predictions - elements.baseline, atol=1e-5)
    assert elements.contributions.notna().sum(axis=1).tolist() == [2, 2, 2, 2]
    assert elements.contributions.abs().max().max() > 1e-3
    sites = site_attributions(model, layers)
    table = sites.contributions
    added = table.groupby("material")["contribution"].sum()
    np.testing.assert_allclose(added, sites.predictions - sites.baseline, atol=1e-5)
    # Equal by symmetry: all ions of one kind, and two of the three oxygen atoms.
    assert (table[:24].groupby(["material", "element"])["contribution"].nunique() == 1).all()
    assert table["contribution"].iloc[25] == table["contribution"].iloc[26]
    assert table["contribution"].iloc[26] != table["contribution"].iloc[27]
    # The choice of the cell does not matter.
    primitive = [X[0].get_primitive_structure()]
    other = element_attributions(model, primitive, baseline=layers).contributions.loc[0]
    np.testing.assert_allclose(other, elements.contributions.loc[0, ["Na", "Cl"]], atol=1e-4)
    assert model.disorder == "raise"


@pytest.mark.usefixtures("pyplot")
def test_display():
    display = ElementAttributionDisplay.from_estimator(Atoms(total), [LAYERS], baseline=BASELINE)
    assert list(display.patches_) == ["Ti", "O"]
    assert display.ax_.get_title() == "TiO3"
    texts = [text.get_text() for text in display.ax_.texts]
    assert "prediction 0.479, baseline 0.417" in texts


class Ordered(Atoms):
    def predict(self, X):
        read_structures(X)
        return super().predict(X)


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (element_attributions, {}, "X holds one composition"),
        (element_attributions, {"baseline": 1.0}, "must be structures"),
        (element_attributions, {"baseline": ["NaCl"]}, "must be structures"),
        (site_attributions, {"X": ["NaCl"]}, "Sites need pymatgen Structures"),
        (
            site_attributions,
            {"X": [LAYERS, Structure(Lattice.cubic(4), [{"Fe": 0.5, "Ni": 0.5}], [[0, 0, 0]])]},
            "1 of 2 structures are disordered.* row 1",
        ),
        (
            site_attributions,
            {"model": Ordered(total), "baseline": BASELINE},
            "cannot read average atoms",
        ),
    ],
)
def test_bad_input(function, arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        function(**({"model": Atoms(total), "X": [LAYERS]} | arguments))
