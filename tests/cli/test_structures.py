"""The commands train, predict and embed on crystals; on formulas they are in test_cli.py."""

import joblib
import numpy as np
import pandas as pd
import pytest
from common.commands import ALL_DIGITS, fails, run
from common.materials import bcc_iron, rock_salt, rutile, triclinic
from pymatgen.core import Structure

from skmat import (
    ALIGNNEncoder,
    ALIGNNRegressor,
    CGCNNClassifier,
    CGCNNEncoder,
    CGCNNRegressor,
)
from skmat.structure import _read

CRYSTALS = {
    "salt": rock_salt(5.64),
    "wide": rock_salt(5.80),
    "lithium": rock_salt(5.14, "Li"),
    "iron": bcc_iron(),
    "rutile": rutile(),
    "triclinic": triclinic(),
}

LABELS = pd.DataFrame(
    {
        "gap": [8.5, 8.1, np.nan, 0.0, 3.0, 1.0],
        "volume": [22.4, 24.4, 17.0, 11.8, np.nan, 40.0],
        "class": ["halide", "halide", None, "metal", "oxide", "oxide"],
    }
)

FAST = ["--size", "tiny", "--max-epochs", "2", "--quiet", "--device", "cpu"]

SETTINGS = {"preset": "tiny", "max_epochs": 2, "random_state": 0, "device": "cpu"}

COLUMN = ("--structure-column", "crystal")


def write_table(path, cells, **columns):
    pd.DataFrame({"crystal": cells, **columns}).to_csv(path, index=False)
    return path


def read_numbers(path):
    """Return the columns that `skmat predict` or `embed` has added, to the last digit."""
    table = pd.read_csv(path, float_precision="round_trip")
    return table.drop(columns=["crystal", "formula", *LABELS], errors="ignore").to_numpy()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """CIF files, a table of their paths, and models that the command line has written."""
    folder = tmp_path_factory.mktemp("crystals")
    (folder / "cif").mkdir()
    for name, structure in CRYSTALS.items():
        structure.to(filename=str(folder / "cif" / f"{name}.cif"))
    cells = [f"cif/{name}.cif" for name in CRYSTALS]
    data = write_table(folder / "data.csv", cells, formula="H", **LABELS)
    train = ("train", data, *COLUMN, *FAST)
    assert run(*train, "--targets", "gap,volume", "--model", folder / "two.joblib") == 0
    robust = ("--targets", "gap", "--loss", "robust_l1", "--model", folder / "robust.joblib")
    assert run(*train, *robust) == 0
    classes = ("--targets", "class", "--classification", "--model", folder / "classes.joblib")
    assert run(*train, *classes) == 0
    formulas = ("--targets", "gap", "--model", folder / "formulas.joblib")
    assert run("train", data, *formulas, *FAST) == 0
    return folder


@pytest.fixture(scope="module")
def files(folder):
    return [folder / "cif" / f"{name}.cif" for name in CRYSTALS]


@pytest.fixture(scope="module")
def two(files):
    """The estimator that the command line should have trained."""
    return CGCNNRegressor(**SETTINGS).fit(files, LABELS[["gap", "volume"]])


def test_train_predict_and_embed_equal_the_estimator(folder, files, two, tmp_path):
    assert isinstance(joblib.load(folder / "two.joblib"), CGCNNRegressor)
    rest = (folder / "data.csv", *COLUMN, "--model", folder / "two.joblib", "--output")
    assert run("predict", *ALL_DIGITS, *rest, tmp_path / "out.csv") == 0
    table = pd.read_csv(tmp_path / "out.csv")
    assert table["crystal"].tolist() == [f"cif/{name}.cif" for name in CRYSTALS]
    assert list(table)[-2:] == ["gap_predicted", "volume_predicted"]
    np.testing.assert_array_equal(read_numbers(tmp_path / "out.csv"), two.predict(files))
    assert run("embed", *rest, tmp_path / "out.npy") == 0
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), two.transform(files))


