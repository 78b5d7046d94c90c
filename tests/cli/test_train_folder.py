"""The folder of ``skmat train``: scores, predictions and the report."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from common.commands import ALL_DIGITS, fails, run
from common.materials import FORMULAS, GAPS, many
from pymatgen.core import Structure
from sklearn.metrics import accuracy_score, balanced_accuracy_score, mean_absolute_error, r2_score

from skmat import AutoClassifier, AutoRegressor, load_model
from skmat._utils.digits import digits_text
from skmat.auto import _base
from skmat.cli.held_out import draw_parts

FAST = ["--preset", "fast", "--quiet", "--device", "cpu"]
MORE = ["KCl", "LiF", "CaO", "Al2O3", "ZnO", "CdTe", "InP", "Ag", "PbS", "SrTiO3"]
HOSTILE = '</style><script>alert("x")</script> $\\frac'


@pytest.fixture(scope="module", autouse=True)
def _one_candidate():
    """Let presets be one candidate: these tests need no more."""
    with pytest.MonkeyPatch.context() as patch:
        make = _base.make_candidates
        patch.setattr(_base, "make_candidates", lambda *args, **kwargs: make(*args, **kwargs)[:1])
        yield


def frame():
    """Return thirty rows of twenty compositions: some labels are missing."""
    formulas = [*FORMULAS, *MORE, *FORMULAS]
    gaps = np.array([*GAPS, 8.7, 13.6, 7.1, 8.8, 3.4, 1.5, 1.3, 0.0, 0.4, 3.2, *GAPS])
    table = pd.DataFrame({"formula": formulas, "gap": gaps, "density": np.linspace(2, 8, 30)})
    table.loc[3:6, "density"] = np.nan
    table.loc[[8, 9], ["gap", "density"]] = np.nan
    table["kind"] = np.where(gaps > 3, "wide", "narrow").astype(object)
    table.loc[2, "kind"] = None
    table["metal"] = gaps < 0.3
    table["level"] = (gaps > 3).astype(int)
    table["paper"] = [f"paper {row % 4}" for row in range(30)]
    table["half"] = ["Train"] * 20 + ["test"] * 10
    table["fold"] = [row % 3 for row in range(30)]
    return table


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "data.csv"
    frame().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def two(data, _one_candidate):
    """A folder of two targets, measured by out-of-fold predictions."""
    folder = data.parent / "two"
    assert run("train", data, *FAST, "--targets", "gap,density", "-o", folder) == 0
    return folder


@pytest.fixture(scope="module")
def kinds(data, _one_candidate):
    """A folder of classes, measured by cross-validation."""
    folder = data.parent / "kinds"
    options = ("--cv", "3", "--decision", "balanced_accuracy")
    assert run("train", data, *FAST, "--targets", "kind", *options, "-o", folder) == 0
    return folder


def results(folder):
    """Return the scores and the table of predictions."""
    table = pd.read_csv(folder / "predictions.csv", float_precision="round_trip")
    return json.loads((folder / "metrics.json").read_text()), table


class Page(HTMLParser):
    """Tags, texts and addresses of a page."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.texts, self.sources = [], [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.sources += [value for name, value in attributes if name in ("src", "href")]

    def handle_data(self, data):
        self.texts.append(data.replace("\N{NARROW NO-BREAK SPACE}", " "))


def test_the_folder_holds_a_report_scores_predictions_and_the_model(two, data):
    names = sorted(path.name for path in two.iterdir())
    assert names == ["metrics.json", "model", "predictions.csv", "report.html"]
    assert isinstance(load_model(two / "model"), AutoRegressor)
    content, table = results(two)
    assert content["measured_by"] == "out_of_fold"
    assert list(content["targets"]) == ["gap", "density"]
    assert table["row"].tolist() == list(range(1, 31))
    assert table["formula"].tolist() == frame()["formula"].tolist()
    oof = load_model(two / "model").oof_predictions_
    np.testing.assert_array_equal(table["density_predicted"], oof[:, 1])


def test_scores_are_those_of_the_predictions(two):
    content, table = results(two)
    for name in ("gap", "density"):
        known = table[table[name].notna() & table[f"{name}_predicted"].notna()]
        truth, predicted = known[name], known[f"{name}_predicted"]
        found = content["targets"][name]
        assert found["labels_scored"] == len(known) == frame()[name].notna().sum()
        assert found["metrics"]["mae"] == pytest.approx(mean_absolute_error(truth, predicted))
        assert found["metrics"]["r2"] == pytest.approx(r2_score(truth, predicted))
        assert found["mean_label"] == pytest.approx(frame()[name].mean())
        constant = np.full(len(truth), np.median(truth))
        assert found["constant"]["mae"] == pytest.approx(mean_absolute_error(truth, constant))
        assert found["constant"]["max_error"] == pytest.approx((truth.max() - truth.min()) / 2)
        assert "mape" not in found["constant"]
        np.testing.assert_allclose(known[f"{name}_error"], truth - predicted)


