import gzip
import json
import sys

import numpy as np
import pytest
from common.materials import mixed_salt, rock_salt, rutile
from pymatgen.core import Lattice, Species, Structure

from skmat.cli import main as cli
from skmat.exceptions import InvalidStructureError
from skmat.structure import read_structures
from skmat.structure._read import parse_pymatgen

MODULE = "module_that_records_its_import"


@pytest.fixture
def record(tmp_path, monkeypatch):
    """Return a file that exists as soon as the module has been imported."""
    record = tmp_path / "imported"
    (tmp_path / f"{MODULE}.py").write_text(f"open({str(record)!r}, 'w').close()\nclass X: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield record
    sys.modules.pop(MODULE, None)


def hostile(structure):
    """Return dicts that ask for an import at each place that pymatgen decodes."""
    asks = {"@module": MODULE, "@class": "X"}
    places = [
        lambda d: d["sites"][0].__setitem__("properties", {"a": asks}),
        lambda d: d["sites"][0].__setitem__("properties", {"a": [[asks]]}),
        lambda d: d["sites"][0].__setitem__("properties", asks),
        lambda d: d["sites"][0]["species"][0].update(properties={"spin": asks}),
        lambda d: d["sites"][0]["species"][0].update(asks),
        lambda d: d.__setitem__("properties", {"a": asks}),
        lambda d: d.update(asks),
        lambda d: d["lattice"].update(asks),
        lambda d: d["lattice"].update(fmt="abivars", **asks),
        lambda d: d["sites"][0].update(asks),
    ]
    dicts = []
    for change in places:
        dicts.append(json.loads(json.dumps(structure.as_dict())))
        change(dicts[-1])
    return dicts


def test_dicts_import_nothing(record):
    dicts = hostile(rutile())
    structures, valid = read_structures(dicts, on_invalid="nan")
    assert valid.all()
    assert set(structures.formulas()) == {"TiO2"}
    assert not record.exists()


@pytest.mark.parametrize("suffix", ["json", "mson", "yaml", "yml"])
def test_files_import_nothing(tmp_path, record, suffix):
    paths = []
    for number, each in enumerate(hostile(rutile())):
        paths.append(tmp_path / f"{number}.{suffix}")
        paths[-1].write_text(json.dumps(each))  # which is YAML too
    structures, _ = read_structures(paths)
    assert set(structures.formulas()) == {"TiO2"}
    assert not record.exists()


def test_the_command_line_imports_nothing(tmp_path, record, capsys):
    path = tmp_path / "x.json"
    path.write_text(json.dumps(hostile(rutile())[0]))
    output = str(tmp_path / "out.csv")
    code = cli.main(
        ["embed", "--structures", str(path), "--pretrained", "cgcnn-mp-ssl", "--output", output]
    )
    assert code == 0, capsys.readouterr().err
    assert not record.exists()


def test_ions_charges_and_plain_properties_of_dicts_are_kept():
    ions = [Species("Fe", 2, spin=4), Species("O", -2)]
    structure = Structure(Lattice.cubic(4), ions, [[0] * 3, [0.5] * 3], charge=0)
    structure.add_site_property("magmom", [4.0, 0.0])
    structure.add_site_property("force", [[0.0, 0, 1], [0, 0, -1.0]])
    read, problems, _ = parse_pymatgen([structure.as_dict()], "raise")
    assert not problems
    assert read[0] == structure
    assert read[0].charge == 0
    assert read[0].site_properties == structure.site_properties
    assert [site.label for site in read[0]] == [site.label for site in structure]


def test_what_lacks_a_part_is_refused():
    good = rutile().as_dict()
    bad = {
        "it lacks 'sites'": {"lattice": good["lattice"]},
        "it lacks 'lattice'": {"structure": good},
        "cannot be read as a dict of pymatgen": {**good, "sites": [{"abc": [0, 0, 0]}]},
        "": {**good, "lattice": 3},
    }
    with pytest.raises(InvalidStructureError) as error:
        read_structures(bad.values())
    for words, (_, _, reason) in zip(bad, error.value.problems, strict=True):
        assert words in reason


def test_json_that_holds_no_dict_is_refused(tmp_path):
    path = tmp_path / "x.json"
    for text in ("[1, 2]", "3", "{", "[" * 5000):
        path.write_text(text)
        with pytest.raises(InvalidStructureError, match="cannot be read as a CIF or POSCAR file"):
            read_structures([path])


def test_compressed_files_are_read_and_not_without_end(tmp_path):
    path = tmp_path / "salt.cif.gz"
    path.write_bytes(gzip.compress(rock_salt().to(fmt="cif").encode()))
    structures, _ = read_structures([path])
    assert structures.n_atoms.tolist() == [8]
    path.write_bytes(gzip.compress(b"\n" * (65 * 2**20), compresslevel=1))
    with pytest.raises(InvalidStructureError, match="larger than 64 MB"):
        read_structures([path])


@pytest.mark.parametrize("name", ["x.cif", "X.CIF", "POSCAR_1", "x.vasp", "x.json", "x.yaml"])
def test_the_name_tells_the_form(tmp_path, name):
    form = "cif" if "cif" in name.lower() else name.partition(".")[2]
    form = form if form in ("cif", "json", "yaml") else "poscar"
    path = tmp_path / name
    path.write_text(mixed_salt(0.5).to(fmt=form) if form == "cif" else rock_salt().to(fmt=form))
    structures, _ = read_structures([path], disorder="average")
    assert structures.n_atoms.tolist() == [8]
    np.testing.assert_allclose(structures.lattice[0], 5.64 * np.eye(3), atol=1e-6)
