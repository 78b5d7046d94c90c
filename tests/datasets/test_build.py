import gzip
import json

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from skmat.datasets import (
    _build,
    _jarvis,
    _sources,
    build_dataset,
    fetch_formulas,
    fetch_jarvis,
    fetch_mp,
    fetch_perovskites,
)
from skmat.exceptions import (
    DatasetCorruptedError,
    DatasetNotFoundError,
    InvalidInputError,
    OwnBuildWarning,
)

own_build = pytest.mark.filterwarnings("ignore::skmat.exceptions.OwnBuildWarning")
ROCK_SALT = Structure(Lattice.cubic(4), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, -0.5]])


@pytest.fixture
def perov_5(tmp_path):
    """The folder of CDVAE, with one material per file."""
    folder = tmp_path / "perov_5"
    folder.mkdir()
    cif = ROCK_SALT.to(fmt="cif").replace('"', '""')
    for number, split in enumerate(("train", "val", "test"), start=1):
        (folder / f"{split}.csv").write_text(
            ",material_id,cif,formula,heat_all,heat_ref,dir_gap,ind_gap\n"
            f'0,{number},"{cif}",ClNa,0.{number},2.62,0.0,1.5\n'
        )
    return folder


@pytest.fixture
def cross_property(tmp_path):
    """The folder of CrossPropertyTL, with two materials per file."""
    folder = tmp_path / "data"
    for name in _jarvis.UNITS:
        (folder / name).mkdir(parents=True)
        for part, rows in (("training", "0,NaAuO2,13.5\n1,NaN,1\n"), ("test", "0,NaAuO2,16.5\n")):
            file = folder / name / f"{name}_{part}_set.csv"
            file.write_text(f",pretty_comp,{name}\n{rows}")
    (folder / "slme" / "slme_test_set.csv").write_text(",pretty_comp,slme\n0,2-Feb,3.0\n")
    # What the repository has in addition.
    (folder / "sample").mkdir()
    (folder / "sample" / "sample_validation_set.csv").write_text("H,He,slme\n0.5,0.5,1\n")
    return folder


@pytest.fixture
def summaries(tmp_path):
    """A file of what the client of the Materials Project returns for two materials."""
    fields = dict.fromkeys([*_build._MP_FIELDS, *_build._MP_MODULI])
    first = {
        **fields,
        "material_id": "mp-1",
        "structure": ROCK_SALT.as_dict(),
        "formation_energy_per_atom": -2.0,
        "band_gap": 5.0,
        "bulk_modulus": {"voigt": 26.0, "reuss": 24.0, "vrh": 25.0},
        "shear_modulus": {"voigt": 16.0, "reuss": 14.0, "vrh": 15.0},
        "homogeneous_poisson": 0.25,
    }
    # The server leaves out fields without a value.
    second = {"material_id": "mp-2", "structure": ROCK_SALT.as_dict(), "band_gap": 0.0}
    file = tmp_path / "mp.json.gz"
    file.write_bytes(gzip.compress(json.dumps([first, second]).encode()))
    return file


@own_build
def test_perovskites(home, perov_5, snapshot):
    build_dataset("perovskites", perov_5, data_home=home)
    data = fetch_perovskites(data_home=home)
    assert data.ids.tolist() == ["1", "2", "3"]
    assert data.split.tolist() == ["train", "val", "test"]
    assert data.target.tolist() == [[0.1, 2.62, 0, 1.5], [0.2, 2.62, 0, 1.5], [0.3, 2.62, 0, 1.5]]
    assert data.matbench_ids.tolist() == [None] * 3
    np.testing.assert_allclose(data.data[0].frac_coords, [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert len(snapshot()) == 4  # two files, each with its record


@own_build
def test_jarvis_joins_the_parts_averages_polymorphs_and_drops_dates(home, cross_property):
    build_dataset("jarvis", cross_property, data_home=home)
    data = fetch_jarvis(data_home=home, as_frame=True)
    assert data.frame["formula"].tolist() == ["NaAuO2", "NaN"]
    assert data.target["ehull"].tolist() == [15.0, 1.0]
    assert data.target["slme"].tolist() == [13.5, 1.0]


@own_build
def test_mp(home, summaries):
    build_dataset("mp", summaries, data_home=home)
    data = fetch_mp(data_home=home, version="own", as_frame=True)
    assert data.ids.tolist() == ["mp-1", "mp-2"]
    assert data.target["e_form"].iloc[0] == -2.0
    assert data.target["gap"].tolist() == [5.0, 0.0]
    assert data.target[["K_VRH", "G_VRH", "poisson_ratio"]].iloc[0].tolist() == [25.0, 15.0, 0.25]
    assert data.target.iloc[1].notna().sum() == 1
    assert data.licence == _sources.MP_BUILD.licence
    volumes = fetch_mp(data_home=home, targets="volume_pa", version="own").target
    np.testing.assert_allclose(volumes, 32)
    for missing in (
        {"version": "2020"},
        # These labels have one version, but it is not that of 2020.
        {"targets": "volume_pa"},
        {"version": "own", "subset": "mt-cgcnn"},
    ):
        with pytest.raises(InvalidInputError, match=r"has no columns .* versions are \['own'\]"):
            fetch_mp(data_home=home, **missing)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            {"structure": None},
            r"material_id 'mp-2', .* has structure=None, .*leave the summary out",
        ),
        ({"structure": {"sites": []}}, r"material_id 'mp-2', .* has structure=\{'sites': \[\]\}"),
        ({"material_id": None}, r"material_id None, .* has no material_id"),
        ({"material_id": "mp-1"}, r"material_id 'mp-1', .* repeats row 0"),
    ],
)
def test_a_bad_summary_is_named(home, summaries, change, fault):
    first, second = json.loads(gzip.decompress(summaries.read_bytes()))
    without = {key: value for key, value in second.items() if key not in change}
    bad = [{**second, **change}] + [without] * (None in change.values())
    for each in bad:
        summaries.write_bytes(gzip.compress(json.dumps([first, each]).encode()))
        with pytest.raises(InvalidInputError, match=rf"Row 1 of {summaries} \({fault}"):
            build_dataset("mp", summaries, data_home=home)
    assert not home.exists()


