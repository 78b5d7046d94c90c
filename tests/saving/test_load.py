import os
import pickle
import subprocess
import sys

import pytest
import torch
from common.folders import alter, put
from numpy.testing import assert_array_equal

import skmat
from skmat import MTEncoderClassifier, load_model
from skmat.exceptions import SavedModelError

FORMULAS = ["TiO2", "NaCl", "Cu", "Fe2O3"]

RAN = []


def run():
    RAN.append(True)


class Planted:
    def __reduce__(self):
        return run, ()


@pytest.fixture(scope="module")
def model():
    model = MTEncoderClassifier(preset="tiny", pretrained=None, max_epochs=1, random_state=0)
    return model.fit(FORMULAS, ["a", "b", "b", "a"])


@pytest.fixture
def saved(model, tmp_path):
    return model.save_model(tmp_path / "model")


def test_a_model_comes_back_by_path_or_text(model, saved):
    for path in (saved, str(saved)):
        assert_array_equal(load_model(path).predict_proba(FORMULAS), model.predict_proba(FORMULAS))
    assert skmat.load_model is skmat.saving.load_model


def test_what_is_no_model(tmp_path):
    (tmp_path / "file").write_text("text")
    (tmp_path / "empty").mkdir()
    for name, fault in (
        *(("nothing", "does not exist"), ("file", "is not a folder")),
        ("empty", "is not a saved model"),
    ):
        with pytest.raises(SavedModelError, match=f"{name} {fault}.*that save_model wrote"):
            load_model(tmp_path / name)
    with pytest.raises(SavedModelError, match="it is empty"):
        load_model("")


def test_a_checkpoint_is_told_from_a_model(model, tmp_path):
    with pytest.raises(SavedModelError, match="is not a saved model"):
        load_model(model.save_pretrained(tmp_path / "encoder"))


def test_one_changed_byte_in_each_file_is_refused(saved):
    files = [path for path in saved.iterdir() if path.is_file()]
    assert {path.name for path in files} == {"SHA256SUMS", "model.json", "network-0.safetensors"}
    for path in files:
        content = path.read_bytes()
        for place in (0, len(content) // 2, len(content) - 1):
            path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            with pytest.raises(SavedModelError, match=path.name):
                load_model(saved)
        path.write_bytes(content)
    load_model(saved)


@pytest.mark.parametrize("name", ["model.json", "network-0.safetensors"])
def test_a_planted_pickle_in_the_place_of_a_file_runs_nothing(saved, name):
    for content in (pickle.dumps(Planted()), pickle.dumps(Planted(), protocol=0)):
        put(saved, name, content)
        with pytest.raises(SavedModelError):
            load_model(saved)
    torch.save(Planted(), saved / name)
    put(saved, name, (saved / name).read_bytes())
    with pytest.raises(SavedModelError):
        load_model(saved)
    assert not RAN


def test_a_planted_file_is_refused_even_if_it_is_listed(saved):
    content = pickle.dumps(Planted())
    (saved / "model.pkl").write_bytes(content)
    with pytest.raises(SavedModelError, match=r"model\.pkl', which SHA256SUMS does not list"):
        load_model(saved)
    put(saved, "model.pkl", content)
    with pytest.raises(SavedModelError, match="damaged SHA256SUMS"):
        load_model(saved)
    assert not RAN


@pytest.mark.parametrize("name", ["EncoderEstimator", "Pipeline", "os.system", "tests.Planted"])
def test_only_classes_of_skmat_are_built(saved, name):
    alter(saved, lambda values: values.update({"class": name}))
    with pytest.raises(SavedModelError, match=r"Known classes: .*MTEncoderRegressor"):
        load_model(saved)


def test_another_class_is_refused(saved):
    for name, fault in (
        ("RoostClassifier", "RoostClassifier has no saved parameters"),
        ("CGCNNClassifier", "CGCNNClassifier has no saved parameters"),
        ("MTEncoderRegressor", "no heads of a regressor"),
    ):
        alter(saved, lambda values, name=name: values.update({"class": name}))
        with pytest.raises(SavedModelError, match=fault):
            load_model(saved)


def test_loading_and_predicting_call_no_pickle(saved):
    program = (
        "import sys, pickle\n"
        "def refuse(*_, **__): raise RuntimeError('pickle')\n"
        "from skmat import load_model\n"
        "import torch\n"
        "pickle.load = pickle.loads = torch.load = refuse\n"
        "load_model(sys.argv[1]).predict(['TiO2'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(saved)],
        env={**os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_importing_skmat_does_not_import_torch():
    program = "import sys, skmat; sys.exit('torch' in sys.modules or 'skops' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