def test_classes_and_standard_deviations(folder, files, tmp_path):
    rest = (folder / "data.csv", *COLUMN, "--output", tmp_path / "out.csv", "--model")
    assert run("predict", *ALL_DIGITS, *rest, folder / "classes.joblib") == 0
    known = LABELS["class"].notna()
    classes = CGCNNClassifier(**SETTINGS).fit(files, LABELS[["class"]].astype(object))
    predicted = pd.read_csv(tmp_path / "out.csv")["class_predicted"].tolist()
    assert predicted == classes.predict(files).ravel().tolist()
    assert set(predicted) <= set(LABELS["class"][known])
    assert run("predict", *ALL_DIGITS, *rest, folder / "robust.joblib", "--std") == 0
    robust = CGCNNRegressor(loss="robust_l1", **SETTINGS).fit(files, LABELS[["gap"]])
    expected = np.hstack(robust.predict(files, return_std=True))
    np.testing.assert_array_equal(read_numbers(tmp_path / "out.csv"), expected)


def test_paths_are_relative_to_the_table_but_on_the_command_line_to_where_one_is(
    folder, files, two, tmp_path, capsys, monkeypatch
):
    model = ("--model", folder / "two.joblib")
    monkeypatch.chdir(folder / "cif")
    assert run("predict", *ALL_DIGITS, *model, "--structures", "salt.cif", files[3]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "structure,gap_predicted,volume_predicted"
    assert [line.split(",")[0] for line in lines[1:]] == ["salt.cif", str(files[3])]
    printed = [[float(cell) for cell in line.split(",")[1:]] for line in lines[1:]]
    np.testing.assert_array_equal(printed, two.predict([files[0], files[3]]))
    # A relative path of the table itself, absolute cells, and spaces around them.
    cells = [" cif/salt.cif ", str(files[3])]
    write_table(folder / "both.csv", cells)
    rest = ("--output", tmp_path / "out.csv", *COLUMN)
    assert run("predict", *ALL_DIGITS, "../both.csv", *model, *rest) == 0
    np.testing.assert_array_equal(read_numbers(tmp_path / "out.csv"), printed)
    monkeypatch.chdir(folder)
    error = fails(capsys, "predict", *model, "--structures", "salt.cif")
    assert "row 1, structure: 'salt.cif': no file has this name" in error


def test_cells_may_hold_the_text_of_files(folder, files, two, tmp_path):
    poscar = CRYSTALS["salt"].to(fmt="poscar")
    cells = [*(file.read_text() for file in files), poscar, str(files[0])]
    data = write_table(tmp_path / "data.csv", cells)
    rest = (data, *COLUMN, "--model", folder / "two.joblib", "--output", tmp_path / "out.csv")
    assert run("predict", *ALL_DIGITS, *rest) == 0
    predicted = read_numbers(tmp_path / "out.csv")
    expected = two.predict([*files, CRYSTALS["salt"], files[0]])
    np.testing.assert_allclose(predicted, expected, rtol=1e-6)
    assert np.ptp(expected[:6], axis=0).min() > 1e-2


def test_files_are_read_once(folder, tmp_path, monkeypatch):
    read = []
    from_file = _read.structure_from_file

    def counted(path):
        read.append(path)
        return from_file(path)

    monkeypatch.setattr(_read, "structure_from_file", counted)
    data, model = (folder / "data.csv", *COLUMN), ("--model", tmp_path / "model.joblib")
    assert run("train", *data, "--targets", "gap", *model, *FAST) == 0
    assert len(read) == len(CRYSTALS)
    assert run("predict", *ALL_DIGITS, *data, *model, "--on-invalid", "nan") == 0
    assert len(read) == 2 * len(CRYSTALS)


def test_other_families_and_encoders(folder, files, tmp_path):
    start = ALIGNNEncoder(**SETTINGS).fit(files)
    encoder = start.save_pretrained(tmp_path / "encoder")
    data, model = folder / "data.csv", tmp_path / "model.joblib"
    train = ("train", data, *COLUMN, "--targets", "gap", "--model", model, *FAST)
    assert run(*train, "--family", "alignn") == 0
    assert isinstance(joblib.load(model), ALIGNNRegressor)
    assert run(*train, "--pretrained", encoder, "--trainable", "head") == 0
    assert isinstance(joblib.load(model), ALIGNNRegressor)
    np.testing.assert_array_equal(joblib.load(model).transform(files), start.transform(files))
    output = ("--output", tmp_path / "out.npy")
    assert run("embed", data, *COLUMN, "--pretrained", encoder, *output) == 0
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), start.transform(files))
    # By default, the best of CGCNN, and of each family the size that it has by default.
    assert run("embed", data, *COLUMN, *output) == 0
    expected = CGCNNEncoder().fit(files).transform(files)
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), expected)
    assert run(*train[:8], *FAST[2:], "--family", "alignn", "--n-estimators", "1") == 0
    assert joblib.load(model).preset == "small"


