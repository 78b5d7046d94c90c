import numpy as np
import pytest
import torch
from common.materials import many

from skmat.composition import CompositionArrays
from skmat.nn import (
    CGCNN_PRESETS,
    MTENCODER_PRESETS,
    CGCNNNetwork,
    CompositionBatch,
    CrystalBatch,
    MTEncoderNetwork,
)
from skmat.objectives import Properties, Target
from skmat.structure import StructureArrays, build_graphs
from skmat.training import (
    MultiObjectiveModel,
    TrainingData,
    _predict,
    mean_losses,
    run_encoder,
    run_heads,
)

TARGETS = [Target("gap"), Target("metal", 2), Target("system", 7)]


@pytest.fixture(scope="module", params=["tiny", "base"])
def model(request):
    torch.manual_seed(0)
    encoder = MTEncoderNetwork(torch.randn(118, 20), **MTENCODER_PRESETS[request.param])
    return MultiObjectiveModel(encoder, (Properties(),), TARGETS)


@pytest.fixture(scope="module")
def materials():
    """300 materials of one to six elements, one in ten of them of thirteen."""
    random = np.random.default_rng(0)
    n_elements = np.where(random.random(300) < 0.1, 13, random.integers(1, 7, 300))
    rows = np.repeat(np.arange(300), n_elements)
    numbers = np.concatenate([random.permutation(118)[:k] + 1 for k in n_elements])
    return CompositionArrays.from_flat(rows, numbers, random.random(len(rows)) + 0.01, 300)


def embed(model, materials, precision="float32"):
    return run_encoder(model.encoder, materials, CompositionBatch.from_arrays, "cpu", precision)


def predict(model, materials, precision="float32"):
    parts = run_heads(model, materials, CompositionBatch.from_arrays, "cpu", precision)
    return np.hstack(parts)


@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize("run", [embed, predict])
def test_a_material_does_not_depend_to_the_last_bit_on_its_mates(model, materials, run, precision):
    random = np.random.default_rng(1)
    sizes = (1, 5, 127, 128, 129, 300) if precision == "float32" else (1, 129)
    expected = run(model, materials, precision)
    for size in sizes:
        # In any order, some more than once, others not at all.
        rows = random.integers(0, 300, size)
        found = run(model, materials.take(rows), precision)
        np.testing.assert_array_equal(found, expected[rows])
    order = random.permutation(300)
    np.testing.assert_array_equal(run(model, materials.take(order), precision), expected[order])


def test_values_are_those_of_the_network(model, materials):
    model.eval()
    batch = CompositionBatch.from_arrays(materials, np.arange(300))
    with torch.no_grad():
        material = model.encoder(batch).material
        outputs = [head.predict(head(material)) for head in model.heads["properties"]]
    np.testing.assert_allclose(embed(model, materials), material, atol=1e-4)
    found = run_heads(model, materials, CompositionBatch.from_arrays, "cpu", "float32")
    assert [part.shape for part in found] == [(300, 2), (300, 2), (300, 7)]
    for part, output in zip(found, outputs, strict=True):
        assert part.dtype == np.float32
        np.testing.assert_allclose(part, output, atol=1e-4)
    half = embed(model, materials, "bf16")
    assert half.dtype == np.float32
    assert 0 < np.abs(half - material.numpy()).mean() < 0.05


def test_nothing_gives_nothing(model, materials):
    nothing = materials.take(np.zeros(300, dtype=bool))
    assert embed(model, nothing).shape == (0, model.encoder.out_features)
    parts = run_heads(model, nothing, CompositionBatch.from_arrays, "cpu", "float32")
    assert [part.shape for part in parts] == [(0, 2), (0, 2), (0, 7)]


def test_a_model_in_training_is_asked_without_dropout_and_gradients(model, materials):
    expected = embed(model, materials)
    model.train()
    np.testing.assert_array_equal(embed(model, materials), expected)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_mean_losses_are_over_labels_and_the_same_twice(make_model, make_data):
    model, data = make_model("joint", n_targets=2), make_data(600, n_targets=2, missing=0.3)
    data.y[:, 1] = np.nan
    losses = mean_losses(model, data, "cpu", "float32")
    assert list(losses) == ["a", "b", "masked_elements"]
    (guess, _) = run_heads(model, data.materials, data.make_batch, "cpu", "float32")
    assert losses["a"] == pytest.approx(np.nanmean(np.abs(guess[:, 0] - data.y[:, 0])), rel=1e-5)
    assert np.isnan(losses["b"])
    assert 3 < losses["masked_elements"] < 8
    again = mean_losses(model, data, "cpu", "float32")
    assert again["masked_elements"] == losses["masked_elements"]
    nothing = mean_losses(model, data.take(np.arange(0)), "cpu", "float32")
    assert np.isnan(list(nothing.values())).all()


class Sized:
    """As many crystals as there are numbers of atoms."""

    def __init__(self, n_sites):
        self.n_sites = np.array(n_sites)


@pytest.mark.parametrize(
    ("n_sites", "chunks"),
    [
        ([], []),
        ([4] * 130, [64, 64, 2]),
        ([16] * 65, [64, 1]),
        ([17] * 65, [60, 5]),
        ([375] * 5, [2, 2, 1]),
        ([5000, 2, 1025, 1024], [1, 1, 1, 1]),
        ([0, 0, 1024, 1], [3, 1]),
    ],
)
def test_a_chunk_of_crystals_has_few_atoms(n_sites, chunks):
    found = [rows for rows, _ in _predict._chunks(Sized(n_sites))]
    assert [len(rows) for rows in found] == chunks
    assert sorted(np.concatenate([np.empty(0, int), *found])) == list(range(len(n_sites)))


@pytest.fixture
def crystals():
    """140 crystals of 1 to 8 atoms."""
    graphs, _ = build_graphs(StructureArrays.from_structures(many(14) * 10))
    return graphs


@pytest.fixture
def crystal_model():
    torch.manual_seed(0)
    network = CGCNNNetwork(None, cutoff=8.0, **CGCNN_PRESETS["tiny"])
    return MultiObjectiveModel(network, (Properties(),), [Target("gap")])


def test_crystals_are_predicted_in_their_places(crystal_model, crystals, monkeypatch):
    settings = (crystals, CrystalBatch.from_graphs, "cpu", "float32")
    expected = run_encoder(crystal_model.encoder, *settings)
    monkeypatch.setattr(_predict, "_CHUNK_ATOMS", 20)
    np.testing.assert_allclose(run_encoder(crystal_model.encoder, *settings), expected, atol=1e-5)


def test_losses_of_crystals_are_computed_few_at_once(crystal_model, crystals):
    sizes = []

    def make_batch(materials, rows):
        sizes.append(len(rows))
        return CrystalBatch.from_graphs(materials, rows)

    y = np.random.default_rng(0).normal(size=(140, 1)).astype(np.float32)
    data = TrainingData(crystals, make_batch, y, np.ones(140, dtype=np.float32))
    losses = mean_losses(crystal_model, data, "cpu", "float32")
    assert sum(sizes) == 140
    assert max(sizes) <= 64
    (guess,) = run_heads(crystal_model, crystals, make_batch, "cpu", "float32")
    assert losses["gap"] == pytest.approx(np.abs(guess[:, 0] - y[:, 0]).mean(), rel=1e-5)
