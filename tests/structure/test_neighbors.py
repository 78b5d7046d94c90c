import itertools

import numpy as np
import pytest
from common.materials import bcc_iron, rock_salt, rutile, triclinic

from skmat.exceptions import InvalidInputError
from skmat.structure import nearest_neighbors
from skmat.structure._neighbors import TIE

CRYSTALS = [rock_salt(), rutile(), bcc_iron(), triclinic(0), triclinic(1, 11)]


def wrapped(structure):
    frac = structure.frac_coords - np.floor(structure.frac_coords)
    return structure.lattice.matrix.copy(), np.where(frac == 1.0, 0.0, frac)


def by_brute_force(lattice, frac, n_neighbors, cutoff, n_images=5):
    """Return the edges as a set, atom by atom and image by image."""
    images = np.array(list(itertools.product(range(-n_images, n_images + 1), repeat=3)))
    edges = set()
    for i in range(len(frac)):
        found = []
        for j in range(len(frac)):
            vectors = (frac[j] + images - frac[i]) @ lattice
            for image, length in zip(images, np.linalg.norm(vectors, axis=1), strict=True):
                if 1e-8 < length <= cutoff:
                    found.append((length, i, j, *map(int, image)))
        found.sort()
        if len(found) > n_neighbors:
            last = found[n_neighbors - 1][0] + TIE
            found = [edge for edge in found if edge[0] < last]
        edges |= {edge[1:] for edge in found}
    return edges


def edges_of(found):
    receivers, senders, shifts, _ = found
    return set(zip(receivers.tolist(), senders.tolist(), *shifts.T.tolist(), strict=True))


@pytest.mark.parametrize("backend", ["vesin", "pymatgen"])
@pytest.mark.parametrize("cutoff", [3.0, 6.5])
@pytest.mark.parametrize("structure", CRYSTALS, ids=lambda s: s.formula.replace(" ", ""))
def test_edges_are_those_of_a_search_through_all_images(structure, cutoff, backend):
    if backend == "vesin":
        pytest.importorskip("vesin")
    cell = wrapped(structure)
    found = nearest_neighbors(*cell, 12, cutoff, backend)
    expected = by_brute_force(*cell, 12, cutoff)
    assert edges_of(found) == expected
    assert len(found[0]) == len(expected)
    receivers, senders, shifts, distances = found
    vectors = (cell[1][senders] + shifts - cell[1][receivers]) @ cell[0]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), distances, rtol=1e-6)
    assert (np.diff(receivers) >= 0).all()


def test_a_shell_is_taken_whole():
    # 6 neighbours at a / 2, then 12 at a / sqrt(2): the twelfth is one of these.
    receivers, _, _, distances = nearest_neighbors(*wrapped(rock_salt()), 12, 8.0)
    assert (np.bincount(receivers) == 18).all()
    assert np.unique(distances.round(6)).tolist() == pytest.approx([2.82, 5.64 / 2**0.5])


def test_no_neighbour_is_invented():
    receivers, *_ = nearest_neighbors(*wrapped(rock_salt()), 12, 3.0)
    assert (np.bincount(receivers, minlength=8) == 6).all()
    lonely = nearest_neighbors(*wrapped(rock_salt(40.0)), 12, 8.0)
    assert all(len(part) == 0 for part in lonely)


def test_a_larger_radius_is_searched_where_the_first_was_too_small():
    # The nearest atoms are 6 Å apart.
    receivers, _, _, distances = nearest_neighbors(*wrapped(rock_salt(12.0)), 6, 8.0)
    assert (np.bincount(receivers) == 6).all()
    np.testing.assert_allclose(distances, 6.0)


def test_neighbours_just_at_the_cutoff_are_found_by_both():
    cubic = np.diag([4.0, 4.0, 4.0]), np.zeros((1, 3))
    for backend in ("pymatgen", "vesin"):
        if backend == "vesin":
            pytest.importorskip("vesin")
        assert len(nearest_neighbors(*cubic, 6, 4.0, backend)[0]) == 6
        assert len(nearest_neighbors(*cubic, 6, 3.99, backend)[0]) == 0


def test_unknown_backends_are_refused():
    with pytest.raises(InvalidInputError, match="vesn"):
        nearest_neighbors(*wrapped(rock_salt()), 12, 8.0, "vesn")


@pytest.mark.parametrize("lattice", [np.zeros((3, 3)), np.ones((3, 3)), np.diag([4.0, 4.0, 0.0])])
def test_lattice_vectors_in_one_plane_are_refused(lattice):
    with pytest.raises(InvalidInputError, match="lie in one plane"):
        nearest_neighbors(lattice, np.zeros((1, 3)), 12, 8.0)
