import io
import pickle

import numpy as np
import pytest
from common.materials import rock_salt
from pymatgen.core import DummySpecies, Lattice, Molecule, Species, Structure
from sklearn.base import BaseEstimator
from sklearn.model_selection import KFold, cross_val_score, train_test_split

from skmat.exceptions import InvalidInputError, InvalidRowsError
from skmat.structure import StructureArrays

SKEW = Lattice([[4.1, 0.2, 0], [0.3, 4.2, 0], [0, 0.1, 4.3]])
STRUCTURES = [
    Structure(SKEW, ["Ti", "O", "O", "Ti", "O", "O"], np.arange(18).reshape(6, 3) / 18),
    Structure(Lattice.cubic(5), ["Na"], [[0, 0, 0]]),
    Structure(
        Lattice.hexagonal(3, 7), ["Si", "Cu", "He"], [[0, 0, 0], [1 / 3, 2 / 3, 0.5], [0.5] * 3]
    ),
    Structure(Lattice.cubic(4), ["Na", "N"], [[0, 0, 0], [-0.25, 1.5, 0.5]]),
]


@pytest.fixture
def arrays():
    return StructureArrays.from_structures(STRUCTURES, ids=["a", "b", "c", "d"])


def assert_same(got, expected):
    assert got.species == expected.species
    assert np.array_equal(got.lattice.matrix, expected.lattice.matrix)
    assert np.array_equal(got.frac_coords, expected.frac_coords)


def test_an_integer_gives_the_structure_back(arrays):
    assert len(arrays) == 4
    for index, expected in enumerate(STRUCTURES):
        assert_same(arrays[index], expected)
        assert_same(arrays[index - 4], expected)
    assert_same(arrays[np.int64(1)], STRUCTURES[1])
    for got, expected in zip(arrays, STRUCTURES, strict=True):
        assert_same(got, expected)


@pytest.mark.parametrize("index", [4, -5])
def test_an_integer_out_of_range_is_an_index_error(arrays, index):
    with pytest.raises(IndexError, match=f"Index {index} is out of range for 4 structures"):
        arrays[index]


@pytest.mark.parametrize(
    "key",
    [
        slice(1, None, 2),
        slice(None, None, -1),
        [3, 0, 0, -1],
        np.array([2, 1]),
        [True, False, False, True],
        np.array([False] * 4),
        [],
    ],
)
def test_other_keys_give_structures_as_an_array_of_them_would(arrays, key):
    rows = np.arange(4)[key if len(np.shape(key)) == 0 or len(key) else slice(0)]
    part = arrays[key]
    assert isinstance(part, StructureArrays)
    assert len(part) == len(rows)
    assert part.ids.tolist() == [["a", "b", "c", "d"][row] for row in rows]
    for got, row in zip(part, rows, strict=True):
        assert_same(got, STRUCTURES[row])


def test_an_array_of_no_dimension_is_an_integer(arrays):
    assert_same(arrays[np.array(2)], STRUCTURES[2])


@pytest.mark.parametrize("key", [True, [[0, 1]], [0.5], "a"])
def test_what_is_no_key_is_refused(arrays, key):
    with pytest.raises(InvalidInputError, match="rows must be a slice, or one-dimensional"):
        arrays[key]


def test_a_mask_must_be_as_long_as_the_structures(arrays):
    for n in (0, 3):
        with pytest.raises(IndexError):
            arrays[np.ones(n, dtype=bool)]


def test_scikit_learn_splits_them(arrays):
    train, test, y_train, y_test = train_test_split(
        arrays, np.arange(4), test_size=1, random_state=0
    )
    assert isinstance(train, StructureArrays)
    assert train.ids.tolist() == [["a", "b", "c", "d"][row] for row in y_train]
    assert_same(test[0], STRUCTURES[y_test[0]])


def test_scikit_learn_cross_validates_on_them(arrays):
    class Volume(BaseEstimator):
        def fit(self, X, y):
            return self

        def score(self, X, y):
            assert isinstance(X, StructureArrays)
            return float(np.allclose([structure.volume for structure in X], y))

    y = [structure.volume for structure in STRUCTURES]
    assert cross_val_score(Volume(), arrays, y, cv=KFold(2)).tolist() == [1, 1]