@own_build
def test_formulas_hold_those_of_an_own_build(home, summaries, monkeypatch):
    monkeypatch.setattr(_build, "_FORMULA_SOURCES", {"mp": _build._FORMULA_SOURCES["mp"]})
    build_dataset("mp", summaries, data_home=home)
    build_dataset("formulas", data_home=home)
    assert fetch_formulas(data_home=home).data.tolist() == ["NaCl"]


@own_build
def test_formulas_are_those_of_the_other_sets(home, cross_property, monkeypatch):
    def missing(data_home):
        raise DatasetNotFoundError("not there")

    sources = {
        "oqmd": lambda data_home: np.array(["TiO2", "NaN", "TiO2"], dtype=object),
        "aflow": lambda data_home: np.array(["Ti2O4", "Ag"], dtype=object),
        "jarvis": _build._FORMULA_SOURCES["jarvis"],
        "mp": missing,
    }
    monkeypatch.setattr(_build, "_FORMULA_SOURCES", sources)
    build_dataset("jarvis", cross_property, data_home=home)
    build_dataset("formulas", data_home=home)
    data = fetch_formulas(data_home=home)
    assert data.data.tolist() == ["Ag", "NaAuO2", "NaN", "TiO2"]
    assert data.sources.tolist() == ["aflow", "jarvis", "jarvis|oqmd", "aflow|oqmd"]


def test_an_own_build_is_announced_and_damage_to_it_is_found(home, cross_property):
    (file,) = build_dataset("jarvis", cross_property, data_home=home)
    with pytest.warns(OwnBuildWarning, match=f"{file} was built from {cross_property}"):
        fetch_jarvis(data_home=home)
    content = gzip.decompress(file.read_bytes())
    file.write_bytes(gzip.compress(content.replace(b"15.0", b"15.1")))
    with pytest.raises(DatasetCorruptedError, match="SHA-256"):
        fetch_jarvis(data_home=home)
    file.write_bytes(gzip.compress(content[:-5]))
    with pytest.raises(DatasetCorruptedError, match="cut off"):
        fetch_jarvis(data_home=home)


def test_a_build_that_equals_the_known_file_is_the_known_file(
    home, cross_property, put_file, recwarn
):
    (file,) = build_dataset("jarvis", cross_property, data_home=home)
    put_file(_jarvis.PATH, gzip.decompress(file.read_bytes()))
    fetch_jarvis(data_home=home)
    assert not recwarn.list


def test_what_cannot_be_built_is_said(home, tmp_path, perov_5, cross_property, summaries):
    with pytest.raises(InvalidInputError, match="name must be one of"):
        build_dataset("oqmd", tmp_path)
    with pytest.raises(InvalidInputError, match="must be a path for 'mp'"):
        build_dataset("mp", data_home=home)
    with pytest.raises(InvalidInputError, match="must be None for 'formulas'"):
        build_dataset("formulas", tmp_path, data_home=home)
    with pytest.raises(DatasetNotFoundError, match=r"train\.csv is missing"):
        build_dataset("perovskites", tmp_path, data_home=home)
    text = (perov_5 / "val.csv").read_text()
    for split in ("train", "val", "test"):
        (perov_5 / f"{split}.csv").write_text(text.replace("heat_all", "heat"))
    with pytest.raises(InvalidInputError, match=r"no columns \['heat_all'\]"):
        build_dataset("perovskites", perov_5, data_home=home)
    (cross_property / "ehull" / "ehull_test_set.csv").unlink()
    with pytest.raises(InvalidInputError, match=r"does not have both of \['ehull'\]"):
        build_dataset("jarvis", cross_property, data_home=home)
    content = summaries.read_bytes()
    summaries.write_bytes(content[: len(content) // 2])
    with pytest.raises(InvalidInputError, match="was cut off"):
        build_dataset("mp", summaries, data_home=home)
    summaries.write_bytes(gzip.compress(b'[{"material_id": "mp-1"}]'))
    with pytest.raises(InvalidInputError, match=r"the field\(s\) band_gap, .*, structure\."):
        build_dataset("mp", summaries, data_home=home)
    assert not home.exists()


def test_nothing_is_overwritten(home, cross_property):
    build_dataset("jarvis", cross_property, data_home=home)
    with pytest.raises(InvalidInputError, match="would be overwritten"):
        build_dataset("jarvis", cross_property, data_home=home)
