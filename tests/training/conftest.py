from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from skmat.composition import CompositionArrays
from skmat.estimators._objectives import resolve_objectives
from skmat.nn import CompositionBatch, Encoder, MTEncoderNetwork, Representation
from skmat.objectives import Properties, Target
from skmat.training import MultiObjectiveModel, TrainingData, TrainingSettings

NETWORK = {"d_model": 16, "n_layers": 2, "n_heads": 2, "d_feedforward": 16}

SETTINGS = TrainingSettings(
    max_epochs=3,
    batch_size=8,
    lr=3e-3,
    weight_decay=0.01,
    schedule="one_cycle",
    patience=None,
    trainable="all",
    loss_weighting="equal",
    task_weights=(1.0,),
    device="cpu",
    precision="float32",
    seed=0,
    verbose=0,
)


class NormedEncoder(Encoder):
    """An encoder with moving statistics in its first and last parts."""

    out_features = 8

    def __init__(self):
        super().__init__()
        self.elements = nn.Embedding(119, 8)
        self.first = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Dropout(0.3))
        self.last = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8))

    def forward(self, batch, sites=False):
        vectors = self.elements(batch.atomic_numbers) * batch.fractions.unsqueeze(2)
        return Representation(self.last(self.first(vectors.sum(dim=1))))

    def last_modules(self):
        return [self.last]

    def depth_groups(self):
        return [[self.elements], [self.first], [self.last]]


@pytest.fixture
def make_model():
    """Build a small model, the same at each call."""

    def make(objectives="properties", n_targets=1, seed=0, **network):
        torch.manual_seed(seed)
        targets = [Target(name) for name in "abc"[:n_targets]]
        encoder = MTEncoderNetwork(None, **{**NETWORK, **network})
        return MultiObjectiveModel(encoder, resolve_objectives(objectives), targets)

    return make


@pytest.fixture
def make_normed_model():
    """Build a model of an encoder with moving statistics and dropout."""

    def make():
        torch.manual_seed(0)
        return MultiObjectiveModel(NormedEncoder(), (Properties(),), [Target("a")])

    return make


@pytest.fixture
def make_settings():
    return lambda **changes: replace(SETTINGS, **changes)


@pytest.fixture
def make_data():
    """Build `n` materials of one to five elements, whose first label can be learned."""

    def make(n, n_targets=1, missing=0.0, seed=0):
        random = np.random.default_rng(seed)
        n_elements = random.integers(1, 6, n)
        rows = np.repeat(np.arange(n), n_elements)
        numbers = np.concatenate([random.permutation(20)[:k] + 1 for k in n_elements])
        amounts = random.integers(1, 5, len(rows)).astype(float)
        materials = CompositionArrays.from_flat(rows, numbers, amounts, n)
        y = random.normal(size=(n, n_targets)).astype(np.float32)
        if n_targets:
            y[:, 0] = (materials.atomic_numbers * materials.fractions).sum(axis=1) / 5 - 2
        y[random.random(y.shape) < missing] = np.nan
        return TrainingData(
            materials, CompositionBatch.from_arrays, y, np.ones(n, dtype=np.float32)
        )

    return make
