import io

import pandas as pd
import pytest

from skmat.datasets import _crabnet_wheel
from skmat.exceptions import DatasetCorruptedError, DatasetNotFoundError

PATH = "composition/a.csv.gz"
ROWS = {"mp_gap": ["Zr1,0.5", "FeO,1.25", "NaN,2"], "mp_k": ["NaN,3", "FeO,4", "Co,1"]}
FOLDERS = {"gap": "mp_gap", "k": "mp_k"}


def test_tables_are_joined_by_formula(build_wheel):
    table = _crabnet_wheel.make_table(build_wheel(ROWS), FOLDERS)
    lines = ["formula,gap,k", "Co,,1.0", "FeO,1.25,4.0", "NaN,2.0,3.0", "Zr1,0.5,"]
    assert table.decode().split() == lines


def test_splits_are_named(build_wheel):
    table = _crabnet_wheel.make_table(build_wheel(ROWS), FOLDERS, with_splits=True)
    splits = pd.read_csv(io.BytesIO(table), keep_default_na=False)
    assert splits.columns.tolist() == ["formula", "gap", "split_gap", "k", "split_k"]
    assert splits["split_gap"].tolist() == ["", "val", "test", "train"]
    assert splits["split_k"].tolist() == ["test", "val", "train", ""]


def test_the_table_and_its_hash_are_written(home, serve_wheel, snapshot):
    commands = serve_wheel(ROWS)
    _crabnet_wheel.write_table(home, path=PATH, folders=FOLDERS)
    assert snapshot() == [PATH, f"{PATH}.sha256"]
    assert "crabnet==2.0.8" in commands[0]
    assert "--no-deps" in commands[0]


def test_another_wheel_is_refused(home, pip, build_wheel):
    pip(build_wheel(ROWS))
    with pytest.raises(DatasetCorruptedError, match=r"file of crabnet==2\.0\.8"):
        _crabnet_wheel.write_table(home, path=PATH, folders=FOLDERS)
    assert not home.exists()


def test_failed_download_leaves_nothing(home, pip):
    pip(stderr="WARNING: slow\nERROR: No matching distribution found\n")
    with pytest.raises(DatasetNotFoundError, match=r"a\.csv\.gz .*ERROR: No matching distrib"):
        _crabnet_wheel.write_table(home, path=PATH, folders=FOLDERS)
    assert not home.exists()
