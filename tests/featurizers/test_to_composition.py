import numpy as np
import pandas as pd
import pytest
from common.materials import bcc_iron, many, mixed_salt, rock_salt, rutile
from pymatgen.core import Lattice, Structure
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline, make_union

from skmat import (
    CGCNNEncoder,
    MagpieFeaturizer,
    MTEncoderRegressor,
    StructureToComposition,
)
from skmat.exceptions import InvalidStructureError
from skmat.structure import StructureArrays

CRYSTALS = [rock_salt(), rutile(), bcc_iron()]


def test_formulas_are_reduced():
    found = StructureToComposition().fit(CRYSTALS).transform(CRYSTALS)
    assert found.tolist() == [["NaCl"], ["TiO2"], ["Fe"]]


def test_formulas_of_disordered_crystals_count_occupancies():
    X = [rutile(), mixed_salt(0.75), rock_salt(cation={"Li": 0.4})]
    found = StructureToComposition().fit_transform(X)
    assert found.tolist() == [["TiO2"], ["KNa3Cl4"], ["Li1.6Cl4"]]
    features = make_pipeline(StructureToComposition(), MagpieFeaturizer()).fit_transform(X)
    np.testing.assert_array_equal(features, MagpieFeaturizer().fit_transform(found))


def test_disordered_crystals_can_be_refused():
    step = StructureToComposition(disorder="raise").fit(CRYSTALS)
    X = [rutile(), mixed_salt(0.75)]
    for given in (X, StructureArrays.from_structures(X, disorder="average")):
        for call in (step.transform, clone(step).fit):
            with pytest.raises(InvalidStructureError, match=r"row 1.*disorder='average'"):
                call(given)
        found = clone(step).set_params(on_invalid="nan").fit(CRYSTALS).transform(given)
        assert found.tolist() == [["TiO2"], [None]]
    with pytest.raises(ValueError, match="'disorder' parameter"):
        StructureToComposition(disorder="mean").fit(CRYSTALS)


def test_estimators_of_compositions_take_crystals():
    pipeline = make_pipeline(
        StructureToComposition(), MTEncoderRegressor(preset="tiny", max_epochs=1, random_state=0)
    )
    X = many(12)
    assert np.isfinite(cross_val_score(pipeline, X, np.arange(12.0), cv=2)).all()
    assert clone(pipeline).fit(X, np.arange(12.0)).predict(X).shape == (12,)


def test_beside_vectors_of_crystals():
    union = make_union(
        CGCNNEncoder(preset="tiny", max_epochs=1, random_state=0),
        make_pipeline(StructureToComposition(), MagpieFeaturizer()),
    )
    assert union.fit_transform(CRYSTALS).shape == (3, 32 + 132)


def test_pandas_in_and_out():
    frame = pd.DataFrame({"structure": pd.Series(CRYSTALS)})
    frame.index = [5, 6, 7]
    step = StructureToComposition().set_output(transform="pandas").fit(frame)
    out = step.transform(frame)
    assert out.index.tolist() == [5, 6, 7]
    assert out["formula"].tolist() == ["NaCl", "TiO2", "Fe"]


def test_bad_rows():
    step = StructureToComposition().fit(CRYSTALS)
    with pytest.raises(InvalidStructureError) as error:
        step.transform([rutile(), None])
    assert error.value.rows == [1]
    step.set_params(on_invalid="nan")
    assert step.transform([rutile(), None]).tolist() == [["TiO2"], [None]]
    with pytest.raises(NotFittedError):
        StructureToComposition().transform(CRYSTALS)


def test_an_atom_that_is_listed_twice_is_no_formula():
    twice = Structure(Lattice.cubic(4), ["Na", "Na", "Cl"], [[0, 0, 0], [0, 0, 1], [0.5] * 3])
    X = [rock_salt(), twice, rutile()]
    step = StructureToComposition()
    with pytest.raises(InvalidStructureError, match="row 1: 'Na2 Cl1': atoms 0 and 1"):
        step.fit(X)
    step.fit(CRYSTALS)
    with pytest.raises(InvalidStructureError, match="remove one of them"):
        step.transform(X)
    found = step.set_params(on_invalid="nan").transform(X)
    assert found.tolist() == [["NaCl"], [None], ["TiO2"]]
    # Alternative places of one atom.
    places = Structure(Lattice.cubic(4), [{"Na": 0.5}, {"Na": 0.5}, "Cl"], twice.frac_coords)
    assert step.transform([places]).tolist() == [["NaCl"]]
