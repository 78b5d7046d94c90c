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
        (
            GridSearchCV(MTEncoderRegressor(), {"pretrained": [None, "mtencoder-oqmd-mem"]}),
            "formula",
            ["mtencoder-oqmd-mem"],
        ),
        (
            GridSearchCV(make_pipeline(SVR()), {"svr": [SVR(), MTEncoderRegressor()]}),
            "formula",
            ["mtencoder-multi"],
        ),
        (AutoRegressor(input="formula"), "structure", FORMULAS),
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
    assert sorted(encoders_of(model, input, 1_000)) == names


def test_alignn_is_no_candidate_of_many_structures():
    names = encoders_of(AutoRegressor(), "structure", 10_000)
    assert "cgcnn-mp-multitask" in names
    assert "alignn-mp-mpt" not in names


def warn(model, task, input="formula"):
    warn_of_pretraining(model, task, input, 1_000)


def test_a_task_that_the_card_leaves_out_is_not_warned_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn(AutoRegressor(), "matbench_expt_gap")
        warn(AutoRegressor(), "matbench_phonons", "structure")
    with pytest.warns(PretrainingOverlapWarning, match="of alignn-mp-mpt, cgcnn.* do not say"):
        warn(AutoRegressor(), "matbench_log_gvrh", "structure")
    with pytest.warns(PretrainingOverlapWarning, match=r"materials of matbench_mp_gap"):
        warn(MTEncoderRegressor(), "matbench_mp_gap")


@pytest.mark.parametrize("text", ["steels", "2 compositions, those of matbench_steels (2)"])
def test_an_encoder_of_ones_own_has_left_out_what_its_card_says(tmp_path, text):
    encoder = MTEncoder(preset="tiny", pretrained=None, max_epochs=1).fit(["NaCl", "KCl"])
    with pytest.warns(PretrainingOverlapWarning, match="of a fitted MTEncoder do not say"):
        warn(MTEncoderRegressor(pretrained=encoder), "matbench_steels")
    source = encoder.save_pretrained(tmp_path / "mine", card=ModelCard("mine", excluded=text))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn(MTEncoderRegressor(pretrained=source), "matbench_steels")
    with pytest.warns(PretrainingOverlapWarning, match="of mine do not say"):
        warn(MTEncoderRegressor(pretrained=source), "matbench_glass")


def test_what_an_encoder_was_trained_from_has_to_leave_out_the_task_too(tmp_path):
    encoder = MTEncoder(pretrained="mtencoder-multi").fit(["NaCl"])
    card = ModelCard("continued", derived_from="mtencoder-multi", excluded="mp_gap, steels")
    source = encoder.save_pretrained(tmp_path / "continued", card=card)
    with pytest.warns(PretrainingOverlapWarning, match="of continued do not say"):
        warn(MTEncoderRegressor(pretrained=source), "matbench_mp_gap")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn(MTEncoderRegressor(pretrained=source), "matbench_steels")


class Seen(DummyRegressor):
    """Stands for an estimator whose encoder has seen the task."""

    def _cards_to_start_from(self):
        return {"mine": [ModelCard()]}


@pytest.mark.usefixtures("made_up_tasks")
def test_both_runners_warn_before_the_first_fit():
    with pytest.warns(PretrainingOverlapWarning, match="of mine do not say"):
        run_matbench(Seen(), ["steels"], folds=[0])
    with pytest.warns(PretrainingOverlapWarning, match="of mine do not say"):
        run_benchmark(Seen(), "steels", KFold(2))
