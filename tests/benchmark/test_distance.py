import json

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from skmat.benchmark import _distance, dataset_distance
from skmat.composition import read_compositions
from skmat.exceptions import DatasetNotFoundError, InvalidInputError

FORMULAS = ["CaTiO3", "SrTiO3", "NaCl", "LiFePO4", "Cu", "Bi2Te3", "YBa2Cu3O7", "Ca(OH)2"]


@pytest.fixture
def no_elmd(tmp_path, monkeypatch):
    """Hide an installed ElMD; gives the folder where a made-up one would be found."""
    folder = tmp_path / "ElMD"
    spec = type("Spec", (), {"submodule_search_locations": [str(folder)]})
    monkeypatch.setattr(_distance, "find_spec", lambda _: spec if folder.is_dir() else None)
    _distance._places.cache_clear()
    yield folder
    _distance._places.cache_clear()


@pytest.fixture
def scale(no_elmd):
    """A made-up scale, on which an element stands at its atomic number less one."""
    from skmat.composition._formula import ATOMIC_NUMBERS

    places = {symbol: z - 1 for symbol, z in ATOMIC_NUMBERS.items() if z <= 103}
    file = no_elmd / "el_lookup" / "mod_petti.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({**places, "Rf": 0, "Uue": 0}))
    return places


def distance(a, b, **settings):
    return dataset_distance(a, b, **{"n_samples": 20, "n_draws": 2, **settings})


def test_two_compositions(scale):
    # One atom of five moves from place 20 to 38.
    result = distance(["CaTiO3"], ["SrTiO3"])
    assert result.index.tolist() == ["distance", "standard_error", "floor"]
    assert result["distance"] == pytest.approx(18 / 5)
    assert result["standard_error"] == pytest.approx(0)
    assert result["floor"] == 0


@pytest.mark.parametrize("a", FORMULAS)
def test_the_closed_form_is_the_transport_along_the_scale(scale, a):
    arrays = read_compositions([a, *FORMULAS])
    places, weights = arrays.atomic_numbers - 1.0, arrays.fractions
    for row, b in enumerate(FORMULAS, start=1):
        expected = wasserstein_distance(
            places[0][weights[0] > 0],
            places[row][weights[row] > 0],
            weights[0][weights[0] > 0],
            weights[row][weights[row] > 0],
        )
        assert distance([a], [b], n_samples=1)["distance"] == pytest.approx(expected, abs=1e-12)


def test_materials_are_matched_at_the_lowest_cost(scale):
    """Each of `b` is one place from one of `a`, and many from the others."""
    a = _distance._cumulative(read_compositions(["H", "Ne", "Ca"]))
    b = _distance._cumulative(read_compositions(["Na", "Sc", "He"]))
    assert _distance._transport_cost(a, b) == pytest.approx(1)


def test_elements_alone_are_an_earth_movers_distance_of_their_own(scale):
    rng = np.random.default_rng(0)
    a, b = rng.integers(1, 100, size=(2, 50))
    cost = _distance._transport_cost(
        *(
            _distance._cumulative(read_compositions([list(scale)[z - 1] for z in numbers]))
            for numbers in (a, b)
        )
    )
    assert cost == pytest.approx(wasserstein_distance(a, b))


def test_a_data_set_is_at_the_floor_of_itself_and_above_it_of_another(scale):
    a, b = FORMULAS[:4], FORMULAS[4:]
    same = distance(a, a, n_samples=200, n_draws=10)
    other = distance(a, b, n_samples=200, n_draws=10)
    assert same["distance"] == pytest.approx(same["floor"], rel=0.5)
    assert 0 < same["standard_error"] < same["distance"]
    assert other["distance"] > 5 * other["floor"]


def test_sizes_may_differ_and_repeated_rows_weigh(scale):
    # Half of the atoms of the larger set are one place away.
    result = distance(["H"], ["H", "He"] * 500, n_samples=2000)
    assert result["distance"] == pytest.approx(0.5, abs=0.05)
    result = distance(["H"], ["H"] * 9 + ["He"], n_samples=2000)
    assert result["distance"] == pytest.approx(0.1, abs=0.03)


def test_the_seed_decides(scale):
    a, b = FORMULAS[:5], FORMULAS[3:]
    assert distance(a, b).equals(distance(read_compositions(a), b, random_state=0))
    assert not distance(a, b).equals(distance(a, b, random_state=1))


def test_elements_that_are_not_on_the_scale_are_refused(scale):
    with pytest.raises(InvalidInputError, match=r"`b` holds .* \[104, 118\]"):
        distance(["TiO2"], ["RfO2", "Og", "TiO2"])


@pytest.mark.parametrize("settings", [{"n_samples": 0}, {"n_draws": 1}])
def test_too_few_samples_are_refused(settings):
    with pytest.raises(
        InvalidInputError, match="n_samples must be at least 1 and n_draws at least 2"
    ):
        distance(["TiO2"], ["TiO2"], **settings)


def test_without_the_package(no_elmd):
    with pytest.raises(DatasetNotFoundError, match=r"pip install skmat\[distance\]"):
        distance(["TiO2"], ["TiO2"])


def test_without_the_file_of_the_package(no_elmd):
    no_elmd.mkdir()
    with pytest.raises(DatasetNotFoundError, match=r"lacks el_lookup/mod_petti\.json"):
        distance(["TiO2"], ["TiO2"])


def test_the_scale_of_the_package():
    if _distance.find_spec("ElMD") is None:
        pytest.skip("install ElMD to run this test")
    # Published: 0.2, and 0.5.
    assert distance(["CaTiO3"], ["SrTiO3"])["distance"] == pytest.approx(0.2)
    assert distance(["NaCl"], ["LiCl"])["distance"] == pytest.approx(0.5)
    places = _distance._places()
    assert sorted(places[1:104]) == list(range(103))


def test_numbers_of_the_package():
    reason = "ElMD needs to be importable, which setuptools 82 or newer prevents"
    elmd = pytest.importorskip("ElMD", exc_type=ImportError, reason=reason)
    for a in FORMULAS:
        for b in FORMULAS:
            expected = elmd.ElMD(a).elmd(elmd.ElMD(b))
            assert distance([a], [b], n_samples=1)["distance"] == pytest.approx(expected)