def test_concatenated_they_are_what_they_were(arrays):
    joined = StructureArrays.concatenate([arrays[2:], arrays[:2]])
    for index, row in enumerate([2, 3, 0, 1]):
        assert_same(joined[index], STRUCTURES[row])
    assert joined.ids.tolist() == ["c", "d", "a", "b"]
    nameless = StructureArrays.from_structures(STRUCTURES[:1])
    assert StructureArrays.concatenate([arrays, nameless]).ids is None


def test_formulas(arrays):
    assert arrays.formulas().tolist() == ["TiO2", "Na", "CuSiHe", "NaN"]
    assert arrays.formulas(reduced=False).tolist() == [
        structure.composition.formula.replace(" ", "") for structure in STRUCTURES
    ]
    assert arrays.formulas(reduced=False)[0] == "Ti2O4"
    assert arrays[:0].formulas().tolist() == []


def test_groups_and_compositions():
    doubled = STRUCTURES[3] * (2, 1, 1)
    arrays = StructureArrays.from_structures([STRUCTURES[3], STRUCTURES[1], doubled])
    groups = arrays.group_ids()
    assert groups[0] == groups[2] != groups[1]
    assert arrays.compositions().atomic_numbers.tolist() == [[7, 11], [11, 0], [7, 11]]
    assert arrays.compositions().fractions.tolist() == [[0.5, 0.5], [1, 0], [0.5, 0.5]]


@pytest.mark.parametrize("steps", [True, False])
def test_saving_keeps_every_bit(tmp_path, arrays, steps):
    if steps:
        frac = np.rint(np.mod(arrays.frac, 1) * 65535) / 65536
        arrays = StructureArrays(
            arrays.lattice, arrays.n_atoms, arrays.atomic_number, frac.astype(np.float32)
        )
    arrays.save(tmp_path / "crystals.npz")
    with np.load(tmp_path / "crystals.npz") as stored:
        assert stored["frac"].dtype == (np.uint16 if steps else np.float64)
        assert ("material_id" in stored) == (not steps)
    again = StructureArrays.load(tmp_path / "crystals.npz")
    for name in ("lattice", "n_atoms", "atomic_number", "frac", "offsets"):
        assert np.array_equal(getattr(again, name), getattr(arrays, name))
    assert (again.ids is None) == steps
    assert steps or again.ids.tolist() == ["a", "b", "c", "d"]


def test_a_file_has_just_the_name_that_was_given(tmp_path, arrays):
    arrays.save(tmp_path / "structures")
    assert [file.name for file in tmp_path.iterdir()] == ["structures"]
    assert_same(StructureArrays.load(tmp_path / "structures")[3], STRUCTURES[3])


def test_sixteen_bit_coordinates_are_decoded():
    frac = np.array([[0, 32768, 65535]], dtype=np.uint16)
    arrays = StructureArrays(np.eye(3)[None], [1], [3], frac)
    assert arrays.frac.dtype == np.float32
    assert arrays.frac.tolist() == [[0, 0.5, 65535 / 65536]]


def test_objects_are_not_loaded():
    stream = io.BytesIO()
    np.savez(stream, lattice=np.array([{}], dtype=object))
    stream.seek(0)
    with pytest.raises(ValueError, match="not a file of"):
        StructureArrays.load(stream)


def test_arrays_are_read_only_and_those_of_the_caller_are_not(arrays):
    given = {
        "lattice": np.eye(3)[None].copy(),
        "n_atoms": np.array([1]),
        "atomic_number": np.array([3], dtype=np.uint8),
        "frac": np.zeros((1, 3)),
    }
    other = StructureArrays(**given)
    with pytest.raises(ValueError, match="read-only"):
        other.lattice[0] = 0
    for name, array in given.items():
        array += 1
        assert np.array_equal(getattr(other, name), array - 1)
    for name in ("lattice", "n_atoms", "atomic_number", "frac", "offsets", "ids"):
        assert not getattr(arrays, name).flags.writeable


def test_size_and_repr(arrays):
    # 4 lattices of 72 bytes, 4 + 5 integers of 8, 12 sites of 1 + 24.
    assert arrays.nbytes == 4 * 72 + 9 * 8 + 12 * 25
    assert arrays.shape == (4,)
    assert repr(arrays) == "StructureArrays(4 structures, 12 sites)"


def test_they_can_be_pickled(arrays):
    again = pickle.loads(pickle.dumps(arrays))
    assert_same(again[2], STRUCTURES[2])
    assert not again.lattice.flags.writeable
    assert not again.ids.flags.writeable


