import pandas as pd
import pytest
from common.commands import fails, run

from skmat import AutoRegressor

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


@pytest.mark.parametrize("shard", ["3", "0/2", "3/2", "a/b"])
def test_wrong_shards_are_refused(screen, shard, capsys):
    _, command = screen
    with pytest.raises(SystemExit):
        run(*command, "--shard", shard)
    assert shard in capsys.readouterr().err


def test_a_command_without_work_is_refused(screen, capsys):
    sink, _ = screen
    assert "Give tables to screen" in fails(capsys, "screen", "-o", sink)
