import sys
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from skmat.datasets import _files, _obelix_download, fetch_obelix
from skmat.datasets._obelix_download import CIFS_PATH, TABLE_PATH, fingerprint, write_cifs
from skmat.exceptions import DatasetCorruptedError, DatasetNotFoundError

TABLE = pd.DataFrame(
    {
        "ID": ["aaa", "bbb"],
        "Reduced Composition": ["Li7BiO6", "Li3N"],
        "Z": [1, 2],
        "True Composition": ["Li7.0Bi1.0O6.0", "Li6.0N2.0"],
        "Ionic conductivity (S cm-1)": ["1e-06", "<1E-10"],
        "Space group": ["P -1", "P6/mmm "],
        "Space group #": [2, 191],
        "Family": ["oxides", None],
        "DOI": ["10.1/a", "10.1/b"],
        "a": [5.5, 3.6],
    }
)


@pytest.fixture
def package(monkeypatch):
    """Function that puts a package `obelix` in place which writes a table, or raises."""
    calls = []

    def install(table=TABLE, error=None):
        def download(data_path, **options):
            calls.append((data_path, options))
            folder = Path(data_path)
            assert not folder.exists()
            folder.mkdir()
            table.to_csv(folder / "all.csv", index=False)
            if error:
                raise error
            table[1:].to_csv(folder / "test.csv", index=False)

        module = ModuleType("obelix")
        module.OBELiX = download
        monkeypatch.setitem(sys.modules, "obelix", module)
        monkeypatch.setattr(_obelix_download, "find_spec", lambda name: module)
        return calls

    return install


@pytest.fixture
def known(monkeypatch):
    split = TABLE.assign(split=["train", "test"])
    monkeypatch.setattr(_obelix_download, "_SHA256", fingerprint(split))


def test_table_is_made_of_what_the_package_downloads(home, package, known, snapshot):
    calls = package()
    data = fetch_obelix(data_home=home)
    assert data.ids.tolist() == ["aaa", "bbb"]
    assert data.split.tolist() == ["train", "test"]
    assert data.below_limit.tolist() == [False, True]
    assert snapshot() == [TABLE_PATH, TABLE_PATH + ".sha256"]
    folder, options = calls[0]
    assert options["unspecified_low_value"] is None
    assert len(options["commit_id"]) == 40
    assert not Path(folder).exists()


def test_package_that_is_not_installed_is_named(home, monkeypatch):
    monkeypatch.setattr(_obelix_download, "find_spec", lambda name: None)
    with pytest.raises(DatasetNotFoundError, match="pip install obelix-data"):
        fetch_obelix(data_home=home)
    assert not home.exists()


def test_changed_table_is_refused(home, package, known):
    package(TABLE.replace("1e-06", "2e-06"))
    with pytest.raises(DatasetCorruptedError, match="another table"):
        fetch_obelix(data_home=home)
    assert not home.exists()


def test_failed_download_leaves_nothing(home, package, known):
    calls = package(error=OSError("no network"))
    with pytest.raises(DatasetNotFoundError, match="OSError: no network"):
        fetch_obelix(data_home=home)
    assert not home.exists()
    assert not Path(calls[0][0]).exists()


@pytest.fixture
def serve_cifs(monkeypatch):
    """Function that makes `b"an archive"` the known archive, and serves another one or raises."""
    import pooch

    monkeypatch.setattr(
        _files, "manifest", lambda: {CIFS_PATH: _files._fingerprint(b"an archive")}
    )

    def serve(content, error=None):
        def download(self, url, output_file, pooch):
            assert url.endswith("/data/downloads/all_cifs.tar.gz")
            Path(output_file).write_bytes(content)
            if error:
                raise error

        monkeypatch.setattr(pooch.HTTPDownloader, "__call__", download)

    return serve


def test_structures_are_downloaded(home, serve_cifs):
    serve_cifs(b"an archive")
    write_cifs(home)
    assert (home / CIFS_PATH).read_bytes() == b"an archive"


def test_another_archive_of_structures_is_refused(home, serve_cifs):
    serve_cifs(b"an_archive")
    with pytest.raises(DatasetCorruptedError, match="SHA-256"):
        write_cifs(home)
    assert not home.exists()


def test_failed_download_of_structures_leaves_nothing(home, serve_cifs):
    serve_cifs(b"half", error=ConnectionError("no network"))
    with pytest.raises(DatasetNotFoundError, match="ConnectionError: no network"):
        write_cifs(home)
    assert not home.exists()


def test_real_table_has_the_known_fingerprint(data_home):
    table = pd.read_csv(data_home / TABLE_PATH, keep_default_na=False, na_values=[""])
    assert fingerprint(table) == _obelix_download._SHA256
    again = pd.read_csv(data_home / TABLE_PATH, float_precision="high", na_values=[""])
    assert fingerprint(again) == _obelix_download._SHA256