@pytest.fixture(scope="module")
def faulty(folder):
    """A table of which rows 2 to 6 are no crystals, with what is wrong with them."""
    overlapping = Structure(np.eye(3) * 4, ["Na", "Cl"], [[0, 0, 0], [0, 0, 1e-4]])
    overlapping.to(filename=str(folder / "cif" / "overlapping.cif"))
    text = (folder / "cif" / "rutile.cif").read_text()
    cells = {
        "cif/salt.cif": None,
        "cif/nowhere.cif": "'cif/nowhere.cif': no file has this name",
        "cif/overlapping.cif": "'cif/overlapping.cif': atoms",
        "": "empty: missing value",
        "data.csv": "'data.csv': cannot be read as a CIF or POSCAR file",
        text[:200]: f"{text[:200]!r}"[:57] + "...: cannot be read as the text of a CIF",
        "cif/iron.cif": None,
    }
    data = write_table(folder / "faulty.csv", list(cells), gap=1.5)
    reasons = [f"row {row}, crystal: {reason}" for row, reason in enumerate(cells.values(), 1)]
    return data, reasons[1:6]


@pytest.mark.parametrize("command", ["train", "predict", "embed"])
def test_every_cell_that_is_no_crystal_is_listed(folder, faulty, command, tmp_path, capsys):
    data, reasons = faulty
    model = ("--model", folder / "two.joblib")
    if command == "train":
        model = ("--model", tmp_path / "model.joblib", "--targets", "gap", *FAST)
    error = fails(capsys, command, data, *COLUMN, *model)
    assert "faulty.csv: 5 cells cannot be read as structures (row 1 is the first" in error
    lines = [line.strip() for line in error.splitlines() if line.startswith("  row")]
    assert len(lines) == len(reasons)
    for line, reason in zip(lines, reasons, strict=True):
        assert line.startswith(reason)
    assert f"Paths are relative to the folder {folder.resolve()}.\n" in error
    option = "skip" if command == "train" else "nan"
    assert f"With --on-invalid {option}, such rows" in error.splitlines()[-1]
    assert not (tmp_path / "model.joblib").exists()


def test_rows_that_are_no_crystals_stay_empty_if_told(folder, files, faulty, two, tmp_path):
    rest = (faulty[0], *COLUMN, "--model", folder / "two.joblib", "--on-invalid", "nan")
    assert run("predict", *ALL_DIGITS, *rest, "--output", tmp_path / "out.csv") == 0
    assert run("embed", *rest, "--output", tmp_path / "out.npy") == 0
    good = [files[0], files[3]]
    results = {
        "predict": (read_numbers(tmp_path / "out.csv"), two.predict(good)),
        "transform": (np.load(tmp_path / "out.npy"), two.transform(good)),
    }
    for found, expected in results.values():
        assert len(found) == 7
        np.testing.assert_array_equal(found[[0, 6]], expected)
        assert np.isnan(found[1:6]).all()


def test_rows_that_are_no_crystals_are_left_out_if_told(faulty, tmp_path, capsys):
    data, reasons = faulty
    model = ("--model", tmp_path / "model.joblib")
    train = ("train", data, *COLUMN, "--targets", "gap", *FAST, *model, "--on-invalid", "skip")
    assert run(*train) == 0
    said = capsys.readouterr()
    assert all(reason in " ".join(said.err.split()) for reason in reasons)
    assert "Trained on 2 rows" in said.out


def test_where_the_files_are(folder, tmp_path, capsys):
    model = ("--model", folder / "two.joblib")
    names = write_table(tmp_path / "names.csv", ["salt.cif", "iron.cif"])
    (tmp_path / "cif").mkdir()
    CRYSTALS["salt"].to(filename=str(tmp_path / "cif" / "salt.cif"))
    error = fails(capsys, "predict", names, *COLUMN, *model)
    assert "2 cells cannot be read as structures: no file has this name" in error
    assert error.count("no file has this name") == 1
    assert f"{tmp_path}/cif/salt.cif exists. Write cif/salt.cif in the table" in error


