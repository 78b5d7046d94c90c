from decimal import Decimal

import numpy as np
import pytest
from common.materials import FORMULAS

from skmat import (
    ALIGNNEncoder,
    ALIGNNRegressor,
    CGCNNEncoder,
    MTEncoder,
    MTEncoderRegressor,
    RoostClassifier,
)
from skmat.estimators._automatic import (
    n_epochs,
    n_per_batch,
    pure_error_share,
    resolve_task_weights,
)
from skmat.estimators._targets import TargetData
from skmat.exceptions import InvalidInputError
from skmat.objectives import Target

METALS = ["Fe", "Ni", "Cr", "Co", "Mo", "Mn", "Ti", "Al", "V", "W"]


@pytest.mark.parametrize(
    ("n_rows", "expected"),
    [(5, 120), (250, 120), (400, 75), (500, 60), (5_000, 60), (10_000, 30), (1_000_000, 10)],
)
def test_automatic_epochs_fall_with_the_rows(n_rows, expected):
    assert n_epochs("auto", n_rows) == expected
    assert n_epochs("auto", n_rows, factor=3) == 3 * expected


@pytest.mark.parametrize(
    ("kind", "most"),
    [(MTEncoderRegressor, 512), (CGCNNEncoder, 128), (ALIGNNEncoder, 32), (ALIGNNRegressor, 32)],
)
def test_automatic_batches_grow_to_what_the_family_takes(kind, most):
    for n_rows, expected in [(100, 16), (10**6, most)]:
        assert n_per_batch("auto", n_rows, kind._max_batch_size) == expected


def test_labels_that_agree_do_not_contradict():
    groups = np.repeat(np.arange(50), 2)
    assert pure_error_share(groups, np.repeat(np.arange(50.0), 2)[:, None]) == 0
    # Nor do those of rows that are all different.
    assert pure_error_share(np.arange(100), np.random.default_rng(0).normal(size=(100, 1))) == 0
    assert pure_error_share(np.zeros(9, int), np.ones((9, 2))) == 0


def test_noise_is_its_share_of_the_variance():
    generator = np.random.default_rng(0)
    groups = np.repeat(np.arange(4000), 2)
    signal = np.repeat(generator.normal(size=4000), 2)
    y = signal + generator.normal(size=8000)
    assert pure_error_share(groups, y[:, None]) == pytest.approx(0.5, abs=0.03)
    # Of rows that are alone nothing is known.
    groups[:4000] = np.arange(10_000, 14_000)
    assert pure_error_share(groups, y[:, None]) == pytest.approx(0.25, abs=0.03)
    # Two targets count alike, and missing labels not at all.
    both = np.column_stack([y, signal])
    both[generator.random(8000) < 0.3, 1] = np.nan
    assert pure_error_share(np.repeat(np.arange(4000), 2), both) == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize(("n_rows", "expected"), [(200, 50), (2000, 5), (15_000, 5)])
def test_epochs_of_contradicting_labels(n_rows, expected):
    assert n_epochs("auto", n_rows, pure_error=0.5) == expected
    assert n_epochs("auto", n_rows, pure_error=0.2) == n_epochs("auto", n_rows)
    assert n_epochs(7, n_rows, pure_error=0.5) == 7


def test_a_fit_on_contradicting_labels_is_short():
    y = np.random.default_rng(0).normal(size=3000)
    settings = {"preset": "tiny", "random_state": 0}
    fitted = MTEncoderRegressor(**settings).fit(FORMULAS * 300, y)
    assert len(fitted.history_) == 5


ALLOYS = ["".join(f"{metal}{n + i}" for i, metal in enumerate(METALS)) for n in range(1, 5)]


def test_alloys_of_more_elements_than_any_formula_read_begin_with_random_weights():
    y, settings = np.arange(4.0), {"max_epochs": 1, "random_state": 0}
    fitted = MTEncoderRegressor(**settings).fit(ALLOYS, y)
    scratch = MTEncoderRegressor(pretrained=None, **settings).fit(ALLOYS, y)
    assert fitted.model_card_ is None
    np.testing.assert_array_equal(fitted.predict(ALLOYS), scratch.predict(ALLOYS))
    assert RoostClassifier(**settings).fit(ALLOYS, list("aabb")).model_card_ is None
    # Whoever asks for weights gets them, and so do transformers, frozen encoders and compounds.
    named = MTEncoderRegressor(pretrained="mtencoder-multi", **settings)
    assert named.fit(ALLOYS, y).model_card_.name == "mtencoder-multi"
    assert MTEncoder().fit(ALLOYS).model_card_ is not None
    assert MTEncoderRegressor(trainable="head", **settings).fit(ALLOYS, y).model_card_ is not None
    # What the last fit found is forgotten.
    assert fitted.fit(FORMULAS[:4], y).model_card_ is not None