def test_cross_validation_holds_out_intervals_and_novelty(data, tmp_path):
    folder = tmp_path / "cv"
    assert run("train", data, *FAST, "--targets", "gap", "--cv", "3", "-o", folder) == 0
    content, table = results(folder)
    known = table.dropna(subset=["gap"])
    assert known["gap_predicted"].notna().all()
    assert content["measured_by"] == "cross_validation"
    inside = (known["gap_low"] <= known["gap"]) & (known["gap"] <= known["gap_high"])
    assert content["targets"]["gap"]["metrics"]["coverage_90"] == inside.mean()
    assert known["novelty_percent"].between(0, 100).all()
    # Rows of one composition are in one part, so the same models predict them.
    assert (known.groupby("formula")["gap_predicted"].nunique() == 1).all()


def test_words_are_classes(kinds, data, tmp_path, capsys):
    content, table = results(kinds)
    assert isinstance(load_model(kinds / "model"), AutoClassifier)
    known = table.dropna(subset=["kind"])
    found = content["targets"]["kind"]
    accuracy = accuracy_score(known["kind"], known["kind_predicted"])
    assert found["metrics"]["accuracy"] == pytest.approx(accuracy)
    wide = known[known["kind"] == "wide"]
    assert found["classes"]["wide"]["labels"] == len(wide)
    recall = (wide["kind_predicted"] == "wide").mean()
    assert found["classes"]["wide"]["recall"] == pytest.approx(recall)
    balanced = balanced_accuracy_score(known["kind"], known["kind_predicted"])
    assert found["metrics"]["balanced_accuracy"] == pytest.approx(balanced)
    assert found["constant"]["balanced_accuracy"] == 0.5
    shares = known[["kind_probability_narrow", "kind_probability_wide"]]
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    train = ("train", data, *FAST, "--model", tmp_path / "m.joblib")
    capsys.readouterr()
    assert run(*train, "--targets", "metal") == 0
    said = capsys.readouterr()
    assert said.out.startswith("'metal' holds classes: 'False', 'True'. A classifier learns them")
    assert "cannot be read as numbers" in fails(
        capsys, *train, "--targets", "kind", "--regression"
    )
    error = fails(capsys, *train, "--targets", "kind,gap")
    assert "'kind' holds classes, and 'gap' does not" in error


def test_few_integers_are_numbers_with_a_hint(data, tmp_path, capsys):
    train = ("train", data, *FAST, "--targets", "level", "--model", tmp_path / "m.joblib")
    assert run(*train) == 0
    assert "labels of 'level' are 0, 1. If these are classes, add" in capsys.readouterr().err
    assert run(*train, "--regression") == 0
    assert capsys.readouterr().err == ""


def test_one_wrong_number_is_no_class(data, tmp_path, capsys):
    table = frame().astype({"gap": object})
    table.loc[4, "gap"] = "about 3"
    table.to_csv(tmp_path / "t.csv", index=False)
    error = fails(capsys, "train", tmp_path / "t.csv", *FAST, "--targets", "gap", "-o", "x")
    assert "row 5, gap: 'about 3'" in error


def test_groups_are_never_split(data, tmp_path, monkeypatch):
    from skmat.cli import held_out

    seen, fit_rows = [], held_out.fit_rows

    def watched(model, X, labels, rows=None, groups=None):
        seen.append((rows, groups))
        return fit_rows(model, X, labels, rows, groups)

    monkeypatch.setattr(held_out, "fit_rows", watched)
    options = ("--cv", "2", "--group-column", "paper", "-o", tmp_path / "m")
    assert run("train", data, *FAST, "--targets", "gap", *options) == 0
    papers, formulas = frame()["paper"].to_numpy(), frame()["formula"].to_numpy()
    labelled = np.flatnonzero(frame()["gap"].notna())
    (first, groups), *parts = seen
    assert first is None
    assert list(groups) == list(papers)
    assert len(parts) == 2
    for training, _ in parts:
        test = np.setdiff1d(labelled, training)
        assert len(test)
        assert not set(papers[training]) & set(papers[test])
        assert not set(formulas[training]) & set(formulas[test])


def test_rows_called_test_are_never_learned(data, tmp_path, capsys):
    folder = tmp_path / "half"
    options = ("--targets", "gap", "--split-column", "half", "-o", folder)
    assert run("train", data, *FAST, *options) == 0
    said = capsys.readouterr()
    assert "Trained on 18 rows: gap (18 labels)" in said.out
    assert "compositions of 8 held-out rows are also among those learned" in said.err
    content, table = results(folder)
    assert content["measured_by"] == "test_part"
    assert table.index[table["gap_predicted"].notna()].tolist() == list(range(20, 30))
    assert content["targets"]["gap"]["labels_learned"] == 18
    predicted = load_model(folder / "model").predict(frame()["formula"][20:].tolist())
    assert predicted.shape == (10,)  # one target, as fit with a Series
    np.testing.assert_allclose(table["gap_predicted"][20:], predicted)
    assert table["learned"].tolist() == [row < 20 and row not in (8, 9) for row in range(30)]