def test_formulas_in_a_column_of_structures(folder, tmp_path, capsys):
    model = ("--model", folder / "two.joblib")
    names = write_table(tmp_path / "names.csv", ["NaCl", "Fe2O3"])
    error = fails(capsys, "predict", names, *COLUMN, *model)
    assert "They are formulas: give --formula-column crystal." in error


def test_a_structure_is_no_table_and_a_folder_is_its_structures(folder, tmp_path, capsys):
    model = ("--model", folder / "two.joblib")
    salt = folder / "cif" / "salt.cif"
    assert "is a structure, not a table" in fails(capsys, "predict", salt, *model)
    (tmp_path / "cifs").mkdir()
    for name in ("wide", "iron"):
        CRYSTALS[name].to(filename=str(tmp_path / "cifs" / f"{name}.cif"))
    (tmp_path / "cifs" / "notes.txt").write_text("x")
    assert run("predict", *ALL_DIGITS, "--structures", tmp_path / "cifs", *model) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split(",")[0] for line in lines] == [
        str(tmp_path / "cifs" / name) for name in ("iron.cif", "wide.cif")
    ]
    error = fails(capsys, "predict", "--structures", tmp_path, *model)
    assert "holds no CIF or POSCAR files" in error


def test_no_row_at_all_need_be_a_crystal(folder, capsys):
    nowhere = ("--structures", "nowhere.cif", "--on-invalid", "nan")
    assert run("predict", *ALL_DIGITS, "--model", folder / "classes.joblib", *nowhere) == 0
    assert capsys.readouterr().out == "structure,class_predicted\nnowhere.cif,\n"


class TestErrors:
    def test_models_that_read_the_other_kind(self, folder, tmp_path, capsys):
        crystals, formulas = folder / "two.joblib", folder / "formulas.joblib"
        both = tmp_path / "both.csv"
        both.write_text("formula,crystal\nTiO2,a.cif\n")
        for command in ("predict", "embed"):
            error = fails(capsys, command, both, "--model", crystals)
            assert "reads structures, not formulas." in error
            assert "Give structures with --structure-column." in error
            error = fails(capsys, command, "--formulas", "TiO2", "--model", crystals)
            assert "Give structures with --structures." in error
            error = fails(capsys, command, both, *COLUMN, "--model", formulas)
            assert "reads formulas, not structures." in error
            assert "Give formulas with --formula-column." in error
            error = fails(capsys, command, "--structures", "a.cif", "--model", formulas)
            assert "Give formulas with --formulas." in error

    def test_families_and_encoders_that_read_the_other_kind(self, folder, tmp_path, capsys):
        nowhere, model = folder / "nowhere.csv", tmp_path / "model.joblib"
        train = ("train", nowhere, "--targets", "gap", "--model", model)
        error = fails(capsys, *train, "--family", "alignn")
        assert "The family 'alignn' reads structures, not formulas" in error
        assert "['mtencoder', 'roost']. Give structures with --structure-column." in error
        error = fails(capsys, *train, *COLUMN, "--pretrained", "roost-ssl")
        assert "'roost', which 'roost-ssl' belongs to, reads formulas, not structures" in error
        assert "['alignn', 'cgcnn']. Give formulas with --formula-column." in error
        both = tmp_path / "both.csv"
        both.write_text("formula\nTiO2\n")
        error = fails(capsys, "embed", both, "--pretrained", "cgcnn-mp-multitask")
        assert "which 'cgcnn-mp-multitask' belongs to, reads structures" in error

    def test_parts_and_sizes_that_a_family_has_not(self, folder, tmp_path, capsys):
        model = tmp_path / "model.joblib"
        train = ("train", folder / "data.csv", *COLUMN, "--targets", "gap", "--model", model)
        error = fails(capsys, *train, "--size", "deep")
        assert "--size deep is not a size of CGCNNRegressor. Choose one of" in error
        assert all(f"'{name}'" in error for name in ("tiny", "base", "large"))
        error = fails(capsys, *train, "--size", "base", "--family", "alignn")
        assert all(f"'{name}'" in error for name in ("tiny", "small", "paper"))
        error = fails(capsys, *train, "--trainable", "three_body")
        assert "Choose one of ['all', 'head', 'last']" in error
        assert not model.exists()

    def test_formulas_and_crystals_exclude_each_other(self, folder, capsys):
        predict = ("predict", "--model", folder / "two.joblib")
        for options in (
            ("--structures", "a.cif", "--formula-column", "formula"),
            ("--formulas", "NaCl", *COLUMN),
        ):
            assert "exclude each other" in fails(capsys, *predict, *options)
        for options in (
            ("data.csv", "--formula-column", "formula", *COLUMN),
            ("--formulas", "NaCl", "--structures", "a.cif"),
        ):
            with pytest.raises(SystemExit) as exit_:
                run(*predict, *options)
            assert exit_.value.code == 2
            assert "not allowed with argument" in capsys.readouterr().err

    def test_either_a_file_or_crystals(self, folder, capsys):
        predict = ("predict", "--model", folder / "two.joblib")
        both = (folder / "data.csv", "--structures", "a.cif")
        assert "Give one of these: a table," in fails(capsys, *predict, *both)
        assert "Give one of these: a table," in fails(capsys, *predict, *COLUMN)

    def test_a_column_that_is_not_there(self, folder, capsys):
        arguments = (folder / "data.csv", "--structure-column", "cif")
        error = fails(capsys, "predict", *arguments, "--model", folder / "two.joblib")
        assert "has no column 'cif'. Its columns are 'crystal'" in error


