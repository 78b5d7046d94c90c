import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from common.materials import many
from sklearn.metrics import roc_auc_score
from sklearn.utils import Bunch

import skmat
from skmat import CGCNNRegressor, MTEncoder, MTEncoderRegressor
from skmat.cli import main as cli
from skmat.cli.pretrain import config as pretrain_config
from skmat.cli.pretrain.config import read_config
from skmat.cli.pretrain.data import read_data
from skmat.cli.pretrain.run import run_pretraining, validation_errors
from skmat.estimators._objectives import resolve_objectives
from skmat.exceptions import PretrainedError
from skmat.pretrained import load_checkpoint
from skmat.structure import StructureArrays
from skmat.training import CheckpointFolder

CONFIG = """
[data]
exclude = ["tested.csv"]
validation_fraction = 0.25

[[data.tables]]
source = "csv"
path = "gaps.csv"
targets = ["gap"]
classes = ["metal", "kind"]
units = {gap = "eV"}

[[data.tables]]
source = "csv"
path = "moduli.csv"
formula_column = "name"
targets = ["bulk"]

[encoder]
preset = "tiny"
objectives = "joint"
loss_weighting = "rlw-mtencoder"
max_epochs = 3
batch_size = 16
device = "cpu"

[output]
folder = "out"
name = "small"
licence = "MIT"
"""


@pytest.fixture
def config(tmp_path):
    """Write a configuration and its tables; returns the path of the file."""
    random = np.random.default_rng(0)
    formulas = [
        f"{metal}{n}{other}"
        for metal in ("Li", "Na", "Fe")
        for other in ("O", "Cl")
        for n in range(1, 9)
    ]
    gaps = pd.DataFrame({"formula": formulas, "gap": random.normal(3, 1, 48)})
    gaps["metal"] = np.where(random.random(48) < 0.5, "yes", "no")
    gaps["kind"] = [formula[:2] for formula in formulas]
    gaps.loc[::3, "gap"] = np.nan
    gaps.to_csv(tmp_path / "gaps.csv", index=False)
    moduli = pd.DataFrame(
        {"name": [*formulas[:20], "Cu", "Ni"], "bulk": random.normal(90, 30, 22)}
    )
    moduli.to_csv(tmp_path / "moduli.csv", index=False)
    (tmp_path / "tested.csv").write_text("formula\nO2Li4\nNi\n")
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    return path


def said(config, **parameters):
    lines = []
    run_pretraining(config, write=lines.append, **parameters)
    return lines


def test_a_checkpoint_with_a_card(config, tmp_path):
    lines = said(config)
    folder = tmp_path / "out"
    assert lines[-1] == f"Wrote {folder}."
    encoder = MTEncoder(pretrained=folder).fit(["H"])
    assert encoder.transform(["TiO2"]).shape == (1, 64)
    card = json.loads((folder / "config.json").read_text())["card"]
    assert card["name"] == "small"
    assert card["licence"] == "MIT"
    assert card["description"] == "Pretrained on gaps.csv, moduli.csv."
    assert card["data"] == (
        "gaps.csv (47 compositions); moduli.csv (20 compositions); joined by composition: 48, of"
        " which 36 were trained on and 12 held out for the metrics"
    )
    assert card["excluded"] == "2 compositions, those of tested.csv (2)"
    assert [each["name"] for each in card["objectives"]] == ["properties", "masked_elements"]
    assert card["epochs"] == 3
    assert card["config"] == CONFIG
    assert card["skmat_version"] == skmat.__version__
    assert set(card["metrics"]) == {
        "gap MAE (eV)",
        "metal ROC-AUC",
        "kind accuracy",
        "bulk MAE",
        "masked_elements loss",
    }
    for name, value in card["metrics"].items():
        assert f"held out: {name}: {value:.4g}" in lines
    readme = (folder / "README.md").read_text()
    assert CONFIG.strip() in readme
    assert "36 compositions to train on, 12 held out" in lines


def test_errors_are_those_of_the_held_out_rows_in_their_units(config):
    read = read_config(config)
    data = read_data(read, resolve_objectives("joint"))
    encoder = MTEncoder(**read.encoder)
    formulas, labels = data.materials[data.training], data.labels.iloc[data.training]
    encoder.fit(formulas, labels)
    errors = validation_errors(encoder, data)
    # The same heads on the same encoder, by the estimators' own way to predict.
    held_out = data.labels.iloc[data.validation]
    for name, key in [("gap", "gap MAE (eV)"), ("bulk", "bulk MAE")]:
        known = held_out[name].notna().to_numpy()
        assert 0 < known.sum() < len(known)
        regressor = _as_regressor(encoder, list(data.labels.columns).index(name))
        guess = regressor(data.materials[data.validation][known])
        expected = np.abs(guess - held_out[name].to_numpy(dtype=float)[known]).mean()
        assert errors[key] == pytest.approx(expected, rel=1e-5)
    assert 0 <= errors["kind accuracy"] <= 1
    assert 3 < errors["masked_elements loss"] < 7
    assert validation_errors(encoder, data) == errors


def _as_regressor(encoder, column):
    """Return a function from formulas to predictions of one column, made from scratch."""
    import torch

    member = encoder.estimators_[0]

    def predict(formulas):
        vectors = torch.from_numpy(encoder.transform(formulas))
        with torch.inference_mode():
            output = member.model.heads["properties"][column](vectors)[:, 0].numpy()
        return output * member.scaling.scale[column] + member.scaling.mean[column]

    return predict


