import json

import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Lattice, Structure

from skmat.exceptions import InvalidInputError, InvalidStructureError
from skmat.inputs import composition_groups, split_materials
from skmat.structure import StructureArrays

STRUCTURES = [Structure(Lattice.cubic(4), [each], [[0, 0, 0]]) for each in ("Fe", "Cu", "Fe")]
FORMULAS = ["NaCl", "KCl", "ClNa"]


@pytest.mark.parametrize(
    "X",
    [
        FORMULAS,
        pd.Series(FORMULAS, index=[7, 8, 9]),
        np.eye(4)[[0, 1, 0]],
        pd.DataFrame({"Na": [1, 0, 2], "Cl": [1, 1, 2]}),
        STRUCTURES,
        StructureArrays.from_structures(STRUCTURES),
        pd.DataFrame({"structure": STRUCTURES, "T": [1.0, 2.0, 3.0]}),
        pd.DataFrame({"T": [1.0, 2.0, 3.0], "formula": FORMULAS}),
        pd.DataFrame({"phase": ["cubic", "x", "cubic"], "formula": FORMULAS}),
        pd.DataFrame({"phase": pd.Categorical(["FeO", "x", "x"]), "formula": FORMULAS}),
    ],
)
def test_groups(X):
    assert pd.factorize(composition_groups(X))[0].tolist() == [0, 1, 0]


class Atoms:
    """As much of ASE's class as is read."""

    def __init__(self, structure):
        self.cell, self.pbc = structure.lattice.matrix, np.array([True] * 3)
        self.numbers, self.frac = np.array(structure.atomic_numbers), structure.frac_coords

    def get_atomic_numbers(self):
        return self.numbers

    def get_scaled_positions(self, wrap=True):
        return self.frac


@pytest.mark.parametrize("form", ["path", "text of a path", "cif", "dict", "json", "Atoms"])
def test_groups_of_structures_in_all_forms(form, tmp_path):
    paths = [tmp_path / f"{place}.cif" for place in range(3)]
    for structure, path in zip(STRUCTURES, paths, strict=True):
        structure.to(filename=str(path))
    X = {
        "path": paths,
        "text of a path": list(map(str, paths)),
        "cif": [each.to(fmt="cif") for each in STRUCTURES],
        "dict": [each.as_dict() for each in STRUCTURES],
        "json": [json.dumps(each.as_dict()) for each in STRUCTURES],
        "Atoms": list(map(Atoms, STRUCTURES)),
    }[form]
    table = pd.DataFrame({"structure": pd.Series(X, dtype=object), "T": [1.0, 2.0, 3.0]})
    for each in (X, table, table[["structure"]]):
        assert pd.factorize(composition_groups(each))[0].tolist() == [0, 1, 0]


def test_structures_that_cannot_be_read_are_told_with_their_rows():
    with pytest.raises(InvalidStructureError) as caught:
        composition_groups([None, *STRUCTURES, "none.cif"])
    assert caught.value.rows == [0, 4]


def test_splitting():
    frame = pd.DataFrame({"phase": ["cubic", "x", "cubic"], "formula": FORMULAS, "T": 1.0})
    materials, extra = split_materials(frame)
    assert list(materials) == ["formula"]
    assert list(extra) == ["phase", "T"]
    assert split_materials(FORMULAS) == (FORMULAS, None)


@pytest.mark.parametrize("phase", [["FCC", "BCC"], ["B2", "SC"]])
@pytest.mark.parametrize("convert", [list, pd.Categorical])
def test_phases_beside_amounts_are_no_materials(phase, convert):
    frame = pd.DataFrame({"phase": convert(phase), "Fe": [1.0, 2.0], "Ni": [2.0, 1.0]})
    with pytest.raises(InvalidInputError, match=r"named after elements.*'phase' holds"):
        split_materials(frame)


def test_two_columns_of_formulas():
    with pytest.raises(InvalidInputError, match="Only one may hold"):
        split_materials(pd.DataFrame({"a": FORMULAS, "b": FORMULAS}))
