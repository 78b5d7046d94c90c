import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from common.materials import many, rock_salt, rutile
from pymatgen.core import Lattice, Structure

from skmat import CGCNNRegressor, StructureToComposition
from skmat.exceptions import InvalidInputError
from skmat.inputs import as_structures
from skmat.structure import read_structures


@pytest.mark.parametrize("read", [as_structures, read_structures])
@pytest.mark.parametrize(
    ("X", "words"),
    [
        ({"a.cif", "b.cif"}, "no order"),
        (frozenset(["a.cif"]), "no order"),
        ({"a": rock_salt(), "b": rutile()}, r"list\(X.values\(\)\)"),
        (rock_salt().as_dict(), r"\[X\]"),
        (rock_salt(), r"\[X\]"),
        ("salt.cif", r"\[X\]"),
        (b"salt.cif", r"\[X\]"),
        (7, "Expected a list of structures"),
        (np.array([rock_salt(), rock_salt()], dtype=object), "array of sites"),
        (np.array([Structure(Lattice.cubic(3), ["Po"], [[0] * 3])] * 2, dtype=object), "of sites"),
    ],
)
def test_what_is_no_list_of_crystals_is_refused(read, X, words):
    with pytest.raises(InvalidInputError, match=words):
        read(X)


def test_any_sequence_of_crystals_is_read():
    crystals = [rock_salt(), rutile()]
    array = np.empty(2, dtype=object)
    array[:] = crystals
    named = dict(zip("ab", crystals, strict=True))
    for X in (iter(crystals), (each for each in crystals), tuple(crystals), named.values(), array):
        structures, valid = read_structures(as_structures(X))
        assert valid.all()
        assert structures.formulas().tolist() == ["NaCl", "TiO2"]
    assert as_structures(array[:, None]) == crystals


TEXTS = [rock_salt().to(fmt="cif"), "nothing", None, rutile().to(fmt="cif")]


@pytest.mark.parametrize(
    "X",
    [
        pd.DataFrame({"cif": TEXTS}),
        pl.DataFrame({"cif": TEXTS}),
        pa.table({"cif": TEXTS}),
        pl.Series(TEXTS),
        pa.array(TEXTS),
        pa.chunked_array([TEXTS[:1], TEXTS[1:]]),
    ],
    ids=lambda X: f"{type(X).__module__}.{type(X).__name__}",
)
def test_tables_and_series_of_any_library(X):
    structures, valid = read_structures(X, on_invalid="nan")
    assert valid.tolist() == [True, False, False, True]
    assert structures.formulas().tolist() == ["NaCl", "TiO2"]
    reader = StructureToComposition(on_invalid="nan").fit(X[:1])
    assert [each is None for each in reader.transform(X)[:, 0]] == [False, True, True, False]


def test_a_table_of_several_columns_is_refused():
    with pytest.raises(InvalidInputError, match="X has 2 columns"):
        read_structures(pl.DataFrame({"cif": TEXTS, "T": [1, 2, 3, 4]}))


@pytest.mark.parametrize("X", [[], (), np.empty(0), np.empty((0, 1)), iter([])])
def test_no_crystals_are_refused_by_name(X):
    model = CGCNNRegressor(preset="tiny", pretrained=None, max_epochs=1)
    with pytest.raises(InvalidInputError, match="no structures"):
        model.fit(X, [])


def test_a_generator_is_read_once():
    crystals, y = many(8), np.arange(8.0)
    model = CGCNNRegressor(preset="tiny", pretrained=None, max_epochs=1, random_state=0)
    expected = model.fit(crystals, y).predict(crystals)
    found = model.fit((each for each in crystals), y).predict(each for each in crystals)
    np.testing.assert_array_equal(found, expected)
