import pytest
from readings.crystals import CRYSTALS

from skmat.exceptions import InvalidStructureError
from skmat.structure import read_structures


@pytest.mark.parametrize("reading", CRYSTALS, ids=[f"{r.kind}: {r.shown}" for r in CRYSTALS])
def test_what_skmat_reads(reading):
    if reading.refused:
        with pytest.raises(InvalidStructureError) as error:
            read_structures([reading.spelling], disorder="average")
        assert reading.refused in error.value.problems[0][2]
    else:
        structures, _ = read_structures([reading.spelling], disorder="average")
        assert f"{structures.formulas()[0]}, {structures.n_atoms[0]} atoms" == reading.gives
