import numpy as np
import pandas as pd
import pytest
from common.commands import fails, run
from pymatgen.core import Lattice, Structure

from skmat import AutoRegressor, CGCNNRegressor

FORMULAS = ["NaCl", "KCl", "NaBr", "KBr", "LiF", "NaF", "LiCl", "KF", "RbCl", "CsCl", "MgO", "CaO"]
GAPS = [8.5, 8.4, 7.1, 7.4, 13.6, 11.5, 9.4, 10.8, 8.2, 8.3, 7.8, 7.1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("screen")
    AutoRegressor(preset=["trees"], random_state=0).fit(FORMULAS, GAPS).save_model(folder / "gap")
    (folder / "new.csv").write_text("formula\n" + "\n".join([*FORMULAS, "what?"]) + "\n")
    return folder


@pytest.fixture
def screen(folder, tmp_path):
    sink = tmp_path / "out"
    model = ("--model", folder / "gap", "-o", sink, "--chunk-size", 2, "--quiet")
    return sink, ("screen", folder / "new.csv", *model)


def test_a_table_becomes_one_file_and_the_best_rows(screen, tmp_path, capsys):
    sink, command = screen
    merged = tmp_path / "all.csv"
    assert run(*command, "--merge", merged, "--top", 2, "--by", "y>9") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Wrote {sink}: 13 rows, 1 of them cannot be read (bad-*.csv)."
    assert lines[1] == f"Wrote {merged}: 13 rows."
    assert [line.split(",")[0] for line in lines[2:]] == ["formula", "LiF", "NaF"]
    assert pd.read_csv(merged)["formula"].tolist() == [*FORMULAS, "what?"]


def test_slurm_arrays_are_shards(screen, tmp_path, capsys, monkeypatch):
    sink, command = screen
    monkeypatch.setenv("SLURM_ARRAY_TASK_MIN", "5")
    monkeypatch.setenv("SLURM_ARRAY_TASK_COUNT", "2")
    merged = tmp_path / "all.csv"
    for number in (5, 6):
        monkeypatch.setenv("SLURM_ARRAY_TASK_ID", str(number))
        assert run(*command) == 0
    assert "6 rows, 7 were done or are of other shards" in capsys.readouterr().out
    assert run("screen", "-o", sink, "--merge", merged) == 0
    assert len(pd.read_csv(merged)) == 13
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "8")
    assert "Number tasks without gaps" in fails(capsys, *command)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--shard", "1/2", "--merge", "all.csv"], "need all shards"),
        (["--top", "3"], "belong together"),
        (["--top", "3", "--by", "y>>1"], "cannot be read"),
        (["--proba"], "proba=True is for classifiers"),
        (["--material-column", "composition"], "no column 'composition'"),
    ],
)
def test_options_that_do_not_fit_are_refused(screen, options, message, capsys):
    _, command = screen
    assert message in fails(capsys, *command, *options)


def test_a_wrong_rule_is_told_before_the_predictions(folder, tmp_path, capsys):
    command = ("screen", folder / "new.csv", "--model", folder / "gap", "-o", tmp_path / "out")
    error = fails(capsys, *command, "--top", "2", "--by", "wide")
    assert "The result has no column 'wide'" in error
    assert not list((tmp_path / "out").glob("part-*"))


@pytest.mark.parametrize("shard", ["3", "0/2", "3/2", "a/b"])
def test_wrong_shards_are_refused(screen, shard, capsys):
    _, command = screen
    with pytest.raises(SystemExit):
        run(*command, "--shard", shard)
    assert shard in capsys.readouterr().err


def test_a_command_without_work_is_refused(screen, capsys):
    sink, _ = screen
    assert "Give tables to screen" in fails(capsys, "screen", "-o", sink)


def test_structure_files_are_screened_and_embedded(tmp_path, capsys):
    structures = [
        Structure(Lattice.cubic(a), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]) for a in (4, 5)
    ]
    model = CGCNNRegressor(pretrained=None, preset="tiny", max_epochs=1, random_state=0)
    model.fit(structures, [1.0, 2.0]).save_model(tmp_path / "model")
    (tmp_path / "cifs").mkdir()
    for name, structure in zip("ab", structures, strict=True):
        structure.to(filename=str(tmp_path / "cifs" / f"{name}.cif"))
    merged = tmp_path / "all.csv"
    command = ("--model", tmp_path / "model", "-o", tmp_path / "out")
    assert run("screen", tmp_path / "cifs", *command, "--merge", merged) == 0
    assert pd.read_csv(merged).columns.tolist() == ["file", "y_predicted"]
    command = ("--model", tmp_path / "model", "--parts", "csv", "-o", tmp_path / "vectors")
    assert run("embed", tmp_path / "cifs", *command) == 0
    assert f"Wrote {tmp_path / 'vectors'}: 2 rows." in capsys.readouterr().out
    assert run("screen", "-o", tmp_path / "vectors", "--merge", merged) == 0
    found = pd.read_csv(merged)
    assert found["file"].tolist() == ["a.cif", "b.cif"]
    np.testing.assert_allclose(
        found.iloc[:, 1:], model.transform(structures), rtol=1e-3, atol=1e-5
    )


def test_formulas_become_parts_of_vectors(folder, tmp_path, capsys):
    command = ("embed", folder / "new.csv", "--parts", "csv")
    assert run(*command, "-o", tmp_path / "vectors") == 0
    assert "13 rows, 1 of them cannot be read" in capsys.readouterr().out
    assert "names a folder" in fails(capsys, *command, "-o", tmp_path / "vectors.csv")
    assert "needs a table" in fails(capsys, "embed", "--formulas", "NaCl", "--parts", "csv")


def test_vectors_are_written_in_shares(folder, tmp_path, capsys, monkeypatch):
    table, sink = folder / "new.csv", tmp_path / "shares"
    command = ("embed", table, "--parts", "csv", "--chunk-size", "3", "-o")
    assert run(*command, tmp_path / "whole", "--jobs", "2") == 0
    assert run(*command, sink, "--shard", "1/2") == 0
    assert "were done or are of other shards" in capsys.readouterr().out
    for name, value in (("ID", "2"), ("MIN", "1"), ("COUNT", "2")):
        monkeypatch.setenv(f"SLURM_ARRAY_TASK_{name}", value)
    assert run(*command, sink) == 0
    for name in ("whole", "shares"):
        assert run("screen", "-o", tmp_path / name, "--merge", tmp_path / f"{name}.csv") == 0
    assert (tmp_path / "shares.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert "belong to --parts" in fails(capsys, "embed", table, "--shard", "1/2")


def test_best_rows_with_a_carriage_return_keep_their_lines(folder, tmp_path, capsys):
    (tmp_path / "new.csv").write_bytes(b'formula,note\nNaCl,"a\rb"\n')
    model = ("--model", folder / "gap", "-o", tmp_path / "out", "--quiet")
    run("screen", tmp_path / "new.csv", *model, "--top", 1, "--by", "y")
    assert 'NaCl","a\rb",' in capsys.readouterr().out
