"""Encoders that are loaded without a call of ``fit``."""

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmat import ALIGNNEncoder, CGCNNEncoder, MTEncoder, RoostEncoder
from skmat.exceptions import InvalidInputError, PretrainedError

FORMULAS = ["TiO2", "NaCl", "LiCoO2"]


@pytest.mark.parametrize(
    ("encoder", "name"),
    [(MTEncoder, "auto"), (RoostEncoder, "auto"), (MTEncoder, "mtencoder-oqmd-mem")],
)
def test_the_same_vectors_as_by_fit(encoder, name):
    loaded = encoder.from_pretrained(name)
    fitted = encoder(pretrained=name).fit(FORMULAS)
    np.testing.assert_array_equal(loaded.transform(FORMULAS), fitted.transform(FORMULAS))
    assert loaded.get_params() == fitted.get_params()
    assert loaded.model_card_ == fitted.model_card_
    assert loaded.load_report_ == fitted.load_report_


def test_a_folder_and_parameters(tmp_path):
    folder = MTEncoder.from_pretrained().save_pretrained(tmp_path / "weights")
    loaded = MTEncoder.from_pretrained(folder, on_invalid="nan")
    vectors = loaded.transform(["TiO2", "no formula"])
    assert np.isfinite(vectors[0]).all()
    assert np.isnan(vectors[1]).all()


def test_it_is_an_ordinary_estimator(tmp_path):
    loaded = RoostEncoder.from_pretrained()
    joblib.dump(loaded, tmp_path / "encoder.joblib")
    again = joblib.load(tmp_path / "encoder.joblib")
    np.testing.assert_array_equal(again.transform(FORMULAS), loaded.transform(FORMULAS))
    assert not hasattr(clone(loaded), "estimators_")
    vectors = make_pipeline(loaded, StandardScaler()).fit_transform(FORMULAS)
    assert vectors.shape == (3, 256)


@pytest.mark.parametrize(
    ("encoder", "arguments", "message"),
    [
        (MTEncoder, ("no-such-weights",), "no-such-weights"),
        (MTEncoder, ("roost-ssl",), "family 'roost'"),
        (MTEncoder, (None,), "no weights to load"),
        (CGCNNEncoder, ("mtencoder-multi",), "family 'mtencoder'"),
        (ALIGNNEncoder, ("cgcnn-mp-ssl",), "family 'cgcnn'"),
    ],
)
def test_what_cannot_be_loaded_is_refused(encoder, arguments, message):
    with pytest.raises(PretrainedError, match=message):
        encoder.from_pretrained(*arguments)


def test_parameters_are_checked():
    with pytest.raises(ValueError, match="on_invalid"):
        MTEncoder.from_pretrained(on_invalid="ignore")
    with pytest.raises(TypeError, match="colour"):
        MTEncoder.from_pretrained(colour="red")
    with pytest.raises((InvalidInputError, PretrainedError), match="objectives"):
        MTEncoder.from_pretrained(objectives="masked_elements")
