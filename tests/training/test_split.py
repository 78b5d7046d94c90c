"""What early stopping holds back, and labels in rows that teach nothing."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from skmat import MTEncoder, MTEncoderClassifier, MTEncoderRegressor
from skmat.estimators._targets import read_mixed_targets, read_numeric_targets
from skmat.exceptions import InvalidInputError
from skmat.objectives import Distillation
from skmat.training import keep_labels, split_by_group

FAST = {"preset": "tiny", "pretrained": None, "max_epochs": 1}
#: Every one of these has a composition of its own.
SALTS = [f"Na{i}Cl" for i in range(1, 61)]
DENSE = np.random.default_rng(0).normal(size=60)


def split(y, fraction=0.5, groups=None, weights=None, read=read_numeric_targets):
    groups = np.arange(len(y)) if groups is None else groups
    weights = np.ones(len(y)) if weights is None else weights
    for seed in range(40):
        parts = split_by_group(groups, fraction, np.random.default_rng(seed))
        yield keep_labels(*parts, groups, read(y, len(y)), weights, fraction)


def sparse(*labels):
    y = np.full(60, np.nan)
    y[: len(labels)] = labels
    return np.column_stack([DENSE, y])


@pytest.mark.parametrize("labels", [(1000,), (1000, 1000), (1000, 2000), (1.0, 1.0, 5.0, 1.0)])
def test_every_column_keeps_labels_in_training(labels):
    y = sparse(*labels)
    for training, validation in split(y):
        assert_array_equal(np.sort(np.r_[training, validation]), np.arange(60))
        learned = y[training, 1]
        learned = learned[~np.isnan(learned)]
        assert len(learned) > 0
        # Where labels differ, some that differ are learned.
        assert len(set(learned)) == len(set(labels))


@pytest.mark.parametrize("seed", range(12))
def test_the_head_of_a_sparse_column_is_trained(seed):
    model = MTEncoderRegressor(**FAST, random_state=seed, patience=1, validation_fraction=0.4)
    predicted = model.fit(SALTS, sparse(1000.0, 1001.0)).predict(SALTS)[:, 1]
    assert (np.abs(predicted - 1000.5) < 10).all()


@pytest.mark.parametrize(
    "objective",
    ["barlow_twins", "masked_elements", Distillation(np.r_[DENSE[1:], np.nan][:, None])],
)
def test_rows_that_judge_no_epoch_are_refused(objective, monkeypatch):
    # One material has no pair, an element no other element, and the last row no feature.
    monkeypatch.setattr(
        "skmat.estimators._plan.split_by_group", lambda *_: (np.arange(59), np.array([59]))
    )
    model = MTEncoder(**FAST, objectives=objective, patience=1, random_state=0)
    with pytest.raises(InvalidInputError, match=r"patience=1 .* larger validation_fraction"):
        model.fit([*SALTS[:59], "Fe"])


def test_labels_of_one_composition_stay_together_in_training():
    groups = np.r_[0, 0, np.arange(1, 59)]
    for _, validation in split(sparse(7.0, 8.0), groups=groups):
        assert not np.isin([0, 1], validation).any()


def test_a_dense_column_is_split_as_ever():
    groups = np.arange(60) % 30
    parts = split_by_group(groups, 0.2, np.random.default_rng(3))
    read = read_numeric_targets(DENSE, 60)
    for one, two in zip(parts, keep_labels(*parts, groups, read, np.ones(60), 0.2), strict=True):
        assert one is two


def test_a_column_keeps_its_share_in_validation():
    y = sparse(*range(10))
    held_back = np.r_[np.arange(10), np.arange(40, 50)]
    others = np.setdiff1d(np.arange(60), held_back)
    read = read_numeric_targets(y, 60)
    training, validation = keep_labels(others, held_back, np.arange(60), read, np.ones(60), 0.3)
    assert_array_equal(validation, [7, 8, 9, *range(40, 50)])
    assert_array_equal(training, np.setdiff1d(np.arange(60), validation))


def test_labels_without_weight_do_not_count():
    weights = np.ones(60)
    weights[0] = 0
    for training, _ in split(sparse(1.0, 2.0), weights=weights):
        assert 1 in training


def test_every_class_keeps_labels_in_training():
    y = pd.DataFrame({"kind": ["rare", "scarce", *["common"] * 58], "gap": DENSE})
    for training, validation in split(y, read=read_mixed_targets):
        assert {0, 1} <= set(training)
        assert len(validation) > 0


@pytest.mark.parametrize("zero", [[0, 1], [0, 1, 2, 3, 4]])
def test_labels_in_rows_of_weight_0_alone_are_refused(zero):
    weights = np.ones(60)
    weights[zero] = 0
    y = pd.DataFrame(sparse(1000.0, 1001.0), columns=["gap", "volume"])
    for model, labels in [
        (MTEncoderRegressor(**FAST), y),
        (MTEncoderClassifier(**FAST), y.where(y.isna(), "a")),
        (MTEncoder(**FAST, objectives="properties"), y),
    ]:
        with pytest.raises(InvalidInputError, match=r"labels of 'volume' only in rows .* weight"):
            model.fit(SALTS, labels, sample_weight=weights)
    with pytest.raises(InvalidInputError, match="'volume'"):
        MTEncoderRegressor(**FAST).partial_fit(SALTS, y, sample_weight=weights)


@pytest.mark.filterwarnings("ignore::skmat.exceptions.EmptyCompositionWarning")
def test_labels_in_empty_rows_alone_are_refused():
    X = np.eye(10)
    X[2] = 0
    y = np.full((10, 2), np.nan)
    y[:, 0], y[2, 1] = np.arange(10), 1000
    with pytest.raises(InvalidInputError, match=r"'y1'.*no material"):
        MTEncoderRegressor(**FAST).fit(X, y)


def test_later_calls_of_partial_fit_may_lack_labels():
    y = sparse(1.0, 2.0)
    weights = np.ones(60)
    weights[:2] = 0
    model = MTEncoderRegressor(**FAST).partial_fit(SALTS, y)
    assert np.isfinite(model.partial_fit(SALTS, y, sample_weight=weights).predict(SALTS)).all()
