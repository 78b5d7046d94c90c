"""Structures as files, as text and as JSON."""

import json
import os
import shutil

import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Lattice, Structure
from sklearn.utils import Bunch

from skmat import CGCNNRegressor, MTEncoderRegressor
from skmat.exceptions import InvalidInputError
from skmat.screening import Predictor, merge_parts, predict_stream
from skmat.screening._digest import digest_of


def salt(cation, anion, a):
    return Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(a), [cation, anion], [[0, 0, 0], [0.5, 0.5, 0.5]]
    ).get_primitive_structure()


SALTS = {
    "NaCl": salt("Na", "Cl", 5.64),
    "KCl": salt("K", "Cl", 6.29),
    "LiF": salt("Li", "F", 4.03),
    "MgO": salt("Mg", "O", 4.21),
    "NaBr": salt("Na", "Br", 5.97),
}


@pytest.fixture(scope="module")
def model():
    model = CGCNNRegressor(pretrained=None, preset="tiny", max_epochs=1, random_state=0)
    return model.fit(list(SALTS.values()), [8.5, 8.4, 13.6, 7.8, 7.1])


@pytest.fixture
def cifs(tmp_path):
    """A folder of five structures and of two files that cannot be read."""
    folder = tmp_path / "cifs"
    folder.mkdir()
    for name, structure in SALTS.items():
        file = f"{name}.cif" if name != "MgO" else "POSCAR_MgO"
        structure.to(filename=str(folder / file), fmt="poscar" if name == "MgO" else "cif")
    (folder / "empty.cif").write_text("")
    mixed = Structure(Lattice.cubic(3), [{"Na": 0.5, "K": 0.5}], [[0, 0, 0]])
    mixed.to(filename=str(folder / "mixed.cif"))
    (folder / "notes.txt").write_text("not a structure")
    return folder


NAMES = ["KCl.cif", "LiF.cif", "NaBr.cif", "NaCl.cif", "POSCAR_MgO", "empty.cif", "mixed.cif"]


def stream(model, source, sink, **settings):
    done = predict_stream(model, source, sink, chunk_size=2, verbose=0, **settings)
    path = sink.with_name(f"{sink.name}.csv")
    merge_parts(sink, path)
    return done, pd.read_csv(path, float_precision="round_trip")


def test_a_folder_of_files_is_one_row_per_file(model, cifs, tmp_path):
    done, found = stream(model, cifs, tmp_path / "out")
    assert (done.n_rows, done.n_bad) == (7, 2)
    assert list(found) == ["file", "y_predicted"]
    assert found["file"].tolist() == NAMES
    expected = model.predict([str(cifs / name) for name in NAMES[:5]])
    np.testing.assert_allclose(found["y_predicted"][:5], expected, rtol=1e-4)
    assert found["y_predicted"][5:].isna().all()
    bad = pd.concat(pd.read_csv(path) for path in sorted((tmp_path / "out").glob("bad-*")))
    assert bad["row"].tolist() == [5, 6]
    assert bad["value"].tolist() == ["empty.cif", "mixed.cif"]
    assert "cannot be read as a CIF" in bad["reason"].iat[0]


def test_patterns_lists_and_processes_give_the_same(model, cifs, tmp_path):
    texts = set()
    sources = {
        "pattern": f"{cifs}/*.cif",
        "list": sorted(cifs.glob("*.cif")),
        "processes": f"{cifs}/*.cif",
    }
    for name, source in sources.items():
        n_jobs = 2 if name == "processes" else None
        stream(model, source, tmp_path / name, n_jobs=n_jobs)
        texts.add((tmp_path / f"{name}.csv").read_bytes())
    assert len(texts) == 1


def test_names_are_relative_to_the_folder_that_holds_all(model, cifs, tmp_path):
    for name in ("a", "b"):
        (tmp_path / "tree" / name).mkdir(parents=True)
        shutil.copy(cifs / "NaCl.cif", tmp_path / "tree" / name / "x.cif")
    _, found = stream(model, f"{tmp_path}/tree/**/*.cif", tmp_path / "out")
    assert found["file"].tolist() == ["a/x.cif", "b/x.cif"]
    assert found["y_predicted"].nunique() == 1