def test_nothing_is_a_sequence_of_structures():
    empty = StructureArrays.from_structures([])
    assert len(empty) == 0
    assert list(empty) == []
    assert empty.group_ids().shape == (0,)


def test_bad_structures_are_all_reported():
    alloy = Structure(Lattice.cubic(4), [{"Fe": 0.5, "Ni": 0.5}], [[0, 0, 0]])
    dummy = Structure(Lattice.cubic(4), [DummySpecies("X")], [[0, 0, 0]])
    items = [STRUCTURES[0], alloy, "NaCl", dummy, Molecule(["H"], [[0, 0, 0]])]
    with pytest.raises(InvalidRowsError) as caught:
        StructureArrays.from_structures(items)
    assert caught.value.rows == [1, 2, 3, 4]
    message = str(caught.value)
    assert "partial occupancy" in message
    assert "'NaCl': str is not a pymatgen Structure" in message
    assert "dummy species" in message


def test_oxidation_states_are_left_out():
    ion = Structure(Lattice.cubic(4), [Species("Na", 1), Species("Cl", -1)], [[0] * 3, [0.5] * 3])
    assert StructureArrays.from_structures([ion])[0].formula == "Na1 Cl1"
    assert StructureArrays.from_structures([ion])[0].charge == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lattice": np.eye(3)}, r"lattice must have shape .*got \(3, 3\)"),
        (
            {"atomic_number": [1, 2]},
            r"atomic_number must have shape \(1,\).* got \(2,\)",
        ),
        ({"frac": np.zeros((1, 2))}, "frac must have shape"),
        ({"ids": ["a", "b"]}, "ids must have shape"),
        ({"atomic_number": [0]}, "between 1 and 118, got values from 0 to 0"),
        ({"atomic_number": np.array([259])}, "between 1 and 118, got values from 259"),
        ({"atomic_number": [3.7]}, "atomic_number must be integers"),
        ({"n_atoms": [1.9]}, "n_atoms must be integers"),
        ({"lattice": np.full((1, 3, 3), np.nan)}, r"lattice holds 9 numbers .* at \(0, 0, 0\)"),
        ({"frac": np.array([[0, np.inf, 0]])}, "frac holds 1 numbers that are not finite"),
        (
            {"n_atoms": [0], "atomic_number": [], "frac": np.zeros((0, 3))},
            "Structure 0 has 0 atoms",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, message):
    good = {
        "lattice": np.eye(3)[None],
        "n_atoms": [1],
        "atomic_number": [3],
        "frac": np.zeros((1, 3)),
    }
    with pytest.raises(InvalidInputError, match=message):
        StructureArrays(**{**good, **change})


def test_real_structures_have_pymatgens_formulas(data_home):
    arrays = StructureArrays.load(data_home / "structures" / "mp_structures_2025.npz")
    assert len(arrays) == 154_925
    assert arrays.nbytes < 100e6
    formulas = arrays.formulas(reduced=False)
    for row in range(0, len(arrays), 2_000):
        assert formulas[row] == arrays[row].composition.formula.replace(" ", "")


def test_files_that_are_none_are_refused(tmp_path):
    path = tmp_path / "x.npz"
    good = io.BytesIO()
    StructureArrays.from_structures([rock_salt()]).save(good)
    lacking, one, objects = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.savez(lacking, lattice=np.eye(3)[None], n_atoms=[1])
    np.save(one, np.eye(3))
    np.savez(objects, lattice=np.array([{}]), n_atoms=[1], atomic_number=[1], frac=[[0, 0, 0]])
    contents = {
        b"": "cannot be read",
        b"no npz": "cannot be read",
        b"PK\x03\x04 no zip": "cannot be read",
        good.getvalue()[:-40]: "cannot be read",
        good.getvalue()[:100] + b"\xff" * 60 + good.getvalue()[160:]: "",
        lacking.getvalue(): "it lacks the arrays atomic_number, frac",
        one.getvalue(): "it holds one array",
        objects.getvalue(): "cannot be read",
    }
    for content, words in contents.items():
        path.write_bytes(content)
        for file in (path, str(path), io.BytesIO(content)):
            with pytest.raises(
                InvalidInputError, match=r"not a file of StructureArrays\.save"
            ) as error:
                StructureArrays.load(file)
            assert words in str(error.value)
            assert "allow_pickle" not in str(error.value)
    with pytest.raises(FileNotFoundError):
        StructureArrays.load(tmp_path / "nowhere.npz")