@pytest.mark.parametrize(
    ("option", "n_rows"), [(["--test-size", "0.3"], 6), (["--split-column", "fold"], 28)]
)
def test_a_part_and_the_folds_of_a_column(data, tmp_path, option, n_rows):
    folder = tmp_path / "m"
    assert run("train", data, *FAST, "--targets", "gap", *option, "-o", folder) == 0
    content, table = results(folder)
    assert content["targets"]["gap"]["labels_learned"] == 28
    assert table["gap_predicted"].notna().sum() >= n_rows


@pytest.mark.parametrize("seed", range(8))
def test_a_large_group_is_in_no_small_part(seed):
    groups = ["large"] * 14 + ["a", "a", "b", "b", "c", "c"]
    how = {"cv": None, "test_size": 0.3, "random_state": seed, "group_column": "paper"}
    given, labels = SimpleNamespace(input="formula"), frame()[["density"]][:20].fillna(1)
    X = frame()["formula"][:20].tolist()
    parts = draw_parts(SimpleNamespace(**how), given, None, X, labels, groups, None)
    ((training, test),) = parts.splits
    assert 2 <= len(test) <= 4  # two groups stay to learn from
    assert set(training) | set(test) == set(range(20))
    assert test.min() >= 14


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["train", "test", "val"], "row 3, part: 'val': neither train nor test"),
        ([1, 2, 2.5], "row 3, part: '2.5': not the whole number of a fold"),
        (["train", "", "test"], "row 2, part: empty: neither train nor test"),
        (["train"] * 3, "all rows of 'part' are in one part"),
    ],
)
def test_columns_that_are_no_parts(tmp_path, values, message, capsys):
    table = frame()
    table["part"] = pd.Series((values * 10), dtype=object)
    table.to_csv(tmp_path / "t.csv", index=False)
    train = ("train", tmp_path / "t.csv", *FAST, "--targets", "gap", "-o", tmp_path / "m")
    assert message in fails(capsys, *train, "--split-column", "part")
    assert not (tmp_path / "m").exists()


def test_groups_that_the_parts_split(data, tmp_path, capsys):
    options = ("--targets", "gap", "-o", tmp_path / "m", "--group-column", "paper")
    error = fails(capsys, "train", data, *FAST, *options, "--split-column", "half")
    assert "row 1 and row 21 have the same paper, 'paper 0', but --split-column puts" in error
    table = frame()
    table.loc[1, "paper"] = None
    table.to_csv(tmp_path / "t.csv", index=False)
    error = fails(capsys, "train", tmp_path / "t.csv", *FAST, *options)
    assert "row 2, paper: empty: no group" in error