def test_a_stream_of_files_continues_unless_they_changed(model, cifs, tmp_path):
    sink = tmp_path / "out"
    _, expected = stream(model, cifs, sink)
    sorted(sink.glob("part-*"))[1].unlink()
    done, found = stream(model, cifs, sink)
    assert (done.n_rows, done.n_skipped) == (2, 5)
    pd.testing.assert_frame_equal(found, expected)
    (cifs / "NaCl.cif").write_text("another")
    with pytest.raises(InvalidInputError, match="files was"):
        stream(model, cifs, sink)


def test_files_need_a_model_of_structures_and_one_type(model, cifs, tmp_path):
    formulas = MTEncoderRegressor(pretrained=None, preset="tiny", max_epochs=1)
    formulas.fit(list(SALTS), np.arange(5.0))
    with pytest.raises(InvalidInputError, match="MTEncoderRegressor, reads formulas"):
        stream(formulas, cifs, tmp_path / "out")
    (cifs / "labels.csv").write_text("structure\nNaCl.cif\n")
    with pytest.raises(InvalidInputError, match="structure files and tables of text"):
        stream(model, cifs, tmp_path / "out")
    with pytest.raises(InvalidInputError, match="no column 'y'"):
        stream(model, f"{cifs}/*.cif", tmp_path / "out", columns=["y"])


def test_text_and_json_of_parquet_are_structures(model, tmp_path):
    texts = [structure.to(fmt="cif") for structure in SALTS.values()]
    windows = [text.replace("\n", "\r\n") for text in texts]
    dicts = [json.dumps(structure.as_dict()) for structure in SALTS.values()]
    expected = model.predict(list(SALTS.values()))
    for name, cells in {"cif": texts, "windows": windows, "json": dicts}.items():
        table = tmp_path / f"{name}.parquet"
        pd.DataFrame({"structure": [*cells, "{}", None]}).to_parquet(table)
        done, found = stream(model, table, tmp_path / name)
        assert done.n_bad == 2
        np.testing.assert_allclose(found["y_predicted"][:5], expected, rtol=1e-4)
        # All parts are done, and hold the materials of the source.
        assert stream(model, table, tmp_path / name)[0].n_skipped == 7


def test_paths_of_a_table_are_relative_to_its_folder(model, cifs, tmp_path):
    (cifs / "table.csv").write_text("structure\nNaCl.cif\nempty.cif\nmissing.cif\n")
    done, found = stream(model, cifs / "table.csv", tmp_path / "out")
    assert (done.n_rows, done.n_bad) == (3, 2)
    expected = model.predict([str(cifs / "NaCl.cif")])
    np.testing.assert_allclose(found["y_predicted"][:1], expected, rtol=1e-4)
    assert found["structure"].tolist() == ["NaCl.cif", "empty.cif", "missing.cif"]
    bad = pd.concat(pd.read_csv(path) for path in sorted((tmp_path / "out").glob("bad-*")))
    assert bad["value"].tolist() == ["empty.cif", "missing.cif"]


def test_an_iterable_of_dicts_of_structures_is_one_of_materials(model, tmp_path):
    dicts = (structure.as_dict() for structure in SALTS.values())
    _, found = stream(model, dicts, tmp_path / "out")
    expected = model.predict(list(SALTS.values()))
    np.testing.assert_allclose(found["y_predicted"], expected, rtol=1e-4)


def test_structures_are_read_once(model, monkeypatch):
    read = []
    from skmat.structure import _read

    original = _read.structure_from_text
    monkeypatch.setattr(
        _read, "structure_from_text", lambda *given: read.append(given) or original(*given)
    )
    texts = [*(structure.to(fmt="cif") for structure in SALTS.values()), "data_\nnothing"]
    _, problems = Predictor(model).columns(pd.DataFrame({"structure": texts}))
    assert len(problems) == 1
    assert len(read) == len(texts)


def test_a_structure_that_changes_is_another_one(model, cifs, tmp_path):
    predict_stream(model, cifs, tmp_path / "out", chunk_size=2, verbose=0)
    assert predict_stream(model, cifs, tmp_path / "out", chunk_size=2, verbose=0).n_skipped == 7
    path = cifs / "NaCl.cif"
    os.utime(path, (1, 1))
    assert predict_stream(model, cifs, tmp_path / "out", chunk_size=2, verbose=0).n_skipped == 7
    text = path.read_text()
    path.write_text(text.replace("Na", "Ag"))
    assert path.stat().st_size == len(text)
    with pytest.raises(InvalidInputError, match="structures or files have changed"):
        predict_stream(model, cifs, tmp_path / "out", chunk_size=2, verbose=0)


