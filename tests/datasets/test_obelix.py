import io
import tarfile

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from skmat.datasets import _files, fetch_obelix
from skmat.datasets._obelix_download import CIFS_PATH, TABLE_PATH
from skmat.exceptions import DatasetNotFoundError, InvalidInputError

ROWS = [
    "ID,Reduced Composition,True Composition,Ionic conductivity (S cm-1),"
    "Space group,Space group #,Family,DOI,split",
    "aaa,Li7BiO6,Li7.0Bi1.0O6.0,1e-06,P -1,2,garnet,10.1/a,train",
    "bbb,Li3(OH)*(H2O)18,Li3.0H37.0O19.0,<1E-10,C2/m ,12,,10.1/b,test",
    "ccc,Li14Bi2O12,Li7.0Bi1.0O6.0,0.01,Ia-3d,230,garnet,10.1/c,test",
]
TABLE = "\n".join(ROWS) + "\n"


@pytest.fixture
def obelix(put_table):
    put_table(TABLE_PATH, TABLE)


@pytest.fixture
def cifs(home, monkeypatch):
    """Archive with the structures of two entries."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, species in {"ccc": {"Li": 0.5, "Na": 0.5}, "aaa": "Li"}.items():
            cif = Structure(Lattice.cubic(4), [species], [[0, 0, 0]]).to(fmt="cif").encode()
            member = tarfile.TarInfo(f"all_randomized_cifs/{name}.cif")
            member.size = len(cif)
            archive.addfile(member, io.BytesIO(cif))
    known = {**_files.manifest(), CIFS_PATH: _files._fingerprint(stream.getvalue())}
    monkeypatch.setattr(_files, "manifest", lambda: known)
    _files.write_file(home, CIFS_PATH, stream.getvalue())


def test_bunch(home, obelix):
    data = fetch_obelix(data_home=home)
    assert data.data.tolist() == ["Li7BiO6", "Li3.0H37.0O19.0", "Li14Bi2O12"]
    assert data.target.tolist() == [-6, -10, -2]
    assert data.below_limit.tolist() == [False, True, False]
    assert data.split.tolist() == ["train", "test", "test"]
    assert data.family.tolist() == ["garnet", "", "garnet"]
    assert data.space_group.tolist() == [2, 12, 230]
    assert data.space_group_symbol.tolist() == ["P-1", "C2/m", "Ia-3d"]
    assert data.ids.tolist() == ["aaa", "bbb", "ccc"]
    assert data.groups[0] == data.groups[2] != data.groups[1]
    assert data.units == {"log10_conductivity": "log10(S/cm)"}
    assert "OBELiX" in data.DESCR


def test_labels_below_the_limit(home, obelix):
    data = fetch_obelix(data_home=home, below_limit="nan")
    assert np.isnan(data.target).tolist() == [False, True, False]
    data = fetch_obelix(data_home=home, below_limit="drop")
    assert data.ids.tolist() == ["aaa", "ccc"]
    assert not data.below_limit.any()


def test_table_without_limits_is_read_as_well(home, put_table):
    put_table(TABLE_PATH, TABLE.replace("<1E-10", "1E-10"))
    data = fetch_obelix(data_home=home)
    assert data.target.tolist() == [-6, -10, -2]
    assert not data.below_limit.any()


def test_subsets(home, obelix):
    X, y = fetch_obelix(data_home=home, subset="test", return_X_y=True, as_frame=True)
    assert X["formula"].tolist() == ["Li3.0H37.0O19.0", "Li14Bi2O12"]
    assert y.tolist() == [-10, -2]
    assert fetch_obelix(data_home=home, subset="train").ids.tolist() == ["aaa"]


def test_structures_stand_beside_their_labels(home, obelix, cifs):
    data = fetch_obelix(data_home=home, input="structure", as_frame=True)
    assert data.ids.tolist() == ["aaa", "ccc"]
    assert data.target.tolist() == [-6, -2]
    assert [structure.is_ordered for structure in data.data["structure"]] == [True, False]
    assert data.feature_names == ["structure"]


@pytest.mark.parametrize("option", ["subset", "input", "below_limit"])
def test_bad_options_are_refused(home, option):
    with pytest.raises(InvalidInputError, match=f"{option} must be one of"):
        fetch_obelix(data_home=home, **{option: "some"})


def test_missing_file_is_named(home):
    with pytest.raises(DatasetNotFoundError, match=r"obelix\.csv\.gz.*obelix-data"):
        fetch_obelix(data_home=home, download_if_missing=False)


def test_real_data(data_home):
    data = fetch_obelix(data_home=data_home)
    assert len(data.data) == 599
    assert np.isfinite(data.target).all()
    assert data.below_limit.sum() == 37
    assert sorted(data.target[data.below_limit]) == [-10] * 36 + [-8]
    assert (data.split == "train").sum() == 478
    assert len(set(data.groups)) == 500
    assert not set(data.doi[data.split == "train"]) & set(data.doi[data.split == "test"])
    assert data.ids[0] == "jqc"
    assert data.target[0] == pytest.approx(np.log10(1.58489e-06))


@pytest.mark.filterwarnings("ignore")
def test_real_structures(data_home):
    data = fetch_obelix(data_home=data_home, input="structure", subset="test")
    assert set(data.split) == {"test"}
    assert all("Li" in structure.composition for structure in data.data)
