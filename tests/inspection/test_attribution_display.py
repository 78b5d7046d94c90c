import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from sklearn.utils import Bunch

from skmat import AutoRegressor
from skmat.exceptions import InvalidInputError
from skmat.inspection import ElementAttributionDisplay
from skmat.inspection._periodic_table import place_of

pytestmark = pytest.mark.usefixtures("pyplot")


def make_result(rows):
    table = pd.DataFrame(rows, dtype=float)
    predictions = 1.0 + table.sum(axis=1).to_numpy()
    return Bunch(contributions=table, baseline=1.0, predictions=predictions)


def test_bars_of_one_material():
    result = make_result([{"O": 1.5, "Na": np.nan, "Ti": -2.0}])
    display = ElementAttributionDisplay.from_attributions(result, unit="eV", name="TiO2")
    assert list(display.patches_) == ["Ti", "O"]
    assert [bar.get_width() for bar in display.patches_.values()] == [-2.0, 1.5]
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == ["Ti", "O"]
    assert display.ax_.get_xlabel() == "Contribution [eV]"
    assert display.ax_.get_title() == "TiO2"
    low, high = display.ax_.get_xlim()
    assert low < -2.0
    assert high > 1.5
    assert any("prediction 0.5, baseline 1 eV" in text.get_text() for text in display.ax_.texts)
    assert display.figure_ is display.ax_.figure


def test_the_table_shows_means_over_the_materials_that_hold_the_element():
    result = make_result([{"O": 1.0, "Ti": 4.0}, {"O": -3.0, "Ti": np.nan}])
    display = ElementAttributionDisplay.from_attributions(result, unit="eV")
    assert len(display.patches_) == 118
    color = {name: cell.get_facecolor()[:3] for name, cell in display.patches_.items()}
    # The mean of O is -1, of Ti it is 4.
    assert color["Ti"][0] > color["Ti"][2]
    assert color["O"][2] > color["O"][0]
    assert color["H"] == pytest.approx((0.95, 0.95, 0.95))
    (bar,) = display.ax_.child_axes
    assert bar.get_xlabel() == "Mean contribution [eV]"
    assert bar.get_xlim() == (-4.0, 4.0)
    named = ElementAttributionDisplay.from_attributions(result, unit="eV", target_name="gap")
    assert named.ax_.child_axes[0].get_xlabel() == "Mean contribution to gap [eV]"


def test_zero_is_white():
    result = make_result([{"O": 0.0, "Ti": 1.0}, {"O": 0.0, "Ti": 1.0}])
    display = ElementAttributionDisplay.from_attributions(result)
    assert display.patches_["O"].get_facecolor()[:3] == pytest.approx(to_rgb("#f7f7f7"), abs=0.02)


def test_places_of_elements():
    known = {1: (1, 1), 2: (18, 1), 6: (14, 2), 26: (8, 4), 72: (4, 6), 118: (18, 7)}
    assert {number: place_of(number) for number in known} == known
    assert place_of(57)[0] == place_of(89)[0] == 3
    assert place_of(71)[0] == place_of(103)[0] == 17
    assert len({place_of(number) for number in range(1, 119)}) == 118


def test_from_estimator(pyplot):
    formulas = ["NaCl", "KCl", "NaBr", "KBr", "LiF", "NaF", "KF", "LiCl"]
    model = AutoRegressor(preset=["trees"], cv=2, random_state=0).fit(formulas, np.arange(8.0))
    figure, ax = pyplot.subplots()
    display = ElementAttributionDisplay.from_estimator(model, ["NaCl"], baseline=formulas, ax=ax)
    assert display.figure_ is figure
    assert ax.get_title() == "NaCl"
    assert set(display.patches_) == {"Na", "Cl"}
    display = ElementAttributionDisplay.from_estimator(model, formulas)
    assert len(display.patches_) == 118
    display.figure_.canvas.draw()


@pytest.mark.parametrize(("kind", "message"), [("pie", "pie"), ("bars", "one material")])
def test_bad_kinds(kind, message):
    with pytest.raises(InvalidInputError, match=message):
        ElementAttributionDisplay.from_attributions(make_result([{"O": 1.0}] * 2), kind=kind)


def make_sites(materials, elements):
    sites = [materials[:row].count(each) for row, each in enumerate(materials)]
    values = np.arange(len(materials)) - 1.5
    table = {"material": materials, "site": sites, "element": elements, "contribution": values}
    predictions = np.full(len(set(materials)), 2.0)
    return Bunch(contributions=pd.DataFrame(table), baseline=1.0, predictions=predictions)


def test_sites_of_one_structure_are_bars():
    result = make_sites([0, 0, 0], ["Ti", "O", "O"])
    display = ElementAttributionDisplay.from_attributions(result)
    assert list(display.patches_) == ["Ti 0", "O 1", "O 2"]
    assert [bar.get_width() for bar in display.patches_.values()] == [-1.5, -0.5, 0.5]
    with pytest.raises(InvalidInputError, match="Sites are bars"):
        ElementAttributionDisplay.from_attributions(result, kind="periodic_table")


def test_sites_of_several_structures_are_refused():
    result = make_sites([0, 0, 1, 1], ["Na", "Cl"] * 2)
    with pytest.raises(InvalidInputError, match="sites of one structure, but there are 2"):
        ElementAttributionDisplay.from_attributions(result)