def test_paths_in_a_table_are_followed_too(model, cifs, tmp_path):
    table = cifs / "table.csv"
    table.write_text("structure\nNaCl.cif\nKCl.cif\n")
    predict_stream(model, table, tmp_path / "out", verbose=0)
    paths = [str(cifs / "NaCl.cif"), str(cifs / "KCl.cif")]
    predict_stream(model, paths, tmp_path / "two", verbose=0)
    (cifs / "KCl.cif").write_text((cifs / "NaCl.cif").read_text())
    for source, sink in ((table, "out"), (paths, "two")):
        with pytest.raises(InvalidInputError, match="structures or files have changed"):
            predict_stream(model, source, tmp_path / sink, verbose=0)


@pytest.mark.parametrize("form", ["Structure", "dict", "Atoms"])
def test_another_structure_of_one_composition_is_another_one(model, tmp_path, form):
    def given(a):
        structure = salt("Na", "Cl", a)
        if form == "Atoms":
            pytest.importorskip("ase", reason="ASE is not installed")
            return structure.to_ase_atoms()
        return structure.as_dict() if form == "dict" else structure

    predict_stream(model, [given(5.64)], tmp_path / "out", verbose=0)
    assert predict_stream(model, [given(5.64)], tmp_path / "out", verbose=0).n_skipped == 1
    with pytest.raises(InvalidInputError, match=r"have changed|and is now"):
        predict_stream(model, [given(5.7)], tmp_path / "out", verbose=0)


def test_structures_of_one_composition_are_no_repetitions(model, tmp_path):
    given = [SALTS["NaCl"], SALTS["NaCl"].copy(), SALTS["KCl"]]
    done = predict_stream(model, given, tmp_path / "out", top=3, by="y", verbose=0)
    assert done.best["structure"].value_counts().to_dict() == {"Cl1 Na1": 2, "Cl1 K1": 1}


def test_a_structure_that_becomes_periodic_is_another_one(model, tmp_path):
    salt = SALTS["NaCl"]
    slab = Structure(
        Lattice(salt.lattice.matrix, pbc=(True, True, False)), salt.species, [[0] * 3, [0.5] * 3]
    )
    whole = Structure(slab.lattice.matrix, slab.species, slab.frac_coords)
    assert predict_stream(model, [slab], tmp_path / "out", verbose=0).n_bad == 1
    with pytest.raises(InvalidInputError, match="structures or files have changed"):
        predict_stream(model, [whole], tmp_path / "out", verbose=0)


class Atoms:
    """As much of ASE's class as is read: a salt with one cation and one anion."""

    def __init__(self, pbc=(True, True, True), info=None, **arrays):
        self.cell, self.pbc = Lattice.cubic(4.0).matrix, np.array(pbc)
        self.numbers, self.info = np.array([11, 17]), info or {}
        self.arrays = {name: np.array(each) for name, each in arrays.items()}

    def get_cell(self):
        return Bunch(array=self.cell)

    def get_positions(self):
        return self.get_scaled_positions() @ self.cell

    def get_atomic_numbers(self):
        return self.numbers

    def get_scaled_positions(self, wrap=True):
        return np.array([[0, 0, 0], [0.5, 0.5, 0.5]])


def test_atoms_differ_by_their_periodicity_and_occupancies():
    half = {"occupancy": {"0": {"Na": 0.5}, "1": {"Cl": 1.0}}}
    mixed = {"occupancy": {"0": {"Na": 0.5, "K": 0.5}, "1": {"Cl": 1.0}}}
    different = [
        Atoms(),
        Atoms(pbc=[True, True, False]),
        Atoms(pbc=[False, False, False]),
        Atoms(occupancy=[0.5, 1.0]),
        Atoms(occupancy=[0.7, 1.0]),
        Atoms(info=half),  # does not tell which atoms
        Atoms(info=mixed, spacegroup_kinds=[0, 1]),
    ]
    assert len({digest_of([each]) for each in different}) == len(different)
    full = {"occupancy": {"0": {"Na": 1.0}, "1": {"Cl": 1.0}}}
    plain = [
        Atoms(occupancy=[1.0, 1.0]),
        Atoms(info=full),
        Atoms(info=full, spacegroup_kinds=[0, 1]),
        Atoms(info={"spacegroup": 225}),
    ]
    assert {digest_of([each]) for each in plain} == {digest_of([Atoms()])}
    # Parts on disks hold this digest. A stream with another one would not continue them.
    assert digest_of([Atoms()])[:16] == "dc0f35d4396d36af"
