"""Fits and predictions are the same bits, whatever the caller has set in torch."""

from contextlib import contextmanager, nullcontext

import numpy as np
import pytest
import torch
from common.materials import many
from numpy.testing import assert_array_equal

from skmat import (
    ALIGNNEncoder,
    ALIGNNRegressor,
    CGCNNClassifier,
    CGCNNEncoder,
    CGCNNRegressor,
    MTEncoder,
    MTEncoderClassifier,
    MTEncoderRegressor,
    RoostEncoder,
    RoostRegressor,
)
from skmat.objectives import BarlowTwins

F = ["TiO2", "ZnO", "NaCl", "GaAs", "Fe2O3", "MgO", "SrTiO3", "CdTe", "Al2O3", "LiFePO4"]
S = many(10)
Y = np.random.default_rng(0).normal(size=(10, 2))
FAST = {
    "preset": "tiny",
    "pretrained": None,
    "max_epochs": 2,
    "batch_size": 4,
    "random_state": 0,
    "device": "cpu",
    "precision": "float32",
}


@contextmanager
def default_dtype(dtype):
    torch.set_default_dtype(dtype)
    try:
        yield
        assert torch.get_default_dtype() is dtype
    finally:
        torch.set_default_dtype(torch.float32)


@contextmanager
def everything():
    with default_dtype(torch.float64), torch.device("meta"), torch.inference_mode():
        yield


SET = {
    "float64": lambda: default_dtype(torch.float64),
    "float16": lambda: default_dtype(torch.float16),
    "bfloat16": lambda: default_dtype(torch.bfloat16),
    "meta": lambda: torch.device("meta"),
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "together": everything,
}

CASES = {
    "mtencoder": lambda: MTEncoderRegressor(
        **FAST, auxiliary_objective="masked_elements", ema_decay=0.9
    ),
    "mtencoder bf16": lambda: MTEncoderRegressor(**{**FAST, "precision": "bf16"}, n_estimators=2),
    "mtencoder classes": lambda: MTEncoderClassifier(**FAST),
    "mtencoder twins": lambda: MTEncoder(**FAST, objectives="barlow_twins"),
    "mtencoder shipped": lambda: MTEncoder(),
    "roost": lambda: RoostRegressor(**FAST, loss_weighting="rlw-mtencoder"),
    "roost joint": lambda: RoostEncoder(**FAST, objectives="joint"),
    "cgcnn": lambda: CGCNNRegressor(**FAST, n_task_layers=1, loss_weighting="uncertainty"),
    "cgcnn classes": lambda: CGCNNClassifier(**FAST, patience=1, validation_fraction=0.3),
    "cgcnn twins": lambda: CGCNNEncoder(
        **FAST, objectives=BarlowTwins(width=8, masked="both", edge_ratio=0.1)
    ),
    "cgcnn shipped": lambda: CGCNNEncoder(pretrained="cgcnn-mp-ssl"),
    "alignn": lambda: ALIGNNRegressor(**FAST, auxiliary_objective="masked_elements"),
    "alignn joint": lambda: ALIGNNEncoder(**FAST, objectives="joint"),
}


def computed(case, surroundings=nullcontext):
    X = S if case.startswith(("cgcnn", "alignn")) else F
    y = Y[:, 0] > 0 if "classes" in case else Y
    with surroundings():
        fitted = CASES[case]().fit(X, y)
        results = [fitted.transform(X)]
        if hasattr(fitted, "predict"):
            results.append(fitted.predict(X))
        if hasattr(fitted, "partial_fit"):
            results.append(fitted.partial_fit(X, y).transform(X))
        return fitted._hash_weights(), results


@pytest.fixture(scope="module")
def expected():
    known = {}

    def find(case):
        if case not in known:
            known[case] = computed(case)
        return known[case]

    return find


#: All cases with most of the settings at once, and one case with each setting.
_QUICK = [
    (case, name)
    for case in CASES
    for name in SET
    if name in ("together", "autocast") or case == "mtencoder"
]


@pytest.mark.parametrize(
    ("case", "name"),
    [
        pytest.param(case, name, marks=() if (case, name) in _QUICK else pytest.mark.slow)
        for case in CASES
        for name in SET
    ],
)
def test_what_is_set_in_torch_changes_no_bit(case, name, expected):
    weights, results = computed(case, SET[name])
    assert weights == expected(case)[0]
    for found, right in zip(results, expected(case)[1], strict=True):
        assert found.dtype == right.dtype
        assert_array_equal(found, right)


@pytest.mark.parametrize("case", ["mtencoder", "roost", "cgcnn", "alignn"])
def test_deterministic_algorithms_and_floating_point_errors(case, expected):
    torch.use_deterministic_algorithms(True)
    try:
        with np.errstate(all="raise"), torch.autograd.set_detect_anomaly(True, check_nan=True):
            weights, _ = computed(case)
    finally:
        torch.use_deterministic_algorithms(False)
    assert weights == expected(case)[0]


def test_the_number_of_threads_is_the_caller_s():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        MTEncoderRegressor(**FAST).fit(F, Y).predict(F)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
