import numpy as np
import pytest
from matminer.utils.data import MagpieData
from pymatgen.core import Element

from skmat.composition import ELEMENT_TABLES, element_table
from skmat.composition._element_tables import MAGPIE_PROPERTIES
from skmat.exceptions import InvalidInputError


@pytest.mark.parametrize(
    ("name", "n_columns"), [("magpie", 22), ("matscholar", 200), ("megnet", 16)]
)
def test_tables_are_complete_and_read_only(name, n_columns):
    table = element_table(name)
    assert table.shape == (118, n_columns)
    assert table.dtype == np.float64
    assert np.isfinite(table).all()
    with pytest.raises(ValueError, match="read-only"):
        table[0, 0] = 1.0


def test_magpie_table_holds_matminer_values():
    source = MagpieData(impute_nan=True)
    table = element_table("magpie")
    for symbol in ("H", "O", "Fe", "U", "Og"):
        element = Element(symbol)
        expected = [source.get_elemental_property(element, name) for name in MAGPIE_PROPERTIES]
        assert table[element.Z - 1].tolist() == expected


def test_table_is_read_once():
    assert element_table("magpie") is element_table("magpie")


def test_unknown_table_names_the_known_ones():
    with pytest.raises(InvalidInputError, match="magpie") as error:
        element_table("oliynyk")
    assert all(name in str(error.value) for name in ELEMENT_TABLES)
