"""Encoders that may have learned labels of the rows that they are scored on."""

import warnings

import pytest
from sklearn.decomposition import PCA
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import VotingRegressor
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVR

from skmat import (
    AutoClassifier,
    AutoRegressor,
    MagpieFeaturizer,
    MTEncoder,
    MTEncoderRegressor,
    RoostRegressor,
)
from skmat.benchmark import run_benchmark, run_matbench
from skmat.benchmark._pretraining import encoders_of, warn_of_pretraining
from skmat.exceptions import PretrainingOverlapWarning
from skmat.pretrained import ModelCard

FORMULAS = ["mtencoder-multi", "mtencoder-multimodal", "roost-multimodal"]
NETWORK = MTEncoderRegressor(pretrained=None)


@pytest.mark.parametrize(
    ("model", "input", "names"),
    [
        (MTEncoderRegressor(), "formula", ["mtencoder-multi"]),
        (NETWORK, "formula", []),
        (make_pipeline(MagpieFeaturizer(), SVR()), "formula", []),
        (make_pipeline(MTEncoder(), PCA(), SVR()), "formula", ["mtencoder-multi"]),
        (
            VotingRegressor([("a", NETWORK), ("b", RoostRegressor())]),
            "formula",
            ["roost-multimodal"],
        ),
        (
            GridSearchCV(NETWORK, {"pretrained": [None, "mtencoder-oqmd-joint"], "lr": [1e-3]}),
            "formula",
            ["mtencoder-oqmd-joint"],
        ),
        (AutoRegressor(preset="fast"), "formula", ["mtencoder-multimodal"]),
        (AutoRegressor(), "formula", FORMULAS),
        (AutoClassifier(), "structure", ["alignn-mp-mpt", "cgcnn-mp-multitask", *FORMULAS]),
        (AutoRegressor(preset=["trees"]), "formula", []),
        (
            AutoRegressor(
                preset=["trees"], candidates=[("mine", RoostRegressor(pretrained="roost-ssl"))]
            ),
            "formula",
            ["roost-ssl"],
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_encoders_are_found_wherever_an_estimator_has_them(model, input, names):
    assert sorted(encoders_of(model, input)) == names


def test_a_task_that_the_card_leaves_out_is_not_warned_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_pretraining(AutoRegressor(), "matbench_expt_gap", "formula")
        warn_of_pretraining(AutoRegressor(), "matbench_phonons", "structure")
    with pytest.warns(PretrainingOverlapWarning, match="alignn-mp-mpt, cgcnn.*: nothing kept"):
        warn_of_pretraining(AutoRegressor(), "matbench_log_gvrh", "structure")
    with pytest.warns(PretrainingOverlapWarning, match=r"materials of matbench_mp_gap"):
        warn_of_pretraining(MTEncoderRegressor(), "matbench_mp_gap", "formula")


def test_an_encoder_of_ones_own_is_not_known_to_have_left_out_anything(tmp_path):
    encoder = MTEncoder(preset="tiny", pretrained=None, max_epochs=1).fit(["NaCl", "KCl"])
    source = encoder.save_pretrained(tmp_path / "mine")
    with pytest.warns(PretrainingOverlapWarning, match="mine"):
        warn_of_pretraining(MTEncoderRegressor(pretrained=source), "matbench_steels", "formula")


class Seen(DummyRegressor):
    """Stands for an estimator whose encoder has seen the task."""

    def _card_to_start_from(self):
        return {"mine": ModelCard()}


@pytest.mark.usefixtures("made_up_tasks")
def test_both_runners_warn_before_the_first_fit():
    with pytest.warns(PretrainingOverlapWarning, match="mine: nothing kept"):
        run_matbench(Seen(), ["steels"], folds=[0])
    with pytest.warns(PretrainingOverlapWarning, match="mine: nothing kept"):
        run_benchmark(Seen(), "steels", KFold(2))