def test_averaging_and_head_first_are_not_lost_where_epochs_are_automatic():
    tiny = {"preset": "tiny", "random_state": 0}
    encoder = MTEncoder(max_epochs=1, **tiny).fit(FORMULAS)
    settings = [
        {},
        {"ema_decay": 0.9},
        {"pretrained": encoder},
        {"pretrained": encoder, "freeze_epochs": 2},
    ]
    y = np.random.default_rng(0).normal(size=2000)
    plain, averaged, loaded, head_first = (
        MTEncoderRegressor(**tiny, **each).fit(FORMULAS * 200, y).predict(FORMULAS)
        for each in settings
    )
    assert not np.array_equal(plain, averaged)
    assert not np.array_equal(loaded, head_first)


def weights_of(loss_weights, names=("gap", "volume")):
    read = TargetData(np.zeros((3, len(names))), [Target(name) for name in names], [], False)
    return resolve_task_weights(loss_weights, list(names), read)


@pytest.mark.parametrize(
    "weights",
    [
        [1, 3],
        (np.int64(1), np.float32(3)),
        np.array([1, 3]),
        [np.array(1.0), Decimal(3)],
        {"volume": 3},
        {"volume": 3.0, "gap": True},
        {"gap": np.uint8(1), "volume": np.array(3)},
        ["1", "3"],
    ],
)
def test_weights_of_tasks_are_numbers_of_any_kind(weights):
    assert weights_of(weights) == [1.0, 3.0]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 10**400], "that of 'volume' is 1000"),
        ({"gap": 10**400}, "that of 'gap' is 1000"),
        ({"gap": None}, "that of 'gap' is None"),
        ([None, 1], "that of 'gap' is None"),
        ({"gap": float("nan")}, "that of 'gap' is nan"),
        ([1, np.inf], "that of 'volume' is inf"),
        ([1, -2], "non-negative, but that of 'volume' is -2"),
        ({"gap": "much"}, "that of 'gap' is 'much'"),
        ({"gap": [1]}, r"that of 'gap' is \[1\]"),
        ([1j, 1], "that of 'gap' is 1j"),
        ({3: 1, "a": 1}, r"names the tasks \[3, 'a'\]"),
        ({None: 1, ("a",): 2}, r"names the tasks \[None, \('a',\)\]"),
        ([0, 0], "not all zero"),
        ([1, 2, 3], "3 entries for 2 tasks"),
        ([], "0 entries"),
    ],
)
def test_weights_of_tasks_that_are_none_are_refused(weights, message):
    with pytest.raises(InvalidInputError, match=message):
        weights_of(weights)


@pytest.mark.parametrize("unit", [2.0**-1000, 2.0**-200, 2.0**200, 2.0**1020])
@pytest.mark.parametrize("auxiliary_objective", [None, "masked_elements"])
def test_only_ratios_of_weights_of_tasks_count(unit, auxiliary_objective):
    """Their sum overflows in float32, and predictions were NaN."""
    y = np.random.default_rng(0).normal(size=(6, 2))
    X = ["TiO2", "ZnO", "NaCl", "GaAs", "Fe2O3", "MgO"]
    settings = {"preset": "tiny", "max_epochs": 1, "random_state": 0}
    one, two = (
        MTEncoderRegressor(
            **settings, loss_weights=weights, auxiliary_objective=auxiliary_objective
        )
        .fit(X, y)
        .predict(X)
        for weights in ([1, 3], [unit, 3 * unit])
    )
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("auxiliary_weight", [1e-300, 1e50, 1e308])
def test_a_kept_objective_of_any_weight(auxiliary_weight):
    model = MTEncoderRegressor(
        preset="tiny",
        max_epochs=1,
        auxiliary_objective="masked_elements",
        auxiliary_weight=auxiliary_weight,
    )
    assert np.isfinite(model.fit(["TiO2", "ZnO"], [3.2, 3.4]).predict(["NaCl"])).all()
