import bz2
import gzip
import lzma
import pickle
import zlib

import joblib
import numpy as np
import pytest

from skmat.cli.model_files import holds_model, load_joblib, save_model
from skmat.exceptions import InvalidInputError

VALUE = {"weights": np.arange(100_000.0), "name": "x"}


def test_what_is_saved_is_loaded(tmp_path):
    save_model(VALUE, tmp_path / "m.joblib")
    again = load_joblib(tmp_path / "m.joblib")
    np.testing.assert_array_equal(again["weights"], VALUE["weights"])
    # The same bytes as joblib writes itself.
    joblib.dump(VALUE, tmp_path / "n.joblib", compress=3)
    assert (tmp_path / "m.joblib").read_bytes() == (tmp_path / "n.joblib").read_bytes()


@pytest.mark.parametrize("compress", [0, 1, 9, "gzip", "bz2", "xz", "lzma"])
def test_every_file_of_joblib_holds_a_model(compress, tmp_path):
    joblib.dump(VALUE, tmp_path / "m", compress=compress)
    assert holds_model(tmp_path / "m")
    assert load_joblib(tmp_path / "m")["name"] == "x"


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickles_hold_a_model(protocol, tmp_path):
    (tmp_path / "m").write_bytes(pickle.dumps(VALUE, protocol))
    assert holds_model(tmp_path / "m")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"formula,gap\n",
        b"x^2,y\n",  # begins as zlib does
        b"BZh,y\n",
        *(pack(b"formula,gap\n" * 99) for pack in (gzip.compress, bz2.compress, lzma.compress)),
        zlib.compress(b"formula\n"),
        b"\x80\x09",
        b"\x93NUMPY\x01\x00",
        bytes(100),
    ],
    # The same in every process: compressed bytes hold the time.
    ids=lambda content: f"{content[:3]!r}",
)
def test_other_files_do_not_and_are_not_loaded(content, tmp_path, monkeypatch):
    (tmp_path / "m").write_bytes(content)
    assert not holds_model(tmp_path / "m")
    monkeypatch.setattr(joblib, "load", None)
    with pytest.raises(InvalidInputError, match=r"of another kind\. Give one\."):
        load_joblib(tmp_path / "m", "Give one.")


def test_what_is_no_file_holds_none(tmp_path):
    assert not holds_model(tmp_path)
    assert not holds_model(tmp_path / "none")


def test_damage_is_told_in_one_line(tmp_path):
    save_model(VALUE, tmp_path / "m")
    content = (tmp_path / "m").read_bytes()
    (tmp_path / "m").write_bytes(content[: len(content) // 2])
    with pytest.raises(InvalidInputError, match="m is not a readable joblib file") as raised:
        load_joblib(tmp_path / "m")
    assert "\n" not in str(raised.value)
