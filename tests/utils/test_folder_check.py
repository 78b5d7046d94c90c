from pathlib import Path

import pytest
from common.folders import save

from skmat._utils.folder_check import check_replaceable
from skmat.exceptions import InvalidInputError


def test_what_may_be_replaced(tmp_path):
    check_replaceable(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    check_replaceable(tmp_path / "empty")
    save(tmp_path / "model")
    check_replaceable(tmp_path / "model")
    # A damaged model is replaced by a whole one.
    (tmp_path / "model" / "model.json").write_text("damaged")
    check_replaceable(tmp_path / "model")


def make_file(path: Path):
    path.write_text("mine")


def make_folder(path: Path):
    path.mkdir()
    (path / "notes.txt").write_text("mine")


def make_model_with_notes(path: Path):
    save(path)
    (path / "notes.txt").write_text("mine")


def make_dangling_link(path: Path):
    path.symlink_to(path.with_name("nothing"))


def make_other_sums(path: Path):
    path.mkdir()
    (path / "SHA256SUMS").write_text(f"{'0' * 64}  thesis.pdf\n")
    (path / "thesis.pdf").write_text("mine")


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (make_file, "is a file"),
        (make_folder, "not a saved model"),
        (make_model_with_notes, "notes.txt"),
        (make_dangling_link, "is a file"),
        (make_other_sums, "not a saved model"),
    ],
)
def test_what_may_not(tmp_path, make, named):
    make(tmp_path / "mine")
    with pytest.raises(InvalidInputError, match=named):
        check_replaceable(tmp_path / "mine")