def test_only_an_earlier_result_is_replaced(data, two, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(AutoRegressor, "fit", None)  # refused before any work
    train = ("train", data, *FAST, "--targets", "gap", "-o")
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    assert "it holds 'notes.txt'" in fails(capsys, *train, other)
    (other / "notes.txt").rename(other / "report.html")
    assert "it holds no metrics.json of skmat train" in fails(capsys, *train, other)
    (other / "file").write_text("")
    assert "is a file, not a folder" in fails(capsys, *train, other / "file")
    assert "does not exist. Create it first" in fails(capsys, *train, tmp_path / "a" / "b")
    assert "which this command reads" in fails(capsys, *train, data.parent)
    (two / "notes.txt").write_text("mine")
    try:
        assert "it holds 'notes.txt'" in fails(capsys, *train, two)
    finally:
        (two / "notes.txt").unlink()


def test_a_model_file_is_not_in_the_folder(data, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(AutoRegressor, "fit", None)  # refused before any work
    train = ("train", data, *FAST, "--targets", "gap", "-o", tmp_path / "m", "--model")
    for model in (tmp_path / "m", tmp_path / "m" / "model.joblib"):
        error = fails(capsys, *train, model)
        assert f"--model {model} is in the folder {tmp_path / 'm'}" in error


def test_a_folder_of_train_takes_no_other_result(two, data, tmp_path, capsys):
    formulas = ("--formulas", "TiO2", "--model", two)
    for command in (
        ("predict", *formulas, "-o", two / "predictions.csv"),
        ("explain", *formulas, "--target", "gap", "--plot", two / "model" / "bars.png"),
        ("train", data, *FAST, "--targets", "gap", "--model", two / "gap.joblib"),
        ("screen", data, "--model", two, "-o", two / "screened"),
        ("screen", "-o", tmp_path, "--merge", two / "predictions.csv"),
        ("embed", data, "--parts", "csv", "-o", two / "vectors"),
        ("demo", "--output", two),
    ):
        error = fails(capsys, *command)
        assert f"is in {two}, which holds a result of skmat train" in error


def test_the_folder_has_the_name_of_the_table(data, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for seed in (0, 1):  # the second replaces the first
        assert run("train", data, *FAST, "--targets", "gap", "--random-state", seed) == 0
        assert "Wrote data-model." in capsys.readouterr().out
    assert load_model("data-model/model").random_state == 1
    assert [path.name for path in tmp_path.iterdir()] == ["data-model"]
    # Not by accident: the name says nothing of the target.
    error = fails(capsys, "train", data, *FAST, "--targets", "density")
    assert "data-model holds an earlier model of 'gap'. Name another folder" in error


def test_the_folder_predicts_and_is_scored(two, data, capsys):
    capsys.readouterr()
    formulas = ("--formulas", "TiO2", "CsCl")
    for model in (two, two / "model"):
        assert run("predict", *formulas, "--model", model, "--interval", "0.8") == 0
    first, second = np.split(np.array(capsys.readouterr().out.splitlines()), 2)
    np.testing.assert_array_equal(first, second)
    assert run("evaluate", two, data) == 0
    said = capsys.readouterr()
    assert said.out.split()[:3] == ["target", "labels", "mae"]
    assert "30 of 30 rows have a material that the model has learned" in said.err


def test_the_model_may_be_an_option_in_all_commands(two, data, capsys):
    for command in (("evaluate", data), ("explain", "--formulas", "TiO2", "--target", "gap")):
        assert run(command[0], two, *command[1:]) == 0
        expected = capsys.readouterr().out
        assert run(*command, "--model", two) == 0
        assert capsys.readouterr().out == expected
    assert "Two models are given" in fails(capsys, "evaluate", two, data, "--model", two)
    assert "Name a model" in fails(capsys, "explain", "--formulas", "TiO2")
    assert "Give a table" in fails(capsys, "evaluate", two)


def test_python_loads_the_folder(two):
    X = ["TiO2", "CsCl"]
    np.testing.assert_array_equal(load_model(two).predict(X), load_model(two / "model").predict(X))


def test_what_is_no_model_is_told_before_the_table_is_read(two, data, capsys):
    error = fails(capsys, "predict", data, "--model", two / "report.html")
    assert "report.html is not a readable joblib file" in error


def test_labels_in_another_unit(tmp_path, capsys):
    table = frame()
    table.loc[[4, 7], "gap"] = [3.1e9, 2.2e9]
    table.to_csv(tmp_path / "t.csv", index=False)
    assert run("train", tmp_path / "t.csv", *FAST, "--targets", "gap", "-o", tmp_path / "m") == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "2 of 27 numbers of 'gap' are at least" in said
    assert "Are they in another unit? The first is 3.1e+09, in row 5" in said


def test_the_name_of_the_column_is_remembered(data, tmp_path, capsys):
    table = frame().rename(columns={"formula": "Zusammensetzung"})
    table.to_csv(tmp_path / "t.csv", index=False)
    train = ("train", tmp_path / "t.csv", *FAST, "--targets", "gap", "-o", tmp_path / "m")
    assert run(*train, "--formula-column", "Zusammensetzung") == 0
    capsys.readouterr()
    found = []
    for each in (tmp_path / "t.csv", data):  # the second has "formula"
        assert run("predict", each, "--model", tmp_path / "m") == 0
        found.append([line.split(",")[-1] for line in capsys.readouterr().out.splitlines()])
    assert found[0] == found[1]
    assert run("evaluate", tmp_path / "m", tmp_path / "t.csv") == 0
    screen = ("screen", tmp_path / "t.csv", "--model", tmp_path / "m", "-o", tmp_path / "s")
    assert run(*screen, "--quiet") == 0
    (tmp_path / "t.csv").write_text("name\nTiO2\n")
    (tmp_path / "m" / "model" / "model.json").unlink()  # the table is looked at first
    error = fails(capsys, "predict", tmp_path / "t.csv", "--model", tmp_path / "m")
    assert "has no column 'Zusammensetzung'" in error
    assert "--formula-column names the column of formulas" in error
    assert "--structure-column" not in error


def test_rows_that_cannot_be_read_are_left_out_if_asked_for(data, tmp_path, capsys):
    table = pd.concat([frame()[:2], frame()[:1].assign(formula="what?"), frame()[2:]])
    table.to_csv(tmp_path / "t.csv", index=False)
    train = ("train", tmp_path / "t.csv", *FAST, "--targets", "gap", "-o", tmp_path / "m")
    error = fails(capsys, *train)
    assert "row 3, formula: 'what?'" in error
    assert not (tmp_path / "m").exists()
    assert run(*train, "--on-invalid", "skip") == 0
    said = capsys.readouterr()
    assert "row 3, formula: 'what?'" in said.err
    assert "These rows are left out." in said.err
    assert f"Trained on {frame()['gap'].notna().sum()} rows" in said.out
    rows = pd.read_csv(tmp_path / "m" / "predictions.csv")["row"]
    assert rows.tolist() == [1, 2, *range(4, 32)]
    (tmp_path / "bad.csv").write_text("formula,gap\nwhat?,1\nwhy?,2\n")
    assert "2 cells cannot be read" in fails(
        capsys, "train", tmp_path / "bad.csv", *FAST, "--targets", "gap", "--on-invalid", "skip"
    )


def test_a_row_behind_one_that_is_left_out_keeps_its_number(tmp_path, capsys):
    table = frame().astype({"gap": object})
    table.loc[0, "formula"], table.loc[4, "gap"] = "what?", "dunno"
    table.to_csv(tmp_path / "t.csv", index=False)
    train = ("train", tmp_path / "t.csv", *FAST, "--targets", "gap", "--on-invalid", "skip")
    assert run(*train) == 2
    assert "row 5, gap: 'dunno'" in capsys.readouterr().err


def test_a_wrong_name_of_a_column_brings_the_nearest(data, capsys):
    error = fails(capsys, "train", data, *FAST, "--targets", "ga")
    assert "The nearest is 'gap'." in error


def test_words_are_learned_as_categories(tmp_path, capsys):
    table = frame().assign(route=["sol-gel", "CVD", "melt"] * 10, T=300.0)
    table["gap"] += np.where(table["route"] == "melt", 9, 0)
    table.loc[1, "route"] = None
    table.to_csv(tmp_path / "t.csv", index=False)
    train = ("train", tmp_path / "t.csv", "--targets", "gap", "--columns", "T,route")
    assert run(*train, *FAST, "--cv", "2", "-o", tmp_path / "m") == 0
    assert "'route' holds words, which are categories: 'CVD', 'melt', 'sol-gel'." in (
        capsys.readouterr().out
    )
    predict = ("predict", tmp_path / "new.csv", "--model", tmp_path / "m", *ALL_DIGITS)
    (tmp_path / "new.csv").write_text("formula,route,T\nCdTe, melt,300\nCdTe,,\n")
    assert run(*predict) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    new = pd.DataFrame({"formula": ["CdTe"] * 2, "T": [300, None], "route": ["melt", None]})
    expected = load_model(tmp_path / "m" / "model").predict(new)
    np.testing.assert_array_equal([float(line.split(",")[-1]) for line in lines], expected)
    screen = ("screen", tmp_path / "new.csv", "--model", tmp_path / "m", "--quiet")
    assert run(*screen, "-o", tmp_path / "s", "--merge", tmp_path / "s.csv") == 0
    np.testing.assert_allclose(pd.read_csv(tmp_path / "s.csv")["gap_predicted"], expected)
    assert run("evaluate", tmp_path / "m", tmp_path / "t.csv") == 0
    (tmp_path / "new.csv").write_text("formula,route,T\nCdTe,MBE,300\nCdTe,melt,300\n")
    assert run(*screen, "-o", tmp_path / "s2", "--merge", tmp_path / "s2.csv") == 0
    found = pd.read_csv(tmp_path / "s2.csv")["gap_predicted"]
    np.testing.assert_allclose(found, [np.nan, expected[0]])
    assert "row 1, route: 'MBE': not one of 'CVD', 'melt'" in fails(capsys, *predict)
    assert run(*predict, "--on-invalid", "nan") == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()[1:]
    assert lines[0] == "CdTe,MBE,300,"
    np.testing.assert_allclose(float(lines[1].split(",")[-1]), expected[0])
    assert "1 of 2 rows cannot be read" in said.err
    error = fails(capsys, *train, "--size", "tiny", "--model", tmp_path / "m.joblib")
    assert "row 1, route: 'sol-gel'" in error
    assert "For words, leave out the options of one network" in error


def test_the_report_tells_the_story_and_needs_nothing_else(two, kinds):
    page = Page(two / "report.html")
    text = " ".join(page.texts)
    content, table = results(two)
    for name in ("gap", "density"):
        assert content["targets"][name]["verdict"] in text
    assert page.tags.count("img") == 6  # two and the elements, per target
    assert all(each.startswith("data:image/svg+xml;base64,") for each in page.sources)
    assert not {"script", "link", "iframe"} & set(page.tags)
    worst = table["gap_error"].abs().idxmax()
    assert f" {worst + 1} {table['formula'][worst]} " in text.replace("\n", " ")
    assert "Models that were tried" in text
    assert content["command"] in text
    assert f"skmat predict new.csv --model {two} --interval 0.9" in text
    text = " ".join(Page(kinds / "report.html").texts)
    assert "the probability of 'wide'" in text
    assert "Right when predicted" in text
    assert "True class, predicted as narrow wide" in text


def test_the_error_above_a_label_of_many(tmp_path):
    table = pd.concat([frame()[["formula", "gap"]].dropna()] * 2)
    table["gap"] = table["gap"].where(table["gap"] > 3, 0.0)
    table.to_csv(tmp_path / "t.csv", index=False)
    assert run("train", tmp_path / "t.csv", *FAST, "--targets", "gap", "-o", tmp_path / "m") == 0
    _, predicted = results(tmp_path / "m")
    errors = predicted["gap_error"][predicted["gap"] > 0].abs()
    texts = " ".join(Page(tmp_path / "m" / "report.html").texts)
    labels = predicted["gap"][predicted["gap"] > 0]
    constant = digits_text((labels - labels.median()).abs().mean())
    expected = f"error of the {len(errors)} labels above 0 {digits_text(errors.mean())} {constant}"
    assert expected in texts


def test_labels_that_contradict_each_other(tmp_path, capsys):
    table = frame()[["formula", "gap"]].dropna()
    other = table.iloc[[0]].assign(gap=table["gap"].iloc[0] + 2)
    pd.concat([table, other]).to_csv(tmp_path / "t.csv", index=False)
    train = ("train", tmp_path / "t.csv", *FAST, "--targets", "gap", "-o", tmp_path / "m")
    assert run(*train) == 0
    # Each composition has two rows with equal labels, and this one a third.
    expected = "3 labels differ from others of the same formula; on average, they are 0.6667 away"
    assert f"gap: {expected}" in " ".join(capsys.readouterr().out.split())
    assert expected in " ".join(Page(tmp_path / "m" / "report.html").texts)


def test_hostile_text_is_text(tmp_path):
    table = frame().rename(columns={"gap": HOSTILE})
    table["formula"] = [f"{each} " for each in table["formula"]]
    table.to_csv(tmp_path / "<img src=x>.csv", index=False)
    train = ("train", tmp_path / "<img src=x>.csv", *FAST, "-o", tmp_path / "m")
    assert run(*train, "--targets", '"' + HOSTILE.replace('"', '""') + '"') == 0
    page = Page(tmp_path / "m" / "report.html")
    assert "script" not in page.tags
    assert page.tags.count("style") == 1
    assert page.tags.count("img") == 3
    assert HOSTILE in " ".join(page.texts)


def test_a_network_is_only_measured_if_asked(data, tmp_path, capsys):
    network = ("--pretrained", "none", "--size", "tiny", "--max-epochs", "1", "--quiet")
    train = ("train", data, "--targets", "gap", "-o", tmp_path / "m", *network)
    assert run(*train) == 0
    assert "The error was not measured" in capsys.readouterr().out
    content, table = results(tmp_path / "m")
    assert "metrics" not in content["targets"]["gap"]
    assert table["gap_predicted"].isna().all()
    assert "error of this model was not measured" in (tmp_path / "m" / "report.html").read_text()
    assert run(*train, "--test-size", "0.3") == 0
    assert results(tmp_path / "m")[0]["targets"]["gap"]["metrics"]["mae"] > 0
    assert "one network makes none" in fails(capsys, *train, "--group-column", "paper")


def interrupt(*args, **kwargs):
    raise KeyboardInterrupt


@pytest.mark.parametrize("target", ["gap", "kind"])
@pytest.mark.parametrize("option", [("--cv", "3"), ("--split-column", "half")])
def test_an_interrupted_measurement_keeps_the_model(
    data, option, target, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("skmat.cli.held_out.predict_parts", interrupt)
    folder = tmp_path / "m"
    assert run("train", data, *FAST, "--targets", target, *option, "-o", folder) == 130
    assert "holds the model, without the measurement of its error" in capsys.readouterr().err
    content, table = results(folder)
    assert content["measured_by"] == "out_of_fold"
    assert table[f"{target}_predicted"].notna().tolist() == table["learned"].tolist()


def test_an_interrupted_report_keeps_the_model(data, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("skmat.cli.report.write_report", interrupt)
    folder, model = tmp_path / "m", tmp_path / "m.joblib"
    train = ("train", data, *FAST, "--targets", "gap", "-o", folder, "--model", model)
    assert run(*train) == 130
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith(f"{model} and {folder} holds the model, without report.html.")
    assert isinstance(load_model(folder), AutoRegressor)


def test_columns_with_one_name_are_refused(tmp_path, capsys):
    table = frame().assign(gap_error=1.0)
    table.to_csv(tmp_path / "t.csv", index=False)
    train = ("train", tmp_path / "t.csv", *FAST, "--targets", "gap,gap_error")
    error = fails(capsys, *train, "-o", tmp_path / "m")
    assert "two columns 'gap_error'" in error


def test_structures_are_reported_too(tmp_path):
    texts = [each.to(fmt="cif") for each in many(10)]
    table = pd.DataFrame({"cif": texts, "y": np.arange(10.0) ** 2})
    table.to_csv(tmp_path / "t.csv", index=False)
    train = ("train", tmp_path / "t.csv", "--structure-column", "cif", *FAST, "--targets", "y")
    assert run(*train, "--cv", "2", "-o", tmp_path / "m") == 0
    _, predicted = results(tmp_path / "m")
    assert predicted["cif"].str.startswith("data_").all()
    text = (tmp_path / "m" / "report.html").read_text()
    assert "--structure-column cif" in text
    assert "Not known for an average" in text.split("What elements contribute")[1]


@pytest.fixture(scope="module")
def crystals(tmp_path_factory, _one_candidate):
    """A folder of a model of structures."""
    folder = tmp_path_factory.mktemp("crystals")
    table = pd.DataFrame({"cif": [each.to(fmt="cif") for each in many(10)]})
    table.assign(y=np.arange(10.0) ** 2).to_csv(folder / "t.csv", index=False)
    train = ("train", folder / "t.csv", "--structure-column", "cif", *FAST, "--targets", "y")
    assert run(*train, "-o", folder / "m") == 0
    return folder / "m"


@pytest.fixture
def overlapping(tmp_path):
    """A table of a row without a file, two good rows, and one whose atoms overlap."""
    bad = Structure(np.eye(3) * 4, ["Na", "Cl"], [[0, 0, 0], [0, 0, 1e-4]])
    cifs = ["missing.cif", *(each.to(fmt="cif") for each in [*many(2), bad])]
    pd.DataFrame({"cif": cifs, "y": 1.0}).to_csv(tmp_path / "t.csv", index=False)
    return tmp_path / "t.csv"


class TestOverlappingAtoms:
    def test_their_rows_are_named(self, crystals, overlapping, capsys):
        for command in (("predict", overlapping, "--model", crystals), ("explain", crystals)):
            error = fails(capsys, *command, *[overlapping] * (command[0] == "explain"))
            assert "row 1, cif: 'missing.cif': no file has this name" in error
            assert "  row 4 (line" in error
            assert "atoms 0 and 1 (counted from 0) are 0.0004 Å apart" in error

    def test_their_rows_have_no_results_if_told(self, crystals, overlapping, tmp_path):
        nan = ("--on-invalid", "nan", "-o", tmp_path / "out.csv")
        assert run("predict", overlapping, "--model", crystals, *nan) == 0
        found = pd.read_csv(tmp_path / "out.csv")["y_predicted"]
        assert found.isna().tolist() == [True, False, False, True]
        assert run("evaluate", crystals, overlapping, *nan) == 0
        assert pd.read_csv(tmp_path / "out.csv")["labels"].tolist() == [2]

    def test_they_are_found_before_the_fit(self, overlapping, monkeypatch, capsys):
        monkeypatch.setattr(AutoRegressor, "fit", None)
        table = pd.read_csv(overlapping)[1:].assign(part=["test", "train", "train"])
        table.to_csv(overlapping, index=False)
        train = ("train", overlapping, "--structure-column", "cif", *FAST, "--targets", "y")
        error = fails(capsys, *train, "--split-column", "part")
        assert "1 cell cannot be read as structures" in error
        assert "  row 3 (line" in error


class TestExplain:
    def values(self, capsys, *arguments):
        capsys.readouterr()
        assert run("explain", *arguments, "--digits", "all") == 0
        lines = capsys.readouterr().out.splitlines()
        return pd.DataFrame([line.split(",") for line in lines[1:]], columns=lines[0].split(","))

    def test_contributions_add_up(self, two, capsys):
        formulas = ("--formulas", "TiO2", "BaTiO3")
        table = self.values(capsys, two, *formulas, "--target", "gap")
        names = [name for name in table if name.startswith("gap_from_")]
        assert names == [f"gap_from_{each}" for each in ("O", "Ti", "Ba")]
        assert table["gap_from_Ba"][0] == ""
        total = table[names].replace("", "0").astype(float).sum(axis=1)
        predicted, baseline = (
            table[f"gap_{each}"].astype(float) for each in ("predicted", "baseline")
        )
        np.testing.assert_allclose(total, predicted - baseline, atol=1e-6)
        expected = load_model(two / "model").predict(["TiO2", "BaTiO3"])[:, 0]
        np.testing.assert_allclose(predicted, expected)
        # The mean of the labels that were learned.
        np.testing.assert_allclose(baseline, frame()["gap"].mean())

    def test_a_class_and_a_figure(self, kinds, tmp_path, capsys):
        plot = tmp_path / "bars.png"
        table = self.values(capsys, kinds, "--formulas", "TiO2", "--plot", plot)
        share = load_model(kinds / "model").predict_proba(["TiO2"])[0, 1]
        assert float(table["kind_probability_wide_predicted"][0]) == pytest.approx(share)
        assert plot.read_bytes().startswith(b"\x89PNG")
        table = self.values(capsys, kinds, "--formulas", "TiO2", "--class", "narrow")
        assert float(table["kind_probability_narrow_predicted"][0]) == pytest.approx(1 - share)

    def test_what_cannot_be_explained(self, two, kinds, tmp_path, capsys):
        formulas = ("--formulas", "TiO2")
        error = fails(capsys, "explain", two, *formulas)
        assert "needs --target. Choose one of 'gap', 'density'" in error
        assert "row 1, formula: 'Xx'" in fails(capsys, "explain", kinds, "--formulas", "Xx", "Cu")
        error = fails(capsys, "explain", two / "model", *formulas, "--target", "gap")
        assert "Give a number by --baseline" in error
        error = fails(capsys, "explain", kinds, *formulas, "--plot", tmp_path / "x.txt")
        assert "must be one of .png, .svg, .pdf" in error
        assert "has no class 'x'" in fails(capsys, "explain", kinds, *formulas, "--class", "x")

    def test_structures(self, crystals, tmp_path, capsys):
        for i, each in enumerate(many(3)):
            each.to(filename=str(tmp_path / f"{i}.cif"))
        files = sorted(tmp_path.glob("*.cif"))
        table = self.values(capsys, crystals, "--structures", *files)
        assert list(table["structure"]) == list(map(str, files))
        names = [name for name in table if name.startswith("y_from_")]
        total = table[names].replace("", "0").astype(float).sum(axis=1)
        predicted = table["y_predicted"].astype(float)
        np.testing.assert_allclose(total, predicted - table["y_baseline"].astype(float), atol=1e-6)
        expected = load_model(crystals / "model").predict(many(3))
        np.testing.assert_allclose(predicted, expected, rtol=1e-5)

    def test_structures_that_cannot_be_explained(self, crystals, tmp_path, capsys):
        file = tmp_path / "a.cif"
        many(1)[0].to(filename=str(file))
        error = fails(capsys, "explain", crystals, "--structures", file)
        assert "All structures have one composition" in error
        assert "Give further structures" in error
        error = fails(capsys, "explain", crystals, "--structures", file, "--baseline", "1")
        assert "--baseline is for formulas" in error
        assert "reads structures, not formulas" in fails(
            capsys, "explain", crystals / "model", "--formulas", "TiO2"
        )


@pytest.fixture(scope="module")
def heated(tmp_path_factory, _one_candidate):
    """A folder of a model that also reads a temperature, with a missing cell, and a time."""
    table = frame().dropna(subset=["gap"]).reset_index(drop=True)
    table["T"] = [500.0, 900.0] * (len(table) // 2)
    table["t [h]"] = np.arange(len(table)) + 0.5
    table["gap"] -= 0.01 * table["T"]
    table.loc[4, "T"] = np.nan
    path = tmp_path_factory.mktemp("heated") / "data.csv"
    table.to_csv(path, index=False)
    train = ("train", path, *FAST, "--targets", "gap", "--columns", "T,t [h]")
    assert run(*train, "-o", path.parent / "m") == 0
    return path.parent / "m"


class TestFurtherColumns:
    def test_they_are_in_the_predictions_and_the_report(self, heated):
        _, table = results(heated)
        assert list(table)[:5] == ["row", "formula", "T", "t [h]", "gap"]
        assert table["T"].isna().tolist() == [row == 4 for row in range(len(table))]
        text = " ".join(" ".join(Page(heated / "report.html").texts).split())
        assert "Row Material T t [h] True Predicted Error" in text
        worst = table.loc[table["gap_error"].abs().idxmax()]
        assert f" {worst['row']} {worst['formula']} {worst['T']:g} {worst['t [h]']:g} " in text
        assert "Rows without T 1 Rows without t [h] 0" in text

    def test_the_report_tells_what_shuffling_changes(self, heated):
        text = " ".join(" ".join(Page(heated / "report.html").texts).split())
        found = re.search(
            r"Shuffled column Mean absolute change T (\S+) t \[h\] (\S+) formula (\S+) ", text
        )
        values = [float(each) for each in found.groups()]
        assert values[2] > values[0] > values[1] >= 0

    def test_the_lines_of_python_run(self, heated):
        text = (heated / "report.html").read_text()
        (lines,) = re.findall(r"<pre><code>(import .*?)</code></pre>", text, re.DOTALL)
        names: dict = {}
        exec(unescape(lines), names)
        assert names["new"].columns.tolist() == ["formula", "T", "t [h]"]
        assert names["model"].predict(names["new"]).shape == (1,)

    def test_the_baseline_has_the_columns_of_the_row(self, heated, tmp_path, capsys):
        rows = pd.DataFrame({"formula": ["TiO2"] * 2, "T": [500.0, 900.0], "t [h]": 3.0})
        rows.to_csv(tmp_path / "new.csv", index=False)
        explain = ("explain", heated, tmp_path / "new.csv", "-o", tmp_path / "out.csv")
        assert run(*explain, "--digits", "all") == 0
        said = capsys.readouterr().err
        assert f"formulas of {heated} with 'T', 't [h]' of this row" in said
        out = pd.read_csv(tmp_path / "out.csv")
        model, (_, learned) = load_model(heated / "model"), results(heated)
        for row, baseline in enumerate(out["gap_baseline"]):
            others = learned[["formula"]].assign(**{"T": rows["T"][row], "t [h]": 3.0})
            assert baseline == pytest.approx(model.predict(others).mean(), abs=1e-5)
        assert out["gap_baseline"][0] > out["gap_baseline"][1]
        total = out["gap_from_Ti"] + out["gap_from_O"]
        np.testing.assert_allclose(total, out["gap_predicted"] - out["gap_baseline"], atol=1e-5)
        # A number stays what it is.
        assert run(*explain, "--baseline", "2") == 0
        assert capsys.readouterr().err == ""
        assert pd.read_csv(tmp_path / "out.csv")["gap_baseline"].tolist() == [2, 2]


def test_the_style_follows_the_light_of_the_reader(two):
    text = (two / "report.html").read_text()
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"https?://", text.replace("http://www.w3.org", ""))