def test_disordered_crystals_are_averaged_where_that_is_asked_for(files, tmp_path, capsys):
    mixed = rock_salt(5.4)
    mixed.replace(0, {"Na": 0.5, "K": 0.5})
    mixed.to(filename=str(tmp_path / "mixed.cif"))
    cells = [*map(str, files), "mixed.cif"]
    data = write_table(tmp_path / "data.csv", cells, gap=[8.5, 8.1, 4.0, 0.0, 3.0, 1.0, 7.0])
    model = tmp_path / "model.joblib"
    train = ("train", data, *COLUMN, *FAST, "--targets", "gap", "--model", model)
    assert "row 7" in fails(capsys, *train)
    assert run(*train, "--disorder", "average") == 0
    assert (
        run(
            "predict", *ALL_DIGITS, data, *COLUMN, "--model", model, "--output", tmp_path / "p.csv"
        )
        == 0
    )
    assert np.isfinite(read_numbers(tmp_path / "p.csv")).all()
    embed = ("embed", "--structures", tmp_path / "mixed.cif", "--output", tmp_path / "e.csv")
    assert "disorder" in fails(capsys, *embed)
    assert run(*embed, "--disorder", "average") == 0
    assert "--disorder" in fails(capsys, "embed", "--formulas", "H", "--disorder", "average")


def test_learned_structures_are_counted_whatever_their_files_are_called(folder, tmp_path, capsys):
    cells = [f"cif/{name}.cif" for name in CRYSTALS]
    data = write_table(folder / "learned.csv", cells, T=range(6), gap=LABELS["gap"])
    # One row has no label, so that it is not learned.
    model = tmp_path / "model"
    columns = (*COLUMN, "--targets", "gap", "--columns", "T")
    assert run("train", data, *columns, *FAST, "--family", "cgcnn", "-o", model) == 0
    copies = tmp_path / "copies"
    copies.mkdir()
    for place, name in enumerate([*CRYSTALS][::-1]):
        (copies / f"{place}.cif").write_bytes((folder / "cif" / f"{name}.cif").read_bytes())
    renamed = write_table(copies / "t.csv", [f"{i}.cif" for i in range(6)], T=0, gap=1.0)
    capsys.readouterr()
    assert run("evaluate", model, renamed) == 0
    assert "5 of 6 rows have a material that the model has learned" in capsys.readouterr().err
    (copies / "cif").mkdir()
    for i, name in enumerate(CRYSTALS):
        rock_salt(6.0 + 0.1 * i).to(filename=str(copies / "cif" / f"{name}.cif"))
    others = write_table(copies / "others.csv", cells, T=0, gap=1.0)
    assert run("evaluate", model, others) == 0
    assert "learned" not in capsys.readouterr().err
