"""What Roost's estimators have that the common tests do not see."""

import numpy as np
import pytest
from common.materials import FORMULAS
from sklearn.model_selection import GridSearchCV

from skmat import RoostEncoder, RoostRegressor
from skmat.exceptions import PretrainedError


def test_grid_search_over_pretraining_strategies():
    search = GridSearchCV(
        RoostRegressor(max_epochs=2, random_state=0),
        {"pretrained": [None, "roost-ssl", "roost-fingerprint", "roost-multimodal"]},
        cv=2,
        n_jobs=2,
        error_score="raise",
    ).fit(FORMULAS, np.arange(10.0))
    scores = search.cv_results_["mean_test_score"]
    assert len(set(scores)) == 4
    assert search.predict(["ZnO"]).shape == (1,)


def test_the_default_is_the_best_of_its_family():
    assert RoostEncoder().fit(FORMULAS).model_card_.name == "roost-multimodal"
    assert RoostEncoder(preset="tiny", max_epochs=1).fit(FORMULAS).model_card_ is None


def test_weights_of_another_family_are_refused():
    with pytest.raises(PretrainedError, match="needs 'roost'"):
        RoostEncoder(pretrained="mtencoder-oqmd-mem").fit(FORMULAS)


@pytest.mark.parametrize("table", ["magpie", None])
def test_other_element_vectors(table):
    settings = {"preset": "tiny", "max_epochs": 1, "random_state": 0}
    model = RoostRegressor(element_features=table, **settings).fit(FORMULAS, np.arange(10.0))
    assert np.isfinite(model.predict(["LaNiO3"])).all()
