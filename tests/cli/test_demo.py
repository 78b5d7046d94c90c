import contextlib
import io

import joblib
import numpy as np
import pandas as pd
import pytest

from skmat import MTEncoder
from skmat.cli import main as cli
from skmat.cli.demo import run as demo
from skmat.exceptions import InvalidCompositionError, SkmatError
from skmat.pretrained import ModelCard

TINY = demo.Sizes(40, 30, n_trees=3, max_epochs=2, n_folds=2)

MODELS = [
    "mean of the labels",
    "Magpie + random forest",
    "MTEncoder, random weights",
    "MTEncoder, pretrained",
    "AutoRegressor",
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Output folder and standard output of `skmat demo --quick` at the smallest sizes."""
    folder = tmp_path_factory.mktemp("demo") / "out"
    text = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(text):
        patch.setattr(demo, "QUICK", TINY)
        formulas = ["--formulas", "Bi2Te3", "SiO2", "NaN"]
        assert cli.main(["demo", "--quick", "--output", str(folder), *formulas]) == 0
    return folder, text.getvalue()


def test_writes_every_file(finished):
    folder, _ = finished
    assert {path.name for path in folder.iterdir()} == {
        "model.joblib",
        "parity.png",
        "predictions.csv",
        "results.csv",
    }
    assert (folder / "parity.png").read_bytes().startswith(b"\x89PNG")


def test_only_files_of_a_demo_are_replaced(finished, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(demo, "_split", None)  # refused before any work
    (tmp_path / "predictions.csv").write_text("mine")
    assert cli.main(["demo", "--output", str(tmp_path)]) == 2
    assert "predictions.csv is not of a demo" in capsys.readouterr().err
    with pytest.raises(TypeError):
        demo.run_demo(finished[0])


def test_results_compare_all_methods_on_all_targets(finished):
    results = pd.read_csv(finished[0] / "results.csv")
    assert sorted(set(results["model"])) == sorted(MODELS)
    assert len(results) == len(MODELS) * len(demo.TARGETS)
    assert set(results["n_held_out"]) == {30}
    assert dict(zip(results["target"], results["unit"], strict=True)) == {
        "S_p": "uV/K",
        "S_n": "uV/K",
        "PF_p": "decades",
        "PF_n": "decades",
    }


def test_results_follow_from_the_predictions(finished):
    results = pd.read_csv(finished[0] / "results.csv").set_index(["model", "target"])["MAE"]
    predictions = pd.read_csv(finished[0] / "predictions.csv", keep_default_na=False)
    assert len(predictions) == 30 * len(demo.TARGETS)
    for target, rows in predictions.groupby("target"):
        for model in MODELS:
            error = (rows["true"] - rows[model]).abs().mean()
            assert results[model, target] == pytest.approx(error)


def test_predictions_are_of_the_saved_model(finished):
    model = joblib.load(finished[0] / "model.joblib")
    predictions = pd.read_csv(finished[0] / "predictions.csv", keep_default_na=False)
    wide = predictions.pivot(index="formula", columns="target", values=MODELS[-1])
    np.testing.assert_allclose(wide[demo.TARGETS], model.predict(wide.index.tolist()))


def test_prints_the_best_of_each_column_and_the_new_process(finished):
    text = finished[1]
    table = text[text.index("Mean absolute errors on 30") :]
    rows = [
        line for line in table.splitlines() if line.startswith(("Magpie", "MTEnc", "mean", "Auto"))
    ]
    assert sum(line.count("*") for line in rows) == len(demo.TARGETS)
    assert "Lowest errors by" in text
    assert "AutoRegressor, relative to MTEncoder, pretrained: S_p " in text
    assert "Held-out compounds in their interval of 90%: S_p " in text
    assert "bit for bit" in text
    assert "of another calculation (JARVIS)" in text


def test_parts_share_no_composition():
    parts, units = demo._split(TINY, random_state=3)
    formulas = [formula for part in parts.values() for formula in part["formula"]]
    ids = demo.read_compositions(formulas).group_ids()
    assert len(set(ids)) == len(ids) == 70
    assert set(demo.TARGETS) <= set(units)


def test_labels_are_missing_from_the_labelled_part_alone():
    parts, _ = demo._split(TINY, random_state=0)
    missing = parts["labelled"][demo.TARGETS].isna().to_numpy().mean()
    assert 0.15 < missing < 0.45
    assert parts["held out"].notna().all(axis=None)


def test_roles_go_by_composition():
    parts = {
        "labelled": pd.DataFrame({"formula": ["TiO2"]}),
        "held out": pd.DataFrame({"formula": ["NaCl"]}),
    }
    roles = demo._roles(["O4Ti2", "NaCl", "ZnO", "ZnO"], parts)
    assert roles == ["labelled", "held out", "in no part", "in no part"]


def test_forests_skip_missing_labels():
    y = pd.DataFrame({"a": [1.0, np.nan, 1.0], "b": [np.nan, 5.0, np.nan]})
    forests = demo._Forests(demo.MagpieFeaturizer(), 3, 0).fit(["TiO2", "NaCl", "ZnO"], y)
    np.testing.assert_array_equal(forests.predict(["KCl"]), [[1.0, 5.0]])


def test_takes_another_encoder(tmp_path, capsys, monkeypatch):
    # The new process is tested above, and takes seconds to start.
    monkeypatch.setattr(
        demo, "_predict_in_new_process", lambda path, X: joblib.load(path).predict(X)
    )
    encoder = MTEncoder(preset="tiny", max_epochs=1, random_state=0).fit(["TiO2", "NaCl"])
    card = ModelCard(description="Of two formulas.")
    encoder.save_pretrained(tmp_path / "encoder", card=card)
    demo.run_demo(tmp_path / "out", sizes=TINY, pretrained=tmp_path / "encoder")
    assert "Of two formulas." in capsys.readouterr().out
    errors = pd.read_csv(tmp_path / "out" / "results.csv").set_index("model")["MAE"]
    assert not np.array_equal(errors["MTEncoder, pretrained"], errors["MTEncoder, random weights"])


def test_other_numbers_from_the_new_process_are_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(
        demo, "_predict_in_new_process", lambda path, X: joblib.load(path).predict(X) + 1e-12
    )
    encoder = MTEncoder(preset="tiny", max_epochs=1, random_state=0).fit(["TiO2", "NaCl"])
    with pytest.raises(SkmatError, match="other numbers"):
        demo.run_demo(tmp_path / "out", sizes=TINY, pretrained=encoder)


def test_bad_formulas_show_before_the_work(tmp_path, capsys):
    with pytest.raises(InvalidCompositionError):
        demo.run_demo(tmp_path / "out", sizes=TINY, formulas=["Xx"])
    assert not (tmp_path / "out").exists()
    assert cli.main(["demo", "--output", str(tmp_path / "out"), "--formulas", "Xx"]) == 2
    assert "'Xx'" in capsys.readouterr().err


def test_a_failing_new_process_is_reported(tmp_path):
    with pytest.raises(SkmatError, match=r"The model .* does not exist"):
        demo._predict_in_new_process(tmp_path / "none.joblib", ["TiO2"])