def test_classes_are_scored_by_their_probabilities(config):
    read = read_config(config)
    data = read_data(read, resolve_objectives("properties"))
    encoder = MTEncoder(**{**read.encoder, "objectives": "properties"})
    encoder.fit(data.materials[data.training], data.labels.iloc[data.training])
    errors = validation_errors(encoder, data)
    assert "masked_elements loss" not in errors
    held_out = data.labels["metal"].iloc[data.validation]
    known = held_out.notna().to_numpy()
    column = list(data.labels.columns).index("metal")
    member = encoder.estimators_[0]
    logits = _as_regressor(encoder, column)(data.materials[data.validation][known])
    assert member.scaling.scale[column] == 1
    expected = roc_auc_score(held_out[known] == "yes", logits)
    assert errors["metal ROC-AUC"] == pytest.approx(expected)


def test_nothing_held_out_is_nothing_measured(config):
    config.write_text(CONFIG.replace("0.25", "0"))
    lines = said(config)
    assert not [line for line in lines if line.startswith("held out")]


def test_a_stopped_run_goes_on_and_a_finished_one_is_not_repeated(config, tmp_path, monkeypatch):
    run_pretraining(config, folder=tmp_path / "whole", verbose=0)
    write, written = CheckpointFolder.write, []

    def stop_after_two(self, state):
        written.append(len(state["history"]))
        write(self, state)
        if len(written) == 2:
            raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(CheckpointFolder, "write", stop_after_two)
        with pytest.raises(ZeroDivisionError):
            run_pretraining(config, verbose=0)
        assert not (tmp_path / "out" / "model.safetensors").exists()
        run_pretraining(config, verbose=0)
        assert written == [1, 2, 3, 3]
        run_pretraining(config, verbose=0)
        assert written == [1, 2, 3, 3]
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "out")]
    assert weights[0] == weights[1]


def test_a_folder_of_another_configuration_is_refused(config):
    said(config)
    config.write_text(CONFIG.replace("max_epochs = 3", "max_epochs = 4"))
    with pytest.raises(PretrainedError, match="max_epochs was 3, is 4") as raised:
        said(config)
    assert "skmat pretrain keeps its state in" in raised.value.__notes__[0]
    # What only the card says may change.
    config.write_text(CONFIG.replace('"small"', '"tiny"'))
    assert said(config)[-1].startswith("Wrote")


def test_pretrained_weights_can_be_fine_tuned(config, tmp_path):
    folder = run_pretraining(config, verbose=0)
    model = MTEncoderRegressor(pretrained=folder, max_epochs=1, random_state=0)
    assert model.fit(["TiO2", "NaCl"], [3.0, 8.5]).model_card_.name == "small"


def test_the_card_says_that_an_earlier_encoder_may_know_what_is_held_out(config, tmp_path):
    folder = run_pretraining(config, verbose=0)
    text = config.read_text().replace("[encoder]", f'[encoder]\npretrained = "{folder}"')
    config.write_text(text.replace('folder = "out"', 'folder = "second"'))
    card = load_checkpoint(run_pretraining(config, verbose=0)).card
    assert card.derived_from == "small"
    assert card.data.endswith(
        "The encoder that training started from may have learned these before"
    )


def test_a_network_of_crystals(tmp_path, monkeypatch):
    crystals = StructureArrays.from_structures(many(12))

    def fetch(*, data_home=None, targets=None, input="formula", as_frame=False):
        frame = pd.DataFrame({"structure": crystals.formulas(), "gap": np.arange(12.0)})
        return Bunch(data=crystals, frame=frame, units={"gap": "eV"})

    monkeypatch.setitem(pretrain_config.FETCHERS, "mp", fetch)
    path = tmp_path / "crystals.toml"
    path.write_text(
        "[data]\nvalidation_fraction = 0.3\n[[data.tables]]\nsource = 'mp'\n[encoder]\n"
        "family = 'cgcnn'\npreset = 'tiny'\nobjectives = ['properties', 'crystal_twins']\n"
        "max_epochs = 2\ndevice = 'cpu'\n[output]\nfolder = 'out'\n"
    )
    lines = said(path)
    assert [line for line in lines if line.startswith("held out: gap MAE (eV): ")]
    assert [line for line in lines if line.startswith("held out: barlow_twins loss: ")]
    model = CGCNNRegressor(pretrained=tmp_path / "out", max_epochs=1, random_state=0)
    card = model.fit(crystals, np.arange(12.0)).model_card_
    assert re.search(r"mp \(\d+ structures\); together: 12, of which \d+ were trained", card.data)


def test_the_command(config, tmp_path, capsys):
    assert cli.main(["pretrain", str(config), "--check"]) == 0
    output = capsys.readouterr()
    assert "gap: " in output.out
    assert not (tmp_path / "out").exists()
    assert cli.main(["pretrain", str(config), "--output", str(tmp_path / "else")]) == 0
    output = capsys.readouterr()
    assert re.search(r"epoch 3/3  train .* materials/s  \d:\d\d:\d\d left", output.err)
    assert f"Wrote {tmp_path / 'else'}." in output.out
    assert not (tmp_path / "out").exists()
    assert cli.main(["pretrain", str(config), "--quiet"]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    assert output.out == f"Wrote {tmp_path / 'out'}.\n"
    config.write_text(CONFIG.replace("[encoder]", "[encoder]\nsize = 3"))
    assert cli.main(["pretrain", str(config)]) == 2
    assert "skmat pretrain: error: " in capsys.readouterr().err


def test_its_help_imports_no_torch():
    code = (
        "import sys\nfrom skmat.cli.main import main\n"
        "try:\n    main(['pretrain', '--help'])\n"
        "finally:\n    print({'torch', 'joblib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.endswith("set()\n")
