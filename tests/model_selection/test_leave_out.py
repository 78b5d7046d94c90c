import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Composition, Lattice, Structure
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.model_selection import GridSearchCV, cross_val_score

from skmat.datasets import load_transport
from skmat.exceptions import InvalidCompositionError, InvalidInputError
from skmat.model_selection import (
    LeaveOneChemicalSystemOut,
    LeaveOneElementOut,
    LeaveOneNumberOfElementsOut,
    LeaveOnePeriodicTableGroupOut,
    LeaveOnePeriodicTableRowOut,
)

SPLITTERS = {
    LeaveOneElementOut: lambda each: {element.symbol for element in each},
    LeaveOnePeriodicTableRowOut: lambda each: {str(element.row) for element in each},
    LeaveOnePeriodicTableGroupOut: lambda each: {str(element.group) for element in each},
    LeaveOneChemicalSystemOut: lambda each: {each.chemical_system},
    LeaveOneNumberOfElementsOut: lambda each: {str(len(each))},
}
FORMULAS = load_transport(return_X_y=True)[0][:300]
kinds = pytest.mark.parametrize(("kind", "labels_of"), SPLITTERS.items())


@kinds
def test_each_label_is_tested_on_materials_that_training_does_not_have(kind, labels_of):
    labels = [labels_of(Composition(formula)) for formula in FORMULAS]
    splitter = kind()
    names = splitter.left_out(FORMULAS)
    splits = list(splitter.split(FORMULAS))
    assert splitter.get_n_splits(FORMULAS) == len(splits) == len(names) > 3
    everywhere = set.intersection(*labels)
    assert sorted(names) == sorted(set.union(*labels) - everywhere)
    for name, (train, test) in zip(names, splits, strict=True):
        assert test.tolist() == [i for i, each in enumerate(labels) if name in each]
        assert sorted([*train, *test]) == list(range(len(FORMULAS)))


@kinds
def test_labels_are_dealt_out_to_splits(kind, labels_of):
    labels = [labels_of(Composition(formula)) for formula in FORMULAS]
    settings = {"n_splits": 2, "max_test_size": 0.4, "random_state": 0}
    splitter = kind(**settings)
    names = [set(each.split(", ")) for each in splitter.left_out(FORMULAS)]
    assert splitter.get_n_splits() == len(names) == 2
    assert len(set.union(*names)) == sum(len(each) for each in names)
    for left_out, (train, test) in zip(names, splitter.split(FORMULAS), strict=True):
        assert test.tolist() == [i for i, each in enumerate(labels) if each & left_out]
        assert not set(train) & set(test)
    assert kind(**settings).left_out(FORMULAS) == splitter.left_out(FORMULAS)


def test_rare_and_frequent_labels_stay_in_training():
    formulas = ["NaCl", "KCl", "NaBr", "LiCl"]
    left_out = LeaveOneElementOut(min_test_size=2).left_out(formulas)
    assert left_out == ["Na", "Cl"]
    assert LeaveOneElementOut(min_test_size=2, max_test_size=0.5).left_out(formulas) == ["Na"]
    assert LeaveOneElementOut(max_test_size=1).left_out(formulas) == ["Li", "K", "Br"]


def test_all_forms_of_materials():
    structures = [Structure(Lattice.cubic(4), [each], [[0, 0, 0]]) for each in ("Fe", "Cu", "Fe")]
    frame = pd.DataFrame({"T": [1.0, 2.0, 3.0], "formula": ["Fe", "Cu", "Fe"]})
    for X in (structures, frame, ["Fe", "Cu", "Fe2"]):
        assert LeaveOneElementOut().left_out(X) == ["Fe", "Cu"]


def test_scikit_learn_takes_it():
    y = np.arange(len(FORMULAS), dtype=float)
    splitter = LeaveOneElementOut(min_test_size=40)
    scores = cross_val_score(DummyRegressor(), FORMULAS, y, cv=splitter)
    assert len(scores) == splitter.get_n_splits(FORMULAS)
    search = GridSearchCV(DummyRegressor(), {"strategy": ["mean", "median"]}, cv=splitter)
    assert search.fit(FORMULAS, y).best_score_ < 0
    assert "min_test_size=40" in repr(splitter)
    clone(search)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_splits": 1}, "n_splits=1 must be an integer from 2"),
        ({"n_splits": 9}, "more than the 4 labels \\(element\\)"),
        ({"min_test_size": 0}, "min_test_size=0 must be"),
        ({"max_test_size": 1.5}, "max_test_size=1.5 must be"),
        ({"min_test_size": 2}, "No element can be left out of 2 materials"),
        ({"n_splits": 2, "random_state": 3}, "would test on all 2 materials"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(InvalidInputError, match=message):
        list(LeaveOneElementOut(**settings).split(["NaCl", "KBr"]))


def test_a_formula_that_cannot_be_read():
    with pytest.raises(InvalidCompositionError, match="row 1"):
        LeaveOneElementOut().left_out(["NaCl", "what?"])


def test_what_is_dealt_out_anew_has_no_names():
    with pytest.raises(InvalidInputError, match="random_state=None deals out the labels anew"):
        LeaveOneElementOut(2).left_out(FORMULAS)


def test_the_number_of_splits_needs_the_materials():
    with pytest.raises(InvalidInputError, match="X must be given"):
        LeaveOneElementOut().get_n_splits()
