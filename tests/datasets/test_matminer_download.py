import io
import tarfile

import numpy as np
import pandas as pd
import pytest

from skmat.datasets import _files, _matminer_download, fetch_matminer
from skmat.datasets._matminer_download import fingerprint, is_structures, read_set, structures_path
from skmat.exceptions import DatasetCorruptedError
from skmat.structure import StructureArrays

POSCAR = "Cs1 Cl1\n1.0\n4 0 0\n0 4 0\n0 0 4\nCs Cl\n1 1\ndirect\n0 0 0 Cs\n0.5 0.5 -0.5 Cl\n"
LABELS = "material_id,formula_cell,eij_max,point_group,nsites,space_group,volume\n"
LABELS += "mp-1,ClCs,0.25,-43m,2.0,216.0,64.0\n"


@pytest.fixture
def sdist():
    """The sdist of matminer with one material in one set."""
    row = {"eij_max": 0.25, "nsites": 2.0, "poscar": POSCAR, "volume": 64.0, "material_id": "mp-1"}
    table = pd.DataFrame([{**row, "space_group": 216.0, "point_group": "-43m"}])
    content = ("# ref: de Jong\n" + table.to_csv(index_label="idx")).encode()
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        name = "matminer-0.4.2/matminer/datasets/piezoelectric_tensor.csv"
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def serve(sdist, monkeypatch):
    """Function that lets pip download the sdist, whose labels are known as `labels`."""

    def install(labels=LABELS):
        known = {"labels/matminer_piezoelectric_tensor_labels.csv.gz": labels.encode()}
        known = {path: _files._fingerprint(content) for path, content in known.items()}
        monkeypatch.setattr(_files, "manifest", lambda: known)
        monkeypatch.setattr(_matminer_download, "download_release", lambda *_: sdist)

    return install


def test_a_missing_set_is_downloaded_and_read_again(home, serve, snapshot, monkeypatch):
    serve()
    data = fetch_matminer("piezoelectric", data_home=home)
    assert data.target.tolist() == [[0.25]]
    assert data.data.formulas().tolist() == ["CsCl"]
    np.testing.assert_array_equal(data.data[0].frac_coords, [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert len(snapshot()) == 3  # two files, and the record of the structures
    monkeypatch.setattr(_matminer_download, "download_release", pytest.fail)
    assert fetch_matminer("piezoelectric", data_home=home).ids.tolist() == ["mp-1"]


def test_other_labels_are_refused(home, serve):
    serve(LABELS.replace("0.25", "0.26"))
    with pytest.raises(DatasetCorruptedError, match="unknown content"):
        fetch_matminer("piezoelectric", data_home=home)
    assert not home.exists()


def test_structures_are_known_by_their_atoms(sdist, monkeypatch):
    _, content = read_set(sdist, "piezoelectric_tensor")
    assert not is_structures("piezoelectric_tensor", content)
    assert not is_structures("piezoelectric_tensor", b"cut off")
    known = StructureArrays.load(io.BytesIO(content))
    monkeypatch.setitem(_matminer_download._ARRAYS, "piezoelectric_tensor", fingerprint(known))
    assert is_structures("piezoelectric_tensor", content)


@pytest.mark.parametrize("name", _matminer_download._COLUMNS)
def test_real_structures_have_the_known_fingerprint(data_home, name):
    assert is_structures(name, (data_home / structures_path(name)).read_bytes())
