"""Streams of vectors."""

import numpy as np
import pandas as pd
import pytest

from skmat import AutoRegressor, MTEncoder, MTEncoderRegressor
from skmat.exceptions import InvalidInputError
from skmat.featurizers import MagpieFeaturizer
from skmat.screening import merge_parts, predict_stream, transform_stream

FORMULAS = ["NaCl", "KCl", "what?", "KBr", "LiF", "NaF", "LiCl"]
GOOD = [0, 1, 3, 4, 5, 6]
VALID = [FORMULAS[row] for row in GOOD]


def stream(model, sink, source=FORMULAS, format="parquet", **settings):
    done = transform_stream(
        model, source, sink, chunk_size=3, format=format, verbose=0, **settings
    )
    path = sink.with_name(f"{sink.name}.{format}")
    merge_parts(sink, path)
    if format == "parquet":
        return done, pd.read_parquet(path)
    return done, pd.read_csv(path, float_precision="round_trip")


@pytest.fixture(scope="module")
def encoder():
    return MTEncoder.from_pretrained()


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_vectors_are_those_of_transform(encoder, tmp_path, format):
    done, found = stream(encoder, tmp_path / "out", format=format)
    assert (done.n_rows, done.n_bad, done.n_skipped) == (7, 1, 0)
    names = list(encoder.get_feature_names_out())
    assert list(found) == ["formula", *names]
    vectors = found[names].to_numpy(dtype=np.float32)
    np.testing.assert_array_equal(vectors[GOOD], encoder.transform(VALID))
    assert np.isnan(vectors[2]).all()
    if format == "parquet":
        assert {*found[names].dtypes} == {np.dtype(np.float32)}


def test_a_stream_of_vectors_continues_in_shards(encoder, tmp_path):
    stream(encoder, tmp_path / "one")
    for shard in [(1, 2), (0, 2)]:
        transform_stream(
            encoder,
            FORMULAS,
            tmp_path / "two",
            chunk_size=3,
            format="parquet",
            shard=shard,
            verbose=0,
        )
    sorted((tmp_path / "two").glob("part-*"))[1].unlink()
    done, _ = stream(encoder, tmp_path / "two")
    assert (done.n_rows, done.n_skipped) == (3, 4)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_other_weights_and_predictions_are_another_run(encoder, tmp_path):
    stream(encoder, tmp_path / "out")
    with pytest.raises(InvalidInputError, match="model was"):
        stream(MTEncoder.from_pretrained("mtencoder-oqmd-mem"), tmp_path / "out")
    again = MTEncoder.from_pretrained()
    assert stream(again, tmp_path / "out")[0].n_skipped == 7


def test_predictors_and_featurizers_have_vectors_too(tmp_path):
    model = MTEncoderRegressor(pretrained=None, preset="tiny", max_epochs=1, random_state=0)
    model = model.fit(VALID, np.arange(6.0))
    featurizer = MagpieFeaturizer().fit(VALID)
    for each in (model, model.save_model(tmp_path / "model"), featurizer):
        _, found = stream(each, tmp_path / f"{type(each).__name__}")
        vectors = (featurizer if each is featurizer else model).transform(VALID)
        np.testing.assert_array_equal(
            found.iloc[GOOD, 1:].to_numpy(dtype=np.float32), vectors.astype(np.float32)
        )


def test_models_without_what_is_asked_for_are_refused(encoder, tmp_path):
    with pytest.raises(InvalidInputError, match="use transform_stream"):
        predict_stream(encoder, FORMULAS, tmp_path / "out")
    model = AutoRegressor(preset=["trees"], random_state=0).fit(VALID, np.arange(6.0))
    with pytest.raises(InvalidInputError, match="AutoRegressor predicts but has no vectors"):
        stream(model, tmp_path / "out")
    with pytest.raises(InvalidInputError, match="not a fitted model"):
        stream(MTEncoder(), tmp_path / "out")
